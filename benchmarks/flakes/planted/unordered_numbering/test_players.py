import pytest
from app import players


class TestNumbers:
    def test_first_player_is_number_one(self):
        assert players.number(["ann", "bob", "ann"]) == {"ann": 1, "bob": 2}

    def test_every_player_has_a_number(self):
        assert sorted(players.number("xyz").values()) == [1, 2, 3]

    def test_one_player(self):
        assert players.number(["ann", "ann"]) == {"ann": 1}

    @pytest.mark.parametrize("names", [("b", "a"), ("a", "b")])
    def test_numbers_in_order(self, names):
        assert list(players.number_in_order(names)) == list(names)


class TestBadges:
    def test_badge(self):
        assert players.badge({"ann": 7}, "ann") == "07 ann"

    def test_no_badge(self):
        with pytest.raises(KeyError):
            players.badge({}, "ann")
