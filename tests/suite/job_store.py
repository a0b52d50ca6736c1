"""Holds a job store that only remembers; leaves running jobs to the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """One registration, as the tools made it."""

    tool_name: str
    summary: str
    node: str
    upid: str
    metadata: Mapping[str, object] | None
    retry_spec: Mapping[str, object] | None
    retry_factory: Callable[[], object] | None
    cancel_factory: Callable[[str], object] | None

    def retry(self) -> object:
        """Do what the job did once more."""
        assert self.retry_factory is not None, "the job was registered without a way to retry"
        return self.retry_factory()

    def cancel(self) -> object:
        """Stop the job's task."""
        assert self.cancel_factory is not None, "the job was registered without a way to cancel"
        return self.cancel_factory(self.upid)


class FakeJobStore:
    """Has the one method that tools call, with the same parameters."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def register_task(  # noqa: PLR0913 - the interface of proxmox-mcp-plus
        self,
        *,
        tool_name: str,
        summary: str,
        node: str,
        upid: str,
        metadata: Mapping[str, object] | None,
        retry_spec: Mapping[str, object] | None,
        retry_factory: Callable[[], object] | None,
        cancel_factory: Callable[[str], object] | None,
    ) -> dict[str, str]:
        """Remember the job; ids count up from job-1."""
        self.jobs.append(
            Job(tool_name, summary, node, upid, metadata, retry_spec, retry_factory, cancel_factory)
        )
        return {"job_id": f"job-{len(self.jobs)}"}
