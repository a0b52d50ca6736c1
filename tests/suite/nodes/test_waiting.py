"""Trying again in real time, as in production: the tools' own clock is at work here."""

import time

import pytest

from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.slow


def test_node_that_comes_back_is_asked_again_a_little_later_each_time(lab: Lab) -> None:
    lab.builder.with_node_offline(NODE, times=2)
    began = time.monotonic()

    [content] = lab.build_tools().get_node_time(NODE)

    assert 0.6 <= time.monotonic() - began < 5
    assert f'"time": {lab.builder.clock.now}' in content.text
    assert lab.reads == [f"/nodes/{NODE}/time"] * 3
