"""The guides say what is there: their examples, commands, messages and links."""

import re
import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.fixtures import plugin as double_plugin
from tests.fixtures import real_fixtures
from tests.infra import (
    cli,
    database_fixtures,
    ledger_fixtures,
    options,
    rate_limit_fixtures,
    session_fixtures,
    tracker_fixtures,
    unique_fixtures,
)
from tests.infra.commands import NAMES
from tests.test_infra.conftest import InnerSuite

OURS: Final = (
    *(database_fixtures, ledger_fixtures, rate_limit_fixtures),
    *(session_fixtures, tracker_fixtures, unique_fixtures),
)
THE_DOUBLES: Final = (double_plugin, real_fixtures)
ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")])
EXAMPLES: Final = ROOT / "tests" / "examples" / "parallel_safe"
BAD: Final = sorted(path.stem.removeprefix("bad_") for path in EXAMPLES.glob("bad_*.py"))

GUIDES: Final = ("guide", "troubleshooting", "parallel-safe-tests", "another-repository")

LEAST_LETTERS: Final = 9
"""A quotation with fewer says nothing: it would be found anywhere."""


def read_page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def read_example(path: Path) -> str:
    """Read an example without the comments that keep `check` of this repository quiet."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r" *# isolation: ignore.*\n", "", text)


# --- examples ------------------------------------------------------------------------------------


def test_page_quotes_each_example_as_it_is() -> None:
    quoted = re.findall(
        r"^\[(\w+\.py)\]\(\.\./tests/examples/parallel_safe/\1\)[^\n]*\n\n```python\n(.*?)^```$",
        read_page("parallel-safe-tests"),
        re.MULTILINE | re.DOTALL,
    )

    files = [path for path in EXAMPLES.glob("*.py") if path.name != "__init__.py"]
    assert dict(quoted) == {path.name: read_example(path) for path in files}


def test_each_bad_example_has_a_good_one_beside_it() -> None:
    assert BAD
    assert [name for name in BAD if not (EXAMPLES / f"test_{name}.py").is_file()] == []


@pytest.mark.parametrize("name", BAD)
def test_check_finds_in_a_bad_example_what_the_page_quotes(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / f"test_{name}.py"
    copy.write_text(read_example(EXAMPLES / f"bad_{name}.py"), encoding="utf-8")

    assert cli.main(["check", str(copy)]) == 1

    findings = re.findall(r"^\S+:\d+:\d+: (PTI.*)$", capsys.readouterr().out, re.MULTILINE)
    page = read_page("parallel-safe-tests")
    assert [finding for finding in findings if finding not in page] == []


def test_check_finds_nothing_in_the_good_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(EXAMPLES)]) == 0

    assert "0 findings" in capsys.readouterr().out


def copy_bad(inner: InnerSuite, *names: str) -> None:
    for name in names:
        shutil.copy(EXAMPLES / f"bad_{name}.py", inner.path / f"test_{name}.py")


@pytest.mark.proof
def test_bad_examples_fail_or_are_named_in_one_process(inner: InnerSuite) -> None:
    copy_bad(inner, "environment", "module_state", "order")
    alone = ["test_order.py::test_add", "test_module_state.py::test_first_order"]

    result = inner.run("--isolation-tier=2", *(f"--deselect={nodeid}" for nodeid in alone))

    result.assert_outcomes(passed=1, failed=2, deselected=2)
    page = read_page("parallel-safe-tests")
    told = [line for line in result.outlines if re.search(r"^E  |before, '|^FAILED", line)]
    # How much of a message the summary shows depends on the terminal, and on CI.
    shown = {line.partition(" - ")[0].strip() for line in told}
    assert len([line for line in shown if line in page]) >= 4


MEETING = """
import os, time
from pathlib import Path
import pytest

@pytest.fixture(autouse=True)
def both_workers():
    meet("begin")
    yield
    meet("end")

def meet(name):
    Path(f"{name}.{os.environ['PYTEST_XDIST_WORKER']}").touch()
    deadline = time.monotonic() + 20
    while len(list(Path().glob(f"{name}.*"))) < 2:
        assert time.monotonic() < deadline, "the other one never came"
        time.sleep(0.002)
"""


@pytest.mark.proof
def test_bad_file_is_named_by_two_workers(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(inner.path))
    inner.write(conftest=MEETING)
    copy_bad(inner, "file")

    result = inner.run("-n", "2")

    result.stdout.fnmatch_lines(
        [
            "*infra: 1 conflict between workers*",
            "file */report-of-the-shop.txt: test_file.py::* on gw? * and test_file.py::* on gw? *",
        ]
    )


# --- messages ------------------------------------------------------------------------------------


@cache
def read_messages(package: str) -> str:
    """Read a package's sources as one text, in which adjacent literals are joined."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    root = Path(spec.submodule_search_locations[0])
    texts = (path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py")))
    return "\n".join(re.sub(r'"\n\s*f?"', "", text) for text in texts)


def find_pieces(line: str) -> list[str]:
    """Return what of a message no value can be: the text between `…`, the page's own ellipsis."""
    return [piece for piece in map(str.strip, line.split("…")) if count_letters(piece)]


def count_letters(text: str) -> int:
    return sum(character.isalpha() for character in text)


def list_quotes(page: str) -> list[tuple[str, str]]:
    """Return each quoted message with the package that says it: ```text, or ```text xdist."""
    fences = re.findall(
        r"^```text ?([\w.]*)\n(.*?)^```$", read_page(page), re.MULTILINE | re.DOTALL
    )
    return [(name or "tests.infra", line) for name, text in fences for line in text.splitlines()]


def test_troubleshooting_quotes_messages_that_exist() -> None:
    quotes = list_quotes("troubleshooting")

    unknown = [
        (line, piece)
        for package, line in quotes
        for piece in find_pieces(line)
        if piece not in read_messages(package)
    ]
    assert len(quotes) >= 15
    assert unknown == []
    short = [line for _, line in quotes if count_letters(line) < LEAST_LETTERS]
    assert short == [], f"fewer than {LEAST_LETTERS} letters say nothing"


# --- commands, reference, links ------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_verbs_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"python -m tests\.infra ([a-z]+)", page.read_text(encoding="utf-8"))

    assert set(named) <= set(NAMES)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]

    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", GUIDES)
def test_readers_find_each_guide(page: str) -> None:
    assert f"({page}.md)" in read_page("index")


def list_fixtures(module: object) -> list[str]:
    """List the public fixtures that a module defines."""
    kinds = type(session_fixtures.worker_slot)
    found = {name: one for name, one in vars(module).items() if isinstance(one, kinds)}
    names = {str(getattr(one, "name", None) or name) for name, one in found.items()}
    return sorted(name for name in names if not name.startswith("_"))


@pytest.mark.parametrize(
    "names",
    [
        [f"`{option.name}`" for option in options.OPTIONS if option.ini],
        [f"`{option.flag}`" for option in options.OPTIONS if option.flag],
        [f"_{option.variable}`" for option in options.OPTIONS if option.variable],
        [f"| `{re.split('[(]', marker)[0]}" for marker in options.MARKERS],
        [f"`python -m tests.infra {name}" for name in NAMES],
        [f"`{name}`" for module in OURS for name in list_fixtures(module)],
        [f"`{name}`" for module in THE_DOUBLES for name in list_fixtures(module)],
    ],
    ids=["ini-keys", "flags", "variables", "markers", "verbs", "fixtures", "fixtures-of-double"],
)
def test_reference_lists_all(names: list[str]) -> None:
    reference = read_page("reference")

    assert len(names) >= 2
    assert [name for name in names if name not in reference] == []
