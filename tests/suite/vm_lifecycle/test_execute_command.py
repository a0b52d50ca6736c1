"""Running a command in a guest through its agent, from the policy to the exit code."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.fixtures.mock_helpers import AgentResult
from tests.suite.lab import NODE, Lab

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


async def refusal_of(lab: Lab, **arguments: str) -> str:
    with pytest.raises((ValueError, RuntimeError)) as caught:
        await lab.build_tools().execute_command(**lab.params, **arguments)
    return f"{caught.type.__name__}: {caught.value}"


def details(result: Any) -> dict[str, Any]:
    return dict(json.loads(result[1].text))


async def test_command_goes_whole_to_the_guest_s_shell(lab: Lab) -> None:
    shells = {"posix": ["/bin/sh", "-c"], "windows": ["cmd.exe", "/d", "/s", "/c"]}
    line = "echo 'a b' | wc"
    with_agent(lab)
    tools = lab.build_tools()

    for guest_os in shells:
        await tools.execute_command(**lab.params, command=line, guest_os=guest_os)

    sent = [{"command": [*shell, line]} for shell in shells.values()]
    assert lab.changes == [("POST", f"{lab.path}/agent/exec", params) for params in sent]


async def test_command_output_is_returned(lab: Lab) -> None:
    with_agent(lab, {"uname -r": "6.12.0\n"})

    result = await lab.build_tools().execute_command(**lab.params, command="uname -r")

    head = "[cmd] Console Command Result\n  - Status: SUCCESS\n  - Command: uname -r"
    assert result[0].text == f"{head}\n\nOutput:\n6.12.0"
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


async def test_command_that_fails_is_no_success(lab: Lab) -> None:
    with_agent(lab, {"false": AgentResult(out="half", err="no such file\n", exitcode=2)})

    result = await lab.build_tools().execute_command(**lab.params, command="false")

    assert "  - Status: FAILED\n" in result[0].text
    assert result[0].text.endswith("\n\nOutput:\nhalf\n\nError:\nno such file")
    answer = details(result)
    assert (answer["success"], answer["exit_code"]) == (False, 2)
    assert (answer["output"], answer["error"]) == ("half", "no such file\n")


async def test_command_is_polled_until_it_ends(lab: Lab, set_wait: SetWait) -> None:
    set_wait(poll_interval_seconds=0)
    with_agent(lab, {"make": AgentResult(out="done", polls=3)})
    tools = lab.build_tools()
    await tools.execute_command(**lab.params, command="another")

    result = await tools.execute_command(**lab.params, command="make")

    polls = [call for call in lab.builder.calls if call.path.endswith("exec-status")]
    assert {call.path for call in polls} == {f"{lab.path}/agent/exec-status"}
    assert [call.params for call in polls] == [{"pid": 2000}] + [{"pid": 2001}] * 4
    assert details(result)["output"] == "done"


async def test_command_without_end_times_out(lab: Lab, set_wait: SetWait) -> None:
    set_wait(timeout_seconds=0)
    with_agent(lab, {"sleep inf": AgentResult(polls=1000)})

    result = await lab.build_tools().execute_command(**lab.params, command="sleep inf")

    answer = details(result)
    assert (answer["success"], answer["timed_out"], answer["exited"]) == (False, True, False)
    assert "did not complete within 0 seconds" in answer["error"]
    assert answer["exit_code"] == -1


async def test_command_status_is_read_as_the_agent_means_it(lab: Lab) -> None:
    names = ("success", "exit_code", "signal", "output_truncated")
    meanings: list[tuple[dict[str, object], tuple[object, ...]]] = [
        ({"exited": 1, "signal": 9}, (False, -9, 9, False)),
        ({"exited": 1, "exitcode": 0, "out-truncated": 1}, (True, 0, None, True)),
        ({"exited": 1, "exitcode": 0, "err-truncated": 1}, (True, 0, None, True)),
        ({"exited": 1}, (False, -1, None, False)),
    ]
    with_agent(lab)
    mock: Any = lab.builder.build()
    statuses = [status for status, _ in meanings]
    mock.nodes(NODE).qemu(lab.vmid).agent("exec-status").get.side_effect = statuses
    tools = lab.build_mocked_tools()

    answers = [details(await tools.execute_command(NODE, lab.vmid, "true")) for _ in meanings]

    read = [tuple(answer[name] for name in names) for answer in answers]
    assert read == [meaning for _, meaning in meanings]


async def test_command_needs_a_running_vm(lab: Lab) -> None:
    with pytest.raises(ValueError, match=f"^VM {lab.vmid} on node {NODE} is not running$"):
        await lab.build_tools().execute_command(**lab.params, command="true")

    assert lab.changes == []


async def test_command_says_which_step_was_refused(lab: Lab) -> None:
    steps = {"agent-exec": "start command", "agent-exec-status": "get command status"}
    with_agent(lab)
    for operation in steps:
        lab.builder.with_operation_error(operation, "got timeout", times=1)

    refusals = [await refusal_of(lab, command="true") for _ in steps]

    reason = "500 Internal Server Error: got timeout"
    assert refusals == [
        f"RuntimeError: Failed to execute command on VM {lab.vmid}: Failed to execute command: "
        f"API call failed: Failed to {step}: {reason}"
        for step in steps.values()
    ]


async def test_command_runs_although_the_agent_tells_nothing_about_itself(lab: Lab) -> None:
    with_agent(lab, {"true": "fine"})
    lab.builder.with_operation_error("agent-info", "got timeout")

    result = await lab.build_tools().execute_command(**lab.params, command="true")

    assert details(result)["output"] == "fine"


async def test_command_needs_an_agent_that_executes(lab: Lab) -> None:
    unfit = [[{"name": "guest-ping"}], [{"name": "guest-exec", "enabled": False}]]
    with_agent(lab)
    mock: Any = lab.builder.build()
    info = mock.nodes(NODE).qemu(lab.vmid).agent("info")
    info.get.side_effect = [{"supported_commands": commands} for commands in unfit]
    tools = lab.build_mocked_tools()

    for _ in unfit:
        with pytest.raises(
            RuntimeError,
            match=f"QEMU guest agent on VM {lab.vmid} does not support guest-exec; "
            "install/configure a guest agent with command execution support$",
        ):
            await tools.execute_command(**lab.params, command="true")

    assert lab.changes == []


async def test_command_refuses_bad_input(lab: Lab) -> None:
    with_agent(lab)

    refusals = [
        await refusal_of(lab, command="  "),
        await refusal_of(lab, command="ver", guest_os="beos"),
    ]

    for refusal in refusals:
        assert refusal.endswith("Provide a nonempty command and a supported guest_os")
    assert lab.changes == []


APPROVAL = {"require_approval_token": True, "approval_token": "let-me"}


async def test_command_that_the_policy_denies_is_never_sent(
    lab: Lab, make_policy: Callable[..., Any]
) -> None:
    policies: list[tuple[dict[str, Any], str]] = [
        ({"mode": "deny_all"}, "NOT_ALLOWLISTED"),
        ({"mode": "allowlist", "allow_patterns": ["^uptime$"]}, "NOT_ALLOWLISTED"),
        ({"mode": "audit_only", "deny_patterns": ["reboot"]}, "DENY_PATTERN"),
        ({"mode": "audit_only", **APPROVAL}, "APPROVAL_REQUIRED"),
    ]
    with_agent(lab)

    answers = []
    for settings, _ in policies:
        tools = lab.build_tools(command_policy=make_policy(**settings))
        [content] = await tools.execute_command(**lab.params, command="reboot")
        answers.append(json.loads(content.text))

    assert [answer["code"] for answer in answers] == [f"CMD_POLICY_{code}" for _, code in policies]
    assert {(answer["success"], answer["message"]) for answer in answers} == {
        (False, "Command execution blocked by policy")
    }
    assert all(answer["data"]["reason"] for answer in answers)
    assert lab.builder.calls == []


async def test_command_that_the_policy_allows_is_run(
    lab: Lab, make_policy: Callable[..., Any]
) -> None:
    policy = make_policy(mode="allowlist", allow_patterns=["^uptime$"], **APPROVAL)
    with_agent(lab, {"uptime": "3 days"})
    tools = lab.build_tools(command_policy=policy)

    result = await tools.execute_command(**lab.params, command="uptime", approval_token="let-me")

    assert details(result)["output"] == "3 days"
