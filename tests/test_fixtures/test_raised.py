from typing import Any

import pytest
from proxmoxer.core import ResourceException
from requests import Request
from requests.exceptions import ReadTimeout

from tests.fixtures.proxmox.errors import DoubleError, Refusal
from tests.fixtures.proxmox.raised import as_raised, copy_error


class PickyError(Exception):
    def __init__(self, number: int) -> None:
        super().__init__(f"number {number}")
        self.number = number


@pytest.mark.parametrize(
    "error",
    [
        ResourceException(500, "Internal Server Error", "broken", errors={"a": "b"}),
        ReadTimeout("slow", request=Request("GET", "https://x")),
        ConnectionResetError(104, "reset"),
        OSError("cable"),
        PickyError(3),
        KeyError("k"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        Refusal("no", status=501, errors={"a": "b"}),
    ],
    ids=lambda error: type(error).__name__,
)
def test_copy_is_another_object_and_equal(error: Exception) -> None:
    fresh = copy_error(error)

    assert fresh is not error
    assert type(fresh) is type(error)
    assert (str(fresh), fresh.args) == (str(error), error.args)
    assert vars(fresh) == vars(error)


def test_copy_leaves_the_traceback_behind() -> None:
    error = OSError("cable")
    error.__cause__ = TimeoutError("slow")
    with pytest.raises(OSError, match="cable"):
        raise error

    fresh = copy_error(error)

    assert error.__traceback__ is not None
    assert fresh.__traceback__ is None
    assert fresh.__cause__ is error.__cause__


@pytest.mark.parametrize("error", ["text", Exception("text")], ids=["message", "bare"])
def test_text_alone_is_a_refusal(error: Any) -> None:
    raised = as_raised(error)

    assert isinstance(raised, Refusal)
    assert (raised.message, raised.status) == ("text", 500)


def test_class_is_raised_as_one_of_it() -> None:
    assert type(as_raised(TimeoutError)) is TimeoutError


def test_what_ends_the_process_is_refused() -> None:
    with pytest.raises(DoubleError, match="would end the process; give an Exception"):
        as_raised(KeyboardInterrupt())
