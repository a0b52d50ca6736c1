"""A plugin that registers our scheduler and nothing else of the infrastructure.

Loaded with `-p scheduling.only_scheduler` by the benchmark, in controller and workers.
"""

import pytest

from tests.infra.plan import Plan
from tests.infra.scheduler import LaneScheduling

ANY_COST_S = 0.01


def pytest_xdist_make_scheduler(config: pytest.Config) -> LaneScheduling:
    """Schedule every test by our class, all of them alike."""
    return LaneScheduling(
        config, get_plan=lambda nodeids: Plan(nodeids, [ANY_COST_S] * len(nodeids))
    )
