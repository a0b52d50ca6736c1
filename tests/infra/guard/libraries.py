"""Resources of standard libraries, looked at only where somebody else has imported them."""

import os
import sys
import tempfile
import warnings
from collections.abc import Mapping
from typing import Any, Final

from .resource import ABSENT, Change, Plain, Scene, render


class WarningFilters(Plain):
    """Warnings filters, where pytest's own plugin doesn't put them back after each test."""

    name = "warnings"
    remedy = "use warnings.catch_warnings(), which undoes it"

    def __init__(self) -> None:
        # Any: entries as the module makes them; typed as a sequence, but a list.
        self._list: Any = warnings.filters

    def read(self) -> object:
        """Copy the filters."""
        return (tuple(warnings.filters), warnings.showwarning)

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return both under their names."""
        assert isinstance(state, tuple)
        return {"warnings.filters": state[0], "warnings.showwarning": state[1]}

    def is_lawful(self, change: Change, scene: Scene) -> bool:
        """Tell whether a library that was just imported added filters of its own."""
        if change.key != "warnings.filters" or not scene.imported:
            return False
        assert isinstance(change.before, tuple)
        assert isinstance(change.after, tuple)
        return set(change.before) <= set(change.after)

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return how many filters there were, and which came."""
        before, after = change.before, change.after
        if not isinstance(before, tuple) or not isinstance(after, tuple):
            return change.key, render(before), render(after)
        come = [entry for entry in after if entry not in before]
        gone = [entry for entry in before if entry not in after]
        text = ", ".join(
            [f"with {render(one)}" for one in come[:2]]
            + [f"without {render(one)}" for one in gone[:2]]
        )
        return change.key, f"{len(before)} filters", text or "another order"

    def restore(self, change: Change) -> bool:
        """Put them back."""
        if change.key == "warnings.showwarning":
            hook: Any = change.before  # Any: the function that was read.
            warnings.showwarning = hook
            return True
        assert isinstance(change.before, tuple)
        self._list[:] = change.before
        warnings.filters = self._list
        # The module compares a version with what it has cached; private, and the only way.
        getattr(warnings, "_filters_mutated", lambda: None)()
        return True


class Decimals(Plain):
    """The decimal context of the main thread."""

    name = "decimal"
    remedy = "use decimal.localcontext(), which undoes it"
    NAMES: Final = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp", "traps")

    def __init__(self) -> None:
        self._seen: Any = None  # Any: a copy of the context.
        self._traps: dict[object, bool] = {}

    def read(self) -> object:
        """Return what calculations depend on; flags only tell what happened."""
        decimal: Any = sys.modules.get("decimal")  # Any: a module that may not be there.
        if decimal is None:
            return None
        context = decimal.getcontext()
        # Two mappings of the module's own are compared as two numbers.
        if self._seen is None or context.traps != self._seen.traps:
            self._seen = context.copy()  # A mapping alone would outlive what it points into.
            self._traps = dict(self._seen.traps)
        return (
            context.prec,
            context.rounding,
            context.Emin,
            context.Emax,
            context.capitals,
            context.clamp,
            self._traps,
        )

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return them under their names."""
        return dict(zip(self.NAMES, state, strict=True)) if isinstance(state, tuple) else {}

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether the module was imported just now."""
        return change.before is ABSENT

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the expression and the values."""
        path = f"decimal.getcontext().{change.key}"
        return path, render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Set it in the context that is in force."""
        decimal: Any = sys.modules["decimal"]  # Any: typed attributes need no more than setattr.
        context = decimal.getcontext()
        if change.key == "traps":
            assert isinstance(change.before, dict)
            for signal in context.traps:
                context.traps[signal] = change.before[signal]
        else:
            setattr(context, change.key, change.before)
        return True


class SocketTimeout(Plain):
    """The timeout of new sockets."""

    name = "socket.timeout"
    remedy = "give the timeout to each socket, or put socket.getdefaulttimeout() back"

    def read(self) -> object:
        """Return it."""
        socket = sys.modules.get("socket")
        return None if socket is None else socket.getdefaulttimeout()

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the function and both values."""
        return "socket.setdefaulttimeout", render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Set it."""
        sys.modules["socket"].setdefaulttimeout(change.before)
        return True


class TempDirectory(Plain):
    """Where `tempfile` puts its files."""

    name = "tempdir"
    remedy = "set it with monkeypatch.setattr(tempfile, 'tempdir', ...)"

    def read(self) -> object:
        """Return it; None until it is needed for the first time."""
        return tempfile.tempdir

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether it was found for the first time, where tempfile looks."""
        variables = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        usual = {"/tmp", "/var/tmp", "/usr/tmp", *variables}  # noqa: S108  where tempfile looks
        return change.before is None and change.after in usual

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the expression and the values."""
        return "tempfile.tempdir", render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Assign it."""
        tempfile.tempdir = None if change.before is None else str(change.before)
        return True


class StartMethod(Plain):
    """How `multiprocessing` starts processes."""

    name = "multiprocessing"
    remedy = "use multiprocessing.get_context(...), which changes nothing for others"

    def read(self) -> object:
        """Return the method's name; None until it is needed for the first time."""
        context: Any = sys.modules.get("multiprocessing.context")  # Any: a private object.
        default = getattr(context, "_default_context", None)
        return getattr(getattr(default, "_actual_context", None), "_name", None)

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether the platform's own method was chosen by its first use."""
        context: Any = sys.modules.get("multiprocessing.context")  # Any: a private object.
        usual = context._default_context._default_context  # noqa: SLF001  it tells the platform's
        return change.before is None and change.after == getattr(usual, "_name", None)

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the function and both names."""
        path = "multiprocessing.set_start_method"
        return path, render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Set it."""
        sys.modules["multiprocessing"].set_start_method(change.before, force=True)
        return True
