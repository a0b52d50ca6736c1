"""Makes the runs of a campaign by `measuring`, in a cache of its own, and says how far it is."""

from dataclasses import dataclass
from pathlib import Path

from ..archive import DIRECTORY, read_history
from ..history import History
from ..measuring.runner import CACHE, Measured, has_xdist, measure_run
from ..measuring.specs import RunSpec
from ..proving.runner import Progress


@dataclass(frozen=True, slots=True)
class MeasuringHands:
    """Runs pytest below one directory."""

    directory: Path
    progress: Progress

    @property
    def has_workers(self) -> bool:
        """Whether pytest-xdist is there."""
        return has_xdist()

    @property
    def memory(self) -> Path:
        """Where the runs keep what they have learnt."""
        return self.directory / CACHE / "d" / DIRECTORY

    def run(self, spec: RunSpec, *, label: str, timeout_s: float | None) -> Measured:
        """Run pytest once."""
        self.progress.update(f"{label}: {spec.name}")
        measured = measure_run(spec, self.directory, timeout_s=timeout_s)
        count = len(measured.outcomes)
        self.progress.tell(f"{label}: {spec.name}: {count} tests in {measured.wall_s:.2f} s")
        return measured

    def read_history(self) -> History:
        """Return what the runs have taught."""
        return read_history(self.memory, None)
