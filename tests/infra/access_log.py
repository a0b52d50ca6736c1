"""What the workers of a run have told about their accesses; kept by the controller.

It arrives in execnet's receiver threads, and is read in the main thread when all workers have
ended.  What it comes to is found in `contention`.
"""

from collections.abc import Iterator
from dataclasses import replace

from .records import Access, AccessList

Key = tuple[str, str, str, str, float]


class AccessLog:
    """The accesses of a run."""

    def __init__(self) -> None:
        self._accesses: dict[Key, Access] = {}
        self._downs: dict[str, float] = {}

    def receive(self, text: str) -> None:
        """Take in what a worker tells; what it told before without an end gets one now."""
        for access in AccessList.from_json(text).accesses:
            key = (access.worker_id, access.owner, access.kind, access.target, access.start)
            self._accesses[key] = access

    def note_down(self, worker_id: str, when: float) -> None:
        """Note when a worker ended, however it did: it holds nothing any more."""
        self._downs[worker_id] = when

    def get_accesses(self) -> Iterator[Access]:
        """Return all accesses; those of a worker's that has ended have an end."""
        for access in self._accesses.values():
            if access.stop is None:
                yield replace(access, stop=self._downs.get(access.worker_id))
            else:
                yield access
