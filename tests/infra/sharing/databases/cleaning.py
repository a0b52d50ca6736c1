"""What a test committed to a PostgreSQL database is taken back: rows, sequences, new tables.

The rows that were there before are put back as they were.  A test that drops or alters a table, or
leaves a transaction open, is told so; all that can be cleaned is cleaned nevertheless.
"""

import contextlib
import graphlib
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from .catalogue import (
    Catalogue,
    Digest,
    Table,
    read_catalogue,
    read_digests,
    read_rows,
    read_sequences,
)
from .server import Link

LOCK_TIMEOUT_MS: Final = 3000
"""How long a connection from before the test may keep a table from being cleaned."""

OPEN: Final = """
    SELECT pid, usename, state, left(query, 80) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend' AND xact_start IS NOT NULL
"""


class PostgresCleaner:
    """A connection to one database, which takes back what others do to it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._rows: dict[str, tuple[Digest, bytes]] = {}
        link.run(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")

    @contextlib.contextmanager
    def clean(self) -> Iterator[None]:
        """Take back what is committed meanwhile.

        :raises DatabaseError: a transaction was left open, or a table was dropped or altered.
        """
        before = read_catalogue(self._link)
        digests = self._note_rows(before)
        open_before = _find_open(self._link)
        try:
            yield
        finally:
            left_open = _end_transactions(self._link, open_before)
            altered = self._take_back(before, digests)
            if left_open:
                problem = f"had a transaction that the test left open ({'; '.join(left_open)})"
                remedy = "commit it or roll it back, and close the connection"
                raise self._link.server.complain(problem, remedy)
            if altered:
                problem = f"has tables that the test dropped or altered: {', '.join(altered)}"
                remedy = "give it a database of its own: the tests after it find them so"
                raise self._link.server.complain(problem, remedy)

    @contextlib.contextmanager
    def keep_sequences(self) -> Iterator[None]:
        """Put sequences back afterwards, which a rollback doesn't."""
        before = read_sequences(self._link)
        try:
            yield
        finally:
            restore_sequences(self._link, before)

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def _note_rows(self, catalogue: Catalogue) -> dict[str, Digest]:
        """Note the rows of all tables; those that are known already are not read again."""
        digests = read_digests(self._link, catalogue.tables)
        for name, digest in digests.items():
            known = self._rows.get(name)
            if digest.count and (known is None or known[0] != digest):
                rows = read_rows(self._link, name, catalogue.tables[name])
                self._rows[name] = (digest, rows)
        return digests

    def _take_back(self, before: Catalogue, digests: Mapping[str, Digest]) -> list[str]:
        """Make the database what it was; return the tables for which that can't be done."""
        now = read_catalogue(self._link)
        if new := sorted(now.tables.keys() - before.tables.keys()):
            self._link.run(f"DROP TABLE {', '.join(new)} CASCADE")
        altered = sorted(
            name for name, table in before.tables.items() if now.tables.get(name) != table
        )
        same = {name: table for name, table in before.tables.items() if name not in altered}
        found = read_digests(self._link, same)
        changed = [name for name in same if found[name] != digests[name]]
        if changed:
            self._restore_rows(same, changed, before.references, digests)
        restore_sequences(self._link, before.sequences)
        return altered

    def _restore_rows(
        self,
        tables: Mapping[str, Table],
        changed: Collection[str],
        references: Collection[tuple[str, str]],
        digests: Mapping[str, Digest],
    ) -> None:
        link = self._link
        references = [pair for pair in references if set(pair) <= tables.keys()]
        emptied = find_emptied(changed, references)
        refilled = order_refills([one for one in emptied if digests[one].count], references)
        with link.transact():
            link.run(f"TRUNCATE {', '.join(sorted(emptied))}")
            for name in refilled:
                _switch_triggers(link, name, tables[name], "DISABLE")
            link.run("SET CONSTRAINTS ALL DEFERRED")
            for name in refilled:
                columns = ", ".join(tables[name].columns)
                link.copy_in(f"COPY {name} ({columns}) FROM STDIN", self._rows[name][1])
            # Before the next: a table on which a check is pending can't be altered.
            link.run("SET CONSTRAINTS ALL IMMEDIATE")
            for name in refilled:
                _switch_triggers(link, name, tables[name], "ENABLE")


def find_emptied(changed: Collection[str], references: Collection[tuple[str, str]]) -> set[str]:
    """Find the tables to be emptied: those that changed, and all that refer to them."""
    emptied = set(changed)
    while more := {child for child, parent in references if parent in emptied} - emptied:
        emptied |= more
    return emptied


def order_refills(tables: Collection[str], references: Collection[tuple[str, str]]) -> list[str]:
    """Order tables so that each comes after those that it refers to.

    Those that refer to each other in a circle come last; only deferrable references can do that.
    """
    waiting = {table: {p for c, p in references if c == table and p in tables} for table in tables}
    try:
        return list(graphlib.TopologicalSorter(waiting).static_order())
    except graphlib.CycleError:
        return sorted(tables, key=lambda table: (len(waiting[table]), table))


def _switch_triggers(link: Link, name: str, table: Table, verb: str) -> None:
    for trigger in table.triggers:
        link.run(f"ALTER TABLE {name} {verb} TRIGGER {trigger}")


def restore_sequences(link: Link, wanted: Mapping[str, tuple[int, bool]]) -> None:
    """Put sequences back: neither a rollback nor an empty table does that."""
    for name, state in read_sequences(link).items():
        if name in wanted and wanted[name] != state:
            link.run("SELECT setval(%s::regclass, %s, %s)", name, *wanted[name])


def _end_transactions(link: Link, before: Collection[int]) -> list[str]:
    """End the connections that have come to be in a transaction; return what they did."""
    left_open = {pid: text for pid, text in _find_open(link).items() if pid not in before}
    for pid in left_open:
        link.run("SELECT pg_terminate_backend(%s)", pid)
    return list(left_open.values())


def _find_open(link: Link) -> dict[int, str]:
    """Find the connections that are in a transaction, by process, with what they did last."""
    return {
        pid: f"process {pid} of {user}, {state}: {query}"
        for pid, user, state, query in link.run(OPEN)
    }
