"""The resource of patches that were started and not stopped."""

import sys
from collections.abc import Mapping
from typing import Any

from .resource import ABSENT, Change, Plain, Scene


class Patches(Plain):
    """Patches of `unittest.mock` that were started and not stopped."""

    name = "mock"
    remedy = "stop it: self.addCleanup(patcher.stop), or use mock.patch as a context manager"

    def read(self) -> object:
        """Copy mock's own list."""
        # Any: private classes of the standard library; without them there is nothing to look at.
        mock: Any = sys.modules.get("unittest.mock")
        patch = getattr(mock, "_patch", None)
        return tuple(getattr(patch, "_active_patches", ()))

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the patches under their targets."""
        assert isinstance(state, tuple)
        return {f"{_render_target(patch)} #{id(patch):x}": patch for patch in state}

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether a patch has gone: that is as it should be."""
        return change.after is ABSENT

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the patch's target."""
        target = change.key.partition(" #")[0]
        return f"mock.patch({target!r})", "not patched", "still patched"

    def restore(self, change: Change) -> bool:
        """Stop it."""
        patch: Any = change.after  # Any: a private class of the standard library.
        patch.stop()
        return True


def _render_target(patch: object) -> str:
    getter = getattr(patch, "getter", None)
    target = getattr(patch, "target", None)
    if target is None and getter is not None:
        try:
            target = getter()
        except Exception:  # noqa: BLE001  a target that can't be imported any more
            target = None
    owner = getattr(target, "__name__", None) or type(target).__name__
    return f"{owner}.{getattr(patch, 'attribute', '?')}"
