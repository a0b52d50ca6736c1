"""Leaks of what goes on by itself after a test: threads, children, timers, signals, event loops."""

from typing import Final

from planted.plant import Plant, fixture, own_fixture, tests_named, write_test

THREADS: Final = (
    Plant(
        "threads-daemon",
        "threads",
        write_test(
            "threading",
            'threading.Thread(target=threading.Event().wait, daemon=True, name="poll").start()',
        ),
        'any(one.name == "poll" for one in threading.enumerate())',
    ),
    Plant(
        "threads-consumer",
        "threads",
        """
        import queue
        import threading
        import unittest

        class Jobs(unittest.TestCase):
            def setUp(self):
                self.jobs = queue.Queue()
                threading.Thread(target=self.jobs.get, daemon=True, name="consumer").start()

            def test_culprit(self):
                assert self.jobs.empty()

        def test_after():
            pass
        """,
        'any(one.name == "consumer" for one in threading.enumerate())',
        tests_named("Jobs::test_culprit"),
    ),
    Plant(
        "threads-timer",
        "threads",
        write_test(
            "threading",
            """
            timer = threading.Timer(60, print)
            timer.daemon = True
            timer.start()
            """,
        ),
        "any(isinstance(one, threading.Timer) for one in threading.enumerate())",
    ),
    Plant(
        "threads-late-change",
        "threads",
        """
        import os
        import threading
        import time

        def test_before():
            pass

        def test_culprit():
            def change():
                time.sleep(0.5)
                os.environ["APP_LATE"] = "1"
                time.sleep(60)

            threading.Thread(target=change, daemon=True).start()

        def test_after():
            time.sleep(0.7)
        """,
        'os.environ.get("APP_LATE") == "1"',
        by_products=("environ",),
    ),
    Plant(
        "threads-wide-fixture",
        "threads",
        write_test("app", "assert pool.submit(len, ()).result() == 0", fixtures="pool"),
        'any(one.name.startswith("wide") for one in threading.enumerate())',
        fixture("pool"),
        app="POOL = None",
        conftest="""
        from concurrent.futures import ThreadPoolExecutor
        import app
        import pytest

        @pytest.fixture(scope="module")
        def pool():
            app.POOL = ThreadPoolExecutor(1, "wide")
            app.POOL.submit(len, ()).result()
            yield app.POOL
        """,
    ),
    Plant(
        "threads-on-a-worker",
        "threads",
        write_test(
            "threading",
            'threading.Thread(target=threading.Event().wait, daemon=True, name="poll").start()',
        ),
        'any(one.name == "poll" for one in threading.enumerate())',
        options=("-n", "2"),
    ),
)

CHILDREN: Final = (
    Plant(
        "children-popen",
        "children",
        write_test(
            "app subprocess", 'app.CHILD = subprocess.Popen(["cat"], stdin=subprocess.PIPE)'
        ),
        "app.CHILD is not None and app.CHILD.poll() is None",
        app="CHILD = None",
        by_products=("fds",),
    ),
    Plant(
        "children-multiprocessing",
        "children",
        write_test(
            "app multiprocessing time",
            """
            context = multiprocessing.get_context("fork")
            app.CHILD = context.Process(target=time.sleep, args=(60,), daemon=True)
            app.CHILD.start()
            """,
        ),
        "app.CHILD is not None and app.CHILD.is_alive()",
        app="CHILD = None",
        by_products=("fds",),
    ),
    Plant(
        "children-zombie",
        "children",
        write_test(
            "app os",
            """
            app.PID = os.fork()
            if not app.PID:
                os._exit(0)
            """,
        ),
        'app.PID and Path(f"/proc/{app.PID}").exists()',
        app="PID = 0",
    ),
)

SIGNALS: Final = (
    Plant(
        "signals-handler",
        "signals",
        write_test("signal", "signal.signal(signal.SIGTERM, lambda number, frame: None)"),
        "signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL",
    ),
    Plant(
        "signals-ignored-in-setup-module",
        "signals",
        """
        import signal

        def setup_module():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        def test_one():
            pass

        def test_two():
            pass
        """,
        "signal.getsignal(signal.SIGHUP) is signal.SIG_IGN",
        fixture("setup_module"),
    ),
    Plant(
        "signals-mask",
        "signals",
        write_test("signal", "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})"),
        "signal.SIGUSR2 in signal.pthread_sigmask(signal.SIG_BLOCK, ())",
    ),
    Plant(
        "timers-alarm",
        "timers",
        write_test("signal", "signal.alarm(900)"),
        "signal.getitimer(signal.ITIMER_REAL)[0] > 0",
    ),
    Plant(
        "timers-virtual-in-fixture",
        "timers",
        """
        import signal
        import pytest

        @pytest.fixture
        def limit():
            signal.setitimer(signal.ITIMER_VIRTUAL, 900)

        def test_before():
            pass

        def test_culprit(limit):
            pass

        def test_after():
            pass
        """,
        "signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0",
        own_fixture("limit"),
    ),
)

ASYNCIO: Final = (
    Plant(
        "asyncio-policy",
        "asyncio",
        write_test(
            "asyncio",
            """
            class Policy(asyncio.DefaultEventLoopPolicy):
                pass

            asyncio.set_event_loop_policy(Policy())
            """,
        ),
        'type(asyncio.get_event_loop_policy()).__name__ == "Policy"',
    ),
    Plant(
        "asyncio-loop",
        "asyncio",
        write_test(
            "app asyncio",
            """
            app.LOOP = asyncio.new_event_loop()
            asyncio.set_event_loop(app.LOOP)
            """,
        ),
        "app.LOOP is not None and asyncio.get_event_loop_policy().get_event_loop() is app.LOOP",
        app="LOOP = None",
        by_products=("fds",),
    ),
    Plant(
        "asyncio-task",
        "asyncio",
        """
        import asyncio
        import pytest
        import app

        pytestmark = pytest.mark.asyncio(loop_scope="module")

        async def test_before():
            await asyncio.sleep(0)

        async def test_culprit():
            app.TASK = asyncio.create_task(asyncio.sleep(60), name="left")

        async def test_after():
            app.SEEN = [task.get_name() for task in asyncio.all_tasks()]
        """,
        '"left" in app.SEEN',
        app="TASK = None\nSEEN = []",
    ),
    Plant(
        "asyncio-environ-in-async-test",
        "environ",
        """
        import asyncio
        import os
        import pytest

        @pytest.mark.asyncio
        async def test_before():
            await asyncio.sleep(0)

        @pytest.mark.asyncio
        async def test_culprit():
            await asyncio.sleep(0)
            os.environ["APP_ASYNC"] = "1"

        def test_after():
            pass
        """,
        'os.environ.get("APP_ASYNC") == "1"',
    ),
    Plant(
        "asyncio-cwd-in-async-fixture",
        "cwd",
        """
        import os
        import pytest
        import pytest_asyncio

        @pytest_asyncio.fixture
        async def elsewhere(tmp_path):
            os.chdir(tmp_path)
            yield tmp_path

        @pytest.mark.asyncio
        async def test_culprit(elsewhere):
            assert os.getcwd() == str(elsewhere)

        def test_after():
            pass
        """,
        "Path.cwd() != HERE",
        own_fixture("elsewhere"),
    ),
    Plant(
        "multiprocessing-method",
        "multiprocessing",
        write_test("multiprocessing", 'multiprocessing.set_start_method("spawn", force=True)'),
        'multiprocessing.get_start_method() == "spawn"',
    ),
    Plant(
        "multiprocessing-fixture",
        "multiprocessing",
        """
        import multiprocessing
        import pytest

        @pytest.fixture(scope="module", params=["forkserver"])
        def start_method(request):
            multiprocessing.set_start_method(request.param, force=True)
            return request.param

        def test_one(start_method):
            pass

        def test_two(start_method):
            pass
        """,
        'multiprocessing.get_start_method() == "forkserver"',
        fixture("start_method"),
    ),
)

PLANTS: Final = (*THREADS, *CHILDREN, *SIGNALS, *ASYNCIO)
