import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra import cli
from tests.infra.commands import NAMES, lanes, load_verb
from tests.infra.commands.lanes import find_ini_line
from tests.infra.commands.verb import Outcome, Verb
from tests.infra.errors import InfraError
from tests.test_infra.conftest import InnerSuite

ROOT = Path(__file__).parents[2]

INFRA = Path(__file__).parents[1] / "infra"

INI = """
lanes =
    slow = 1
    integration = 3
"""

SUITE = """
import pytest

pytestmark = pytest.mark.integration

@pytest.mark.xdist_group("db")
class TestAll:
    def test_grouped(self): pass

    @pytest.mark.slow
    @pytest.mark.lane("api", width=2)
    def test_limited(self): pass

@pytest.mark.serial
def test_alone(): pass
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(inner: InnerSuite, capsys: pytest.CaptureFixture[str]) -> Run:
    """Write an inner suite, and run the command line on it in this process."""

    def run_cli(*arguments: str, ini: str = "", **files: str) -> tuple[int, str, str]:
        inner.write(ini=ini, **files)
        code = cli.main(["lanes", "-p", inner.plugin, *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run_cli


@pytest.mark.proof
def test_lanes_tells_of_each_test_where_it_is_and_why(run: Run) -> None:
    code, out, err = run(test_a=SUITE, ini=INI)

    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        "test_a.py::TestAll::test_grouped: integration (3 at a time), group db; "
        "marker xdist_group('db') of class TestAll, "
        "marker integration of module test_a.py (pytest.ini:10)",
        "test_a.py::TestAll::test_limited: api (2 at a time), integration (3 at a time), "
        "slow (1 at a time), group db; marker lane('api', width=2), marker slow (pytest.ini:9), "
        "marker xdist_group('db') of class TestAll, "
        "marker integration of module test_a.py (pytest.ini:10)",
        "test_a.py::test_alone: exclusive, integration (3 at a time); marker serial (default), "
        "marker integration of module test_a.py (pytest.ini:10)",
    ]


def test_json_holds_what_a_command_line_of_pytest_would_run(run: Run) -> None:
    code, out, _ = run("--json", "-k", "alone or grouped", "-n", "2", test_a=SUITE)

    data = json.loads(out)
    assert (code, data["version"], data["exit_code"], data["workers"]) == (0, 1, 0, 2)
    assert [test["nodeid"] for test in data["tests"]] == [
        "test_a.py::TestAll::test_grouped",
        "test_a.py::test_alone",
    ]
    assert [row["name"] for row in data["lanes"]] == ["(exclusive)", "integration", "group db"]


@pytest.mark.proof
def test_expected_times_come_from_the_history(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"test_a.py::test_a": Known(2.5, "measured"), "test_a.py::test_b": Known(0.01, "none")}
    monkeypatch.setattr(lanes, "estimate", lambda *_: known)

    _, out, _ = run(test_a="def test_a(): pass\ndef test_b(): pass")

    assert out.splitlines()[:2] == [
        "test_a.py::test_a: anywhere; 2.50 s (measured)",
        "test_a.py::test_b: anywhere",
    ]


@dataclass(frozen=True)
class Known:
    cost_s: float
    source: str


@pytest.mark.proof
@pytest.mark.parametrize(
    ("test", "ini", "expected"),
    [
        (
            "import pytest\n@pytest.mark.serial\n@pytest.mark.parallel_safe\ndef test_a(): pass",
            "",
            "marked both serial and parallel_safe",
        ),
        (
            "def test_a(): pass",
            "lanes = slwo = 1\n",
            "finding: lane slwo (pytest.ini:7) has no marker of its name",
        ),
    ],
    ids=["contradiction", "unknown-lane"],
)
def test_finding_is_told_and_gives_1(run: Run, test: str, ini: str, expected: str) -> None:
    code, out, err = run(test_a=test, ini=ini)

    assert (code, err) == (1, "")
    assert expected in out.splitlines()[-1]


@pytest.mark.proof
@pytest.mark.parametrize(
    ("test", "arguments", "expected"),
    [
        ("import nowhere", (), "No module named 'nowhere'"),
        ("def test_a(): pass", ("-k", "nothing"), "2 deselected"),
        ("def test_a(): pass", ("--no-such-option",), "unrecognized arguments"),
        ("def test_a(): pass", ("-o", "lanes=slow"), "is no lane"),
    ],
    ids=["import-error", "nothing-left", "unknown-option", "bad-setting"],
)
def test_what_pytest_cannot_collect_is_shown_and_gives_2(
    run: Run, test: str, arguments: tuple[str, ...], expected: str
) -> None:
    code, out, err = run(*arguments, test_a=test, test_b="def test_b(): pass")

    assert (code, out) == (2, "")
    assert expected in err


def test_suite_that_does_not_load_the_plugin_is_told_how(
    inner: InnerSuite, capsys: pytest.CaptureFixture[str]
) -> None:
    inner.write(test_a="def test_a(): pass")

    assert cli.main(["lanes"]) == 2
    assert "add -p tests.infra.plugin" in capsys.readouterr().err


def make_verb(result: Outcome | Exception) -> Verb:
    def run_it(_: object) -> Outcome:
        if isinstance(result, Exception):
            raise result
        return result

    return Verb("try", "", "", run_it)


def put_in_place(monkeypatch: pytest.MonkeyPatch, verb: Verb) -> None:
    """Let the command line know one verb only."""
    monkeypatch.setattr(cli, "NAMES", (verb.name,))
    monkeypatch.setattr(cli, "load_verb", {verb.name: verb}.__getitem__)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (Outcome("all well", {}), 0),
        (InfraError("a mistake"), 2),
        (ZeroDivisionError("ours"), 3),
    ],
    ids=["sound", "usage", "failure"],
)
def test_exit_code_tells_whose_fault_it_is(
    result: Outcome | Exception, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch, make_verb(result))

    assert cli.main(["try"]) == code


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["try", "--odd"]], ids=str)
def test_unknown_words_are_usage_errors(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch, make_verb(Outcome("", {})))

    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)


@pytest.mark.parametrize("name", NAMES)
def test_help_of_each_verb_teaches_with_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([name, "--help"])

    assert f"  python -m tests.infra {name} " in capsys.readouterr().out.split("examples:")[1]


@pytest.mark.parametrize(
    ("word", "loaded"), [("lanes", ["lanes"]), ("--help", [*NAMES])], ids=["one", "all"]
)
def test_only_the_verbs_that_are_shown_are_imported(
    word: str,
    loaded: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found: list[str] = []

    def load(name: str) -> Verb:
        found.append(name)
        return load_verb(name)

    monkeypatch.setattr(cli, "load_verb", load)

    with pytest.raises(SystemExit, match="0"):
        cli.main([word, *(["--help"] if word in NAMES else [])])

    assert found == loaded
    assert all(name in capsys.readouterr().out for name in loaded[:1])


TOML = '[tool.pytest.ini_options]\nlanes = """\nslow = 1\napi = 2\n"""\n[other]\nserial = 3\n'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[pytest]\nlanes = slow = 1\n  api = 2\n", {"slow": 2, "api": 3, "serial": None}),
        (TOML, {"slow": 3, "api": 4, "serial": None}),
        ("[pytest]\nslow = 1\n", {"slow": None}),
        ("[pytest]\nlanes =\n  slower = 1\n  slow=2\nslow_too = 1", {"slow": 4}),
    ],
    ids=["ini", "toml", "none", "prefix"],
)
def test_line_of_a_lane_is_found(text: str, lines: Mapping[str, int | None]) -> None:
    assert {lane: find_ini_line(text, lane) for lane in lines} == lines


@pytest.mark.proof
def test_copy_under_another_name_works_by_its_conftest(inner: InnerSuite) -> None:
    shutil.copytree(INFRA, inner.path / "vendored" / "kit")
    (inner.path / "vendored" / "__init__.py").touch()
    inner.write(conftest='pytest_plugins = ["vendored.kit.plugin"]', test_a=SUITE)
    command = [sys.executable, "-m", "vendored.kit", "lanes", "-p", "no:hypothesispytest"]

    done = subprocess.run(
        command, cwd=inner.path, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "test_a.py::test_alone: exclusive" in done.stdout


@pytest.mark.parametrize("name", ["check", "hunt"])
def test_verb_that_runs_no_test_itself_does_without_pytest(name: str) -> None:
    code = "import sys; from tests.infra.commands import load_verb; load_verb(sys.argv[1]); "
    code += "sys.exit('pytest' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code, name], cwd=ROOT, check=False)

    assert done.returncode == 0
