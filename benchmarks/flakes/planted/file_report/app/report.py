import subprocess
import sys
from pathlib import Path

COUNT = "import sys; print(len(open(sys.argv[1]).read().splitlines()))"


def write(month, rows, directory="out"):
    target = Path(directory) / "report.txt"
    target.parent.mkdir(exist_ok=True)
    with target.open("w") as file:
        file.write(f"{month}\n")
        file.writelines(f"{row}\n" for row in rows)
    return target


def check(path):
    command = [sys.executable, "-I", "-S", "-c", COUNT, str(path)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
