"""What holds for every page, whatever stands in it: through the whole of `clean`."""

from __future__ import annotations

import gzip
import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from html import escape
from itertools import islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pytest
from conftest import ARTICLES, squash
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dedupe
from dedupe.cleaning import passes
from dedupe.corpus.records import Document
from dedupe.corpus.signatures import compute_signatures
from dedupe.page import Page
from dedupe.repeats import records as records_
from dedupe.repeats import search as repeats
from dedupe.result import CleanResult
from dedupe.segment.html import segment_html
from dedupe.segment.sniff import looks_like_html
from dedupe.segment.text import segment_text
from dedupe.text.normalize import tokens

# fmt: off
CHROME = {
    "en": (
        "Home", "Sign in", "Share this article", "Read more", "Comments", "Subscribe to our newsletter",
        "Related stories", "All rights reserved", "Advertisement", "3 min read", "Tags: sea, ferry",
    ),
    "de": (
        "Startseite", "Anmelden", "Teilen", "Kommentare", "Mehr zum Thema", "Newsletter abonnieren",
        "Impressum",
    ),
    "zh": (
        "首页", "登录", "分享到微信", "网友评论", "相关阅读", "责任编辑：王小明", "打开APP阅读", "版权所有",
    ),
}
# fmt: on
TITLES = {
    "en": "Ferry to the outer islands stops",
    "de": "Fähre zu den Inseln wird eingestellt",
    "zh": "外海渡轮本月底停航",
}
COMPLETE = settings(max_examples=40)


@st.composite
def pages(draw: st.DrawFn) -> list[str]:
    """The lines of a page: an article, whole or partly again, between chrome."""
    language = draw(st.sampled_from(sorted(CHROME)))
    article = [TITLES[language], *ARTICLES[language]]
    chrome = st.lists(st.sampled_from(CHROME[language]), max_size=4)
    parts = [draw(chrome)]
    for _ in range(draw(st.integers(1, 2))):
        low = draw(st.integers(0, 2))
        parts += [article[low : draw(st.integers(low, len(article)))], draw(chrome)]
    whole = draw(st.integers(0, len(parts)))
    parts.insert(whole, article)
    return [line for part in parts for line in part]


def as_text(lines: list[str]) -> str:
    return "\n\n".join(lines) + "\n"


def as_html(lines: list[str]) -> str:
    return (
        "<!DOCTYPE html><html><body>"
        + "".join(f"<p>{escape(line)}</p>\n" for line in lines)
        + "</body></html>"
    )


def as_table(lines: list[str]) -> str:
    return (
        "<html><body><table><tr><td>" + "<br>".join(map(escape, lines)) + "</td></tr></table></body></html>"
    )


class ByLength:
    """A belief that needs no model and never changes: a long block is the article's."""

    @staticmethod
    def matrix(twins: records_.PageRepeats, _hits: object) -> npt.NDArray[np.float64]:
        return np.array(twins.units)

    @staticmethod
    def score(units: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.where(units >= 8, 0.95, 0.05)


def clean(source: str) -> CleanResult:
    """All stages, but for the model."""
    with patch.object(passes, "matrix", ByLength.matrix), patch.object(passes, "load", lambda _: ByLength):
        return dedupe.clean(source)


WAYS = pytest.mark.parametrize("write", [as_text, as_html, as_table])


def page_of(source: str) -> Page:
    return segment_html(source) if looks_like_html(source) else segment_text(source)


def assert_whole(result: CleanResult, page: Page) -> None:
    """Kept and removed blocks are all blocks of the page, and what they say of each other is so."""
    blocks = [*result.blocks, *(removal.block for removal in result.removals)]
    assert sorted(block.number for block in blocks) == list(range(len(blocks))), "each number once"
    blocks.sort(key=lambda block: block.number)
    assert squash(block.text for block in blocks) == squash(block.text for block in page.blocks)
    assert all(set(removal.originals) <= set(result.blocks) for removal in result.removals)
    numbers = [removal.block.number for removal in result.removals]
    assert numbers == sorted(numbers)


@WAYS
@COMPLETE
@given(lines=pages())
def test_kept_and_removed_blocks_are_all_blocks(write: Callable[[list[str]], str], lines: list[str]) -> None:
    source = write(lines)
    assert_whole(dedupe.clean(source), page_of(source))


@settings(max_examples=60)
@given(st.text(max_size=200) | st.text("<p>/div brli\n字。. a", max_size=120))
def test_any_text_gives_a_whole_result(source: str) -> None:
    result = dedupe.clean(source)
    clean = source.encode("utf-8", "replace").decode()
    assert_whole(result, page_of(clean))
    assert CleanResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_result_or_an_error_of_the_package(source: bytes) -> None:
    with suppress(dedupe.DedupeError):
        assert isinstance(dedupe.clean(source).text, str)


@WAYS
@COMPLETE
@given(lines=pages())
def test_kept_and_removed_blocks_are_all_blocks_whatever_the_model_believes(
    write: Callable[[list[str]], str], lines: list[str]
) -> None:
    source = write(lines)
    assert_whole(clean(source), page_of(source))


#: A title twice above an article whose beginning stands further up once more.
TITLE_TWICE = [
    *("Subscribe to our newsletter", "3 min read", "Sign in", TITLES["en"], *ARTICLES["en"][:3], "Sign in"),
    *(TITLES["en"], TITLES["en"], *ARTICLES["en"], "Read more", "All rights reserved"),
]


@WAYS
@COMPLETE
@example(lines=TITLE_TWICE)
@given(lines=pages())
def test_repeats_and_nothing_else_name_originals(write: Callable[[list[str]], str], lines: list[str]) -> None:
    for removal in clean(write(lines)).removals:
        assert bool(removal.originals) == (removal.reason == "repeat")


#: A copy of the first paragraph, between chrome lines of which one stands there once more.
A_LINE_MORE = [
    *(
        TITLES["de"],
        *ARTICLES["de"],
        "Startseite",
        "Mehr zum Thema",
        "Mehr zum Thema",
        "Newsletter abonnieren",
    ),
    *(TITLES["de"], ARTICLES["de"][0], "Startseite", "Mehr zum Thema", "Newsletter abonnieren"),
]


#: The second copy goes on with a paragraph that the first one lacks.
GOES_ON = [
    *(TITLES["de"], *ARTICLES["de"][:3], "Startseite", "Startseite", "Anmelden"),
    *(TITLES["de"], *ARTICLES["de"]),
]
#: A whole copy, one that lacks its end, and one that lacks its headline.
THREE_COPIES = [
    *(TITLES["de"], *ARTICLES["de"], TITLES["de"], *ARTICLES["de"][:3]),
    *("Startseite", "Startseite", "Startseite", *ARTICLES["de"]),
]


@WAYS
@COMPLETE
@example(lines=A_LINE_MORE)
@given(lines=pages())
def test_there_are_no_twins_in_what_stays(write: Callable[[list[str]], str], lines: list[str]) -> None:
    result = clean(write(lines))
    assert repeats.find(segment_text(result.text)).runs == ()


@WAYS
@COMPLETE
@example(lines=A_LINE_MORE)
@example(lines=GOES_ON)
@example(lines=THREE_COPIES)
@given(lines=pages())
def test_each_paragraph_is_said_once(write: Callable[[list[str]], str], lines: list[str]) -> None:
    said = squash(clean(write(lines)).text)
    for paragraphs in ARTICLES.values():
        for text in paragraphs:
            assert said.count(squash(text)) == int(text in lines)


#: The first copy lacks the headline and the end; the first lines of an article stand above it and below it.
LACKS_ENDS = ["网站首页", *ARTICLES["zh"][:3], "打开APP", TITLES["zh"], *ARTICLES["zh"]]
ROTATED = [ARTICLES["de"][1], TITLES["de"], *ARTICLES["de"], "Anmelden", TITLES["de"], ARTICLES["de"][0]]


@WAYS
@pytest.mark.parametrize(
    "lines",
    [GOES_ON, THREE_COPIES, LACKS_ENDS, ROTATED],
    ids=["goes-on", "three-copies", "lacks-ends", "rotated"],
)
def test_no_paragraph_is_lost_with_the_model_either(
    write: Callable[[list[str]], str], lines: list[str]
) -> None:
    article = ARTICLES["zh" if lines is LACKS_ENDS else "de"]
    said = squash(dedupe.clean(write(lines)).text)
    assert [said.count(squash(text)) for text in article] == [1] * len(article)


@COMPLETE
@given(lines=pages())
def test_text_and_html_give_the_same_blocks(lines: list[str]) -> None:
    results = [clean(write(lines)) for write in (as_text, as_html, as_table)]
    found = [[block.text for block in result.blocks if len(block.text) > 40] for result in results]
    assert found[0] == found[1] == found[2]


@COMPLETE
@given(lines=pages())
def test_a_result_is_written_and_read_back(lines: list[str]) -> None:
    result = dedupe.clean(as_html(lines))
    assert CleanResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    assert pickle.loads(pickle.dumps(result)) == result


@COMPLETE
@given(lines=pages())
def test_cleaning_again_gives_the_same(lines: list[str]) -> None:
    source = as_html(lines)
    cleaner = dedupe.Cleaner()
    assert cleaner.clean(source) == cleaner.clean(source) == dedupe.clean(source)


@COMPLETE
@given(st.sampled_from(sorted(CHROME)))
def test_an_article_and_nothing_else_stays_as_it_is(language: str) -> None:
    article = [TITLES[language], *ARTICLES[language]]
    result = clean(as_text(article))
    assert [block.text for block in result.blocks] == article
    assert clean(result.text).text == result.text


def test_threads_do_not_disturb_each_other() -> None:
    cleaner = dedupe.Cleaner()
    lines = [
        [
            *CHROME[language],
            TITLES[language],
            *ARTICLES[language],
            *CHROME[language],
            *ARTICLES[language][at:],
        ]
        for language in CHROME
        for at in range(4)
    ]
    sources = [write(page) for page in lines for write in (as_text, as_html, as_table)] * 3
    alone = [cleaner.clean(source) for source in sources]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(cleaner.clean, sources)) == alone


def test_real_pages_keep_their_words(shared: Path) -> None:
    sources = [path.read_text(encoding="utf-8-sig") for path in sorted((shared / "seed").glob("*.txt"))]
    with gzip.open(shared / "corpus" / "dumps" / "dumps.jsonl.gz", "rt", encoding="utf-8") as lines:
        sources += [json.loads(line)["text"] for line in islice(lines, 0, None, 12)]
    assert len(sources) > 10
    for source in sources:
        result = dedupe.clean(source)
        assert_whole(result, page_of(source))
        assert CleanResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


# ---------------------------------------------------------------- signs that do not show

# fmt: off
SIGNS = (
    "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u200e", "\u200f", "\u202b", "\u2068", "\u2069",
    "\xad", "\u034f", "\u180e", "\u2063", "\ufe0f", "\U000e0061",
)
# fmt: on


@st.composite
def spelled_again(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """An article, and the same with signs that do not show between and inside its words."""
    article = ARTICLES[draw(st.sampled_from(sorted(CHROME)))]
    every, mark = draw(st.integers(1, 9)), draw(st.sampled_from(SIGNS))
    other = [mark.join(text[at : at + every] for at in range(0, len(text), every)) for text in article]
    return list(article), [mark + text + mark for text in other]


@WAYS
@COMPLETE
@given(st.data())
def test_signs_that_do_not_show_leave_one_copy(
    write: Callable[[list[str]], str], data: st.DataObject
) -> None:
    copies = data.draw(spelled_again())
    one, two = copies if data.draw(st.booleans()) else copies[::-1]
    said = tokens(clean(write([*one, *two])).text)
    assert said == [token for text in one for token in tokens(text)]


@COMPLETE
@given(spelled_again())
def test_signs_that_do_not_show_make_no_other_article(copies: tuple[list[str], list[str]]) -> None:
    with dedupe.open_index("memory:") as index:
        index.add(copies[0], key="a")
        seen = index.add(copies[1], key="b")
    assert (seen.status, seen.key, seen.similarity) == ("exact", "a", 1.0)
    one, two = (
        compute_signatures([Document("a", tuple(copies[0]))]),
        compute_signatures([Document("b", tuple(copies[1]))]),
    )
    for name in ("digests", "samples", "sentences", "lengths", "blocks", "bands"):
        assert getattr(one, name).tolist() == getattr(two, name).tolist(), name
