"""What a mocked language model replies, and how that looks on the wire."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Any: JSON, whose shape is the API's.
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, canned before it is asked for."""

    text: str = ""
    tool: str = ""
    """The tool that is called instead of an answer in words."""
    arguments: Mapping[str, object] = field(default_factory=dict)
    tokens: tuple[int, int] | None = None
    """Of question and answer; None: as many as they have words."""
    status: int = 200
    retry_after_s: int | None = None
    is_stalled: bool = False
    """Whether it never comes."""
    is_torn: bool = False
    """Whether a stream ends before its end."""


def render_reply(reply: Reply, question: str, model: str) -> Json:
    """Render it as one object."""
    if reply.status != 200:
        return {"error": {"message": reply.text, "type": "mock"}}
    message: Json = {"role": "assistant", "content": reply.text or None}
    if reply.tool:
        called = {"name": reply.tool, "arguments": json.dumps(dict(reply.arguments))}
        message["tool_calls"] = [{"id": "call_0", "type": "function", "function": called}]
    reason = "tool_calls" if reply.tool else "stop"
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": render_usage(reply, question),
    }


def render_usage(reply: Reply, question: str) -> Json:
    """Render the token counts."""
    asked, answered = reply.tokens or (len(question.split()), len(reply.text.split()))
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
    }


def render_stream(reply: Reply, model: str) -> Iterator[str]:
    """Render it as server-sent events, a word each."""
    for word in reply.text.split(" "):
        piece = word if word == reply.text.split(" ", 1)[0] else f" {word}"
        yield render_event({"content": piece}, None, model)
    if not reply.is_torn:
        yield render_event({}, "stop", model)
        yield "data: [DONE]\n\n"


def render_event(delta: Json, reason: str | None, model: str) -> str:
    """Render one event."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    found = {"object": "chat.completion.chunk", "model": model, "choices": [choice]}
    return f"data: {json.dumps(found)}\n\n"
