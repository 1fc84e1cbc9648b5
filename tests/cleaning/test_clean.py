"""The whole way from whatever holds a page to its one clean copy."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from conftest import ARTICLES, squash
from lxml import etree, html

import dedupe
from dedupe import Cleaner, InputError, Options
from dedupe.result import CleanResult

TITLE = "Ferry to the outer islands stops"
BYLINE = "By Pamela Quill"
MENU = ("Home", "Harbour", "Weather", "Letters to the editor", "Sign in")


def page(paragraphs: tuple[str, ...] = ARTICLES["en"], head: str = "", below: str = "") -> str:
    """A small news page with a menu, a title, a byline, the article and what hangs on below it."""
    menu = "".join(f"<li><a href='/{at}'>{name}</a></li>" for at, name in enumerate(MENU))
    story = "".join(f"<p>{text}</p>" for text in paragraphs)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>{head}</head>
<body><nav class="menu"><ul>{menu}</ul></nav>
<article><h1>{TITLE}</h1><p class="byline">{BYLINE}</p>{story}</article>
<div class="comments"><h3>Comments</h3><p>Log in to comment</p></div>{below}
<footer><p>About us</p><p>Cookie settings</p></footer></body></html>"""


def kept(result: CleanResult) -> list[str]:
    return [block.text for block in result.blocks]


def gone(result: CleanResult) -> list[str]:
    return [removal.block.text for removal in result.removals]


# ---------------------------------------------------------------- what comes out


def test_the_article_stays_and_the_page_goes() -> None:
    result = dedupe.clean(page())
    assert kept(result) == [TITLE, BYLINE, *ARTICLES["en"]]
    assert [block.role for block in result.blocks] == ["headline", "byline", *["paragraph"] * 4]
    assert {f"- {name}" for name in MENU} < set(gone(result))
    assert result.is_article
    assert result.title == TITLE
    assert result.language == "en"
    assert result.text == "\n\n".join([TITLE, BYLINE, *ARTICLES["en"]]) + "\n"
    assert result.body == "\n\n".join(ARTICLES["en"]) + "\n"


def test_a_line_that_comes_back_again_and_again_in_a_dump_is_no_second_headline() -> None:
    refrain = "Row on, the islands wait"
    verses = [line for text in ARTICLES["en"] for line in (refrain, text)]
    assert kept(dedupe.clean("\n\n".join(verses))) == verses
    twice = [refrain, *ARTICLES["en"], refrain]
    assert kept(dedupe.clean("\n\n".join(twice))) == twice[:-1]


def test_a_second_copy_is_a_repeat_of_the_first() -> None:
    copy = "".join(f"<p>{text}</p>" for text in ARTICLES["en"])
    result = dedupe.clean(page(below=f"<div class='print'>{copy}</div>"))
    assert kept(result) == [TITLE, BYLINE, *ARTICLES["en"]]
    repeats = [removal for removal in result.removals if removal.reason == "repeat"]
    assert [removal.block.text for removal in repeats] == list(ARTICLES["en"])
    assert [removal.original for removal in repeats] == list(result.blocks[2:])
    assert all(removal.rule.startswith("repeat") and removal.score == 1.0 for removal in repeats)


@pytest.mark.parametrize("language", ARTICLES)
@pytest.mark.parametrize("layer", ["<div class='sidebar related'>", "<footer>", "<div class='modal'>"])
def test_a_copy_in_a_place_that_reads_as_chrome_does_not_take_the_article_along(
    layer: str, language: str
) -> None:
    article = ARTICLES[language]
    copy = (
        layer + "".join(f"<p>{text}</p>" for text in article) + "</" + layer[1:].split()[0].rstrip(">") + ">"
    )
    above = page(article).replace("<nav", copy + "<nav", 1)
    for source in (above, page(article, below=copy)):
        assert dedupe.clean(source).body == "\n\n".join(article) + "\n"


def test_every_block_says_what_decided() -> None:
    result = dedupe.clean(page())
    assert all(block.rule and block.score is not None and 0 <= block.score <= 1 for block in result.blocks)
    assert all(removal.rule and 0 <= removal.score <= 1 for removal in result.removals)
    numbers = [removal.block.number for removal in result.removals]
    assert numbers == sorted(numbers), "removals come in page order"


def test_three_copies_in_one_block_are_told_apart() -> None:
    text = " ".join(ARTICLES["en"])
    for source in ("\n\n".join([TITLE, " ".join([text] * 3)]), page((" ".join([text] * 3),))):
        result = dedupe.clean(source)
        blocks = sorted(
            [*result.blocks, *(removal.block for removal in result.removals)], key=lambda block: block.number
        )
        assert squash(block.text for block in blocks).count(squash(text)) == 3
        assert squash(result.text).count(squash(text)) == 1


# ---------------------------------------------------------------- what goes in


TREES = pytest.mark.parametrize(
    "read",
    [
        html.document_fromstring,
        etree.HTML,
        lambda source: BeautifulSoup(source, "lxml"),
        lambda source: BeautifulSoup(source, "html.parser"),
    ],
    ids=["lxml.html", "etree", "soup of lxml", "soup of html.parser"],
)


def assert_same(holder: object) -> None:
    result, wanted = dedupe.clean(holder), dedupe.clean(page())
    assert kept(result) == kept(wanted)
    assert gone(result) == gone(wanted)
    assert (result.kind, result.title) == ("html", TITLE)


@pytest.mark.parametrize("convert", [bytes, bytearray, memoryview])
def test_bytes_of_any_type_give_the_same_blocks(convert: Callable[[bytes], object]) -> None:
    assert_same(convert(page().encode()))
    assert_same(convert(page().encode("utf-16")))


def test_a_file_gives_the_same_blocks(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(page().encode())
    assert_same(path)


@TREES
def test_a_tree_gives_the_same_blocks_and_is_left_alone(read: Callable[[str], Any]) -> None:
    tree = read(page())
    before = read(page())
    assert_same(tree)
    assert written(tree) == written(before)


def written(tree: Any) -> str:
    return str(tree) if isinstance(tree, BeautifulSoup) else etree.tostring(tree, encoding="unicode")


def test_a_whole_tree_gives_the_same_blocks() -> None:
    assert_same(html.document_fromstring(page()).getroottree())


@TREES
def test_a_part_of_a_tree_is_a_page_too(read: Callable[[str], Any]) -> None:
    part = read(page()).find(".//article" if read in (html.document_fromstring, etree.HTML) else "article")
    assert kept(dedupe.clean(part)) == [TITLE, BYLINE, *ARTICLES["en"]]


def test_what_follows_an_element_is_no_part_of_it() -> None:
    after = " ".join(ARTICLES["de"])
    element = html.fragment_fromstring(f"<div><p>{ARTICLES['en'][0]}</p>{after}</div>")[0]
    result = dedupe.clean(element)
    assert [*kept(result), *gone(result)] == [ARTICLES["en"][0]]


def test_text_is_a_page_too() -> None:
    result = dedupe.clean("\n\n".join([TITLE, *ARTICLES["en"]]))
    assert result.kind == "text"
    assert kept(result) == [TITLE, *ARTICLES["en"]]


@pytest.mark.parametrize("given", [None, 3, 3.5, ["<p>x</p>"], {"html": "x"}, object()])
def test_what_holds_no_page_is_refused_with_what_does(given: object) -> None:
    with pytest.raises(InputError, match=f"cannot clean a {type(given).__name__}: give str"):
        dedupe.clean(given)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.html", tmp_path):
        with pytest.raises(InputError) as caught:
            dedupe.clean(path)
        assert str(path) in str(caught.value)
        assert caught.value.source == str(path)


@pytest.mark.xfail(strict=True, raises=ValueError, reason="the ValueError of open() gets through")
def test_a_path_that_is_none_is_an_input_error() -> None:
    with pytest.raises(InputError):
        dedupe.clean(Path("a\0b"))


def test_a_file_of_rubbish_is_named(tmp_path: Path) -> None:
    path = tmp_path / "image.html"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    with pytest.raises(dedupe.EncodingError, match=r"image\.html: "):
        dedupe.clean(path)


# ---------------------------------------------------------------- charset, url, title, date, warnings


def test_bytes_are_decoded_as_the_page_says_or_as_the_caller_knows() -> None:
    story = "".join(f"<p>{text}</p>" for text in ARTICLES["zh"])
    source = f"<html><head><meta charset=gb2312></head><body><article>{story}</article></body></html>"
    for hint in (None, "gb18030"):
        result = dedupe.clean(source.encode("gb18030"), encoding=hint)
        assert kept(result) == list(ARTICLES["zh"])
        assert result.encoding == "gb18030"
    assert dedupe.clean(source).encoding is None


def test_an_unknown_charset_is_refused() -> None:
    with pytest.raises(dedupe.EncodingError, match="klingon"):
        dedupe.clean(b"<p>x</p>", encoding="klingon")


def test_the_url_is_the_one_given_or_the_canonical_one() -> None:
    head = "<link rel=canonical href='https://example.org/ferry'>"
    assert dedupe.clean(page(head=head)).url == "https://example.org/ferry"
    assert dedupe.clean(page(head=head), url="https://example.org/a").url == "https://example.org/a"
    assert dedupe.clean(page()).url is None


def test_the_title_is_the_headline_or_what_the_head_says() -> None:
    story = "".join(f"<p>{text}</p>" for text in ARTICLES["en"])
    for head, title in (
        ("<title>From the tab</title>", "From the tab"),
        ("<title>From the tab</title><meta property='og:title' content='From the card'>", "From the card"),
        ("", None),
    ):
        assert dedupe.clean(f"<html><head>{head}</head><body>{story}</body></html>").title == title


@pytest.mark.parametrize(
    ("head", "byline", "expected"),
    [
        (
            "<meta property='article:published_time' content='2024-05-03T23:30:00-08:00'>",
            BYLINE,
            "2024-05-03",
        ),
        ('<script type="application/ld+json">{"datePublished": "2024-05-03"}</script>', BYLINE, "2024-05-03"),
        ("", "By Pamela Quill, May 3, 2024", "2024-05-03"),
        ("<meta name=date content=soon>", "By Pamela Quill, May 3, 2024", "2024-05-03"),
        ("", BYLINE, None),
    ],
)
def test_the_date_is_the_one_of_the_head_or_of_the_byline(
    head: str, byline: str, expected: str | None
) -> None:
    assert dedupe.clean(page(head=head).replace(BYLINE, byline)).date == expected


def test_what_is_wrong_with_a_page_is_a_warning() -> None:
    assert dedupe.clean(page()).warnings == ()
    assert any("no text" in warning for warning in dedupe.clean("").warnings)
    shell = "<html><body><noscript>You need scripts to read this page.</noscript><div></div></body></html>"
    assert any("scripts" in warning for warning in dedupe.clean(shell).warnings)
    assert dedupe.clean(f"<noscript>{page()}</noscript>").warnings == ()
    broken = page().encode().replace(b"winter", b"win\xffter")
    assert dedupe.clean(broken).warnings != ()


# ---------------------------------------------------------------- options


def test_reasons_can_be_kept() -> None:
    plain = dedupe.clean(page())
    assert "Log in to comment" in gone(plain)
    reason = next(removal.reason for removal in plain.removals if removal.block.text == "Log in to comment")
    result = Cleaner(Options(keep=frozenset([reason]))).clean(page())
    assert "Log in to comment" in kept(result)
    assert [block for block in kept(result) if block in kept(plain)] == kept(plain)
    assert all(removal.reason != reason for removal in result.removals)


def test_repeats_can_be_kept() -> None:
    copy = "".join(f"<p>{text}</p>" for text in ARTICLES["en"])
    result = Cleaner(Options(keep=frozenset(["repeat"]))).clean(page(below=f"<article>{copy}</article>"))
    assert [text for text in kept(result) if text in ARTICLES["en"]] == [*ARTICLES["en"], *ARTICLES["en"]]


def test_roles_can_be_kept() -> None:
    source = page(below="<div class='related'><table><tr><td>Sound</td><td>7</td></tr></table></div>")
    assert "Sound | 7" in gone(dedupe.clean(source))
    assert "Sound | 7" in kept(Cleaner(Options(keep=frozenset(["table"]))).clean(source))


@pytest.mark.parametrize(("role", "text"), [("byline", BYLINE), ("headline", TITLE)])
def test_roles_can_be_left_out(role: str, text: str) -> None:
    result = Cleaner(Options(drop=frozenset([role]))).clean(page())
    assert text not in kept(result)
    assert [removal.rule for removal in result.removals if removal.block.text == text] == [f"drop:{role}"]
    assert [text for text in kept(result) if text in ARTICLES["en"]] == list(ARTICLES["en"])
    assert result.title == TITLE


def test_the_kind_of_page_can_be_said() -> None:
    source = page()
    assert dedupe.clean(source).kind == "html"
    assert Cleaner(Options(input="text")).clean(source).kind == "text"
    assert Cleaner(Options(input="html")).clean("\n\n".join(ARTICLES["en"])).kind == "html"


def test_a_page_that_is_too_long_is_cut_with_a_warning() -> None:
    source = page()
    result = Cleaner(Options(max_chars=len(source) // 2)).clean(source)
    assert any(f"{len(source) // 2:,} characters" in warning for warning in result.warnings)
    assert Cleaner(Options(max_chars=len(source))).clean(source).warnings == ()


def test_own_lexicons_are_read_and_their_errors_raised(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("this is = no toml = at all")
    with pytest.raises(dedupe.LexiconError, match=r"own\.toml"):
        Cleaner(Options(lexicons=tmp_path)).clean(page())


def test_a_cleaner_can_be_pickled() -> None:
    cleaner = Cleaner(Options(keep=frozenset(["comments"])))
    again = pickle.loads(pickle.dumps(cleaner))
    assert again.options == cleaner.options
    assert again.clean(page()) == cleaner.clean(page())


def test_what_the_package_offers() -> None:
    assert all(hasattr(dedupe, name) for name in dedupe.__all__)
    errors = [
        value
        for name in dedupe.__all__
        if isinstance(value := getattr(dedupe, name), type) and issubclass(value, Exception)
    ]
    assert len(errors) >= 6
    assert all(issubclass(error, dedupe.DedupeError) for error in errors)
