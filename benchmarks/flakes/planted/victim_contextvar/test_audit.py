import contextvars

from app import login


def test_anonymous_action():
    assert login.audit("read") == "anonymous: read"


def test_action_of_a_user():
    def act():
        login.login("bob")
        return login.audit("write")

    assert contextvars.copy_context().run(act) == "bob: write"
