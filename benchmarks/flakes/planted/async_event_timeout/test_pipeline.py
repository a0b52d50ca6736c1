import pytest
from app.pipeline import Pipeline


@pytest.fixture
def pipeline():
    made = Pipeline(rounds=100)
    yield made
    if made.thread:
        made.thread.join()


def test_all_items_are_done():
    pipeline = Pipeline(rounds=20_000)
    pipeline.start(["a", "b", "c"])
    is_finished = pipeline.finished.wait(0.09)
    assert is_finished
    assert [item for item, _ in pipeline.done] == ["a", "b", "c"]


def test_no_items(pipeline):
    pipeline.start([])
    assert pipeline.finished.wait(20)


def test_items_keep_their_order(pipeline):
    pipeline.start("xyz")
    pipeline.thread.join()
    assert [item for item, _ in pipeline.done] == ["x", "y", "z"]


def test_seals_are_short(pipeline):
    pipeline.start("x")
    pipeline.thread.join()
    assert len(pipeline.done[0][1]) == 6


def test_not_finished_before_the_start(pipeline):
    assert not pipeline.finished.is_set()
