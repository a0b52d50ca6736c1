"""Which files of a project need which, read from their source without importing anything; pure.

Which of them a change reaches is decided in `changed`.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

PACKAGE = "__init__.py"
CONFTEST = "conftest.py"
IMPORTERS = ("import_module", "importorskip", "__import__")


class ImportMap:
    """The files of a project by the names under which they are imported.

    A name counts from the directory that holds the outermost package, and from each one above:
    `src/app/cache.py` is `app.cache`, and `src.app.cache` for whoever starts at the root.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = frozenset(paths)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.paths):
            for name in self._iterate_names(path):
                self._by_name[name].append(path)

    def find(self, name: str) -> set[str]:
        """Find the files that `import a.b.c` runs: the packages on the way too.

        What follows the last module in the name is a class, a function, or nothing of ours.
        """
        parts = name.split(".")
        prefixes = (".".join(parts[: count + 1]) for count in range(len(parts)))
        return {path for prefix in prefixes for path in self._by_name.get(prefix, ())}

    def find_relative(self, path: str, level: int, name: str) -> set[str]:
        """Find the files that `from ..name import …` in a file runs."""
        directory = PurePosixPath(path).parent
        for _ in range(level - 1):
            directory = directory.parent
        found = {str(directory / PACKAGE)}
        for part in filter(None, name.split(".")):
            found |= {str(directory / f"{part}.py"), str(directory / part / PACKAGE)}
            directory /= part
        return found & self.paths

    def find_needed(self, path: str, tree: ast.AST) -> set[str]:
        """Find the files that a file needs: those it imports, and what pytest imports before it.

        A dotted name in a string counts as well: `patch("app.cache.REG")`.
        """
        found = set(self._iterate_surroundings(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found |= self.find(alias.name)
            elif isinstance(node, ast.ImportFrom):
                found |= self._find_from(path, node)
            elif isinstance(node, ast.Constant):
                found |= self._find_text(node.value)
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.Call):
                for name in _iterate_named_modules(node):
                    found |= self.find(name)
        return found - {path}

    def _find_from(self, path: str, node: ast.ImportFrom) -> set[str]:
        found: set[str] = set()
        for alias in node.names:
            name = ".".join(filter(None, (node.module, alias.name)))
            found |= self.find_relative(path, node.level, name) if node.level else self.find(name)
        return found

    def _find_text(self, text: object) -> set[str]:
        if not isinstance(text, str) or "." not in text or " " in text:
            return set()
        return self.find(text) if all(map(str.isidentifier, text.split("."))) else set()

    def _iterate_surroundings(self, path: str) -> Iterator[str]:
        for directory in PurePosixPath(path).parents:
            for name in (PACKAGE, CONFTEST):
                if (other := str(directory / name)) in self.paths:
                    yield other

    def _iterate_names(self, path: str) -> Iterator[str]:
        pure = PurePosixPath(path)
        if pure.suffix != ".py":
            return
        parts = [*pure.parent.parts, *([] if pure.name == PACKAGE else [pure.stem])]
        outermost = len(pure.parent.parts)
        while outermost and "/".join([*parts[:outermost], PACKAGE]) in self.paths:
            outermost -= 1
        for start in range(outermost + 1):
            if parts[start:]:
                yield ".".join(parts[start:])


class Users:
    """Who needs which file: what each file needs, turned round."""

    def __init__(self, needs: Mapping[str, Iterable[str]]) -> None:
        self._direct: dict[str, set[str]] = defaultdict(set)
        for path, needed in needs.items():
            for other in needed:
                self._direct[other].add(path)

    def find(self, path: str) -> set[str]:
        """Find the files that need another one, directly or through others."""
        queue = [path]
        found: set[str] = set()
        while queue:
            more = self._direct.get(queue.pop(), set()) - found
            found |= more
            queue += more
        return found


def _iterate_named_modules(node: ast.Assign | ast.AnnAssign | ast.Call) -> Iterator[str]:
    """Yield what `pytest_plugins` names, and `import_module("…")`."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        holders: Sequence[ast.expr] = node.args[:1] if name in IMPORTERS else ()
    else:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        is_list = any(isinstance(one, ast.Name) and one.id == "pytest_plugins" for one in targets)
        holders = [node.value] if is_list and node.value else ()
    for holder in holders:
        for inner in ast.walk(holder):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                yield inner.value
