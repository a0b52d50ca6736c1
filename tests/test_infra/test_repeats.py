import pytest

from tests.infra.errors import RecordError
from tests.infra.repeats import Repeats, Repetition, drop_step, find_repeats
from tests.test_infra.conftest import InnerSuite

REPEATS = Repeats({1: Repetition("t.py::a", 0), 4: Repetition("t.py::a", 1)}, {"YamlItem": 3})


def test_repeats_come_back_from_json() -> None:
    assert Repeats.from_json(REPEATS.to_json()) == REPEATS


@pytest.mark.parametrize("text", ["", "{}", '{"version": 1}', '{"version": 1, "tests": [[1]]}'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="list of repetitions"):
        Repeats.from_json(text)


def test_list_names_each_test_once() -> None:
    places = {index: Repetition("t.py::test_of_a_long_name", index) for index in range(10_000)}

    assert len(Repeats(places).to_json()) < 150_000


@pytest.mark.parametrize(
    ("parameters", "step", "rest"),
    [
        ("3-10", 2, None),
        ("1-2-3", 1, "1"),
        ("2-2-2-3", 1, "2-2"),
        ("-1-3", 0, ""),
        ("1-3-late", 0, "late"),
        ("other", 0, "other"),
    ],
)
def test_step_is_dropped_from_the_parameters(parameters: str, step: int, rest: str | None) -> None:
    assert drop_step(parameters, step) == rest


def test_tests_of_an_inner_suite_are_found_by_their_own_names(inner: InnerSuite) -> None:
    inner.write(
        test_a="""
        import pytest
        @pytest.mark.parametrize("x", ["1", "1-2"])
        def test_p(x): pass
        @pytest.mark.repeat(1)
        def test_once(): pass
        class TestA:
            def test_m(self): pass
        """
    )
    items, _ = inner.pytester.inline_genitems("--count=2", "-p", "no:hypothesispytest")

    places = find_repeats(items, {}).places

    assert {items[index].nodeid: found.test for index, found in places.items()} == {
        "test_a.py::test_p[1-1-2]": "test_a.py::test_p[1]",
        "test_a.py::test_p[1-2-2]": "test_a.py::test_p[1]",
        "test_a.py::test_p[1-2-1-2]": "test_a.py::test_p[1-2]",
        "test_a.py::test_p[1-2-2-2]": "test_a.py::test_p[1-2]",
        "test_a.py::TestA::test_m[1-2]": "test_a.py::TestA::test_m",
        "test_a.py::TestA::test_m[2-2]": "test_a.py::TestA::test_m",
    }
