import resource

import pytest

QUOTA = 64 * 1024


@pytest.fixture
def quota():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (QUOTA, hard))
    yield QUOTA
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="session")
def journal(tmp_path_factory):
    return tmp_path_factory.mktemp("journal") / "journal.bin"
