import json

import pytest
from app import words


def test_vocabulary():
    assert words.vocabulary("The cat, the dog.") == ["cat", "dog", "the"]


def test_vocabulary_of_nothing():
    assert words.vocabulary("") == []


def test_counts():
    assert list(words.counts("b a b").items()) == [("a", 1), ("b", 2)]


def test_first_of_each():
    assert words.first_of_each(["ant", "ape", "bee"]) == {"a": "ant", "b": "bee"}


def test_shared():
    assert words.shared("a b c", "c b", "b c d") == {"b", "c"}


def test_shared_by_length():
    assert len(words.shared("x y", "y z")) == 1


def test_json_with_sorted_keys():
    text = json.dumps({word: len(word) for word in {"bb", "a", "ccc"}}, sort_keys=True)
    assert text == '{"a": 1, "bb": 2, "ccc": 3}'


def test_json_of_a_set_is_compared_as_a_set():
    assert set(json.loads(json.dumps(list({"x", "y"})))) == {"x", "y"}


@pytest.mark.parametrize("word", sorted({"one", "two", "three"}))
def test_every_word_is_known(word):
    assert word in words.vocabulary("Three, two, one!")
