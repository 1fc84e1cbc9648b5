"""Text dumps to blocks: what is one block, what is none, and that nothing is lost."""

from __future__ import annotations

import gzip
import json
import re
import textwrap
import unicodedata
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
from conftest import ARTICLES, ends, squash
from hypothesis import given
from hypothesis import strategies as st

from dedupe.segment.sniff import looks_like_html
from dedupe.segment.text import segment_text
from dedupe.types import Block

WORD = st.one_of(
    st.text("abcdefghijklmnoprstuwéßñжя", min_size=1, max_size=10),
    st.text("海港渡轮停航かナ", min_size=1, max_size=8),
    st.integers(0, 99999).map(str),
)
PARAGRAPH = st.lists(WORD, min_size=1, max_size=40).map(" ".join)
CELL = st.text("abc海12", min_size=1, max_size=6)
TABLE = st.integers(2, 4).flatmap(
    lambda width: st.lists(
        st.lists(CELL, min_size=width, max_size=width).map(" | ".join), min_size=2, max_size=5
    )
)
# No brackets, backticks, tildes or hashes: Markdown drops link targets and info strings on purpose.
PLAIN = st.text("ab 1.2 海，。\n\n  -*_>|=:;()&<\u3000\u200b\xa0\xad\t\u2028•・■\ufeff", max_size=200)


def blocks(text: str) -> tuple[Block, ...]:
    return segment_text(text).blocks


def texts(text: str) -> list[str]:
    return [block.text for block in segment_text(text).blocks]


def lines(*parts: str) -> str:
    return "\n".join(parts)


def wrapped(paragraph: str, width: int) -> str:
    """The paragraph wrapped at a number of columns; CJK breaks anywhere but before a comma."""
    if not re.search("[\u3000-\u9fff]", paragraph):
        return textwrap.fill(paragraph, width)
    result, used = [""], 0
    for sign in paragraph:
        size = 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if used + size > width and sign not in "，。、；：！？」":
            result.append("")
            used = 0
        result[-1] += sign
        used += size
    return "\n".join(result)


# ---------------------------------------------------------------- paragraphs


def test_records() -> None:
    page = segment_text("One.\n\n\n  Two.\n")
    assert (page.kind, page.nodes, page.where, page.traits, dict(page.meta)) == ("text", (), (), (), {})
    assert [(block.number, block.text, block.role, block.path) for block in page.blocks] == [
        (0, "One.", "paragraph", "line 1"),
        (1, "Two.", "paragraph", "line 4"),
    ]


@pytest.mark.parametrize("text", ["", "\n", " \n\t\n\ufeff", "\u200b", "---\n\n* * *\n\n•\n"])
def test_nothing(text: str) -> None:
    assert blocks(text) == ()


@given(st.lists(PARAGRAPH, max_size=12))
def test_paragraphs_between_blank_lines_come_back(paragraphs: list[str]) -> None:
    assert texts("\n\n".join(paragraphs)) == paragraphs


@given(st.lists(PARAGRAPH, max_size=12))
def test_lines_of_unequal_length_are_paragraphs(paragraphs: list[str]) -> None:
    uneven: list[str] = []
    for paragraph in paragraphs:
        if all(abs(len(paragraph) - len(other)) > 20 for other in uneven):
            uneven.append(paragraph)
    assert texts("\n".join(uneven)) == uneven


@pytest.mark.parametrize("language", sorted(ARTICLES))
def test_an_article_in_one_line_each(language: str) -> None:
    assert texts("\n".join(ARTICLES[language])) == list(ARTICLES[language])


@pytest.mark.parametrize("width", [66, 72, 78])
@pytest.mark.parametrize("language", sorted(ARTICLES))
def test_wrapped_paragraphs_are_joined(language: str, width: int) -> None:
    text = "\n\n".join(wrapped(paragraph, width) for paragraph in ARTICLES[language])
    assert squash(texts(text)) == squash(ARTICLES[language])
    assert [squash(found) for found in texts(text)] == [squash(paragraph) for paragraph in ARTICLES[language]]


def test_joined_words_keep_their_spaces() -> None:
    assert texts("\n\n".join(wrapped(p, 72) for p in ARTICLES["en"])) == list(ARTICLES["en"])
    assert texts("\n\n".join(wrapped(p, 72) for p in ARTICLES["zh"])) == list(ARTICLES["zh"])


@pytest.mark.parametrize("language", ["en", "ru"])
def test_two_dumps_of_other_widths_in_one_file(language: str) -> None:
    both = [wrapped(paragraph, width) for width in (78, 60) for paragraph in ARTICLES[language]]
    assert texts("\n\n".join(both)) == [*ARTICLES[language], *ARTICLES[language]]


def test_a_lone_wrapped_paragraph_is_joined_on_its_own_evidence() -> None:
    english = ARTICLES["en"][1]
    assert texts(f"News\n\n{wrapped(english, 70)}\n\nShare this\nPrint") == [
        "News",
        english,
        "Share this",
        "Print",
    ]


def test_wrapped_dump_without_blank_lines() -> None:
    text = lines("Home", "Sport", *(wrapped(p, 70) for p in ARTICLES["en"]), "Share", "Print")
    assert texts(text) == ["Home", "Sport", *ARTICLES["en"], "Share", "Print"]


def test_an_indent_begins_a_paragraph() -> None:
    paragraphs = [f"\u3000\u3000{wrapped(paragraph, 66)}" for paragraph in ARTICLES["zh"]]
    assert texts("\n".join(paragraphs)) == list(ARTICLES["zh"])


def test_an_indent_begins_a_paragraph_even_below_a_full_line() -> None:
    full = [f"\u3000\u3000{paragraph[:30]}，" for paragraph in ARTICLES["zh"]]
    rest = "\n\n".join(wrapped(paragraph, 66) for paragraph in ARTICLES["zh"])
    assert texts(f"{rest}\n\n" + "\n".join(full))[4:] == [line.strip() for line in full]


def test_ideographic_indents_inside_a_line_part_paragraphs() -> None:
    assert texts("第一段话。\u3000\u3000第二段话。\u3000\u3000第三段") == [
        "第一段话。",
        "第二段话。",
        "第三段",
    ]
    assert texts("姓\u3000\u3000名：王小明") == ["姓 名：王小明"]


@pytest.mark.parametrize(
    ("text", "width"),
    [
        (
            "The board had asked for a long, thorough look at the well-known ferry, and for a word on it.",
            62,
        ),
        (
            "Die Verwaltung bestellt, wie jedes Jahr im Herbst, auch Mehl- und Lampenöl für den Winter.",
            62,
        ),
    ],
)
def test_hyphens_at_line_ends(text: str, width: int) -> None:
    paragraph = f"{text} {ARTICLES['en'][0]}"
    filled = textwrap.fill(paragraph, width)
    assert "-\n" in filled
    assert texts(filled) == [paragraph]


@pytest.mark.parametrize(
    "text",
    [
        "The moon was low above the quay,\nthe boats were drawn ashore,\nnone could say\nwhat for.",
        "Harbour Board\n14 Quay Street\nNorth Haven 2210\nPhone 555 0101",
        "Home\nNews\nSport\nWeather\nContact us\nSubscribe to our newsletter",
        "Ferry to close at the end of the month\nMinister to visit the outer islands\nCouncil votes",
        "海上的灯塔亮了又灭\n岸边的人们等了又等\n渡轮终究没有回来\n夜色慢慢地沉下去",
        "渡轮停航引发岛民不满 港务局称发动机太旧\n市议会通过新学校预算 明年春天开工建设中\n"
        "部长将访问外海两岛 听取当地居民的意见吧",
        "文|三号编辑\n图|港口资料",
        "\n".join(
            f"{line}渡轮停航引发岛民不满港务局称发动机太旧需要花费两百万"
            for line in ("本市", "今日", "最新", "独家")
        ),
        "\n".join(
            f"{line}渡轮停航，岛民不满，港务局称发动机太旧"
            for line in ("本市", "今日", "最新", "独家", "快讯", "号外")
        ),
        "\n".join(
            f"and so, {'on ' * length}".strip() for length in (20, 33, 24, 38, 29, 20, 35, 26, 21, 31, 37, 23)
        ),
    ],
)
def test_short_lines_are_never_joined(text: str) -> None:
    assert texts(text) == text.split("\n")


def test_a_full_last_line_does_not_swallow_the_next_short_line() -> None:
    full = "The board will meet again on Friday evening, at seven, in the hall."
    paragraphs = [textwrap.fill(paragraph, 68) for paragraph in ARTICLES["en"] * 4]
    assert texts(lines(*paragraphs, full, "Share this", "Print"))[-3:] == [full, "Share this", "Print"]


def unfinished(*lengths: int) -> list[str]:
    """Lines of these lengths that begin and end within a sentence."""
    return [f"and so, {'on and ' * 30}"[: length - 1] + "x" for length in lengths]


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(unfinished(70, 70, 62, 70, 58, 70, 66, 70, 62, 58, 90, 82, 98, 90, 106), id="few agree"),
        pytest.param([*unfinished(*[70] * 6), *[f"{'Long line ' * 20}."] * 9], id="most are longer"),
    ],
)
def test_a_width_that_the_dump_does_not_keep_is_none(listed: list[str]) -> None:
    listed = [*listed, *(f"Note {number}." for number in range(40))]
    assert texts("\n".join(listed)) == listed


def test_a_headline_above_a_wrapped_paragraph_stays_alone() -> None:
    english = "\n\n".join(wrapped(paragraph, 72) for paragraph in ARTICLES["en"])
    assert texts(f"Ferry line to close\nBy Ann Ferris\n{english}")[:3] == [
        "Ferry line to close",
        "By Ann Ferris",
        ARTICLES["en"][0],
    ]


def test_words_torn_apart_by_inline_elements() -> None:
    text = lines(
        "The ferry to the outer islands will stop running, as the",
        "harbour board",
        "said on Tuesday. A report in the",
        "Island Courier",
        ", which was first to write of it, names",
        "no date",
        ".",
        "Share this article",
        "People live there all year round.",
        "Most of them",
        ", said the mayor, work ashore.",
    )
    assert texts(text) == [
        "The ferry to the outer islands will stop running, as the harbour board said on Tuesday. A report "
        "in the Island Courier, which was first to write of it, names no date.",
        "Share this article",
        "People live there all year round.",
        "Most of them, said the mayor, work ashore.",
    ]


def test_torn_words_do_not_draw_in_headlines_and_bylines() -> None:
    chrome = [
        "Ferry to the outer islands will stop at the end of the month",
        "Ann Ferris",
        "and others",
        "Read more",
        "about it. Now",
        "...",
        "More on the islands",
    ]
    torn = ["People live there all year round. Most of them", ", said the mayor, work ashore", "."]
    joined = ["People live there all year round. Most of them, said the mayor, work ashore."]
    assert texts("\n".join(chrome + torn)) == chrome + joined


# ---------------------------------------------------------------- characters


def test_invisible_characters_go() -> None:
    assert texts("\ufeffZero\u200bwidth,\xa0soft\xadhyphen,\ttab, \x07bell\u3000 end\u2060.") == [
        "Zerowidth, softhyphen, tab, bell end."
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x0b", "\f", "\x85"])
def test_line_ends(end: str) -> None:
    assert [(block.text, block.path) for block in blocks(f"One{end}{end}Two")] == [
        ("One", "line 1"),
        ("Two", "line 3"),
    ]


def test_joiners_stay_where_they_join() -> None:
    assert texts("می\u200cخواهم 👩\u200d🚀 海\u200d港 a\u200cb") == ["می\u200cخواهم 👩\u200d🚀 海港 ab"]


def test_lone_surrogates_do_no_harm() -> None:
    assert texts("a \ud800 b")[0].encode().decode() == "a \ufffd b"


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize("bullet", ["- ", "* ", "+ ", "• ", "· ", "‣ ", "●", "・", "■ ", "•", "◦ ", "▪"])
def test_bullets(bullet: str) -> None:
    found = blocks(f"{bullet}one\n{bullet}two")
    assert [(block.text, block.role, block.level) for block in found] == [
        ("- one", "list-item", 1),
        ("- two", "list-item", 1),
    ]


@pytest.mark.parametrize(
    "text", ["-5 degrees", "*footnote", "+ 49 30 1234", "●●●", "— Good day, he said.", "3 - 2", "-"]
)
def test_no_bullets(text: str) -> None:
    assert all(block.role == "paragraph" and block.text == text for block in blocks(text))


@pytest.mark.parametrize(
    "items",
    [
        ["1. one", "2. two"],
        ["(a) one", "(b) two"],
        ["1) one", "2) two"],
        ["1、一条", "2、两条"],
        ["（1）一", "（2）二"],
    ],
)
def test_numbered_items_keep_their_number(items: list[str]) -> None:
    assert [(block.text, block.role) for block in blocks("\n".join(items))] == [
        (item, "list-item") for item in items
    ]


@pytest.mark.parametrize(
    "text", ["12. März 2024 in Kiel", "3.5 million", "(2019) a year", "1. FC Nord", "f) alone"]
)
def test_a_number_without_neighbour_is_no_item(text: str) -> None:
    assert [block.role for block in blocks(f"{text}\n\nAnd so on.")] == ["paragraph", "paragraph"]


def test_depth_by_indent() -> None:
    text = lines("  * a", "    * b", "      * c", "  * d", "", "Text", "", "    + e", "  + f")
    assert [block.level for block in blocks(text)] == [1, 2, 3, 1, 0, 1, 1]


def test_wrapped_items_are_joined() -> None:
    items = [f"  * {paragraph}" for paragraph in ARTICLES["en"]]
    text = "\n".join(textwrap.fill(item, 72, subsequent_indent="    ") for item in items)
    assert texts(text) == [f"- {paragraph}" for paragraph in ARTICLES["en"]]


# ---------------------------------------------------------------- Markdown

MARKED = "[Home](https://a.example/)\n\n**Bold** words\n\n"  # enough to tell that a dump is Markdown


def marked(text: str) -> list[Block]:
    return list(blocks(MARKED + text))[2:]


def test_headings() -> None:
    found = blocks("# One\n\nText\n\n### Three ###\n\n#hashtag\n\nFour\n====\n\nFive\n----\n\nText")
    assert [(block.text, block.level) for block in found if block.role == "heading"] == [
        ("One", 1),
        ("Three", 3),
        ("Four", 1),
        ("Five", 2),
    ]
    assert "#hashtag" in [block.text for block in found]
    linked = marked("[ ## Linked ](/b)\nText")[0]
    assert (linked.text, linked.role, linked.level) == ("Linked", "heading", 2)


def test_hashes_of_tags_and_code_are_no_headings() -> None:
    assert texts("# One # Two # Three") == ["# One # Two # Three"]
    assert texts("x = 1\n# a comment\ny = f(x)\n") == ["x = 1\n# a comment\ny = f(x)"]


def test_rules_part_blocks_and_go() -> None:
    assert texts("a\n\n* * *\n\nb\n---\nlonger than its rule\n_____\n\nc\n***\nd") == [
        "a",
        "b",
        "longer than its rule",
        "c",
        "d",
    ]


def test_quotes() -> None:
    found = blocks(
        "> one\n> two\n>\n> > three\n\nno quote\n\n> Read more\n\nHome > News > Islands\n> Home > News"
    )
    assert [(block.text, block.role) for block in found] == [
        ("one", "quote"),
        ("two", "quote"),
        ("three", "quote"),
        ("no quote", "paragraph"),
        ("> Read more", "paragraph"),
        ("Home > News > Islands", "paragraph"),
        ("> Home > News", "paragraph"),
    ]


def test_wrapped_quotes_and_their_lazy_lines() -> None:
    quoted = textwrap.fill(ARTICLES["en"][0], 72, initial_indent="> ", subsequent_indent="> ")
    lazy = textwrap.fill(ARTICLES["en"][1], 72, initial_indent=">> ")
    rest = "\n\n".join(textwrap.fill(paragraph, 72) for paragraph in ARTICLES["en"][2:])
    found = marked(f"{rest}\n\n{quoted}\n\n{lazy}")
    assert [(block.text, block.role) for block in found][-2:] == [
        (ARTICLES["en"][0], "quote"),
        (ARTICLES["en"][1], "quote"),
    ]


@pytest.mark.parametrize(
    ("text", "plain", "link_chars"),
    [
        ("See [the *report*](http://a.example/x_y_(z)) now", "See the report now", 10),
        ('[a](<http://a.example/b c> "A title") b', "a b", 1),
        ("[one](/1)[two](/2)", "one two", 6),
        ("[ ![picture](/p.png) Caption ](/3)", "Caption", 7),
        ("x ![picture](/p.png) y", "x y", 0),
        ("[outer [inner](/1) end](/2)", "outer inner end", 15),
        (r"[code](javascript:go\(1,\(2\)\))", "code", 4),
        ("Read https://a.example/b?c and www.b.example", "Read https://a.example/b?c and www.b.example", 34),
        ("<https://a.example/>", "<https://a.example/>", 18),
        ("a\\. b \\*c\\* d\\_e", "a. b *c* d_e", 0),
        ("[Home](default)", "Home", 4),
        ("Ann **Ferry stops and 2 ** 3", "Ann Ferry stops and 2 ** 3", 0),
        ("**Bold:** and _em_ and `code` and ~~gone~~ ** **", "Bold: and em and code and gone", 0),
        ("新闻_来源_于**某报**今日", "新闻来源于某报今日", 0),
        (
            "5 * 3 * 2, snake_case_name, 2*3*4, [1], [a] (b), C:\\dir",
            "5 * 3 * 2, snake_case_name, 2*3*4, [1], [a] (b), C:\\dir",
            0,
        ),
    ],
)
def test_inline_marks(text: str, plain: str, link_chars: int) -> None:
    assert [(block.text, block.link_chars) for block in marked(text)] == [(plain, link_chars)]


def test_reference_links() -> None:
    found = marked('[text][1] and [Name][]\n\n[1]: https://a.example/\n\n   [name]: /name "A title"\n')
    assert [(block.text, block.link_chars) for block in found] == [("text and Name", 8)]


def test_text_that_only_looks_marked_stays() -> None:
    text = "He wrote *this* and **that**, a_b_c, \\n, `x`, [1], [2][3], f[i](x) and 5 * 3 * 2 = 30."
    assert texts(f"{text}\n\nMore text.") == [text, "More text."]


def test_a_block_with_only_an_image_goes() -> None:
    assert marked("![alt text](/a.png)\n\n[![](/b.png)](/c)\n\n  * [](/d)\n") == []


def test_unused_link_definitions_stay() -> None:
    assert [block.text for block in marked("[Note]: done.")] == ["[Note]: done."]


def test_wrapped_markdown_as_html2text_writes_it() -> None:
    text = (
        "The ferry to the outer islands will stop running, as the [harbour board](http://harbour.example/"
        "a-very-long-path/with-many-hyphens-in-it-and-more-of-them.html) said on Tuesday, after a "
        "[meeting](/m) that went on until late in the evening."
    )
    filled = textwrap.fill(text, 78, break_long_words=False)
    assert "-\n" in filled
    assert texts(f"# Ferry to stop\n\n{filled}  \nA new line  \nand one more") == [
        "Ferry to stop",
        "The ferry to the outer islands will stop running, as the harbour board said on Tuesday, after a "
        "meeting that went on until late in the evening.",
        "A new line",
        "and one more",
    ]


def test_two_spaces_end_a_full_line() -> None:
    rest = "\n\n".join(textwrap.fill(paragraph, 78) for paragraph in ARTICLES["en"])
    first = "The board will meet again on Friday evening, at seven, in the old hall on deck"
    assert [block.text for block in marked(f"{rest}\n\n{first}  \nand nowhere else")][-2:] == [
        first,
        "and nowhere else",
    ]


def test_short_lines_are_no_wrapped_ones_in_markdown() -> None:
    text = "One  \nTwo  \nThree  \n\nFerry to stop at the end of the month\nPosted today"
    assert [block.text for block in marked(text)][-2:] == [
        "Ferry to stop at the end of the month",
        "Posted today",
    ]


def test_code() -> None:
    fenced = blocks("Text\n\n```python\nx = 1\n\n  y\n```\nMore\n\n```\nnever closed")
    assert [(block.text, block.role) for block in fenced[:3]] == [
        ("Text", "paragraph"),
        ("x = 1\n  y", "preformatted"),
        ("More", "paragraph"),
    ]
    assert [block.text for block in fenced[3:]] == ["```", "never closed"]
    indented = marked("Text\n\n    \n    \n    def f(x):\n        return x\n    \n    f(1)\n\nMore")
    assert [(block.text, block.role) for block in indented][1] == (
        "def f(x):\n    return x\nf(1)",
        "preformatted",
    )


@pytest.mark.parametrize(
    "item", ["* [{}](/news.php?id={})", "* {} = {} (your guess)", "[{}](/news.php?id={})"]
)
def test_lists_with_code_signs_are_no_code(item: str) -> None:
    found = blocks("\n".join(item.format(name, name) for name in ("one", "two", "three", "four")))
    assert [block.role for block in found] == ["list-item" if item[0] == "*" else "paragraph"] * 4


def test_indented_text_is_no_code() -> None:
    assert [block.role for block in blocks("Text\n\n    indented\n\n        deeper, and more\n")] == [
        "paragraph"
    ] * 3


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize(
    "text",
    [
        "A| B  \n---|---  \n1| 2  \n3| 4",
        "| A | B |\n|:---|---:|\n| 1 | 2 |\n| 3 | 4 |",
        "A | B\n1 | 2\n3 | 4",
    ],
)
def test_data_tables(text: str) -> None:
    found = blocks(f"Before\n\n{text}\n\nAfter")
    assert [(block.text, block.role) for block in found] == [
        ("Before", "paragraph"),
        ("A | B\n1 | 2\n3 | 4", "table"),
        ("After", "paragraph"),
    ]


@pytest.mark.parametrize(
    "text", ["Home | News | Sport", "文|三号编辑", "Ferry to stop | Island Courier", "a || b", "|"]
)
def test_single_lines_with_bars_are_no_tables(text: str) -> None:
    assert [(block.text, block.role) for block in blocks(f"One\n{text}\nTwo")][1] == (text, "paragraph")


def test_rows_among_other_lines() -> None:
    text = lines(
        "Ferry to stop | Island Courier",
        *(f"Line {n} of the text." for n in range(6)),
        "a | b | c",
        "1 | 2 | 3",
        "End.",
    )
    assert texts(text)[-2:] == ["a | b | c\n1 | 2 | 3", "End."]
    assert len(texts(text)) == 9


def test_titles_of_tables() -> None:
    ruled = [
        (block.text, block.role) for block in marked("|  | Results  \n---|---  \nA | B  \n1 | 2  \n| Note  ")
    ]
    assert ruled == [("Results", "paragraph"), ("A | B\n1 | 2", "table"), ("Note", "paragraph")]
    plain = blocks("Text\n\nResults\nA | B\n1 | 2\n3 | 4")[1]
    assert (plain.text, plain.role) == ("Results\nA | B\n1 | 2\n3 | 4", "table")


def test_mostly_single_cells_are_no_table() -> None:
    text = "| Menu  \n---|---  \n| One  \n| Two  \na | b  \nc | d  \n| Three  \n"
    assert [(block.text, block.role) for block in marked(text)] == [
        (cell, "paragraph") for cell in ("Menu", "One", "Two", "a | b", "c | d", "Three")
    ]


def test_long_cells_make_a_layout() -> None:
    long = "word " * 60 + "end"
    assert texts(f"a | {long}\nb | {long}\nc | d\ne | f") == ["a", long, "b", long, "c | d\ne | f"]


def test_layout_tables_fall_apart() -> None:
    one, two = ARTICLES["en"][:2]
    found = blocks(
        f"| [Home](/a) | [News](/b)  \n---|---|---  \n{one} | [Advert](/c)  \n|  | {two}  \n"
        "[x](/d) | [y](/e)  \n"
    )
    assert [(block.text, block.role) for block in found] == [
        ("Home | News", "paragraph"),
        (one, "paragraph"),
        ("Advert", "paragraph"),
        (two, "paragraph"),
        ("x | y", "paragraph"),
    ]


def test_columns_are_read_one_by_one() -> None:
    right = [*ARTICLES["en"][:3]]
    left = ["News", "Sport", "Weather on the islands", "Letters", "Archive"]
    rows = [(left[0], right[0]), (left[1], ""), (left[2], right[1]), (left[3], ""), (left[4], right[2])]
    assert texts("\n".join(f"  {one:30}{two}" for one, two in rows)) == [*left, *right]


def test_columns_within_columns() -> None:
    left = ["News", "Sport", "Weather", "Letters"]
    middle = [*ARTICLES["en"][:4]]
    right = ["Advert one", "Advert two", "Advert three", "Advert four"]
    width = max(map(len, middle)) + 4
    rows = zip(left, middle, right, strict=True)
    assert texts("\n".join(f"{a:16}{b:{width}}{c}" for a, b, c in rows)) == [*left, *middle, *right]


def test_columns_of_short_cells_are_a_table() -> None:
    rows = [["Team", "Won", "Lost"], ["North Haven", "12", "3"], ["Quay", "9", "6"], ["Sound", "1", "14"]]
    found = blocks("\n".join(f"  {a:16}{b:8}{c:8}" for a, b, c in rows))
    assert [(block.text, block.role) for block in found] == [("\n".join(map(" | ".join, rows)), "table")]


def test_lists_side_by_side_are_columns() -> None:
    text = "\n".join(f"  * {name:12}* {name.upper()}" for name in ("one", "two", "three", "four"))
    assert texts(text) == [
        f"- {name}" for name in ("one", "two", "three", "four", "ONE", "TWO", "THREE", "FOUR")
    ]
    single = blocks("* A BrandVoice | Paid\n* B BrandVoice | Paid\n* C BrandVoice | Paid")
    assert [block.role for block in single] == ["list-item"] * 3


# ---------------------------------------------------------------- properties


def as_text(parts: list[tuple[str, str]]) -> str:
    return "\n\n".join(text for _, text in parts) + "\n"


PARTS = st.lists(
    st.one_of(
        st.tuples(st.just("paragraph"), PARAGRAPH),
        st.tuples(st.just("list-item"), PARAGRAPH.map("- {}".format)),
        st.tuples(st.just("table"), TABLE.map("\n".join)),
    ),
    max_size=8,
)


@given(PARTS)
def test_own_output_comes_back(parts: list[tuple[str, str]]) -> None:
    found = blocks(as_text(parts))
    assert [(block.role, block.text) for block in found] == parts


@given(PLAIN)
def test_nothing_is_lost_and_order_is_kept(text: str) -> None:
    found = blocks(text)
    assert Counter(squash(block.text for block in found)) == Counter(squash(text))
    if "   " not in text.replace("\t", "    ").replace("\xa0", " ").replace("\u2028", "\n"):  # no columns
        assert squash(block.text for block in found) == squash(text)
    assert [block.number for block in found] == list(range(len(found)))


@given(st.text(max_size=300))
def test_any_text_gives_sound_blocks(text: str) -> None:
    page = segment_text(text)
    looks_like_html(text)
    starts = [int(block.path.removeprefix("line ")) for block in page.blocks]
    assert all(1 <= start <= 1 + len(text.splitlines()) for start in starts)
    for block in page.blocks:
        assert block.text.strip() == block.text != ""
        assert 0 <= block.link_chars <= len(block.text)
        assert not set(block.text) & set("\x02\x03\x04\r\t\ufeff")
        assert "\n" not in block.text or block.role in ("table", "preformatted")
        assert (block.level > 0) == (block.role in ("heading", "list-item"))


@given(st.text('[]()!*_`~\\#>-|a1 \n"<.:/=', max_size=300))
def test_any_markup_gives_sound_blocks(text: str) -> None:
    for block in blocks(MARKED + text):
        assert block.text
        assert not set(block.text) & set("\x02\x03\x04")
        assert 0 <= block.link_chars <= len(block.text)


@pytest.mark.parametrize(
    "unit",
    [
        *("[", "](", "[a](", "![", "[[a](b)", '](a "', "](/a ", "](<", "][", "](javascript:(", "[a]: b\n"),
        *(
            "*",
            "**a ",
            "**a** ",
            "_",
            "`",
            "`a",
            "# ",
            "> ",
            "|",
            "a | b\n",
            "---|---\n",
            "```\n",
            "```a\n",
            "    \n",
        ),
        *(
            "\u3000",
            "\u200d",
            "。\u3000\u3000",
            "1. a\n",
            "- a\n",
            "x   x   ",
            "x   x\n",
            "\n",
            "  \n",
            "a\n.\n",
            "=\n",
        ),
        *(
            "<",
            "</b>",
            "<!--",
            "a word, ",
            "海，",
            "\\",
            "http://",
            "word, and another word after it in a line of text so\n",
        ),
    ],
)
def test_hostile_repetition_ends(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    with ends():
        segment_text(text)
        segment_text(MARKED + text)
        looks_like_html(text)


def test_large_dumps_end() -> None:
    with ends():
        assert len(blocks("word " * 1_000_000)) == 1
        assert len(blocks("A line of the page, one of many.\n" * 30_000)) == 30_000
        assert len(blocks("a\n" + "\n" * 1_000_000 + "b")) == 2


# ---------------------------------------------------------------- HTML or text


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><html><body>x</body></html>",
        '\ufeff \n<?xml version="1.0"?>\n<!-- made by hand -->\n<html xmlns="http://www.w3.org/1999/xhtml">',
        "<div class='a'><p>One</p></div>",
        "<p>Hello <b>there</b></p>",
        "<P>one<P>two<P>three",
        f"<article><h1>x</h1>{'word ' * 5000}",
        "Some text<p>one</p><p>two</p><p>three</p>",
        f"<envelope><url>x</url><html><body>{'x ' * 50}</body></html></envelope>",
    ],
)
def test_html(text: str) -> None:
    assert looks_like_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Use <b> for bold, </b> ends it.",
        "# A title\n\nA line.<br>Another line <img src='x.png'> of the text.",
        f"<p align='center'><img src='logo.png'></p>\n\n# A project\n\n{'Words about it. ' * 40}",
        "```html\n<div><p>a</p></div>\n```\nThat is how you write it.",
        "< 5 and > 3",
        "<3 the islands",
        "<https://a.example/> is the place",
        "Ann <ann@a.example> wrote:\n> <b>hi</b>",
        *chain(*ARTICLES.values()),
    ],
)
def test_no_html(text: str) -> None:
    assert not looks_like_html(text)


# ---------------------------------------------------------------- real dumps


def test_title_line() -> None:
    assert segment_text("Title: Ferry to stop\n\nText").meta == {"title": "Ferry to stop"}
    assert segment_text("Text\n\nTitle: Ferry to stop").meta == {}


def test_every_line_of_the_generated_dumps_is_a_block_or_a_row(shared: Path) -> None:
    with gzip.open(
        shared / "corpus" / "neardup" / "intra" / "pages.jsonl.gz", "rt", encoding="utf-8"
    ) as records:
        dumps = [record["content"] for record in map(json.loads, records) if record["format"] == "txt"]
    assert dumps
    for dump in dumps:
        rows = chain.from_iterable(block.text.split("\n") for block in blocks(dump))
        assert [squash(row) for row in rows] == [squash(line) for line in dump.split("\n") if line.strip()]


def test_real_dumps_lose_nothing(shared: Path) -> None:
    with gzip.open(shared / "corpus" / "dumps" / "dumps.jsonl.gz", "rt", encoding="utf-8") as records:
        dumps = [record for record in map(json.loads, records) if record["form"] == "once"]
    assert dumps
    for dump in dumps:
        text = dump["text"]
        assert not looks_like_html(text)
        if dump["converter"] in ("blocks", "resiliparse"):
            assert squash(block.text for block in blocks(text)) == squash(text)
        elif dump["converter"] == "inscriptis":
            assert Counter(squash(block.text for block in blocks(text))) == Counter(squash(text))
