import pytest
from app.shell import Duplicate, Shell, shell


def test_echo():
    assert shell.run("echo a b") == "a b"


def test_new_command():
    @shell.command("count")
    def count(*words):
        return len(words)

    assert shell.run("count a b c") == 3


def test_duplicate_is_refused():
    own = Shell()
    own.command("x")(print)
    with pytest.raises(Duplicate):
        own.command("x")(print)


def test_unknown_command():
    with pytest.raises(KeyError):
        Shell().run("nothing")


@pytest.mark.parametrize("words", ["a", "a b"])
def test_words_are_handed_on(words):
    own = Shell()
    own.command("list")(lambda *found: list(found))
    assert own.run(f"list {words}") == words.split()
