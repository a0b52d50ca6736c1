"""These run against the mock, or against the API that PROXMOX_TEST_LLM_URL names."""

import pytest

from tests.examples.llm_api.client import LlmClient
from tests.examples.llm_api.mock_api import MockLlm

# Of a run's tests two talk to the API at a time; how often all runs may, its rate limit says.
pytestmark = pytest.mark.lane("llm_api", width=2)

START_VM = {
    "name": "start_vm",
    "description": "Start a virtual machine.",
    "parameters": {
        "type": "object",
        "properties": {"vmid": {"type": "integer"}},
        "required": ["vmid"],
    },
}


def test_answer_has_words_and_token_counts(
    llm_client: LlmClient, mock_llm_response: MockLlm
) -> None:
    mock_llm_response.answers("Yes.")

    answer = llm_client.ask("Is 7 a prime number? Answer with yes or no, nothing else.")

    assert "yes" in answer.text.lower()
    assert answer.prompt_tokens > 0
    assert answer.answer_tokens > 0


def test_stream_gives_the_whole_answer(llm_client: LlmClient, mock_llm_response: MockLlm) -> None:
    mock_llm_response.answers("one two three")

    pieces = list(llm_client.stream("Count from one to three in words, nothing else."))

    assert len(pieces) > 1
    assert "three" in "".join(pieces).lower()


def test_tool_is_called_with_its_arguments(
    llm_client: LlmClient, mock_llm_response: MockLlm
) -> None:
    mock_llm_response.calls_tool("start_vm", vmid=100)

    answer = llm_client.ask("Start the virtual machine 100.", tools=[START_VM])

    (call,) = answer.tool_calls
    assert (call.name, call.arguments) == ("start_vm", {"vmid": 100})
