"""Leaks that the second tier watches for: a project's own objects, files, ports, C variables."""

from typing import Final

from planted.plant import Plant, fixture, own_fixture, write_test

OBJECTS: Final = (
    Plant(
        "objects-flag",
        "objects",
        write_test("app", "app.FLAG = True"),
        "app.FLAG is True",
        app="FLAG = False",
        tier=2,
    ),
    Plant(
        "objects-dict-in-place",
        "objects",
        write_test("app", 'app.REGISTRY["k"] = 1'),
        'app.REGISTRY == {"k": 1}',
        app="REGISTRY = {}",
        tier=2,
    ),
    Plant(
        "objects-class-attribute",
        "objects",
        write_test("app", "app.Cart().items.append(1)"),
        "app.Cart.items == [1]",
        app="class Cart:\n    items = []",
        tier=2,
    ),
    Plant(
        "objects-function-default",
        "objects",
        write_test("app", "app.collect(1)"),
        "app.collect(2) == [1, 2]",
        app="def collect(one, found=[]):\n    found.append(one)\n    return found",
        tier=2,
    ),
    Plant(
        "objects-nested-instance",
        "objects",
        write_test("app", 'app.SERVICE.cache.data["k"] = 1'),
        'app.SERVICE.cache.data == {"k": 1}',
        app="""
        class Cache:
            def __init__(self):
                self.data = {"given": 0}

            def clear(self):
                self.data = {}

        class Service:
            def __init__(self):
                self.cache = Cache()

        SERVICE = Service()
        SERVICE.cache.data.clear()
        """,
        tier=2,
    ),
    Plant(
        "objects-subclass-registry",
        "objects",
        write_test(
            "app",
            """
            class Planted(app.Plugin):
                pass
            """,
        ),
        '[one.__name__ for one in app.Plugin.known] == ["Given", "Planted"]',
        app="""
        class Plugin:
            known = []

            def __init_subclass__(cls):
                Plugin.known.append(cls)

        class Given(Plugin):
            pass
        """,
        tier=2,
    ),
    Plant(
        "objects-method-patched-by-wide-fixture",
        "objects",
        write_test("app", "assert app.Client().get() == 0", fixtures="offline"),
        "app.Client().get() == 0",
        fixture("offline"),
        app="class Client:\n    def get(self):\n        return 1",
        conftest="""
        import app
        import pytest

        @pytest.fixture(scope="module")
        def offline():
            app.Client.get = lambda self: 0
            yield
        """,
        tier=2,
    ),
    Plant(
        "caches-of-a-patched-variable",
        "caches",
        write_test(
            "app",
            """
            monkeypatch.setenv("APP_LEVEL", "a")
            assert app.level() == "a"
            """,
            fixtures="monkeypatch",
        ),
        'app.level() == "a"',
        app="""
        import functools
        import os

        @functools.lru_cache
        def level():
            return os.environ.get("APP_LEVEL", "b")
        """,
        tier=2,
    ),
    Plant(
        "caches-of-a-patched-directory",
        "caches",
        write_test(
            "app",
            """
            monkeypatch.chdir(tmp_path)
            assert app.find_root() == str(tmp_path)
            """,
            fixtures="monkeypatch, tmp_path",
        ),
        "app.find_root() != str(HERE)",
        app="""
        import functools
        import os

        @functools.cache
        def find_root():
            return os.getcwd()
        """,
        tier=2,
    ),
    Plant(
        "contextvars-test",
        "contextvars",
        write_test("app", 'app.USER.set("root")'),
        'app.USER.get("") == "root"',
        app='import contextvars\nUSER = contextvars.ContextVar("USER")',
        tier=2,
    ),
    Plant(
        "contextvars-own-fixture",
        "contextvars",
        """
        import app
        import pytest

        @pytest.fixture
        def as_root():
            app.USER.set("root")
            yield
            app.USER.set("nobody")

        def test_before():
            pass

        def test_culprit(as_root):
            assert app.USER.get() == "root"

        def test_after():
            pass
        """,
        'app.USER.get() == "nobody"',
        own_fixture("as_root"),
        app='import contextvars\nUSER = contextvars.ContextVar("USER", default="")',
        tier=2,
    ),
    Plant(
        "fixtures-session-dict",
        "fixtures",
        """
        def test_before(shared):
            assert shared["url"]

        def test_culprit(shared):
            shared["user"] = "root"

        def test_after(shared):
            assert shared["url"]
        """,
        'app.SHARED() == {"url": "x", "user": "root"}',
        app="SHARED = dict",
        conftest="""
        import app
        import pytest

        @pytest.fixture(scope="session")
        def shared():
            value = {"url": "x"}
            app.SHARED = lambda: value
            yield value
            app.SHARED = dict
        """,
        tier=2,
        by_products=("objects",),
    ),
    Plant(
        "fixtures-module-list",
        "fixtures",
        """
        import app
        import pytest

        @pytest.fixture(scope="module")
        def queue():
            return [1, 2]

        def test_before(queue):
            assert queue

        def test_culprit(queue):
            queue.pop()

        def test_after(queue):
            if len(queue) == 1:
                app.note()
        """,
        "app.NOTED.exists()",
        app="""
        import os
        from pathlib import Path

        NOTED = Path(os.environ["APP_NOTES"], "noted")

        def note():
            NOTED.touch()
        """,
        tier=2,
    ),
)

FILES: Final = (
    Plant(
        "putenv",
        "putenv",
        write_test("os", 'os.putenv("APP_C", "1")'),
        "os.system('test \"$APP_C\" = 1') == 0",
        tier=2,
    ),
    Plant(
        "putenv-of-the-c-library",
        "putenv",
        write_test("ctypes", 'ctypes.CDLL(None).setenv(b"APP_LIB", b"1", 1)'),
        "os.system('test \"$APP_LIB\" = 1') == 0",
        tier=2,
    ),
    Plant(
        "temp-files-fixed-name",
        "temp-files",
        write_test("pathlib tempfile", 'pathlib.Path(tempfile.gettempdir(), "app.lock").touch()'),
        'Path(tempfile.gettempdir(), "app.lock").exists()',
        tier=2,
    ),
    Plant(
        "temp-files-of-wide-fixture",
        "temp-files",
        write_test("os", "assert os.path.isdir(workspace)", fixtures="workspace"),
        'any(Path(tempfile.gettempdir()).glob("planted-*"))',
        fixture("workspace"),
        conftest="""
        import tempfile
        import pytest

        @pytest.fixture(scope="module")
        def workspace():
            yield tempfile.mkdtemp(prefix="planted-")
        """,
        tier=2,
    ),
    Plant(
        "tree-new-file",
        "tree",
        write_test("pathlib", 'pathlib.Path("result.txt").write_text("x")'),
        'Path("result.txt").exists()',
        tier=2,
    ),
    Plant(
        "tree-changed-file",
        "tree",
        write_test("pathlib", 'pathlib.Path("data", "given.json").write_text("[1, 2]")'),
        'Path("data", "given.json").read_text() == "[1, 2]"',
        files={"data/given.json": "{}"},
        tier=2,
    ),
    Plant(
        "home-file",
        "home",
        write_test("pathlib", 'pathlib.Path.home().joinpath(".apprc").write_text("x")'),
        'Path.home().joinpath(".apprc").exists()',
        tier=2,
    ),
    Plant(
        "home-directory-in-fixture",
        "home",
        """
        import pathlib
        import pytest

        @pytest.fixture
        def settings():
            path = pathlib.Path("~/.config/app").expanduser()
            path.mkdir(parents=True, exist_ok=True)
            (path / "app.ini").write_text("x")
            return path

        def test_culprit(settings):
            assert settings.exists()

        def test_after():
            pass
        """,
        'Path("~/.config/app/app.ini").expanduser().exists()',
        own_fixture("settings"),
        tier=2,
    ),
    Plant(
        "ports-test",
        "ports",
        write_test(
            "app socket",
            """
            app.SERVER = socket.create_server(("127.0.0.1", 0))
            """,
        ),
        "app.SERVER is not None and app.SERVER.fileno() > 0",
        app="SERVER = None",
        tier=2,
        by_products=("fds", "objects"),
    ),
    Plant(
        "ports-server-of-wide-fixture",
        "ports",
        write_test("app", "assert server.server_port", fixtures="server"),
        "app.SERVER is not None and app.SERVER.socket.fileno() > 0",
        fixture("server"),
        app="SERVER = None",
        conftest="""
        import threading
        from http.server import BaseHTTPRequestHandler, HTTPServer
        import app
        import pytest

        @pytest.fixture(scope="session")
        def server():
            app.SERVER = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
            thread = threading.Thread(target=app.SERVER.serve_forever, args=(0.02,))
            thread.start()
            yield app.SERVER
            app.SERVER.shutdown()
            thread.join()
        """,
        tier=2,
        by_products=("fds", "objects"),
    ),
)

PLANTS: Final = (*OBJECTS, *FILES)
