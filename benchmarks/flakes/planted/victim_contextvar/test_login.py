import pytest
from app import login


def test_login_and_logout():
    before = login.current_user.get()
    token = login.login("ann")
    login.logout(token)
    assert login.current_user.get() == before


def test_login_makes_the_user_current():
    login.login("ann")
    assert login.current_user.get() == "ann"


def test_logout_twice():
    token = login.login("ann")
    login.logout(token)
    with pytest.raises(RuntimeError):
        login.logout(token)


@pytest.mark.asyncio
async def test_login_in_a_task():
    login.login("task")
    assert login.audit("x") == "task: x"
