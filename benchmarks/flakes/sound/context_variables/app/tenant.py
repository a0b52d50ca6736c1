import contextlib
from contextvars import ContextVar

tenant = ContextVar("tenant", default="public")


@contextlib.contextmanager
def acting_for(name):
    token = tenant.set(name)
    try:
        yield
    finally:
        tenant.reset(token)


def table(name):
    return f"{tenant.get()}.{name}"
