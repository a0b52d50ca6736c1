import ast
from pathlib import Path

import pytest

from tests.infra.hunting.lab import BASE_HASH_SEED, REVERSED_FILES
from tests.infra.hunting.survey import Step, build_survey
from tests.infra.hunting.traits import ANYTHING, Traits, find_traits, read_traits

CALM = Traits(has_sets=False, has_time=False, has_files=False)


@pytest.mark.parametrize(
    "source",
    [
        "names = {'a', 'b'}",
        "names = {name for name in open('a')}",
        "names = list(set(rows))",
        "left = one.keys() - other.keys()",
        "left = one.difference(other)",
        "number = hash(name) % 7",
    ],
)
def test_source_with_a_set_may_depend_on_hashes(source: str) -> None:
    assert find_traits(ast.parse(source)).has_sets


@pytest.mark.parametrize("source", ["sizes = {'a': 1}", "for key in sizes.keys(): pass", "a - b"])
def test_source_with_mappings_only_does_not_depend_on_hashes(source: str) -> None:
    assert not find_traits(ast.parse(source)).has_sets


@pytest.mark.parametrize(
    "source", ["import time", "import os.path, threading", "def f():\n from asyncio import run"]
)
def test_source_that_waits_or_has_threads_may_depend_on_speed(source: str) -> None:
    assert find_traits(ast.parse(source)).has_time


def test_module_of_the_same_name_in_its_own_package_is_not_the_clock() -> None:
    assert not find_traits(ast.parse("from .time import zone")).has_time


def test_source_that_cannot_be_read_may_do_anything(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def (")

    assert read_traits([str(broken)], ["a", "b"]) == ANYTHING
    assert read_traits([], ["a", "b"]) == ANYTHING


def test_traits_of_all_sources_count(tmp_path: Path) -> None:
    for name, text in {"one": "x = 1", "other": "import time"}.items():
        (tmp_path / f"{name}.py").write_text(text)

    found = read_traits(map(str, sorted(tmp_path.iterdir())), ["a", "a"])

    assert found == Traits(has_sets=False, has_time=True, has_files=False)


def build(traits: Traits) -> list[Step]:
    return build_survey(5, cores=2, seed=7, has_time_machine=True, traits=traits)


def test_calm_suite_has_fewer_processes_and_less_load() -> None:
    steps = build(CALM)

    assert {step.hash_seed for step in steps} == {BASE_HASH_SEED, 1}
    assert sum(bool(step.request.busy) for step in steps) == 1


def test_suite_that_may_do_anything_has_all_of_them() -> None:
    steps = build(ANYTHING)

    assert {step.hash_seed for step in steps} == {BASE_HASH_SEED, 1, 2, 3, REVERSED_FILES}
    assert sum(bool(step.request.busy) for step in steps) == 3
