import importlib
import json
import pkgutil
from collections import Counter
from typing import Any

import pytest

import tests.truth.scenarios
from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.endpoints import TABLE
from tests.truth.comparison import compare_outcomes
from tests.truth.known_differences import DIFFERENCES, find_difference
from tests.truth.play import Play
from tests.truth.scenario import Scenario

AREAS = [module.name for module in pkgutil.iter_modules(tests.truth.scenarios.__path__)]
SCENARIOS: dict[str, Scenario] = {
    f"{area}-{scenario.name}": scenario
    for area in AREAS
    for scenario in importlib.import_module(f"tests.truth.scenarios.{area}").SCENARIOS.all
}


@pytest.fixture(scope="module")
def played() -> dict[str, list[str]]:
    """The differences of the scenarios that were played already, by name."""
    return {}


def play_on_both(scenario: Scenario, pve_server: Any) -> list[str]:
    builder = ProxmoxAPIMockBuilder()
    scenario.describe(builder)
    pve_server.show(builder.cluster)
    ours, theirs = Play(builder.build_api()), Play(pve_server.api)
    scenario.act(ours)
    scenario.act(theirs)
    return list(compare_outcomes(ours.outcomes, theirs.outcomes))


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_double_and_fakepve_agree(
    scenario: Scenario, pve_server: Any, played: dict[str, list[str]]
) -> None:
    # isolation: ignore[PTI301] a memo: every test would put the same there
    played[scenario.name] = play_on_both(scenario, pve_server)

    lines = played[scenario.name]
    assert [line for line in lines if find_difference(scenario.name, line) is None] == []


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_answers_of_the_double_are_what_it_declares(scenario: Scenario) -> None:
    builder = ProxmoxAPIMockBuilder()
    scenario.describe(builder)
    play = Play(builder.build_api())

    scenario.act(play)

    for method, path, answer in play.answers:
        match = TABLE.find(path)
        assert match is not None
        assert match.methods[method].result.complaint(answer) is None
        assert json.loads(json.dumps(answer)) == answer


def test_every_known_difference_is_still_there(
    pve_server: Any, played: dict[str, list[str]]
) -> None:
    for scenario in SCENARIOS.values():
        if scenario.name not in played:
            # isolation: ignore[PTI301] likewise
            played[scenario.name] = play_on_both(scenario, pve_server)
    found = {find_difference(name, line) for name, lines in played.items() for line in lines}

    assert [one.line for one in DIFFERENCES if one not in found] == []


def test_there_are_forty_scenarios_and_no_name_twice() -> None:
    names = Counter(scenario.name for scenario in SCENARIOS.values())

    assert len(SCENARIOS) >= 40
    assert [name for name, count in names.items() if count > 1] == []
