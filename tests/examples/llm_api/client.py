"""A client of a language-model API that speaks OpenAI's chat completions, as most servers do.

https://platform.openai.com/docs/api-reference/chat
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import requests

from tests.examples.llm_api.endpoint import URL, Endpoint

# Any: JSON, whose shape is the API's.
Json = dict[str, Any]

STREAM_MARK: Final = "data: "
STREAM_END: Final = "[DONE]"


class LlmError(Exception):
    """The API has not answered, or not with an answer."""

    def __init__(
        self, problem: str, *, status: int = 0, retry_after_s: float | None = None
    ) -> None:
        super().__init__(problem)
        self.status = status
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants to have called."""

    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model answered, and what that cost."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    prompt_tokens: int
    answer_tokens: int


class LlmClient:
    """Asks one endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout_s: float = 30.0,
        before_call: Callable[[], object] = lambda: None,
    ) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._before_call = before_call

    def ask(self, question: str, *, tools: Sequence[Json] = ()) -> Answer:
        """Return the answer to one question.

        :raises LlmError: there is none.
        """
        body = self._build_body(question)
        if tools:
            body["tools"] = [{"type": "function", "function": tool} for tool in tools]
        with self._open() as session, self._post(session, body) as response:
            try:
                return read_answer(response.json())
            except (ValueError, KeyError, IndexError, TypeError) as error:
                msg = f"{self._endpoint.url} gave no answer, but {response.text[:200]!r}"
                raise LlmError(msg) from error

    def stream(self, question: str) -> Iterator[str]:
        """Yield the pieces of the answer as they come.

        :raises LlmError: there is none, or it breaks off.
        """
        body = {**self._build_body(question), "stream": True}
        with self._open() as session, self._post(session, body) as response:
            try:
                for line in response.iter_lines(decode_unicode=True):
                    if line == STREAM_MARK + STREAM_END:
                        return
                    if line.startswith(STREAM_MARK):
                        yield read_piece(json.loads(line.removeprefix(STREAM_MARK)))
            except requests.RequestException as error:
                raise LlmError(self._explain(error)) from error
        msg = f"{self._endpoint.url} broke off in the middle of an answer"
        raise LlmError(msg)

    def _build_body(self, question: str) -> Json:
        messages = [{"role": "user", "content": question}]
        return {"model": self._endpoint.model, "messages": messages}

    def _open(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = not self._endpoint.is_local
        if self._endpoint.key:
            session.headers["Authorization"] = f"Bearer {self._endpoint.key}"
        return session

    def _post(self, session: requests.Session, body: Json) -> requests.Response:
        self._before_call()
        url = f"{self._endpoint.url}/chat/completions"
        is_streamed = "stream" in body
        try:
            response = session.post(url, json=body, timeout=self._timeout_s, stream=is_streamed)
        except requests.RequestException as error:
            raise LlmError(self._explain(error)) from error
        if response.status_code != requests.codes.ok:
            raise read_error(response)
        return response

    def _explain(self, error: requests.RequestException) -> str:
        if isinstance(error, requests.Timeout):
            problem = f"has not answered within {self._timeout_s:g} s"
        else:
            problem = f"can't be asked ({type(error).__name__})"
        return f"{self._endpoint.url} {problem}; see that it runs, or correct {URL}"


def read_answer(found: Json) -> Answer:
    """Read a whole answer."""
    message = found["choices"][0]["message"]
    usage = found.get("usage") or {}
    return Answer(
        text=message.get("content") or "",
        tool_calls=tuple(read_tool_call(call) for call in message.get("tool_calls") or ()),
        prompt_tokens=usage.get("prompt_tokens", 0),
        answer_tokens=usage.get("completion_tokens", 0),
    )


def read_tool_call(found: Json) -> ToolCall:
    """Read a call; its arguments are JSON within JSON."""
    return ToolCall(found["function"]["name"], json.loads(found["function"]["arguments"]))


def read_piece(found: Json) -> str:
    """Read a piece of a streamed answer; the last ones may have no text."""
    choices = found.get("choices") or [{}]
    return choices[0].get("delta", {}).get("content") or ""


def read_error(response: requests.Response) -> LlmError:
    """Read what the API says is wrong."""
    try:
        problem = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        problem = response.text[:200]
    retry_after = response.headers.get("Retry-After", "")
    response.close()
    return LlmError(
        f"{response.status_code}: {problem}",
        status=response.status_code,
        retry_after_s=float(retry_after) if retry_after.isdigit() else None,
    )
