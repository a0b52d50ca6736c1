"""Limits that the project sets: to other programs, to what it awaits, to sockets."""

import asyncio
import socket
import subprocess
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .perturbations import Applied


def stretch(factor: float, applied: "Applied") -> None:
    """Let limits last so many times as long; what has none keeps none."""

    def scale(limit_s: float | None, what: str) -> float | None:
        if not limit_s or limit_s < 0:
            return limit_s
        applied.counts[f"limit of {what} stretched"] += 1
        return limit_s * factor

    communicate, wait = subprocess.Popen.communicate, subprocess.Popen.wait
    wait_for, set_limit = asyncio.wait_for, socket.socket.settimeout
    timeout = asyncio.timeout

    # Any: whatever the programs and coroutines return.
    def communicate_longer(
        self: "subprocess.Popen[Any]", *given: Any, timeout: float | None = None, **more: Any
    ) -> tuple[Any, Any]:
        more["timeout"] = scale(timeout, "a program")
        return communicate(self, *given, **more)

    def wait_longer(self: "subprocess.Popen[Any]", timeout: float | None = None) -> int:
        return wait(self, scale(timeout, "a program"))

    async def wait_for_longer(fut: Awaitable[Any], timeout: float | None) -> Any:
        return await wait_for(fut, scale(timeout, "asyncio.wait_for"))

    def timeout_longer(delay: float | None) -> asyncio.Timeout:
        return timeout(scale(delay, "asyncio.timeout"))

    def set_longer(self: socket.socket, value: float | None, /) -> None:
        set_limit(self, scale(value, "a socket"))

    applied.put(subprocess.Popen, "communicate", communicate_longer)
    applied.put(subprocess.Popen, "wait", wait_longer)
    applied.put(asyncio.tasks, "wait_for", wait_for_longer)
    applied.put(asyncio, "wait_for", wait_for_longer)
    applied.put(asyncio, "timeout", timeout_longer)
    applied.put(socket.socket, "settimeout", set_longer)
