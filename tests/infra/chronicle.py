"""What past runs taught, read once, and what this run teaches the next: for one process of a run.

That is the controller, or the one process of a run without workers.  What is learnt is decided in
`history`, where it is kept in `archive`.
"""

import contextlib
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import pytest

from .archive import DIRECTORY, find_directory, read_history, update_history
from .history import History
from .recorder import Recorder
from .records import RunRecord
from .settings import Settings

HISTORY: Final = pytest.StashKey[History]()


def get_history(config: pytest.Config, settings: Settings) -> History:
    """Return what past runs taught; read at the first call, which may come before any hook."""
    if HISTORY not in config.stash:
        directory = find_directory(config)
        config.stash[HISTORY] = read_history(directory, settings.durations_file)
    return config.stash[HISTORY]


class Chronicle:
    """Notes what happens in a run, and hands it on to the next one."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self.recorder = Recorder()
        self.started = time.time()
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
