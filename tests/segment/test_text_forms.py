"""A dump in other forms gives the same blocks: line ends, frames, entities, Markdown, wrapped at a width."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st
from text_forms import CJK, ENTITIES, FRAMES, WRAPS, Form, markdown, wrapped

import dedupe
from dedupe.segment.frames import unframed, without_entities
from dedupe.segment.text import segment_text
from dedupe.segment.thresholds import TEXT_RULES

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
SEED = next((SHARED / "seed").glob("000_*.txt"), None)
#: Dumps that hold a block in each line; those that are wrapped or Markdown already are left out.
DUMPS = {
    page.parent.name: page
    for page in sorted(FIXTURES.glob("*/page.txt"))
    if page.parent.name not in ("en-hard-wrapped-twice", "en-markdown-dump")
}
BRIEF = "zh-brief"  # a headline and a paragraph: too little to tell a frame or a width by
WIDTHS = (24, 30, 36, 40, 46, 50, 60, 66, 72, 80)
AS_TEXT = dedupe.Cleaner(dedupe.Options(input="text"))

if SEED is not None:
    DUMPS["seed"] = SEED


def blocks_of(name: str) -> tuple[list[str], str]:
    """The lines of a dump that hold something, and what stands between two of them."""
    text = DUMPS[name].read_text("utf-8")
    return [line.strip() for line in text.split("\n") if line.strip()], "\n\n" if "\n\n" in text else "\n"


def texts(text: str) -> list[str]:
    return [block.text for block in segment_text(text).blocks]


def squashed(found: list[str]) -> list[str]:
    return [re.sub(r"\s", "", text) for text in found]


FORMS: dict[str, Form] = {**FRAMES, **ENTITIES}


@pytest.mark.parametrize("name", DUMPS)
@pytest.mark.parametrize("form", FORMS)
def test_a_frame_or_entities_change_no_block(form: str, name: str) -> None:
    if form.startswith("numbered") and name == BRIEF:
        pytest.skip("too short to tell a numbering from a list")
    blocks, gap = blocks_of(name)
    plain = AS_TEXT.clean(gap.join(blocks))
    assert AS_TEXT.clean(FORMS[form](blocks, gap)).text == plain.text


@pytest.mark.parametrize("name", DUMPS)
def test_markdown_changes_no_text(name: str) -> None:
    blocks, gap = blocks_of(name)
    plain = AS_TEXT.clean(gap.join(blocks))
    assert AS_TEXT.clean(markdown(plain.title or "")(blocks, gap)).text == plain.text


@pytest.mark.skipif(SEED is None, reason="needs the seed page in ../shared")
@pytest.mark.parametrize("how", WRAPS)
@pytest.mark.parametrize("width", [30, 36, 40, 46, 60, 66, 80])
def test_the_seed_page_wrapped_is_exact(how: str, width: int) -> None:
    blocks, gap = blocks_of("seed")
    expected = (SHARED / "seed" / "expected.txt").read_text("utf-8")
    result = AS_TEXT.clean(wrapped(how, width)(blocks, gap))
    assert squashed(result.text.split("\n\n")) == squashed(expected.split("\n\n"))
    assert len(result.removals) == 26


@pytest.mark.parametrize("how", WRAPS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", DUMPS)
def test_wrapped_paragraphs_come_back(name: str, width: int, how: str) -> None:
    if name == BRIEF and (width >= 50 or how in ("textwrap", "kinsoku")):
        pytest.skip("too few breaks")
    if how == "cut-stripped" and not CJK.search(DUMPS[name].read_text("utf-8")):
        pytest.skip("where words are cut the spaces that are gone tell nothing")
    if width < 30 and (not CJK.search(DUMPS[name].read_text("utf-8")) or name == "zh-weather-lines"):
        pytest.skip("lines of a few words, or figures in most of them")
    blocks, _ = blocks_of(name)
    text = "\n\n".join(blocks)
    assert squashed(texts(wrapped(how, width)(blocks, "\n\n"))) == squashed(texts(text))


@pytest.mark.parametrize("how", ["columns", "kinsoku", "characters"])
@pytest.mark.parametrize(
    "name", ["en-plain-article", "pt-duas-capturas", "ko-app-dump", "zh-two-scrapes-lines"]
)
def test_whole_words_get_their_spaces_back(name: str, how: str) -> None:
    blocks, _ = blocks_of(name)
    for width in (40, 60, 72):
        assert texts(wrapped(how, width)(blocks, "\n\n")) == texts("\n\n".join(blocks)), width


@pytest.mark.parametrize("frame", ["> ", "    ", ">> "])
@pytest.mark.parametrize("how", ["cut", "kinsoku"])
def test_wrapped_inside_a_frame(how: str, frame: str) -> None:
    blocks, _ = blocks_of("zh-app-page-twice")
    form = wrapped(how, 40, frame, frame)
    assert squashed(texts(form(blocks, "\n\n"))) == squashed(texts("\n\n".join(blocks)))


@pytest.mark.parametrize("how", ["cut", "kinsoku"])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_wrapped_with_an_indent_before_each_paragraph(how: str, gap: str) -> None:
    blocks, _ = blocks_of("zh-app-page-twice")
    indented = ["\u3000\u3000" + block for block in blocks]
    found = texts(wrapped(how, 40)(indented, gap))
    assert squashed(found) == squashed(texts("\n\n".join(blocks)))


# ---------------------------------------------------------------- what is no frame


@pytest.mark.parametrize(
    "text",
    [
        "> One\n\nTwo",
        "> Read more",
        "1. one\n2. two\n3. three",
        "\n".join(f"{number}. step" for number in range(1, TEXT_RULES.numbered_lines)),
        "\n".join(["Ten ways to sleep", *(f"{number}. way" for number in range(1, 11))]),
        "\n".join(f"{year}年：渡轮停航" for year in range(1990, 2000)),
        "\n".join(f"{number}nd line" for number in range(1, 10)),
        "\n".join(f"{number}. way" for number in (1, 2, 3, 3, 4, 5, 6)),
        "\n".join(f"{number}{sign} way" for number, sign in enumerate(".).).).", 1)),
    ],
)
def test_signs_of_some_lines_are_no_frame(text: str) -> None:
    assert unframed(text) == text


def test_frames_around_frames() -> None:
    rows = [f"{number:3d}: > > line {'x' * number}" for number in range(1, 9)]
    assert unframed("\n".join(rows)) == "\n".join(f"line {'x' * number}" for number in range(1, 9))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
        ("&#28207;&#x6E2F;&nbsp;&quot;a&quot;", '港港\xa0"a"'),
        ("&amp;quot;a&amp;quot;", '"a"'),
        ("R&D and AT&T and &amp;", "R&D and AT&T and &amp;"),
        ("use `&lt;b&gt;` for &lt;b&gt;", "use `&lt;b&gt;` for <b>"),
        ("https://a.example/?a=1&b=2&lt=3 &mdash; x", "https://a.example/?a=1&b=2&lt=3 — x"),
        ("&unknown; &#1114112;", "&unknown; \ufffd"),
        ("fish & chips", "fish & chips"),
    ],
)
def test_entities(text: str, plain: str) -> None:
    assert without_entities(text) == plain


# ---------------------------------------------------------------- what is not wrapped


@pytest.mark.parametrize(
    "text",
    [
        "床前明月光，\n疑是地上霜，\n举头望明月，\n低头思故乡，\n床前明月光，\n疑是地上霜，",
        "海上的灯塔亮了又灭，灯塔\n岸边的人们等了又等，灯塔\n渡轮终究没有回来呀，灯塔\n夜色慢慢地沉下去，灯塔",
        "王建国，北方大学经济学院教授\n李小明，南方大学历史学院教授\n赵大海，东方大学物理学院教授\n"
        "钱多多，西方大学化学学院教授\n孙一心，中央大学文学院的教授\n周自强，海洋大学生物学院教授",
        "a quiet night, a boat,\na lamp that no one lit,\na quay, a rope, a coat,\na place for us to sit,",
    ],
)
def test_lines_of_equal_length_are_not_joined(text: str) -> None:
    assert texts(text) == text.split("\n")


@given(
    st.lists(
        st.sampled_from(["港务局", "渡轮，", "停航。", "OpenAI", " 发动机"]), min_size=8, max_size=60
    ).map("".join)
)
def test_no_letter_is_lost_by_wrapping(text: str) -> None:
    for how in WRAPS:
        found = "".join(squashed(texts(wrapped(how, 24)([text] * 3, "\n\n"))))
        assert found == re.sub(r"\s", "", text) * 3
