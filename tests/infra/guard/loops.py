"""The resource of asyncio: policy, event loop and pending tasks."""

import sys
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .resource import ABSENT, Change, Plain, Scene, render

if TYPE_CHECKING:
    import asyncio


class AsyncioState(Plain):
    """The event loop policy, the loop of the main thread, and tasks that nobody awaited."""

    name = "asyncio"
    remedy = "use asyncio.Runner or asyncio.run; await or cancel each task; close each loop"

    def read(self) -> object:
        """Return policy, open loop and pending tasks, without making any of them."""
        events: Any = sys.modules.get("asyncio.events")  # Any: private names of the library.
        if events is None:
            return None
        policy = vars(events).get("_event_loop_policy")
        loop = getattr(getattr(policy, "_local", None), "_loop", None)
        if loop is not None and loop.is_closed():
            loop = None
        return (policy, loop, _read_tasks())

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return each part under the function that makes it."""
        if not isinstance(state, tuple):
            return {}
        policy, loop, tasks = state
        found = {"asyncio.set_event_loop_policy": policy, "asyncio.set_event_loop": loop}
        return {**found, **{f"task {id(ref):x}": ref for ref in tasks}}

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether asyncio came, made its own policy, or has lost a loop or a task."""
        if change.key == "asyncio.set_event_loop_policy":
            is_usual = change.after in (None, ABSENT) or _is_default_policy(change.after)
            return change.before in (None, ABSENT) and is_usual
        if change.key == "asyncio.set_event_loop":
            return change.after is None or change.after is ABSENT
        return change.after is ABSENT or _get_task(change.after) is None

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the function, or the task's name and coroutine."""
        if not change.key.startswith("task "):
            return change.key, render(change.before), render(change.after)
        task = _get_task(change.after)
        coroutine = getattr(task.get_coro(), "__qualname__", "?") if task else "?"
        return f"task of {coroutine}", "no such task", "pending"

    def restore(self, change: Change) -> bool:
        """Put the policy or the loop back; a task's loop is over, so nothing can end it."""
        asyncio: Any = sys.modules["asyncio"]  # Any: no import for the sake of looking.
        if change.key == "asyncio.set_event_loop_policy":
            asyncio.set_event_loop_policy(None if change.before is ABSENT else change.before)
            return True
        if change.key == "asyncio.set_event_loop":
            asyncio.set_event_loop(None if change.before is ABSENT else change.before)
            return True
        return False


def _read_tasks() -> tuple[weakref.ref[Any], ...]:
    """Return the tasks that have not ended; the sets' names changed in Python 3.12."""
    tasks = sys.modules.get("asyncio.tasks")
    if tasks is None:
        return ()
    names = vars(tasks)  # Asking the module for what it hasn't takes ten times as long.
    known: Any = names.get("_scheduled_tasks", names.get("_all_tasks"))  # Any: private sets.
    if known is None or not getattr(known, "data", True):
        return ()
    # Weak: a snapshot must not keep a task alive that its test has dropped.
    return tuple(weakref.ref(task) for task in list(known) if not task.done())


def _get_task(ref: object) -> "asyncio.Task[object] | None":
    return ref() if isinstance(ref, weakref.ref) else None


def _is_default_policy(policy: object) -> bool:
    events: Any = sys.modules.get("asyncio")  # Any: no import for the sake of looking.
    usual = getattr(events, "DefaultEventLoopPolicy", None)
    usual = usual or getattr(events, "_DefaultEventLoopPolicy", None)
    return usual is not None and type(policy) is usual
