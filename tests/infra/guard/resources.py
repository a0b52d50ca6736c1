"""Lists the resources of the first tier, in the order in which they are compared and put back."""

from collections.abc import Callable

from .descriptors import Descriptors
from .imports import Builtins, Functions, ImportPath, Modules
from .libraries import Decimals, SocketTimeout, StartMethod, TempDirectory, WarningFilters
from .living import Children, Handlers, Threads, Timers
from .logs import Loggers
from .loops import AsyncioState
from .patching import Patches
from .process import (
    Arguments,
    Environ,
    TimeZone,
    Umask,
    WorkingDirectory,
    build_collector,
    build_hooks,
    build_limits,
    build_locale,
    build_streams,
)
from .randomness import RandomState
from .resource import Resource


def build_shallow(
    *, has_own_warnings: bool, has_own_seed: bool, is_own: Callable[[str], bool] = lambda _: True
) -> list[Resource]:
    """Build the resources of the first tier.

    :param is_own: whether a module of this name belongs to the project.
    :param has_own_warnings: whether pytest puts warnings filters back after each test.
    :param has_own_seed: whether a plugin seeds the shared random generator for each test.
    """
    optional: list[Resource] = []
    if not has_own_warnings:
        optional.append(WarningFilters())
    if not has_own_seed:
        optional.append(RandomState())
    return [
        # Patches first: stopping them puts back what others would find changed.
        Patches(),
        Modules(is_own),
        Environ(),
        WorkingDirectory(),
        Umask(),
        ImportPath(),
        Arguments(),
        build_streams(),
        build_hooks(),
        build_limits(),
        Builtins(),
        Functions(),
        Loggers(),
        Handlers(),
        Timers(),
        Threads(),
        Children(),
        Descriptors(),
        *optional,
        build_locale(),
        # After the environment, whose TZ it reads anew.
        TimeZone(),
        Decimals(),
        SocketTimeout(),
        TempDirectory(),
        build_collector(),
        AsyncioState(),
        StartMethod(),
    ]
