"""Passages that stand many times, in any order and under any name: one of each is kept, and the result says
nothing twice."""

from __future__ import annotations

from html import escape

import pytest
from conftest import ARTICLES

import dedupe
from dedupe.page import only
from dedupe.repeats import search as repeats
from dedupe.repeats.choose import choose
from dedupe.segment.text import segment_text

LANGUAGES = sorted(ARTICLES)
TITLE = "Last ferry to the outer islands"
MENU = ("Harbour", "Weather", "Letters")


def as_text(lines: list[str]) -> str:
    return "\n\n".join(lines) + "\n"


def as_html(lines: list[str], title: str = "") -> str:
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    head = f"<h1>{escape(title)}</h1>" if title else ""
    return f"<html><body><div><article>{head}{body}</article></div></body></html>"


def kept(page: str) -> list[str]:
    result = dedupe.clean(page)
    for removal in result.removals:
        assert (removal.reason == "repeat") == bool(removal.originals), "each repeat names what is kept"
        assert set(removal.originals) <= set(result.blocks)
    return [block.text for block in result.blocks]


@pytest.mark.parametrize("times", [2, 3, 4, 5, 7, 12])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_paragraph_that_stands_many_times_in_a_row_is_kept_once(language: str, times: int) -> None:
    one, two, *rest = ARTICLES[language]
    for write in (as_text, as_html):
        assert kept(write([one, *[two] * times, *rest])) == [one, two, *rest]


@pytest.mark.parametrize("times", [3, 5, 6])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_article_that_stands_many_times_is_kept_once(language: str, times: int) -> None:
    article = list(ARTICLES[language])
    for between in ([], list(MENU)):
        lines = [line for _ in range(times) for line in (*article, *between)]
        for write in (as_text, as_html):
            assert [text for text in kept(write(lines)) if text in article] == article


def test_what_is_left_is_looked_through_again() -> None:
    one, two, *rest = ARTICLES["en"]
    page = segment_text(as_text([one, two, one, *rest, one]))
    first = repeats.RepeatSearch.of(page)
    assert first.again(page, first.stream.sentences) is not first
    twins = first.twins()
    stays = [piece for piece in range(len(twins.units)) if piece not in choose(twins, [1.0] * 6).repeats]
    left = only(twins.page, stays)
    assert first.again(left, [twins.sentences[piece] for piece in stays]) is first


def test_a_long_row_is_told_in_halves() -> None:
    page = segment_text(as_text([ARTICLES["en"][0]] * 1000))
    assert len(repeats.RepeatSearch.of(page).passages) <= 2 * (1000).bit_length()


# ---------------------------------------------------------------- no copy too few


@pytest.mark.parametrize("copies", [2, 3])
def test_the_headline_stays_whatever_stands_in_front(copies: int) -> None:
    article = [TITLE, "By Nora Lund", *ARTICLES["en"]]
    for lines in (
        [*article * copies, TITLE],
        [TITLE, *MENU, *article * copies],
        [*article, TITLE, *MENU, *article * (copies - 1)],
    ):
        assert kept(as_text(lines)).count(TITLE) == 1


def test_a_lone_paragraph_is_kept_in_its_article_and_not_among_teasers() -> None:
    one, two, three, four = ARTICLES["en"]
    for lines in ([*MENU, two, *MENU, TITLE, one, two, three, four], [one, two, three, four, *MENU, two]):
        texts = kept(as_text(lines))
        assert [text for text in texts if text in ARTICLES["en"]] == [one, two, three, four]


def test_a_copy_that_goes_as_chrome_does_not_take_the_paragraph_with_it() -> None:
    one, two, three, four = ARTICLES["en"]
    quoted = f'<div class="comments"><div class="comment"><p>{escape(two)} {escape(three)}</p></div></div>'
    page = as_html([one, two, three, four], TITLE).replace("</article>", f"</article>{quoted}")
    assert kept(page) == [TITLE, one, two, three, four]


def test_a_pull_quote_beside_its_paragraph_goes_and_a_quotation_in_a_reply_stays() -> None:
    one, two, three, four = (escape(text) for text in ARTICLES["en"])
    quote = f"<blockquote>{three}</blockquote>"
    article = f"<p>{one}</p><p>{two}</p>{{}}<p>{three}</p><p>{four}</p>"
    pulled = f"<html><body><article><h1>{TITLE}</h1>{article.format(quote)}</article></body></html>"
    assert kept(pulled) == [TITLE, *ARTICLES["en"]]
    reply = f"<div class='post'>{quote}<p>{four}</p></div>"
    posts = (
        f"<html><body><h1>{TITLE}</h1><div class='post'><p>{one}</p><p>{two}</p><p>{three}</p></div>{reply}"
    )
    assert kept(f"{posts}</body></html>").count(ARTICLES["en"][2]) == 2


# ---------------------------------------------------------------- what has words of its own


def test_entries_of_one_form_stay() -> None:
    lines = [
        f"Card model {number}{letter}, {number + 3} fans, {number * 7} watts, in stock for {number} days"
        for number, letter in zip((4, 5, 6, 8, 9), "abcde", strict=True)
    ]
    article = list(ARTICLES["en"])
    assert [text for text in kept(as_text([*article, *lines])) if text in lines] == lines


def test_two_paragraphs_that_begin_alike_are_two() -> None:
    one, two, three, four = ARTICLES["en"]
    opening = two[: two.index(".") + 1]
    other = f"{opening} The rest of them fish, and mend nets in the long winter until the ice has gone."
    assert kept(as_text([one, two, three, other, four])) == [one, two, three, other, four]


def test_signs_that_do_not_show_make_no_other_words() -> None:
    article = list(ARTICLES["de"])
    soft = [text.replace("e", "\u00ade").replace(" ", "\u2009") for text in article]
    assert kept(as_html([*article, *MENU, *soft]))[: len(article)] == article


@pytest.mark.parametrize("language", LANGUAGES)
def test_cleaning_a_result_finds_no_further_repeat(language: str) -> None:
    one, two, three, four = ARTICLES[language]
    page = as_html([one, two, three, two, four, one, *MENU, one, two, three, four, three], TITLE)
    again = dedupe.clean(dedupe.clean(page).text)
    assert [removal.block.text for removal in again.removals if removal.reason == "repeat"] == []
