"""What a database is called, and the number of the lock that says whether its owner lives.

A name tells all that a later run has to know: that it is ours, on which maintenance database its
lock is held (advisory locks count per database), and whose it is.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

LIMIT: Final = 63
"""Bytes of an identifier: NAMEDATALEN - 1, PostgreSQL's src/include/pg_config_manual.h."""

TEMPLATE: Final = "template"

RUN: Final = r"[0-9]+_[0-9a-f]{8}"
"""The name of a run's directory, its hyphen turned into an underscore."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one run's databases."""

    maintenance_oid: int
    run: str
    """The name of the run's directory: unlike its id, no two runs have the same."""

    @property
    def prefix(self) -> str:
        """What all of this run's names begin with."""
        return f"infra_{self.maintenance_oid}_{self.run.replace('-', '_')}_"

    @property
    def template(self) -> str:
        """The name of the database that is migrated."""
        return self.prefix + TEMPLATE

    def name_worker(self, worker_id: str) -> str:
        """Return the name of a worker's database; different workers have different ones."""
        room = LIMIT - len(self.prefix)
        plain = re.sub(r"[^a-z0-9]", "_", worker_id.lower())
        if plain == worker_id != TEMPLATE and len(plain) <= room:
            return self.prefix + plain
        digest = hashlib.sha256(worker_id.encode()).hexdigest()[:8]
        return f"{self.prefix}{plain[: room - 9]}_{digest}"


def build_pattern(maintenance_oid: int) -> str:
    """Build the regular expression, as PostgreSQL reads it, of our databases' names."""
    return f"^infra_{maintenance_oid}_{RUN}_[a-z0-9_]+$"


def compute_lock(name: str) -> int:
    """Compute the number of the advisory lock of a name: a signed integer of 8 bytes."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
