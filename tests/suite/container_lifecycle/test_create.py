"""Creating a container: what is asked of Proxmox, what stands there afterwards, what is refused."""

import json
from typing import Any

import pytest

from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, OTHER_NODE, Lab, add_guest
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

TEMPLATE = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"
DEFAULTS = {
    "ostemplate": TEMPLATE,
    "cores": 1,
    "memory": 512,
    "swap": 512,
    "rootfs": "local-lvm:8",
    "net0": "name=eth0,bridge=vmbr0,ip=dhcp",
    "unprivileged": 1,
    "start": 0,
    "onboot": 0,
}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7 admin@example"
FAILED = "RuntimeError: Failed to Failed to create container"

REPORT = """\
 Container Created Successfully

  - VMID: {vmid}
  - Hostname: web-1
  - Node: {node}
  - Template: {template}
  - CPU Cores: 4
  - Memory: 3072 MiB
  - Swap: 256 MiB
  - Disk: 20 GB on vault
  - Network: {net0}
  - Unprivileged: No
  - Auto-start: Yes
  - Start on boot: Yes
  - Nesting enabled: Yes

Task ID: {upid}
Job ID: n/a

Next steps:
  - Start container: start_container selector='{vmid}'
  - Check status: get_containers"""


@pytest.fixture
def empty_lab(lab: Lab) -> Lab:
    """The lab without the container, and with a template to make it from."""
    lab.builder.with_container_not_found_error(lab.vmid, NODE)
    lab.builder.with_content(TEMPLATE, node=NODE)
    return lab


def create(lab: Lab, tools: Any = None, **changes: object) -> Any:
    arguments = {**lab.params, "ostemplate": TEMPLATE, **changes}
    return (tools or lab.build_tools()).create_container(**arguments)


def test_create_needs_no_more_than_a_template(empty_lab: Lab) -> None:
    empty_lab.builder.with_storage("a-storage-before-local-lvm", content="rootdir")

    text, submission = create(empty_lab)

    name = f"ct-{empty_lab.vmid}"
    sent = {"vmid": int(empty_lab.vmid), "hostname": name, **DEFAULTS}
    assert empty_lab.changes == [("POST", f"/nodes/{NODE}/lxc", sent)]
    assert empty_lab.tasks == [("vzcreate", NODE, empty_lab.vmid, "OK")]
    guest = empty_lab.guest
    assert (guest.node, guest.name, guest.status) == (NODE, name, "stopped")
    assert (guest.cpus, guest.maxmem, guest.maxdisk) == (1, 512 << 20, 8 << 30)
    flags = "Unprivileged: Yes\n  - Auto-start: No\n  - Start on boot: No\n  - Nesting enabled: No"
    assert f"  - Disk: 8 GB on local-lvm\n  - Network: {DEFAULTS['net0']}\n  - {flags}" in text.text
    assert json.loads(submission.text) == {
        "success": True, "status": "submitted", "task_id": empty_lab.upids[0], "job_id": None,
    }  # fmt: skip


def test_create_takes_every_option(empty_lab: Lab) -> None:
    empty_lab.builder.with_storage("vault", content="rootdir", total_gib=30, used_gib=10)
    ips = {"ip": "10.0.0.5/24", "gw": "10.0.0.1", "ip6": "fd00::5/64", "gw6": "fd00::1"}
    sizes = {"cores": 4, "memory": 3072, "swap": 256}
    secrets = {"password": "correct-horse", "ssh_public_keys": KEY}
    flags = {
        "start_after_create": True, "onboot": True, "nesting": True, "unprivileged": False,
    }  # fmt: skip

    text, _ = create(
        empty_lab, hostname="web-1", disk_size=20, storage="vault", network_bridge="vmbr0",
        **ips, **sizes, **secrets, **flags,
    )  # fmt: skip

    address = "ip=10.0.0.5/24,ip6=fd00::5/64,gw=10.0.0.1,gw6=fd00::1"
    net0 = f"name=eth0,bridge=vmbr0,{address}"
    assert empty_lab.changes[0][2] == {
        "vmid": int(empty_lab.vmid), "ostemplate": TEMPLATE, "hostname": "web-1", **sizes,
        "rootfs": "vault:20", "net0": net0, "unprivileged": 0, "start": 1, "onboot": 1,
        "password": "correct-horse", "ssh-public-keys": KEY, "features": "nesting=1",
    }  # fmt: skip
    guest = empty_lab.guest
    assert (guest.status, guest.cpus, guest.maxmem) == ("running", 4, 3072 << 20)
    assert "unprivileged" not in guest.config
    ids = {"vmid": empty_lab.vmid, "node": NODE, "upid": empty_lab.upids[0]}
    assert text.text == REPORT.format(**ids, template=TEMPLATE, net0=net0)


def test_create_refuses_an_id_that_is_taken(empty_lab: Lab) -> None:
    kinds = {"lxc": OTHER_NODE, "qemu": NODE}

    refusals = []
    for kind, node in kinds.items():
        add_guest(empty_lab.builder, kind, empty_lab.vmid, node=node, name="precious")
        refusals.append(refusal_of(create, empty_lab))

    vmid = empty_lab.vmid
    reason = f"500 Internal Server Error: VM {vmid} already exists on node '{NODE}'"
    assert refusals == [
        f"ValueError: VMID {vmid} already in use",
        f"{FAILED} {vmid}: {reason}",
    ]
    assert len(empty_lab.changes) == 1
    assert empty_lab.builder.cluster.guests[int(vmid)].name == "precious"
    assert empty_lab.tasks == []


UNFIT_STORAGE = "No available node storage supports the requested content and disk size"
BAD_INPUT: list[tuple[dict[str, object], str]] = [
    ({"node": "node9"}, f"Available nodes: {OTHER_NODE}, {NODE}"),
    ({"disk_size": 0}, "Disk size must be positive"),
    ({"storage": "../etc"}, "Invalid resource path segment"),
    ({"storage": "of-images"}, UNFIT_STORAGE),
    ({"storage": "inactive"}, UNFIT_STORAGE),
    ({"storage": "disabled"}, UNFIT_STORAGE),
    ({"storage": "too-full"}, UNFIT_STORAGE),
    ({"storage": "elsewhere"}, UNFIT_STORAGE),
    ({"storage": "none"}, UNFIT_STORAGE),
    ({"network_bridge": "0;rm"}, "network_bridge must be a valid interface name"),
    ({"ip": "10.0.0.5"}, "ip must be IPv4/CIDR or a supported automatic mode"),
    ({"ip": "fd00::5/64"}, "ip must be IPv4/CIDR or a supported automatic mode"),
    ({"ip6": "10.0.0.5/24"}, "ip6 must be IPv6/CIDR or a supported automatic mode"),
    ({"ip": "10.0.0.5/24,x"}, "ip must not contain separators, whitespace or zone IDs"),
    ({"gw": "10.0.0.1"}, "gw requires a static ip address"),
    ({"ip": "10.0.0.5/24", "gw": "fd00::1"}, "gw must be an IPv4 address"),
    ({"ip6": "fd00::5/64", "gw6": "fe80::1%x"}, "gw6 must not contain separators, whitespace or "
     "zone IDs"),
    ({"ip6": "auto", "gw6": "fe80::1"}, "gw6 requires a static ip6 address"),
]  # fmt: skip


def test_create_refuses_bad_input_before_changing_anything(empty_lab: Lab) -> None:
    unfit: dict[str, dict[str, Any]] = {
        "of-images": {"content": "images"},
        "inactive": {"active": False},
        "disabled": {"enabled": False},
        "too-full": {"total_gib": 30, "used_gib": 23},
        "elsewhere": {"nodes": [OTHER_NODE]},
    }
    for name, facts in unfit.items():
        empty_lab.builder.with_storage(name, **{"content": "rootdir", **facts})

    refusals = [refusal_of(create, empty_lab, **changes) for changes, _ in BAD_INPUT]

    assert refusals == [f"ValueError: {message}" for _, message in BAD_INPUT]
    assert empty_lab.changes == []
    assert empty_lab.is_gone


def test_create_that_fails_leaves_no_container(empty_lab: Lab) -> None:
    requests = [
        ("GET", "/nodes"),
        ("GET", f"/nodes/{NODE}/storage"),
        ("POST", f"/nodes/{NODE}/lxc"),
    ]
    for method, path in requests:
        empty_lab.builder.with_path_error(method, path, "no quorum", times=1)

    refusals = [refusal_of(create, empty_lab, pool="production") for _ in requests]
    text, _ = create(empty_lab, ostemplate="local:vztmpl/lost.tar.zst")

    reason = "500 Internal Server Error: no quorum"
    assert refusals == [f"{FAILED} {empty_lab.vmid}: {reason}"] * len(requests)
    assert [params.get("pool") for _, _, params in empty_lab.changes] == ["production", None]
    assert f"Task ID: {empty_lab.upids[0]}\n" in text.text
    lost = "volume 'local:vztmpl/lost.tar.zst' does not exist"
    assert empty_lab.tasks[0][3] == f"unable to create CT {empty_lab.vmid} - {lost}"
    assert empty_lab.is_gone


def test_create_registers_a_job_that_keeps_no_secret(
    empty_lab: Lab, job_store: FakeJobStore
) -> None:
    empty_lab.builder.with_task_duration(60)
    tools = empty_lab.build_tools(job_store=job_store)
    secrets: list[dict[str, str]] = [{}, {"password": "correct-horse"}, {"ssh_public_keys": KEY}]

    answers = []
    for extra in secrets:
        answers.append(create(empty_lab, tools, **extra))
        job_store.jobs[-1].cancel()
        job_store.jobs[-1].retry()
        empty_lab.builder.cluster.tasks.stop(empty_lab.builder.cluster.tasks.newest_first()[0])

    vmid, name = empty_lab.vmid, f"ct-{empty_lab.vmid}"
    config = {"vmid": int(vmid), "hostname": name, **DEFAULTS}
    spec = {"kind": "ct.create", "params": {"node": NODE, "ct_config": config}}
    first = job_store.jobs[0]
    assert first == Job(
        "create_container", f"Create container {vmid} ({name}) on {NODE}", NODE,
        empty_lab.upids[0], {"vmid": vmid, "hostname": name}, spec,
        first.retry_factory, first.cancel_factory,
    )  # fmt: skip
    assert [job.retry_spec for job in job_store.jobs[1:]] == [None, None]
    assert "Job ID: job-1\n" in answers[0][0].text
    assert json.loads(answers[0][1].text)["job_id"] == "job-1"
    sent = [change for change in empty_lab.changes if change[0] == "POST"]
    assert sent[1::2] == sent[::2]
    assert len(sent) == 2 * len(secrets)
    assert {status for *_, status in empty_lab.tasks} == {"received interrupt"}
