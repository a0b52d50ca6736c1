import os

MODE = os.environ.get("PORTAL_MODE", "web")


def title(page):
    return f"{page} | Portal"
