"""The other plugins, and the ways in which a suite is run beside each of them."""

from dataclasses import dataclass
from typing import Final

PACKAGES: Final = (
    "pytest>=9.1",
    "pytest-xdist>=3.8",
    "pytest-asyncio",
    "pytest-repeat",
    "filelock",
    "pytest-randomly",
    "pytest-rerunfailures",
    "pytest-timeout",
    "pytest-cov",
    "pytest-split",
    "pytest-sugar",
    "pytest-html",
    "pytest-order",
    "pytest-instafail",
    "pytest-mock",
    "allure-pytest",
)
RERUNS: Final = 2


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A plugin, or several, beside ours."""

    name: str
    plugins: tuple[str, ...] = ()
    """As given to `-p`: names of entry points."""
    args: tuple[str, ...] = ()
    artefact: str = ""
    """What it must leave, as a pattern of files."""
    kills_workers: bool = False
    """Whether it ends the process of a test that takes too long."""
    reruns: bool = False

    @property
    def crashes(self) -> int:
        """How many workers crash in a run."""
        return self.kills_workers * (RERUNS + 1 if self.reruns else 1)

    @property
    def all_args(self) -> list[str]:
        """Everything that is given to pytest for it."""
        return [*(part for name in self.plugins for part in ("-p", name)), *self.args]


TIMEOUT: Final = ("--timeout=2", "--timeout-method=thread")
NEIGHBOURS: Final = (
    Neighbour("none"),
    Neighbour("pytest-randomly", ("randomly",)),
    Neighbour("pytest-rerunfailures", ("rerunfailures",), (f"--reruns={RERUNS}",), reruns=True),
    Neighbour("pytest-timeout", ("timeout",), TIMEOUT, kills_workers=True),
    Neighbour("pytest-cov", ("pytest_cov",), ("--cov=.", "--cov-report="), artefact=".coverage"),
    Neighbour("pytest-split", ("pytest-split",), ("--splits=2", "--group=1")),
    Neighbour("pytest-sugar", ("sugar",)),
    Neighbour(
        "pytest-html",
        ("metadata", "html"),
        ("--html=report.html", "--self-contained-html"),
        artefact="report.html",
    ),
    Neighbour("pytest-order", ("pytest_order",)),
    Neighbour("pytest-instafail", ("instafail",), ("--instafail",)),
    Neighbour("pytest-mock", ("pytest_mock",)),
    Neighbour(
        "allure-pytest",
        ("allure_pytest",),
        ("--alluredir=allure",),
        artefact="allure/*-result.json",
    ),
)
# pytest-split cuts the order that it finds, and pytest-randomly makes another one each time: the
# two choose other tests in every run, with workers and without.
TOGETHER: Final = tuple(one for one in NEIGHBOURS if one.name != "pytest-split")
ALL: Final = Neighbour(
    "all but pytest-split",
    tuple(name for one in TOGETHER for name in one.plugins),
    tuple(arg for one in TOGETHER for arg in one.args),
    kills_workers=True,
    reruns=True,
)


@dataclass(frozen=True, slots=True)
class Way:
    """How the suite is run."""

    name: str
    args: tuple[str, ...]
    """Those that choose or repeat tests; the sequential run has them, too."""
    parallel: tuple[str, ...]
    restarts: int | None = None
    """How many crashes the run survives, if that is limited."""
    runs_everywhere: bool = False
    """Whether each worker runs all tests (`--dist each`), so that no lane can hold."""

    @property
    def has_workers(self) -> bool:
        """Whether workers run the tests."""
        return "-n" in self.parallel

    def is_cut_short(self, neighbour: Neighbour) -> bool:
        """Tell whether crashes end the run, so that some tests may not run at all."""
        return self.restarts is not None and neighbour.crashes > self.restarts

    def is_beyond_xdist(self, neighbour: Neighbour) -> bool:
        """Tell whether xdist's own scheduler, which runs then, fails without us, too.

        `--dist each` ends in an internal error when a second worker has been replaced.
        """
        return self.runs_everywhere and neighbour.crashes > 1


TWO: Final = ("-n", "2")
WAYS: Final = (
    Way("-n 2", (), TWO),
    Way("-k", ("-k", "lane or free"), TWO),
    Way("-m", ("-m", "serial or slow"), TWO),
    Way("--lf", ("--lf",), TWO),
    Way("--ff", ("--ff",), TWO),
    Way("--count=2", ("--count=2",), TWO),
    Way("--maxprocesses", (), ("-n", "4", "--maxprocesses=2")),
    Way("--max-worker-restart=0", (), (*TWO, "--max-worker-restart=0"), restarts=0),
    Way("--max-worker-restart=1", (), (*TWO, "--max-worker-restart=1"), restarts=1),
    Way("-p no:xdist", (), ("-p", "no:xdist")),
    Way("-p no:randomly", (), (*TWO, "-p", "no:randomly")),
    *(
        Way(f"--dist {name}", (), (*TWO, "--dist", name))
        for name in ("load", "worksteal", "loadscope", "loadfile", "loadgroup", "no")
    ),
    Way("--dist each", (), (*TWO, "--dist", "each"), runs_everywhere=True),
)
