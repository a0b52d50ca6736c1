"""A language-model API that says what a test has told it to, over the loopback interface."""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any, Final, Self

from tests.examples.llm_api.endpoint import Endpoint
from tests.examples.llm_api.replies import Reply, render_reply, render_stream

if TYPE_CHECKING:
    from types import TracebackType

# Any: JSON, whose shape is the API's.
Json = dict[str, Any]

NOTHING_LEFT: Final = Reply(
    status=500,
    text="the mock has no reply left; can one for each call, such as "
    'mock_llm_response.answers("Yes.")',
)


class MockLlm:
    """Replies in the order in which a test has told it to; keeps what it was asked.

    A context: the server runs inside of it.
    """

    def __init__(self) -> None:
        self.requests: list[Json] = []
        self.keys: list[str] = []
        self._replies: deque[Reply] = deque()
        self._is_closing = threading.Event()
        self._server = _Server(self)
        # The shorter it looks, the sooner it ends.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,))

    @property
    def endpoint(self) -> Endpoint:
        """Where it answers."""
        return Endpoint(f"http://127.0.0.1:{self._server.server_address[1]}/v1", "mock")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        self._is_closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answers(self, text: str, *, tokens: tuple[int, int] | None = None) -> None:
        """Let the next call be answered in words, all at once or in a stream, as it asks.

        :param tokens: of question and answer; if not given, as many as they have words.
        """
        self._replies.append(Reply(text, tokens=tokens))

    def calls_tool(self, name: str, **arguments: object) -> None:
        """Let the next call be answered by the wish to have a tool called."""
        self._replies.append(Reply(tool=name, arguments=arguments))

    def fails(self, status: int, message: str, *, retry_after_s: int | None = None) -> None:
        """Let the next call fail."""
        self._replies.append(Reply(message, status=status, retry_after_s=retry_after_s))

    def stalls(self) -> None:
        """Let the next call never be answered."""
        self._replies.append(Reply(is_stalled=True))

    def breaks_off(self, text: str) -> None:
        """Let the next stream end after this text, and not as it should."""
        self._replies.append(Reply(text, is_torn=True))

    def take_reply(self, request: Json, key: str) -> Reply:
        """Keep what was asked, and return what is to be replied; called by the server."""
        self.requests.append(request)
        self.keys.append(key)
        return self._replies.popleft() if self._replies else NOTHING_LEFT

    def wait_for_end(self) -> None:
        """Return when the mock closes."""
        self._is_closing.wait()


class _Server(ThreadingTCPServer):
    # Closing waits for the threads, so that none outlives its test.
    daemon_threads = False
    block_on_close = True

    def __init__(self, mock: MockLlm) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mock = mock


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Reply to `/v1/chat/completions`, whatever else the path says."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = self.server.mock.take_reply(request, self.headers.get("Authorization", ""))
        if reply.is_stalled:
            self.server.mock.wait_for_end()
        elif request.get("stream") and reply.status == 200:
            self._send("text/event-stream", "".join(render_stream(reply, request["model"])), reply)
        else:
            question = str(request["messages"][-1]["content"])
            body = json.dumps(render_reply(reply, question, request["model"]))
            self._send("application/json", body, reply)

    def _send(self, kind: str, body: str, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if reply.retry_after_s is not None:
            self.send_header("Retry-After", str(reply.retry_after_s))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        """Say nothing: a test's output is its own."""
