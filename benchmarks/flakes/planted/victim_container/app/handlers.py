import json

HANDLERS = {"json": json.dumps, "text": str}


def register(name, handler):
    HANDLERS[name] = handler


def formats():
    return sorted(HANDLERS)


def render(name, value):
    return HANDLERS[name](value)
