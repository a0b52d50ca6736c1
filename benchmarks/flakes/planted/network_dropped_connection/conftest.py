import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def port():
    script = Path(__file__).with_name("quote_server.py")
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline())
    process.terminate()
    process.wait()
    process.stdout.close()
