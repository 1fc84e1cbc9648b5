"""The writer: what a reader gets back is what the blocks say, and files are whole or untouched."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from dedupe.errors import OptionsError, OutputError
from dedupe.output import render as writer
from dedupe.output import safe
from dedupe.output.atomic import write_atomic
from dedupe.output.html import to_html
from dedupe.output.markdown import to_markdown
from dedupe.output.render import render, to_json, to_text
from dedupe.output.safe import encode, printable
from dedupe.result import CleanResult
from dedupe.types import EDGE_ROLES, ROLES, Block, Removal, Role


def _result(*blocks: tuple[Role, str] | Block, **fields: Any) -> CleanResult:
    made = (
        item if isinstance(item, Block) else Block(number, item[1], role=item[0])
        for number, item in enumerate(blocks)
    )
    return CleanResult(tuple(made), (), **fields)


ARTICLE = _result(
    ("headline", "Harbour bridge closes for repairs"),
    ("byline", "By Ana Ruiz"),
    ("paragraph", "The bridge closes on Monday."),
    ("notice", "© 2024 The Example"),
)

# Lines that Markdown would read as markup, beside whatever hypothesis finds on its own.
ACTING = (
    "# no heading",
    "#",
    "Ends with #",
    "a ## b ##",
    "> no quote",
    "- no item",
    "+",
    "* * *",
    "- - -",
    "---",
    "===",
    "___",
    "_a_ b_c_d __e__",
    "*a* **b** 2*3*4",
    "[link](http://example.com) ![image](x) [a]: b",
    "[ ] task",
    "<b>bold</b> <!-- c --> <http://example.com> a < b",
    "&amp; &#35; &copy; AT&T",
    "`code` ``two``",
    "a|b | c \\| d",
    "back\\slash \\* end\\",
    "C:\\Users\\me",
    "1. no item",
    "1986) nor this",
    "~~gone~~ 5~10 ~a~",
    "https://example.com/~me/a_b_/*c* rest",
    "see https://example.com/?a=1&b=2, then",
    "    indented",
    "```",
    "~~~",
    "|---|---|",
    "一段中文，带*星号*和_下划线_。",
    "　　全角缩进的段落",
    "Q: why?\tA: because",
)
_characters = st.characters(exclude_categories=["Cs"])
_words = st.text(st.sampled_from("ab中 -*_#<>[]()`|&;~\\!1.)+=:/ ") | _characters, max_size=30)
lines = st.one_of(st.sampled_from(ACTING), _words).map(lambda text: " ".join(safe.xml_text(text).split()))
filled = lines.filter(bool)
plain_roles = st.sampled_from([role for role in ROLES if role not in ("table", "preformatted", "list-item")])


list_items = filled.map(lambda text: f"- {text}")
tables = st.lists(
    st.lists(filled.filter(lambda cell: " | " not in f" {cell} "), min_size=1, max_size=3).map(" | ".join),
    min_size=1,
    max_size=3,
).map("\n".join)


@st.composite
def blocks_of_a_page(draw: st.DrawFn) -> tuple[Block, ...]:
    roles: list[Role] = draw(st.lists(st.sampled_from([role for role in ROLES if role != "preformatted"])))
    texts = {"table": tables, "list-item": list_items}
    level = st.integers(0, 4)
    return tuple(
        Block(number, draw(texts.get(role, filled)), role=role, level=draw(level))
        for number, role in enumerate(roles)
    )


# --- text


def test_text_has_one_blank_line_between_blocks_and_a_final_newline() -> None:
    assert to_text(ARTICLE) == (
        "Harbour bridge closes for repairs\n\nBy Ana Ruiz\n\n"
        "The bridge closes on Monday.\n\n© 2024 The Example\n"
    )
    assert ARTICLE.text == to_text(ARTICLE)


def test_body_leaves_the_edge_roles_out() -> None:
    everything = _result(*((role, f"{role} text") for role in ROLES))
    body = to_text(everything, body_only=True)
    assert [role for role in ROLES if f"{role} text" not in body] == [r for r in ROLES if r in EDGE_ROLES]
    assert everything.body == body


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_nothing_kept_is_empty(format: str) -> None:
    assert render(_result(), format) == ""
    assert render(_result(("byline", "By Ana Ruiz")), format, body_only=True) == ""


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_a_blank_block_leaves_no_gap(format: str) -> None:
    assert render(_result(("paragraph", "a"), ("paragraph", " \n"), ("paragraph", "b")), format) == "a\n\nb\n"


@pytest.mark.parametrize("format", writer.FORMATS)
def test_render_takes_every_format(format: str) -> None:
    text = render(ARTICLE, format)
    assert "The bridge closes on Monday." in text
    assert "By Ana Ruiz" in text
    assert text.endswith("\n")
    assert "By Ana Ruiz" not in render(ARTICLE, format, body_only=True)


def test_render_refuses_an_unknown_format() -> None:
    with pytest.raises(OptionsError, match="text, markdown, html, json, not 'pdf'"):
        render(ARTICLE, "pdf")


# --- HTML


def _texts_in_order(document: bytes) -> list[str]:
    """The blocks' texts as an XML reader finds them in our HTML."""
    root = etree.fromstring(document)
    found = []
    for element in root.iterfind("body/article//*"):
        if element.tag in ("h1", "h2", "h3", "h4", "h5", "h6", "p", "figcaption", "pre"):
            found.append("".join(element.itertext()))
        elif element.tag == "li":
            found.append(f"- {(element.text or '').rstrip()}")
        elif element.tag == "table":
            rows = ([cell.text or "" for cell in row] for row in element)
            found.append("\n".join(" | ".join(row) for row in rows))
    return found


@given(blocks_of_a_page(), st.text(_characters))
def test_html_is_xml_with_the_texts_of_the_blocks(blocks: tuple[Block, ...], title: str) -> None:
    document = to_html(CleanResult(blocks, (), title=title, language=title))
    assert _texts_in_order(document.encode()) == [block.text for block in blocks]


@given(blocks_of_a_page())
def test_html_reads_the_same_in_an_html_parser(blocks: tuple[Block, ...]) -> None:
    document = to_html(CleanResult(blocks, ()))
    shown = html.document_fromstring(document.encode()).text_content()
    assert "".join(shown.split()) == "".join(["Untitled", *map(_without_marks, blocks)])


def _without_marks(block: Block) -> str:
    text = block.text.removeprefix("- ") if block.role == "list-item" else block.text
    text = text.replace(" | ", "") if block.role == "table" else text
    return "".join(text.split())


@given(st.text())
def test_html_stands_any_character_at_all(text: str) -> None:
    root = etree.fromstring(
        to_html(_result(("paragraph", f"x{text}"), ("preformatted", f"x{text}"))).encode()
    )
    paragraph = root.findtext("body/article/p")
    assert paragraph == safe.xml_text(f"x{text}".replace("\r\n", "\n")).replace("\r", "\n")


def test_html_has_nothing_from_the_page_but_text() -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror="alert(1)">'
    document = to_html(_result(*((role, hostile) for role in ROLES), title=hostile, language=hostile))
    root = html.document_fromstring(document)
    assert {element.tag for element in root.iter()}.isdisjoint({"script", "img"})
    assert {name for element in root.iter() for name in element.attrib} == {"lang", "charset", "class"}


def test_html_elements_of_the_roles() -> None:
    document = to_html(
        _result(
            ("headline", "H"),
            ("deck", "D"),
            ("heading", "Sub"),
            ("quote", "Q"),
            ("caption", "C"),
            ("table", "a | b\nc | d"),
            ("preformatted", "\n  x\n y\n"),
            language="zh",
            title="T & U",
        )
    )
    assert document == (
        '<!DOCTYPE html>\n<html lang="zh">\n<head>\n<meta charset="utf-8"/>\n'
        "<title>T &amp; U</title>\n</head>\n"
        '<body>\n<article>\n<h1>H</h1>\n<p class="deck">D</p>\n'
        "<h2>Sub</h2>\n<blockquote><p>Q</p></blockquote>\n"
        "<figure><figcaption>C</figcaption></figure>\n"
        "<table>\n<tr><td>a</td><td>b</td></tr>\n<tr><td>c</td><td>d</td></tr>\n</table>\n"
        "<pre>  x\n y</pre>\n</article>\n</body>\n</html>\n"
    )


def _items(*items: tuple[int, str]) -> CleanResult:
    return _result(*(Block(n, text, role="list-item", level=level) for n, (level, text) in enumerate(items)))


def test_lists_nest_by_depth() -> None:
    result = _items((2, "- a"), (3, "- b"), (5, "- c"), (3, "- d"), (2, "- e"), (1, "- f"))
    assert to_markdown(result) == "- a\n  - b\n    - c\n  - d\n- e\n- f\n"
    assert (
        "<li>a\n<ul>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n<li>d</li>\n</ul>\n</li>\n<li>e</li>"
        in to_html(result)
    )


def test_numbered_lists_keep_their_numbers() -> None:
    result = _items((1, "1. a"), (1, "2. b"), (2, "- x"), (1, "5. c"), (1, "- d"))
    assert to_markdown(result) == "1. a\n2. b\n   - x\n<!-- -->\n5. c\n- d\n"
    assert '<li value="5">c</li>\n</ol>\n<ul>\n<li>d</li>' in to_html(result)


def test_absurd_depth_is_capped() -> None:
    result = _items(*((depth, f"- item {depth}") for depth in range(5000)))
    root = etree.fromstring(to_html(result).encode())
    assert len(root.findall(".//li")) == 5000
    assert max(len(line) - len(line.lstrip()) for line in to_markdown(result).splitlines()) < 20


# --- Markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 < 6 and AT&T", "5 < 6 and AT&T"),
        ("snake_case and C:\\dir", "snake_case and C:\\dir"),
        ("1986 was. Good", "1986 was. Good"),
        ("1986. A year", "1986\\. A year"),
        ("*star* [x](y)", "\\*star\\* \\[x](y)"),
        ("<b> &amp; `c`", "\\<b> \\&amp; \\`c\\`"),
        ("- dash", "\\- dash"),
        ("-5 degrees", "-5 degrees"),
        ("#hashtag", "#hashtag"),
        ("# mark", "\\# mark"),
        ("https://example.com/a_b", "https://example.com/a_b"),
        ("https://example.com/~me", "<https://example.com/~me>"),
        ("“引号”——《书名》，3～5天", "“引号”——《书名》，3～5天"),
    ],
)
def test_markdown_escapes_only_what_acts(text: str, expected: str) -> None:
    assert to_markdown(_result(("paragraph", text))) == f"{expected}\n"


def test_markdown_of_the_roles() -> None:
    markdown = to_markdown(
        _result(
            ("headline", "Top #"),
            ("deck", "Deck"),
            ("byline", "By A"),
            Block(3, "Sub", role="heading", level=3),
            ("quote", "Said"),
            ("caption", "A boat \\"),
            ("list-item", "- one"),
            ("list-item", "- two"),
            ("table", "a | b|c\nd"),
            ("preformatted", "x = `1`\n````\n"),
        )
    )
    assert markdown == (
        "# Top \\#\n\nDeck\n\nBy A\n\n### Sub\n\n> Said\n\n*A boat \\\\*\n\n- one\n- two\n\n"
        "| a | b\\|c |\n| --- | --- |\n| d |\n\n`````\nx = `1`\n````\n`````\n"
    )


def _read_markdown(text: str) -> list[tuple[str, str]]:
    """(kind, text) of every block as a Markdown reader sees it."""
    markdown_it = pytest.importorskip("markdown_it", reason="needs markdown-it-py to read Markdown back")
    reader = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    reader.normalizeLinkText = lambda url: url  # shows addresses as they are written
    found: list[tuple[str, str]] = []
    for token in reader.parse(text):
        if token.type == "inline":
            found.append(("inline", "".join(_shown(token.children))))
        elif token.type in ("fence", "code_block"):
            found.append((token.type, token.content))
        elif token.type.endswith("_open") or token.type in ("hr", "html_block"):
            found.append((token.type.removesuffix("_open"), ""))
    return found


def _shown(tokens: Iterable[Any]) -> Iterable[str]:
    for token in tokens:
        assert token.type in ("text", "text_special", "em_open", "em_close", "link_open", "link_close"), token
        yield token.content


@given(st.lists(st.tuples(plain_roles, filled)))
def test_a_markdown_reader_shows_the_text_of_every_block(texts: list[tuple[Role, str]]) -> None:
    expected = []
    for role, text in texts:
        kinds = ["blockquote", "paragraph"] if role == "quote" else ["paragraph"]
        kinds = ["heading"] if role in ("headline", "heading") else kinds
        expected += [*((kind, "") for kind in kinds), ("inline", text)]
    assert _read_markdown(to_markdown(_result(*texts))) == expected


@given(st.lists(st.tuples(st.integers(0, 4), filled), min_size=1))
def test_a_markdown_reader_shows_the_text_of_every_list_item(items: list[tuple[int, str]]) -> None:
    read = _read_markdown(to_markdown(_items(*((level, f"- {text}") for level, text in items))))
    assert [text for kind, text in read if kind == "inline"] == [text for _, text in items]
    assert sum(kind == "list_item" for kind, _ in read) == len(items)


@given(tables)
def test_a_markdown_reader_shows_the_cells_of_a_table(text: str) -> None:
    read = _read_markdown(to_markdown(_result(("table", text))))
    cells = [text for kind, text in read if kind == "inline" and text]
    assert cells == [cell for line in text.split("\n") for cell in line.split(" | ")]


@given(st.text(st.sampled_from("a`~ \n") | _characters).filter(str.strip))
def test_a_markdown_reader_shows_preformatted_text_as_it_is(text: str) -> None:
    text = safe.xml_text(text.replace("\r", "")).strip("\n")
    expected = [("fence", f"{text}\n")] if text.strip() else []
    assert _read_markdown(to_markdown(_result(("preformatted", text)))) == expected


# --- JSON


def test_json_reads_back_as_the_same_result() -> None:
    removal = Removal(Block(9, "又一次"), "repeat", "twin", 1.0, (ARTICLE.blocks[2],))
    result = CleanResult(ARTICLE.blocks, (removal,), title="桥", warnings=("cut",))
    text = to_json(result)
    assert CleanResult.from_dict(json.loads(text)) == result
    assert "又一次" in text
    assert text == to_json(CleanResult.from_dict(json.loads(text)))


def test_json_body_only_stays_readable() -> None:
    removal = Removal(Block(9, "again"), "repeat", "twin", 1.0, (ARTICLE.blocks[1], ARTICLE.blocks[2]))
    result = CleanResult(ARTICLE.blocks, (removal,))
    read = CleanResult.from_dict(json.loads(to_json(result, body_only=True)))
    assert [block.role for block in read.blocks] == ["paragraph"]
    assert read.removals[0].originals == (ARTICLE.blocks[2],)


def test_json_and_text_with_lone_surrogates_can_be_encoded() -> None:
    result = _result(("paragraph", "x\ud800y\udfff桥"))
    assert json.loads(to_json(result).encode())["blocks"][0]["text"] == "x\ud800y\udfff桥"
    assert encode(to_text(result)).decode() == "x\ufffdy\ufffd桥\n"


def test_printable_leaves_no_control_characters() -> None:
    assert printable("a\x1b[31mb\x07\u202ec\x9bd\te\nf\r中é\u200d") == "a[31mbcd\te\nf中é\u200d"


# --- files


def test_write_makes_a_new_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "out.txt", "桥\n")
    assert (tmp_path / "out.txt").read_bytes() == "桥\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_write_gives_a_new_file_the_usual_mode(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_atomic(tmp_path / "out.txt", "x")
    assert (tmp_path / "out.txt").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_write_keeps_the_mode_of_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_atomic(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_write_goes_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    write_atomic(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.parametrize("how", ["itself", "symlink", "hardlink", "descriptor"])
def test_write_never_overwrites_its_input(tmp_path: Path, how: str) -> None:
    source, target = tmp_path / "page.html", tmp_path / "out.html"
    source.write_text("page")
    inputs: list[Path | int] = [tmp_path / "gone.html", source]
    if how == "symlink":
        target.symlink_to(source)
    elif how == "hardlink":
        target.hardlink_to(source)
    else:
        target = source
    with source.open() as file, pytest.raises(OutputError, match="input itself"):
        write_atomic(target, "new", inputs=[file.fileno()] if how == "descriptor" else inputs)
    assert source.read_text() == "page"


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_a_failure_on_the_way_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(os, step, fail)
    with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
        write_atomic(path, "new")
    if isinstance(failure, OSError):
        assert "the disk is full" in str(caught.value)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_names_the_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"there is no folder .*nowhere; make it first"):
        write_atomic(tmp_path / "nowhere" / "out.txt", "x")


def test_write_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder; name a file in it"):
        write_atomic(tmp_path, "x")


def test_write_under_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is no folder"):
        write_atomic(tmp_path / "file" / "out.txt", "x")


def test_write_respects_a_write_protected_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # as root every file is writable
    with pytest.raises(OutputError, match="no permission"):
        write_atomic(path, "new")
    assert path.read_text() == "old"


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="needs a device file")
def test_write_leaves_a_device_a_device() -> None:
    write_atomic("/dev/null", "x", inputs=["/dev/null"])
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
