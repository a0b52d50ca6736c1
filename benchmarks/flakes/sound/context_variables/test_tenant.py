import asyncio
import contextvars
import threading

import pytest
from app.tenant import acting_for, table, tenant


@pytest.fixture
def acme():
    token = tenant.set("acme")
    yield "acme"
    tenant.reset(token)


def test_default():
    assert table("users") == "public.users"


def test_acting_for():
    with acting_for("acme"):
        assert table("users") == "acme.users"


def test_nested():
    with acting_for("a"), acting_for("b"):
        assert tenant.get() == "b"
    assert tenant.get() == "public"


def test_reset_after_an_error():
    with pytest.raises(ValueError, match="x"), acting_for("a"):
        raise ValueError("x")
    assert tenant.get() == "public"


def test_copied_context():
    contextvars.copy_context().run(tenant.set, "copied")
    assert tenant.get() == "public"


def test_fixture_like_use():
    token = tenant.set("mine")
    try:
        assert table("x") == "mine.x"
    finally:
        tenant.reset(token)


def test_threads_start_anew():
    seen = []
    with acting_for("a"):
        thread = threading.Thread(target=lambda: seen.append(tenant.get()))
        thread.start()
        thread.join()
    assert seen == ["public"]


@pytest.mark.asyncio
async def test_tasks_have_their_own():
    async def act(name):
        tenant.set(name)
        await asyncio.sleep(0)
        return tenant.get()

    assert await asyncio.gather(act("a"), act("b")) == ["a", "b"]
    assert tenant.get() == "public"


@pytest.mark.parametrize("name", ["a", "b"])
def test_tables(name):
    assert table(name) == f"public.{name}"
