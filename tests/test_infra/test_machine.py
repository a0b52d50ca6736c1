"""Processors and memory, read from a tree that looks like Linux'."""

import os
from pathlib import Path

import pytest

from tests.infra.machine import Machine, read_machine

GIB = 2**30


def make_root(path: Path, **files: str) -> Path:
    """Write a tree; `cpu_max` and its like go to a container's group, `outer_…` above it."""
    group = path / "sys/fs/cgroup/outer/inner"
    group.mkdir(parents=True)
    (path / "proc/self").mkdir(parents=True)
    (path / "proc/self/cgroup").write_text("4:memory:/old\n0::/outer/inner\n", encoding="ascii")
    for name, text in files.items():
        if name == "meminfo":
            target = path / "proc/meminfo"
        elif name.startswith("outer_"):
            target = group.parent / name.removeprefix("outer_").replace("_", ".")
        else:
            target = group / name.replace("_", ".")
        target.write_text(text, encoding="ascii")
    return path


@pytest.fixture
def eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu_max": "max 100000\n"}, 8),
        ({"cpu_max": "400000 100000\n"}, 4),
        ({"cpu_max": "150000 100000\n"}, 2),
        ({"cpu_max": "10000 100000\n"}, 1),
        ({"cpu_max": "max 100000\n", "outer_cpu_max": "300000 100000\n"}, 3),
        ({"cpu_max": "1600000 100000\n"}, 8),
        ({"cpu_max": "nonsense"}, 8),
    ],
)
@pytest.mark.usefixtures("eight_processors")
def test_cores_are_bounded_by_quotas(tmp_path: Path, files: dict[str, str], cores: int) -> None:
    assert read_machine(make_root(tmp_path, **files)).cores == cores


@pytest.mark.parametrize(
    ("files", "available_bytes"),
    [
        ({}, None),
        ({"meminfo": f"MemTotal: 99 kB\nMemAvailable: {4 * GIB // 1024} kB\n"}, 4 * GIB),
        ({"memory_max": f"{GIB}\n", "memory_current": f"{GIB // 4}\n"}, GIB * 3 // 4),
        (
            {
                "memory_max": f"{GIB}\n",
                "memory_current": f"{GIB}\n",
                "memory_stat": f"anon 5\ninactive_file {GIB // 2}\n",
            },
            GIB // 2,
        ),
        ({"memory_max": "max\n", "memory_current": "5\n"}, None),
        ({"memory_max": "5\n", "memory_current": "9\n"}, 0),
        (
            {
                "meminfo": f"MemAvailable: {GIB // 1024} kB\n",
                "outer_memory_max": f"{GIB // 2}",
                "outer_memory_current": "0",
            },
            GIB // 2,
        ),
    ],
)
def test_memory_is_the_least_that_any_limit_leaves(
    tmp_path: Path, files: dict[str, str], available_bytes: int | None
) -> None:
    assert read_machine(make_root(tmp_path, **files)).available_bytes == available_bytes


def test_machine_without_proc_has_its_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)

    assert read_machine(tmp_path) == Machine(6, None)


def test_this_machine_can_be_read() -> None:
    assert read_machine().cores >= 1
