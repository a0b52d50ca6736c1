import pickle
from pathlib import Path

import pytest

from tests.infra import errors
from tests.infra.records import Block, Holder
from tests.infra.sharing import errors as sharing_errors

BLOCK = Block(1000, 1009, 7)
HOLDER = Holder("gw1", 4711, "ci-3", "test_a.py::test_x", "2026-01-02T03:04:05+00:00")

EXAMPLES = [
    errors.MissingPackageError("filelock", "the locks need it", "install it"),
    errors.SettingError("env_prefix", "a b", "can't be a prefix", "use capitals"),
    sharing_errors.DatabaseError(
        "worker_database", "--database-url", "postgresql://h/", "is full", "wait"
    ),
    errors.DirectoryUnusableError(Path("/x"), "it is read-only", "make it writable"),
    errors.ProcessLostError("a fork", "its last words", "hunt again"),
    errors.LockUnusableError(Path("/x"), "it is a directory"),
    errors.LockTimeoutError(Path("/x"), 1.5, HOLDER),
    sharing_errors.RateLimitTimeoutError("api", "60 a minute, 5 at once", 12.5, 10),
    sharing_errors.RateLimitConflictError(
        "api", "60 a minute, 5 at once", "9 a minute", "this run"
    ),
    sharing_errors.RateLimitBusyError("api", Path("/x"), "database is locked"),
    errors.VmidsExhaustedError(BLOCK, {"test_a": 9, "test_b": 1}),
    errors.PidOutsideRangeError(99, 50),
    errors.NoFreeBlockError(3, Path("/x")),
    errors.RoutingConflictError(["t.py::a is marked both serial and parallel_safe"]),
    errors.ManifestError("gw2", "did not say"),
    errors.RecordError("manifest", "no JSON"),
    errors.ExemptionError("t.py::test_a"),
    errors.GuardAsleepError(["umask"]),
    errors.CollectionFailedError("2 deselected"),
    errors.RepositoryError(Path("/x"), "no repository"),
    errors.KnownFlakyError(Path("/x"), 3, "has the key a", "drop it"),
    errors.UnknownRunError("ab", ["ab12", "ab34"], ["ab12", "ab34", "cd56"]),
    errors.ReplayError("--until a: no such test ran there", "there were b, c"),
    sharing_errors.SharedFixtureError("server", "it is asynchronous", "call asyncio.run"),
    sharing_errors.SharedSetUpError("server", "gw0 (pid 7)", "OSError: no"),
    sharing_errors.DeadlinePassedError(1.5),
    sharing_errors.PortsExhaustedError(2, 20000, 20009),
    sharing_errors.NameUnusableError("a_b", "has an underscore"),
    sharing_errors.TrackingError("kind", "guest", "nobody knows it", "register a remover"),
    sharing_errors.CleanupError("t.py::test_a", ["file /x (OSError: busy)"]),
    errors.PhaseError("the index is dirty", "a.py", "commit it"),
]


def test_every_error_has_an_example() -> None:
    classes = {
        value
        for module in (errors, sharing_errors)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, errors.InfraError)
    }

    assert classes - {errors.InfraError} == {type(example) for example in EXAMPLES}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_error_survives_pickling(error: errors.InfraError) -> None:
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_error_says_what_is_wrong_and_the_way_out(error: errors.InfraError) -> None:
    assert "; " in str(error)


def test_timeout_names_the_holder() -> None:
    text = str(errors.LockTimeoutError(Path("/x"), 1.5, HOLDER))

    assert "test_a.py::test_x on gw1 (pid 4711, ci-3, 2026-01-02T03:04:05+00:00)" in text


def test_exhausted_block_names_the_greediest_first() -> None:
    holders = {f"test_{number}": number for number in range(1, 8)}

    text = str(errors.VmidsExhaustedError(BLOCK, holders))

    assert "1000-1009 (pid 7): test_7 holds 7, test_6 holds 6" in text
    assert "and 2 more" in text
