"""Both sides of a warm start in one process: what is asked, told, learned, and said when cold."""

import dataclasses
import json
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.infra import early_start, gate, preloads, warmstart
from tests.infra.preloads import Imports
from tests.infra.warmstart import ASKED, TOLD, ControllerSide, WorkerSide

IMPORTS = Imports(("json", "sqlite3"), ("pytest",), ("odd_one",), ("/srv",))


class Nursery:
    """Stands in for the process; answers as one does."""

    offenders: Mapping[str, str] = {}
    problem = ""
    late_problem = ""

    def __init__(self, order: gate.Order, environ: Mapping[str, str] | None = None) -> None:
        self.order = order
        self.environ = environ
        self.socket_path = Path("nowhere")
        self.ended: list[str] = []

    def settle(self, directory: Path) -> None:
        self.socket_path = directory / "nursery"

    def wait_until_ready(self, _timeout_s: float) -> tuple[Mapping[str, str], str]:
        return self.offenders, self.problem

    def read_problem(self) -> str:
        return self.late_problem

    def close(self) -> None:
        self.ended.append("closed")

    def kill(self) -> None:
        self.ended.append("killed")


class Cache:
    """Pytest's cache, as far as it is asked: directories."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mkdir(self, name: str) -> Path:
        made = self.path / "d" / name
        made.mkdir(parents=True, exist_ok=True)
        return made


class Config:
    """A configuration, as far as it is asked; parsing one takes longer than all else here."""

    inipath = None

    def __init__(self, path: Path, **options: object) -> None:
        self.rootpath = path
        self.options = options
        self.cache = Cache(path / ".pytest_cache")
        self.pluginmanager = pytest.PytestPluginManager()
        self.pluginmanager.register(self.cache, "cacheprovider")
        self.cleanups: list[Callable[[], object]] = []
        self.stash = pytest.Stash()

    def getini(self, name: str) -> str:
        return ".pytest_cache" if name == "cache_dir" else ""

    def getoption(self, name: str, default: object = None) -> object:
        return self.options.get(name, default)

    def add_cleanup(self, work: Callable[[], object]) -> None:
        self.cleanups.append(work)


# Any: it stands in for pytest's own, which is final.
@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The configuration of a controller, under no coverage that would make all workers cold."""
    monkeypatch.setattr(warmstart, "is_traced", lambda: False)
    monkeypatch.setattr(warmstart, "COVERAGE_VARIABLES", ("NO_SUCH_VARIABLE",))
    monkeypatch.setattr(warmstart, "Nursery", Nursery)
    return Config(tmp_path, dist="load", tx=["popen"])


def make_node(worker_id: str, **attributes: object) -> Any:
    """Make what xdist's controller knows of a worker."""
    gateway = SimpleNamespace(id=worker_id)
    return SimpleNamespace(gateway=gateway, workerinput={}, **attributes)


def learn(config: pytest.Config, directory: Path, imports: Imports = IMPORTS) -> ControllerSide:
    """Let a run learn from its first worker."""
    side = ControllerSide(config, directory, ())
    side.pytest_configure_node(make_node("gw0"))
    side.pytest_testnodedown(make_node("gw0", workeroutput={TOLD: imports.to_json()}), None)
    return side


def start(config: pytest.Config, directory: Path) -> tuple[ControllerSide, Any]:
    """Start a run that has learned; return its side, and what execnet starts workers by."""
    learn(config, directory)
    side = ControllerSide(config, directory, ())
    spec: Any = SimpleNamespace(python=None)
    side.pytest_xdist_setupnodes([spec])
    return side, spec


def test_first_run_is_cold_and_asks_one_worker(config: pytest.Config, tmp_path: Path) -> None:
    side = ControllerSide(config, tmp_path, ())
    nodes = [make_node("gw0"), make_node("gw1")]

    for node in nodes:
        side.pytest_configure_node(node)
    side.pytest_xdist_setupnodes([])

    assert side.explain() == "workers start cold: this run learns what workers import"
    assert not side.is_warm
    assert [ASKED in node.workerinput for node in nodes] == [True, False]


def test_another_worker_is_asked_where_the_first_crashed(
    config: pytest.Config, tmp_path: Path
) -> None:
    side, second = ControllerSide(config, tmp_path, ()), make_node("gw2")
    side.pytest_configure_node(make_node("gw0"))

    side.pytest_testnodedown(make_node("gw1", workeroutput={TOLD: "other"}), None)
    side.pytest_testnodedown(make_node("gw0"), "crashed")
    side.pytest_configure_node(second)

    assert ASKED in second.workerinput
    assert not warmstart.find_file(config).exists()


def test_what_a_worker_told_oddly_is_not_learned(config: pytest.Config, tmp_path: Path) -> None:
    side = ControllerSide(config, tmp_path, ())
    side.pytest_configure_node(make_node("gw0"))

    side.pytest_testnodedown(make_node("gw0", workeroutput={TOLD: "{"}), None)

    assert not warmstart.find_file(config).exists()


def test_second_run_is_warm(config: pytest.Config, tmp_path: Path) -> None:
    side, spec = start(config, tmp_path)

    assert side.is_warm
    assert side.explain() == ""
    words = shlex.split(spec.python)
    assert words[-2:] == [str(tmp_path / "nursery"), sys.executable]
    assert str(warmstart.CLIENT) in words
    side.close()
    side.close()


def test_nursery_is_told_what_was_learned() -> None:
    kept = preloads.Preload(IMPORTS, {"bad": "opens a file"}, "3.11", "mode", 1.0)

    order = warmstart.build_order(kept, ["/lib"])

    assert (order.modules, order.rewritten) == (IMPORTS.modules, IMPORTS.rewritten)
    assert order.excluded == ("bad", "odd_one")


def test_worker_that_could_not_be_forked_is_told_at_the_end(
    config: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Nursery, "late_problem", "the process that forks them has died")
    side, _ = start(config, tmp_path)

    assert side.explain() == "workers start cold: the process that forks them has died"


def test_offender_makes_this_run_cold_and_is_left_out_of_the_next(
    config: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Nursery, "offenders", {"sqlite3": "opens a file"})
    monkeypatch.setattr(Nursery, "problem", "sqlite3 can't be shared: it opens a file")
    side, spec = start(config, tmp_path)
    side.pytest_configure_node(make_node("gw0"))
    side.pytest_testnodedown(make_node("gw0", workeroutput={TOLD: IMPORTS.to_json()}), None)

    assert spec.python is None
    assert side._nursery is None
    assert side.explain() == "workers start cold: sqlite3 can't be shared: it opens a file"
    kept = json.loads(warmstart.find_file(config).read_text(encoding="utf-8"))
    assert kept["excluded"] == {"sqlite3": "opens a file"}


def test_module_that_patches_the_library_makes_workers_cold(
    config: pytest.Config, tmp_path: Path
) -> None:
    learn(config, tmp_path, dataclasses.replace(IMPORTS, modules=(preloads.PATCHERS[0],)))

    side = ControllerSide(config, tmp_path, ())

    assert side.explain().endswith("patches the standard library")


def test_process_that_cannot_be_started_makes_workers_cold(
    config: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_order: gate.Order) -> None:
        raise OSError("no memory")

    learn(config, tmp_path)
    monkeypatch.setattr(warmstart, "Nursery", refuse)

    side = ControllerSide(config, tmp_path, ())

    assert side.explain() == "workers start cold: no process could be started (no memory)"


def test_run_that_cannot_be_warm_asks_nobody(
    config: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warmstart, "is_traced", lambda: True)
    side, node = ControllerSide(config, tmp_path, ()), make_node("gw0")

    side.pytest_configure_node(node)

    assert node.workerinput == {}
    assert side.explain() == "workers start cold: a tracer, a profiler or coverage is at work"


def test_controller_gets_its_side_and_ends_it(config: Any, tmp_path: Path) -> None:
    side = warmstart.register(config, tmp_path, ("tests.infra",))

    assert side is not None
    assert side is config.pluginmanager.getplugin("infra-warmstart")
    assert config.cleanups == [side.close]
    assert str(Path(warmstart.__file__).parent) in side._roots


@pytest.mark.parametrize(("asked", "is_asked"), [(["/lib"], True), (None, False)])
def test_worker_that_is_asked_tells_what_it_imported(
    tmp_path: Path, asked: list[str] | None, is_asked: bool
) -> None:
    # Any: xdist's attributes of a worker's config.
    config: Any = Config(tmp_path)
    config.workerinput, config.workeroutput = {ASKED: asked}, {}

    assert warmstart.register(config, tmp_path) is None

    side = config.pluginmanager.getplugin("infra-warmstart")
    assert isinstance(side, WorkerSide) is is_asked
    if isinstance(side, WorkerSide):
        session: Any = SimpleNamespace(config=config)
        side.pytest_sessionfinish(session)
        assert Imports.from_json(config.workeroutput[TOLD]).search_path


def test_packages_that_are_not_there_have_no_directory() -> None:
    found = preloads.find_packages(["tests.infra", "no_such", "no_such.part", "json.decoder"])

    assert found == (str(Path(warmstart.__file__).parent),)


# --- before it is known whether one is wanted ----------------------------------------------------


def test_early_nursery_is_taken_by_the_run_that_wants_just_that(
    config: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(config, tmp_path)
    warmstart.start_early(config)
    early: Any = config.stash[early_start.EARLY].nursery
    # As the session does, by the seed that was drawn then.
    monkeypatch.setenv("PYTHONHASHSEED", early.environ["PYTHONHASHSEED"])

    side = ControllerSide(config, tmp_path, ())

    taken: Any = side._nursery
    assert taken is early
    assert taken.socket_path == tmp_path / "nursery"


@pytest.mark.parametrize("change", ["variable", "package"])
def test_early_nursery_that_was_told_otherwise_ends(
    config: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    learn(config, tmp_path)
    warmstart.start_early(config)
    early: Any = config.stash[early_start.EARLY].nursery
    monkeypatch.setenv("PYTHONHASHSEED", early.environ["PYTHONHASHSEED"])
    if change == "variable":
        monkeypatch.setenv("CHANGED_SINCE", "1")

    side = ControllerSide(config, tmp_path, ("tests.fixtures",) if change == "package" else ())

    assert early.ended == ["killed"]
    assert side._nursery not in (None, early)


def test_early_nursery_that_nobody_wants_ends(config: pytest.Config, tmp_path: Path) -> None:
    learn(config, tmp_path)
    warmstart.start_early(config)
    early: Any = config.stash[early_start.EARLY].nursery

    early_start.drop(config)
    early_start.drop(config)

    assert early.ended == ["killed"]


def test_without_a_past_run_none_is_started_early(config: pytest.Config) -> None:
    warmstart.start_early(config)

    early_start.drop(config)
    assert early_start.EARLY not in config.stash


@pytest.mark.parametrize(
    ("args", "is_likely"),
    [
        (("-n", "2"), True),
        (("-n", "auto"), False),
        (("-n", "0"), False),
        ((), False),
        (("-n", "2", "--collect-only"), False),
        (("-n", "2", "--warm-start=off"), False),
        (("-n", "2", "-o", "warm_start=off"), False),
        (("-n", "2", "-o", "warm_start=off", "--warm-start=on"), True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_command_line_says_whether_one_is_likely_wanted(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    is_likely: bool,
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeini("[pytest]\nwarm_start = on\nasyncio_default_fixture_loop_scope = function")
    seen: list[bool] = []

    class Plugin:
        def pytest_load_initial_conftests(self, early_config: pytest.Config) -> None:
            seen.append(early_start.is_likely(early_config))

    pytester.plugins.append(Plugin())
    pytester.parseconfig("-p", "tests.infra.plugin", "-p", "no:cacheprovider", *args)

    assert seen == [is_likely]
