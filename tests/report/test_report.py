"""Both views hold every block once, tell the truth about it, and let nothing of the page act."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from dedupe.report.explain import explain_html, explain_text
from dedupe.result import CleanResult
from dedupe.types import REASONS, ROLES, Block, Reason, Removal

_HEAD = Block(
    1, "Harbour bridge closes for repairs", role="headline", score=0.98, rule="markup", path="body/h1[1]"
)
_FIRST = Block(2, "The bridge closes on Monday, the city said.", score=0.91, rule="model")
_LATE = Block(6, "It was built a century ago.", score=0.9, rule="merge")
_LAST = Block(3, "It reopens in June.", score=0.88, rule="model")
_REMOVALS = (
    Removal(Block(0, "Home", link_chars=4), "navigation", "lexicon", 0.02),
    Removal(Block(4, "Share this"), "share", "lexicon", 0.01),
    Removal(Block(5, "The bridge closes on Monday, the city said."), "repeat", "run", 1.0, (_FIRST,)),
    Removal(Block(7, "Bridge shut! The bridge closes on Monday."), "repeat", "run", 0.7, (_HEAD, _FIRST)),
)
RESULT = CleanResult((_HEAD, _FIRST, _LATE, _LAST), _REMOVALS, title=_HEAD.text, url="https://example.com/a")

_ANSI = re.compile("\x1b\\[[0-9;]*m")
HOSTILE = "<script>alert(1)</script>\x1b[31m\x1b]0;title\x07\u202egnol\x00\"'>{{ 7*7 }}</style><img src=x>"


_any_text = st.text(min_size=1)


@st.composite
def results(draw: st.DrawFn, texts: st.SearchStrategy[str] = _any_text) -> CleanResult:
    kept, removals = [], []
    for number, text in enumerate(draw(st.lists(texts, max_size=12))):
        block = Block(number, text, role=draw(st.sampled_from(ROLES)), score=0.5, rule=draw(texts))
        if draw(st.booleans()):
            kept.append(block)
        else:
            originals = tuple(draw(st.lists(st.sampled_from(kept), max_size=2, unique=True))) if kept else ()
            removals.append(Removal(block, draw(st.sampled_from(REASONS)), draw(texts), 0.1, originals))
    return CleanResult(
        tuple(draw(st.permutations(kept))), tuple(removals), title=draw(texts), url=draw(texts)
    )


def _numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"(?m)^[+-] +([0-9]+) ", text)]


def _columns(line: str) -> int:
    wide = (2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)
    return sum(wide) - sum(unicodedata.category(char) in ("Mn", "Me", "Cf") for char in line)


# --- terminal


def test_text_view_of_a_page() -> None:
    assert explain_text(RESULT).splitlines() == [
        "- 0  navigation  0.02  lexicon  Home",
        "+ 1  headline    0.98  markup   Harbour bridge closes for repairs",
        "+ 2  paragraph   0.91  model    The bridge closes on Monday, the city said.",
        "+ 3  paragraph   0.88  model    It reopens in June.",
        "- 4  share       0.01  lexicon  Share this",
        "- 5  repeat      1.00  run      = #2  The bridge closes on Monday, the city said.",
        "+ 6  paragraph   0.90  merge    after #2  It was built a century ago.",
        "- 7  repeat      0.70  run      = #1, #2  Bridge shut! The bridge closes on Monday.",
        "",
        "kept 4 blocks, 122 characters; removed 4 blocks, 98 characters: repeat 2, share 1, navigation 1",
    ]


def test_colours_only_if_asked() -> None:
    assert "\x1b" not in explain_text(RESULT)
    assert _ANSI.sub("", explain_text(RESULT, color=True)) == explain_text(RESULT)
    assert "\x1b[32m+ 1" in explain_text(RESULT, color=True)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_lines_fit_the_width(width: int) -> None:
    chinese = replace(_FIRST, text="市政府周一宣布，港口大桥将从下周一起封闭维修，预计六月重新开放。" * 5)
    lines = explain_text(replace(RESULT, blocks=(_HEAD, chinese, _LAST)), width=width).splitlines()[:-1]
    assert max(map(_columns, lines)) <= width
    assert _columns(lines[2]) >= width - 1
    assert lines[2].endswith("…")


def test_marks_without_a_width_take_no_columns() -> None:
    text = "e\u0301\u200d\u20dd" * 30
    assert text in explain_text(CleanResult((Block(0, text),), ()), width=60)


def test_a_long_rule_is_cut_only_to_fit_a_width() -> None:
    result = CleanResult((replace(_FIRST, rule="markup:a-very-long-class-name"),), ())
    assert "  markup:a-very-long-class-name  The" in explain_text(result)
    assert "  markup:a-very-long-clas…  The" in explain_text(result, width=80)


def test_a_narrow_terminal_still_shows_some_text() -> None:
    assert "The bridge clos…" in explain_text(RESULT, width=10)


def test_a_page_that_is_no_article_says_so() -> None:
    assert explain_text(replace(RESULT, is_article=False)).endswith("does not look like an article\n")


def test_an_empty_page_has_only_totals() -> None:
    assert (
        explain_text(CleanResult((), ())) == "\nkept 0 blocks, 0 characters; removed 0 blocks, 0 characters\n"
    )


@given(results(), st.none() | st.integers(1, 200), st.booleans())
def test_text_view_has_every_block_once(result: CleanResult, width: int | None, color: bool) -> None:
    text = _ANSI.sub("", explain_text(result, color, width))
    blocks = [*result.blocks, *(removal.block for removal in result.removals)]
    assert _numbers(text) == sorted(block.number for block in blocks)
    assert text.split("\n").index("") == len(blocks)


@given(results(st.text(st.sampled_from("ab\x1b[31m\x07\r\n\x9b\u202e\u2066\x7f中 "), min_size=1)))
def test_text_view_cannot_steer_the_terminal(result: CleanResult) -> None:
    text = explain_text(result).replace("\n", "")
    controls = {char for char in text if unicodedata.category(char) == "Cc"}
    assert controls == set()
    assert not {"\u202e", "\u2066"} & set(text)


# --- web page


def _page(result: CleanResult, source: str | None = None) -> Any:
    return html.document_fromstring(explain_html(result, source).encode())


def _text_of(item: Any) -> str:
    shown = item.find_class("text")[0]
    for summary in shown.findall(".//summary"):
        summary.text = ""
    return "".join(shown.itertext())


@given(results(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)))
def test_web_page_has_every_block_once_with_its_text(result: CleanResult) -> None:
    blocks = [*result.blocks, *(removal.block for removal in result.removals)]
    items = _page(result).find_class("block")
    assert [(item.get("id"), _text_of(item)) for item in items] == [
        (f"b{block.number}", block.text) for block in sorted(blocks, key=lambda block: block.number)
    ]
    kept = {f"b{block.number}" for block in result.blocks}
    assert {item.get("id") for item in items if "kept" in item.classes} == kept


@given(results())
def test_every_link_resolves(result: CleanResult) -> None:
    page = _page(result)
    ids = page.xpath("//@id")
    links = [link for link in page.xpath("//a/@href") if link.startswith("#")]
    assert {link[1:] for link in links} <= set(ids)
    assert len(ids) == len(set(ids))


def test_twins_link_to_each_other() -> None:
    page = _page(RESULT)
    assert page.xpath("//li[@id='b7']//span/a/@href") == ["#b1", "#b2"]
    assert page.xpath("//li[@id='b2']//span/a/@href") == ["#b5", "#b7"]
    assert page.xpath("//li[@id='b6']//span/a/@href") == ["#b2"]


def test_web_page_counts_blocks_and_characters() -> None:
    text = " ".join(_page(RESULT, "page.html").text_content().split())
    assert "page.html Harbour bridge closes for repairs" in text
    assert "55.5%kept: 4 blocks, 122 characters" in text
    assert "44.5%removed: 4 blocks, 98 characters" in text
    assert "repeat 2 blocks, 84 chars share 1 block, 10 chars navigation 1 block, 4 chars" in text


def test_every_reason_can_be_shown_alone() -> None:
    everything = tuple(Removal(Block(n, reason), reason, "r", 0.0) for n, reason in enumerate(REASONS))
    source = explain_html(CleanResult((), everything))
    page = html.document_fromstring(source)
    for reason in REASONS:
        assert page.xpath(f"//input[@id='show-{reason}']")
        assert f"body:has(#show-{reason}:checked) .block:not(.r-{reason})" in source
        assert len(page.xpath(f"//li[@class='block removed r-{reason}']")) == 1


def test_long_texts_fold_without_losing_a_character() -> None:
    long = "One sentence of many words. " * 60 + "\n" + "字" * 900
    page = _page(CleanResult((Block(0, long, role="preformatted"),), ()))
    (item,) = page.find_class("block")
    assert _text_of(item) == long
    (folded,) = item.xpath(".//details")
    assert 300 < len(long) - len("".join(folded.itertext())) < 600


def test_hostile_texts_stay_texts() -> None:
    removal = Removal(Block(1, HOSTILE, path=HOSTILE), "advert", HOSTILE, 0.1, ())
    result = CleanResult(
        (Block(0, HOSTILE, rule=HOSTILE),),
        (removal,),
        title=HOSTILE,
        url=f"javascript:{HOSTILE}",
        date=HOSTILE,
        encoding=HOSTILE,
        language=HOSTILE,
        warnings=(HOSTILE,),
    )
    source = explain_html(result, HOSTILE)
    page = html.document_fromstring(source)
    assert page.xpath("//script | //img") == []
    assert len(page.xpath("//style")) == 1
    assert [link for link in page.xpath("//a/@href") if not link.startswith("#")] == []
    assert "{{ 7*7 }}" in source
    assert not {"\x1b", "\x00", "\x07"} & set(source)


def test_names_of_a_foreign_record_do_not_reach_the_style_sheet() -> None:
    reason: Any = "x:checked) {} body { display: none }"
    hostile: Reason = reason
    page = _page(CleanResult((), (Removal(Block(0, "a"), hostile, "r", 0.0),)))
    assert reason not in page.xpath("string(//style)")
    assert page.find_class("block")[0].get("class") == "block removed r-other"


def test_web_page_loads_nothing() -> None:
    page = _page(RESULT)
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert page.xpath("//link | //script | //iframe | //@src | //@srcset") == []
    assert "url(" not in page.xpath("string(//style)")
    assert "@import" not in page.xpath("string(//style)")
    assert page.xpath("//a[starts-with(@href, 'http')]/@rel") == ["noopener noreferrer"]
