from app import tags


def test_tags_are_unique():
    assert tags.unique(["News", "sport", "news"]) == ["news", "sport"]


def test_sorted_tags():
    assert tags.unique_sorted(["b", "a", "B"]) == ["a", "b"]


def test_one_tag():
    assert tags.unique(["News ", "news"]) == ["news"]


def test_no_tags():
    assert tags.unique([]) == []


def test_tags_as_a_set():
    assert set(tags.unique("abcabc")) == {"a", "b", "c"}


def test_show():
    assert tags.show(["a", "b"]) == "#a #b"
