"""A hunt as a page."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.infra.hunting.page import render_page
from tests.infra.hunting.verdicts import HuntRecord, Kind
from tests.test_infra.hunts import make_bars, make_full_hunt, make_hunt, make_verdict

VOID = {"meta"}


class Reader(HTMLParser):
    """Reads a page, and checks that each element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert not self.opened

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"rect", "line", "path"}
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.opened[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def full_page() -> str:
    """The page of a hunt with verdicts of all kinds."""
    return render_page(make_full_hunt())


def test_page_needs_nothing_from_elsewhere(full_page: str) -> None:
    attributes = Reader(full_page).attributes

    links = [value for name, value in attributes if name in ("href", "src", "xlink:href")]
    assert len(links) == len(Kind)
    assert all(link is not None and re.fullmatch(r"#v\d+", link) for link in links)
    assert not re.findall(r"https?:|@import|<script|<link|<img|url\((?!#)", full_page)
    assert not [name for name, _ in attributes if name.startswith("on")]


def test_ids_are_unique_and_links_and_patterns_lead_to_them(full_page: str) -> None:
    attributes = Reader(full_page).attributes

    ids = [value for name, value in attributes if name == "id"]
    targets = {value for name, value in attributes if name == "href"}
    assert len(ids) == len(set(ids))
    assert {f"#{one}" for one in ids} >= targets | set(re.findall(r"url\((#\w+)\)", full_page))


def test_every_verdict_is_in_the_table_and_has_a_section(full_page: str) -> None:
    text = Reader(full_page).text

    for kind in Kind:
        assert text.count(f"tests/api/test_{kind.name.lower()}.py::test_one") >= 2
    assert full_page.count('<svg class="schedule"') == len(Kind)
    assert text.count("3 tests that fail together") == 1


def test_verdict_is_told_with_evidence_owner_and_command() -> None:
    verdict = make_verdict(bars=make_bars(60))

    text = Reader(render_page(make_hunt(verdict), owners={verdict.nodeid: "ann, to May"})).text

    for part in (
        "Fails after test_fills_cache, which leaves app.cache.REG['k'].",
        "It failed 3 of 10 runs; at 95% that is 11% to 60%.",
        "Known: ann, to May.",
        "Polluter tests/api/test_cache.py::test_fills_cache",
        "Taken back by tests/api/test_cache.py::test_clears_cache",
        "test_fills_cache before it failed 5 of 5 failed 0 of 5 it ran in 5 of 5 runs",
        "hash seed 1 instead of 0 failed 0 of 4 failed 0 of 5 not told",
        "In fresh processes the command failed 5 of 5 times, and failed 0 of 5 without",
        verdict.command,
        "P polluter : tests/api/test_4.py::TestThing::test_case_48 passed on gw0, 3.60 s",
        "other tests: 46; 12 further away are not drawn",
        "Left out: load of the disk: the budget was spent.",
    ):
        assert part.replace(" :", ":") in text.replace(" :", ":")


NASTY = "<script>alert(\"&\x00\x1b[31m\ud800')</script>"


def test_whatever_a_record_holds_is_only_text() -> None:
    verdict = make_verdict(nodeid=NASTY, bars=make_bars(20))
    verdict = replace(
        verdict,
        summary=NASTY,
        fingerprint=NASTY,
        text=NASTY,
        command=NASTY,
        culprits=(NASTY,),
        cleaners=(NASTY,),
        state=(NASTY,),
        evidence=tuple(replace(one, change=NASTY, applied=NASTY) for one in verdict.evidence),
        bars=tuple(replace(bar, row=NASTY, nodeid=NASTY, outcome=NASTY) for bar in verdict.bars),
    )
    hunt = replace(make_hunt(verdict), hunt_id=NASTY, command=NASTY, notes=(NASTY,))

    page = render_page(replace(hunt, axes={NASTY: 1}), owners={NASTY: NASTY})

    assert "<script" not in page
    page.encode()
    shown = NASTY.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\ud800", "\ufffd")
    assert Reader(page).text.count(shown) > 20


def test_long_list_begins_folded() -> None:
    many = tuple(f"t.py::test_{index}" for index in range(30))

    page = render_page(make_hunt(replace(make_verdict(), culprits=many)))

    assert "<details><summary>Polluters, all needed: 30</summary>" in page


def test_hunt_that_found_nothing_has_a_page() -> None:
    text = Reader(render_page(make_hunt())).text

    assert "0 of 309 tests flaky" in text
    assert "up to 22.1%" in text
    assert "Command failed" not in text


def test_record_that_was_written_and_read_gives_the_same_page(full_page: str) -> None:
    assert render_page(HuntRecord.from_json(make_full_hunt().to_json())) == full_page
