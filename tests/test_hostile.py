"""Pages that nobody writes by hand: each ends, with a result or with an error that says why."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from itertools import chain, pairwise

import pytest
from bs4 import BeautifulSoup
from conftest import ARTICLES, ends, squash
from lxml import html

import dedupe
from dedupe.result import CleanResult

MANY = 30_000
LARGE = 30_000_000  # bytes
WORDS = ["".join(random.Random(at).choices("abcdefghiklmnoprstuvw", k=7)) for at in range(5_000)]
STORY = "".join(f"<p>{text}</p>" for text in ARTICLES["en"])


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    with ends():
        yield


def sentences(count: int, words: int = 14) -> list[str]:
    """Different paragraphs, all equally long."""
    rng = random.Random(7)
    return [" ".join(rng.choices(WORDS, k=words)).capitalize() + "." for _ in range(count)]


def all_text(result: CleanResult) -> str:
    blocks = sorted(
        [*result.blocks, *(removal.block for removal in result.removals)], key=lambda block: block.number
    )
    return squash(block.text for block in blocks)


def as_html(paragraphs: list[str]) -> str:
    return "<html><body>" + "".join(f"<p>{text}</p>" for text in paragraphs) + "</body></html>"


# ---------------------------------------------------------------- nothing to read


@pytest.mark.parametrize(
    "page", ["", " \n\t\r\n ", b"", b"   ", "\ufeff", b"\xef\xbb\xbf", "\u200b\u200b", "<html></html>"]
)
def test_a_page_without_text_is_a_result_with_a_warning(page: str | bytes) -> None:
    result = dedupe.clean(page)
    assert (result.blocks, result.text, result.body, result.title) == ((), "", "", None)
    assert not result.is_article
    assert result.warnings


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)),
        b"PK\x03\x04" + bytes(range(256)) * 8,
        b"\x00" * 5_000,
        random.Random(3).randbytes(20_000),
    ],
)
def test_binary_data_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(dedupe.EncodingError) as caught:
        dedupe.clean(data)
    assert len(str(caught.value).split()) > 3


# ---------------------------------------------------------------- broken bytes


def test_nul_bytes_between_the_letters_do_no_harm() -> None:
    source = f"<html><body><h1>Ferry</h1>{STORY}</body></html>"
    for page in (source.replace("e", "e\x00"), source.replace("<p>", "<p>\x00")):
        assert "\x00" not in dedupe.clean(page).text
        assert all_text(dedupe.clean(page)) == all_text(dedupe.clean(source))


@pytest.mark.parametrize("broken", [b"\xff", b"\xc3(", b"\xe4\xb8", b"\xf0\x9f\x98"])
def test_broken_utf8_is_read_with_a_warning(broken: bytes) -> None:
    source = f"<html><meta charset=utf-8><body>{STORY}</body></html>".encode()
    result = dedupe.clean(source.replace(b"winter", b"win" + broken + b"ter"))
    assert result.warnings
    assert "The ferry to the outer islands" in result.text


@pytest.mark.parametrize("declared", ["iso-8859-1", "utf-16", "shift_jis", "x-nonsense", ""])
def test_a_wrong_charset_in_the_head_does_not_spoil_the_text(declared: str) -> None:
    story = "".join(f"<p>{text}</p>" for text in ARTICLES["zh"])
    source = f"<html><head><meta charset='{declared}'></head><body><article>{story}</article></body></html>"
    assert dedupe.clean(source.encode()).text == dedupe.clean(source).text


def test_half_a_surrogate_pair_can_be_written() -> None:
    dedupe.clean(f"<p>\ud83d{ARTICLES['en'][0]}\udc00</p>").text.encode()
    dedupe.clean(f"\ud83d{ARTICLES['en'][0]}\udc00").text.encode()


# ---------------------------------------------------------------- deep, wide and long


@pytest.mark.parametrize("tag", ["div", "span", "b", "font", "ul><li", "blockquote", "table><tr><td"])
def test_an_article_400_elements_deep_is_kept(tag: str) -> None:
    result = dedupe.clean(f"<html><body>{f'<{tag}>' * 400}{STORY}")
    assert [squash(block.text) for block in result.blocks] == [squash(text) for text in ARTICLES["en"]]


@pytest.mark.parametrize("tag", ["div", "span", "b", "ul><li", "blockquote", "x-y", "section"])
def test_text_under_100_000_elements_is_not_lost(tag: str) -> None:
    result = dedupe.clean(f"<html><body>{f'<{tag}>' * 100_000}{STORY}")
    assert all_text(result) == squash(ARTICLES["en"])


@pytest.mark.parametrize("text", ["", "x"])
def test_100_000_tables_inside_each_other(text: str) -> None:
    result = dedupe.clean(f"<html><body>{f'<table><tr><td>{text}' * 100_000}{STORY}")
    assert all_text(result) == text * 100_000 + squash(ARTICLES["en"])


def test_trees_that_are_deep_already() -> None:
    source = f"<html><body>{'<div>' * 2_000}{STORY}"
    tree = html.document_fromstring(source, parser=html.HTMLParser(huge_tree=True))
    for holder in (tree, BeautifulSoup(source, "html.parser")):
        assert squash(ARTICLES["en"][0]) in all_text(dedupe.clean(holder))


def test_50_000_attributes() -> None:
    attributes = " ".join(f"data-a{at}='{at}'" for at in range(50_000))
    result = dedupe.clean(f"<html><body><div {attributes}>{STORY}</div></body></html>")
    assert all_text(result) == squash(ARTICLES["en"])


def test_50_000_classes() -> None:
    classes = " ".join(f"related-{at}" for at in range(50_000))
    source = "".join(f"<p class='{classes}'>{text}</p>" for text in ARTICLES["en"])
    assert all_text(dedupe.clean(f"<html><body>{source}</body></html>")) == squash(ARTICLES["en"])


# fmt: off
CHARS = [
    "a", "字", " .", "…", "「", "<", "</", "&", "-", "*", "_", "|", "[", "](", "\n", "1", "“", "#", "=",
    "\u0301",
]
# fmt: on


@pytest.mark.parametrize("char", [*CHARS, pytest.param(".")])
def test_the_same_character_60_000_times(char: str) -> None:
    for source in (char * 60_000, f"<html><body><p>{char * 60_000}</p></body></html>"):
        dedupe.clean(source)


@pytest.mark.parametrize("frame", ["{}", "<html><body><p>{}</p></body></html>"])
@pytest.mark.parametrize(
    "filling",
    [
        "one two three four five six seven. ",
        "今天的天气很好，渡轮照常开出。",
        "The same sentence of more than a dozen words stands here again and again on one line. ",
    ],
)
def test_one_line_of_30_megabytes(frame: str, filling: str) -> None:
    source = frame.format(filling * (LARGE // len(filling.encode())))
    assert squash(filling) in all_text(dedupe.clean(source.encode()))


def test_one_line_of_30_megabytes_of_different_words() -> None:
    rng = random.Random(1)
    source = " ".join(rng.choices(WORDS, k=LARGE // 8))
    assert source[:100].split()[0] in all_text(dedupe.clean(source))


# ---------------------------------------------------------------- many blocks

LINE = "The same paragraph of more than a dozen words stands here again and again on one page."
FRAMES = pytest.mark.parametrize("write", [as_html, "\n\n".join])
Write = Callable[[list[str]], str]


@FRAMES
def test_equal_paragraphs(write: Write) -> None:
    result = dedupe.clean(write([LINE] * MANY))
    assert len(result.blocks) <= 1
    assert len(result.blocks) + len(result.removals) == MANY


@FRAMES
def test_different_paragraphs(write: Write) -> None:
    result = dedupe.clean(write(sentences(MANY)))
    assert len(result.blocks) + len(result.removals) == MANY
    assert not any(removal.reason == "repeat" for removal in result.removals)


@FRAMES
def test_equal_short_lines(write: Write) -> None:
    result = dedupe.clean(write(["Yes."] * MANY))
    assert len(result.blocks) + len(result.removals) == MANY


@FRAMES
def test_lines_that_hardly_differ(write: Write) -> None:
    lines = [
        f"The ferry number {at} leaves the old harbour at noon with mail and fresh fish."
        for at in range(MANY // 3)
    ]
    result = dedupe.clean(write(lines))
    assert all_text(result) == squash(lines)


def test_long_blocks_of_few_different_words() -> None:
    rng = random.Random(2)
    blocks = [" ".join(rng.choices(WORDS[:12], k=30_000)) for _ in range(4)]
    assert squash(blocks[0]) in all_text(dedupe.clean(as_html(blocks)))


@FRAMES
def test_a_long_article_twice(write: Write) -> None:
    article = sentences(MANY // 4)
    result = dedupe.clean(write([*article, "Menu", *article]))
    assert all_text(result) == squash([*article, "Menu", *article])
    assert len(result.removals) >= len(article)


def test_paragraphs_whose_halves_stand_again_in_the_next_one() -> None:
    halves = sentences(MANY // 3)
    lines = [f"{two} {one}" for one, two in pairwise(halves)]
    assert all_text(dedupe.clean("\n\n".join(lines))) == squash(lines)


def test_equal_lines_far_apart_between_single_words() -> None:
    anchors = sentences(40, words=60)
    words = iter(f"w{at}x" for at in range(200_000))
    lines = [
        line
        for _ in range(2)
        for anchor in anchors
        for line in (anchor, *(next(words) for _ in range(1_000)))
    ]
    assert all_text(dedupe.clean("\n\n".join(lines))) == squash(lines)


def test_a_long_article_above_many_short_lines() -> None:
    lines = [*sentences(MANY // 3), *(f"{one} {two}" for one, two in pairwise(WORDS))]
    assert all_text(dedupe.clean(as_html(lines))) == squash(lines)


def test_many_cells_rows_and_lines() -> None:
    cells = "<tr>" + "<td>7</td>" * 50 + "</tr>"
    assert all_text(dedupe.clean(f"<html><table>{cells * 400}</table></html>")) == "7" * 20_000
    assert all_text(dedupe.clean("<html><p>" + "7<br>" * 20_000)) == "7" * 20_000
    assert all_text(dedupe.clean("| 7 | 8 |\n" * 10_000)) == "78" * 10_000


def test_many_headings_and_titles() -> None:
    title = " ".join(WORDS[:500])
    source = (
        f"<html><head><title>{title}</title></head><body>"
        + f"<h1>{title}</h1>" * 100
        + "<h2>a</h2>" * (MANY // 3)
    )
    assert dedupe.clean(source).blocks is not None


# ---------------------------------------------------------------- traps for patterns and parsers


def test_an_entity_bomb_stays_small() -> None:
    definitions = "".join(f'<!ENTITY e{at} "{f"&e{at - 1};" * 10}">' for at in range(1, 12))
    head = f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY e0 "ha">{definitions}]>'
    source = f"{head}<html><body>{STORY}<p>&e11;</p></body></html>"
    assert len(all_text(dedupe.clean(source))) < len(source)


def test_a_file_is_never_read_through_an_entity() -> None:
    source = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body>{STORY}<p>&x;</p></body></html>'
    assert "root:" not in " ".join(block.text for block in dedupe.clean(source).blocks)


def linked_data(record: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(record)}</script>'


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(linked_data({"articleBody": "<" * 500_000})),
        linked_data({"articleBody": "&" * 500_000}),
        pytest.param(linked_data([{"articleBody": text} for text in sentences(10_000, 40)])),
        '<script type="application/ld+json">{"headline": ' + "[" * 200_000 + "</script>",
        linked_data({"headline": "x" * 1_000_000, "datePublished": "1 " * 500_000}),
        "<textarea>" + "&lt;p&gt;" * 50_000 + "</textarea>",
        f"<textarea>{'word ' * 100}</textarea>" * 300,
        "<!--" * 200_000,
        "<style>" + "p{" * 200_000 + "</style>",
        "<p style='" + "display " * 100_000 + "'>x</p>",
        "<a href='#'>" * 50_000,
        "<time datetime='" + "1 " * 100_000 + "'>x</time>",
        f"<meta name=date content='{'1' * 500_000}'>",
    ],
    ids=lambda script: script[:60],
)
def test_traps_in_the_markup(script: str) -> None:
    result = dedupe.clean(f"<html><body>{STORY}{script}")
    assert squash(ARTICLES["en"][0]) in all_text(result)


@pytest.mark.parametrize(
    "text",
    [
        "He waited… " + "x" * 3_000 + " a b c d e f g",
        "他等了很久……" + "字" * 3_000 + " 甲 乙 丙 丁 戊 己 庚",
        "wait ... " * 5_000 + "and that is all there was to it",
        "“" + "quoted " * 10_000 + "”",
        "By " + "Anna and " * 10_000,
        "2024-" * 10_000,
        "http://" + "a/" * 10_000,
        "(" * 20_000 + ")" * 20_000,
        "a@" * 10_000,
    ],
    ids=lambda text: text[:20],
)
def test_traps_in_the_text(text: str) -> None:
    for source in (
        "\n\n".join([*ARTICLES["en"], text]),
        as_html([*ARTICLES["en"], text, *ARTICLES["en"], text]),
    ):
        assert squash(ARTICLES["en"][0]) in all_text(dedupe.clean(source))


def test_the_writers_take_what_was_kept_of_any_of_this() -> None:
    lines = [
        *ARTICLES["en"],
        *chain.from_iterable((LINE, "<b>&amp;</b>", "]]>", "```", "| a | b |") for _ in range(50)),
    ]
    result = dedupe.clean("\n\n".join(lines))
    for written in (result.text, result.body, result.markdown, result.html, json.dumps(result.to_dict())):
        assert written.encode()
