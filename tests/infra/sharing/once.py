"""`once_per_run`: a fixture that one process sets up for all workers of a run.

The decorated function becomes a session fixture of pytest's.  Who sets it up, and when it is torn
down, is left to `keepers` and `keeper`.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from .errors import SharedFixtureError
from .places import Json

RUN: Final = "run"
"""Name of the parameter that receives a `Run`."""

TIMEOUT_S: Final = 60.0

TEARDOWN_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Run:
    """What the set-up of a once-per-run fixture receives as `run`."""

    run_id: str
    directory: Path
    """A directory of this fixture's own, removed with the run's."""
    param: Json
    """One of the fixture's `params`."""


@dataclass(frozen=True, slots=True)
class Once:
    """A once-per-run fixture, as it was defined."""

    name: str
    function: Callable[..., object]
    """Any parameters: `run`, and the names of other fixtures."""
    timeout_s: float
    teardown_timeout_s: float

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the function's parameters."""
        return tuple(inspect.signature(self.function).parameters)

    @property
    def has_run(self) -> bool:
        """Whether it wants a `Run`."""
        return RUN in self.parameters

    @property
    def needs(self) -> tuple[str, ...]:
        """The fixtures whose values it wants."""
        return tuple(name for name in self.parameters if name != RUN)

    @property
    def file(self) -> str:
        """The file that it is defined in; `sys.modules` has but one of several conftests."""
        # Any: what a module has at its top level.
        module: dict[str, Any] = getattr(inspect.unwrap(self.function), "__globals__", {})
        return str(module.get("__file__", ""))


def once_per_run(
    *,
    name: str = "",
    params: Sequence[Json] | None = None,
    autouse: bool = False,
    timeout_s: float = TIMEOUT_S,
    teardown_timeout_s: float = TEARDOWN_TIMEOUT_S,
) -> Callable[[Callable[..., object]], object]:
    """Make a session fixture of a function at the top level of a module: once for all workers.

    It is set up by the first who asks, in a process of its own, and torn down when the last worker
    has ended.  Its parameters are `run` (a `Run`) and fixtures whose values are JSON; what it
    yields has to be JSON, too.

    :param name: the fixture's name, where it isn't the function's.
    :param params: as pytest's; for each of them it is set up once.
    :param timeout_s: seconds for the set-up; whoever waits longer gets an error.
    :param teardown_timeout_s: seconds for the teardown; a longer one fails the run.
    :raises SharedFixtureError: the function can't be called from another process.
    """

    def decorate(function: Callable[..., object]) -> object:
        once = Once(name or function.__name__, function, timeout_s, teardown_timeout_s)
        check(once)
        decorator = pytest.fixture(
            scope="session", name=name or None, params=params, autouse=autouse
        )
        fixture: object = decorator(build_fixture(once))
        return fixture

    return decorate


def check(once: Once) -> None:
    """Refuse what another process could not call.

    :raises SharedFixtureError: it can't be called by module and name, or never ends.
    """
    function = once.function
    if function.__qualname__ != function.__name__:
        raise SharedFixtureError(
            once.name,
            f"{function.__qualname__} is not at the top level of its module",
            "move it there, where another process finds it by its name",
        )
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise SharedFixtureError(
            once.name, "it is asynchronous", "call asyncio.run in an ordinary function"
        )
    for timeout_s in (once.timeout_s, once.teardown_timeout_s):
        if not 0 < timeout_s < float("inf"):
            raise SharedFixtureError(
                once.name, f"{timeout_s!r} s is no deadline", "give more than 0 seconds"
            )


def build_fixture(once: Once) -> Callable[..., Iterator[Json]]:
    """Build the function that pytest calls in each worker; it carries what it stands for."""

    def fixture(request: pytest.FixtureRequest, **values: object) -> Iterator[Json]:
        from .keepers import use  # noqa: PLC0415  paid by those who use such a fixture

        with use(once, request, as_json(once.name, values)) as value:
            yield value

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = ("request", *once.needs)
    # What pytest reads to know which fixtures to give; `Any` kinds of attributes of a function.
    attributes: Mapping[str, object] = {
        "__signature__": inspect.Signature([inspect.Parameter(one, kind) for one in names]),
        "__name__": once.function.__name__,
        "__qualname__": once.function.__qualname__,
        "__module__": once.function.__module__,
        "__doc__": once.function.__doc__,
        "once": once,
    }
    for attribute, value in attributes.items():
        setattr(fixture, attribute, value)
    return fixture


def as_json(fixture: str, values: Mapping[str, object]) -> dict[str, Json]:
    """Return the values of other fixtures as another process would get them.

    :raises SharedFixtureError: one is no JSON.
    """
    found: dict[str, Json] = {}
    for name, value in values.items():
        try:
            found[name] = json.loads(json.dumps(value))
        except (TypeError, ValueError) as error:
            raise SharedFixtureError(
                fixture,
                f"the value of {name}, which it asks for, is no JSON ({error})",
                f"let it ask for a fixture that gives JSON, or do without {name}",
            ) from error
    return found
