import errno
import textwrap
from pathlib import Path

import pytest

from tests.infra.hunting.finding import Finding, Recipe
from tests.infra.hunting.naming import is_about_floats, is_collision, read_statement, refine
from tests.infra.hunting.trials import Error, Sighting
from tests.infra.hunting.verdicts import Kind


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "test_it.py"


def fail_at(source: Path, statement: str, text: str = "") -> Sighting:
    """Make the failure of a test that consists of one statement."""
    lines = textwrap.indent(textwrap.dedent(statement).strip(), "    ")
    source.write_text(f"def test_it():\n{lines}\n", encoding="utf-8")
    own = Error(path=str(source), line=2)
    return Sighting(0, "failed", text=text, error=own)


def make_finding(kind: Kind, error: Error, *, is_shared: bool = False) -> Finding:
    sighting = Sighting(0, "failed", text=error.message, error=error)
    return Finding(kind, 0, (), Recipe((0,)), None, sighting, is_shared=is_shared)


ASSERTION = ("builtins.AssertionError", "builtins.Exception")


# --- what is turned by chance, time or load ------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error", "name"),
    [
        (Kind.UNKNOWN, Error(errno=errno.EADDRINUSE), Kind.PORT),
        (Kind.RANDOM, Error(errno=errno.EMFILE), Kind.EXHAUSTION),
        (Kind.VICTIM, Error(errno=errno.ENOSPC), Kind.EXHAUSTION),
        (Kind.UNKNOWN, Error(("builtins.MemoryError",)), Kind.EXHAUSTION),
        (Kind.UNKNOWN, Error(message="can't start new thread"), Kind.EXHAUSTION),
        (Kind.UNKNOWN, Error(("builtins.ConnectionError",)), Kind.NETWORK),
        (Kind.ASYNC_WAIT, Error(("socket.gaierror",)), Kind.NETWORK),
        (Kind.TIME, Error(("builtins.ConnectionError",)), Kind.TIME),
        (Kind.UNKNOWN, Error(("builtins.TimeoutError",), modules=("t", "http.client")), "network"),
        (Kind.UNKNOWN, Error(("builtins.TimeoutError",), modules=("t", "asyncio")), Kind.DEADLINE),
        (Kind.UNKNOWN, Error(("sqlite3.OperationalError",)), Kind.DATABASE),
        (Kind.RANDOM, Error(("app.TakenError",), message="name is taken"), Kind.ID_COLLISION),
        (Kind.TIME, Error(("app.TakenError",), message="id already used"), Kind.ID_COLLISION),
        (Kind.DEADLINE, Error(("app.TakenError",), message="name is taken"), Kind.DEADLINE),
        (Kind.VICTIM, Error(errno=errno.EADDRINUSE), Kind.VICTIM),
        (Kind.SECOND_RUN, Error(("app.TakenError",), message="name is taken"), Kind.SECOND_RUN),
        (Kind.RANDOM, Error(ASSERTION, message="assert 3 == 4"), Kind.RANDOM),
    ],
)
def test_failure_names_a_more_exact_kind(kind: Kind, error: Error, name: Kind) -> None:
    assert refine(make_finding(kind, error), ()).kind == name


def test_near_floats_in_the_failure_are_a_kind_only_where_chance_turned_it() -> None:
    error = Error(message="assert 0.30000000000000004 == 0.3")

    assert refine(make_finding(Kind.RANDOM, error), ()).kind is Kind.FLOAT
    assert refine(make_finding(Kind.DEADLINE, error), ()).kind is Kind.DEADLINE


# --- what two processes share --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "touches", "name"),
    [
        (Error(errno=errno.EADDRINUSE), [], Kind.PORT),
        (Error(), [("port", "tcp * 80")], Kind.PORT),
        (Error(), [("socket", "/run/x")], Kind.PORT),
        (Error(("sqlite3.OperationalError",)), [("file", "/x")], Kind.DATABASE),
        (Error(), [("database", "/x.db"), ("file", "/x")], Kind.DATABASE),
        (Error(), [("file", "/x")], Kind.FILE),
        (Error(), [("directory", "/x")], Kind.FILE),
        (Error(message="id already exists"), [], Kind.ID_COLLISION),
        (Error(), [], Kind.CONCURRENCY),
    ],
)
def test_what_is_shared_names_the_kind(
    error: Error, touches: list[tuple[str, str]], name: Kind
) -> None:
    finding = make_finding(Kind.CONCURRENCY, error, is_shared=True)

    assert refine(finding, touches).kind is name


# --- the failing statement -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "assert total == pytest.approx(0.3)",
        "assert math.isclose(total, 0.3)",
        "self.assertAlmostEqual(total, 0.3)",
        "assert abs(total - 0.3) < 1e-9",
    ],
)
def test_statement_about_floats_is_known(source: Path, statement: str) -> None:
    assert is_about_floats(fail_at(source, statement))


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("assert total == 3", "assert 4 == 3"),
        ("assert total == 0.5", "assert 0.25 == 0.5"),
        ("assert abs(count) < 3", "assert 4 < 3"),
        ("assert total == 0.5", "assert 0.5 == 0.5"),
    ],
)
def test_other_numbers_are_not_about_floats(source: Path, statement: str, text: str) -> None:
    assert not is_about_floats(fail_at(source, statement, text))


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("assert len(set(ids)) == len(ids)", "assert 9 == 10"),
        ("assert first.vmid != second.vmid", "assert 104 != 104"),
        ("assert new_id not in known", "assert 104 not in {104}"),
    ],
)
def test_statement_about_equal_ids_is_a_collision(source: Path, statement: str, text: str) -> None:
    assert is_collision(fail_at(source, statement, text))


@pytest.mark.parametrize(
    "statement",
    ["assert first.size != second.size", "assert vmid == 104", "assert sidewalk != hidden"],
)
def test_other_statements_are_no_collision(source: Path, statement: str) -> None:
    assert not is_collision(fail_at(source, statement))


def test_statement_over_several_lines_is_read_as_one(source: Path) -> None:
    sighting = fail_at(source, "assert (\n    one\n    == other\n)")

    assert read_statement(sighting.error) == "assert one == other"


def test_innermost_statement_is_read(source: Path) -> None:
    source.write_text("with a:\n    if b:\n        assert c\n", encoding="utf-8")

    assert read_statement(Error(path=str(source), line=3)) == "assert c"


@pytest.mark.parametrize("text", ["def broken(:\n", "x = 1\n"], ids=["no-python", "other-line"])
def test_statement_that_can_not_be_read_is_empty(source: Path, text: str) -> None:
    source.write_text(text, encoding="utf-8")

    assert read_statement(Error(path=str(source), line=7)) == ""
    assert read_statement(Error(path=str(source.with_name("gone.py")), line=1)) == ""
    assert read_statement(Error()) == ""
