"""`lanes`: what limits each test of a suite, how long it is expected to take, and why."""

import argparse
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pytest

from ..chronicle import get_history
from ..collection import collect
from ..errors import SettingError
from ..lanes import LaneTable
from ..listing import Estimate, Listed, Listing, render_listing
from ..records import Routing
from ..settings import DEFAULT_LANES, read_settings
from .verb import ExitCode, Outcome, Verb

DESCRIPTION: Final = """\
Collect the tests that pytest would run, and tell for each of them: in which lanes it is (of a lane
of width k, k tests run at a time), whether it is exclusive (nothing runs beside it, on any worker),
in which group it is (one worker runs all of it), how long it is expected to take, and why: which
marker says so, on what, and which line of the ini file gives the width.

Then, for each lane, the sum of its tests and the time that it takes at least, and which of them
bounds the run.  Contradictory markers, and lanes that no marker is registered for, are findings.

examples:
  {prog}                                  the whole suite, by pytest.ini
  {prog} -c pytest-parallel.ini           by another configuration
  {prog} tests/test_a.py -k migrate -n 4  what that command line would run
  {prog} --json | jq '.lanes'             for another program
"""


def run(arguments: argparse.Namespace) -> Outcome:
    """List what pytest would run with the arguments that are left for it."""
    collected = collect(arguments.pytest_args)
    listing = build_listing(collected.config, collected.items)
    exit_code = ExitCode.FINDING if listing.findings else ExitCode.SOUND
    return Outcome(render_listing(listing), listing.to_data(), exit_code)


def build_listing(config: pytest.Config, items: Sequence[pytest.Item]) -> Listing:
    """Route all tests as a run would, and note why.

    :raises SettingError: the configuration can't be used, or lacks the infrastructure's plugin.
    """
    marker_widths = _read_widths(config)
    table = LaneTable(marker_widths)
    routings = [table.route(item.nodeid, item.iter_markers()) or Routing() for item in items]
    sources = _find_sources(config, marker_widths)
    estimates = estimate(config, [item.nodeid for item in items])
    return Listing(
        tests=[
            _list_test(item, routing, sources, estimates.get(item.nodeid))
            for item, routing in zip(items, routings, strict=True)
        ],
        widths=table.widths,
        workers=_read_workers(config),
        findings=[*table.conflicts, *_find_unknown_lanes(config, sources)],
    )


def estimate(config: pytest.Config, nodeids: Sequence[str]) -> Mapping[str, Estimate]:
    """Return what past runs tell of how long the tests take."""
    settings = read_settings(config.getini, config.getoption, os.environ, config.rootpath)
    history = get_history(config, settings)
    return dict(zip(nodeids, history.get_estimates(nodeids), strict=True))


def find_ini_line(text: str, lane: str) -> int | None:
    """Return the number of the line of an ini or TOML file that gives a lane's width."""
    is_inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if opening := re.match(r"""\s*lanes\s*=\s*["']*(.*)""", line):
            is_inside, line = True, opening[1]  # noqa: PLW2901  the first lane may follow at once
        elif line.startswith("["):
            is_inside = False
        if is_inside and re.match(rf"\s*{re.escape(lane)}\s*=", line):
            return number
    return None


def _read_widths(config: pytest.Config) -> Mapping[str, int]:
    plugin = f"{__package__.rpartition('.')[0]}.plugin"
    try:
        config.getini("lanes")
    except ValueError as error:
        raise SettingError(
            "pytest_plugins",
            str(config.inipath or config.rootpath),
            "loads no conftest that names the infrastructure's plugin",
            f"let it say pytest_plugins = [{plugin!r}], or add -p {plugin}",
        ) from error
    settings = read_settings(config.getini, config.getoption, os.environ, config.rootpath)
    return settings.lane_widths


def _find_sources(config: pytest.Config, marker_widths: Mapping[str, int]) -> dict[str, str]:
    """Return where the width of each marker's lane is given, as `file:line`, or `default`."""
    text = config.inipath.read_text(encoding="utf-8") if config.inipath else ""
    name = config.inipath.name if config.inipath else ""
    sources = {}
    for lane, width in marker_widths.items():
        line = find_ini_line(text, lane)
        if line is not None:
            sources[lane] = f"{name}:{line}"
        else:
            sources[lane] = "default" if DEFAULT_LANES.get(lane) == width else "command line"
    return sources


def _find_unknown_lanes(config: pytest.Config, sources: Mapping[str, str]) -> Iterator[str]:
    """Tell the lanes of the ini file whose name is no marker: no test can ever be in them."""
    registered = {re.split(r"[:(]", line)[0].strip() for line in config.getini("markers")}
    for lane, source in sources.items():
        if lane not in registered:
            yield f"lane {lane} ({source}) has no marker of its name; register it, or correct it"


def _list_test(
    item: pytest.Item, routing: Routing, sources: Mapping[str, str], known: Estimate | None
) -> Listed:
    is_known = known is not None and known.source != "none"
    return Listed(
        nodeid=item.nodeid,
        routing=routing,
        reasons=tuple(_find_reasons(item, sources)),
        expected_s=known.cost_s if known is not None and is_known else None,
        source=known.source if known is not None else "none",
    )


def _find_reasons(item: pytest.Item, sources: Mapping[str, str]) -> Iterator[str]:
    for node, mark in item.iter_markers_with_node():
        where = "" if node is item else f" of {type(node).__name__.lower()} {node.name}"
        if mark.name in ("lane", "xdist_group"):
            yield f"marker {_render_mark(mark)}{where}"
        elif mark.name in sources:
            yield f"marker {mark.name}{where} ({sources[mark.name]})"


def _render_mark(mark: pytest.Mark) -> str:
    pairs = [*map(repr, mark.args), *(f"{key}={value!r}" for key, value in mark.kwargs.items())]
    return f"{mark.name}({', '.join(pairs)})"


def _read_workers(config: pytest.Config) -> int | None:
    """Return the number given by `-n`, or what `-n auto` came to."""
    count = config.getoption("numprocesses", None)
    return count if isinstance(count, int) and count > 0 else None


VERB: Final = Verb(
    name="lanes",
    summary="what limits each test, how long it takes, and why",
    description=DESCRIPTION,
    run=run,
    takes_pytest_args=True,
)
