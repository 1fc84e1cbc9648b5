"""HTML to blocks: what becomes a block, in which role, and that no text is lost on the way."""

from __future__ import annotations

import json

import pytest
from conftest import ARTICLES, ends, squash
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from dedupe.page import Page, Traits
from dedupe.segment.gather import MAX_DEPTH, NAME_CHARS
from dedupe.segment.html import segment_html
from dedupe.segment.thresholds import MARKUP_RULES, TABLE_RULES

BODY = " ".join(ARTICLES["en"])


def texts(source: str) -> list[str]:
    return [block.text for block in segment_html(source).blocks]


def roles(source: str) -> list[tuple[str, int, str]]:
    return [(block.role, block.level, block.text) for block in segment_html(source).blocks]


def hidden(page: Page) -> list[bool]:
    return [page.where[at] >= 0 and page.nodes[page.where[at]].hidden for at in range(len(page.blocks))]


# ---------------------------------------------------------------- borders


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>one</p><p>two</p>", ["one", "two"]),
        ("<div>one<br>two<br/><br>three</div>", ["one", "two", "three"]),
        ("<table><tr><td>one<br>two</td></tr></table>", ["one", "two"]),
        ("<div>one<p>two</p>three</div>", ["one", "two", "three"]),
        ("<p>one<hr>two", ["one", "two"]),
        ("<section>one</section><article>two</article><aside>three</aside>", ["one", "two", "three"]),
        ("<dl><dt>one</dt><dd>two</dd></dl>", ["one", "two"]),
        ("<details><summary>one</summary>two</details>", ["one", "two"]),
        ("<form>one<button>two</button></form>", ["one", "two"]),
        ("<center>one</center>two", ["one", "two"]),
        ("plain words", ["plain words"]),
        ("<p>one<p>two<p>three", ["one", "two", "three"]),
        ("<ul><li>one<li>two</ul>", ["- one", "- two"]),
        ("<div><b><p>one</p></b><p>two</div></div></span>three", ["one", "two", "three"]),
        ("<p>one</p></body></html><p>two</p>", ["one", "two"]),
        ("<P>one</P><DIV>two</DIV>", ["one", "two"]),
    ],
)
def test_where_a_block_ends(source: str, expected: list[str]) -> None:
    assert texts(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "<p>a <b>long</b> <i>word</i></p>",
        "<p>a <span>lo<em>ng</em></span> word</p>",
        "<p>a <a href='#'>long</a> word<img src=x></p>",
        "<p>a lo<wbr>ng word</p>",
        "<p>a <font color=red>long</font> <x-word>word</x-word></p>",
        "<p>a <!-- no -->long<!-- <p> --> word</p>",
        "<p>\n  a\n  long\t word \u00a0</p>",
        "<p>a<script>document.write('<p>no</p>')</script> long<style>p {}</style> word</p>",
        "<p>a <ruby>long</ruby> word<svg><text>no</text></svg></p>",
        "<p>a long<svg><g><text>no</text></g>no<path/>no</svg> word</p>",
        "<h1>a long<br>word</h1>",
        "<p>a&#32;long&nbsp;w&#x6f;rd</p>",
    ],
)
def test_inline_elements_do_not_end_a_block(source: str) -> None:
    assert texts(source) == ["a long word"]


@pytest.mark.parametrize(
    "source",
    [
        "",
        " \n\t ",
        "<!-- nothing -->",
        "<html></html>",
        "<p> </p><div><br></div>",
        "<script>x</script>",
        "<img>",
        "\x00",
        "<",
    ],
)
def test_pages_without_text(source: str) -> None:
    page = segment_html(source)
    assert squash(block.text for block in page.blocks) == ""
    assert len(page.blocks) == len(page.where) == len(page.traits)


def test_entities_are_characters() -> None:
    assert texts("<p>&lt;b&gt; &amp;amp; &#x4e2d;&#25991; &copy; &bogus; AT&T</p>") == [
        "<b> &amp; 中文 © &bogus; AT&T"
    ]


def test_an_entity_definition_is_not_followed() -> None:
    bomb = '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><p>x &b; y</p>'
    assert "ha" not in squash(texts(bomb))


def test_nul_bytes_and_lone_surrogates_do_no_harm() -> None:
    assert texts("<p>on\x00e</p>\x00<p>tw\ud800o</p>") == ["one", "tw?o"]


def test_cdata_is_a_comment_in_html() -> None:
    assert texts("<p>one <![CDATA[no]]>two</p>") == ["one two"]


# ---------------------------------------------------------------- roles


def test_headings_have_their_level() -> None:
    source = "".join(f"<h{level}>Title {level}</h{level}>" for level in range(1, 7))
    assert roles(source) == [("heading", level, f"Title {level}") for level in range(1, 7)]


def test_list_items_have_a_bullet_and_their_depth() -> None:
    source = """
        <ul><li>one
            <ol><li>two<ul><li>three</li></ul></li></ol>
          </li>
          <li><p>four</p><p>five</p></li></ul><li>six</li>"""
    assert roles(source) == [
        ("list-item", 1, "- one"),
        ("list-item", 2, "- two"),
        ("list-item", 3, "- three"),
        ("list-item", 1, "- four"),
        ("paragraph", 0, "five"),
        ("list-item", 1, "- six"),
    ]


def test_a_heading_in_a_list_item_stays_a_heading() -> None:
    assert roles("<ul><li><h3>one</h3>two</li></ul>") == [("heading", 3, "one"), ("paragraph", 0, "two")]


def test_quotes_and_captions() -> None:
    source = "<blockquote>one<p>two</p></blockquote><figure><img><figcaption>three</figcaption></figure>four"
    assert [(role, text) for role, _, text in roles(source)] == [
        ("quote", "one"),
        ("quote", "two"),
        ("caption", "three"),
        ("paragraph", "four"),
    ]


def test_code_keeps_its_lines() -> None:
    code = "def rain(day):\n    if day:\n        return 3\n\n    return None"
    assert roles(f"<pre><code>{code}\n</code></pre>") == [("preformatted", 0, code)]
    assert roles("<pre>one<br>two</pre>") == [("preformatted", 0, "one\ntwo")]


def test_prose_in_a_pre_is_paragraphs() -> None:
    source = "<pre>" + "\n\n".join(ARTICLES["en"]) + "</pre>"
    assert roles(source) == [("paragraph", 0, text) for text in ARTICLES["en"]]


def test_a_data_table_is_one_block_with_its_rows() -> None:
    source = """
        <table><thead><tr><th>Team</th><th>Points</th></tr></thead>
        <tbody><tr><td>Sound</td><td><b>7</b></td></tr><tr><td>Quay</td><td>4</td></tr></tbody></table>"""
    assert roles(source) == [("table", 0, "Team | Points\nSound | 7\nQuay | 4")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["<td>a<td><td>c", "<td><td>b<td>"], "a |  | c\n| b |"),
        (["<td>a<td>b", ""], "a | b"),
        (["<td>a<br>b<td>c"], "a b | c"),
    ],
)
def test_cells_may_be_empty_or_have_lines(rows: list[str], expected: str) -> None:
    assert texts("<table>" + "".join(f"<tr>{row}" for row in rows) + "</table>") == [expected]


@pytest.mark.xfail(strict=True, reason="a caption counts as text between the cells, and makes a layout table")
def test_a_data_table_may_have_a_caption() -> None:
    source = "<table><caption>Winners</caption><tr><td>Sound<td>7<tr><td>Quay<td>4</table>"
    assert roles(source) == [("caption", 0, "Winners"), ("table", 0, "Sound | 7\nQuay | 4")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<table><tr><td>one</td></tr><tr><td>two</td></tr></table>", ["one", "two"]),
        (
            f"<table><tr><td>{'w ' * TABLE_RULES.layout_cell_chars}</td><td>two</td></tr></table>",
            ["w " * (TABLE_RULES.layout_cell_chars - 1) + "w", "two"],
        ),
        ("<table><tr><td><a href=#>one</a></td><td><a href=#>two</a></td></tr></table>", ["one", "two"]),
        ("<table><tr><td><ul><li>one</ul></td><td>two</td></tr></table>", ["- one", "two"]),
        (
            "<table><tr><td>menu</td><td><table><tr><td>a</td><td>1</td></tr></table></td></tr></table>",
            ["menu", "a | 1"],
        ),
    ],
)
def test_a_layout_table_is_its_blocks(source: str, expected: list[str]) -> None:
    assert texts(source) == expected


# ---------------------------------------------------------------- where blocks stand


def test_paths_count_the_siblings_of_a_tag() -> None:
    page = segment_html("<body><div>x</div><div><p>a</p><span>b</span><p>c</p></div></body>")
    assert [block.path.partition("body")[2] for block in page.blocks] == [
        "[1]/div[1]",
        "[1]/div[2]/p[1]",
        "[1]/div[2]",
        "[1]/div[2]/p[2]",
    ]


def test_numbers_are_places_and_every_list_has_an_entry_for_each_block() -> None:
    page = segment_html(
        "<p>a<ul><li>b</ul><table><tr><td>c<td>d</table><textarea>" + BODY + "</textarea><p>e"
    )
    assert [block.number for block in page.blocks] == list(range(len(page.blocks)))
    assert len(page.blocks) == len(page.where) == len(page.traits)
    assert page.kind == "html"


def test_nodes_name_their_parents_classes_and_tags() -> None:
    page = segment_html('<div class="story main" id=s1 role=main itemprop=articleBody title=no><p>a</div>')
    node = page.nodes[page.where[0]]
    assert (node.tag, node.nth, node.name) == ("p", 1, "")
    above = page.nodes[node.parent]
    assert (above.tag, above.name) == ("div", "story main s1 main articleBody")
    assert all(node.parent < at for at, node in enumerate(page.nodes))


def test_names_are_cut() -> None:
    page = segment_html(
        f"<p class='{'c' * 5000}'>a <span class='{'d' * 5000}'>b</span><span class=e>c</span>"
    )
    assert len(page.nodes[page.where[0]].name) == NAME_CHARS
    assert "e" not in page.traits[0].name


def test_what_the_markup_tells() -> None:
    source = "<img><img><p><a href=#>two words</a> <b>bold</b> <time class=t>now</time> <a>x</a></p><p>y</p>"
    page = segment_html(source)
    assert page.blocks[0].link_chars == len("two words") + 1
    assert page.traits[0] == Traits(links=2, bold=4, time=True, images=2, name=" t")
    assert page.traits[1] == Traits()


def test_link_chars_are_counted_for_each_line_and_never_beyond_the_text() -> None:
    page = segment_html("<div><a>one</a><br>two <a>three</a></div><p><a>  a     b  </a></p>")
    assert [(block.text, block.link_chars) for block in page.blocks] == [
        ("one", 3),
        ("two three", 5),
        ("a b", 3),
    ]


# ---------------------------------------------------------------- text that is not shown


@pytest.mark.parametrize(
    "source",
    [
        "<p style='display:none'>x</p>",
        "<div style='color: red; DISPLAY : none'><div><p>x</p></div></div>",
        "<p style='visibility:hidden'>x</p>",
        "<p hidden>x</p>",
        "<div hidden=''><table><tr><td>x</table></div>",
        "<noscript><p>x</p></noscript>",
        "<template><p>x</p></template>",
    ],
)
def test_what_is_not_shown_is_a_block_and_said_to_be_hidden(source: str) -> None:
    page = segment_html(f"<p>before</p>{source}<p>after</p>")
    assert [block.text for block in page.blocks] == ["before", "x", "after"]
    assert hidden(page) == [False, True, False]


@pytest.mark.parametrize(
    "source", ["<p style='display:block'>x</p>", "<p class=hidden>x</p>", "<p style=''>x</p>"]
)
def test_what_is_shown_is_not_said_to_be_hidden(source: str) -> None:
    assert hidden(segment_html(source)) == [False]


def test_a_textarea_holds_a_copy_as_text_or_as_escaped_html() -> None:
    escaped = "".join(f"&lt;p&gt;{text}&lt;/p&gt;" for text in ARTICLES["en"])
    for inside in (
        escaped,
        "\n\n".join(ARTICLES["en"]),
        "".join(f"<p>{text}</p>" for text in ARTICLES["en"]),
    ):
        page = segment_html(f"<p>before</p><textarea>{inside}</textarea><p>after</p>")
        assert squash(block.text for block in page.blocks) == squash(["before", "after", *ARTICLES["en"]])
        assert hidden(page) == [False, False, *[True] * (len(page.blocks) - 2)]


def test_a_short_textarea_is_a_field_of_a_form() -> None:
    assert texts(f"<textarea>{'x' * (MARKUP_RULES.copy_chars - 1)}</textarea><p>a</p>") == ["a"]


def linked_data(record: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(record)}</script>'


ARTICLE_RECORD = {
    "@type": "NewsArticle",
    "headline": "Ferry stops &amp; islands wait",
    "datePublished": "2024-05-03T10:00:00Z",
    "articleBody": BODY,
}


@pytest.mark.parametrize(
    "record",
    [
        ARTICLE_RECORD,
        [ARTICLE_RECORD],
        {"@graph": [{"@type": "Person"}, ARTICLE_RECORD]},
        {"mainEntity": ARTICLE_RECORD},
    ],
)
def test_a_body_that_only_linked_data_has_is_a_hidden_copy(record: object) -> None:
    page = segment_html(f"{linked_data(record)}<p>Only the first lines are here.</p>")
    assert squash(block.text for block in page.blocks) == squash(["Only the first lines are here.", BODY])
    assert hidden(page) == [False, *[True] * (len(page.blocks) - 1)]
    assert page.meta["ld_headline"] == "Ferry stops & islands wait"
    assert page.meta["ld_date"] == "2024-05-03T10:00:00Z"


def test_a_body_that_the_page_has_too_is_no_copy() -> None:
    paragraphs = "".join(f"<p>{text}</p>" for text in ARTICLES["en"])
    page = segment_html(f"{linked_data(ARTICLE_RECORD)}{paragraphs}")
    assert [block.text for block in page.blocks] == list(ARTICLES["en"])


@pytest.mark.parametrize(
    "broken",
    [
        '{"articleBody": ',
        '{"articleBody": 7}',
        '{"articleBody": "short"}',
        "[" * 100_000 + '"headline"',
        '{"headline": NaN}',
    ],
)
def test_broken_linked_data_does_no_harm(broken: str) -> None:
    assert texts(f'<script type="application/ld+json">{broken}</script><p>a</p>') == ["a"]


# ---------------------------------------------------------------- what the page says of itself


def test_meta_data() -> None:
    page = segment_html(
        """<html lang="de-AT"><head><title> Ferry
        stops </title><title>second</title>
        <meta property="og:title" content="Ferry  stops"><meta property="og:site_name" content="Sound Press">
        <meta name="author" content="P. Quill"><meta property="article:published_time" content="2024-05-03">
        <meta itemprop="datePublished" content="2020-01-01"><meta name="Description" content="Winter">
        <meta name="empty" content=""><meta content="no name"><meta name="keywords" content="no">
        <link rel="canonical" href="https://example.org/ferry"></head><body>x</body></html>"""
    )
    assert page.meta == {
        "lang": "de-AT",
        "title": "Ferry stops",
        "og_title": "Ferry stops",
        "site": "Sound Press",
        "author": "P. Quill",
        "date": "2024-05-03",
        "description": "Winter",
        "canonical": "https://example.org/ferry",
    }


def test_the_first_time_element_gives_a_time() -> None:
    assert (
        segment_html("<time>no</time><time datetime=2024-05-03>a</time><time datetime=2020-01-01>b").meta[
            "time"
        ]
        == "2024-05-03"
    )


# ---------------------------------------------------------------- size


@pytest.mark.parametrize(
    "tag", ["div", "span", "b", "blockquote", "ul><li", "table><tr><td", "x-y", "font", "section"]
)
@pytest.mark.parametrize("depth", [400, 5_000])
def test_deep_text_is_not_lost(tag: str, depth: int) -> None:
    with ends():
        page = segment_html(f"<p>before</p>{f'<{tag}>' * depth}deep text")
    assert squash(block.text for block in page.blocks) == "beforedeeptext"


def test_text_at_every_depth_is_kept_in_order() -> None:
    depth = 100_000
    with ends():
        page = segment_html("".join(f"<div>{at} " for at in range(depth)))
    assert squash(block.text for block in page.blocks) == squash(map(str, range(depth)))
    assert max(block.path.count("/") for block in page.blocks) < MAX_DEPTH


def test_many_attributes() -> None:
    with ends():
        page = segment_html("<p " + " ".join(f"data-{at}=x" for at in range(50_000)) + ">a</p>")
    assert [block.text for block in page.blocks] == ["a"]


# ---------------------------------------------------------------- a slow plain reference

SKIPPED = ("script", "style", "svg", "textarea", "title")
# fmt: off
TAGS = (
    "div", "p", "span", "b", "a", "i", "ul", "ol", "li", "h2", "blockquote", "section", "table", "tr", "td",
    "th", "pre", "figure", "figcaption", "br", "hr", "x-box", "font", "noscript", "template", "dl", "dt",
    "dd", "em", "center", "nav", "article", "script", "style", "svg",
)
# fmt: on
WORDS = st.sampled_from(
    ["rain", "ferry ", " 42", "渡轮", "Straße", "&amp;", "a b", "1 < 2", " ", "\n", "x.", "é"]
)


def trees(depth: int = 4) -> st.SearchStrategy[str]:
    """Small documents from nested, unclosed and stray tags."""
    escaped = WORDS.map(lambda word: word.replace("<", "&lt;"))
    inner = st.deferred(lambda: trees(depth - 1)) if depth else escaped
    element = st.builds(
        lambda tag, inside, closed: f"<{tag}>{inside}" + (f"</{tag}>" if closed else ""),
        st.sampled_from(TAGS),
        inner,
        st.integers(0, 9).map(bool),
    )
    stray = st.sampled_from(["</div>", "</p>", "</b>", "<!-- c -->", "</table>", "</td>"])
    return st.lists(escaped | element | element | stray, max_size=4).map("".join)


def plain_text(node: html.HtmlElement) -> str:
    """All text of a tree in its order, but for what is no text of the page."""
    inside = node.text or ""
    for child in node:
        if isinstance(child.tag, str) and child.tag not in SKIPPED:
            inside += plain_text(child)
        inside += child.tail or ""
    return inside


@settings(max_examples=300)
@given(trees())
def test_all_text_of_the_tree_stands_in_the_blocks_in_order(source: str) -> None:
    document = f"<html><body><div>{source}</div></body></html>"
    tree = html.document_fromstring(document, parser=html.HTMLParser(huge_tree=True))
    assert squash(texts(document)) == squash(plain_text(tree))


@settings(max_examples=100)
@given(st.text(max_size=80) | st.text("<>/=\"' &;#!-abdiplrt0\n", max_size=60))
def test_any_text_gives_a_page(source: str) -> None:
    page = segment_html(source)
    assert [block.number for block in page.blocks] == list(range(len(page.blocks)))
    assert len(page.blocks) == len(page.where) == len(page.traits)
    assert all(-1 <= at < len(page.nodes) for at in page.where)
    assert all(block.text.strip() for block in page.blocks)
    assert all(0 <= block.link_chars <= len(block.text) for block in page.blocks)


@given(st.lists(st.sampled_from([*ARTICLES["en"], *ARTICLES["zh"]]), min_size=1, max_size=6))
def test_serialised_trees_give_the_same_blocks(paragraphs: list[str]) -> None:
    source = "<html><body>" + "".join(f"<p>{text}</p>" for text in paragraphs) + "</body></html>"
    again = etree.tostring(html.document_fromstring(source), encoding="unicode", method="html")
    assert texts(source) == texts(again) == paragraphs


def test_signs_that_do_not_show_stay_as_the_page_has_them() -> None:
    page = segment_html(
        "<p>Zero&#8203;width, soft&shy;hyphen&nbsp; end.</p><p>می&zwnj;خواهم 👩\u200d🚀 a&zwj;b</p>"
    )
    assert [block.text for block in page.blocks] == [
        "Zero\u200bwidth, soft\xadhyphen end.",
        "می\u200cخواهم 👩\u200d🚀 a\u200db",
    ]
