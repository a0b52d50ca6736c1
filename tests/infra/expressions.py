"""The expressions of `-k` and `-m`, answered with yes, no, or None for "can't tell"; pure.

What a word means is up to the caller.  `_pytest.mark.expression` is private, and knows no third
answer; a test holds the two to the same ones.
"""

import re
from collections.abc import Callable
from typing import Final

Ask = Callable[[str], bool | None]
"""Whether a word holds: a name, or a part of one."""

Expression = Callable[[Ask], bool | None]

TOKEN: Final = re.compile(r"""\s*(?:([()=,])|("[^"]*"|'[^']*')|((?:[\w:+.\[\]\\/-])+))""")


def parse_expression(text: str) -> Expression | None:
    """Read an expression; None where it excludes nothing, or is one that pytest will refuse."""
    tokens = _split(text)
    if not tokens:
        return None
    reader = _Reader(tokens)
    try:
        expression = reader.read_or()
    except IndexError:
        return None
    return expression if reader.is_done else None


def _split(text: str) -> list[str]:
    """Cut a text into words, brackets and strings; nothing where it holds anything else."""
    tokens, position, text = [], 0, text.strip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            return []
        tokens.append(match[0].strip())
        position = match.end()
    return tokens


class _Reader:
    """Reads tokens from left to right; at the end of them, `IndexError`."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._position = 0

    @property
    def is_done(self) -> bool:
        return self._position == len(self._tokens)

    def read_or(self) -> Expression:
        parts = [self._read_and()]
        while self._accept("or"):
            parts.append(self._read_and())
        return parts[0] if len(parts) == 1 else lambda ask: _join(parts, ask, decisive=True)

    def _read_and(self) -> Expression:
        parts = [self._read_not()]
        while self._accept("and"):
            parts.append(self._read_not())
        return parts[0] if len(parts) == 1 else lambda ask: _join(parts, ask, decisive=False)

    def _read_not(self) -> Expression:
        if self._accept("not"):
            denied = self._read_not()
            return lambda ask: _deny(denied(ask))
        if self._accept("("):
            inner = self.read_or()
            self._demand(")")
            return inner
        word = self._take()
        if word in {"and", "or", ")", "=", ","} or word[0] in "\"'":
            raise IndexError
        if self._accept("("):
            while not self._accept(")"):
                self._take()
            # Which arguments a marker had is not known, only whether it was there.
            return lambda ask: None if ask(word) else ask(word)
        return lambda ask: ask(word)

    def _take(self) -> str:
        self._position += 1
        return self._tokens[self._position - 1]

    def _accept(self, token: str) -> bool:
        if self.is_done or self._tokens[self._position] != token:
            return False
        self._position += 1
        return True

    def _demand(self, token: str) -> None:
        if not self._accept(token):
            raise IndexError


def _join(parts: list[Expression], ask: Ask, *, decisive: bool) -> bool | None:
    """Join answers by `or` (yes decides) or by `and` (no decides); None is a maybe."""
    answers = {part(ask) for part in parts}
    if decisive in answers:
        return decisive
    return None if None in answers else not decisive


def _deny(answer: bool | None) -> bool | None:  # noqa: FBT001  an answer, no switch
    return None if answer is None else not answer
