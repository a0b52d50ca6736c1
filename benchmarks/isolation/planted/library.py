"""Leaks of what the standard library keeps: logging, warnings, random, locale and such."""

from typing import Final

from planted.plant import Plant, fixture, own_fixture, tests_named, write_test

LOGGING: Final = (
    Plant(
        "logging-root-level",
        "logging",
        write_test("logging", "logging.getLogger().setLevel(logging.DEBUG)"),
        "logging.getLogger().level == logging.DEBUG",
    ),
    Plant(
        "logging-named-level",
        "logging",
        write_test("logging", 'logging.getLogger("app").setLevel(logging.CRITICAL)'),
        'logging.getLogger("app").level == logging.CRITICAL',
    ),
    Plant(
        "logging-disable",
        "logging",
        write_test("logging", "logging.disable(logging.ERROR)"),
        "logging.root.manager.disable == logging.ERROR",
    ),
    Plant(
        "logging-propagate",
        "logging",
        write_test("logging", 'logging.getLogger("app.db").propagate = False'),
        'logging.getLogger("app.db").propagate is False',
        app='import logging\nLOG = logging.getLogger("app.db")',
    ),
    Plant(
        "logging-handler-of-wide-fixture",
        "logging",
        write_test("logging", 'logging.getLogger("app").error("x")', fixtures="records"),
        'bool(logging.getLogger("app").handlers)',
        fixture("records"),
        conftest="""
        import logging
        import pytest

        class Kept(logging.Handler):
            def emit(self, record):
                pass

        @pytest.fixture(scope="module")
        def records():
            logging.getLogger("app").addHandler(Kept())
            yield
        """,
    ),
    Plant(
        "logging-configured",
        "logging",
        write_test(
            "logging.config",
            """
            logging.config.dictConfig(
                {"version": 1, "loggers": {"app": {"level": "ERROR"}}}
            )
            """,
        ),
        'logging.getLogger("lib.db").disabled',
        app='import logging\nLOG = logging.getLogger("lib.db")',
    ),
)

WARNINGS: Final = (
    Plant(
        "warnings-ignore",
        "warnings",
        write_test("warnings", 'warnings.simplefilter("ignore", BytesWarning)'),
        'warnings.filters[0][:3] == ("ignore", None, BytesWarning)',
        options=("-p", "no:warnings"),
    ),
    Plant(
        "warnings-reset-in-fixture",
        "warnings",
        """
        import warnings
        import pytest

        @pytest.fixture
        def all_warnings():
            warnings.resetwarnings()

        def test_culprit(all_warnings):
            pass

        def test_after():
            pass
        """,
        "not warnings.filters",
        own_fixture("all_warnings"),
        options=("-p", "no:warnings"),
    ),
    Plant(
        "warnings-showwarning",
        "warnings",
        write_test("warnings", "warnings.showwarning = lambda *args, **kwargs: None"),
        'warnings.showwarning.__name__ == "<lambda>"',
        options=("-p", "no:warnings"),
    ),
)

RANDOM: Final = (
    Plant(
        "random-seed",
        "random",
        write_test("random", "random.seed(1234)"),
        "random.random() == random.Random(1234).random()",
    ),
    Plant(
        "random-seed-used",
        "random",
        write_test(
            "random",
            """
            random.seed(99)
            assert [random.randint(1, 6) for _ in range(5)]
            """,
        ),
        "(lambda own: [own.randint(1, 6) for _ in range(5)] and own.random() == random.random())"
        "(random.Random(99))",
    ),
    Plant(
        "random-state-of-wide-fixture",
        "random",
        write_test("random", "assert random.random()", fixtures="numbers"),
        "(lambda own: own.random() and own.random() == random.random())(random.Random(5))",
        fixture("numbers"),
        conftest="""
        import random
        import pytest

        @pytest.fixture(scope="module")
        def numbers():
            random.setstate(random.Random(5).getstate())
            yield
        """,
    ),
)

PLACE: Final = (
    Plant(
        "locale-all",
        "locale",
        write_test("locale", 'locale.setlocale(locale.LC_ALL, "C.UTF-8")'),
        'locale.setlocale(locale.LC_TIME) == "C.UTF-8"',
    ),
    Plant(
        "locale-numeric-in-set-up",
        "locale",
        """
        import locale
        import unittest

        class Prices(unittest.TestCase):
            def setUp(self):
                locale.setlocale(locale.LC_NUMERIC, "C.UTF-8")

            def test_culprit(self):
                pass

        def test_after():
            pass
        """,
        'locale.setlocale(locale.LC_NUMERIC) == "C.UTF-8"',
        tests_named("Prices::test_culprit"),
    ),
    Plant(
        "timezone-restored-variable",
        "timezone",
        write_test(
            "time",
            """
            monkeypatch.setenv("TZ", "Asia/Tokyo")
            time.tzset()
            """,
            fixtures="monkeypatch",
        ),
        'time.tzname[0] == "JST"',
    ),
    Plant(
        "timezone-teardown-without-tzset",
        "timezone",
        """
        import os
        import time
        import pytest

        @pytest.fixture(scope="module")
        def in_kolkata():
            os.environ["TZ"] = "Asia/Kolkata"
            time.tzset()
            yield
            del os.environ["TZ"]

        def test_one(in_kolkata):
            assert time.tzname[0] == "IST"

        def test_two():
            pass
        """,
        'time.tzname[0] == "IST"',
        fixture("in_kolkata"),
    ),
)

NUMBERS: Final = (
    Plant(
        "decimal-precision",
        "decimal",
        write_test("decimal", "decimal.getcontext().prec = 4"),
        "decimal.getcontext().prec == 4",
    ),
    Plant(
        "decimal-trap",
        "decimal",
        write_test("decimal", "decimal.getcontext().traps[decimal.Inexact] = True"),
        "decimal.getcontext().traps[decimal.Inexact]",
    ),
    Plant(
        "decimal-first-import",
        "decimal",
        write_test(
            "os", "from decimal import getcontext, ROUND_UP\ngetcontext().rounding = ROUND_UP"
        ),
        "decimal.getcontext().rounding == decimal.ROUND_UP",
    ),
    Plant(
        "socket-timeout",
        "socket.timeout",
        write_test("socket", "socket.setdefaulttimeout(3)"),
        "socket.getdefaulttimeout() == 3",
    ),
    Plant(
        "socket-timeout-set-up-class",
        "socket.timeout",
        """
        import socket
        import unittest

        class Client(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                socket.setdefaulttimeout(5)

            def test_one(self):
                pass

        def test_after():
            pass
        """,
        "socket.getdefaulttimeout() == 5",
        fixture("setUpClass"),
    ),
    Plant(
        "tempdir-set",
        "tempdir",
        write_test("tempfile", "tempfile.tempdir = str(tmp_path)", fixtures="tmp_path"),
        'HERE.name not in str(tempfile.tempdir) and "test_culprit" in str(tempfile.tempdir)',
    ),
    Plant(
        "tempdir-cached",
        "tempdir",
        """
        import tempfile
        import pytest

        @pytest.fixture
        def small_disk(monkeypatch, tmp_path):
            monkeypatch.setenv("TMPDIR", str(tmp_path))
            tempfile.tempdir = None
            assert tempfile.gettempdir() == str(tmp_path)

        def test_culprit(small_disk):
            pass

        def test_after():
            pass
        """,
        '"test_culprit" in str(tempfile.tempdir)',
        own_fixture("small_disk"),
    ),
    Plant(
        "gc-disable",
        "gc",
        write_test("gc", "gc.disable()"),
        "not gc.isenabled()",
    ),
    Plant(
        "gc-threshold-in-module-fixture",
        "gc",
        """
        import gc
        import pytest

        @pytest.fixture(autouse=True, scope="module")
        def rare_collections():
            gc.set_threshold(100_000)

        def test_one():
            pass

        def test_two():
            pass
        """,
        "gc.get_threshold()[0] == 100_000",
        fixture("rare_collections"),
    ),
)

PLANTS: Final = (*LOGGING, *WARNINGS, *RANDOM, *PLACE, *NUMBERS)
