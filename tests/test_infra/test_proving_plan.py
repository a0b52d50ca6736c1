import pytest

from tests.infra.proving.plan import (
    Pass,
    Wish,
    build_arguments,
    build_plan,
    find_guard_arguments,
    predict,
    render_command,
)


def test_the_passes_that_tell_most_come_first() -> None:
    plan = build_plan(Wish(seed=7, orders=2, workers=(2, 3)))

    assert [item.name for item in plan] == [
        "natural order",
        "twice in one process",
        "reverse order",
        "2 workers",
        "3 workers",
        "random order 7",
        "random order 8",
        "natural order",
    ]


def test_only_the_last_pass_has_another_hash_seed() -> None:
    free = [item.hash_seed for item in build_plan(Wish(seed=7))]
    fixed = {item.hash_seed for item in build_plan(Wish(seed=7, hash_seed="0"))}

    assert (set(free[:-1]), free[-1]) == ({"7"}, "8")
    assert fixed == {"0"}


@pytest.mark.parametrize(
    ("item", "expected_s"),
    [
        (Pass(), 12),
        (Pass("reverse"), 12),
        (Pass("twice"), 22),
        (Pass("twice:random:1"), 22),
        (Pass(workers=2), 9),
        (Pass(workers=4), 11),
    ],
    ids=lambda value: value.name if isinstance(value, Pass) else "",
)
def test_the_first_pass_predicts_the_others(item: Pass, expected_s: float) -> None:
    assert predict(item, wall_s=12, tests_s=10, processors=2) == expected_s


def test_our_arguments_override_the_users() -> None:
    wish = Wish(arguments=("-n", "8", "--", "tests"))

    arguments = build_arguments(Pass("reverse", without=("t.py::a",)), wish, blocked=("randomly",))

    assert arguments == [
        *("-n", "8", "-p", "no:randomly", "-p", "tests.infra.rehearsal", "--order=reverse"),
        *("-n", "0", "--without=t.py::a", "--", "tests"),
    ]


def test_a_command_can_be_pasted() -> None:
    command = render_command(
        Pass("twice", hash_seed="5", only=("t.py::a[x y]",)), Wish(("-k", "a b"))
    )

    assert command == (
        "PYTHONHASHSEED=5 python -m pytest -k 'a b' -p tests.infra.rehearsal --order=twice "
        "-n 0 '--only=t.py::a[x y]'"
    )


def test_a_parallel_command_places_tests_as_the_pass_did() -> None:
    assert render_command(Pass(workers=4), Wish()).endswith("-n 4 -p no:cacheprovider")


def test_the_guard_is_asked_for_where_this_copy_has_one() -> None:
    assert find_guard_arguments(["lanes"]) == ()
    assert find_guard_arguments(["isolation", "isolation_restore"]) == (
        "--isolation=report",
        "--isolation-restore=off",
    )
