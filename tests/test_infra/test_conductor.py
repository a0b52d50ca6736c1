from types import SimpleNamespace
from typing import Any

import pytest

from tests.infra.chronicle import Chronicle
from tests.infra.conductor import Conductor
from tests.infra.history import History, Past
from tests.infra.records import Block, Manifest, Routing, WorkerRecord
from tests.infra.session import CHANNEL, FAREWELL, MANIFEST, SLOT, Session


class FakeChannel:
    def setcallback(self, callback: Any) -> None:
        self.send = callback


class FakeConfig:
    """No plugins, so no cache; `load`, no repeats."""

    def __init__(self) -> None:
        self.stash = pytest.Stash()
        self.pluginmanager = pytest.PytestPluginManager()

    def getoption(self, name: str, default: object = None) -> object:
        return {"dist": "load", "count": 1}.get(name, default)


class FakeSpec:
    """execnet's; two of them are never the same."""


def make_node(worker_id: str, spec: FakeSpec, **attributes: Any) -> Any:
    gateway = SimpleNamespace(id=worker_id, spec=spec, newchannel=FakeChannel)
    return SimpleNamespace(gateway=gateway, workerinput={"workercount": 2}, **attributes)


@pytest.fixture
def conductor(infra_session: Session) -> Conductor:
    config: Any = FakeConfig()
    return Conductor(config, infra_session, Chronicle(config, infra_session.settings))


def tell(node: Any, first_vmid: int, **fields: Any) -> None:
    block = Block(first_vmid, first_vmid + 9, first_vmid)
    node.workerinput[CHANNEL].send((MANIFEST, Manifest(node.gateway.id, block, **fields).to_json()))


def test_replacement_takes_the_slot_of_its_predecessor(conductor: Conductor) -> None:
    specs = [FakeSpec(), FakeSpec()]
    conductor.assign_slots(specs)
    nodes = [make_node("gw0", specs[0]), make_node("gw1", specs[1]), make_node("gw2", specs[0])]

    for node in nodes:
        conductor.open_worker(node)

    assert [node.workerinput[SLOT] for node in nodes] == [0, 1, 0]


def test_blocks_and_lanes_are_told_once_all_have_collected(conductor: Conductor) -> None:
    specs = [FakeSpec(), FakeSpec()]
    conductor.assign_slots(specs)
    nodes = [make_node("gw0", specs[0]), make_node("gw1", specs[1])]
    lanes: dict[str, Any] = {"routings": {0: Routing(("slow",))}, "widths": {"slow": 1}}
    for number, node in enumerate(nodes):
        conductor.open_worker(node)
        tell(node, 100 + 10 * number, **lanes)

    lines = [conductor.check_worker(node, ["t.py::a"]) for node in nodes]

    assert lines[0] == []
    assert lines[1][-1] == "lanes: slow 1 test, 1 at a time"
    assert conductor.check_worker(nodes[0], ["t.py::a"]) == []


def test_pid_of_a_crashed_worker_may_come_back(conductor: Conductor) -> None:
    node = make_node("gw0", FakeSpec())
    conductor.open_worker(node)
    tell(node, 100)

    conductor.close_worker(node, "it died")

    assert conductor.roster.get_blocks() == {}


def test_plan_knows_what_past_runs_took(
    conductor: Conductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = {"t.py::slow": Past((3_000_000,)), "t.py::bad": Past((1_000_000,), is_failed=True)}
    monkeypatch.setattr(Chronicle, "history", History(past))

    plan = conductor.build_plan(["t.py::slow", "t.py::bad", "t.py::new"])

    assert list(plan.costs_s) == [3.0, 1.0, 2.0]
    assert plan.failed == {1}


def test_record_holds_what_workers_told_at_their_end(conductor: Conductor) -> None:
    told = WorkerRecord("gw0", 0, 1.0, 0.5, 1000)
    node = make_node("gw0", FakeSpec(), workeroutput={FAREWELL: told.to_json()})
    conductor.close_worker(node, None)

    run, audit = conductor.close()

    assert list(run.workers) == [told]
    assert not audit.violations
