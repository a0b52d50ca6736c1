import importlib
import pkgutil
from collections import Counter
from typing import Any

import pytest

import tests.truth.scenarios
from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.comparison import compare_outcomes
from tests.truth.known_differences import find_reason
from tests.truth.play import Play
from tests.truth.scenario import Scenario

AREAS = [module.name for module in pkgutil.iter_modules(tests.truth.scenarios.__path__)]
SCENARIOS: dict[str, Scenario] = {
    f"{area}-{scenario.name}": scenario
    for area in AREAS
    for scenario in importlib.import_module(f"tests.truth.scenarios.{area}").SCENARIOS.all
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_double_and_fakepve_agree(scenario: Scenario, pve_server: Any) -> None:
    builder = ProxmoxAPIMockBuilder()
    scenario.describe(builder)
    pve_server.show(builder.cluster)
    ours, theirs = Play(builder.build_api()), Play(pve_server.api)

    scenario.act(ours)
    scenario.act(theirs)

    differences = compare_outcomes(ours.outcomes, theirs.outcomes)
    assert [line for line in differences if find_reason(line) is None] == []


def test_there_are_forty_scenarios_and_no_name_twice() -> None:
    names = Counter(scenario.name for scenario in SCENARIOS.values())

    assert len(SCENARIOS) >= 40
    assert [name for name, count in names.items() if count > 1] == []
