import os

# The tool's wrapper script sets this one.
os.environ.setdefault("TOOL_HOME", "/srv/home/tool")
