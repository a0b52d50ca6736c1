from app import people


def test_new_profile_is_empty(database):
    people.signup(database, "ann", "password")
    assert people.may_login(database, "ann", "password")
    assert people.about(database, "ann") == ""


def test_describe(own_database):
    people.signup(own_database, "ann", "secret")
    people.describe(own_database, "ann", "likes tea")
    assert people.about(own_database, "ann") == "likes tea"


def test_names_are_sorted(own_database):
    for name in ("zoe", "ann"):
        people.signup(own_database, name, "x")
    assert people.names(own_database) == ["ann", "zoe"]
