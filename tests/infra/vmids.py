"""Hands out the VMIDs of one process, takes them back, and knows who holds what.

The lowest free id is handed out first, so that a test run alone gets the very ids it got in the
whole run, given the same block.  Where the block comes from is left to `identity`.
"""

import heapq
import os
import threading
import weakref
from collections import Counter
from dataclasses import dataclass, field

from .errors import VmidsExhaustedError
from .identity import BlockSource
from .records import Block


@dataclass(slots=True)
class _Shelf:
    """The ids of one process: handed out, given back, and the first one never handed out."""

    block: Block
    next_fresh: int
    returned: list[int] = field(default_factory=list)
    holders: dict[int, str] = field(default_factory=dict)


class VmidAllocator:
    """Hands out each VMID to one holder at a time; safe under threads and after a fork."""

    def __init__(self, source: BlockSource) -> None:
        self._source = source
        self._shelves: dict[int, _Shelf] = {}
        self._lock = threading.Lock()
        _renew_after_fork(self)

    @property
    def block(self) -> Block:
        """The block of this process."""
        return self._source.get_block()

    def acquire(self, holder: str) -> int:
        """Return the lowest free VMID of this process's block, now held by `holder`.

        :raises VmidsExhaustedError: none is left; it says who holds how many.
        """
        with self._lock:
            shelf = self._get_shelf()
            if shelf.returned:
                vmid = heapq.heappop(shelf.returned)
            elif shelf.next_fresh <= shelf.block.last:
                vmid = shelf.next_fresh
                shelf.next_fresh += 1
            else:
                raise VmidsExhaustedError(shelf.block, Counter(shelf.holders.values()))
            shelf.holders[vmid] = holder
            return vmid

    def release(self, vmid: int) -> None:
        """Take a VMID back; one that nobody holds, or that a parent process holds, is let be.

        It goes where it came from, also when a test has patched `os.getpid` in between.
        """
        with self._lock:
            for shelf in self._shelves.values():
                if shelf.holders.pop(vmid, None) is not None:
                    heapq.heappush(shelf.returned, vmid)

    def get_holders(self) -> dict[int, str]:
        """Return who holds which VMID of this process."""
        with self._lock:
            return dict(self._get_shelf().holders)

    def renew(self) -> None:
        """Start afresh; a forked child calls it, where another thread may have held the lock."""
        self._lock = threading.Lock()
        self._shelves = {}

    def _get_shelf(self) -> _Shelf:
        block = self._source.get_block()
        return self._shelves.setdefault(block.first, _Shelf(block, block.first))


class VmidFactory:
    """Gives one test its VMIDs, and all of them back when the test ends."""

    def __init__(self, allocator: VmidAllocator, holder: str) -> None:
        self._allocator = allocator
        self._holder = holder
        self._given: list[int] = []

    def __call__(self) -> int:
        """Return a VMID that no other living process, thread or test holds."""
        vmid = self._allocator.acquire(self._holder)
        self._given.append(vmid)
        return vmid

    def release(self, vmid: int | str) -> None:
        """Give one VMID back before the test ends."""
        self._allocator.release(int(vmid))
        self._given.remove(int(vmid))

    def close(self) -> None:
        """Give all VMIDs back."""
        while self._given:
            self._allocator.release(self._given.pop())


def _renew_after_fork(allocator: VmidAllocator) -> None:
    """Renew the allocator in every forked child for as long as somebody uses it."""
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(allocator)

    def renew_in_child() -> None:
        if (living := reference()) is not None:
            living.renew()

    os.register_at_fork(after_in_child=renew_in_child)
