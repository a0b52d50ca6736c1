"""What names in a test's source mean: fixtures of tools, steps of a life, waits, wires, threads.

Only tables; `doing` reads the source with them.
"""

import re
from typing import Final

TOOL_FIXTURES: Final = frozenset({
    "request", "tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory", "monkeypatch", "mocker",
    "capsys", "capfd", "capsysbinary", "capfdbinary", "caplog", "recwarn", "cache", "pytestconfig",
    "record_property", "record_xml_attribute", "record_testsuite_property", "doctest_namespace",
    "subtests", "event_loop", "freezer", "time_machine", "faker", "worker_id", "testrun_uid",
})  # fmt: skip
"""They come from pytest and its plugins, and are no part of what is tested."""

PREPARING: Final = frozenset({
    "with", "build", "make", "given", "assert", "expect", "mock", "stub", "patch", "setup",
})  # fmt: skip
"""First words of calls that arrange or look; they are no calls on the system under test."""

STAND_IN: Final = re.compile(
    r"(factory|builder|mock|stub|spy|helper)s?$|^(fake|mock|stub|dummy|make|patched)", re.IGNORECASE
)
"""Names of what tests prepare their data and doubles with."""

STEPS: Final = frozenset({
    "create", "provision", "deploy", "install", "uninstall", "register", "unregister",
    "start", "boot", "launch", "restart", "reboot", "stop", "shutdown", "terminate",
    "suspend", "resume", "pause", "unpause", "attach", "detach", "mount", "unmount",
    "delete", "destroy", "clone", "migrate", "snapshot", "rollback", "restore", "backup",
    "resize", "upload", "download", "publish", "submit", "login", "logout", "checkout",
})  # fmt: skip
"""First words of operations on things that live outside of a call.

Those on mere containers (add, insert, pop, clear) are left out: to use several is no workflow.
"""

LOOKS: Final = frozenset({
    "get", "list", "read", "fetch", "find", "query", "show", "describe", "search", "inspect",
})  # fmt: skip
"""First words of operations that only look: `get_nodes`; a bare `get` is a mapping's own."""

SLEEPS: Final = frozenset({
    "time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep", "gevent.sleep", "eventlet.sleep",
})  # fmt: skip

CLOCKS: Final = frozenset({
    "time.time", "time.monotonic", "time.perf_counter", "timeit.default_timer",
})  # fmt: skip

STANDING_CLOCKS: Final = frozenset({"freezer", "time_machine"})
"""Fixtures under which time doesn't pass."""

WIRE: Final = frozenset({
    "subprocess.Popen", "subprocess.run", "subprocess.call", "subprocess.check_call",
    "subprocess.check_output", "os.system", "os.fork", "os.popen",
    "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell",
    "asyncio.start_server", "asyncio.start_unix_server", "asyncio.open_connection",
    "socket.create_connection", "socket.create_server", "urllib.request.urlopen",
    "multiprocessing.Process", "multiprocessing.Pool",
    "concurrent.futures.ProcessPoolExecutor",
})  # fmt: skip

WIRE_MODULES: Final = ("socketserver.", "http.server.", "wsgiref.simple_server.", "xmlrpc.server.")

WIRE_METHODS: Final = frozenset({
    "serve", "serve_forever", "start_server", "run_server", "runpytest", "runpytest_subprocess",
    "runpytest_inprocess", "inline_run",
})  # fmt: skip
"""Methods, of whatever object, that begin to serve, or run a whole program."""

WIRE_FIXTURES: Final = frozenset({
    "pytester", "testdir", "live_server", "httpserver", "httpbin", "script_runner", "page",
    "browser", "selenium", "docker_services",
})  # fmt: skip

CONCURRENCY: Final = frozenset({
    "threading.Thread", "concurrent.futures.ThreadPoolExecutor", "multiprocessing.pool.ThreadPool",
    "concurrent.futures.ProcessPoolExecutor", "asyncio.gather", "asyncio.TaskGroup",
    "trio.open_nursery", "anyio.create_task_group",
})  # fmt: skip

SET_UPS: Final = frozenset({
    "setUp", "asyncSetUp", "tearDown", "asyncTearDown", "setup_method", "teardown_method",
})  # fmt: skip
