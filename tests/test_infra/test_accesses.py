"""The notebook behind a real audit hook, with real files, sockets, databases, locks and forks."""

import contextlib
import fcntl
import os
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.infra import accesses
from tests.infra.access_records import Access, AccessKind, AccessList
from tests.infra.access_watch import AccessWatch
from tests.infra.accesses import Clock, Notebook, make_hook
from tests.infra.ignored import build_ignored
from tests.infra.touches import read_event


@dataclass(frozen=True)
class Named:
    """A test, as far as the notebook asks."""

    nodeid: str


class Watched:
    """A notebook, what it sent, and a clock that ticks at each look."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.sent: list[Access] = []
        self.ticks = 0
        ignored = build_ignored([str(place / "own")], [str(place / "gw0.log")])
        self.notebook = Notebook("gw0", ignored, self.sent.extend, clock=self.tick)

    def tick(self) -> float:
        self.ticks += 1
        return float(self.ticks)

    @contextlib.contextmanager
    def test(self, name: str = "t", *, is_exempt: bool = False) -> Iterator[None]:
        self.notebook.test = Named(name)
        try:
            yield
        finally:
            self.notebook.tell(is_exempt=is_exempt)
            self.notebook.test = None
        assert self.notebook.failures == 0

    def tell(self) -> list[tuple[str, str]]:
        """Kind and path below the place of all that was sent."""
        place = f"{self.place}{os.sep}"
        return [(each.kind.value, each.target.removeprefix(place)) for each in self.sent]


@pytest.fixture(scope="session")
def ears() -> list[Notebook]:
    """Whoever is in the list hears the audit events: a hook can't be removed."""
    listening: list[Notebook] = []

    # Any: the arguments of an event have any types.
    def hear(event: str, args: tuple[Any, ...]) -> None:
        for notebook in listening:
            make_hook(notebook)(event, args)

    # Python traces no audit hook that doesn't say so, and coverage would see nothing of them.
    vars(hear)["__cantrace__"] = True
    sys.addaudithook(hear)
    return listening


@pytest.fixture
def watched(ears: list[Notebook], tmp_path: Path) -> Iterator[Watched]:
    """A directory in which all counts but `own`, and who notes it."""
    one = Watched(Path(os.path.realpath(tmp_path)))
    ears.append(one.notebook)
    yield one
    ears.remove(one.notebook)


def make_fully(path: Path) -> None:
    path.mkdir(parents=True)


DEEDS: dict[str, tuple[Callable[[Path], object], list[tuple[str, str]]]] = {
    "write": (lambda at: (at / "a").write_text("x"), [("file", "a")]),
    "append": (lambda at: (at / "a").open("a").close(), [("appended file", "a")]),
    "update": (lambda at: (at / "there").open("r+").close(), [("file", "there")]),
    "read": (lambda at: (at / "there").read_text(), []),
    "create": (lambda at: os.close(os.open(at / "a", os.O_CREAT)), [("file", "a")]),
    "truncate": (lambda at: os.truncate(at / "there", 0), [("file", "there")]),
    "touch": (lambda at: (at / "a").touch(), [("file", "a")]),
    "remove": (lambda at: (at / "there").unlink(), [("removed path", "there")]),
    "remove-nothing": (lambda at: (at / "absent").unlink(missing_ok=True), []),
    "rename": (
        lambda at: (at / "there").rename(at / "b"),
        [("removed path", "there"), ("file", "b")],
    ),
    "make-a-link": (lambda at: (at / "b").symlink_to(at / "there"), [("file", "b")]),
    "write-through-a-link": (lambda at: (at / "link").write_text("x"), [("file", "there")]),
    "remove-a-link": (lambda at: (at / "link").unlink(), [("removed path", "link")]),
    "make-a-directory": (lambda at: (at / "d").mkdir(), [("directory", "d")]),
    "find-a-directory": (
        lambda at: (at / "dir").mkdir(exist_ok=True),
        [("found directory", "dir")],
    ),
    "make-with-parents": (lambda at: make_fully(at / "x" / "y"), [("directory", "x/y")]),
    "write-by-dots": (lambda at: (at / "dir" / ".." / "a").write_text("x"), [("file", "a")]),
    "database": (lambda at: sqlite3.connect(at / "db").close(), [("database", "db")]),
    "database-by-uri": (
        lambda at: sqlite3.connect(f"file:{at}/db", uri=True).close(),
        [("database", "db")],
    ),
    "database-in-memory-by-uri": (
        lambda at: sqlite3.connect(f"file:{at}/db?mode=memory", uri=True).close(),
        [],
    ),
    "database-in-memory": (lambda _: sqlite3.connect(":memory:").close(), []),
    "named-temporary-file": (lambda at: tempfile.NamedTemporaryFile(dir=at).close(), []),
    "temporary-file": (lambda at: tempfile.TemporaryFile(dir=at).close(), []),
    "below-mkdtemp": (lambda at: (Path(tempfile.mkdtemp(dir=at)) / "a").write_text("x"), []),
    "temporary-directory": (lambda at: tempfile.TemporaryDirectory(dir=at).cleanup(), []),
    "device": (lambda _: Path(os.devnull).write_text("x"), []),
    "own-directory": (lambda at: (at / "own" / "a").write_text("x"), []),
    "own-log": (lambda at: (at / "gw0.log").write_text("x"), []),
    "through-a-link-in-the-own-directory": (
        lambda at: (at / "own" / "link").write_text("x"),
        [("file", "there")],
    ),
    "bytecode": (lambda at: (at / "__pycache__").mkdir(), []),
    "coverage": (lambda at: (at / ".coverage.host.1").write_text("x"), []),
    "hypothesis": (lambda at: make_fully(at / ".hypothesis" / "examples"), []),
}


@pytest.mark.parametrize(("deed", "expected"), DEEDS.values(), ids=DEEDS)
def test_deed_is_noted(
    watched: Watched, deed: Callable[[Path], object], expected: list[tuple[str, str]]
) -> None:
    for name in ("own", "dir"):
        (watched.place / name).mkdir()
    (watched.place / "there").write_text("x")
    for link in ("link", "own/link"):
        (watched.place / link).symlink_to(watched.place / "there")

    with watched.test():
        deed(watched.place)

    assert watched.tell() == expected


def test_relative_path_is_that_of_the_moment(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(watched.place)
    (watched.place / "dir").mkdir()

    with watched.test():
        Path("a").write_text("x")
        monkeypatch.chdir("dir")
        Path("a").write_text("x")

    assert watched.tell() == [("file", "a"), ("file", "dir/a")]


def test_tree_is_removed_by_descriptors(watched: Watched) -> None:
    (watched.place / "x" / "y").mkdir(parents=True)
    (watched.place / "x" / "y" / "a").write_text("x")

    with watched.test():
        shutil.rmtree(watched.place / "x")

    assert {target for _, target in watched.tell()} == {"x/y/a", "x/y", "x"}


@pytest.mark.parametrize(
    ("kind", "host", "expected"),
    [
        (socket.SOCK_STREAM, "127.0.0.1", "tcp 127.0.0.1"),
        (socket.SOCK_STREAM, "localhost", "tcp 127.0.0.1"),
        (socket.SOCK_DGRAM, "", "udp *"),
    ],
)
def test_port_is_noted_unless_the_kernel_chooses(
    watched: Watched, kind: socket.SocketKind, host: str, expected: str
) -> None:
    with watched.test(), socket.socket(type=kind) as first, socket.socket(type=kind) as second:
        first.bind((host, 0))
        port = first.getsockname()[1]
        first.close()
        second.bind((host, port))

    assert watched.tell() == [("port", f"{expected} {port}")]


def test_unix_socket_is_noted(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(watched.place)

    with watched.test(), socket.socket(socket.AF_UNIX) as bound:
        bound.bind("s")

    assert watched.tell() == [("socket", "s")]


def test_access_starts_with_its_first_event(watched: Watched) -> None:
    with watched.test("first"):
        (watched.place / "a").write_text("x")
        (watched.place / "a").write_text("x")
    with watched.test("second"):
        pass

    [access] = watched.sent
    assert (access.owner, access.start, access.stop) == ("first", 1, None)


def test_between_tests_nothing_is_noted(watched: Watched) -> None:
    with watched.test():
        pass

    (watched.place / "a").write_text("x")

    assert watched.ticks == 0
    assert watched.sent == []


def test_fixture_holds_until_its_end(watched: Watched) -> None:
    fixture = ("f (session)", "first")
    with watched.test("first"):
        watched.notebook.enter(fixture)
        (watched.place / "a").write_text("x")
        watched.notebook.leave()
        (watched.place / "b").write_text("x")
    with watched.test("second"):
        watched.notebook.enter(fixture)
        (watched.place / "a").unlink()
        watched.notebook.end_fixture(fixture)

    told = {(each.owner, each.kind.value, each.start): each.stop for each in watched.sent}
    assert told == {
        ("fixture f (session) of first", "file", 1): 4,
        ("first", "file", 2): None,
        ("fixture f (session) of first", "removed path", 3): 4,
    }


def test_other_thread_notes_for_the_test(watched: Watched) -> None:
    with watched.test("t"):
        thread = threading.Thread(target=(watched.place / "a").write_text, args=("x",))
        thread.start()
        thread.join()

    assert [access.owner for access in watched.sent] == ["t"]


# The child of a process with threads must not do more than this.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_child_notes_nothing(watched: Watched) -> None:
    with watched.test():
        if (pid := os.fork()) == 0:
            (watched.place / "a").write_text("x")
            watched.notebook.tell()
            os._exit(len(watched.sent))
        _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert (watched.place / "a").exists()


def test_lock_is_no_access_and_is_noted_with_those_under_it(watched: Watched) -> None:
    with watched.test():
        with (watched.place / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (watched.place / "a").write_text("x")
            fcntl.flock(lock, fcntl.LOCK_UN)
        (watched.place / "b").write_text("x")

    locks = {Path(access.target).name: access.locks for access in watched.sent}
    assert locks == {"a": (str(watched.place / "lock"),), "b": ()}


def test_lock_counts_only_if_held_each_time(watched: Watched) -> None:
    with watched.test():
        with (watched.place / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (watched.place / "a").write_text("x")
        # Closed, and so given back, without a word.
        (watched.place / "a").write_text("x")

    assert [access.locks for access in watched.sent] == [()]


def test_exempt_test_tells_nothing(watched: Watched) -> None:
    with watched.test(is_exempt=True):
        (watched.place / "a").write_text("x")

    assert watched.sent == []


def test_event_that_cannot_be_read_breaks_nothing(watched: Watched) -> None:
    watched.notebook.test = Named("t")

    watched.notebook.note("os.mkdir", (object(), 0, -1))

    assert watched.notebook.failures == 1


def test_listening_raises_no_events_for_itself(watched: Watched) -> None:
    with watched.test():
        watched.notebook.note("open", (str(watched.place / "a"), "w", os.O_WRONLY))

    assert watched.tell() == [("file", "a")]


def test_open_of_a_descriptor_is_nothing_new() -> None:
    assert list(read_event("open", (3, "w", os.O_WRONLY))) == []


def test_list_survives_its_journey() -> None:
    access = Access("gw0", AccessKind.FILE, "/a", "t", "", 1.5, None, ("/lock",))

    assert AccessList.from_json(AccessList([access]).to_json()) == AccessList([access])


@pytest.mark.parametrize(("wall", "expected"), [(105.25, 105.25), (7.0, 105.0), (1e9, 105.0)])
def test_clock_is_not_taken_in_by_a_test_that_sets_it(wall: float, expected: float) -> None:
    walls, counters = iter([100.0, wall]), iter([20.0, 25.0])

    clock = Clock(walls.__next__, counters.__next__)

    assert clock() == expected


@pytest.mark.parametrize("tracer", [None, print], ids=["without", "with"])
def test_nothing_listens_beside_a_tracer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracer: object
) -> None:
    installed: list[Notebook] = []
    monkeypatch.setattr(accesses, "install", installed.append)
    monkeypatch.setattr(sys, "gettrace", lambda: tracer)
    watch = AccessWatch.__new__(AccessWatch)
    watch._notebook = Watched(tmp_path).notebook

    watch.pytest_collection_finish()

    assert bool(installed) is (tracer is None)


@pytest.mark.parametrize("has_news", [True, False])
def test_next_test_tells_what_the_last_one_touched(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    has_news: bool,
) -> None:
    told: list[bool] = []
    watch = AccessWatch.__new__(AccessWatch)
    watch._notebook = notebook = Watched(tmp_path).notebook
    monkeypatch.setattr(Notebook, "tell", lambda _self, *, is_exempt: told.append(is_exempt))
    notebook.has_news = has_news

    watch.pytest_runtest_setup(request.node)

    assert told == [False] * has_news
    assert notebook.nodeid == request.node.nodeid
