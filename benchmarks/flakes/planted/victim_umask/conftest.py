import os

# The service runs with this one.
os.umask(0o022)
