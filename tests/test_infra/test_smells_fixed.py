"""Fixed ports, ids, paths and names; parameters, time and threads."""

import pytest

from tests.test_infra.smelling import find, find_rules

HEAD = """
import asyncio, os, pathlib, shutil, socket, sqlite3, tempfile, threading, time
import pytest
from datetime import datetime
from http.server import HTTPServer
from proxmoxer import ProxmoxAPI
from unittest.mock import MagicMock
PORT = 8000
HERE = pathlib.Path(__file__).parent
"""


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("sock.bind(('localhost', 8080))", ["PTI401"]),
        ("HTTPServer(('', PORT), None)", ["PTI401"]),
        ("sock.bind(('localhost', 0))", []),
        ("sock.bind(('localhost', port))", []),
        ("sock = MagicMock(); sock.bind(('localhost', 8080))", []),
        ("api = ProxmoxAPI('h'); api.nodes('n').qemu.create(vmid=100)", ["PTI402"]),
        ("api = ProxmoxAPI('h'); api.nodes('n').qemu(9).clone.post(newid=101)", ["PTI402"]),
        ("api = ProxmoxAPI('h'); api.nodes('n').qemu.create(vmid=vmid)", []),
        ("builder.with_vm(vmid=100); builder.create(vmid=100)", []),
        ("open('/tmp/x', 'w')", ["PTI403"]),
        ("(pathlib.Path(tempfile.gettempdir()) / 'x').touch()", ["PTI403"]),
        ("sqlite3.connect('x.db')", ["PTI404"]),
        ("(HERE / 'x').write_text('')", ["PTI404"]),
        ("(HERE / 'x').read_text(); open('/etc/hosts'); sqlite3.connect(':memory:')", []),
        ("(tmp_path / 'x').write_text('')", []),
        ("os.chdir(tmp_path); open('x', 'w')", ["PTI102"]),
    ],
)
def test_fixed_things(body: str, rules: list[str]) -> None:
    parameters = "sock, port, vmid, builder, tmp_path"

    assert find_rules(f"{HEAD}def test_it({parameters}):\n    {body}\n") == rules


@pytest.mark.parametrize(
    ("values", "is_found"),
    [
        ("{'a', 'b'}", True),
        ("set(NAMES)", True),
        ("[n for n in {'a', 'b'}]", True),
        ("A.keys() & B.keys()", True),
        ("os.listdir('.')", True),
        ("HERE.glob('*')", True),
        ("list(HERE.iterdir())", True),
        ("sorted({'a', 'b'})", False),
        ("{1, 2}", False),
        ("A.items()", False),
        ("['a', 'b']", False),
    ],
)
def test_parameters_without_an_order(values: str, is_found: bool) -> None:
    mark = f"@pytest.mark.parametrize('name', {values})"

    assert find_rules(f"{HEAD}{mark}\ndef test_it(name): pass\n") == ["PTI501"] * is_found


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("run(); time.sleep(1); assert done()", ["PTI502"]),
        ("run(); time.sleep(0); assert done()", []),
        ("[time.sleep(1) for _ in range(3)]; assert done()", []),
        ("cache.set(ttl=1); time.sleep(2); assert done()", []),
        ("monkeypatch.setattr(time, 'sleep', print); time.sleep(1); assert done()", []),
        ("start = time.time(); run(); assert time.time() - start < 0.1", ["PTI503"]),
        ("start = time.time(); run(); assert time.time() - start < 30", []),
        ("start = time.time(); run(); assert time.time() - start > 0.1", []),
        ("assert stamp() == datetime.now()", ["PTI504"]),
        ("assert stamp() <= datetime.now()", []),
        ("t = threading.Thread(target=run); t.start()", ["PTI505"]),
        ("t = threading.Thread(target=run); t.start(); t.join()", []),
        ("t = threading.Thread(target=run); t.start(); keep(t)", []),
    ],
)
def test_time_and_threads(body: str, rules: list[str]) -> None:
    assert find_rules(f"{HEAD}def test_it(monkeypatch, cache):\n    {body}\n") == rules


@pytest.mark.parametrize(
    ("parameters", "rules"), [("db", ["PTI304"]), ("db, worker_id", [])], ids=["fixed", "worker"]
)
def test_wide_fixture_needs_the_worker_in_names(parameters: str, rules: list[str]) -> None:
    source = f"""
        import pytest
        @pytest.fixture(scope="session")
        def schema({parameters}):
            db.execute("CREATE DATABASE test_app")
            return "test_app"
    """

    assert find_rules(conftest=source) == rules


def test_setup_of_a_class_needs_a_teardown() -> None:
    (finding,) = find("""
        import tempfile, unittest
        class TestIt(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.path = tempfile.mkdtemp()
            def test_it(self): pass
    """)

    assert (finding.rule_id, finding.tests) == ("PTI303", ("test_case.py::TestIt::test_it",))
