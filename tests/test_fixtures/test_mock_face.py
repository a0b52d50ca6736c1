import re
from collections.abc import Callable
from threading import Thread
from typing import Any
from unittest.mock import ANY, DEFAULT, Mock, call, patch

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.endpoints import TABLE
from tests.fixtures.proxmox.errors import UnknownEndpointError, UnsupportedAttributeError


@pytest.fixture
def mock(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The mock face of a cluster with the stopped VMs 100 and 101."""
    return mock_builder.with_vm(100).with_vm(101).build()


SPELLINGS: dict[str, Callable[[Any], object]] = {
    "calls": lambda mock: mock.nodes("node1").qemu("100").config.put(cores=2),
    "set": lambda mock: mock.nodes("node1").qemu(100).config.set(cores=2),
    "attributes": lambda mock: mock.nodes.node1.qemu(100)("config").put(cores=2),
    "path": lambda mock: mock("nodes/node1/qemu/100/config").put(cores=2),
    "arguments of the verb": lambda mock: mock.nodes.put("node1", "qemu", 100, "config", cores=2),
}


@pytest.mark.parametrize("send", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_is_one_request(
    send: Callable[[Any], object], mock: Any, mock_builder: ProxmoxAPIMockBuilder
) -> None:
    send(mock)

    (made,) = mock_builder.calls
    assert (made.method, made.path) == ("PUT", "/nodes/node1/qemu/100/config")
    mock.nodes("node1").qemu("100").config.put.assert_called_once_with(cores=2)
    mock.nodes.return_value.qemu.return_value.config.set.assert_called_once_with(cores=2)


def test_state_is_real(mock: Any) -> None:
    vm = mock.nodes("node1").qemu("100")

    vm.status.start.post()

    assert vm.status.current.get()["status"] == "running"


def test_both_faces_show_one_cluster(mock: Any, mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.build_api().nodes("node1").qemu(100).status.start.post()

    mock.nodes("node1").qemu("100").status.start.post.assert_called_once_with()
    assert mock.nodes("node1").qemu("100").status.current.get()["status"] == "running"


def test_concrete_path_sees_its_own_calls_only(mock: Any) -> None:
    mock.nodes("node1").qemu("100").status.start.post()

    mock.nodes("node1").qemu("101").status.start.post.assert_not_called()
    mock.nodes("node1").qemu("100").status.start.post.assert_called_once()


def test_wildcard_sees_the_calls_for_all_ids(mock: Any) -> None:
    for vmid in ("100", "101"):
        mock.nodes("node1").qemu(vmid).status.start.post()

    start = mock.nodes.return_value.qemu.return_value.status.start.post
    assert (start.called, start.call_count) == (True, 2)
    assert start.call_args_list == [call(), call()]


def make_calls(face: Any) -> None:
    """Make the same calls on our face and on a Mock, whose answers don't matter."""
    vm = face.nodes("node1").qemu("100")
    vm.config.put(cores=2, description="x")
    vm.config.put(cores=3)
    vm.status.start.post()


def config_put(face: Any) -> Any:
    return face.nodes.return_value.qemu.return_value.config.put


CHECKS: dict[str, Callable[[Any], object]] = {
    "called": lambda face: config_put(face).assert_called(),
    "called once": lambda face: config_put(face).assert_called_once(),
    "called with the last": lambda face: config_put(face).assert_called_with(cores=3),
    "called with the first": lambda face: config_put(face).assert_called_with(
        cores=2, description="x"
    ),
    "called once with": lambda face: config_put(face).assert_called_once_with(cores=3),
    "not called": lambda face: config_put(face).assert_not_called(),
    "any call": lambda face: config_put(face).assert_any_call(cores=2, description=ANY),
    "any call that was not": lambda face: config_put(face).assert_any_call(cores=9),
    "has calls": lambda face: config_put(face).assert_has_calls([call(cores=3)]),
    "has calls in another order": lambda face: config_put(face).assert_has_calls(
        [call(cores=3), call(cores=2, description="x")]
    ),
    "has calls in any order": lambda face: config_put(face).assert_has_calls(
        [call(cores=3), call(cores=2, description="x")], any_order=True
    ),
    "never called": lambda face: (
        face.nodes.return_value.qemu.return_value.status.stop.post.assert_called_once_with()
    ),
    "navigation": lambda face: face.nodes.assert_called_once_with("node1"),
    "navigation elsewhere": lambda face: face.nodes.assert_called_with("node2"),
    "navigation deeper": lambda face: face.nodes.return_value.qemu.assert_called_with("100"),
    "navigation of another type": lambda face: face.nodes.return_value.qemu.assert_called_with(100),
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_assertions_end_as_those_of_a_mock(check: Callable[[Any], object], mock: Any) -> None:
    real = Mock()
    make_calls(real)
    make_calls(mock)

    assert outcome(check, mock) == outcome(check, real)


def outcome(check: Callable[[Any], object], face: Any) -> str:
    try:
        check(face)
    except AssertionError as error:
        return str(error)
    return "passed"


READINGS: dict[str, Callable[[Any], object]] = {
    "called": lambda face: config_put(face).called,
    "call_count": lambda face: config_put(face).call_count,
    "call_args": lambda face: config_put(face).call_args,
    "call_args.kwargs": lambda face: config_put(face).call_args.kwargs,
    "call_args_list": lambda face: config_put(face).call_args_list,
    "mock_calls of a verb": lambda face: config_put(face).mock_calls,
    "mock_calls of a path": lambda face: face.nodes.return_value.qemu.return_value.mock_calls,
    "mock_calls of all": lambda face: face.mock_calls,
    "method_calls": lambda face: face.nodes.return_value.qemu.return_value.config.method_calls,
    "call_count of a navigation": lambda face: face.nodes.call_count,
}


@pytest.mark.parametrize("read", READINGS.values(), ids=READINGS)
def test_readings_are_those_of_a_mock(read: Callable[[Any], object], mock: Any) -> None:
    real = Mock()
    make_calls(real)
    make_calls(mock)

    assert read(mock) == read(real)


def test_positional_arguments_are_seen_where_they_were_given(mock: Any) -> None:
    mock.nodes.get("node1", "status")

    mock.nodes.get.assert_called_once_with("node1", "status")
    mock.nodes("node1").status.get.assert_called_once_with()


def test_calls_of_the_api_face_are_in_mock_calls(
    mock: Any, mock_builder: ProxmoxAPIMockBuilder
) -> None:
    mock_builder.build_api().nodes("node1").qemu(100).config.put(cores=2)

    assert mock.mock_calls == [call.nodes().qemu().config.put(cores=2)]


@pytest.mark.parametrize("verb", ["get", "put"])
def test_none_is_no_parameter_on_either_side(mock: Any, verb: str) -> None:
    config = mock.nodes("node1").qemu("100").config
    config.put(cores=2, name=None)

    config.put.assert_called_once_with(cores=2)
    config.put.assert_called_once_with(cores=2, tags=None)
    assert getattr(config, verb).called is (verb == "put")


def test_override_answers_for_all_ids(mock: Any) -> None:
    answer = {"status": "running", "name": "any"}
    mock.nodes.return_value.qemu.return_value.status.current.get.return_value = answer

    assert mock.nodes("node1").qemu("777").status.current.get() == answer


def test_calls_without_an_id_stand_for_all_ids(mock: Any) -> None:
    mock.nodes().qemu().config.get.return_value = {"name": "any"}

    assert mock.nodes("node1").qemu("100").config.get() == {"name": "any"}
    assert mock.nodes().qemu().config.get.return_value == {"name": "any"}
    mock.nodes().qemu().config.get.assert_called_once_with()
    mock.nodes().qemu.assert_any_call("100")


def test_call_without_an_id_stays_for_requests(mock: Any) -> None:
    nodes = mock().nodes().get()

    assert nodes == mock.nodes.get()
    mock.nodes().get.return_value = []
    assert mock.nodes.get() == []


def test_override_of_a_path_beats_the_wildcard(mock: Any) -> None:
    mock.nodes("node1").qemu("100").config.get.return_value = {"name": "this"}
    mock.nodes.return_value.qemu.return_value.config.get.return_value = {"name": "any"}

    names = [mock.nodes("node1").qemu(vmid).config.get()["name"] for vmid in (100, 101)]

    assert names == ["this", "any"]


def test_override_can_be_read_back_and_changed(mock: Any) -> None:
    mock.version.get.return_value = {"version": "8"}
    mock.version.get.return_value = {"version": "7"}

    assert mock.version.get.return_value == mock.version.get() == {"version": "7"}


def test_override_is_given_in_copies(mock: Any) -> None:
    answer = {"status": "running"}
    status = mock.nodes("node1").qemu("100").status.current.get
    status.return_value = answer

    status().clear()
    assert status() == {"status": "running"}

    answer["status"] = "stopped"
    assert status() == {"status": "stopped"}


def test_mock_of_the_test_can_answer(mock: Any) -> None:
    answer = Mock(return_value=[{"node": "node9"}])
    mock.nodes.get = answer

    assert mock.nodes.get() == [{"node": "node9"}]
    answer.assert_called_once_with()
    mock.nodes.get.assert_called_once_with()


def test_function_of_the_test_can_answer(mock: Any) -> None:
    mock.cluster.nextid.get = lambda vmid: str(vmid + 1)

    assert mock.cluster.nextid.get(vmid=500) == "501"


def test_patch_object_is_undone(mock: Any) -> None:
    with patch.object(mock.nodes, "get", Mock(return_value=[])):
        assert mock.nodes.get() == []

    assert [node["node"] for node in mock.nodes.get()] == ["node1"]


def test_answers_can_be_configured_by_name(mock: Any) -> None:
    mock.configure_mock(**{"version.get.return_value": {"version": "8"}})
    mock.cluster.nextid.get.configure_mock(side_effect=["7"])

    assert mock.version.get() == {"version": "8"}
    assert mock.cluster.nextid.get() == "7"


def test_side_effect_is_none_until_set(mock: Any) -> None:
    assert mock.version.get.side_effect is None


def test_list_of_side_effects_may_hand_on_to_the_state(mock: Any) -> None:
    mock.cluster.nextid.get.side_effect = ["7", DEFAULT]

    assert [mock.cluster.nextid.get(), mock.cluster.nextid.get()] == ["7", "102"]


def unmodelled_path() -> str:
    """Return a path that can be read from Proxmox, and not from the double."""
    known = (e for e in TABLE.endpoints if e.method == "GET" and not e.is_modelled)
    return re.sub(r"{[^}]+}", "100", next(known).template)


def test_unmodelled_request_can_be_answered(mock: Any, mock_builder: ProxmoxAPIMockBuilder) -> None:
    place = mock(unmodelled_path())
    place.get.return_value = {"some": "answer"}

    assert place.get(anything=1) == {"some": "answer"}
    assert mock_builder.violations == []


def test_unmodelled_request_without_an_answer_is_refused(
    mock: Any, mock_builder: ProxmoxAPIMockBuilder
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException, match="501"):
        mock(unmodelled_path()).get()


def test_side_effect_raises(mock: Any) -> None:
    mock.nodes.get.side_effect = TimeoutError("slow")

    with pytest.raises(TimeoutError, match="slow"):
        mock.nodes.get()

    mock.nodes.get.assert_called_once_with()


def test_side_effect_gives_one_answer_after_the_other(mock: Any) -> None:
    mock.version.get.side_effect = [{"version": "8"}, ValueError("gone")]

    first = mock.version.get()
    with pytest.raises(ValueError, match="gone"):
        mock.version.get()

    assert first == {"version": "8"}


def test_side_effect_is_called_with_the_parameters(mock: Any) -> None:
    mock.cluster.nextid.get.side_effect = lambda vmid: str(vmid + 1)

    assert mock.cluster.nextid.get(vmid=500) == "501"


def test_side_effect_none_returns_to_the_state(mock: Any) -> None:
    mock.cluster.nextid.get.side_effect = ValueError
    mock.cluster.nextid.get.side_effect = None

    assert mock.cluster.nextid.get() == "102"


def test_override_does_not_lift_the_checks(mock: Any, mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.allow_unused()
    mock.version.get.return_value = {}

    with mock_builder.expect_violation(), pytest.raises(ResourceException):
        mock.version.get(bogus=1)


@pytest.mark.parametrize("name", ["return_value", "side_effect"])
def test_override_of_an_unknown_request_is_refused_when_set(mock: Any, name: str) -> None:
    with pytest.raises(UnknownEndpointError, match=r"GET /nodes/\*/qemuu .*did you mean"):
        setattr(mock.nodes.return_value.qemuu.get, name, [])


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda mock: setattr(mock.nodes, "return_value", 1), id="path's return_value"),
        pytest.param(lambda mock: setattr(mock.nodes, "get", []), id="verb replaced"),
        pytest.param(lambda mock: setattr(mock.nodes.get, "foo", 1), id="verb's attribute"),
        pytest.param(lambda mock: mock.nodes.get.return_value, id="override never set"),
        pytest.param(lambda mock: mock.nodes.assert_caled_once(), id="misspelt assertion"),
        pytest.param(lambda mock: mock.nodes.get.called_once_with(), id="misspelt on a verb"),
        pytest.param(lambda mock: mock.nodes.return_value.status.get(), id="wildcard called"),
    ],
)
def test_what_the_face_does_not_have_is_refused(use: Callable[[Any], object], mock: Any) -> None:
    with pytest.raises((UnsupportedAttributeError, AttributeError)):
        use(mock)


def test_misspelt_path_is_refused_and_recorded(
    mock: Any, mock_builder: ProxmoxAPIMockBuilder
) -> None:
    with mock_builder.expect_violation() as taken, pytest.raises(ResourceException) as raised:
        mock.nodes("node1").qemuu.get()

    assert raised.value.status_code == 501
    assert [one.nearest for one in taken] == ["/nodes/node1/qemu"]


def test_refusal_is_raised_as_by_proxmoxer(mock: Any, mock_builder: ProxmoxAPIMockBuilder) -> None:
    errors = []
    for face in (mock, mock_builder.build_api()):
        with pytest.raises(ResourceException) as raised:
            face.nodes("node1").qemu("999").config.get()
        errors.append(vars(raised.value) | {"text": str(raised.value)})

    assert errors[0] == errors[1]


def test_reset_of_all_forgets_calls_but_not_overrides(
    mock: Any, mock_builder: ProxmoxAPIMockBuilder
) -> None:
    mock.version.get.return_value = {"version": "8"}
    mock.version.get()

    mock.reset_mock()

    mock.version.get.assert_not_called()
    assert mock.version.get() == {"version": "8"}
    assert len(mock_builder.calls) == 2


def test_reset_of_a_verb_leaves_the_others(mock: Any) -> None:
    vm = mock.nodes("node1").qemu("100")
    vm.config.get()
    vm.config.put(cores=2)

    vm.config.get.reset_mock()

    vm.config.get.assert_not_called()
    vm.config.put.assert_called_once()


def test_calls_after_a_reset_are_seen(mock: Any) -> None:
    mock.version.get()
    mock.reset_mock()

    mock.version.get()

    mock.version.get.assert_called_once_with()


@pytest.mark.parametrize("view", ["path", "verb"])
def test_reset_drops_overrides_when_told(mock: Any, view: str) -> None:
    mock.cluster.nextid.get.return_value = "7"

    place = mock.cluster if view == "path" else mock.cluster.nextid.get
    place.reset_mock(return_value=True)

    assert mock.cluster.nextid.get() == "102"


def test_threads_lose_no_call(mock: Any) -> None:
    def work(vmid: str) -> None:
        for _ in range(50):
            mock.nodes("node1").qemu(vmid).status.current.get()

    threads = [Thread(target=work, args=(vmid,)) for vmid in ("100", "101") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert mock.nodes.return_value.qemu.return_value.status.current.get.call_count == 400
    assert mock.nodes.call_count == 400


def test_answers_are_fresh_copies(mock: Any, mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_agent()
    cards = mock.nodes("node1").qemu("100").agent("network-get-interfaces")
    cards.get()["result"][1]["ip-addresses"].clear()

    assert len(cards.get()["result"][1]["ip-addresses"]) == 1


def test_command_split_holds_for_expectations_too(
    mock: Any, mock_builder: ProxmoxAPIMockBuilder
) -> None:
    mock_builder.with_agent(100)
    mock.nodes("node1").qemu("100").agent("exec").post(command="ls -l")

    execute = mock.nodes("node1").qemu("100").agent("exec").post
    execute.assert_called_once_with(command="ls -l")
    execute.assert_called_once_with(command=["ls", "-l"])
