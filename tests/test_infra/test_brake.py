from tests.infra.brake import Brake


def test_nobody_waits_for_tests_that_keep_up() -> None:
    brake = Brake(workers=2)
    for worker in ("gw0", "gw1") * 10:
        brake.note(worker)

        assert brake.find_laggard(["gw0", "gw1"]) is None


def test_others_wait_for_a_test_through_which_they_completed_several() -> None:
    brake = Brake(workers=2)
    brake.note("gw0")
    for _ in range(3):
        brake.note("gw1")

    assert brake.find_laggard(["gw0", "gw1"]) == "gw0"
    assert brake.find_laggard(["gw1"]) is None, "an idle worker keeps nobody waiting"


def test_excuse_holds_for_one_test() -> None:
    brake = Brake(workers=2)
    for _ in range(3):
        brake.note("gw1")
    brake.excuse("gw0")
    assert brake.find_laggard(["gw0"]) is None

    brake.note("gw0")
    for _ in range(3):
        brake.note("gw1")

    assert brake.find_laggard(["gw0"]) == "gw0"
