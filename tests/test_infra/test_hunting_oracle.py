import json
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.errors import ProcessLostError
from tests.infra.hunting import oracle
from tests.infra.hunting.oracle import NothingToHuntError, Oracle
from tests.infra.hunting.trials import Cast, Ending, Request
from tests.test_infra.conftest import INNER_INI, ROOT

SERVER = """\
#!{python} -S
import os, sys
serve = next(one for one in sys.argv if one.startswith("--serve="))
inlet, outlet, directory = serve.removeprefix("--serve=").split(",", 2)
print("its last words", flush=True)
{work}
"""

COLLECTED = json.dumps(
    {"nodeids": ["t.py::a"], "files": ["t.py"], "root": "/r", "sources": [], "errors": []}
)
BROKEN = json.dumps(
    {"nodeids": [], "files": [], "root": "/r", "sources": [], "errors": ["t.py: SyntaxError"]}
)
ANSWER = json.dumps({"casts": [{"ending": "complete", "lines": []}]})

REQUEST = Request((Cast((0,)),))

Open = Callable[[str], Oracle]


@pytest.fixture
def open_oracle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open an oracle whose process does what a few lines of Python say."""

    def open_(work: str) -> Oracle:
        script = tmp_path / "server"
        script.write_text(SERVER.format(python=sys.executable, work=work), encoding="utf-8")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "executable", str(script))
        return Oracle([], dict(os.environ), tmp_path / "oracle")

    return open_


def tell(*lines: str) -> str:
    """Write lines as a server does, each after hearing one but for the first."""
    work = [f"os.write(int(outlet), {line!r}.encode())" for line in lines]
    return "\nos.read(int(inlet), 99999)\n".join(work)


def test_answers_come_as_they_were_told(open_oracle: Open) -> None:
    with open_oracle(tell(f"{COLLECTED}\n", f"{ANSWER}\n")) as found:
        assert found.collection.nodeids == ("t.py::a",)
        assert found.collection.root == Path("/r")
        assert [one.ending for one in found.ask(REQUEST)] == [Ending.COMPLETE]


def test_nothing_collected_is_told_with_the_errors_and_the_output(open_oracle: Open) -> None:
    with open_oracle(tell(f"{BROKEN}\n")) as found, pytest.raises(NothingToHuntError) as caught:
        found.ask(REQUEST)

    assert "collected no test" in str(caught.value)
    assert "t.py: SyntaxError\nits last words" in str(caught.value)


def test_process_that_never_collects_is_told_with_its_output(open_oracle: Open) -> None:
    with open_oracle("sys.exit(4)") as found, pytest.raises(NothingToHuntError, match="last words"):
        _ = found.collection


@pytest.mark.parametrize(
    "lines", [[f"{COLLECTED}\n"], [f"{COLLECTED}\n", ANSWER[:9]]], ids=["silent", "in-a-line"]
)
def test_process_that_is_gone_is_told_as_such(open_oracle: Open, lines: list[str]) -> None:
    with open_oracle(tell(*lines)) as found:
        assert found.collection.errors == ()
        with pytest.raises(ProcessLostError, match="hunt again to go on") as caught:
            found.ask(REQUEST)

    assert "its last words" in str(caught.value)


def test_process_that_does_not_end_is_ended(
    open_oracle: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oracle, "END_PATIENCE_S", 0.05)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    found = open_oracle("\n".join([deaf, tell(f"{COLLECTED}\n"), "time.sleep(60)"]))
    assert found.collection.errors == ()

    began = time.monotonic()
    found.close()

    assert time.monotonic() - began < 5
    assert found._process.returncode == -9


@pytest.mark.proof
def test_hanging_fork_ends_with_the_hunt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hunt is interrupted in the middle of a request."""
    (tmp_path / "pytest.ini").write_text(INNER_INI, encoding="utf-8")
    text = "import os, time\ndef test_hangs():\n    print(1, file=open(f'pid-{os.getpid()}', 'w'))"
    (tmp_path / "test_it.py").write_text(f"{text}\n    time.sleep(60)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(oracle, "END_PATIENCE_S", 0.1)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PROXMOX_TEST_INFRA_DIR": str(tmp_path)}
    options = ["-p", "no:hypothesispytest", "-p", "no:cacheprovider", "-p", "tests.infra.plugin"]
    with Oracle(options, environ, tmp_path / "oracle") as found:
        assert found.collection.errors == ()
        print(REQUEST.to_json(), file=found._requests, flush=True)
        until = time.monotonic() + 10
        while not (pids := list(tmp_path.glob("pid-*"))) and time.monotonic() < until:
            time.sleep(0.005)

    (path,) = pids
    assert not Path(f"/proc/{path.name.removeprefix('pid-')}").exists()
    assert not path.exists()


def test_missing_plugin_is_told_with_the_way_out() -> None:
    error = NothingToHuntError("error: unrecognized arguments: --isolation=off")

    assert "pytest_plugins = ['tests.infra.plugin']" in str(error)
