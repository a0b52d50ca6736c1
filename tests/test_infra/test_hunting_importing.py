from collections.abc import Callable, Sequence
from pathlib import Path

from tests.infra.hunting.confirmation import Fresh
from tests.infra.hunting.importing import find_polluting_files
from tests.infra.hunting.oracle import Collection
from tests.infra.hunting.trials import Sighting
from tests.infra.hunting.verdicts import Kind, Tally
from tests.test_infra.worlds import World

FILES = ("a.py", "b.py", "c.py", "d.py")

FAILED = Sighting(2, "failed")


class Shop(World):
    """A world of one test in each of four files."""

    @property
    def collection(self) -> Collection:
        names = tuple(f"{name}::test" for name in FILES)
        return Collection(names, tuple(f"/srv/{name}" for name in FILES), Path("/srv"))


class Commands(Fresh):
    """Runs no command, but asks a function which collected files make a test fail."""

    def __init__(self, fails: Callable[[Sequence[str]], bool]) -> None:
        super().__init__((), {}, Path("/nowhere"), Path("/srv"))
        self.fails = fails

    def run(self, command: str, nodeid: str) -> bool | None:
        assert nodeid == "c.py::test"
        return self.fails([word for word in command.split() if word in FILES])


def find(
    fails: Callable[[Sequence[str]], bool], *, is_reversed: bool = False
) -> tuple[Kind, tuple[str, ...], Tally, Tally]:
    """Find the files that make the test of `c.py` fail."""
    world = Shop((), {}, Path("/srv"))
    commands = Commands(fails)
    found = find_polluting_files(world, 2, commands, FAILED, is_reversed=is_reversed)
    return found.kind, found.files, found.evidence[0].before, found.evidence[0].after


def test_polluting_file_is_found() -> None:
    found = find(lambda files: "d.py" in files)

    assert found == (Kind.IMPORT, ("d.py",), Tally(2, 0), Tally(2, 2))


def test_files_that_need_each_other_are_found_in_the_order_of_collection() -> None:
    assert find(lambda files: {"a.py", "d.py"} <= set(files))[:2] == (
        Kind.IMPORT,
        ("a.py", "d.py"),
    )


def test_failure_that_no_file_makes_is_unknown() -> None:
    assert find(lambda _files: False)[:2] == (Kind.UNKNOWN, ())


def test_own_file_is_always_collected() -> None:
    seen: list[Sequence[str]] = []

    def fails(files: Sequence[str]) -> bool:
        seen.append(files)
        return "b.py" in files

    find(fails)

    assert all("c.py" in files for files in seen if files)


def test_files_are_imported_in_the_order_in_which_it_failed() -> None:
    def fails(files: Sequence[str]) -> bool:
        return "d.py" in files and files.index("d.py") < files.index("c.py")

    assert find(fails)[:2] == (Kind.UNKNOWN, ())
    assert find(fails, is_reversed=True)[:2] == (Kind.IMPORT, ("d.py",))
