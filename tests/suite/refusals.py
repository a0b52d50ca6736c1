"""Reads how tools refuse, so that a whole table of refusals is one comparison."""

from collections.abc import Callable


def refusal_of(tool: Callable[..., object], *args: object, **arguments: object) -> str:
    """Call the tool, and return the type and text of the error that it raises, or "accepted"."""
    try:
        tool(*args, **arguments)
    except (ValueError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"
