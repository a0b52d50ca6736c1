"""The controller's handle of a nursery's process: started, waited for, asked, ended."""

import contextlib
import json
import select
import subprocess
from collections.abc import Mapping
from pathlib import Path

# Any: a report is a JSON object of any shape.
from typing import Any, Final

from . import gate, nursery

END_TIMEOUT_S: Final = 5.0
"""How long a nursery may take to end once its workers have."""


class Nursery:
    """The controller's handle of a nursery's process."""

    def __init__(self, order: gate.Order, environ: Mapping[str, str] | None = None) -> None:
        """Start it; it imports, and listens once `settle` says where.

        :param environ: its environment; None: this process's.
        """
        self._socket_path: Path | None = None
        args, lines = nursery.build_bootstrap(order)
        # stderr is inherited, as workers inherit it: Python's stream for it depends on what it is.
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter
            args, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        try:
            self._tell(lines)
        except BaseException:
            self.kill()
            raise

    @property
    def socket_path(self) -> Path:
        """Where it listens."""
        assert self._socket_path is not None, "nobody has said where"
        return self._socket_path

    def settle(self, directory: Path) -> None:
        """Say where it shall listen."""
        self._socket_path = directory / nursery.SOCKET_NAME
        # One that has found what can't be shared has ended, and is asked for it later.
        with contextlib.suppress(BrokenPipeError):
            self._tell(json.dumps(str(directory)).encode() + b"\n")

    def wait_until_ready(self, timeout_s: float) -> tuple[dict[str, str], str]:
        """Wait until it listens; return what can't be shared, and why it does not listen."""
        waiting = select.poll()
        waiting.register(self._stdout, select.POLLIN | select.POLLHUP)
        answer: dict[str, Any] = {"problem": f"it took longer than {timeout_s:g} s"}
        if waiting.poll(timeout_s * 1000):
            answer = _parse_report(self._stdout.readline())
        offenders: dict[str, str] = answer.get("offenders", {})
        if offenders:
            name, reason = next(iter(offenders.items()))
            more = f" (and {len(offenders) - 1} more)" if len(offenders) > 1 else ""
            return offenders, f"{name}{more} can't be shared: it {reason}"
        if answer.get("is_ready"):
            return {}, ""
        return {}, f"nothing could be preloaded: {answer.get('problem', 'the process ended')}"

    def read_problem(self) -> str:
        """Return what it has told about a worker that it could not fork, or an empty string."""
        waiting = select.poll()
        waiting.register(self._stdout, select.POLLIN | select.POLLHUP)
        if not waiting.poll(0):
            return ""
        report = _parse_report(self._stdout.readline())
        return str(report.get("problem", "the process that forks them has died"))

    def close(self) -> None:
        """End it; its workers have ended."""
        self._stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_TIMEOUT_S)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        if self._socket_path is not None:
            self._socket_path.unlink(missing_ok=True)
        for stream in (self._stdin, self._stdout):
            # What could not be written before it died can't be written now.
            with contextlib.suppress(OSError):
                stream.close()

    def _tell(self, lines: bytes) -> None:
        self._stdin.write(lines)
        self._stdin.flush()


def _parse_report(line: bytes) -> dict[str, Any]:
    """Read a nursery's report; one that died in the midst of it reported nothing."""
    try:
        return dict(json.loads(line))
    except ValueError:
        return {}
