import base64
from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.agents import GuestAgent


@pytest.fixture
def agent(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The agent requests of the running VM 100."""
    mock_builder.with_vm(100, name="web", cores=2).with_agent(100)
    return mock_builder.build_api().nodes("node1").qemu(100).agent


@pytest.fixture
def inside(mock_builder: ProxmoxAPIMockBuilder, agent: Any) -> GuestAgent:
    """The state of that agent."""
    assert agent
    state = mock_builder.cluster.vm("node1", 100).agent
    assert state is not None
    return state


def test_index_lists_the_commands(agent: Any) -> None:
    names = [entry["name"] for entry in agent.get()]

    assert names == sorted(names)
    assert {"exec", "get-osinfo", "suspend-ram", "network-get-interfaces"} <= set(names)


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("get-host-name", {"host-name": "web"}),
        ("get-time", 1_767_225_600_000_000_000),
        ("get-timezone", {"zone": "UTC", "offset": 0}),
        ("get-users", []),
        ("get-vcpus", [{"logical-id": 0, "online": True, "can-offline": False},
                       {"logical-id": 1, "online": True, "can-offline": True}]),
    ],
)  # fmt: skip
def test_agent_tells(agent: Any, command: str, result: object) -> None:
    assert agent(command).get() == {"result": result}


def test_agent_tells_its_system_and_disks(agent: Any) -> None:
    system, (root,) = agent("get-osinfo").get()["result"], agent("get-fsinfo").get()["result"]

    assert (system["id"], system["machine"]) == ("debian", "x86_64")
    assert (root["mountpoint"], root["total-bytes"]) == ("/", 32 << 30)


def test_agent_tells_what_was_described(inside: GuestAgent, agent: Any) -> None:
    inside.host_name, inside.users = "db", [{"user": "ann", "login-time": 1.5}]
    inside.filesystems = [{"mountpoint": "/"}, {"mountpoint": "/srv"}]

    answers = [agent(name).get()["result"] for name in ("get-host-name", "get-users")]

    assert answers == [{"host-name": "db"}, [{"user": "ann", "login-time": 1.5}]]
    paths = [one["path"] for one in agent("fstrim").post()["result"]["paths"]]
    assert paths == ["/", "/srv"]


def test_file_systems_are_frozen_and_thawed(agent: Any) -> None:
    seen = [
        agent(f"fsfreeze-{step}").post()["result"]
        for step in ("status", "freeze", "status", "thaw", "status", "thaw")
    ]

    assert seen == ["thawed", 1, "frozen", 1, "thawed", 0]


@pytest.mark.parametrize("command", ["get-osinfo", "get-users", "network-get-interfaces"])
def test_frozen_agent_refuses(agent: Any, command: str) -> None:
    agent("fsfreeze-freeze").post()

    with pytest.raises(ResourceException) as raised:
        agent(command).get()

    reason = "has been disabled: the agent is in frozen state"
    assert raised.value.content == f"Agent error: Command guest-{command} {reason}"
    assert agent.ping.post() == {"result": {}}


def test_frozen_agent_runs_nothing(agent: Any) -> None:
    agent("fsfreeze-freeze").post()

    with pytest.raises(ResourceException, match="guest-exec has been disabled"):
        agent.exec.post(command="ls")


def test_frozen_agent_touches_no_file_and_no_password(inside: GuestAgent, agent: Any) -> None:
    inside.is_frozen = True

    for command, verb, params in (
        ("file-read", "get", {"file": "/a"}),
        ("file-write", "post", {"file": "/a", "content": "x"}),
        ("set-user-password", "post", {"username": "root", "password": "secret"}),
    ):
        with pytest.raises(ResourceException, match=f"guest-{command} has been disabled"):
            getattr(agent(command), verb)(**params)

    assert (inside.files, inside.passwords) == ({}, {})


def test_guest_that_stops_is_frozen_no_more(
    mock_builder: ProxmoxAPIMockBuilder, agent: Any
) -> None:
    agent("fsfreeze-freeze").post()

    mock_builder.with_vm_status("stopped", 100).with_vm_status("running", 100)

    assert agent("fsfreeze-status").post()["result"] == "thawed"


def test_agent_shuts_the_guest_down(mock_builder: ProxmoxAPIMockBuilder, agent: Any) -> None:
    agent.shutdown.post()

    assert mock_builder.cluster.guests[100].status == "stopped"


@pytest.mark.parametrize("command", ["get-osinfo", "file-read"])
def test_stopped_guest_has_no_agent(
    mock_builder: ProxmoxAPIMockBuilder, agent: Any, command: str
) -> None:
    mock_builder.with_vm_status("stopped", 100)
    params = {"file": "/a"} if command == "file-read" else {}

    with pytest.raises(ResourceException, match="VM 100 is not running"):
        agent(command).get(**params)


@pytest.mark.parametrize(
    ("content", "encode", "held"),
    [("hello", None, b"hello"), ("hello", 1, b"hello"), ("aGVsbG8=", 0, b"hello")],
    ids=["default", "text", "base64"],
)
def test_file_is_written(
    inside: GuestAgent, agent: Any, content: str, encode: int | None, held: bytes
) -> None:
    answer = agent("file-write").post(file="/etc/motd", content=content, encode=encode)

    assert (answer, inside.files) == (None, {"/etc/motd": held})
    assert agent("file-read").get(file="/etc/motd") == {"content": "hello"}


@pytest.mark.parametrize(
    ("params", "answer"),
    [
        ({"count": 2}, {"content": "he", "truncated": 1}),
        ({"offset": 3}, {"content": "lo"}),
        ({"offset": 1, "count": 3}, {"content": "ell", "truncated": 1}),
        ({"decode": 0}, {"content": base64.b64encode(b"hello").decode()}),
    ],
    ids=["head", "tail", "middle", "base64"],
)
def test_part_of_a_file_is_read(
    inside: GuestAgent, agent: Any, params: dict[str, int], answer: dict[str, object]
) -> None:
    inside.files["/a"] = b"hello"

    assert agent("file-read").get(file="/a", **params) == answer


def test_missing_file_is_refused(agent: Any) -> None:
    with pytest.raises(ResourceException) as raised:
        agent("file-read").get(file="/none")

    expected = "Agent error: failed to open file '/none' (mode: 'r'): No such file or directory"
    assert raised.value.content == expected


def test_content_that_is_not_base64_is_refused(inside: GuestAgent, agent: Any) -> None:
    with pytest.raises(ResourceException, match="Agent error"):
        agent("file-write").post(file="/a", content="***", encode=0)

    assert inside.files == {}


def test_password_is_set(inside: GuestAgent, agent: Any) -> None:
    answer = agent("set-user-password").post(username="root", password="secret")

    assert (answer, inside.passwords) == ({"result": {}}, {"root": "secret"})


def test_short_password_is_refused(inside: GuestAgent, agent: Any) -> None:
    with pytest.raises(ResourceException) as raised:
        agent("set-user-password").post(username="root", password="abcd")

    assert raised.value.errors == {"password": "value must be at least 5 characters long"}
    assert inside.passwords == {}


@pytest.mark.parametrize(
    ("command", "verb"), [("get-memory-blocks", "get"), ("suspend-ram", "post")]
)
def test_command_is_not_simulated(
    mock_builder: ProxmoxAPIMockBuilder, agent: Any, command: str, verb: str
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException, match="501"):
        getattr(agent(command), verb)()
