import pytest

from tests.infra.hunting.finding import Finding, Recipe
from tests.infra.hunting.trials import Sighting
from tests.infra.hunting.verdicts import Kind
from tests.infra.hunting.wording import summarise

NODEIDS = ["t.py::test_a", "t.py::test_b", "t.py::test_c"]


def find(
    kind: Kind,
    *,
    culprits: tuple[int, ...] = (),
    neighbours: tuple[int, ...] = (),
    files: tuple[str, ...] = (),
    is_shared: bool = False,
) -> Finding:
    return Finding(
        kind=kind,
        test=2,
        evidence=(),
        recipe=Recipe((2,)),
        cure=None,
        sighting=Sighting(2, "failed"),
        culprits=culprits,
        neighbours=neighbours,
        files=files,
        is_shared=is_shared,
    )


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (find(Kind.VICTIM, culprits=(0, 1)), "fails after t.py::test_a, then t.py::test_b"),
        (find(Kind.BRITTLE, culprits=(0,)), "fails unless t.py::test_a ran before it"),
        (find(Kind.IMPORT, files=("a.py", "b.py")), "fails where a.py, b.py are imported, too"),
        (
            find(Kind.FILE, neighbours=(1,), is_shared=True),
            "fails beside t.py::test_b in another process: both use the same file or directory",
        ),
        (
            find(Kind.PORT, neighbours=(2,), is_shared=True),
            "fails beside itself in another process: both use the same port",
        ),
        (
            find(Kind.CONCURRENCY, neighbours=(1,), is_shared=True),
            "fails beside t.py::test_b in another process",
        ),
        (find(Kind.RANDOM), "fails with some random numbers and passes with others"),
    ],
    ids=["victim", "brittle", "import", "shared", "itself", "race", "random"],
)
def test_finding_is_summed_up_in_a_sentence(finding: Finding, sentence: str) -> None:
    assert summarise(finding, NODEIDS) == sentence


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_every_kind_has_a_sentence_without_an_end(kind: Kind) -> None:
    sentence = summarise(find(kind, culprits=(0,), files=("a.py",)), NODEIDS)

    assert sentence[0].islower()
    assert not sentence.endswith(".")
