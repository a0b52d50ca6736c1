"""What the workers of a run have told the controller about themselves, checked.

The manifests arrive in execnet's receiver threads and are read in the main thread; one that
arrived before a worker's collection is there when that collection is looked at.
Sending tests by it is left to `scheduler`.
"""

from collections.abc import Mapping

from .errors import ManifestError, RoutingConflictError
from .records import Block, Manifest
from .report import find_overlap


class Roster:
    """The manifests of a run's workers."""

    def __init__(self) -> None:
        self._manifests: dict[str, Manifest] = {}
        self._crashed: dict[str, Block] = {}
        self._groups: Mapping[int, tuple[str, ...]] | None = None

    def receive(self, text: str) -> None:
        """Take in a worker's manifest; called in a receiver thread."""
        manifest = Manifest.from_json(text)
        self._manifests[manifest.worker_id] = manifest

    def check(self, worker_id: str) -> None:
        """Check what a worker that has collected told.

        :raises ManifestError: it told nothing, or other groups or the same VMIDs as another.
        :raises RoutingConflictError: it has tests whose markers contradict each other.
        """
        manifest = self._manifests.get(worker_id)
        if manifest is None:
            raise ManifestError(worker_id, "did not say which tests belong together")
        if manifest.conflicts:
            raise RoutingConflictError(manifest.conflicts)
        if self._groups is None:
            self._groups = manifest.groups
        elif manifest.groups != self._groups:
            raise ManifestError(worker_id, "found other groups of tests than the workers before it")
        if overlap := find_overlap(self.get_blocks()):
            problem = f"has the same VMIDs as {overlap[0]}"
            raise ManifestError(overlap[1], problem)

    def forget(self, worker_id: str) -> None:
        """Drop a worker that crashed: its PID, and so its block, may come back in another."""
        manifest = self._manifests.pop(worker_id, None)
        if manifest is not None:
            self._crashed[worker_id] = manifest.block

    def get_groups(self) -> Mapping[int, tuple[str, ...]]:
        """Return the groups that all workers agree on, by position in the collection."""
        return self._groups or {}

    def get_blocks(self) -> dict[str, Block]:
        """Return each living worker's block of VMIDs."""
        return {worker_id: manifest.block for worker_id, manifest in self._manifests.items()}

    def get_all_blocks(self) -> dict[str, Block]:
        """Return each worker's block, also of those that crashed."""
        return self._crashed | self.get_blocks()
