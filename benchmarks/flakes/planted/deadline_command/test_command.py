import subprocess
import sys


def run(*args, timeout=30):
    command = [sys.executable, "-m", "app", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


class TestCommand:
    def test_version_is_told(self):
        assert run("--version", timeout=0.4).stdout == "app 1.2\n"

    def test_words(self):
        assert run("a", "b").stdout == '{"words": ["a", "b"]}\n'

    def test_no_words(self):
        assert run().returncode == 1

    def test_unknown_option(self):
        assert "unrecognized" in run("--nothing").stderr
