"""Small sources for the static check, written as the tests of its rules need them."""

import textwrap

from tests.infra.smells.analysis import Source, analyse
from tests.infra.smells.findings import Finding


def find(text: str = "", **files: str) -> list[Finding]:
    """Check files by name; a lone text is a test file, `a__b` the file `a/b.py`."""
    sources = files or {"test_case": text}
    return list(
        analyse(
            Source(textwrap.dedent(content), path, path)
            for name, content in sources.items()
            for path in [f"{name.replace('__', '/')}.py"]
        ).findings
    )


def find_rules(text: str = "", **files: str) -> list[str]:
    """Check likewise, and return the rules alone."""
    return [finding.rule_id for finding in find(text, **files)]
