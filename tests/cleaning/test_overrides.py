"""What `Options.keep` and `Options.drop` do, by reason and by role."""

from __future__ import annotations

import pytest
from conftest import ARTICLES
from hypothesis import given, settings
from hypothesis import strategies as st

import dedupe
from dedupe import Cleaner, Options
from dedupe.chrome import body as chrome
from dedupe.chrome import lexicon
from dedupe.cleaning.overrides import apply_overrides
from dedupe.cleaning.passes import DeduplicatedPage, reduce_to_one_copy
from dedupe.result import CleanResult
from dedupe.segment.html import segment_html
from dedupe.segment.text import segment_text
from dedupe.types import REASONS, ROLES

TITLE = "Ferry to the outer islands stops"
BYLINE = "By Pamela Quill"
LETTER = (
    "I have taken that boat to work for nineteen years, and in all that time it was late on four mornings, "
    "once because of ice; whoever says that the line is not worth its money has never stood on the pier."
)
REPLY = (
    "My grandfather built the first landing stage with his own hands in 1931, and the council has known "
    "since then that the channel silts up every second winter, so this surprises nobody who lives out here."
)


def page(inside: str = "", below: str = "", container: str = "story", above: str = "") -> str:
    """A news page; `inside` stands at the article's end, `below` after it, `above` before it."""
    story = "".join(f"<p>{text}</p>" for text in ARTICLES["en"])
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title></head><body>{above}
<article><h1>{TITLE}</h1><p class="byline">{BYLINE}</p><div class="{container}">{story}{inside}</div>
</article>{below}<footer><p>About us</p><p>Cookie settings</p></footer></body></html>"""


def cleaned(source: str, keep: object = (), drop: object = ()) -> CleanResult:
    return Cleaner(Options(keep=keep, drop=drop)).clean(source)  # type: ignore[arg-type]


def classify(source: str, belief: float, options: Options) -> tuple[DeduplicatedPage, chrome.Classification]:
    """A page's verdicts where the model believes so much in every block."""
    segmented = segment_html(source) if source.startswith("<") else segment_text(source)
    once = reduce_to_one_copy(segmented, lexicon.load())
    beliefs = [belief] * len(once.twins.units)
    plain = chrome.classify(once.twins, once.phrases, beliefs, once.copied)
    return once, apply_overrides(plain, once, beliefs, options)


def judged(source: str, belief: float, **names: object) -> list[tuple[str, str]]:
    """Text and role of what would stay."""
    once, classification = classify(source, belief, Options(**names))  # type: ignore[arg-type]
    pairs = zip(classification.verdicts, once.twins.page.blocks, strict=True)
    return [(block.text, verdict.role or block.role) for verdict, block in pairs if verdict.reason is None]


def kept(result: CleanResult) -> list[str]:
    return [block.text for block in result.blocks]


def rules(result: CleanResult) -> dict[str, tuple[str, str]]:
    return {removal.block.text: (removal.reason, removal.rule) for removal in result.removals}


# ---------------------------------------------------------------- keep


def test_a_kept_role_stays_whatever_it_would_go_for() -> None:
    source = page(
        below="<div class='related'><h3>Related stories</h3><table><tr><td>Sound</td><td>7</td></tr></table>"
        "<ul><li><a href='/a'>The old pier is sold</a></li></ul></div>"
    )
    assert "Sound | 7" not in kept(cleaned(source))
    result = cleaned(source, keep={"table"})
    assert "Sound | 7" in kept(result)
    assert next(block for block in result.blocks if block.text == "Sound | 7").rule == "keep:table"
    assert "Related stories" not in kept(result)
    assert "- The old pier is sold" in kept(cleaned(source, keep="list-item"))


def test_an_edge_is_known_by_what_it_says() -> None:
    assert judged(page(), 0.0) == []
    assert judged(page(), 0.0, keep={"byline"}) == [(BYLINE, "byline")]
    notice = "本文由海港报首发，转载请与版权部联系。"
    assert judged(page(below=f"<div><p>{notice}</p></div>"), 0.0, keep="notice") == [(notice, "notice")]


def test_a_page_without_an_article_may_keep_its_headline() -> None:
    source = (
        "<html><body><h1>News from the coast</h1><ul><li><a href='/1'>Pier sold</a></li></ul></body></html>"
    )
    assert judged(source, 0.0) == []
    assert judged(source, 0.0, keep={"headline"}) == [("News from the coast", "headline")]


def test_a_repeat_goes_although_its_role_is_kept() -> None:
    story = "".join(f"<p>{text}</p>" for text in ARTICLES["en"])
    result = cleaned(page(below=f"<div class='print'>{story}</div>"), keep={"paragraph"})
    assert [text for text in kept(result) if text in ARTICLES["en"]] == list(ARTICLES["en"])


# ---------------------------------------------------------------- drop


def test_a_dropped_role_goes_wherever_it_stands() -> None:
    source = page(inside="<figure><img src='a.jpg'><figcaption>The pier in March.</figcaption></figure>")
    plain, result = cleaned(source), cleaned(source, drop=["caption", "byline"])
    assert {block.role for block in plain.blocks} >= {"byline"}
    assert not {block.role for block in result.blocks} & {"caption", "byline"}
    assert rules(result)[BYLINE] == ("metadata", "drop:byline")


@pytest.mark.parametrize(
    "comments",
    [
        f"<div class='reader-comments'><p>{LETTER}</p><p>{REPLY}</p></div>",
        f"<section><h3>Comments</h3><p>{LETTER}</p><p>{REPLY}</p></section>",
        f"<div><p>Leave a comment:</p><p>{LETTER}</p><p>{REPLY}</p></div>",
    ],
)
@pytest.mark.parametrize("place", ["inside", "below"])
def test_a_dropped_reason_goes_although_the_model_would_keep_it(comments: str, place: str) -> None:
    source = page(inside=comments) if place == "inside" else page(below=comments)
    story = [(text, "paragraph") for text in ARTICLES["en"]]
    assert judged(source, 1.0)[2:] == [*story, (LETTER, "paragraph"), (REPLY, "paragraph")]
    assert judged(source, 1.0, drop={"comments"})[2:] == story
    result = cleaned(source, drop={"comments"})
    assert not {LETTER, REPLY} & set(kept(result))
    assert [text for text in kept(result) if text in ARTICLES["en"]] == list(ARTICLES["en"])


@pytest.mark.parametrize("last", ["", "Share this story"])
def test_a_section_at_the_end_of_a_dump_goes_but_for_what_the_model_is_sure_of(last: str) -> None:
    source = "\n\n".join([TITLE, *ARTICLES["en"], "Comments:", LETTER, REPLY, last])
    story = [(text, "paragraph") for text in ARTICLES["en"]]
    letters = [(LETTER, "paragraph"), (REPLY, "paragraph")]
    assert judged(source, 0.8, drop={"related"})[1:] == [*story, *letters]
    assert judged(source, 0.8, drop={"comments"})[1:] == story
    assert judged(source, 1.0, drop={"comments"})[1:] == [*story, *letters]


def test_the_rule_says_what_spoke_against_a_block() -> None:
    source = page(inside=f"<div class='letters reader-comments'><p>{LETTER}</p></div>")
    once, classification = classify(source, 1.0, Options(drop={"comments"}))
    (verdict,) = [
        v
        for v, block in zip(classification.verdicts, once.twins.page.blocks, strict=True)
        if block.text == LETTER
    ]
    assert verdict == ("paragraph", "comments", "drop:markup:reader-comments", 1.0)


@pytest.mark.parametrize("name", ["relative", "list-outside", "photo", "recipe-card", "ReadMore_text"])
def test_words_of_style_sheets_tell_nothing(name: str) -> None:
    source = page(inside=f"<div class='{name}'><p>{LETTER}</p></div>")
    dropped = [reason for reason in REASONS if reason not in ("repeat", "template", "duplicate")]
    assert (LETTER, "paragraph") in judged(source, 1.0, drop=dropped)


@pytest.mark.parametrize(
    "name", ["relatedStories", "more-related", "side_bar", "readers-comments", "c-comment2"]
)
def test_words_inside_names_tell(name: str) -> None:
    source = page(inside=f"<div class='{name}'><p>{LETTER}</p></div>")
    assert (LETTER, "paragraph") not in judged(source, 1.0, drop=["related", "comments"])


@pytest.mark.parametrize("name", ["js_img_share_area", "comments-open", "share-12", "related card"])
@pytest.mark.parametrize("drop", ["share", "comments", "related"])
def test_the_name_of_the_article_s_own_container_tells_nothing(name: str, drop: str) -> None:
    assert kept(cleaned(page(container=name), drop={drop})) == kept(cleaned(page(container=name)))


def test_a_container_of_most_of_the_article_tells_nothing_though_its_lead_stands_outside() -> None:
    lead, *rest = ARTICLES["en"]
    story = "".join(f"<div class='share-{at}'><p>{text}</p></div>" for at, text in enumerate(rest))
    source = f"<html><body><article><h1>{TITLE}</h1><p>{lead}</p>{story}</article></body></html>"
    assert kept(cleaned(source, drop={"share"})) == [TITLE, *ARTICLES["en"]]


def test_a_section_in_the_middle_of_the_article_ends_where_the_article_goes_on() -> None:
    first, second, *rest = ARTICLES["en"]
    box = "<p>Related stories:</p><ul><li><a href='/a'>The old pier is sold</a></li></ul>"
    body = "".join(f"<p>{text}</p>" for text in [first, second]) + box + "".join(f"<p>{t}</p>" for t in rest)
    source = f"<html><body><article><h1>{TITLE}</h1>{body}</article></body></html>"
    dump = "\n\n".join([TITLE, first, second, "Related stories", "The old pier is sold", *rest])
    for text in (source, dump):
        result = cleaned(text, drop={"related"})
        assert [block for block in kept(result) if block in ARTICLES["en"]] == list(ARTICLES["en"])


def test_a_tab_above_the_article_opens_no_section() -> None:
    dump = "\n\n".join(["Comments", TITLE, *ARTICLES["en"]])
    assert kept(cleaned(dump, drop={"comments"})) == [TITLE, *ARTICLES["en"]]


def test_the_model_s_doubt_is_boilerplate() -> None:
    source = "\n\n".join([TITLE, *ARTICLES["en"], "Home", "Harbour", "Letters to the editor"])
    result = cleaned(source, drop={"boilerplate"})
    assert all((block.score or 0) >= 0.5 or block.role in dedupe.types.EDGE_ROLES for block in result.blocks)


def test_where_keep_and_drop_speak_of_one_block_it_stays() -> None:
    source = page(inside=f"<blockquote class='reader-comments'><p>{LETTER}</p></blockquote>")
    assert LETTER not in kept(cleaned(source, drop={"comments"}))
    assert LETTER in kept(cleaned(source, keep={"quote"}, drop={"comments"}))
    assert (LETTER, "quote") not in judged(source, 1.0, keep={"comments"}, drop={"quote"}), "not gone before"
    assert (LETTER, "quote") in judged(source, 0.0, keep={"comments"}, drop={"quote"})


def test_a_name_that_the_lead_alone_has_tells_nothing() -> None:
    lead, *rest = ARTICLES["en"]
    story = "".join(f"<p>{text}</p>" for text in rest)
    top = f"<div class='share-box'><h1>{TITLE}</h1><p>{lead}</p></div>"
    source = f"<html><body><article>{top}<div>{story}</div></article></body></html>"
    assert [text for text, _ in judged(source, 1.0, drop={"share"})] == [TITLE, *ARTICLES["en"]]


def test_where_the_article_begins_no_section_goes_on() -> None:
    dump = "\n\n".join(["Comments:", TITLE, *ARTICLES["en"]])
    assert [text for text, _ in judged(dump, 0.8, drop={"comments"})] == [TITLE, *ARTICLES["en"]]


@pytest.mark.parametrize("box", ["<section>{}</section>", "<div>{}</div>"])
@pytest.mark.parametrize("after", ["<h3>What the council said</h3>", "</section></div><div><section>"])
def test_a_section_ends_with_its_element_and_at_the_next_heading(box: str, after: str) -> None:
    inner = f"<h3>Comments</h3><p>{LETTER}</p>{after}<p>{REPLY}</p>"
    stay = [text for text, _ in judged(page(below=box.format(inner)), 0.8, drop={"comments"})]
    assert LETTER not in stay
    assert REPLY in stay


def test_a_long_block_that_merely_holds_a_phrase_has_more_to_say() -> None:
    offer = "Every morning, delivered to your inbox: the news of the coast."
    story = f"{LETTER} {REPLY} The council's own letter on it was delivered to your inbox in March, she said."
    source = page(inside=f"<p>{offer}</p><p>{story}</p>")
    stay = [text for text, _ in judged(source, 1.0, drop={"subscription"})]
    assert offer not in stay
    assert story in stay


def test_hints_need_company_and_so_tell_nothing_here() -> None:
    inside = f"<p>Discussion</p><p>{LETTER}</p><p>Please say so in the comments below, she wrote.</p>"
    assert judged(page(inside=inside), 1.0, drop={"advert"}) == judged(page(inside=inside), 1.0)
    said = "She had asked for it before, and was told to leave a reply by letter."
    assert (said, "paragraph") in judged(page(inside=f"<p>{said}</p>"), 1.0, drop={"comments"})


def test_boilerplate_is_what_the_model_doubts_and_a_rule_keeps() -> None:
    dump = "\n\n".join([TITLE, *ARTICLES["en"]])
    assert [text for text, _ in judged(dump, 0.3)][1:] == list(ARTICLES["en"])
    assert [role for _, role in judged(dump, 0.3, drop={"boilerplate"})] == ["headline", "deck"]


def test_a_line_without_words_is_an_empty_widget() -> None:
    source = page(inside=f"<p>* * *</p><p>{LETTER}</p>")
    assert ("* * *", "paragraph") in judged(source, 1.0)
    assert ("* * *", "paragraph") not in judged(source, 1.0, drop={"empty-widget"})


# ---------------------------------------------------------------- for any options

names = st.sets(st.sampled_from([*REASONS, *ROLES]), max_size=4)
PAGE = page(
    inside=f"<h2>More on this story</h2><ul><li><a href='/p'>Pier sold</a></li></ul><p>{REPLY}</p>",
    below=f"<div class='comments'><h3>Comments</h3><p>{LETTER}</p></div>"
    + "".join(f"<p>{text}</p>" for text in ARTICLES["en"][:2]),
    above="<nav><ul><li><a href='/'>Home</a></li><li><a href='/w'>Weather</a></li></ul></nav>",
)
DUMP = "\n\n".join(
    ["Home", TITLE, *ARTICLES["en"], "Related", "Pier sold", "Comments", LETTER, REPLY, "Share"]
)


@given(names, names)
@settings(max_examples=60)
def test_options_move_blocks_and_lose_none(keep: set[str], drop: set[str]) -> None:
    drop -= keep
    for source in (PAGE, DUMP):
        plain, result = cleaned(source), cleaned(source, keep, drop)
        assert sorted([*kept(result), *gone(result)]) == sorted([*kept(plain), *gone(plain)])
        for block in result.blocks:
            assert block.role not in drop or block.rule.startswith("keep:")
        for removal in result.removals:
            assert removal.reason not in keep or removal.rule.startswith("drop:")
            assert removal.block.role not in keep or removal.reason == "repeat"
        assert {block.text for block in plain.blocks if block.role in keep} <= set(kept(result))


def gone(result: CleanResult) -> list[str]:
    return [removal.block.text for removal in result.removals]
