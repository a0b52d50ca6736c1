"""Take the markers of categories out of a copy of a suite, and every other byte not.

`python benchmarks/marking/strip.py tests/suite COPY` copies the directory first; with `--in-place`
it works on the one that is named.
"""

import argparse
import ast
import re
import shutil
from pathlib import Path

NAMES = frozenset({"unit", "integration", "slow"})


def main() -> None:
    """Strip what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("copy", type=Path, nargs="?")
    parser.add_argument("--in-place", action="store_true")
    found = parser.parse_args()
    if (found.copy is None) is not found.in_place:
        parser.error("name a copy, or say --in-place")
    directory = found.directory
    if found.copy is not None:
        ignored = shutil.ignore_patterns("__pycache__")
        directory = Path(shutil.copytree(directory, found.copy, ignore=ignored))
    print(f"markers taken out: {strip_directory(directory)}")


def strip_directory(directory: Path) -> int:
    """Strip all files below a directory; return how many markers went."""
    total = 0
    for path in sorted(directory.rglob("*.py")):
        content = path.read_bytes()
        stripped, count = strip(content)
        if count:
            path.write_bytes(stripped)
        total += count
    return total


def strip(content: bytes) -> tuple[bytes, int]:
    """Take categories out of decorators and `pytestmark`; return the rest and how many went."""
    lines = content.splitlines(keepends=True)
    cuts = sorted(find_cuts(ast.parse(content), lines), reverse=True)
    for line, start, end in cuts:
        lines[line] = lines[line][:start] + lines[line][end:]
    return b"".join(lines), len(cuts)


def find_cuts(tree: ast.Module, lines: list[bytes]) -> list[tuple[int, int, int]]:
    """Find what goes, as line, first and last column; a whole line where nothing else is on it."""
    cuts = []
    for node in ast.walk(tree):
        marks = [mark for mark in getattr(node, "decorator_list", []) if is_category(mark)]
        cuts += [(mark.lineno - 1, 0, len(lines[mark.lineno - 1])) for mark in marks]
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            cuts += cut_assignment(node, lines)
    return cuts


def cut_assignment(node: ast.Assign, lines: list[bytes]) -> list[tuple[int, int, int]]:
    """Cut a whole assignment, or elements of its list with the comma and blanks after them."""
    if is_category(node.value):
        return [(node.lineno - 1, 0, len(lines[node.lineno - 1]))]
    cuts = []
    for mark in getattr(node.value, "elts", []):
        if is_category(mark):
            line = lines[mark.lineno - 1]
            rest = line[mark.end_col_offset :]
            after = re.match(rb",?[ \t]*(?:\r?\n)?", rest)
            length = after.end() if after else 0
            is_alone = not line[: mark.col_offset].strip() and length == len(rest)
            start = 0 if is_alone else mark.col_offset
            cuts.append((mark.lineno - 1, start, mark.end_col_offset + length))
    return cuts


def is_category(node: ast.expr) -> bool:
    """Tell whether it is `pytest.mark.unit` or one of the others."""
    name = ast.unparse(node)
    return ".mark." in name and name.rpartition(".")[2] in NAMES


if __name__ == "__main__":
    main()
