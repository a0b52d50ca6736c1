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
SCENARIOS = [
    pytest.param(scenario, id=f"{area}-{scenario.name}")
    for area in AREAS
    for scenario in importlib.import_module(f"tests.truth.scenarios.{area}").SCENARIOS.all
]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_double_and_fakepve_agree(scenario: Scenario, pve_server: Any) -> None:
    builder = ProxmoxAPIMockBuilder()
    scenario.describe(builder)
    pve_server.show(builder.cluster)
    ours, theirs = Play(builder.build_api()), Play(pve_server.api)

    scenario.act(ours)
    scenario.act(theirs)

    differences = compare_outcomes(ours.outcomes, theirs.outcomes)
    assert [line for line in differences if find_reason(scenario.name, line) is None] == []


def test_there_are_forty_scenarios_and_no_name_twice() -> None:
    names = Counter(param.values[0].name for param in SCENARIOS)

    assert len(SCENARIOS) >= 40
    assert [name for name, count in names.items() if count > 1] == []
