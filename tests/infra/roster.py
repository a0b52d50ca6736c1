"""What the workers of a run have told the controller about themselves, checked.

The manifests arrive in execnet's receiver threads and are read in the main thread; one that
arrived before a worker's collection is there when that collection is looked at.
Sending tests by it is left to `scheduler`.
"""

from collections.abc import Mapping

from .errors import ManifestError, RoutingConflictError
from .records import Block, Manifest, Routing
from .report import find_overlap


class Roster:
    """The manifests of a run's workers."""

    def __init__(self) -> None:
        self._manifests: dict[str, Manifest] = {}
        self._crashed: dict[str, Block] = {}
        self._hash_seeds: dict[str, str] = {}
        self.agreed: Manifest | None = None
        """The first one, with which all others agree."""

    def receive(self, text: str) -> None:
        """Take in a worker's manifest; called in a receiver thread."""
        manifest = Manifest.from_json(text)
        self._manifests[manifest.worker_id] = manifest
        self._hash_seeds[manifest.worker_id] = manifest.hash_seed

    def check(self, worker_id: str) -> None:
        """Check what a worker that has collected told.

        :raises ManifestError: it told nothing, or other lanes or the same VMIDs as another.
        :raises RoutingConflictError: it has tests whose markers contradict each other.
        """
        manifest = self._manifests.get(worker_id)
        if manifest is None:
            raise ManifestError(worker_id, "did not say which lanes its tests are in")
        if manifest.conflicts:
            raise RoutingConflictError(manifest.conflicts)
        agreed = self.agreed = self.agreed or manifest
        if (manifest.routings, manifest.widths) != (agreed.routings, agreed.widths):
            raise ManifestError(worker_id, "found other lanes of tests than the workers before it")
        if overlap := find_overlap(self.get_blocks()):
            problem = f"has the same VMIDs as {overlap[0]}"
            raise ManifestError(overlap[1], problem)

    def forget(self, worker_id: str) -> None:
        """Drop a worker that crashed: its PID, and so its block, may come back in another."""
        manifest = self._manifests.pop(worker_id, None)
        if manifest is not None:
            self._crashed[worker_id] = manifest.block

    def get_routings(self) -> Mapping[int, Routing]:
        """Return the routings that all workers agree on, by position in the collection."""
        return self.agreed.routings if self.agreed else {}

    def get_widths(self) -> Mapping[str, int]:
        """Return the widths of the lanes that the tests are in."""
        return self.agreed.widths if self.agreed else {}

    def get_blocks(self) -> dict[str, Block]:
        """Return each living worker's block of VMIDs."""
        return {worker_id: manifest.block for worker_id, manifest in self._manifests.items()}

    def get_hash_seeds(self) -> dict[str, str]:
        """Return what each worker's hashes are seeded with, also of those that crashed."""
        return self._hash_seeds

    def get_all_blocks(self) -> dict[str, Block]:
        """Return each worker's block, also of those that crashed."""
        return self._crashed | self.get_blocks()
