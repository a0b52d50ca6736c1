"""Every error that the infrastructure raises on purpose.

Facts are attributes and raw arguments go to `Exception`, so that an error can be pickled between
processes; the text is built when it is asked for.  Turning an error into pytest's own
`UsageError` is left to `plugin`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .records import Block, Holder

SHOWN_HOLDERS = 5


class InfraError(Exception):
    """Base of all errors raised on purpose."""


class MissingPackageError(InfraError):
    """A package that the infrastructure needs can't be imported."""

    def __init__(self, package: str, needed_for: str, remedy: str) -> None:
        super().__init__(package, needed_for, remedy)
        self.package = package
        self.needed_for = needed_for
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.package} is not there, and {self.needed_for}; {self.remedy}"


class SettingError(InfraError):
    """A setting has a value that can't be used."""

    def __init__(self, setting: str, value: str, problem: str, remedy: str) -> None:
        super().__init__(setting, value, problem, remedy)
        self.setting = setting
        self.value = value
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.setting} = {self.value!r} {self.problem}; {self.remedy}"


class DirectoryUnusableError(InfraError):
    """A directory can't be made, written or removed."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(path, reason, remedy)
        self.path = path
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.path} can't be used as a directory: {self.reason}; {self.remedy}"


class ProcessLostError(InfraError):
    """A process of a hunt has ended before it answered."""

    def __init__(self, process: str, output: str, remedy: str) -> None:
        super().__init__(process, output, remedy)
        self.process = process
        self.output = output
        self.remedy = remedy

    def __str__(self) -> str:
        said = f"; this is what it said last:\n{self.output.strip()}" if self.output else ""
        return f"{self.process} has ended before it answered; {self.remedy}{said}"


class LockUnusableError(InfraError):
    """A lock file can't be opened at all, whoever holds it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.path} can't be used as a lock file: {self.reason}; "
            "remove it, or choose another place with --infra-dir"
        )


class LockTimeoutError(InfraError):
    """A lock was held by somebody else for longer than the deadline."""

    def __init__(self, path: Path, waited_s: float, holder: "Holder | None") -> None:
        super().__init__(path, waited_s, holder)
        self.path = path
        self.waited_s = waited_s
        self.holder = holder

    def __str__(self) -> str:
        holder = self.holder.render() if self.holder else "a holder that left no note"
        return (
            f"waited {self.waited_s:g} s for {self.path}, held by {holder}; wait for it to end, "
            "end it, or raise serial_lock_timeout_s in the ini file"
        )


class VmidsExhaustedError(InfraError):
    """A process asked for a VMID when its block had none left."""

    def __init__(self, block: "Block", holders: Mapping[str, int]) -> None:
        super().__init__(block, dict(holders))
        self.block = block
        self.holders = dict(holders)

    def __str__(self) -> str:
        most = sorted(self.holders.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = ", ".join(f"{name} holds {count}" for name, count in most[:SHOWN_HOLDERS])
        more = f", and {len(most) - SHOWN_HOLDERS} more" if len(most) > SHOWN_HOLDERS else ""
        return (
            f"no VMID is left in the block {self.block.render()}: {shown}{more}; "
            "give ids back with vmid_factory.release(vmid), or widen vmid_range in the ini file"
        )


class PidOutsideRangeError(InfraError):
    """A PID is larger than the system's largest, so no block belongs to it."""

    def __init__(self, pid: int, pid_limit: int) -> None:
        super().__init__(pid, pid_limit)
        self.pid = pid
        self.pid_limit = pid_limit

    def __str__(self) -> str:
        return (
            f"PID {self.pid} has no block of VMIDs: PIDs here run from 0 to {self.pid_limit - 1}; "
            "give a PID of this machine, as the header of a run prints it"
        )


class NoFreeBlockError(InfraError):
    """All blocks that can be leased are held by living processes."""

    def __init__(self, blocks: int, directory: Path) -> None:
        super().__init__(blocks, directory)
        self.blocks = blocks
        self.directory = directory

    def __str__(self) -> str:
        return (
            f"all {self.blocks} blocks of VMIDs in {self.directory} are leased; "
            "end other test runs, or choose another place with --infra-dir"
        )


class RoutingConflictError(InfraError):
    """Tests carry markers that contradict each other about where they may run."""

    def __init__(self, conflicts: Sequence[str]) -> None:
        super().__init__(tuple(conflicts))
        self.conflicts = tuple(conflicts)

    def __str__(self) -> str:
        return (
            f"contradictory markers: {'; '.join(self.conflicts)}; "
            "keep one of the two (a marker may also come from the class or from pytestmark)"
        )


class ManifestError(InfraError):
    """A worker told the controller nothing, or something else than the others."""

    def __init__(self, worker_id: str, problem: str) -> None:
        super().__init__(worker_id, problem)
        self.worker_id = worker_id
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"worker {self.worker_id} {self.problem}; every worker must load the same plugins and "
            "collect the same tests (--scheduler=xdist leaves lanes out)"
        )


class RecordError(InfraError):
    """A record was written by another version, or is not a record at all."""

    def __init__(self, kind: str, problem: str) -> None:
        super().__init__(kind, problem)
        self.kind = kind
        self.problem = problem

    def __str__(self) -> str:
        return f"not a {self.kind}: {self.problem}; was it written by another version?"


class ExemptionError(InfraError):
    """A marker that exempts a test from a check doesn't say from which, or why."""

    def __init__(self, nodeid: str) -> None:
        super().__init__(nodeid)
        self.nodeid = nodeid

    def __str__(self) -> str:
        return (
            f"the marker leaks of {self.nodeid} lacks a resource or a reason; "
            'write @pytest.mark.leaks("environ", reason="what needs it")'
        )


class GuardAsleepError(InfraError):
    """The guard did not see a change that was planted for it."""

    def __init__(self, resources: Sequence[str]) -> None:
        super().__init__(resources)
        self.resources = resources

    def __str__(self) -> str:
        return (
            f"the guard doesn't see a change planted in {', '.join(self.resources)}; "
            "another plugin or an import replaces what it reads: find it with -p no:NAME, "
            "or run with --isolation=off"
        )


class CollectionFailedError(InfraError):
    """Pytest did not collect any test."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output

    def __str__(self) -> str:
        return (
            "pytest collected no tests to look at; the arguments behind the verb are pytest's own, "
            f"and this is what it said:\n{self.output.strip()}"
        )


class RepositoryError(InfraError):
    """Git can't tell what has changed."""

    def __init__(self, directory: Path, problem: str) -> None:
        super().__init__(directory, problem)
        self.directory = directory
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"what has changed in {self.directory} can't be told: {self.problem.strip()}; "
            "name the tests instead of --changed"
        )


class KnownFlakyError(InfraError):
    """The file of known flaky tests can't be used."""

    def __init__(self, path: Path, line: int, problem: str, remedy: str) -> None:
        super().__init__(path, line, problem, remedy)
        self.path = path
        self.line = line
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.path}, line {self.line}" if self.line else str(self.path)
        return f"{where}: the file of known flaky tests {self.problem}; {self.remedy}"


class UnknownRunError(InfraError):
    """No run, or more than one, is known by the name that was given to `--replay`."""

    def __init__(self, name: str, matches: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(name, matches, known)
        self.name = name
        self.matches = matches
        self.known = known

    def __str__(self) -> str:
        if self.matches:
            return (
                f"--replay {self.name} could be any of {', '.join(self.matches)}; give more of it"
            )
        known = ", ".join(self.known) or "none, for none has run here with pytest's cache on"
        return (
            f"--replay {self.name}: no such run, nor such a file; "
            f"known are, the newest first: {known}"
        )


class ReplayError(InfraError):
    """A recorded run can't be repeated as asked for."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


class PhaseError(InfraError):
    """The phases can't begin, go on or be taken back as asked for."""

    def __init__(self, problem: str, facts: str, remedy: str) -> None:
        super().__init__(problem, facts, remedy)
        self.problem = problem
        self.facts = facts
        self.remedy = remedy

    def __str__(self) -> str:
        facts = f": {self.facts}" if self.facts else ""
        return f"{self.problem}{facts}; {self.remedy}"
