"""Leaks of what the operating system keeps for a process: variables, directory, mask, descriptors.

Children, threads and signals are in `activity`.
"""

from typing import Final

from planted.plant import Plant, fixture, own_fixture, tests_named, write_test

ENVIRON: Final = (
    Plant(
        "environ-set",
        "environ",
        write_test("os", 'os.environ["APP_MODE"] = "x"'),
        'os.environ.get("APP_MODE") == "x"',
    ),
    Plant(
        "environ-delete",
        "environ",
        write_test("os", 'del os.environ["APP_GIVEN"]'),
        '"APP_GIVEN" not in os.environ',
    ),
    Plant(
        "environ-change",
        "environ",
        write_test("os", 'os.environ.update(APP_GIVEN="other", APP_MORE="1")'),
        'os.environ["APP_GIVEN"] == "other"',
    ),
    Plant(
        "environ-rebound",
        "environ",
        write_test("os", "os.environ = dict(os.environ)"),
        "type(os.environ) is dict",
        by_products=("stdlib",),
    ),
    Plant(
        "environ-own-fixture",
        "environ",
        """
        import os
        import pytest

        @pytest.fixture
        def mode():
            os.environ["APP_MODE"] = "x"
            yield
            os.environ["APP_MODE"] = ""

        def test_before():
            pass

        def test_culprit(mode):
            assert os.environ["APP_MODE"] == "x"

        def test_after():
            pass
        """,
        'os.environ.get("APP_MODE") == ""',
        own_fixture("mode"),
    ),
    Plant(
        "environ-session-fixture",
        "environ",
        write_test("os", 'assert os.environ["APP_URL"]', fixtures="server_url"),
        'os.environ.get("APP_URL") == "http://x"',
        fixture("server_url"),
        conftest="""
        import os
        import pytest

        @pytest.fixture(scope="module")
        def server_url():
            os.environ["APP_URL"] = "http://x"
            yield "http://x"
        """,
    ),
    Plant(
        "environ-teardown-of-wide-fixture",
        "environ",
        write_test("os", "pass", fixtures="database"),
        'os.environ.get("APP_LAST") == "closed"',
        fixture("database"),
        conftest="""
        import os
        import pytest

        @pytest.fixture(scope="module")
        def database():
            yield 1
            os.environ["APP_LAST"] = "closed"
        """,
    ),
    Plant(
        "environ-failing-test",
        "environ",
        write_test(
            "os pytest",
            """
            os.environ["APP_MODE"] = "x"
            pytest.xfail("fails before it can put it back")
            """,
        ),
        'os.environ.get("APP_MODE") == "x"',
    ),
    Plant(
        "environ-repeated",
        "environ",
        write_test("os", 'os.environ["APP_MODE"] = "x"'),
        'os.environ.get("APP_MODE") == "x"',
        tests_named("test_culprit[1-2]", "test_culprit[2-2]"),
        options=("--count=2",),
    ),
    Plant(
        "environ-on-a-worker",
        "environ",
        write_test("os", 'os.environ["APP_MODE"] = "x"'),
        'os.environ.get("APP_MODE") == "x"',
        options=("-n", "2"),
    ),
)

DIRECTORY: Final = (
    Plant(
        "cwd-tmp-path",
        "cwd",
        write_test("os", "os.chdir(tmp_path)", fixtures="tmp_path"),
        "Path.cwd() != HERE",
    ),
    Plant(
        "cwd-parametrised",
        "cwd",
        """
        import os
        import pytest

        @pytest.mark.parametrize("place", [".", "..", "."])
        def test_culprit(place):
            os.chdir(place)
        """,
        "Path.cwd() != HERE",
        tests_named("test_culprit[..]"),
    ),
    Plant(
        "cwd-on-a-worker",
        "cwd",
        write_test("os", "os.chdir(tmp_path)", fixtures="tmp_path"),
        "Path.cwd() != HERE",
        options=("-n", "2"),
    ),
    Plant(
        "umask-test",
        "umask",
        write_test("os", "os.umask(0o077)"),
        "read_umask() == 0o077",
    ),
    Plant(
        "umask-class-fixture",
        "umask",
        """
        import os
        import pytest

        class TestFiles:
            @pytest.fixture(scope="class", autouse=True)
            def private_files(self):
                os.umask(0o027)

            def test_first(self):
                pass

            def test_second(self):
                pass

        def test_after():
            pass
        """,
        "read_umask() == 0o027",
        fixture("private_files"),
    ),
)

DESCRIPTORS: Final = (
    Plant(
        "fds-open-file",
        "fds",
        write_test("app os", "app.KEPT = open(os.devnull)"),
        "not app.KEPT.closed",
        app="KEPT = None",
    ),
    Plant(
        "fds-pipe",
        "fds",
        write_test("app os", "app.PIPE = os.pipe()"),
        "bool(app.PIPE and os.fstat(app.PIPE[0]))",
        app="PIPE = None",
    ),
    Plant(
        "fds-socket-of-wide-fixture",
        "fds",
        write_test("app", "assert connection.fileno() > 0", fixtures="connection"),
        "app.CONNECTION is not None and app.CONNECTION.fileno() > 0",
        fixture("connection"),
        app="CONNECTION = None",
        conftest="""
        import socket
        import app
        import pytest

        @pytest.fixture(scope="module")
        def connection():
            app.CONNECTION = socket.socket()
            yield app.CONNECTION
        """,
    ),
    Plant(
        "fds-sqlite",
        "fds",
        write_test(
            "app sqlite3",
            """
            app.DB = sqlite3.connect(tmp_path / "app.db")
            app.DB.execute("create table t (x)")
            """,
            fixtures="tmp_path",
        ),
        "app.DB.execute('select 1') is not None if app.DB else False",
        app="DB = None",
    ),
)

PLANTS: Final = (*ENVIRON, *DIRECTORY, *DESCRIPTORS)
