"""The hook that a suite fills in to make its tables."""


def pytest_infra_migrate_database(url: str) -> None:
    """Bring the empty database at `url` to what every test shall find.

    Called once per run, and before the first worker has a database; each worker's is a copy.
    A hook and no fixture: a suite's conftests, and plugins, each add their own part, and what is in
    the database doesn't depend on which test asks first.

    :param url: of a PostgreSQL database, in the form of the setting, or of an SQLite file.
    """
