"""Which database a worker gets, by the settings of its run, and who cleans up when the run ends."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...session import Session
from ...settings import Settings
from .postgres import PostgresDatabase
from .server import Server
from .sqlite import SqliteDatabase
from .sqlite import open_database as open_file
from .template import Migrate

if TYPE_CHECKING:
    import pluggy


def open_database(session: Session, hook: "pluggy.HookCaller") -> PostgresDatabase | SqliteDatabase:
    """Make the database of this process.

    :param hook: migrates the run's template; where nobody has filled it in, databases are empty.
    :raises InfraError: it can't be made; nothing is left behind.
    """
    migrate = _bind(hook) if hook.get_hookimpls() else None
    assert session.environment is not None, "a controller runs no tests"
    if server := build_server(session.settings):
        return PostgresDatabase.open(server, session.run_path, session.worker_id, migrate)
    return open_file(
        session.environment.directories.root,
        session.run_path,
        migrate,
        holder=session.build_holder("worker_database"),
        timeout_s=session.settings.database_timeout_s,
    )


def build_server(settings: Settings) -> Server | None:
    """Build what is known about the server, or None where databases are files."""
    if settings.database_url is None:
        return None
    return Server(settings.database_url, settings.database_setting, settings.database_timeout_s)


def _bind(hook: Callable[..., object]) -> Migrate:
    return lambda url: hook(url=url)
