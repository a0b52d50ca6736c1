"""The table of process globals: which calls and targets change which resource.

Reads are not in it: `os.environ.get` changes nothing.  Whether a change is taken back is decided
in `undoing`.
"""

from typing import Final

ENVIRONMENT: Final = "PTI101"
DIRECTORY: Final = "PTI102"
IMPORT_PATH: Final = "PTI104"
MODULES: Final = "PTI105"
STREAMS: Final = "PTI107"
WARNINGS: Final = "PTI109"
LOOP: Final = "PTI118"

LIST_METHODS: Final = (
    "append", "extend", "insert", "remove", "pop", "clear", "reverse", "sort",
)  # fmt: skip
DICT_METHODS: Final = ("update", "setdefault", "pop", "popitem", "clear", "__setitem__")
SET_METHODS: Final = ("add", "discard", "difference_update", "intersection_update")
OTHER_METHODS: Final = ("appendleft", "extendleft", "popleft", "rotate", "__delitem__")
MUTATORS: Final = frozenset((*LIST_METHODS, *DICT_METHODS, *SET_METHODS, *OTHER_METHODS))

CONTAINERS: Final = {
    "os.environ": ENVIRONMENT,
    "sys.path": IMPORT_PATH,
    "sys.meta_path": IMPORT_PATH,
    "sys.path_hooks": IMPORT_PATH,
    "sys.modules": MODULES,
    "sys.argv": "PTI106",
    "warnings.filters": WARNINGS,
    "logging.root.handlers": "PTI108",
    "logging.getLogger().handlers": "PTI108",
    "logging.getLogger().filters": "PTI108",
}
"""Objects that are changed in place or bound anew."""

ATTRIBUTES: Final = {
    "sys.stdout": STREAMS,
    "sys.stderr": STREAMS,
    "sys.stdin": STREAMS,
    "sys.excepthook": "PTI106",
    "sys.displayhook": "PTI106",
    "sys.unraisablehook": "PTI106",
    "sys.breakpointhook": "PTI106",
    "sys.dont_write_bytecode": "PTI106",
    "sys.tracebacklimit": "PTI106",
    "sys.platform": "PTI106",
    "threading.excepthook": "PTI106",
    "warnings.showwarning": WARNINGS,
    "logging.raiseExceptions": "PTI108",
    "logging.lastResort": "PTI108",
    "tempfile.tempdir": "PTI114",
}

PREFIXES: Final = {
    "logging.getLogger().": "PTI108",
    "logging.root.": "PTI108",
    "decimal.getcontext().": "PTI116",
    "decimal.DefaultContext.": "PTI116",
}
"""Whatever attribute of these is assigned."""

CALLS: Final = {
    "os.putenv": ENVIRONMENT,
    "os.unsetenv": ENVIRONMENT,
    "os.chdir": DIRECTORY,
    "os.fchdir": DIRECTORY,
    "os.umask": "PTI103",
    "site.addsitedir": IMPORT_PATH,
    "sys.settrace": "PTI106",
    "sys.setprofile": "PTI106",
    "sys.setrecursionlimit": "PTI106",
    "sys.setswitchinterval": "PTI106",
    "sys.set_int_max_str_digits": "PTI106",
    "threading.settrace": "PTI106",
    "threading.setprofile": "PTI106",
    "logging.disable": "PTI108",
    "logging.basicConfig": "PTI108",
    "logging.captureWarnings": "PTI108",
    "logging.addLevelName": "PTI108",
    "logging.setLoggerClass": "PTI108",
    "logging.setLogRecordFactory": "PTI108",
    "logging.config.dictConfig": "PTI108",
    "logging.config.fileConfig": "PTI108",
    **{
        f"logging.{logger}.{method}": "PTI108"
        for logger in ("getLogger()", "root")
        for method in ("setLevel", "addHandler", "addFilter", "removeHandler", "removeFilter")
    },
    "warnings.simplefilter": WARNINGS,
    "warnings.filterwarnings": WARNINGS,
    "warnings.resetwarnings": WARNINGS,
    "locale.setlocale": "PTI110",
    "signal.signal": "PTI111",
    "signal.alarm": "PTI111",
    "signal.setitimer": "PTI111",
    "signal.pthread_sigmask": "PTI111",
    "signal.set_wakeup_fd": "PTI111",
    "socket.setdefaulttimeout": "PTI112",
    "random.seed": "PTI113",
    "random.setstate": "PTI113",
    "numpy.random.seed": "PTI113",
    "numpy.random.set_state": "PTI113",
    "time.tzset": "PTI115",
    "decimal.setcontext": "PTI116",
    "gc.disable": "PTI117",
    "gc.enable": "PTI117",
    "gc.set_threshold": "PTI117",
    "gc.set_debug": "PTI117",
    "gc.freeze": "PTI117",
    "gc.unfreeze": "PTI117",
    "asyncio.set_event_loop_policy": "PTI118",
    "asyncio.set_event_loop": "PTI118",
    "multiprocessing.set_start_method": "PTI119",
}

RESTORING_CALLS: Final = frozenset({
    "gc.enable", "gc.unfreeze", "os.unsetenv", "random.setstate", "numpy.random.set_state",
    "logging.getLogger().removeHandler", "logging.getLogger().removeFilter",
    "logging.root.removeHandler", "logging.root.removeFilter",
})  # fmt: skip

ASKING_CALLS: Final = frozenset({"locale.setlocale"})
"""With no second argument, or None, they only tell."""

WORDS: Final = {
    ENVIRONMENT: ("env",),
    DIRECTORY: ("cwd", "chdir", "dir", "filesystem", "pushd", "cd"),
    "PTI103": ("umask",),
    IMPORT_PATH: ("sys_path", "syspath", "path", "import"),
    MODULES: ("module", "import", "reload"),
    "PTI106": ("argv", "sys", "hook", "trace", "recursion", "limit", "swap_attr"),
    STREAMS: ("stdout", "stderr", "stdin", "stream", "capture", "output", "redirect"),
    "PTI108": ("log",),
    WARNINGS: ("warn",),
    "PTI110": ("locale",),
    "PTI111": ("signal", "alarm", "handler", "timeout"),
    "PTI112": ("timeout", "socket"),
    "PTI113": ("random", "seed", "rng"),
    "PTI114": ("temp", "tmp"),
    "PTI115": ("tz", "timezone", "time_zone"),
    "PTI116": ("context", "decimal", "prec"),
    "PTI117": ("gc", "collect"),
    "PTI118": ("loop", "policy"),
    "PTI119": ("start_method", "context"),
}
"""What the name of a context, decorator or unknown fixture holds that takes the resource back."""

RESTORERS: Final = (
    "restor",
    "preserv",
    "isolat",
    "save_",
    "snapshot",
    "sandbox",
    "clean_",
    "reset",
)
"""The same, whatever the resource."""

KNOWN_FIXTURES: Final = {
    "pytester": (DIRECTORY, IMPORT_PATH, MODULES),
    "testdir": (DIRECTORY, IMPORT_PATH, MODULES),
    "capsys": (STREAMS,),
    "capfd": (STREAMS,),
    "capsysbinary": (STREAMS,),
    **dict.fromkeys(
        ("tmp_path", "tmpdir", "tmp_path_factory", "tmpdir_factory", "monkeypatch", "request"), ()
    ),
}
"""Fixtures of pytest's own, and what they take back."""


def find_target(chain: str) -> str | None:
    """Return the rule of what an assignment to, or deletion of, a chain changes."""
    base = chain.partition("[]")[0]
    if base in CONTAINERS and chain in (base, f"{base}[]"):
        return CONTAINERS[base]
    if chain in ATTRIBUTES:
        return ATTRIBUTES[chain]
    return next((rule for prefix, rule in PREFIXES.items() if chain.startswith(prefix)), None)


def find_call(chain: str) -> str | None:
    """Return the rule of what a call changes; `chain` is the callee's."""
    if chain in CALLS:
        return CALLS[chain]
    owner, _, method = chain.rpartition(".")
    return CONTAINERS.get(owner) if method in MUTATORS else None
