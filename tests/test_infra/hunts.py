"""Hunts that never took place, as the tests of what shows them need them."""

from tests.infra.hunting.verdicts import (
    Bar,
    Evidence,
    HuntRecord,
    Kind,
    Shown,
    Tally,
    Verdict,
)

STARTED = 1_000_000_000.0


def make_bars(count: int, *, rows: int = 4, gap_s: float = 0.0) -> tuple[Bar, ...]:
    """Make a run of several workers in which the last test but few is the victim."""
    bars = []
    for index in range(count):
        start = index // rows * 0.3 + index % rows * 0.05
        start += gap_s if index > count // 2 else 0.0
        role = {count - 2 * rows: "victim", count - 3 * rows: "polluter"}.get(index, "")
        outcome = "failed" if role == "victim" else "passed"
        nodeid = f"tests/api/test_{index // 10}.py::TestThing::test_case_{index}"
        bars.append(Bar(f"gw{index % rows}", nodeid, start, start + 0.25, outcome, role))
    return tuple(bars)


def make_verdict(
    kind: Kind = Kind.VICTIM,
    nodeid: str = "tests/api/test_cache.py::test_reads_empty_cache",
    *,
    cluster: int = 0,
    bars: tuple[Bar, ...] = (),
) -> Verdict:
    """Make a verdict of a kind, with all that it may hold."""
    return Verdict(
        nodeid=nodeid,
        kind=kind,
        summary="fails after test_fills_cache, which leaves app.cache.REG['k']",
        tally=Tally(10, 3),
        fingerprint="AssertionError at tests/api/test_cache.py:14",
        text="assert {'k': 1} == {}",
        culprits=("tests/api/test_cache.py::test_fills_cache",),
        cleaners=("tests/api/test_cache.py::test_clears_cache",),
        state=("app.cache.REG['k']",),
        evidence=(
            Evidence(
                "test_fills_cache before it", Tally(5, 0), Tally(5, 5), "it ran in 5 of 5 runs"
            ),
            Evidence("hash seed 1 instead of 0", Tally(5, 0), Tally(4, 0)),
        ),
        command="python -m pytest -p no:randomly tests/api/test_cache.py::test_fills_cache "
        "tests/api/test_cache.py::test_reads_empty_cache",
        confirmed=Tally(5, 5),
        cleared=Tally(5, 0),
        bars=bars,
        cluster=cluster,
    )


def make_hunt(*verdicts: Verdict, is_complete: bool = True) -> HuntRecord:
    """Make a hunt with these verdicts."""
    return HuntRecord(
        hunt_id="20260102-030405-a1b2",
        started=STARTED,
        finished=STARTED + 252,
        command="python -m tests.infra hunt --budget 10m --seed 7",
        verdicts=verdicts,
        sound=Shown(309, 12),
        axes={"twice in one process": 2, "random order": 4, "hash seed": 3},
        left_out=("load of the disk: the budget was spent",),
        notes=("3 tests are skipped on this machine",),
        is_complete=is_complete,
    )


def make_full_hunt() -> HuntRecord:
    """Make a hunt with a verdict of each kind, three of them in one cluster."""
    together = (Kind.VICTIM, Kind.PORT, Kind.RANDOM)
    verdicts = [
        make_verdict(
            kind,
            f"tests/api/test_{kind.name.lower()}.py::test_one",
            cluster=int(kind in together),
            bars=make_bars(60, gap_s=500.0 if kind is Kind.PORT else 0.0),
        )
        for kind in Kind
    ]
    return make_hunt(*verdicts)
