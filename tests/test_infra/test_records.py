import pytest

from tests.infra.errors import RecordError
from tests.infra.records import Block, Holder, Manifest, Routing

SLOW = Routing(lanes=("slow",))
MANIFEST = Manifest(
    "gw1",
    Block(100, 199, 7),
    {3: Routing(groups=("db",)), 5: SLOW, 6: Routing(is_exclusive=True), 7: SLOW},
    {"slow": 1},
    ("t.py::a is both",),
)
HOLDER = Holder("gw1", 4711, "ci-3", "test_a.py::test_x", "2026-01-02T03:04:05+00:00")


def test_manifest_comes_back_from_json() -> None:
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST


def test_manifest_is_small_where_many_tests_share_a_routing() -> None:
    manifest = Manifest("gw1", Block(100, 199, 7), dict.fromkeys(range(10_000), SLOW))

    assert len(manifest.to_json()) < 100_000


def test_holder_comes_back_from_json() -> None:
    assert Holder.from_json(HOLDER.to_json()) == HOLDER


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 99}', "not json"], ids=lambda text: text or "empty"
)
def test_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="not a manifest"):
        Manifest.from_json(text)


@pytest.mark.parametrize(
    ("vmid", "is_inside"), [(99, False), (100, True), (199, True), (200, False), ("150", False)]
)
def test_block_contains_first_to_last(vmid: object, is_inside: bool) -> None:
    assert (vmid in Block(100, 199, 7)) is is_inside


def test_block_counts_both_ends() -> None:
    assert len(Block(100, 199, 7)) == 100


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [(Block(200, 299, 8), False), (Block(199, 299, 8), True), (Block(0, 1000, 8), True)],
)
def test_block_knows_an_overlap(other: Block, overlaps: bool) -> None:
    block = Block(100, 199, 7)

    assert block.overlaps(other) is overlaps
    assert other.overlaps(block) is overlaps
