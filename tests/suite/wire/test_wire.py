"""The tools through the real client, over HTTPS: logins, encoding, and errors as they arrive."""

import json
from importlib.util import find_spec

import pytest
from proxmoxer import AuthenticationError

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.suite.refusals import refusal_of
from tests.suite.toolbox import Toolbox

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        find_spec("fakepve") is None, reason="no fakepve; uv run --group wire pytest"
    ),
]

SIZES = {"name": "web-1", "cpus": 2, "memory": 2048, "disk_size": 8}


def test_vm_lives_from_creation_to_deletion(mock_builder: ProxmoxAPIMockBuilder) -> None:
    face = mock_builder.with_vm(101).serve()
    tools = Toolbox(face.connect()).vms
    guest = face.api.nodes("node1").qemu(100)

    tools.create_vm("node1", "100", **SIZES)
    tools.set_vm_description("node1", "100", "größer & better; 100 %")
    tools.start_vm("node1", "100")
    running, config = guest.status.current.get(), guest.config.get()
    tools.delete_vm("node1", "100", force=True)
    listing = tools.get_vms()[0].text

    assert (running["status"], config["name"]) == ("running", "web-1")
    assert config["description"] == "größer & better; 100 %"
    assert "(ID: 101)" in listing
    assert "(ID: 100)" not in listing
    changes = [(one.method, one.path) for one in face.requests if one.method != "GET"]
    path = "/nodes/node1/qemu"
    assert changes == [
        ("POST", "/access/ticket"),
        ("POST", path),
        ("PUT", f"{path}/100/config"),
        ("POST", f"{path}/100/status/start"),
        ("POST", f"{path}/100/status/stop"),
        ("DELETE", f"{path}/100"),
    ]


def test_container_goes_back_to_its_snapshot(mock_builder: ProxmoxAPIMockBuilder) -> None:
    face = mock_builder.with_container(200, memory=512).with_container(201).serve()
    tools = Toolbox(face.connect())
    container = face.api.nodes("node1").lxc(200)

    tools.snapshots.create_snapshot("node1", "200", "before", vm_type="lxc")
    tools.containers.update_container_resources("node1:200", memory=1024)
    changed = container.config.get()["memory"]
    tools.snapshots.rollback_snapshot("node1", "200", "before", vm_type="lxc")
    tools.containers.start_container("node1:200")

    assert (changed, container.config.get()["memory"]) == (1024, 512)
    assert container.status.current.get()["status"] == "running"
    other = face.api.nodes("node1").lxc(201)
    assert other.status.current.get()["status"] == "stopped"
    assert [one["name"] for one in other.snapshot.get()] == ["current"]


def test_token_may_read_nodes_and_storages(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_node("node2").with_storage("vault", kind="nfs", content="backup,iso")
    face = mock_builder.serve()
    tools = Toolbox(face.connect(token_name="wire"))

    nodes = tools.nodes.get_nodes()[0].text
    records = json.loads(tools.storages.get_node_storage("node2")[0].text)
    tools.files.download_iso("node1", "vault", "https://example.test/a.iso", "a.iso")
    listed = tools.files.list_isos(node="node2")[0].text
    tools.files.delete_iso("node2", "vault", "a.iso")

    assert nodes.count("Status: ONLINE") == 2
    shared = {record["storage"]: record["shared"] for record in records}
    assert shared == {"local": False, "local-lvm": False, "vault": True}
    assert "Volume ID: vault:iso/a.iso" in listed
    assert face.api.nodes("node1").storage("vault").content.get() == []
    assert "/access/ticket" not in {one.path for one in face.requests}


def test_wrong_password_and_missing_privilege_are_refused(
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:
    face = mock_builder.with_vm(100).serve()
    face.pve.users["viewer@pve"] = "secret"
    face.pve.grant("viewer@pve", "/", "VM.Audit")
    tools = Toolbox(face.connect(user="viewer@pve", password="secret")).vms

    with pytest.raises(AuthenticationError, match="401"):
        face.connect(user="viewer@pve", password="wrong")
    listing = tools.get_vms()[0].text
    refusal = refusal_of(tools.start_vm, "node1", "100")

    denied = "403 Forbidden: Permission check failed (/vms/100, VM.PowerMgmt)"
    assert refusal.startswith(f"RuntimeError: Failed to start VM 100: {denied}")
    assert "(ID: 100)" in listing
    assert face.api.nodes("node1").qemu(100).status.current.get()["status"] == "stopped"
