import pickle
import re
from typing import Any
from unittest.mock import Mock

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder, impossible
from tests.fixtures.proxmox.answers import _make_example
from tests.fixtures.proxmox.endpoints import TABLE
from tests.fixtures.proxmox.errors import DoubleError, ImpossibleAnswerError

UPID = "UPID:node1:000003E8:0000000A:6955B900:{}:100:root@pam:"


@pytest.fixture
def mock(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The mock face of a cluster with the stopped VMs 100 and 101; answers may stay unused."""
    return mock_builder.allow_unused().with_vm(100).with_vm(101).build()


def status(mock: Any) -> Any:
    return mock.nodes("node1").qemu("100").status.current.get


def start(mock: Any) -> Any:
    return mock.nodes("node1").qemu("100").status.start.post


IMPOSSIBLE: dict[str, tuple[Any, object, str]] = {
    "no object": (status, [], "Proxmox VE sends an object"),
    "text for a number": (status, {"vmid": "100"}, "vmid is '100'; Proxmox VE sends an integer"),
    "truth for a number": (status, {"pid": True}, "pid is True"),
    "unknown status": (status, {"status": "paused"}, "one of running, stopped"),
    "stopped, with uptime": (status, {"status": "stopped", "uptime": 5}, "yet uptime is 5"),
    "another guest": (status, {"vmid": 101}, "about vmid 101, the request about vmid 100"),
    "no JSON": (status, {"name": Mock()}, "which is no JSON"),
    "error to return": (status, ValueError("x"), "which is no JSON"),
    "class to return": (status, ValueError, "which is no JSON"),
    "set for a list": (lambda mock: mock.nodes.get, {"node"}, "which is no JSON"),
    "entry that is text": (lambda mock: mock.nodes.get, ["node1"], "the list holds 'node1'"),
    "no UPID": (start, None, "the answer is None"),
    "UPID of another node": (start, UPID.format("qmstart").replace("node1", "n"), "about node n"),
    "number for text": (lambda mock: mock.cluster.nextid.get, 100, "Proxmox VE sends a string"),
}


@pytest.mark.parametrize(("find", "answer", "text"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_impossible_answer_is_refused_when_set(
    mock: Any, find: Any, answer: object, text: str
) -> None:
    verb = find(mock)

    is_error = isinstance(answer, Exception | type)  # which a list of side effects may raise
    ways = [("return_value", answer)] + [("side_effect", [answer])] * (not is_error)
    for name, value in ways:
        with pytest.raises(ImpossibleAnswerError) as refused:
            setattr(verb, name, value)
        assert text in str(refused.value)


@pytest.mark.parametrize(("find", "answer", "text"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_impossible_answer_is_refused_when_given(
    mock: Any, find: Any, answer: object, text: str
) -> None:
    verb = find(mock)
    verb.side_effect = lambda: answer

    with pytest.raises(ImpossibleAnswerError) as refused:
        verb()

    assert text in str(refused.value)


@pytest.mark.parametrize("answer", [[{"vmid": 7}], {"name": "x"}, 5], ids=["list", "dict", "int"])
def test_impossible_answer_is_given_when_it_is_meant(mock: Any, answer: object) -> None:
    mock.cluster.nextid.get.return_value = impossible(answer)
    mock.version.get.side_effect = [impossible(answer)]

    assert mock.cluster.nextid.get() is answer
    assert mock.version.get() is answer


def test_partial_answer_is_possible(mock: Any) -> None:
    status(mock).return_value = {"status": "running"}

    assert status(mock)() == {"status": "running"}


def test_answer_for_all_guests_is_refused_for_another_one(mock: Any) -> None:
    mock.nodes.return_value.qemu.return_value.status.current.get.return_value = {"vmid": 100}

    assert status(mock)() == {"vmid": 100}
    with pytest.raises(ImpossibleAnswerError, match="vmid 100, the request about vmid 101"):
        mock.nodes("node1").qemu("101").status.current.get()


@pytest.mark.parametrize(
    ("verb", "kind"),
    [("start", "qmstart"), ("stop", "qmstop"), ("suspend", "qmpause"), ("reboot", "qmreboot")],
)
def test_refusal_shows_an_answer_that_is_right(mock: Any, verb: str, kind: str) -> None:
    post = mock.nodes("node1").qemu("100").status(verb).post

    with pytest.raises(ImpossibleAnswerError) as refused:
        post.return_value = "UPID:ct-create-1"

    assert refused.value.example == UPID.format(kind)
    assert f"answer as in {UPID.format(kind)!r}" in str(refused.value)
    assert "impossible(...)" in str(refused.value)


def test_examples_are_answers_that_are_accepted() -> None:
    complaints = {
        (endpoint.method, endpoint.template): endpoint.result.complaint(
            _make_example(endpoint, TABLE.find(re.sub(r"{[^}]+}", "100", endpoint.template)))
        )
        for endpoint in TABLE.endpoints
    }

    assert {request: text for request, text in complaints.items() if text is not None} == {}


def test_refusal_travels_between_processes(mock: Any) -> None:
    with pytest.raises(ImpossibleAnswerError) as refused:
        start(mock).return_value = None

    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ResourceException("500", "Error", "gone"), "no ResourceException has the status '500'"),
        (ResourceException(200, "OK", "gone"), "a number from 400 to 599"),
        (ResourceException(400, "Bad", "Parameter verification failed."), "names no parameter"),
    ],
    ids=["status as text", "status of a success", "no errors"],
)
def test_error_that_proxmoxer_never_raises_is_refused(
    mock: Any, error: Exception, text: str
) -> None:
    with pytest.raises(DoubleError, match=text):
        mock.nodes.get.side_effect = error


def test_bare_exception_is_raised_as_proxmoxer_would(mock: Any) -> None:
    mock.nodes.get.side_effect = Exception("VM 100 not running")

    with pytest.raises(ResourceException) as raised:
        mock.nodes.get()

    assert (raised.value.status_code, raised.value.content) == (500, "VM 100 not running")


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("slow"),
        ResourceException(403, "Forbidden", "no", errors={"a": "b"}),
        OSError(2, "x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_errors_are_raised_anew_each_time(mock: Any, error: Exception) -> None:
    mock.nodes.get.side_effect = error
    raised = []

    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            mock.nodes.get()
        raised.append(caught.value)

    assert len({id(one) for one in (error, *raised)}) == 3
    assert {str(one) for one in raised} == {str(error)}
    assert [vars(one) for one in raised] == [vars(error)] * 2
