import pytest

from tests.fixtures.proxmox.agents import AgentResult, GuestAgent
from tests.fixtures.proxmox.errors import Refusal


@pytest.mark.parametrize(
    "argv", [["uname", "-a"], ["/bin/sh", "-c", "uname -a"]], ids=["as words", "through a shell"]
)
def test_command_is_found_by_its_line(argv: list[str]) -> None:
    agent = GuestAgent(commands={"uname -a": AgentResult(out="Linux", err="warn", exitcode=3)})

    status = agent.poll(agent.execute(argv))

    assert status == {"exited": 1, "exitcode": 3, "out-data": "Linux", "err-data": "warn"}


def test_command_that_is_not_listed_ends_as_otherwise() -> None:
    agent = GuestAgent(otherwise=AgentResult(exitcode=127))

    status = agent.poll(agent.execute(["ls"]))

    assert status == {"exited": 1, "exitcode": 127}


def test_command_with_polls_is_seen_running_that_often() -> None:
    agent = GuestAgent(otherwise=AgentResult(polls=2))
    pid = agent.execute(["sleep"])

    seen = [agent.poll(pid)["exited"] for _ in range(3)]

    assert seen == [0, 0, 1]


def test_end_of_a_process_is_told_once() -> None:
    agent = GuestAgent()
    pid = agent.execute(["ls"])
    agent.poll(pid)

    with pytest.raises(Refusal, match=f"PID {pid} does not exist"):
        agent.poll(pid)


def test_processes_have_different_ids() -> None:
    agent = GuestAgent()

    assert agent.execute(["a"]) != agent.execute(["a"])


def test_forgotten_process_is_unknown() -> None:
    agent = GuestAgent()
    pid = agent.execute(["ls"])

    agent.forget_processes()

    with pytest.raises(Refusal):
        agent.poll(pid)


def test_info_lists_exec() -> None:
    supported = GuestAgent().info()["supported_commands"]

    assert isinstance(supported, list)
    assert "guest-exec" in {command["name"] for command in supported}
