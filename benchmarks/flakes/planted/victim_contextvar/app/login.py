from contextvars import ContextVar

current_user = ContextVar("current_user", default=None)


def login(name):
    return current_user.set(name)


def logout(token):
    current_user.reset(token)


def audit(action):
    return f"{current_user.get() or 'anonymous'}: {action}"
