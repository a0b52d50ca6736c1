"""From records to lines of text; printing them is left to `plugin`."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from .records import Block

SHOWN_TESTS = 3


def render_header(run_id: str, where: str, block: Block | None) -> list[str]:
    """Render what the header of a run says; without a block the workers' follow later."""
    line = f"infra: run {run_id[:8]}, {where}"
    if block is None:
        return [line]
    return [line, f"VMIDs: {block.render()}; again with --vmid-pid={block.pid}"]


def render_blocks(blocks: Mapping[str, Block]) -> list[str]:
    """Render one line for each worker's block, and how to get them all again."""
    named = sorted(blocks.items(), key=lambda pair: (len(pair[0]), pair[0]))
    lines = [f"VMIDs of {worker_id}: {block.render()}" for worker_id, block in named]
    pids = ",".join(f"{worker_id}={block.pid}" for worker_id, block in named)
    return [*lines, f"again with --vmid-pid={pids}"]


def find_overlap(blocks: Mapping[str, Block]) -> tuple[str, str] | None:
    """Return two workers whose blocks share VMIDs, or None."""
    named = sorted(blocks.items(), key=lambda pair: pair[1].first)
    for (one, block), (other, next_block) in pairwise(named):
        if block.overlaps(next_block):
            return one, other
    return None


def render_repeats(failed: Mapping[str, Sequence[str]], blocks: Mapping[str, Block]) -> list[str]:
    """Render one command for each worker that had failures, with the very VMIDs it had."""
    return [
        f"pytest -n 0 --vmid-pid={blocks[worker_id].pid} {_quote(nodeids)}"
        for worker_id, nodeids in sorted(failed.items())
        if worker_id in blocks
    ]


def _quote(nodeids: Iterable[str]) -> str:
    """Quote node ids for a shell; parameters hold brackets, spaces and quotes."""
    unique = list(dict.fromkeys(nodeids))
    shown = shlex.join(unique[:SHOWN_TESTS])
    more = len(unique) - SHOWN_TESTS
    return f"{shown}  # and {more} more" if more > 0 else shown
