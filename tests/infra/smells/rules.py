"""The table of rules: what is looked for, why it breaks, how it is mended.

The texts are the only ones: reports, `--rules` and the reference are made from them.
How each rule finds what it looks for is in the modules beside this one.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Severity(Enum):
    """How sure a finding is to hurt; the values are SARIF's words."""

    ERROR = "error"
    """It leaves something behind, or two workers meet in it."""
    WARNING = "warning"
    """It hurts under load, or once another test looks."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of smell."""

    id: str
    name: str
    why: str
    mend: str
    severity: Severity = Severity.ERROR
    is_watched: bool = False
    """Whether the guard can see at run time what it is about, and so retire its findings."""


AFTER: Final = "tests after it in the same process see the change, and which those are depends on "
LATER: Final = AFTER + "order and worker"


def _watched(id_: str, name: str, why: str, mend: str) -> Rule:
    return Rule(id_, name, why, mend, is_watched=True)


def _warned(id_: str, name: str, why: str, mend: str) -> Rule:
    return Rule(id_, name, why, mend, severity=Severity.WARNING)


TABLE: Final = (
    _watched("PTI101", "environment", LATER, "use monkeypatch.setenv/delenv, or patch.dict"),
    _watched(
        "PTI102",
        "working-directory",
        "relative paths of the tests after it lead elsewhere, or nowhere once the directory goes",
        "use monkeypatch.chdir, or contextlib.chdir in a with",
    ),
    _watched(
        "PTI103",
        "umask",
        "files that later tests make get other permissions",
        "set it back in a finally: old = os.umask(0o077); try: ... finally: os.umask(old)",
    ),
    _watched(
        "PTI104",
        "import-path",
        "later imports find other modules; workers that run other tests find the usual ones",
        "use monkeypatch.syspath_prepend, or pytest's pythonpath setting for the whole suite",
    ),
    _watched(
        "PTI105",
        "loaded-modules",
        "later imports get the stub, or a second copy beside the one that others hold",
        "use monkeypatch.setitem/delitem(sys.modules, ...), or patch.dict(sys.modules)",
    ),
    _watched(
        "PTI106",
        "interpreter-hooks",
        LATER,
        "use monkeypatch.setattr(sys, ...), or set the old value back in a finally",
    ),
    _watched(
        "PTI107",
        "standard-streams",
        "output of later tests goes elsewhere, and capturing loses it",
        "use capsys, monkeypatch.setattr(sys, 'stdout', ...), or contextlib.redirect_stdout",
    ),
    _watched(
        "PTI108",
        "logging",
        "loggers belong to the process: later tests miss records, or get each one twice",
        "use caplog.set_level, or take the handler or level back in a finally",
    ),
    _watched(
        "PTI109",
        "warnings-filters",
        "pytest takes filters back after each test, so only the first user gets this one",
        "use the filterwarnings setting or mark, or warnings.catch_warnings around the use",
    ),
    _watched("PTI110", "locale", LATER, "set the old locale back after the yield, or in a finally"),
    _watched(
        "PTI111",
        "signals",
        "the handler or timer stays; it fires in a test that knows nothing of it",
        "keep what signal.signal returned and set it back in a finally; disarm with alarm(0)",
    ),
    _watched(
        "PTI112",
        "socket-timeout",
        "every later socket gets the timeout",
        "use monkeypatch, or settimeout on the one socket",
    ),
    _watched(
        "PTI113",
        "random-state",
        "the stream is shared: what later tests draw depends on who seeded before them",
        "draw from random.Random(seed) or numpy's default_rng(seed), or restore the state",
    ),
    _watched(
        "PTI114",
        "temp-directory",
        "later temporary files land in a directory that is soon gone",
        "use monkeypatch.setattr(tempfile, 'tempdir', ...)",
    ),
    _watched(
        "PTI115",
        "time-zone",
        "the C library keeps the zone, also when monkeypatch has taken TZ back",
        "call time.tzset() again once TZ is back, after the yield of a fixture",
    ),
    _watched("PTI116", "decimal-context", LATER, "use with decimal.localcontext()"),
    _watched("PTI117", "garbage-collector", LATER, "turn it back in a finally"),
    _watched(
        "PTI118",
        "event-loop",
        "later tests get this policy or a closed loop",
        "use asyncio.run or pytest-asyncio's loop; set the policy back after the yield",
    ),
    _watched(
        "PTI119",
        "start-method",
        "the start method can be set once in a process",
        "use multiprocessing.get_context(method)",
    ),
    _watched(
        "PTI201",
        "module-state",
        "the object lives as long as the process: " + LATER,
        "make it in the test or a fixture of function scope, or use monkeypatch.setitem/setattr",
    ),
    _watched(
        "PTI202",
        "global-rebound",
        LATER,
        "return the value, or use monkeypatch.setattr",
    ),
    _watched(
        "PTI203",
        "class-state",
        "a class attribute is one object for all tests of the class, on each worker another one",
        "set it on self in setup_method or setUp, or use a fixture",
    ),
    _watched(
        "PTI204",
        "imported-state",
        "whoever imports it in this process sees the change: " + LATER,
        "use monkeypatch.setattr/setitem, or unittest.mock.patch as a context",
    ),
    _watched(
        "PTI301",
        "wide-fixture-value",
        "tests that share the fixture see the change; under xdist each worker has its own copy, "
        "so the outcome depends on which tests went before on the same worker",
        "give the fixture function scope, hand out a copy, or use monkeypatch.setitem/setattr",
    ),
    _watched(
        "PTI302",
        "patch-not-stopped",
        "the patch stays for all later tests of the process",
        "use with patch(...), the decorator, or addCleanup(patcher.stop)",
    ),
    _warned(
        "PTI303",
        "setup-without-teardown",
        "what it opens stays open for the rest of the process, on each worker that runs a test "
        "of the class or module",
        "close it in the teardown of the same level, or by addClassCleanup",
    ),
    Rule(
        "PTI304",
        "wide-fixed-name",
        "each worker sets the fixture up, so all make or drop the one thing of this name",
        "put worker_id into the name",
    ),
    Rule(
        "PTI401",
        "fixed-port",
        "two workers, or two runs on one machine, can't have the same port",
        "bind port 0 and ask the socket which one it got, or take the fixture free_port",
    ),
    Rule(
        "PTI402",
        "fixed-vmid",
        "two workers, or two runs on one cluster, create the same guest",
        "take a VMID of this process's block from the fixture process_unique_vmid",
    ),
    Rule(
        "PTI403",
        "fixed-path",
        "two workers, or two runs on one machine, write the same file",
        "write below tmp_path",
    ),
    Rule(
        "PTI404",
        "working-tree-write",
        "workers share the working tree; what one writes, another one finds or overwrites",
        "write below tmp_path, or monkeypatch.chdir(tmp_path) first",
    ),
    Rule(
        "PTI501",
        "unordered-parameters",
        "workers collect in different orders, and xdist refuses to run",
        "wrap it in sorted(...)",
    ),
    _warned(
        "PTI502",
        "sleep-before-assert",
        "how long is long enough depends on the machine and on what else runs on it",
        "wait for the condition with a deadline, or pass a clock",
    ),
    _warned(
        "PTI503",
        "elapsed-time",
        "beside other workers everything takes longer",
        "assert on a clock that the test moves, or on what was done instead of how fast",
    ),
    _warned(
        "PTI504",
        "clock-compared",
        "the clock moves on between the two readings",
        "pass the time in, or compare with a range",
    ),
    _warned(
        "PTI505",
        "unjoined-thread",
        "it goes on beside the next test and changes things there",
        "join it before the test ends, in a finally",
    ),
    _warned(
        "PTI901",
        "suppression-without-reason",
        "nobody can tell later whether it still holds",
        "write the reason behind the bracket",
    ),
    _warned(
        "PTI902",
        "suppression-of-nothing",
        "it would hide the next finding of this line",
        "remove it",
    ),
)

RULES: Final = {rule.id: rule for rule in TABLE}
