"""Running a command in a guest through its agent, from the policy to the exit code."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.fixtures.mock_helpers import AgentResult
from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory
from tests.suite.lab import NODE, OTHER_NODE, Lab

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]

SetWait = Callable[..., None]


@pytest.fixture
def set_wait(monkeypatch: pytest.MonkeyPatch) -> SetWait:
    """A function that changes how the tool polls, by the names of its own parameters."""
    from proxmox_mcp.tools.console.manager import (  # noqa: PLC0415 - half a second of imports
        VMConsoleManager,
    )

    defaults = VMConsoleManager._wait_for_exec_status.__kwdefaults__

    def change(**seconds: float) -> None:
        for name, value in seconds.items():
            assert name in defaults
            monkeypatch.setitem(defaults, name, value)

    return change


@pytest.fixture
def make_policy() -> Callable[..., Any]:
    """A function that makes the real policy from settings."""
    from proxmox_mcp.config.models import (  # noqa: PLC0415 - half a second of imports
        CommandPolicyConfig,
    )
    from proxmox_mcp.security.command_policy import CommandPolicyGate  # noqa: PLC0415 - likewise

    return lambda **settings: CommandPolicyGate(CommandPolicyConfig(**settings))


def with_agent(lab: Lab, commands: Mapping[str, AgentResult | str] | None = None) -> None:
    lab.builder.with_agent(lab.vmid, NODE, commands=commands)


def details(result: Any) -> dict[str, Any]:
    return dict(json.loads(result[1].text))


async def test_command_output_is_returned(lab: Lab) -> None:
    with_agent(lab, {"uname -r": "6.12.0\n"})

    result = await lab.build_tools().execute_command(**lab.params, command="uname -r")

    assert "Status: SUCCESS\n  - Command: uname -r\n\nOutput:\n6.12.0" in result[0].text
    assert details(result) == {
        "success": True,
        "output": "6.12.0\n",
        "error": "",
        "exit_code": 0,
        "exited": True,
        "timed_out": False,
        "signal": None,
        "output_truncated": False,
    }


@pytest.mark.parametrize(
    ("guest_os", "argv"),
    [
        pytest.param("posix", ["/bin/sh", "-c", "echo 'a b' | wc"], id="posix"),
        pytest.param("windows", ["cmd.exe", "/d", "/s", "/c", "echo 'a b' | wc"], id="windows"),
    ],
)
async def test_command_goes_whole_to_the_guest_s_shell(
    lab: Lab, guest_os: str, argv: list[str]
) -> None:
    with_agent(lab)

    await lab.build_tools().execute_command(
        **lab.params, command="echo 'a b' | wc", guest_os=guest_os
    )

    assert lab.changes == [("POST", f"{lab.path}/agent/exec", {"command": argv})]


async def test_command_asks_about_the_process_it_started(lab: Lab) -> None:
    with_agent(lab, {"first": "1", "second": "2"})
    tools = lab.build_tools()
    await tools.execute_command(**lab.params, command="first")

    result = await tools.execute_command(**lab.params, command="second")

    polls = [call for call in lab.builder.calls if call.path.endswith("exec-status")]
    assert [call.params for call in polls] == [{"pid": 2000}, {"pid": 2001}]
    assert details(result)["output"] == "2"


async def test_command_that_fails_is_no_success(lab: Lab) -> None:
    with_agent(lab, {"false": AgentResult(out="half", err="no such file", exitcode=2)})

    result = await lab.build_tools().execute_command(**lab.params, command="false")

    assert "Status: FAILED" in result[0].text
    assert "Error:\nno such file" in result[0].text
    answer = details(result)
    assert (answer["success"], answer["exit_code"], answer["output"]) == (False, 2, "half")


async def test_command_is_polled_until_it_ends(lab: Lab, set_wait: SetWait) -> None:
    set_wait(poll_interval_seconds=0)
    with_agent(lab, {"make": AgentResult(out="done", polls=3)})

    result = await lab.build_tools().execute_command(**lab.params, command="make")

    assert [path for path in lab.reads if path.endswith("exec-status")] == [
        f"{lab.path}/agent/exec-status"
    ] * 4
    assert details(result)["output"] == "done"


async def test_command_without_end_times_out(lab: Lab, set_wait: SetWait) -> None:
    set_wait(timeout_seconds=0)
    with_agent(lab, {"sleep inf": AgentResult(polls=1000)})

    result = await lab.build_tools().execute_command(**lab.params, command="sleep inf")

    answer = details(result)
    assert (answer["success"], answer["timed_out"], answer["exited"]) == (False, True, False)
    assert "did not complete within 0 seconds" in answer["error"]
    assert answer["exit_code"] == -1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(
            {"exited": 1, "signal": 9},
            {"success": False, "signal": 9, "exit_code": -9},
            id="killed",
        ),
        pytest.param(
            {"exited": 1, "exitcode": 0, "out-data": "…", "out-truncated": 1},
            {"success": True, "output_truncated": True},
            id="truncated output",
        ),
        pytest.param(
            {"exited": 1, "exitcode": 0, "err-truncated": 1},
            {"success": True, "output_truncated": True},
            id="truncated errors",
        ),
        pytest.param({"exited": 1}, {"success": False, "exit_code": -1}, id="no exit code"),
    ],
)
async def test_command_status_is_read_as_the_agent_means_it(
    lab: Lab, status: dict[str, object], expected: dict[str, object]
) -> None:
    with_agent(lab)
    mock: Any = lab.builder.build()
    mock.nodes(NODE).qemu(lab.vmid).agent("exec-status").get.return_value = status

    result = await lab.build_mocked_tools().execute_command(**lab.params, command="true")

    answer = details(result)
    assert {name: answer[name] for name in expected} == expected


async def test_command_needs_a_running_vm(lab: Lab) -> None:
    with pytest.raises(ValueError, match=f"^VM {lab.vmid} on node {NODE} is not running$"):
        await lab.build_tools().execute_command(**lab.params, command="true")

    assert lab.changes == []


async def test_command_on_another_node_finds_no_vm(running_lab: Lab) -> None:
    with pytest.raises(RuntimeError, match=f"nodes/{OTHER_NODE}/qemu-server/{running_lab.vmid}"):
        await running_lab.build_tools().execute_command(OTHER_NODE, running_lab.vmid, "true")

    assert running_lab.changes == []


async def test_command_without_an_agent_fails(running_lab: Lab) -> None:
    with pytest.raises(RuntimeError, match=r"Failed to start command: 500 .*No QEMU guest agent"):
        await running_lab.build_tools().execute_command(**running_lab.params, command="true")


async def test_command_with_a_dead_agent_fails(lab: Lab) -> None:
    lab.builder.with_agent(lab.vmid, NODE, running=False)

    with pytest.raises(RuntimeError, match=r"Failed to start command: 500 .*is not running"):
        await lab.build_tools().execute_command(**lab.params, command="true")


async def test_command_without_the_privilege_fails(lab: Lab) -> None:
    with_agent(lab)
    reason = f"Permission check failed (/vms/{lab.vmid}, VM.GuestAgent.Unrestricted)"
    error = ProxmoxAPIResponseFactory().create_error_response(reason, status=403)
    lab.builder.with_operation_error("agent-exec", error)

    with pytest.raises(RuntimeError, match=r"403 Forbidden: Permission check failed"):
        await lab.build_tools().execute_command(**lab.params, command="true")


async def test_command_whose_end_cannot_be_seen_fails(lab: Lab) -> None:
    with_agent(lab)
    lab.builder.with_operation_error("agent-exec-status", "got timeout")

    with pytest.raises(RuntimeError, match=r"Failed to get command status: 500 .*got timeout"):
        await lab.build_tools().execute_command(**lab.params, command="true")


async def test_command_runs_although_the_agent_tells_nothing_about_itself(lab: Lab) -> None:
    with_agent(lab, {"true": "fine"})
    lab.builder.with_operation_error("agent-info", "got timeout")

    result = await lab.build_tools().execute_command(**lab.params, command="true")

    assert details(result)["output"] == "fine"


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param([{"name": "guest-ping"}], id="missing"),
        pytest.param([{"name": "guest-exec", "enabled": False}], id="disabled"),
    ],
)
async def test_command_needs_an_agent_that_executes(
    lab: Lab, commands: list[dict[str, object]]
) -> None:
    with_agent(lab)
    mock: Any = lab.builder.build()
    info = mock.nodes(NODE).qemu(lab.vmid).agent("info")
    info.get.return_value = {"supported_commands": commands}

    with pytest.raises(RuntimeError, match=r"does not support guest-exec"):
        await lab.build_mocked_tools().execute_command(**lab.params, command="true")

    assert lab.changes == []


@pytest.mark.parametrize(
    "call",
    [
        pytest.param({"command": "  "}, id="empty command"),
        pytest.param({"command": "ver", "guest_os": "beos"}, id="unknown system"),
    ],
)
async def test_command_refuses_bad_input(lab: Lab, call: dict[str, str]) -> None:
    with_agent(lab)

    with pytest.raises(RuntimeError, match=r"Provide a nonempty command and a supported guest_os"):
        await lab.build_tools().execute_command(**lab.params, **call)

    assert lab.changes == []


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        pytest.param({"mode": "deny_all"}, "CMD_POLICY_NOT_ALLOWLISTED", id="all denied"),
        pytest.param(
            {"mode": "allowlist", "allow_patterns": ["^uptime$"]},
            "CMD_POLICY_NOT_ALLOWLISTED",
            id="not on the list",
        ),
        pytest.param(
            {"mode": "audit_only", "deny_patterns": ["reboot"]},
            "CMD_POLICY_DENY_PATTERN",
            id="denied pattern",
        ),
        pytest.param(
            {"mode": "audit_only", "require_approval_token": True, "approval_token": "let-me"},
            "CMD_POLICY_APPROVAL_REQUIRED",
            id="not approved",
        ),
    ],
)
async def test_command_that_the_policy_denies_is_never_sent(
    lab: Lab, make_policy: Callable[..., Any], settings: dict[str, Any], code: str
) -> None:
    with_agent(lab)
    tools = lab.build_tools(command_policy=make_policy(**settings))

    [content] = await tools.execute_command(**lab.params, command="reboot")

    answer = json.loads(content.text)
    assert (answer["success"], answer["code"]) == (False, code)
    assert lab.builder.calls == []


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"mode": "allowlist", "allow_patterns": ["^uptime$"]}, id="on the list"),
        pytest.param(
            {"mode": "audit_only", "require_approval_token": True, "approval_token": "let-me"},
            id="approved",
        ),
    ],
)
async def test_command_that_the_policy_allows_is_run(
    lab: Lab, make_policy: Callable[..., Any], settings: dict[str, Any]
) -> None:
    with_agent(lab, {"uptime": "3 days"})
    tools = lab.build_tools(command_policy=make_policy(**settings))

    result = await tools.execute_command(**lab.params, command="uptime", approval_token="let-me")

    assert details(result)["output"] == "3 days"
