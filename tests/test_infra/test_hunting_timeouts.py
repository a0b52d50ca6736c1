"""Limits that are stretched, and load that is made; what can't be taken back is done in forks."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.hunting.conditions import Conditions
from tests.infra.hunting.perturbations import apply
from tests.infra.hunting.trials import Request
from tests.infra.loads import make_load
from tests.test_infra.forks import run_in_fork

ROOT = Path(__file__).parents[2]
LIMIT_S = 0.001
WORK_S = 0.03


def wait_for_program(limit_s: float | None) -> int:
    with subprocess.Popen(["/bin/sleep", str(WORK_S)]) as program:
        return program.wait(limit_s)


def talk_to_program(limit_s: float | None) -> int:
    with subprocess.Popen(["/bin/sleep", str(WORK_S)], stdout=subprocess.PIPE) as program:
        program.communicate(timeout=limit_s)
        return program.returncode


def await_within(limit_s: float | None) -> int:
    return asyncio.run(asyncio.wait_for(asyncio.sleep(WORK_S, 0), limit_s))


def await_under(limit_s: float | None) -> int:
    async def work() -> int:
        async with asyncio.timeout(limit_s):
            return await asyncio.sleep(WORK_S, 0)

    return asyncio.run(work())


LIMITS = {
    "a program": [wait_for_program, talk_to_program],
    "asyncio.wait_for": [await_within],
    "asyncio.timeout": [await_under],
}


def run_stretched(work: Callable[[float | None], int], limit_s: float | None) -> dict[str, int]:
    """Tell which limits of a work that takes longer than allowed were stretched."""

    def stage() -> dict[str, int]:
        applied = apply(Conditions(timeouts=1000), ROOT)
        assert work(limit_s) == 0
        return dict(applied.counts)

    return run_in_fork(stage)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("what", "work"),
    [(what, work) for what, works in LIMITS.items() for work in works],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_limit_lasts_longer(what: str, work: Callable[[float | None], int]) -> None:
    assert run_stretched(work, LIMIT_S).get(f"limit of {what} stretched", 0) > 0


@pytest.mark.parametrize("work", [wait_for_program, await_within])
def test_what_has_no_limit_gets_none(work: Callable[[float | None], int]) -> None:
    assert run_stretched(work, None) == {}


def test_limit_of_a_socket_lasts_longer() -> None:
    def stage() -> list[float | None]:
        apply(Conditions(timeouts=10), ROOT)
        with socket.socket() as one:
            limits = []
            for limit_s in (2.0, 0.0, None):
                one.settimeout(limit_s)
                limits.append(one.gettimeout())
        return limits

    assert run_in_fork(stage) == [20.0, 0.0, None]


def test_load_keeps_processors_and_disk_busy_until_its_end(tmp_path: Path) -> None:
    with make_load(Request((), busy=1, writing=1), tmp_path):
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        until = time.monotonic() + 10
        while not list(tmp_path.iterdir()) and time.monotonic() < until:
            time.sleep(0.005)
        written = [path.name for path in tmp_path.iterdir()]

    assert written == ["load-1"]
    assert len(children) >= 2
    assert list(tmp_path.iterdir()) == []


def test_each_load_is_a_session_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processors are divided among sessions first."""
    pids: list[int] = []
    fork = os.fork

    def note() -> int:
        pids.append(fork())
        return pids[-1]

    monkeypatch.setattr(os, "fork", note)
    with make_load(Request((), busy=2, writing=1), tmp_path):
        until = time.monotonic() + 5
        while [os.getsid(pid) for pid in pids] != pids and time.monotonic() < until:
            time.sleep(0.01)
        sessions = [os.getsid(pid) for pid in pids]

    assert len(pids) == 3
    assert sessions == pids
