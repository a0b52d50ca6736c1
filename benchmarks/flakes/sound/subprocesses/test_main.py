import os
import subprocess
import sys

import pytest
from app.__main__ import main

PATIENCE_S = 120


def run(*args, **options):
    command = [sys.executable, "-S", *args]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **options
    )


def test_words():
    assert run("-m", "app", "a", "b").stdout == "A B\n"


def test_usage():
    assert run("-m", "app").returncode == 2


def test_input():
    assert run("-c", "print(input()[::-1])", input="abc\n").stdout == "cba\n"


def test_environment_of_the_program():
    env = {**os.environ, "COLOUR": "red"}
    assert run("-c", "import os; print(os.environ['COLOUR'])", env=env).stdout == "red\n"


def test_directory_of_the_program(tmp_path):
    (tmp_path / "a").touch()
    assert run("-c", "import os; print(os.listdir())", cwd=tmp_path).stdout == "['a']\n"


def test_exit_code():
    assert run("-c", "raise SystemExit(3)").returncode == 3


def test_program_is_ended():
    with subprocess.Popen(
        [sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE
    ) as program:
        program.kill()
        assert program.wait(PATIENCE_S) != 0


def test_pipe():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.communicate(b"x", timeout=PATIENCE_S) == (b"x", None)


def test_main_in_process(capsys):
    assert main(["x"]) == 0
    assert capsys.readouterr().out == "X\n"


@pytest.mark.parametrize("args", [[], ["a"]])
def test_exit_codes_in_process(args):
    assert main(args) == (0 if args else 2)
