import os
from pathlib import Path


def user_config():
    home = os.environ.get("TOOL_HOME")
    if home is None:
        return Path("/etc/tool/config")
    return Path(home) / ".tool"


def search_path():
    return [user_config(), Path("/etc/tool/config")]
