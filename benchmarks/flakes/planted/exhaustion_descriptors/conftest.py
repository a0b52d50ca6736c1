import os
import resource

import pytest


@pytest.fixture(scope="session")
def roomy():
    return len(os.listdir("/proc/self/fd")) + 30


@pytest.fixture
def limited(roomy):
    """As on the small machines of our customers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (roomy, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
