"""Changes of a run that turn one kind of flaky test each: what fails with them, what they cure.

Each is legal: threads may switch anywhere, others may take longer, clocks cross midnight.  That a
change turns a test tells the kind; which kinds are possible is read here, which is true is decided
in `diagnosis`.
"""

from dataclasses import dataclass
from typing import Final

from .conditions import CUT, FROZEN, IN_LINE, INTERLEAVED, SLOW, Conditions
from .survey import CALM_CLOCK, ZONES
from .verdicts import Kind

BEFORE_MIDNIGHT: Final = ("998", "996", "992", "985", "97", "94", "88", "7")
"""Fractions of the last second of a year: second, minute, day, month and year turn over soon."""

LISTINGS: Final = range(1, 9)
"""Orders of directories: two by age, six by name, all of which leave two names as they are once
in 64 times."""


@dataclass(frozen=True, slots=True)
class Lever:
    """One change, in a few strengths."""

    words: str
    """What is changed, as in `the waits of others last 8 times as long`."""
    kind: Kind
    settings: tuple[Conditions, ...]
    cure: Conditions | None = None
    """The opposite change: with it the test passes where it failed before."""
    cure_words: str = ""
    needs_time_machine: bool = False
    is_silent: bool = False
    """Whether it is not known how often it made a difference."""
    is_graded: bool = False
    """Whether a setting that turns a test now and then suggests that a later one always does."""


LEVERS: Final = (
    Lever(
        "waits of other threads and tasks 10 times as long",
        Kind.ASYNC_WAIT,
        (Conditions(other_waits=10),),
        Conditions(own_waits=6),
        "the test's own waits 6 times as long",
    ),
    Lever(
        "the test's own waits a twentieth as long",
        Kind.ASYNC_WAIT,
        (Conditions(own_waits=0.05),),
        Conditions(own_waits=6),
        "the test's own waits 6 times as long",
    ),
    Lever(
        "timeouts a twentieth as long",
        Kind.DEADLINE,
        (Conditions(timeouts=0.05),),
        Conditions(timeouts=20),
        "timeouts 20 times as long",
    ),
    # Before the clocks that run faster or slower, which turn such a test, too.
    Lever(
        "a clock just before the turn of the year",
        Kind.TIME,
        tuple(Conditions(clock=f"2027-12-31T23:59:59.{part}+00:00") for part in BEFORE_MIDNIGHT),
        Conditions(clock=CALM_CLOCK),
        "a clock at which nothing turns over",
        needs_time_machine=True,
        is_silent=True,
        is_graded=True,
    ),
    Lever(
        "a clock that runs 50 times as fast for the project",
        Kind.DEADLINE,
        (Conditions(haste=50),),
        Conditions(haste=0.02),
        "a clock that runs a fiftieth as fast for the project",
    ),
    Lever(
        "threads that switch between any two instructions",
        Kind.CONCURRENCY,
        tuple(Conditions(threads=INTERLEAVED, seed=seed) for seed in (1, 2, 3, 4)),
        Conditions(threads=IN_LINE),
        "threads one after the other",
    ),
    Lever(
        "another time zone",
        Kind.TIME,
        tuple(Conditions(zone=zone) for zone in ZONES),
        is_silent=True,
    ),
    Lever(
        "directories listed in another order",
        Kind.UNORDERED,
        tuple(Conditions(listing=number) for number in LISTINGS),
    ),
    Lever(
        "another process id",
        Kind.ID_COLLISION,
        tuple(Conditions(pid=pid) for pid in (4711, 4712, 4720, 5100, 1000, 101, 32767, 999)),
    ),
    Lever("answers that come half a second late", Kind.NETWORK, (Conditions(network=SLOW),)),
    Lever("no network beyond this machine", Kind.NETWORK, (Conditions(network=CUT),)),
    Lever(
        "a clock that stands still",
        Kind.TIME,
        (Conditions(clock=FROZEN),),
        needs_time_machine=True,
        is_silent=True,
    ),
    Lever(
        "only 12 more open files", Kind.EXHAUSTION, (Conditions(descriptors=12),), is_silent=True
    ),
)
"""Those that tell most for what they take come first."""
