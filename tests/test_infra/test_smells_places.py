"""Fixed paths, ports, guests and names, and time: the less usual ways to write them."""

import pytest

from tests.test_infra.smelling import find_rules

HEAD = """
import asyncio, io, os, pathlib, shutil, sqlite3, tempfile, threading, time, unittest, zipfile
import pytest
from datetime import datetime
from proxmoxer import ProxmoxAPI
from unittest import mock
from wsgiref.simple_server import make_server
from werkzeug.serving import run_simple
HERE = pathlib.Path(__file__).resolve().parent
API = ProxmoxAPI("h")
PORT = 8000
"""


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("zipfile.ZipFile('a.zip', 'w')", ["PTI404"]),
        ("zipfile.ZipFile('a.zip')", []),
        ("io.open('/srv/x', mode='a')", ["PTI403"]),
        ("pathlib.Path('/srv/x').open('w')", ["PTI403"]),
        ("pathlib.Path('/srv/x').open()", []),
        ("shutil.copy(source, '/srv/x')", ["PTI403"]),
        ("shutil.copy(source)", []),
        ("os.makedirs(os.path.join(os.getcwd(), 'a'))", ["PTI404"]),
        ("os.makedirs(os.path.join(source, 'a'))", []),
        ("(HERE.parents[1] / 'a').mkdir()", ["PTI404"]),
        ("HERE.joinpath('a', source).mkdir()", []),
        ("(HERE / source).mkdir()", []),
        ("pathlib.Path.cwd().joinpath('a').touch()", ["PTI404"]),
        ("pathlib.Path().touch()", []),
        ("app.make('/srv').mkdir()", []),
        ("source[0].mkdir()", []),
        ("sqlite3.connect('file:x?mode=memory'); open('', 'w'); open('a://b', 'w')", []),
        ("os.makedirs(-1)", []),
        ("monkeypatch.chdir(source); open('x', 'w')", []),
        ("with pytest.raises(OSError): open('/srv/x', 'w')", []),
        ("with mock.patch('builtins.open'): open('/srv/x', 'w')", []),
        ("with working_directory(source): open('x', 'w')", []),
        ("with source: open('x', 'w')", ["PTI404"]),
    ],
)
def test_path_that_is_the_same_for_each_worker(body: str, rules: list[str]) -> None:
    assert find_rules(f"{HEAD}def test_it(source, app, monkeypatch):\n    {body}\n") == rules


@pytest.mark.parametrize(
    ("before", "parameter", "rules"),
    [
        ("@mock.patch('x.open')", "opened", ["PTI404"]),
        ("@in_temporary_cwd", "opened", []),
        ("", "pytester", []),
        ("", "isolated_home", []),
        ("", "moved", []),
        ("", "plain", ["PTI404"]),
    ],
)
def test_function_with_a_directory_of_its_own_may_write(
    before: str, parameter: str, rules: list[str]
) -> None:
    source = f"""{HEAD}
@pytest.fixture
def moved(monkeypatch, tmp_path): monkeypatch.chdir(tmp_path)
@pytest.fixture
def plain(): return 1
{before}
def test_it({parameter}): open("x", "w")
"""

    assert find_rules(source) == rules


@pytest.mark.parametrize(("word", "rules"), [("chdir", []), ("listdir", ["PTI404"])])
def test_class_may_move_its_tests(word: str, rules: list[str]) -> None:
    source = f"""{HEAD}
class TestIt:
    def setup_method(self): self.old = helper.{word}(self.path)
    def test_it(self): open("x", "w")
"""

    assert find_rules(source) == rules


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("make_server('', 8080, app)", ["PTI401"]),
        ("run_simple('localhost', port=PORT, application=app)", ["PTI401"]),
        ("make_server('', 8080, mock.Mock())", []),
        ("asyncio.start_server(app, 'h', 0)", []),
        ("fake_socket.bind(('h', 8080))", []),
        ("make()().bind(('h', 8080))", ["PTI401"]),
        ("app.bind('h'); app.bind()", []),
        ("app.bind(('h', 99999))", []),
        ("API.nodes('n').qemu.create(vmid=100)", ["PTI402"]),
        ("API.nodes('n').qemu.create(vmid=99, name='x')", []),
        ("cluster.nodes('n').qemu.create(vmid=100)", ["PTI402"]),
        ("app.nodes('n').qemu.create(vmid=100)", []),
        ("(app or API).nodes('n').qemu.create(vmid=100)", []),
        ("mock_api = API; mock_api.nodes('n').qemu.create(vmid=100)", []),
    ],
)
def test_ports_and_guests(body: str, rules: list[str]) -> None:
    source = f"""{HEAD}
@pytest.fixture
def cluster(): return ProxmoxAPI("h")
def test_it(app, cluster, fake_socket):
    {body}
"""

    assert find_rules(source) == rules


def test_port_of_a_module_that_is_no_test_is_its_own() -> None:
    assert find_rules(application="def serve(sock): sock.bind(('h', 8080))\n") == []


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("client.create_bucket(Bucket='b')", ["PTI304"]),
        ("(client or db).create_bucket(Bucket='b')", ["PTI304"]),
        ("client.create_bucket(Bucket=name)", []),
        ("mock_client.create_bucket(Bucket='b')", []),
        ("factory.mktemp('data', numbered=False)", ["PTI304"]),
        ("factory.mktemp('data')", []),
        ("factory.mktemp(numbered=False)", []),
        ("db.execute('SELECT 1'); db.execute()", []),
    ],
)
def test_names_that_each_worker_makes(body: str, rules: list[str]) -> None:
    parameters = "client, mock_client, factory, db, name"

    source = f"{HEAD}@pytest.fixture(scope='session')\ndef made({parameters}):\n    {body}\n"

    assert find_rules(conftest=source) == rules


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("run(); await asyncio.sleep(1); assert done()", ["PTI502"]),
        ("loop.run_until_complete(asyncio.sleep(1)); assert done()", ["PTI502"]),
        ("loop.run_until_complete(); time.sleep(1); assert done()", ["PTI502"]),
        ("time.sleep(1); self.assertTrue(done())", ["PTI502"]),
        ("time.sleep(1); run(); run(); assert done()", []),
        ("time.sleep(); assert done()", []),
        ("with fast_clock(): time.sleep(1); assert done()", ["PTI502"]),
        ("start = time.time(); run(); self.assertLess(time.time() - start, 1)", ["PTI503"]),
        ("start = time.time(); took = time.time() - start; assert took <= 1", ["PTI503"]),
        ("start = time.time(); took = time.time() - start; assert 1 > took", ["PTI503"]),
        ("start = 5; assert time.time() - start < 1", []),
        ("assert len(rows) - 1 < 3; assert rows < 3", []),
        ("self.assertEqual(stamp(), datetime.now().date())", ["PTI504"]),
        ("assert stamp() == time.strftime('%Y', moment)", []),
        ("assert stamp().day == row.day", []),
        ("threading.Thread(target=run).start()", ["PTI505"]),
        ("t = threading.Thread(target=run); t.start(); return t", []),
        ("t = make(); t.start()", []),
    ],
)
def test_time(body: str, rules: list[str]) -> None:
    source = f"{HEAD}async def test_it(self, loop, rows, row):\n    {body}\n"

    assert find_rules(source) == rules


@pytest.mark.parametrize("parameter", ["frozen_time", "freezer"])
def test_clock_that_stands_still_may_be_compared(parameter: str) -> None:
    body = "assert stamp() == datetime.now()"

    assert find_rules(f"{HEAD}def test_it({parameter}):\n    {body}\n") == []


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ("@pytest.fixture(params={'a', 'b'})\ndef made(): pass", ["PTI501"]),
        ("@pytest.fixture(params=['a', 'b'])\ndef made(): pass", []),
        (
            "@pytest.mark.parametrize('n', {'a'})\nclass TestIt:\n    def test_it(self, n): pass",
            ["PTI501"],
        ),
        ("@pytest.mark.parametrize('n', [1] + list({'a'}))\ndef test_it(n): pass", ["PTI501"]),
    ],
    ids=["fixture", "ordered", "class", "sum"],
)
def test_parameters_of_fixtures_and_classes(source: str, rules: list[str]) -> None:
    assert find_rules(f"{HEAD}{source}\n") == rules
