"""From times and sources to categories, with no suite at all."""

import ast
from textwrap import dedent

import pytest

from tests.infra.marking.categories import Borders, Category, Decision, Doing, Timing
from tests.infra.marking.deciding import decide
from tests.infra.marking.doing import Stage, read_doing
from tests.infra.marking.origins import FunctionNode, read_module
from tests.infra.marking.timing import choose_slowest, find_near, join

BORDERS = Borders()


def judge(timing: Timing | None, doing: Doing) -> Decision:
    return decide(timing, doing, BORDERS)


def read(text: str, *fixtures: str) -> Doing:
    """Read what the last function of a module does."""
    tree = ast.parse(dedent(text))
    node = [node for node in tree.body if isinstance(node, FunctionNode)][-1]
    return read_doing(node, Stage([read_module(tree)]), fixtures)


@pytest.mark.parametrize(
    ("timing", "doing", "expected"),
    [
        (Timing((0.003,)), Doing(calls=1), Category.UNIT),
        (Timing((0.3,) * 3), Doing(calls=1), Category.INTEGRATION),
        (Timing((9.0,)), Doing(calls=1), Category.SLOW),
        (Timing((0.003,)), Doing(steps=("create", "start", "delete")), Category.INTEGRATION),
        (Timing((0.003,)), Doing(wire=("subprocess.run",)), Category.INTEGRATION),
        (Timing((0.003,), waited_s=0.0, connections=2), Doing(), Category.INTEGRATION),
        (Timing((0.6,), waited_s=0.5), Doing(), Category.SLOW),
        (Timing((0.6,)), Doing(waits_s=0.5, waits=("time.sleep(0.5)",)), Category.SLOW),
        (Timing((0.003,)), Doing(waits_s=0.5, waits=("time.sleep(0.5)",)), Category.UNIT),
        (None, Doing(waits_s=0.5, waits=("time.sleep(0.5)",)), Category.SLOW),
        (None, Doing(calls=2), Category.UNIT),
        (None, Doing(calls=1, concurrency=("asyncio.gather",)), Category.INTEGRATION),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_category_follows_from_time_and_doing(
    timing: Timing | None, doing: Doing, expected: Category
) -> None:
    assert judge(timing, doing).category is expected


def test_decision_is_explained_in_one_line() -> None:
    decision = decide(Timing((0.002, 0.003, 0.009)), Doing(calls=1), BORDERS, "n=3")

    assert "; ".join(decision.reasons) == (
        "3 ms (median of 3, slowest parameter set n=3); 1 call on the system under test"
    )
    assert not decision.is_unsure


@pytest.mark.parametrize("median_s", [0.08, 0.12, 4.0, 6.0])
def test_what_is_near_a_border_is_unsure(median_s: float) -> None:
    decision = judge(Timing((median_s,) * 3, waited_s=0.0), Doing(calls=5))

    assert "is near the border of" in decision.doubts[0]


def test_quick_test_of_two_steps_is_unsure_and_of_four_is_not() -> None:
    quick = Timing((0.003,))

    assert judge(quick, Doing(steps=("create", "start"))).is_unsure
    assert not judge(quick, Doing(steps=("create", "start", "stop", "delete"))).is_unsure


def test_slowest_parameter_set_decides_and_is_named() -> None:
    timings = {"t.py::test[a]": Timing((0.01,)), "t.py::test[b]": Timing((0.4,))}

    assert choose_slowest(timings, timings) == (Timing((0.4,)), "b")
    assert choose_slowest(["t.py::test[a]"], timings) == (Timing((0.01,)), "")
    assert choose_slowest(["t.py::other"], timings) == (None, "")


def test_tests_near_a_border_are_measured_again_and_joined() -> None:
    timings = {"a": Timing((0.01,), 0.0), "b": Timing((0.15,), 0.14), "c": Timing((7.0,), 0.0)}
    timings["d"] = Timing((2.0,), 0.0)

    again = join(timings, {"b": Timing((0.05,), 0.0)})

    assert find_near(timings, BORDERS) == ["b", "c"]
    assert again["b"] == Timing((0.15, 0.05), 0.0)


def test_calls_on_the_system_under_test_are_told_from_others() -> None:
    doing = read(
        """
        import json, pytest
        from shop import Cart
        from tests.goods import make_goods

        def fill(cart, goods):
            cart.put(goods)

        def test_it(till, tmp_path):
            cart = Cart(make_goods())
            fill(cart, json.loads("{}"))
            with pytest.raises(ValueError):
                till.checkout(cart).receipt()
            assert (tmp_path / "x").exists()
            assert sorted(cart.total()) == []
        """
    )

    assert doing.operations == ("Cart", "put", "receipt", "total")
    assert (doing.calls, doing.steps) == (4, ())


def test_steps_count_unless_they_are_refused() -> None:
    doing = read(
        """
        import pytest

        def test_it(tools):
            tools.create_vm(1)
            tools.startVm(1)
            with pytest.raises(ValueError):
                tools.delete_vm(1)
        """
    )

    assert doing.steps == ("create", "start")


@pytest.mark.parametrize(
    ("body", "turns"),
    [
        ("x.start_vm(); x.get_vms(); x.get_log()", ()),
        ("x.get_nodes(); x.get_vms(); x.start_vm()", ("get_nodes", "get_vms", "start_vm")),
        ("x.start_vm(); x.start_vm(); x.start_vm()", ()),
        ("x.get('a'); x.get('b'); x.start_vm()", ()),
    ],
)
def test_acting_on_what_was_seen_is_a_workflow(body: str, turns: tuple[str, ...]) -> None:
    assert read(f"def test_it(x):\n    {body}\n").turns == turns


@pytest.mark.parametrize(
    ("body", "expected_s"),
    [
        ("time.sleep(0.5)", 0.5),
        ("pause(2)", 2.0),
        ("time.sleep(0)", 0.0),
        ("assert time.monotonic() - began >= 0.5", 0.5),
        ("assert 0.6 <= time.monotonic() - began < 5", 0.6),
        ("assert time.monotonic() - began < 5", 0.0),
        ("took = time.time() - began\n    assert took > 3", 3.0),
        ("monkeypatch.setattr('time.sleep', print); time.sleep(9)", 0.0),
        ("time.sleep = print; time.sleep(9)", 0.0),
    ],
)
def test_waiting_in_real_time_is_read(body: str, expected_s: float) -> None:
    text = f"import time\nfrom time import sleep as pause\ndef test_it(x):\n    {body}\n"

    assert read(text).waits_s == expected_s


def test_fixtures_and_methods_are_followed() -> None:
    doing = read(
        """
        import subprocess, time, pytest

        @pytest.fixture(name="server")
        def start_server():
            time.sleep(1)
            yield subprocess.Popen(["true"])

        @pytest.fixture(scope="module")
        def shared():
            time.sleep(30)

        def test_it(server, shared):
            pass
        """,
        "server",
        "shared",
    )

    assert doing.wire == ("subprocess.Popen",)
    assert doing.waits_s == 1.0
