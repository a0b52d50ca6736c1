"""Plays a scenario on one client and notes what came back, in a form that can be compared.

What must differ between two servers (ids of tasks, MAC addresses, times, load) is replaced by
what it is; everything else stays as it was sent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxmoxer.core import ResourceException

from tests.fixtures.proxmox.schema.results import UPID_PATTERN

_REPLACED: Final = (
    (re.compile(UPID_PATTERN.pattern), r"<task \g<type> \g<id>>"),
    (re.compile(r"(?i)\b[0-9a-f]{2}(?::[0-9a-f]{2}){31}\b"), "<fingerprint>"),
    (re.compile(r"(?i)\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b"), "<mac>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "<sha1>"),
    (re.compile(r"\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d"), "<time>"),
    (re.compile(r"ctime=\d+"), "ctime=<time>"),
)
_TASK: Final = re.compile(r"<task [^>]*>")
# Load, time and capacity: each server has its own, and says so with the same type.
_MEASURED: Final = frozenset({
    "active", "avail", "balloon", "cpu", "ctime", "cpus", "disk", "diskread", "diskwrite",
    "endtime", "exptime", "free", "idle", "loadavg", "maxcpu", "maxdisk", "maxmem", "mem",
    "memhost", "n", "netin", "netout", "pid", "pstart", "shared", "snaptime", "starttime", "swap",
    "time", "total", "uptime", "used", "used_fraction", "wait",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step came to: an answer, or a refusal with its status and wording."""

    step: str
    status: int
    message: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    answer: object = None


class Play:
    """Sends the requests of a scenario to one server; keeps outcomes and raw answers in order."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self.outcomes: list[Outcome] = []
        self.answers: list[tuple[str, str, object]] = []

    def get(self, path: str, /, **params: object) -> Any:
        """Read; the answer is also given back, None when it was refused."""
        return self._send("GET", path, params, lambda one: one.get(**params))

    def post(self, path: str, /, **params: object) -> Any:
        """Send a request that begins or creates something."""
        return self._send("POST", path, params, lambda one: one.post(**params))

    def put(self, path: str, /, **params: object) -> Any:
        """Send a request that changes something."""
        return self._send("PUT", path, params, lambda one: one.put(**params))

    def delete(self, path: str, /, **params: object) -> Any:
        """Send a request that removes something."""
        return self._send("DELETE", path, params, lambda one: one.delete(**params))

    def end_of(self, upid: object, node: str = "node1") -> None:
        """Note how the task ended; without a task there is nothing to note."""
        if isinstance(upid, str) and upid.startswith("UPID:"):
            self.get(f"nodes/{node}/tasks/{upid}/status")

    def _send(
        self, method: str, path: str, params: Mapping[str, object], call: Callable[[Any], Any]
    ) -> Any:
        listed = ", ".join(f"{name}={value!r}" for name, value in params.items())
        where = _TASK.sub("<task>", _replace(path))
        step = f"{len(self.outcomes) + 1}. {method} {where} ({listed})"
        try:
            answer = call(self._api(path))
        except ResourceException as refused:
            self.outcomes.append(_note_refusal(step, refused))
            return None
        self.answers.append((method, path, answer))
        self.outcomes.append(Outcome(step, 200, answer=_normalise(answer)))
        return answer


def _note_refusal(step: str, refused: ResourceException) -> Outcome:
    errors = refused.errors or {}
    listed = tuple(sorted((name, _replace(str(text)).strip()) for name, text in errors.items()))
    return Outcome(step, refused.status_code, _replace(str(refused.content)).strip(), listed)


def _normalise(answer: object, key: str = "") -> object:
    if isinstance(answer, dict):
        return {name: _normalise(value, name) for name, value in answer.items()}
    if isinstance(answer, list):
        return [_normalise(entry, key) for entry in answer]
    if isinstance(answer, str):
        return f"<{key}>" if key in _MEASURED else _replace(answer)
    return f"<{key}>" if key in _MEASURED else answer


def _replace(text: str) -> str:
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    return text
