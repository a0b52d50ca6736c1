import pytest
from app.monitor import Monitor


def test_monitor_sees_the_first_value():
    monitor = Monitor([1, 2])
    monitor.start()
    assert monitor.seen.get(timeout=20) == 1


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setattr("app.monitor.running", [])


@pytest.mark.usefixtures("alone")
def test_monitor_is_stopped():
    monitor = Monitor([])
    thread = monitor.start()
    monitor.stop(thread)
    assert not thread.is_alive()


@pytest.mark.usefixtures("alone")
def test_all_values_are_seen():
    monitor = Monitor("abc")
    thread = monitor.start()
    assert [monitor.seen.get(timeout=20) for _ in range(3)] == ["a", "b", "c"]
    monitor.stop(thread)


def test_new_monitor_has_seen_nothing():
    assert Monitor([]).seen.empty()


@pytest.mark.usefixtures("alone")
def test_two_monitors():
    monitors = [Monitor([1]), Monitor([2])]
    threads = [monitor.start() for monitor in monitors]
    for monitor, thread in zip(monitors, threads, strict=True):
        monitor.stop(thread)
