"""A planted leak: a small suite with one culprit among innocent tests, and what is to be found.

The leaks themselves are in the modules beside this one; running and judging is left to `guard`.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

CULPRIT_FILE: Final = "test_culprit.py"

INI: Final = """
[pytest]
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
asyncio_default_test_loop_scope = function
markers =
    leaks: exempt from the guard
    serial: not used here
"""

BEFORE: Final = """
import os


def test_reads_a_variable():
    assert os.environ.get("APP_UNKNOWN") is None


def test_writes_to_a_directory_of_its_own(tmp_path):
    (tmp_path / "note").write_text("x")


def test_patches(monkeypatch):
    monkeypatch.setenv("APP_INNOCENT", "1")
"""

AFTER: Final = """
import logging
import threading


def test_starts_a_thread_and_joins_it():
    thread = threading.Thread(target=len, args=((),))
    thread.start()
    thread.join()


def test_logs(caplog):
    logging.getLogger("app.innocent").error("x")


def test_does_nothing():
    pass
"""

IN_TEST: Final = """
{imports}


def test_before(tmp_path):
    assert tmp_path.is_dir()


def {name}({fixtures}):
{lines}


def test_after(monkeypatch):
    monkeypatch.setattr("textwrap.dedent", len)
"""

PROBE: Final = """
import asyncio, builtins, datetime, decimal, gc, json, locale, logging, multiprocessing, os, random
import signal, socket, sys, tempfile, threading, time, uuid, warnings
from pathlib import Path

import app

HERE = Path(__file__).parent


def read_umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def test_{name}():
    assert {negation}({probe})
"""


@dataclass(frozen=True, slots=True)
class Culprit:
    """Whom a guard may name: a test by node id, a fixture by name, a module by path."""

    kind: str
    name: str

    def is_named(self, kind: str, name: str) -> bool:
        """Tell whether a finding names this one; a fixture's name may have more around it."""
        if kind != self.kind:
            return False
        if kind == "fixture":
            return self.name in name
        return name == self.name or (kind == "import" and name.endswith(f"/{self.name}"))


@dataclass(frozen=True, slots=True)
class Plant:
    """One leak, the suite that it is in, and how to see that it is there."""

    name: str
    resource: str
    text: str
    """The module with the culprit."""
    probe: str
    """An expression that is true in the process once the culprit has run."""
    culprits: Sequence[Culprit] = (Culprit("test", f"{CULPRIT_FILE}::test_culprit"),)
    """Each of them is right: a leak of a test's own fixture is also the test's."""
    app: str = ""
    conftest: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    tier: int = 1
    by_products: Sequence[str] = ()
    """Resources that move with it, so that naming them, too, is no false alarm."""

    def build_files(self) -> dict[str, str]:
        """Build the files of the suite, without the probe."""
        return {
            "pytest.ini": INI,
            "app.py": textwrap.dedent(self.app),
            "conftest.py": textwrap.dedent(self.conftest),
            "test_a_before.py": BEFORE,
            CULPRIT_FILE: textwrap.dedent(self.text),
            "test_z_after.py": AFTER,
            **self.files,
        }

    def build_probe(self) -> str:
        """Build a last module whose test passes only where the leak is there."""
        return PROBE.format(name="probe", negation="", probe=self.probe)

    def build_victim(self) -> str:
        """Build a last module whose test fails because of the leak."""
        return PROBE.format(name="victim", negation="not ", probe=self.probe)


def write_test(imports: str, lines: str, *, fixtures: str = "", name: str = "test_culprit") -> str:
    """Write a module with one culprit between two innocent tests."""
    return IN_TEST.format(
        imports="\n".join(f"import {module}" for module in imports.split()),
        name=name,
        fixtures=fixtures,
        lines=textwrap.indent(textwrap.dedent(lines).strip("\n"), "    "),
    )


def fixture(name: str) -> tuple[Culprit, ...]:
    """Return a wide fixture as the one culprit."""
    return (Culprit("fixture", name),)


def own_fixture(name: str, *tests: str) -> tuple[Culprit, ...]:
    """Return a fixture of a test's own, or that test, as culprits."""
    return (Culprit("fixture", name), *tests_named(*(tests or ("test_culprit",))))


def tests_named(*names: str) -> tuple[Culprit, ...]:
    """Return tests of the culprit's module as culprits."""
    return tuple(Culprit("test", f"{CULPRIT_FILE}::{name}") for name in names)


def module() -> tuple[Culprit, ...]:
    """Return the module of the culprit as culprit."""
    return (Culprit("import", CULPRIT_FILE),)
