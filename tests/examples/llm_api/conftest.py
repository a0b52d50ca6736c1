"""The client of these tests: of the API that is configured, or else of the mock."""

import os
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from tests.examples.llm_api.client import LlmClient
from tests.examples.llm_api.endpoint import Endpoint, read_endpoint
from tests.examples.llm_api.mock_api import MockLlm


class Limiter(Protocol):
    """See `rate_limit`."""

    def wait(self) -> float:
        """Return when the next call may begin."""


@pytest.fixture
def mock_llm_response() -> Iterator[MockLlm]:
    """Tell it what the model shall reply; where a real one is configured, nobody asks it."""
    with MockLlm() as mock:
        yield mock


@pytest.fixture
def llm_client(mock_llm_response: MockLlm, rate_limit: Callable[..., Limiter]) -> LlmClient:
    """A client of the API that PROXMOX_TEST_LLM_URL names, or of the mock."""
    return build_client(read_endpoint(os.environ), mock_llm_response.endpoint, rate_limit)


@pytest.fixture
def mock_llm_client(mock_llm_response: MockLlm) -> LlmClient:
    """A client of the mock, for what no real API does when asked to."""
    return LlmClient(mock_llm_response.endpoint, timeout_s=5)


def build_client(
    configured: Endpoint | None, mock: Endpoint, rate_limit: Callable[..., Limiter]
) -> LlmClient:
    if configured is None:
        return LlmClient(mock, timeout_s=5)
    limiter = rate_limit("llm_api", per_minute=60, burst=5)
    return LlmClient(configured, timeout_s=60, before_call=limiter.wait)
