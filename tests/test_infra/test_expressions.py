"""Our evaluator of `-k` and `-m`, held to pytest's own."""

from collections.abc import Set as AbstractSet

import pytest
from _pytest.mark.expression import Expression
from hypothesis import given
from hypothesis import strategies as st

from tests.infra.expressions import parse_expression

WORDS = ("slow", "unit", "a-b", "x[1]", "p::q", "or_", "True")

expressions = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
        inner.map("not {}".format),
        inner.map("( {} )".format),
    ),
    max_leaves=12,
)

fragments = st.lists(
    st.sampled_from([*WORDS, "and", "or", "not", "(", ")", "=", ",", "'s'", "1", "k", "?"])
).map(" ".join)


def ask_pytest(text: str, names: AbstractSet[str]) -> bool:
    return Expression.compile(text).evaluate(lambda name, /, **_: name in names)


@given(expressions, st.frozensets(st.sampled_from(WORDS)))
def test_answer_is_that_of_pytest(text: str, names: frozenset[str]) -> None:
    expression = parse_expression(text)

    assert expression is not None
    assert expression(names.__contains__) is ask_pytest(text, names)


@given(fragments, st.frozensets(st.sampled_from(WORDS)))
def test_what_pytest_accepts_is_never_answered_wrong(text: str, names: frozenset[str]) -> None:
    expression = parse_expression(text)
    try:
        expected = ask_pytest(text, names)
    except SyntaxError:
        return

    answer = True if expression is None else expression(names.__contains__)

    assert answer is None or answer is expected or not text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("unsure", None),
        ("not unsure", None),
        ("unsure and yes", None),
        ("unsure and no", False),
        ("unsure or yes", True),
        ("unsure or no", None),
        ("yes(key=1)", None),
        ("not yes(key='a, b', other=True)", None),
        ("no(key=1)", False),
    ],
)
def test_unsure_words_make_unsure_answers(text: str, answer: bool | None) -> None:
    expression = parse_expression(text)

    assert expression is not None
    assert expression({"yes": True, "no": False, "unsure": None}.__getitem__) is answer


@pytest.mark.parametrize("text", ["", " ", "a b", "(a", "a or", "not", "?", "and a", "a)", "()"])
def test_what_pytest_refuses_excludes_nothing(text: str) -> None:
    assert parse_expression(text) is None
