"""Every error about what workers share; facts are attributes, so that errors travel."""

from collections.abc import Sequence
from pathlib import Path

from ..errors import InfraError


class DatabaseError(InfraError):
    """A database server can't be used as a fixture needs it."""

    def __init__(self, fixture: str, setting: str, url: str, problem: str, remedy: str) -> None:
        super().__init__(fixture, setting, url, problem, remedy)
        self.fixture = fixture
        self.setting = setting
        self.url = url
        """Without its password."""
        self.problem = problem
        self.remedy = remedy
        self.sqlstate = ""
        """The server's own number of what is wrong, where it gave one."""

    def __str__(self) -> str:
        return f"{self.fixture}: {self.url} ({self.setting}) {self.problem}; {self.remedy}"


class RateLimitTimeoutError(InfraError):
    """A call would have to wait for its rate limit longer than the deadline."""

    def __init__(self, name: str, limit: str, wait_s: float, longest_s: float) -> None:
        super().__init__(name, limit, wait_s, longest_s)
        self.name = name
        self.limit = limit
        self.wait_s = wait_s
        self.longest_s = longest_s

    def __str__(self) -> str:
        return (
            f"rate limit {self.name!r} ({self.limit}) has no place within {self.longest_s:g} s: "
            f"the tests of this machine that asked before have taken the next {self.wait_s:.1f} s; "
            "run fewer of them at a time, or raise rate_limit_timeout_s in the ini file"
        )


class RateLimitConflictError(InfraError):
    """Two limits go by the same name."""

    def __init__(self, name: str, limit: str, other: str, whose: str) -> None:
        super().__init__(name, limit, other, whose)
        self.name = name
        self.limit = limit
        self.other = other
        self.whose = whose

    def __str__(self) -> str:
        return (
            f"rate limit {self.name!r} is {self.limit} here, but {self.other} in {self.whose}; "
            "give both the same numbers, or two services two names"
        )


class RateLimitBusyError(InfraError):
    """The file in which a rate limit is kept can't be used."""

    def __init__(self, name: str, path: Path, reason: str) -> None:
        super().__init__(name, path, reason)
        self.name = name
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"rate limit {self.name!r} can't be kept in {self.path}: {self.reason}; end what else "
            "uses the file, remove it, or choose another place with --infra-dir"
        )


class SharedFixtureError(InfraError):
    """A fixture that is set up once per run can't be used as it is written or asked for."""

    def __init__(self, fixture: str, problem: str, remedy: str) -> None:
        super().__init__(fixture, problem, remedy)
        self.fixture = fixture
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"once-per-run fixture {self.fixture}: {self.problem}; {self.remedy}"


class SharedSetUpError(InfraError):
    """The one set-up of a once-per-run fixture failed; all who ask get the same text."""

    def __init__(self, fixture: str, asked_by: str, text: str) -> None:
        super().__init__(fixture, asked_by, text)
        self.fixture = fixture
        self.asked_by = asked_by
        self.text = text

    def __str__(self) -> str:
        return (
            f"the set-up of the once-per-run fixture {self.fixture}, asked for by {self.asked_by}, "
            f"failed; it is tried once in a run:\n{self.text}"
        )


class DeadlinePassedError(InfraError):
    """Something took longer than it was given."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(timeout_s)
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return f"it took longer than {self.timeout_s:g} s; give it longer, or see what it waits for"


class PortsExhaustedError(InfraError):
    """No port is left that nobody has had in this run, and nobody else has."""

    def __init__(self, wanted: int, first: int, last: int) -> None:
        super().__init__(wanted, first, last)
        self.wanted = wanted
        self.first = first
        self.last = last

    def __str__(self) -> str:
        ports = "no free port is" if self.wanted == 1 else f"no {self.wanted} ports in a row are"
        return (
            f"{ports} left between {self.first} and {self.last}, as none is handed out twice in a "
            "run; widen test_ports in the ini file, or take the port in a wider fixture"
        )


class NameUnusableError(InfraError):
    """A prefix makes no valid name."""

    def __init__(self, prefix: str, problem: str) -> None:
        super().__init__(prefix, problem)
        self.prefix = prefix
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"unique_name({self.prefix!r}) {self.problem}; give a short word of letters, digits "
            'and inner hyphens, such as "vm"'
        )


class TrackingError(InfraError):
    """Something can't be registered for cleaning up."""

    def __init__(self, kind: str, name: str, problem: str, remedy: str) -> None:
        super().__init__(kind, name, problem, remedy)
        self.kind = kind
        self.name = name
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.kind} {self.name} can't be tracked: {self.problem}; {self.remedy}"


class CleanupError(InfraError):
    """Resources of a test could not be removed, or not in time."""

    def __init__(self, owner: str, failures: Sequence[str]) -> None:
        super().__init__(owner, tuple(failures))
        self.owner = owner
        self.failures = tuple(failures)

    def __str__(self) -> str:
        return (
            f"{self.owner} could not clean up {'; '.join(self.failures)}; "
            "what outlives a process is tried again at the end of the run and by the next one"
        )
