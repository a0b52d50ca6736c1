"""Writes docs/endpoints.md: what of the Proxmox VE API the double simulates, and what it refuses.

uv run python scripts/list_endpoints.py --write
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.fixtures.proxmox.endpoints import TABLE, Endpoint  # noqa: E402 - after the path

PAGE: Final = ROOT / "docs" / "endpoints.md"
_METHODS: Final = ("GET", "POST", "PUT", "DELETE")
_HEAD: Final = """\
# Requests that the double knows

Written by `uv run python scripts/list_endpoints.py --write`; a test keeps this page true.

{modelled} requests on {paths} paths of Proxmox VE 9 are simulated. {refused} more are known and \
refused by name, with status 501 and a violation that fails the test. Everything else doesn't \
exist in Proxmox VE, or hasn't been looked at yet, and is refused as Proxmox refuses it.
"""


def render_page(endpoints: Iterable[Endpoint]) -> str:
    """Render the page for a table of endpoints."""
    known = sorted(endpoints, key=_place)
    modelled = [one for one in known if one.is_modelled]
    refused = [one for one in known if not one.is_modelled]
    paths = len({one.template for one in modelled})
    head = _HEAD.format(modelled=len(modelled), paths=paths, refused=len(refused))
    return "\n".join([
        head,
        "## Simulated",
        "",
        "A parameter that isn't simulated is refused by name, too.",
        "",
        "| path | methods | parameters that are refused |",
        "|---|---|---|",
        *(_render_row(template, group) for template, group in _by_path(modelled)),
        "",
        "## Known and refused",
        "",
        "| path | methods |",
        "|---|---|",
        *(f"| `{template}` | {_methods(group)} |" for template, group in _by_path(refused)),
        "",
    ])  # fmt: skip


def _place(endpoint: Endpoint) -> tuple[str, int]:
    return endpoint.template, _METHODS.index(endpoint.method)


def _by_path(endpoints: list[Endpoint]) -> Iterator[tuple[str, list[Endpoint]]]:
    for template, group in groupby(endpoints, key=lambda one: one.template):
        yield template, list(group)


def _methods(group: list[Endpoint]) -> str:
    return " ".join(one.method for one in group)


def _render_row(template: str, group: list[Endpoint]) -> str:
    names = sorted({name for one in group for name in _refused_names(one)})
    return f"| `{template}` | {_methods(group)} | {', '.join(f'`{name}`' for name in names)} |"


def _refused_names(endpoint: Endpoint) -> Iterator[str]:
    table = endpoint.parameters
    yield from (name for name, one in table.named.items() if not one.is_modelled)
    yield from (
        f"{stem}[n]" for stem, one in table.families.items() if not one.parameter.is_modelled
    )


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    page = render_page(TABLE.endpoints)
    if parser.parse_args().write:
        PAGE.write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
