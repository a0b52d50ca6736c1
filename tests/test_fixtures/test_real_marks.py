import re

import pytest

from tests.fixtures.real import marks
from tests.fixtures.real.marks import Guest
from tests.infra.sharing.ledgers import ProcessMark

MARK = ProcessMark("build-7", "20261122t013000", "1a2b3c4d", "gw0")
TEST = "tests/test_x.py::TestPower::test_vm_starts[größer & better]"

# Proxmox VE's own formats `pve-tag` and `dns-name`.
TAG = re.compile(r"[a-z0-9_][a-z0-9_\-+.]*")
DNS_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9\-]*[a-zA-Z0-9])?")
POOL = re.compile(r"[A-Za-z0-9._-]+")


def test_marks_are_what_proxmox_takes() -> None:
    tags = marks.build_tags(MARK, TEST)

    assert all(TAG.fullmatch(tag) for tag in tags)
    assert DNS_NAME.fullmatch(marks.build_name(MARK, TEST))
    assert POOL.fullmatch(marks.build_pool(MARK.owner))


def test_longest_name_is_a_label_of_dns() -> None:
    mark = ProcessMark("h" * 16, MARK.started, MARK.token, "gw12345678901234567890")

    name = marks.build_name(mark, "t.py::test_" + "long_" * 40)

    assert len(name) <= marks.NAME_LENGTH
    assert DNS_NAME.fullmatch(name)


def test_tests_that_begin_alike_have_different_tags() -> None:
    one, other = (f"t.py::test_{'x' * 40}{end}" for end in "ab")

    assert marks.build_slug(one) != marks.build_slug(other)


def test_guest_with_our_tags_is_ours() -> None:
    guest = Guest(100, "qemu", "node1", tags=marks.build_tags(MARK, TEST))

    assert guest.owner == MARK.owner


def test_guest_in_our_pool_is_ours_without_tags() -> None:
    assert Guest(100, "qemu", "node1", pool=marks.build_pool(MARK.owner)).owner == MARK.owner


@pytest.mark.parametrize("tags", [(), ("pti",), ("pti-run-x",), ("web", "production")])
def test_guest_without_both_tags_is_nobodys(tags: tuple[str, ...]) -> None:
    assert Guest(100, "qemu", "node1", tags=tags, pool="production").owner is None


def test_joined_tags_keep_the_tests_own_and_drop_other_marks() -> None:
    joined = marks.join_tags(("pti", "pti-run-a"), "web,PTI-run-b db;pti-worker-gw9")

    assert joined == "pti;pti-run-a;web;db"


def test_lease_is_read_as_it_was_written() -> None:
    assert marks.parse_lease(marks.render_lease(1_790_000_000)) == 1_790_000_000
    assert marks.parse_lease("a pool of somebody's") is None
