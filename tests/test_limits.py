"""Pages of more blocks than they may have: what is beyond is one block more, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from conftest import ARTICLES, squash
from hypothesis import given
from hypothesis import strategies as st

import dedupe
from dedupe.chrome.context import PageContext
from dedupe.limits import REST, TITLE_CHARS
from dedupe.page import Page
from dedupe.repeats.search import find
from dedupe.segment.html import _Walk, segment_html
from dedupe.segment.text import segment_text

WRITERS: dict[str, Callable[[list[str]], str]] = {
    "text": "\n\n".join,
    "lines": "\n".join,
    "paragraphs": lambda texts: "<html><body>" + "".join(f"<p>{text}</p>" for text in texts),
    "br": lambda texts: "<html><body><div>" + "<br>".join(texts),
    "unclosed": lambda texts: "<html><body>" + "".join(f"<div>{text}" for text in texts),
    "items": lambda texts: "<html><ul>" + "".join(f"<li>{text}" for text in texts),
    "pre": lambda texts: "<html><pre>" + "\n".join(f"{text} {'runs on ' * 5}" for text in texts),
    "textarea": lambda texts: "<html><textarea>" + "".join(f"&lt;p&gt;{text} {'on ' * 70}" for text in texts),
    "nested tables": lambda texts: "<html>" + "".join(f"<table><tr><td>{text}" for text in texts),
}
WORDS = [f"line{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(60)]


def segment(source: str, most: int) -> Page:
    return (segment_html if source.startswith("<html>") else segment_text)(source, most)


def said(result: dedupe.CleanResult) -> str:
    removed = [removal.block for removal in result.removals]
    return squash(block.text for block in sorted([*result.blocks, *removed], key=lambda block: block.number))


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("most", [1, 2, 7, 59])
def test_what_is_beyond_the_last_block_is_one_more(writer: str, most: int) -> None:
    page = segment(WRITERS[writer](WORDS), most)
    whole = segment(WRITERS[writer](WORDS), 1_000)
    assert [block.number for block in page.blocks] == list(range(len(page.blocks)))
    assert squash(block.text for block in page.blocks).replace("-", "") == squash(
        block.text for block in whole.blocks
    ).replace("-", "")
    if len(whole.blocks) > most:
        assert [block.text for block in page.blocks[:most]] == [block.text for block in whole.blocks[:most]]
        assert len(page.blocks) == most + 1
        assert page.blocks[-1].rule == REST
        assert "max_blocks" in page.warnings[-1]
    if page.kind == "html":
        assert len(page.where) == len(page.traits) == len(page.blocks)


@pytest.mark.parametrize("writer", WRITERS)
def test_as_many_blocks_as_there_may_be_are_no_reason_for_a_warning(writer: str) -> None:
    page = segment(WRITERS[writer](WORDS), 60)
    assert page == segment(WRITERS[writer](WORDS), 1_000)
    assert page.warnings == ()


@pytest.mark.parametrize("writer", ["text", "paragraphs", "br"])
def test_the_rest_is_kept_whatever_the_model_believes_of_it(writer: str) -> None:
    source = WRITERS[writer]([*WORDS, *ARTICLES["en"]])
    result = dedupe.Cleaner(dedupe.Options(max_blocks=40)).clean(source)
    assert result.blocks[-1].text.endswith(ARTICLES["en"][-1])
    assert said(result) == squash([*WORDS, *ARTICLES["en"]])
    assert any("max_blocks" in warning for warning in result.warnings)


@pytest.mark.parametrize("writer", ["text", "paragraphs"])
def test_a_second_copy_in_the_rest_goes(writer: str) -> None:
    article = ARTICLES["en"]
    source = WRITERS[writer]([*article, *article])
    result = dedupe.Cleaner(dedupe.Options(max_blocks=len(article))).clean(source)
    assert said(result) == squash([*article, *article])
    assert all(result.text.count(text) == 1 for text in article)


def test_a_role_that_is_dropped_is_dropped_from_the_rest_too() -> None:
    options = dedupe.Options(max_blocks=10, drop=["preformatted"])
    assert WORDS[-1] not in dedupe.Cleaner(options).clean("\n\n".join(WORDS)).text


def test_the_cells_of_a_table_are_one_block_however_many() -> None:
    rows = "".join(f"<tr><td>{word}<td>7</tr>" for word in WORDS)
    page = segment_html(f"<html><p>Above</p><table>{rows}</table><p>Below</p>", 50)
    assert [block.role for block in page.blocks] == ["paragraph", "table", "paragraph"]
    assert page.warnings == ()


@given(st.lists(st.sampled_from(["<p>", "<td>", "<tr>", "<table>", "</table>", "<br>", "<li>"]), max_size=40))
def test_nothing_is_lost_and_nothing_moves_whatever_the_markup(tags: list[str]) -> None:
    source = "<html>" + "".join(f"{tag}{WORDS[at]} " for at, tag in enumerate(tags))
    page = segment_html(source, 3)
    assert squash(block.text for block in page.blocks).replace("-", "").replace("|", "") == "".join(
        WORDS[: len(tags)]
    )
    assert len(page.blocks) <= 4


def test_pages_of_many_elements_share_nodes() -> None:
    page = segment_html("<html>" + "<div><div><div><p>x</p></div></div></div>" * 100, 20)
    assert len(page.nodes) <= 4 * 20 + 4


@pytest.mark.parametrize("count", [0, -1])
def test_a_page_may_have_a_block_at_least(count: int) -> None:
    with pytest.raises(dedupe.OptionsError, match="max_blocks"):
        dedupe.Options(max_blocks=count)


def test_a_title_as_long_as_a_book_is_compared_in_part_and_told_in_full() -> None:
    title = " ".join(f"{one} {two}" for one in WORDS for two in WORDS)
    source = f"<html><head><title>{title}</title></head><p>" + "<p>".join([*WORDS, *ARTICLES["en"]])
    result = dedupe.clean(source)
    assert result.title == title
    assert max(map(len, compared_titles(segment_html(source)))) == TITLE_CHARS


def compared_titles(page: Page) -> frozenset[str]:
    twins = find(page)
    return PageContext(twins, [()] * len(twins.units), [0.0] * len(twins.units), {}).titles


def test_linked_data_does_not_go_through_the_page_for_every_body(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [" ".join(WORDS[at : at + 40]) for at in range(20)]
    scripts = "".join(
        f'<script type="application/ld+json">{json.dumps({"articleBody": text})}</script>' for text in texts
    )
    squeezed: list[int] = []
    walk = _Walk._squeezed_page

    def counted(self: _Walk) -> str:
        before = self._squeezed[0]
        text = walk(self)
        squeezed.append(self._squeezed[0] - before)
        return text

    monkeypatch.setattr(_Walk, "_squeezed_page", counted)
    page = segment_html("<html>" + "".join(f"<p>{word}</p>" for word in WORDS) + scripts)
    assert len(squeezed) == 20
    assert sum(squeezed) <= len(page.blocks)
