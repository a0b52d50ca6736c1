import sys
from pathlib import Path

import pytest

from tests import fixtures

WITHOUT_FAKEPVE = """
    import sys

    sys.modules["fakepve"] = None
"""


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(fixtures.__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", str(root))


@pytest.mark.proof
def test_without_fakepve_a_test_is_skipped_with_a_way_out(pytester: pytest.Pytester) -> None:
    result = run_inner(pytester, "-rs", conftest=WITHOUT_FAKEPVE, test_inner="""
        def test_fixture(pve_server): pass
        def test_serve(mock_builder): mock_builder.serve()
    """)  # fmt: skip

    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*isn't installed; run `uv run --group wire pytest*"])


@pytest.mark.proof
def test_without_fakepve_a_builder_says_so(pytester: pytest.Pytester) -> None:
    result = run_inner(pytester, conftest=WITHOUT_FAKEPVE, test_inner="""
        import threading
        import pytest
        from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder

        def test_serve():
            with pytest.raises(Exception, match="isn't installed; run `uv run --group wire"):
                ProxmoxAPIMockBuilder().serve()
            assert threading.active_count() == 1
    """)  # fmt: skip

    result.assert_outcomes(passed=1)


@pytest.mark.proof
def test_plugin_does_not_import_the_server(pytester: pytest.Pytester) -> None:
    script = pytester.makepyfile("""
        import sys, tests.fixtures.plugin, tests.fixtures.mock_helpers

        sys.exit(" ".join({"fakepve", "aiohttp", "cryptography"} & set(sys.modules)) or 0)
    """)

    result = pytester.run(sys.executable, script)

    assert result.ret == 0, result.stderr.str()


def run_inner(pytester: pytest.Pytester, *args: str, **files: str) -> pytest.RunResult:
    pytester.makepyfile(**files)
    quick = ("-p", "no:fakepve", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    options = ("-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")
    plugin = ("-p", "tests.fixtures.plugin")
    return pytester.runpytest_subprocess(*plugin, *quick, *options, *args, timeout=60)
