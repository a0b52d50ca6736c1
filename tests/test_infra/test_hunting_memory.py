import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.hunting.conditions import Conditions
from tests.infra.hunting.memory import Memory, build_key, read_seed
from tests.infra.hunting.trials import Error, Sighting
from tests.test_infra.hunts import make_verdict
from tests.test_infra.worlds import make_run

RUN = make_run("passed", "failed", conditions=Conditions(seed=3), hash_seed=2, casts=2)
FAILED = Sighting(1, "failed", error=Error(("OSError",), 2), touches=(("file", "/x"),))
FULL = replace(RUN, answer=replace(RUN.answer, sightings=(FAILED,), applied={"seeded": 1}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "hunt.jsonl"


def open_memory(path: Path, key: str = "k") -> Memory:
    memory = Memory(path, key)
    memory.read()
    return memory


def test_runs_and_verdicts_are_remembered(path: Path) -> None:
    memory = open_memory(path)
    memory.note_runs([FULL, replace(FULL, number=1)])
    memory.note_verdict(make_verdict())

    again = open_memory(path)

    assert again.runs == [[FULL, replace(FULL, number=1)]]
    assert again.verdicts == [make_verdict()]


def test_another_suite_or_source_begins_anew(path: Path) -> None:
    open_memory(path).note_runs([FULL])

    assert open_memory(path, "other").runs == []
    assert open_memory(path, "k").runs == []


def test_nothing_is_left_when_it_is_forgotten(path: Path) -> None:
    memory = open_memory(path)

    memory.forget()

    assert not path.exists()


def test_without_a_file_nothing_is_remembered() -> None:
    memory = Memory(None, "k")

    memory.read()
    memory.note_runs([FULL])
    memory.forget()

    assert memory.runs == []


def test_hunt_that_was_killed_while_it_wrote_can_be_gone_on_with_twice(path: Path) -> None:
    open_memory(path).note_runs([FULL])
    with path.open("a", encoding="utf-8") as file:
        file.write('{"axis": "ord')

    second = open_memory(path)
    second.note_runs([FULL])

    assert second.runs == [[FULL]]
    assert open_memory(path).runs == [[FULL], [FULL]]


def test_seed_of_an_earlier_hunt_is_known(tmp_path: Path, path: Path) -> None:
    key = build_key(tmp_path, ["t.py::a"], [], 123)
    open_memory(path, key)

    assert read_seed(path) == 123
    assert read_seed(tmp_path / "none") is None
    path.write_text(json.dumps({"key": "of an older version"}), encoding="utf-8")
    assert read_seed(path) is None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a source file."""
    (tmp_path / "app.py").write_text("a = 1\n", encoding="utf-8")
    return tmp_path


def test_key_is_that_of_tests_arguments_seed_and_sources(root: Path) -> None:
    key = build_key(root, ["a"], ["-x"], 1)
    others = {
        build_key(root, ["b"], ["-x"], 1),
        build_key(root, ["a"], [], 1),
        build_key(root, ["a"], ["-x"], 2),
    }
    (root / "app.py").write_text("a = 22\n", encoding="utf-8")
    others.add(build_key(root, ["a"], ["-x"], 1))

    assert len({key, *others}) == 5


@pytest.mark.parametrize("name", [".git/x.py", "node_modules/x.py", "env/x.py", "data.txt"])
def test_key_does_not_change_with_what_is_no_source(root: Path, name: str) -> None:
    (root / "env").mkdir()
    (root / "env" / "pyvenv.cfg").touch()
    key = build_key(root, ["a"], [], 1)

    (root / name).parent.mkdir(exist_ok=True)
    (root / name).touch()

    assert build_key(root, ["a"], [], 1) == key


def test_link_that_leads_nowhere_is_no_hindrance(root: Path) -> None:
    (root / ".#app.py").symlink_to("someone@somewhere")

    assert build_key(root, ["a"], [], 1)
