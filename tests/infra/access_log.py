"""What the workers of a run have told about their accesses; kept by the controller.

It arrives in execnet's receiver threads, and is read in the main thread when all workers have
ended.  What it comes to is found in `contention`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from .access_records import Access, AccessKind, AccessList
from .records import Span

Key = tuple[str, str, str, AccessKind, str, float]
Spans = Mapping[tuple[str, str], Sequence[Span]]


class AccessLog:
    """The accesses of a run."""

    def __init__(self) -> None:
        self._accesses: dict[Key, Access] = {}
        self._downs: dict[str, float] = {}

    def receive(self, text: str) -> None:
        """Take in what a worker tells; what it told before without an end gets one now."""
        for access in AccessList.from_json(text).accesses:
            whose = (access.worker_id, access.nodeid, access.fixture)
            self._accesses[*whose, access.kind, access.target, access.start] = access

    def note_down(self, worker_id: str, when: float) -> None:
        """Note when a worker ended, however it did: it holds nothing any more."""
        self._downs[worker_id] = when

    def close(self, spans: Iterable[Span]) -> Iterator[Access]:
        """Return all accesses with their ends, as far as those are known.

        What a worker did between two tests is nobody's, and left out.
        """
        spans_of: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)
        for span in spans:
            spans_of[span.worker_id, span.nodeid].append(span)
        for access in self._accesses.values():
            if access.fixture:
                is_over = access.stop is not None
                yield access if is_over else replace(access, stop=self._get_down(access))
            elif (stop := _find_stop(access, spans_of)) is not None:
                yield replace(access, stop=stop)

    def _get_down(self, access: Access) -> float | None:
        return self._downs.get(access.worker_id)


def _find_stop(access: Access, spans_of: Spans) -> float | None:
    """Return the end of the test, or of that attempt of it, in whose time an access was."""
    spans = spans_of.get((access.worker_id, access.nodeid), ())
    stops = (span.stop for span in spans if span.start <= access.start <= span.stop)
    return next(stops, None)
