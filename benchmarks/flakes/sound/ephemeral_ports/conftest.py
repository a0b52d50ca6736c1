import pytest
from app.echo import Echo


@pytest.fixture
def echo():
    made = Echo()
    yield made
    made.close()


@pytest.fixture(scope="session")
def shared_echo():
    made = Echo(b"shared ")
    yield made
    made.close()
