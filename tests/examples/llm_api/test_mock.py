"""What a client does when things go wrong, which no real API does when asked to."""

import pytest

from tests.examples.llm_api.client import LlmClient, LlmError
from tests.examples.llm_api.conftest import build_client
from tests.examples.llm_api.endpoint import Endpoint, EndpointError, read_endpoint
from tests.examples.llm_api.mock_api import MockLlm


def test_limit_of_the_service_is_told_with_its_pause(
    mock_llm_client: LlmClient, mock_llm_response: MockLlm
) -> None:
    mock_llm_response.fails(429, "slow down", retry_after_s=7)

    with pytest.raises(LlmError, match="429: slow down") as caught:
        mock_llm_client.ask("Anything?")

    assert (caught.value.status, caught.value.retry_after_s) == (429, 7)


@pytest.mark.parametrize("is_streamed", [False, True])
def test_service_that_never_answers_is_an_error_within_the_deadline(
    mock_llm_response: MockLlm, *, is_streamed: bool
) -> None:
    mock_llm_response.stalls()
    client = LlmClient(mock_llm_response.endpoint, timeout_s=0.05)

    with pytest.raises(LlmError, match=r"has not answered within 0\.05 s; .*PROXMOX_TEST_LLM_URL"):
        list(client.stream("Anything?")) if is_streamed else client.ask("Anything?")


def test_service_that_is_down_is_an_error(mock_llm_response: MockLlm) -> None:
    with MockLlm() as other:
        endpoint = other.endpoint

    with pytest.raises(LlmError, match=r"can't be asked \(ConnectionError\)"):
        LlmClient(endpoint, timeout_s=5).ask("Anything?")

    assert mock_llm_response.requests == []


def test_stream_that_breaks_off_is_an_error_after_what_came(
    mock_llm_client: LlmClient, mock_llm_response: MockLlm
) -> None:
    mock_llm_response.breaks_off("half an")
    pieces: list[str] = []

    with pytest.raises(LlmError, match="broke off in the middle"):
        pieces.extend(mock_llm_client.stream("Anything?"))

    assert "".join(pieces) == "half an"


def test_token_counts_are_as_told_or_as_many_as_words(
    mock_llm_client: LlmClient, mock_llm_response: MockLlm
) -> None:
    mock_llm_response.answers("Two words", tokens=(1000, 20))
    mock_llm_response.answers("Two words")

    answers = [mock_llm_client.ask("What are three words?") for _ in range(2)]

    assert [(each.prompt_tokens, each.answer_tokens) for each in answers] == [(1000, 20), (4, 2)]


def test_call_without_a_reply_says_how_to_can_one(mock_llm_client: LlmClient) -> None:
    with pytest.raises(LlmError, match="the mock has no reply left; can one for each call"):
        mock_llm_client.ask("Anything?")


def test_request_names_model_and_key_and_the_key_is_not_shown(mock_llm_response: MockLlm) -> None:
    mock_llm_response.answers("Yes.")
    endpoint = Endpoint(mock_llm_response.endpoint.url, "small", "hidden")

    LlmClient(endpoint).ask("Anything?")

    assert mock_llm_response.requests[0]["model"] == "small"
    assert mock_llm_response.keys == ["Bearer hidden"]
    assert "hidden" not in repr(endpoint)


def test_two_mocks_share_nothing(mock_llm_response: MockLlm) -> None:
    mock_llm_response.answers("first")
    with MockLlm() as other:
        other.answers("second")

        text = LlmClient(other.endpoint).ask("Which?").text

    assert text == "second"
    assert mock_llm_response.requests == []


class CountingLimiter:
    """Lets everything through, and counts: the fixture and its limiter in one."""

    def __init__(self) -> None:
        self.given: list[object] = []
        self.calls = 0

    def __call__(self, *args: object, **kwargs: object) -> "CountingLimiter":
        """Note for which limit it is asked."""
        self.given += [*args, *kwargs.items()]
        return self

    def wait(self) -> float:
        """Note a call."""
        self.calls += 1
        return 0.0


def test_calls_of_a_configured_api_keep_its_rate_limit(mock_llm_response: MockLlm) -> None:
    limiter = CountingLimiter()
    mock_llm_response.answers("Yes.")
    mock_llm_response.answers("Yes.")
    client = build_client(mock_llm_response.endpoint, Endpoint("http://nowhere"), limiter)

    client.ask("Anything?")
    list(client.stream("Anything?"))

    assert limiter.given == ["llm_api", ("per_minute", 60), ("burst", 5)]
    assert limiter.calls == 2


def test_endpoint_is_read_from_variables() -> None:
    environ = {"PROXMOX_TEST_LLM_URL": "http://127.0.0.1:8080/v1/", "PROXMOX_TEST_LLM_KEY": "k"}

    assert read_endpoint(environ) == Endpoint("http://127.0.0.1:8080/v1", "default", "k")
    assert read_endpoint({}) is None
    with pytest.raises(EndpointError, match="PROXMOX_TEST_LLM_URL = 'my-server' is no address"):
        read_endpoint({"PROXMOX_TEST_LLM_URL": "my-server"})
