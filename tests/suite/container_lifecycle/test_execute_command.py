"""Running commands in a container, which goes over SSH: what is run, and what is refused before."""

import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab, add_guest
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]
USER = "root"
SSH = f"/{USER}/.ssh"
KEYS = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7 it's me", "ssh-rsa AAAAB3NzaC1yc2E b"]


@dataclass
class Ssh:
    """Remembers what would have been run, and answers each in turn."""

    results: list[tuple[int, str, str]]
    lines: list[list[str]] = field(default_factory=list)

    def run(self, line: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        self.lines.append(line)
        code, out, err = self.results.pop(0)
        return subprocess.CompletedProcess(line, code, out, err)


@pytest.fixture
def ssh(monkeypatch: pytest.MonkeyPatch) -> Ssh:
    """The SSH client of the tools; a test gives it the results."""
    fake = Ssh([])
    monkeypatch.setattr("proxmox_mcp.tools.console.container_manager.run_bounded", fake.run)
    return fake


@pytest.fixture
def make_config() -> Callable[..., Any]:
    """A function that makes the tools' own configuration of SSH."""
    from proxmox_mcp.config.models import SSHConfig  # noqa: PLC0415 - half a second of imports

    return lambda **settings: SSHConfig(prefer_ssh_client=True, **settings)


@pytest.fixture
def make_policy() -> Callable[..., Any]:
    """A function that makes the real policy from settings."""
    from proxmox_mcp.config.models import CommandPolicyConfig  # noqa: PLC0415 - as above
    from proxmox_mcp.security.command_policy import CommandPolicyGate  # noqa: PLC0415 - likewise

    return lambda **settings: CommandPolicyGate(CommandPolicyConfig(**settings))


def test_command_needs_ssh_and_one_running_container(
    running_lab: Lab, make_config: Callable[..., Any], ssh: Ssh
) -> None:
    lab = running_lab
    add_guest(lab.builder, "lxc", lab.spare_vmid, node=OTHER_NODE, name="second")
    without = lab.build_tools(target_name="lab")
    tools = lab.build_tools(ssh_config=make_config())

    refusals = [
        refusal_of(without.execute_command, NAME, "id"),
        refusal_of(without.update_container_ssh_keys, **lab.params, public_keys=KEYS[0]),
        refusal_of(without.execute_node_command, NODE, "id"),
        *(
            refusal_of(tools.execute_command, one, "id")
            for one in ("x", f"{NAME},second", "second")
        ),
        refusal_of(tools.update_container_ssh_keys, **lab.params, public_keys=" \n"),
        refusal_of(tools.execute_node_command, NODE, "id"),
    ]

    no_ssh = "SSH is not configured for target 'lab'. Add an [ssh] section to your MCP config "
    no_ssh += "with user/key_file credentials for the Proxmox nodes."
    assert refusals == [
        f"RuntimeError: Failed to execute_command: {no_ssh}",
        f"RuntimeError: Failed to update_container_ssh_keys: {no_ssh}",
        "RuntimeError: Failed to execute_node_command: SSH is not configured for this target",
        "ValueError: No container matched selector: x",
        f"ValueError: Selector '{NAME},second' matched 2 containers; "
        "execute_command requires a single-target selector.",
        f"ValueError: Container {lab.spare_vmid} on node {OTHER_NODE} is not running",
        "ValueError: public_keys must contain at least one key",
        "RuntimeError: Failed to execute_node_command: "
        "Host SSH commands are disabled for this target",
    ]
    assert (ssh.lines, lab.changes) == ([], [])


def test_command_runs_in_the_container_on_its_node(
    running_lab: Lab, make_config: Callable[..., Any], ssh: Ssh, read_json: ReadJson
) -> None:
    lab = running_lab
    config = make_config(user="admin", use_sudo=True, host_overrides={NODE: "10.0.0.2"})
    tools = lab.build_tools(ssh_config=config)
    done, full = (0, "", ""), (1, "full", "")
    ssh.results = [(0, "6.12.0\n", ""), (2, "", "no such file\n"), done, done, full, done, full]
    params = {**lab.params, "public_keys": "\n".join(KEYS)}

    answers = [read_json(tools.execute_command(NAME, one)) for one in ("uname -r", "cat 'a b'")]
    answers.append(read_json(tools.update_container_ssh_keys(**params)))
    replace = {**params, "mode": "replace"}
    failures = [refusal_of(tools.update_container_ssh_keys, **replace) for _ in range(2)]

    assert [line[-2] for line in ssh.lines] == ["10.0.0.2"] * 7
    assert ssh.lines[0][:5] == ["ssh", "-p", "22", "-l", "admin"]
    commands = [shlex.split(line[-1]) for line in ssh.lines]
    timeout = ["/usr/bin/timeout", "--signal=TERM", "--kill-after=5s", "60s"]
    start = ["sudo", "-n", "/usr/sbin/pct", "exec", lab.vmid, "--", *timeout, "sh", "-c"]
    assert [command[:-1] for command in commands] == [start] * 7
    inner = [command[-1] for command in commands]
    assert inner[:3] == ["uname -r", "cat 'a b'", f"mkdir -p {SSH} && chmod 700 {SSH}"]
    file = f"{SSH}/authorized_keys"
    for command, redirect in ((inner[3], ">>"), (inner[6], ">")):
        written = ["printf", "%s\\n", "\n".join(KEYS), redirect, file]
        assert shlex.split(command) == [*written, "&&", "chmod", "600", file]
    keys = [{"success": True, "keys_added": 2}]
    results = [(True, "6.12.0\n", "", 0), (False, "", "no such file\n", 2)]
    names = ("success", "output", "error", "exit_code")
    assert [tuple(answer[name] for name in names) for answer in answers[:2]] == results
    assert answers[2:] == keys
    failed = "Failed to update_container_ssh_keys: "
    steps = [f"mkdir {SSH} failed", "Key write failed"]
    assert failures == [f"RuntimeError: {failed}{failed}{step}: full" for step in steps]


def test_command_that_the_policy_denies_is_never_run(
    running_lab: Lab,
    make_config: Callable[..., Any],
    make_policy: Callable[..., Any],
    ssh: Ssh,
    read_json: ReadJson,
) -> None:
    token = {"require_approval_token": True, "approval_token": "let-me"}
    policy = make_policy(mode="allowlist", allow_patterns=["uptime"], **token)
    ssh.results = [(0, "3 days", "")] * 2
    tools = running_lab.build_tools(
        ssh_config=make_config(allow_node_commands=True), command_policy=policy
    )
    attempts = [
        (tools.execute_command, NAME, "reboot", "let-me"),
        (tools.execute_command, NAME, "uptime", None),
        (tools.execute_node_command, NODE, "uptime; reboot", "let-me"),
        (tools.execute_node_command, NODE, "uptime", None),
    ]

    denied = [read_json(tool(*arguments)) for tool, *arguments in attempts]
    read = list(running_lab.reads)
    command = read_json(tools.execute_command(NAME, "uptime -p", "let-me"))
    on_node = read_json(tools.execute_node_command(NODE, "uptime", "let-me"))

    codes = ["CMD_POLICY_NOT_ALLOWLISTED", "CMD_POLICY_APPROVAL_REQUIRED"] * 2
    assert [answer["code"] for answer in denied] == codes
    assert [(answer["success"], answer["message"]) for answer in denied] == [
        *[(False, "Command execution blocked by policy")] * 2,
        *[(False, "Host command execution blocked by policy")] * 2,
    ]
    assert all(answer["data"]["reason"] for answer in denied)
    assert (read, command["output"], on_node["output"]) == ([], "3 days", "3 days")
    assert [shlex.split(line[-1])[-1] for line in ssh.lines] == ["uptime -p", "uptime"]
    assert "pct" not in ssh.lines[1][-1]
