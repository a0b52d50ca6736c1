import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def server():
    script = Path(__file__).with_name("weather_server.py")
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.terminate()
    process.wait()
    process.stdout.close()
