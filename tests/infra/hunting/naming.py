"""Kinds that show in the failure itself: an address in use, a full table of files, near floats.

An experiment tells what turned a test; the exception tells what it stumbled over.  Pure, but for
the failing line, which is read from its file.
"""

import ast
import errno
import linecache
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..access_records import AccessKind
from .finding import Finding
from .trials import Error, Sighting
from .verdicts import Kind

EXHAUSTED: Final = {
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOSPC,
    errno.ENOMEM,
    errno.EDQUOT,
    errno.EFBIG,
}

NETWORK_MODULES: Final = (
    "socket",
    "ssl",
    "http",
    "urllib",
    "urllib3",
    "requests",
    "httpx",
    "httpcore",
    "aiohttp",
    "xmlrpc",
    "ftplib",
    "smtplib",
)
NETWORK_TYPES: Final = {
    "builtins.ConnectionError",
    "socket.gaierror",
    "socket.herror",
    "urllib.error.URLError",
}
LATE_TYPES: Final = {"builtins.TimeoutError", "subprocess.TimeoutExpired"}

DATABASE_MODULES: Final = ("sqlite3", "psycopg", "psycopg2", "pymysql", "sqlalchemy", "asyncpg")

COLLISION: Final = re.compile(
    r"already (exists|in use|taken|registered|used)|duplicate|not unique|UNIQUE constraint|"
    r"collision|collid|in use|is taken",
    re.IGNORECASE,
)
FEWER: Final = re.compile(r"assert \d+ == \d+ \+? *where \d+ = len\(\{")

ID_WORD: Final = re.compile(
    r"(^|[\W_\d]|vm)(ids?|uuids?|names?|tokens?|keys?)([\W_\d]|$)|vmid", re.IGNORECASE
)

NEAR: Final = 1e-6
"""Two floats that differ by less, relative to their size, were meant to be equal."""

NUMBER: Final = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?|-?\d+e[+-]?\d+", re.IGNORECASE)

CERTAIN: Final = (Kind.VICTIM, Kind.BRITTLE, Kind.SECOND_RUN, Kind.IMPORT)

TURNED_BY_CHANCE: Final = (Kind.RANDOM, Kind.UNORDERED, Kind.UNKNOWN, Kind.CONCURRENCY)


def refine(finding: Finding, touches: Sequence[tuple[str, str]]) -> Finding:
    """Return the finding with the kind that its failure tells, where that is more exact.

    :param touches: what the test and its neighbour both touched.
    """
    error = finding.sighting.error
    kind = _name(finding, error, touches)
    return finding if kind is None else replace(finding, kind=kind)


def _name(finding: Finding, error: Error, touches: Sequence[tuple[str, str]]) -> Kind | None:
    if is_exhausted(error):
        return Kind.EXHAUSTION
    if finding.is_shared:
        return name_shared(error, touches)
    return None if finding.kind in CERTAIN else _name_by_chance(finding, error)


def _name_by_chance(finding: Finding, error: Error) -> Kind | None:
    """Name what a test stumbled over that chance, time or load turned; the first sign counts."""
    is_open = finding.kind is Kind.UNKNOWN
    is_by_chance = finding.kind in TURNED_BY_CHANCE
    signs = (
        (Kind.PORT, error.errno == errno.EADDRINUSE),
        (Kind.NETWORK, is_of_network(error) and finding.kind is not Kind.TIME),
        (Kind.FLOAT, is_by_chance and is_about_floats(finding.sighting)),
        (Kind.DATABASE, is_open and is_of_database(error)),
        (Kind.DEADLINE, is_open and is_too_late(error)),
        (
            Kind.ID_COLLISION,
            (is_by_chance or finding.kind is Kind.TIME) and is_collision(finding.sighting),
        ),
    )
    return next((kind for kind, is_seen in signs if is_seen), None)


def name_shared(error: Error, touches: Sequence[tuple[str, str]]) -> Kind:
    """Return the kind of what two processes share."""
    kinds = {kind for kind, _ in touches}
    if error.errno == errno.EADDRINUSE or kinds & {AccessKind.PORT, AccessKind.SOCKET}:
        return Kind.PORT
    if is_of_database(error) or AccessKind.DATABASE in kinds:
        return Kind.DATABASE
    if kinds:
        return Kind.FILE
    return Kind.ID_COLLISION if COLLISION.search(error.message) else Kind.CONCURRENCY


def is_exhausted(error: Error) -> bool:
    """Tell whether the machine had no more of something."""
    is_thread = "can't start new thread" in error.message
    return error.errno in EXHAUSTED or "builtins.MemoryError" in error.types or is_thread


def is_of_network(error: Error) -> bool:
    """Tell whether a connection failed, or an answer came too late."""
    if NETWORK_TYPES & set(error.types):
        return True
    is_late = "builtins.TimeoutError" in error.types
    return is_late and any(_is_of(module, NETWORK_MODULES) for module in error.modules)


def is_too_late(error: Error) -> bool:
    """Tell whether a limit was passed."""
    return bool(LATE_TYPES & set(error.types))


def is_of_database(error: Error) -> bool:
    """Tell whether a database refused."""
    return any(_is_of(one, DATABASE_MODULES) for one in error.types)


def is_about_floats(sighting: Sighting) -> bool:
    """Tell whether two floats were compared that were meant to be equal."""
    line = read_statement(sighting.error)
    if re.search(r"\b(approx|isclose|assertAlmostEqual|assert_allclose)\b", line):
        return True
    if re.search(r"abs\(.*<=? *\d*\.?\d*(e-\d+)?", line) and re.search(r"e-\d+|0\.0", line):
        return True
    numbers = [float(text) for text in NUMBER.findall(sighting.text)]
    return any(
        one != other and math.isclose(one, other, rel_tol=NEAR)
        for place, one in enumerate(numbers)
        for other in numbers[place + 1 :]
    )


def is_collision(sighting: Sighting) -> bool:
    """Tell whether two things got the same id."""
    error = sighting.error
    line = read_statement(error)
    if re.search(r"len\(set\(", line) and "len(" in line:
        return True
    if FEWER.search(sighting.text):
        # Of things that were kept by their ids there are fewer than were made.
        return True
    if COLLISION.search(error.message) and "builtins.AssertionError" not in error.types:
        return True
    is_unequal = re.search(r"assert .*(!=| not in )", line) is not None
    return is_unequal and ID_WORD.search(line) is not None


def read_statement(error: Error) -> str:
    """Read the statement that failed, on one line; empty where its file is gone."""
    if not error.path:
        return ""
    source = "".join(linecache.getlines(error.path))
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
        and node.lineno <= error.line <= (node.end_lineno or node.lineno)
        and not hasattr(node, "body")
    ]
    return ast.unparse(found[-1]) if found else ""


def _is_of(name: str, roots: Sequence[str]) -> bool:
    return name.partition(".")[0] in roots
