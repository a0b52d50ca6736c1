"""The URL of a database: read, shown without its password, and pointed at another database.

Nothing is opened here; that is left to `sharing.databases`.
"""

import re
from typing import Final, Self
from urllib.parse import quote, unquote

FORM: Final = re.compile(
    r"postgres(?:ql)?(?:\+(?P<driver>\w+))?://"
    r"(?P<server>(?:[^@/?#]*@)?[^@/?#]*)"
    r"(?:/(?P<database>[^/?#]*))?(?:\?(?P<query>[^#]*))?"
)
EMBEDDED: Final = re.compile(r"sqlite(\+\w+)?:(//)?/?")
"""SQLite without a file of the user's own, as each worker gets one."""

PASSWORD: Final = re.compile(r"(?<=://)([^:@/?]*):.*@|((?<=[?&])password=)[^&#]*")


class DatabaseUrl(str):
    """A URL that is a string to everybody, and shows no password in a report."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(self.mask())

    def mask(self) -> str:
        """Return the URL with stars in the place of its password."""
        return PASSWORD.sub(
            lambda found: found[2] + "***" if found[2] else f"{found[1]}:***@", self
        )

    def is_server(self) -> bool:
        """Tell whether this is the URL of a PostgreSQL server, and well formed."""
        return FORM.fullmatch(self) is not None

    def get_database(self) -> str:
        """Return the name of the database, or nothing where the URL has none."""
        return unquote(self._match()["database"] or "")

    def point_at(self, database: str, *, driver: str | None = None) -> Self:
        """Return the URL of another database on the same server.

        :param driver: SQLAlchemy's name for what shall speak to it; None: as in this URL; empty:
            none, as libpq wants it.
        """
        match = self._match()
        wanted = match["driver"] if driver is None else driver
        # SQLAlchemy knows no `postgres`, which libpq takes for the same.
        scheme = f"postgresql+{wanted}" if wanted else "postgresql"
        # libpq lets a parameter of the query win over the path.
        parts = [part for part in (match["query"] or "").split("&") if part]
        query = "&".join(part for part in parts if not part.startswith("dbname="))
        tail = f"?{query}" if query else ""
        return type(self)(f"{scheme}://{match['server']}/{quote(database, safe='')}{tail}")

    def _match(self) -> re.Match[str]:
        match = FORM.fullmatch(self)
        if match is None:
            raise ValueError(self.mask())
        return match
