"""What a PostgreSQL database holds at one moment: tables, their rows, sequences; read, not judged.

Tables of extensions are left out, and partitions belong to their table.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from .server import Link

OWN: Final = """
    n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""

TABLES: Final = f"""
    SELECT format('%I.%I', n.nspname, c.relname),
        array_agg(quote_ident(a.attname) ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
        (SELECT array_agg(quote_ident(t.tgname)) FROM pg_trigger t
            WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled = 'O')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {OWN}
    GROUP BY c.oid, n.nspname, c.relname
"""  # noqa: S608  two constants

REFERENCES: Final = """
    SELECT format('%I.%I', n.nspname, c.relname), format('%I.%I', m.nspname, p.relname)
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace m ON m.oid = p.relnamespace
    WHERE k.contype = 'f' AND k.conrelid <> k.confrelid
"""

SEQUENCES: Final = """
    SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value),
        last_value IS NOT NULL
    FROM pg_sequences
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as a statement has to name it."""

    columns: tuple[str, ...]
    """Those that can be written."""
    triggers: tuple[str, ...]
    """Those of the user's own that are on."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What tells the rows of a table from others."""

    count: int
    total: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables, how they refer to each other, and where the sequences are."""

    tables: Mapping[str, Table]
    references: frozenset[tuple[str, str]]
    """Pairs of a table and one that it refers to."""
    sequences: Mapping[str, tuple[int, bool]]
    """The last number, and whether it has been given out."""


def read_catalogue(link: Link) -> Catalogue:
    """Read what there is, but for the rows."""
    return Catalogue(
        tables={
            name: Table(tuple(columns or ()), tuple(triggers or ()))
            for name, columns, triggers in link.run(TABLES)
        },
        references=frozenset((child, parent) for child, parent in link.run(REFERENCES)),
        sequences=read_sequences(link),
    )


def read_sequences(link: Link) -> dict[str, tuple[int, bool]]:
    """Read where the sequences are."""
    return {name: (number, is_given) for name, number, is_given in link.run(SEQUENCES)}


def read_digests(link: Link, tables: Collection[str]) -> dict[str, Digest]:
    """Read how many rows each table has, and the sum of their hashes, which no order changes."""
    questions = (
        f"SELECT {_quote(name)}, count(*), sum(hashtextextended(infra_row::text, 0))"  # noqa: S608  names as PostgreSQL has quoted them
        f" FROM {name} AS infra_row"
        for name in tables
    )
    rows = link.run(" UNION ALL ".join(questions)) if tables else []
    return {name: Digest(count, int(total or 0)) for name, count, total in rows}


def read_rows(link: Link, name: str, table: Table) -> bytes:
    """Read the rows of a table as COPY writes them."""
    # A query, because COPY of a partitioned table itself gives nothing.
    return link.copy_out(f"COPY (SELECT {', '.join(table.columns)} FROM {name}) TO STDOUT")  # noqa: S608  names as PostgreSQL has quoted them


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
