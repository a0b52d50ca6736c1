from app import parts


class TestJoin:
    def test_parts_are_joined_in_order(self, tmp_path):
        parts.save(tmp_path, "hello ")
        parts.save(tmp_path, "world")
        assert parts.join(tmp_path) == "hello world"

    def test_one_part(self, tmp_path):
        parts.save(tmp_path, "hello")
        assert parts.join(tmp_path) == "hello"

    def test_no_part(self, tmp_path):
        assert parts.join(tmp_path) == ""

    def test_equal_parts(self, tmp_path):
        for _ in range(3):
            parts.save(tmp_path, "ab")
        assert parts.join(tmp_path) == "ababab"

    def test_named_parts(self, tmp_path):
        names = [parts.save(tmp_path, text) for text in ("a", "b", "c")]
        assert parts.join_named(names) == "abc"

    def test_all_letters_are_there(self, tmp_path):
        for text in "xyz":
            parts.save(tmp_path, text)
        assert sorted(parts.join(tmp_path)) == ["x", "y", "z"]
