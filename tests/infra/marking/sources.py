"""A source file as it is, byte for byte, and its functions and classes by place and name.

What is put into it is decided by `placing`, and done by `editing`.
"""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from ..errors import InfraError
from .origins import FunctionNode, Module, iterate_top, read_module

BOM: Final = b"\xef\xbb\xbf"


class SourceUnusableError(InfraError):
    """A source file can't be read, parsed, changed or written."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(path, problem, remedy)
        self.path = path
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.path} is left as it is: {self.problem}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Definition:
    """A test function in a source file, with the classes around it, the outermost first."""

    node: FunctionNode
    classes: tuple[ast.ClassDef, ...] = ()

    @property
    def qualname(self) -> str:
        """Its name within the module."""
        return ".".join([*(one.name for one in self.classes), self.node.name])

    @property
    def first_line(self) -> int:
        """The line of its first decorator, or its own."""
        return min([self.node.lineno, *(one.lineno for one in self.node.decorator_list)])


@dataclass(frozen=True)
class SourceFile:
    """One file; no slots, because what is derived from it is kept."""

    path: Path
    content: bytes
    encoding: str
    text: str
    """Without the byte order mark; line ends are those of the file."""
    tree: ast.Module

    @cached_property
    def lines(self) -> list[str]:
        """Lines as Python counts them, each with its line end."""
        return split_lines(self.text)

    @cached_property
    def module(self) -> Module:
        """The names at its top level."""
        return read_module(self.tree)

    @cached_property
    def definitions(self) -> list[Definition]:
        """Every function at the top level or in classes there."""
        return list(_walk_definitions(self.tree, ()))

    def find_definition(self, name: str, line: int) -> Definition | None:
        """Find the function of that name which begins at a line, with or without decorators."""
        for found in self.definitions:
            if found.node.name == name and found.first_line <= line <= found.node.lineno:
                return found
        return None

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text in the encoding of the file."""
        start = BOM if self.content.startswith(BOM) else b""
        return start + text.encode(self.encoding)


def read_source(path: Path) -> SourceFile:
    """Read and parse a file.

    :raises SourceUnusableError: that can't be done, or not so that its bytes come out again.
    """
    try:
        content = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        text = content.removeprefix(BOM).decode(encoding)
        with warnings.catch_warnings():
            # Escapes that its own author has to mend.
            warnings.simplefilter("ignore")
            tree = ast.parse(content, str(path))
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        raise SourceUnusableError(path, str(error), "mend it, and run this again") from error
    source = SourceFile(path, content, encoding, text, tree)
    if source.encode(text) != content:
        raise SourceUnusableError(
            path, f"its {encoding} doesn't come out again as it went in", "save it as UTF-8"
        )
    return source


def split_lines(text: str) -> list[str]:
    r"""Split at \n, \r\n and \r only, as Python does: a form feed ends no line."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def _walk_definitions(
    body: ast.Module | ast.ClassDef, classes: tuple[ast.ClassDef, ...]
) -> Iterator[Definition]:
    for node in iterate_top(body):
        if isinstance(node, FunctionNode):
            yield Definition(node, classes)
        elif isinstance(node, ast.ClassDef):
            yield from _walk_definitions(node, (*classes, node))
