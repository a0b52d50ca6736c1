"""Leaks written after the guard had been tried on all others, to see what it does with new ones."""

from typing import Final

from planted.plant import Plant, fixture, module, own_fixture, tests_named, write_test

PROCESS: Final = (
    Plant(
        "unseen-environ-putenv-through-clear",
        "environ",
        write_test(
            "os",
            """
            kept = dict(os.environ)
            os.environ.clear()
            os.environ.update({name: kept[name] for name in kept if name != "APP_GIVEN"})
            """,
        ),
        '"APP_GIVEN" not in os.environ',
    ),
    Plant(
        "unseen-cwd-restored-to-another",
        "cwd",
        """
        import os
        import pytest

        @pytest.fixture(scope="class")
        def at_root():
            before = os.path.dirname(os.getcwd())
            os.chdir("/")
            yield
            os.chdir(before)

        class TestThere:
            def test_one(self, at_root):
                assert os.getcwd() == "/"

        def test_after():
            pass
        """,
        "Path.cwd() == HERE.parent",
        fixture("at_root"),
    ),
    Plant(
        "unseen-umask-in-import",
        "umask",
        "import os\nos.umask(0o007)\n\ndef test_one():\n    pass\n",
        "read_umask() == 0o007",
        module(),
    ),
    Plant(
        "unseen-fds-memory-file",
        "fds",
        write_test("app os", 'app.FD = os.memfd_create("planted")'),
        "app.FD > 0 and os.fstat(app.FD) is not None",
        app="FD = 0",
    ),
    Plant(
        "unseen-fds-closed-stdin-dup",
        "fds",
        write_test("app os", "app.FD = [os.dup(2) for _ in range(8)]", fixtures="capfd"),
        "len(app.FD) == 8 and os.fstat(app.FD[7]) is not None",
        app="FD = []",
    ),
    Plant(
        "unseen-threads-low-level",
        "threads",
        write_test(
            "_thread app",
            """
            app.LOCK.acquire()
            _thread.start_new_thread(app.LOCK.acquire, ())
            """,
        ),
        "app.LOCK.locked()",
        app="import _thread\nLOCK = _thread.allocate_lock()",
    ),
    Plant(
        "unseen-children-shell",
        "children",
        """
        import subprocess
        import unittest
        import app

        class Tail(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                app.CHILD = subprocess.Popen("cat >/dev/null", shell=True, stdin=subprocess.PIPE)

            def test_one(self):
                assert app.CHILD.poll() is None

        def test_after():
            pass
        """,
        "app.CHILD is not None and app.CHILD.poll() is None",
        fixture("setUpClass"),
        app="CHILD = None",
        by_products=("fds",),
    ),
    Plant(
        "unseen-signals-sigint",
        "signals",
        write_test("signal", "signal.signal(signal.SIGINT, signal.SIG_DFL)"),
        "signal.getsignal(signal.SIGINT) is signal.SIG_DFL",
    ),
    Plant(
        "unseen-timers-profiling",
        "timers",
        write_test("signal", "signal.setitimer(signal.ITIMER_PROF, 800, 800)"),
        "signal.getitimer(signal.ITIMER_PROF)[0] > 0",
    ),
)

INTERPRETER: Final = (
    Plant(
        "unseen-sys-path-removed",
        "sys.path",
        write_test("sys", "sys.path.remove(sys.path[-1])"),
        "len(sys.path) < app.LENGTH",
        app="import sys\nLENGTH = len(sys.path)",
        conftest="import app",
    ),
    Plant(
        "unseen-sys-modules-parent-attribute-stub",
        "sys.modules",
        write_test(
            "email.message sys unittest.mock",
            'sys.modules["email.message"] = unittest.mock.MagicMock()',
        ),
        'type(sys.modules["email.message"]).__name__ == "MagicMock"',
    ),
    Plant(
        "unseen-hooks-unraisable",
        "sys.hooks",
        write_test("sys", "sys.unraisablehook = lambda unraisable: None"),
        'getattr(sys.unraisablehook, "__name__", "") == "<lambda>"',
    ),
    Plant(
        "unseen-hooks-threads-trace",
        "sys.hooks",
        write_test("threading", "threading.settrace(lambda *args: None)"),
        "threading.gettrace() is not None",
    ),
    Plant(
        "unseen-builtins-print",
        "builtins",
        """
        import builtins
        import pytest

        @pytest.fixture(autouse=True)
        def silent():
            builtins.print = lambda *args, **kwargs: None
            yield

        def test_culprit():
            print("x")
        """,
        'builtins.print.__name__ == "<lambda>"',
        own_fixture("silent"),
    ),
    Plant(
        "unseen-stdlib-run",
        "stdlib",
        write_test("subprocess", "subprocess.run = lambda *args, **kwargs: None"),
        'app.subprocess.run.__name__ == "<lambda>"',
        app="import subprocess",
    ),
    Plant(
        "unseen-mock-class-decorated-start",
        "mock",
        """
        from unittest import mock
        import app

        PATCHER = mock.patch.object(app, "send", return_value=0)

        def setup_module():
            PATCHER.start()

        def test_one():
            assert app.send() == 0

        def test_two():
            pass
        """,
        "app.send() == 0",
        fixture("setup_module"),
        app="def send():\n    return 1",
    ),
)

LIBRARY: Final = (
    Plant(
        "unseen-logging-filter",
        "logging",
        write_test("logging", 'logging.getLogger("app").addFilter(lambda record: False)'),
        'bool(logging.getLogger("app").filters)',
        app='import logging\nLOG = logging.getLogger("app")',
    ),
    Plant(
        "unseen-logging-class",
        "logging",
        write_test(
            "logging",
            """
            class Loud(logging.Logger):
                pass

            logging.setLoggerClass(Loud)
            """,
        ),
        'logging.getLoggerClass().__name__ == "Loud"',
    ),
    Plant(
        "unseen-random-seed-in-parametrised-async-test",
        "random",
        """
        import random
        import pytest

        @pytest.mark.asyncio
        @pytest.mark.parametrize("seed", [7])
        async def test_culprit(seed):
            random.seed(seed)

        def test_after():
            pass
        """,
        "random.random() == random.Random(7).random()",
        tests_named("test_culprit[7]"),
    ),
    Plant(
        "unseen-decimal-default-context-of-fixture",
        "decimal",
        """
        import decimal
        import pytest

        @pytest.fixture(scope="module")
        def exact():
            decimal.setcontext(decimal.Context(prec=60))

        def test_one(exact):
            pass

        def test_two():
            pass
        """,
        "decimal.getcontext().prec == 60",
        fixture("exact"),
    ),
    Plant(
        "unseen-gc-frozen",
        "gc",
        write_test("gc", "gc.set_debug(gc.DEBUG_UNCOLLECTABLE)"),
        "gc.get_debug() != 0",
    ),
    Plant(
        "unseen-tempdir-forgotten",
        "tempdir",
        """
        import tempfile

        def setup_function(function):
            if function.__name__ == "test_culprit":
                tempfile.tempdir = "/"

        def test_before():
            pass

        def test_culprit():
            pass
        """,
        'tempfile.tempdir == "/"',
        (*fixture("setup_function"), *tests_named("test_culprit")),
    ),
)

SECOND_TIER: Final = (
    Plant(
        "unseen-objects-set-in-a-tuple",
        "objects",
        write_test("app", "app.PAIR[1].add('k')"),
        'app.PAIR[1] == {"k"}',
        app='PAIR = ("x", set())',
        tier=2,
    ),
    Plant(
        "unseen-objects-same-length",
        "objects",
        write_test("app", "app.PRICES[1] = 99"),
        "app.PRICES == [10, 99, 30]",
        app="PRICES = [10, 20, 30]",
        tier=2,
    ),
    Plant(
        "unseen-objects-slots",
        "objects",
        write_test("app", 'app.STATE.mode = "fast"'),
        'app.STATE.mode == "fast"',
        app="""
        class State:
            __slots__ = ("mode",)

        STATE = State()
        STATE.mode = "slow"
        """,
        tier=2,
    ),
    Plant(
        "unseen-objects-in-a-package",
        "objects",
        write_test("lib.config", 'lib.config.Settings.current["debug"] = True'),
        '__import__("lib.config").config.Settings.current == {"debug": True}',
        files={
            "lib/__init__.py": "",
            "lib/config.py": 'class Settings:\n    current = {"debug": False}\n',
        },
        tier=2,
    ),
    Plant(
        "unseen-contextvars-import-default",
        "contextvars",
        """
        import app
        import unittest

        class Users(unittest.TestCase):
            def setUp(self):
                app.USER.set(["root"])

            def test_culprit(self):
                pass
        """,
        'app.USER.get(None) == ["root"]',
        tests_named("Users::test_culprit"),
        app='import contextvars\nUSER = contextvars.ContextVar("USER")',
        tier=2,
    ),
    Plant(
        "unseen-tree-deleted-file",
        "tree",
        write_test("pathlib", 'pathlib.Path("data", "given.json").unlink()'),
        'not Path("data", "given.json").exists()',
        app="""
        from pathlib import Path
        Path(__file__).parent.joinpath("data", "given.json").write_text("{}")
        """,
        conftest="import app",
        files={"data/given.json": "{}"},
        tier=2,
    ),
    Plant(
        "unseen-temp-directory-on-a-worker",
        "temp-files",
        write_test("tempfile", 'tempfile.mkdtemp(prefix="planted-")'),
        'any(Path(tempfile.gettempdir()).glob("planted-*"))',
        options=("-n", "2"),
        tier=2,
    ),
)

PLANTS: Final = (*PROCESS, *INTERPRETER, *LIBRARY, *SECOND_TIER)
