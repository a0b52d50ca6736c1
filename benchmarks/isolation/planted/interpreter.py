"""Leaks of what the interpreter keeps: modules, streams, hooks, limits, functions patched over."""

from typing import Final

from planted.plant import Plant, fixture, own_fixture, tests_named, write_test

MODULES: Final = (
    Plant(
        "sys-path-insert",
        "sys.path",
        write_test("sys", "sys.path.insert(0, str(tmp_path))", fixtures="tmp_path"),
        'any("test_culprit" in entry for entry in sys.path)',
    ),
    Plant(
        "sys-path-finder",
        "sys.path",
        write_test(
            "sys",
            """
            class Finder:
                @staticmethod
                def find_spec(name, path=None, target=None):
                    return None

            sys.meta_path.append(Finder)
            """,
        ),
        'sys.meta_path[-1].__name__ == "Finder"',
    ),
    Plant(
        "sys-path-hook",
        "sys.path",
        write_test(
            "sys",
            """
            def refuse(path):
                raise ImportError

            sys.path_hooks.append(refuse)
            """,
        ),
        'sys.path_hooks[-1].__name__ == "refuse"',
    ),
    Plant(
        "sys-modules-stub",
        "sys.modules",
        write_test("sys types", 'sys.modules["json"] = types.ModuleType("json")'),
        'not hasattr(sys.modules["json"], "dumps")',
    ),
    Plant(
        "sys-modules-imported-anew",
        "sys.modules",
        write_test(
            "app sys",
            """
            del sys.modules["app"]
            import app as again
            assert again is not app
            """,
        ),
        'sys.modules["app"] is not app',
        conftest="import app",
        app="NEW = 1",
    ),
    Plant(
        "sys-modules-removed",
        "sys.modules",
        write_test("colorsys sys", 'sys.modules.pop("colorsys")'),
        '"colorsys" not in sys.modules',
        app="import colorsys",
    ),
    Plant(
        "sys-modules-blocked",
        "sys.modules",
        write_test("csv sys", 'sys.modules["csv"] = None'),
        'sys.modules.get("csv", 1) is None',
    ),
)

SYS: Final = (
    Plant(
        "sys-argv-rebound",
        "sys.argv",
        write_test("sys", 'sys.argv = ["app", "--verbose"]'),
        'sys.argv == ["app", "--verbose"]',
    ),
    Plant(
        "sys-argv-in-place",
        "sys.argv",
        write_test("sys", 'sys.argv.append("--planted")'),
        '"--planted" in sys.argv',
    ),
    Plant(
        "streams-stdin",
        "streams",
        write_test("io sys", 'sys.stdin = io.StringIO("yes")'),
        'type(sys.stdin).__name__ == "StringIO"',
    ),
    Plant(
        "streams-stdout",
        "streams",
        write_test("io sys", "sys.stdout = io.StringIO()"),
        'type(sys.stdout).__name__ == "StringIO"',
        options=("-s",),
    ),
    Plant(
        "streams-stderr-fixture",
        "streams",
        """
        import io
        import sys
        import pytest

        @pytest.fixture(scope="module")
        def quiet():
            sys.stderr = io.StringIO()
            yield

        def test_one(quiet):
            pass

        def test_two():
            pass
        """,
        'type(sys.stderr).__name__ == "StringIO"',
        fixture("quiet"),
        options=("-s",),
    ),
    Plant(
        "hooks-excepthook",
        "sys.hooks",
        write_test("sys", "sys.excepthook = lambda *args: None"),
        "sys.excepthook is not sys.__excepthook__",
    ),
    Plant(
        "hooks-trace",
        "sys.hooks",
        write_test("sys", "sys.settrace(lambda frame, event, arg: None)"),
        "sys.gettrace() is not None",
    ),
    Plant(
        "hooks-profile-fixture",
        "sys.hooks",
        """
        import sys
        import pytest

        @pytest.fixture
        def profiled():
            sys.setprofile(lambda frame, event, arg: None)
            yield

        def test_before():
            pass

        def test_culprit(profiled):
            pass

        def test_after():
            pass
        """,
        "sys.getprofile() is not None",
        own_fixture("profiled"),
    ),
    Plant(
        "hooks-displayhook",
        "sys.hooks",
        write_test("sys", "sys.displayhook = print"),
        "sys.displayhook is print",
    ),
    Plant(
        "limits-recursion",
        "sys.limits",
        write_test("sys", "sys.setrecursionlimit(4321)"),
        "sys.getrecursionlimit() == 4321",
    ),
    Plant(
        "limits-switch-interval",
        "sys.limits",
        write_test("sys", "sys.setswitchinterval(0.0625)"),
        "sys.getswitchinterval() == 0.0625",
    ),
    Plant(
        "limits-digits-subtest",
        "sys.limits",
        """
        import sys
        import unittest

        class Numbers(unittest.TestCase):
            def test_culprit(self):
                for digits in (5000, 6000):
                    with self.subTest(digits=digits):
                        sys.set_int_max_str_digits(digits)

            def test_other(self):
                pass
        """,
        "sys.get_int_max_str_digits() == 6000",
        tests_named("Numbers::test_culprit"),
    ),
)

PATCHES: Final = (
    Plant(
        "builtins-open",
        "builtins",
        write_test(
            "builtins",
            """
            genuine = builtins.open

            def recorded(*args, **kwargs):
                return genuine(*args, **kwargs)

            builtins.open = recorded
            """,
        ),
        'builtins.open.__name__ == "recorded"',
    ),
    Plant(
        "builtins-new-name",
        "builtins",
        write_test("builtins", "builtins.profile = lambda function: function"),
        'hasattr(builtins, "profile")',
    ),
    Plant(
        "stdlib-time",
        "stdlib",
        write_test("time", "time.time = lambda: 0.0"),
        "time.time() == 0.0",
    ),
    Plant(
        "stdlib-sleep-own-fixture",
        "stdlib",
        """
        import time
        import pytest

        @pytest.fixture
        def fast():
            time.sleep = lambda seconds: None

        def test_before():
            pass

        @pytest.mark.parametrize("seconds", [1, 2])
        def test_culprit(fast, seconds):
            time.sleep(seconds)

        def test_after():
            pass
        """,
        'time.sleep.__name__ == "<lambda>"',
        own_fixture("fast", "test_culprit[1]", "test_culprit[2]"),
    ),
    Plant(
        "stdlib-socket",
        "stdlib",
        write_test(
            "socket",
            """
            class Refused(socket.socket):
                pass

            socket.socket = Refused
            """,
        ),
        'socket.socket.__name__ == "Refused"',
    ),
    Plant(
        "stdlib-datetime-session-fixture",
        "stdlib",
        write_test("datetime", "assert datetime.datetime.now().year == 1999", fixtures="frozen"),
        'datetime.datetime.__name__ == "Frozen"',
        fixture("frozen"),
        conftest="""
        import datetime
        import pytest

        class Frozen(datetime.datetime):
            @classmethod
            def now(cls, tz=None):
                return cls(1999, 1, 1)

        @pytest.fixture(scope="session")
        def frozen():
            datetime.datetime = Frozen
            yield
        """,
    ),
    Plant(
        "mock-start",
        "mock",
        write_test("unittest.mock", 'unittest.mock.patch("app.send", return_value=0).start()'),
        "app.send() == 0",
        app="def send():\n    return 1",
    ),
    Plant(
        "mock-set-up-without-stop",
        "mock",
        """
        import unittest
        from unittest import mock
        import app

        class Mail(unittest.TestCase):
            def setUp(self):
                mock.patch.object(app, "send", return_value=0).start()

            def test_culprit(self):
                self.assertEqual(app.send(), 0)

        def test_after():
            pass
        """,
        "app.send() == 0",
        tests_named("Mail::test_culprit"),
        app="def send():\n    return 1",
    ),
    Plant(
        "mock-dict",
        "mock",
        write_test(
            "os unittest.mock", 'unittest.mock.patch.dict(os.environ, {"APP_MODE": "x"}).start()'
        ),
        'os.environ.get("APP_MODE") == "x"',
        by_products=("environ",),
    ),
)

PLANTS: Final = (*MODULES, *SYS, *PATCHES)
