"""What past runs taught, read once, and what this run teaches the next: for one process of a run.

That is the controller, or the one process of a run without workers.  What is learnt is decided in
`history`, where it is kept in `archive`.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from . import seeds, shelf
from .archive import DIRECTORY, find_directory, read_history, update_history
from .circumstances import read_circumstances
from .history import History
from .identity import ROLE
from .recorder import Recorder
from .records import RunRecord
from .schedules import Schedule, WorkerSchedule, add_steps
from .settings import Settings

HISTORY: Final = pytest.StashKey[History]()


def get_history(config: pytest.Config, settings: Settings) -> History:
    """Return what past runs taught; read at the first call, which may come before any hook."""
    if HISTORY not in config.stash:
        directory = find_directory(config)
        config.stash[HISTORY] = read_history(directory, settings.durations_file)
    return config.stash[HISTORY]


def print_problem(terminalreporter: pytest.TerminalReporter, chronicle: "Chronicle") -> None:
    """Say what is wrong with a file of the history, once, where all summaries are."""
    if chronicle.problem:
        terminalreporter.write_line(f"infra: {chronicle.problem}", yellow=True)


class Chronicle:
    """Notes what happens in a run, and hands it on to the next one."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self.recorder = Recorder()
        self.started = time.time()
        self._circumstances = read_circumstances()
        self._problem: str | None = None

    @property
    def history(self) -> History:
        """What past runs taught."""
        return get_history(self._config, self._settings)

    @property
    def problem(self) -> str | None:
        """What is wrong with a file of the history, and the way out."""
        return self._problem or self._config.stash.get(HISTORY, History()).problem

    @property
    def has_memory(self) -> bool:
        """Whether this run can learn from others, and others from it."""
        return bool(find_directory(self._config) or self._settings.durations_file)

    def close(
        self, draft: RunRecord, markers: Mapping[int, tuple[str, ...]], *, is_warm: bool = False
    ) -> RunRecord:
        """Complete the record of the run with its tests, and add it to the history on disk."""
        run = self.recorder.build_record(draft)
        directory = find_directory(self._config)
        if not run.nodeids:
            return run
        if directory is not None and self._config.cache is not None:
            # It makes the files, too, that keep the cache out of version control and backups.
            with contextlib.suppress(OSError):
                self._config.cache.mkdir(DIRECTORY)
        today = datetime.now().astimezone().date()
        count = self._config.getoption("count", 1)
        updated = update_history(
            directory,
            self._settings.durations_file,
            lambda past: past.merge(
                run, markers=markers, is_warm=is_warm, today=today, count=count
            ),
        )
        self._problem = updated.problem
        return run

    def keep_schedule(
        self, run: RunRecord, workers: Iterable[WorkerSchedule], run_seed: int
    ) -> bool:
        """Keep what each worker ran, so that it can be run again; tell whether it is kept.

        A run that repeats another one is not: `--replay last` would find a part of the run meant.
        """
        if ROLE in self._config.stash or shelf.find_shelf(self._config) is None:
            return False
        has_randomly = self._config.pluginmanager.hasplugin(seeds.RANDOMLY)
        call = self._config.invocation_params
        schedule = Schedule(
            run_id=run.run_id,
            started=run.started,
            worker_count=run.worker_count,
            run_seed=run_seed,
            randomly_seed=self._config.getoption("randomly_seed") if has_randomly else None,
            arguments=tuple(map(str, call.args)),
            directory=Path(os.path.relpath(call.dir, self._config.rootpath)).as_posix(),
            is_module=Path(sys.argv[0]).name == "__main__.py",
            circumstances=self._circumstances,
            workers=add_steps(workers, run),
        )
        return shelf.keep_schedule(self._config, schedule)
