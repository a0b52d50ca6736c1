import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "double.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.proof
def test_examples_of_the_guide_pass(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    examples = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    for number, example in enumerate(examples):
        pytester.makepyfile(**{f"test_example_{number}": example})

    result = pytester.runpytest_subprocess(
        "-p", "tests.fixtures.plugin", "-p", "no:cacheprovider", "-W", "error",
        "-o", "asyncio_default_fixture_loop_scope=function",
    )  # fmt: skip

    result.assert_outcomes(passed=len(examples))
