import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_page_lists_the_table() -> None:
    script = ROOT / "scripts" / "list_endpoints.py"

    shown = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)

    page = (ROOT / "docs" / "endpoints.md").read_text(encoding="utf-8")
    assert shown.stdout.rstrip() == page.rstrip()
