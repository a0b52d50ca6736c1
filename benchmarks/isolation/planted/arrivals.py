"""Leaks that come another way than through a test: by an import, a module's or a class's set-up."""

from typing import Final

from planted.plant import Culprit, Plant, fixture, module, tests_named

IMPORTS: Final = (
    Plant(
        "import-environ",
        "environ",
        """
        import os

        os.environ["APP_MODE"] = "imported"

        def test_one():
            pass
        """,
        'os.environ.get("APP_MODE") == "imported"',
        module(),
    ),
    Plant(
        "import-cwd",
        "cwd",
        """
        import os

        os.chdir("..")

        def test_one():
            pass
        """,
        "Path.cwd() != HERE",
        module(),
    ),
    Plant(
        "import-logging-disable",
        "logging",
        """
        import logging

        logging.disable(logging.WARNING)

        def test_one():
            pass
        """,
        "logging.root.manager.disable == logging.WARNING",
        module(),
    ),
    Plant(
        "import-stub",
        "sys.modules",
        """
        import csv
        import sys
        from unittest.mock import MagicMock

        sys.modules["csv"] = MagicMock()

        def test_one():
            pass
        """,
        'type(sys.modules.get("csv")).__name__ == "MagicMock"',
        module(),
    ),
    Plant(
        "import-on-workers",
        "socket.timeout",
        """
        import socket

        socket.setdefaulttimeout(2)

        def test_one():
            pass
        """,
        "socket.getdefaulttimeout() == 2",
        module(),
        options=("-n", "2"),
    ),
    Plant(
        "import-recursion-limit",
        "sys.limits",
        """
        import sys

        sys.setrecursionlimit(5432)

        class TestDeep:
            def test_one(self):
                pass
        """,
        "sys.getrecursionlimit() == 5432",
        module(),
    ),
)

SET_UPS: Final = (
    Plant(
        "setup-module-environ",
        "environ",
        """
        import os

        def setup_module(module):
            os.environ["APP_MODE"] = "module"

        def test_one():
            pass

        def test_two():
            pass
        """,
        'os.environ.get("APP_MODE") == "module"',
        fixture("setup_module"),
    ),
    Plant(
        "setup-class-cwd",
        "cwd",
        """
        import os

        class TestFiles:
            @classmethod
            def setup_class(cls):
                os.chdir("/")

            def test_one(self):
                pass
        """,
        "Path.cwd() != HERE",
        fixture("setup_class"),
    ),
    Plant(
        "set-up-class-environ",
        "environ",
        """
        import os
        import unittest

        class Client(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                os.environ["APP_MODE"] = "class"

            @classmethod
            def tearDownClass(cls):
                os.environ.pop("APP_OTHER", None)

            def test_one(self):
                pass

            def test_two(self):
                pass
        """,
        'os.environ.get("APP_MODE") == "class"',
        fixture("setUpClass"),
    ),
    Plant(
        "setup-method-sys-path",
        "sys.path",
        """
        import sys

        class TestImports:
            def setup_method(self, method):
                if method.__name__ == "test_culprit":
                    sys.path.append("/planted")

            def test_before(self):
                pass

            def test_culprit(self):
                pass
        """,
        '"/planted" in sys.path',
        (*fixture("setup_method"), *tests_named("TestImports::test_culprit")),
    ),
    Plant(
        "dynamic-session-fixture",
        "environ",
        """
        import pytest

        def test_before():
            pass

        @pytest.mark.parametrize("name", ["late"])
        def test_user(request, name):
            request.getfixturevalue(name)

        def test_after():
            pass
        """,
        'os.environ.get("APP_LATE_FIXTURE") == "1"',
        fixture("late"),
        conftest="""
        import os
        import pytest

        @pytest.fixture(scope="session")
        def late():
            os.environ["APP_LATE_FIXTURE"] = "1"
            yield
        """,
    ),
    Plant(
        "doctest",
        "environ",
        """
        def test_one():
            pass
        """,
        'os.environ.get("APP_DOC") == "1"',
        (Culprit("test", "app.py::app.remember"),),
        app='''
        def remember():
            """Remember.

            >>> import os
            >>> os.environ["APP_DOC"] = "1"
            """
        ''',
        options=("--doctest-modules",),
    ),
)

PLANTS: Final = (*IMPORTS, *SET_UPS)
