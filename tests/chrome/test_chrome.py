"""What a page keeps of its blocks, given the model's beliefs."""

from __future__ import annotations

from dedupe.chrome import body as chrome
from dedupe.chrome import lexicon
from dedupe.repeats import search as repeats
from dedupe.segment.html import segment_html
from dedupe.segment.text import segment_text

TITLE = "Ferry timetables for the outer islands"
CONTACT = "Ask at the pier, hut 14"


def judged(html: str, beliefs: dict[str, float]) -> list[tuple[str, chrome.BlockVerdict]]:
    """Each block's text and verdict; blocks that are not named are not believed in at all."""
    twins = repeats.find(segment_html(html))
    texts = [block.text for block in twins.page.blocks]
    phrases = [lexicon.load(None).match(text) for text in texts]
    found = chrome.classify(twins, phrases, [beliefs.get(text, 0.0) for text in texts])
    return list(zip(texts, found.verdicts, strict=True))


def kept(html: str, beliefs: dict[str, float]) -> list[str]:
    """The texts that stay."""
    return [text for text, verdict in judged(html, beliefs) if verdict.reason is None]


def test_a_page_that_says_little_more_than_its_headline_keeps_that_little() -> None:
    html = f"<h1>{TITLE}</h1><article><p>{TITLE}</p><p>{CONTACT}</p></article><p>All rights reserved</p>"
    assert CONTACT in kept(html, {TITLE: 0.8, CONTACT: 0.4})
    assert CONTACT not in kept(html, {TITLE: 0.8, CONTACT: 0.2})


def test_beside_a_body_what_is_as_doubtful_goes() -> None:
    story = "The ferry to the outer islands runs twice a day until the ice comes, and not at all after that."
    html = f"<h1>{TITLE}</h1><article><p>{story}</p></article><p>Home</p><p>{CONTACT}</p>"
    assert kept(html, {TITLE: 0.8, story: 0.9, CONTACT: 0.4}) == [TITLE, story]


def test_what_is_doubted_and_stands_apart_from_the_body_is_no_part_of_it() -> None:
    story = "The ferry to the outer islands runs twice a day until the ice comes, and not at all after that."
    advice = "Whoever books in the autumn travels cheaper, says the harbour master of the smaller island."
    menu = "".join(f"<div>Menu of pier {number}</div>" for number in range(8))
    page = "<h1>{}</h1><p>{}</p>{}<p>{}</p>"
    beliefs = {TITLE: 0.8, story: 0.9, advice: 0.6}
    assert kept(page.format(TITLE, story, menu, advice), beliefs) == [TITLE, story]
    assert judged(page.format(TITLE, story, menu, advice), beliefs)[-1][1].rule == "apart from the article"
    assert kept(page.format(TITLE, story, "", advice), beliefs) == [TITLE, story, advice]
    assert kept(page.format(TITLE, story, menu, advice), beliefs | {advice: 0.8}) == [TITLE, story, advice]
    assert kept(page.format(TITLE, story, menu, advice), beliefs | {story: 0.6}) == [TITLE, story, advice]
    assert kept(page.format(TITLE, CONTACT, menu, advice), beliefs | {CONTACT: 0.9}) == [
        TITLE,
        CONTACT,
        advice,
    ]


def test_a_doubted_line_about_the_author_of_the_byline_ends_no_article() -> None:
    story = "The ferry to the outer islands runs twice a day until the ice comes, and not at all after that."
    note, other = (f"{name} looks after the harbour pages of this paper." for name in ("Ida Moll", "Ben Orr"))
    page = f"<h1>{TITLE}</h1><p>By Ida Moll</p><p>{story}</p>"
    beliefs = {TITLE: 0.8, story: 0.9, note: 0.6, other: 0.6}
    assert note not in kept(f"{page}<p>{note}</p>", beliefs)
    assert other in kept(f"{page}<p>{other}</p>", beliefs)
    assert note in kept(f"{page}<p>{note}</p>", beliefs | {note: 0.9})
    assert note in kept(f"<h1>{TITLE}</h1><p>By Ida Moll</p><p>{note}</p>", beliefs)  # all there is


def test_short_lines_below_the_rights_notice_go_only_if_all_are_doubted() -> None:
    story = "The ferry to the outer islands runs twice a day until the ice comes, and not at all after that."
    page = f"<h1>{TITLE}</h1><p>{story}</p><p>All rights reserved</p><div>Pier one</div><div>Pier two</div>"
    beliefs = {TITLE: 0.8, story: 0.99, "Pier one": 0.6, "Pier two": 0.6}
    rules = {text: verdict.rule for text, verdict in judged(page, beliefs) if verdict.reason}
    assert rules == dict.fromkeys(("Pier one", "Pier two"), "below the rights notice")
    sure = beliefs | {"Pier two": 0.99}
    assert {"Pier one", "Pier two"} <= set(kept(page, sure))


def test_lines_that_sign_an_article_stay_below_its_lead() -> None:
    lead = (
        "The ferry to the outer islands runs twice a day until the ice comes, and after that it does not run "
        "at all, whatever the two harbour masters may say about it."
    )
    story = "Whoever books in the autumn travels cheaper, says the harbour master of the smaller island."
    signed = '<p class="byline">Ida Moll, harbour desk</p><p class="date">3 May, 2021</p>'
    beliefs = {TITLE: 0.8, lead: 0.99, story: 0.99}
    found = judged(f"<h1>{TITLE}</h1><p>{lead}</p>{signed}<p>{story}</p>", beliefs)
    assert [verdict.role for _, verdict in found] == [
        "headline",
        "paragraph",
        "byline",
        "dateline",
        "paragraph",
    ]
    label = "<p>Timetable</p>"
    found = judged(f"<h1>{TITLE}</h1><p>{lead}</p>{label}{signed}<p>{story}</p>", beliefs)
    assert [verdict.reason is None for _, verdict in found] == [True, True, False, False, False, True]
    assert "By Ida Moll" in kept(f"<h1>{TITLE}</h1><p>{lead}</p><p>By Ida Moll</p><p>{story}</p>", beliefs)


STORY = (
    "The ferry to the outer islands runs twice a day until the ice comes, and after that it does not run at "
    "all, whatever the two harbour masters may say about it."
)
QUESTION = "Who pays for the ferry in the winter?"


def headline(lines: list[str], beliefs: dict[str, float], copied: dict[int, set[int]] | None = None) -> str:
    """The headline of a dump of these lines."""
    twins = repeats.find(segment_text("\n\n".join(lines)))
    phrases = [lexicon.load(None).match(line) for line in lines]
    scores = [beliefs.get(line, 0.01) for line in lines]
    found = chrome.classify(twins, phrases, scores, copied or {}).headline
    return "" if found is None else lines[found]


def test_a_question_above_the_first_paragraph_is_not_the_headline_above_the_byline() -> None:
    beliefs = {QUESTION: 0.99, STORY: 1.0, TITLE: 0.3}
    assert headline(["Pier", TITLE, "By Ida Moll", QUESTION, STORY], beliefs) == TITLE
    assert headline(["Pier", TITLE, QUESTION, STORY], beliefs) == TITLE
    assert headline(["Pier", QUESTION, STORY], beliefs) == QUESTION  # nothing else is
    assert headline([TITLE, QUESTION, STORY], beliefs | {TITLE: 0.05}) == QUESTION  # a menu's line, rather


def test_a_name_in_a_script_without_capitals_is_no_headline() -> None:
    title, name = "ميناء الجزيرة يغلق أبوابه حتى نهاية الشتاء القادم", "كتبت ليلى المرجان"
    story = " ".join(["تسير العبارة إلى الجزر البعيدة مرتين في اليوم حتى يأتي الجليد ثم تتوقف"] * 2) + "."
    assert headline([title, name, story], {story: 1.0, title: 0.2, name: 0.2}) == title
    found = dict(
        zip([title, name, story], dumped([title, name, story], {story: 1.0, title: 0.2}), strict=True)
    )
    assert found[name].role == "byline"


def dumped(lines: list[str], beliefs: dict[str, float]) -> tuple[chrome.BlockVerdict, ...]:
    """The verdicts on a dump of these lines."""
    twins = repeats.find(segment_text("\n\n".join(lines)))
    phrases = [lexicon.load(None).match(line) for line in lines]
    return chrome.classify(twins, phrases, [beliefs.get(line, 0.01) for line in lines]).verdicts


def test_a_headline_that_was_left_elsewhere_is_one_if_a_copy_stood_above_the_article() -> None:
    lines = ["Home", STORY, "Imprint", "Contact", TITLE, "Pier"]
    beliefs = {STORY: 1.0}
    assert headline(lines, beliefs) == ""
    assert headline(lines, beliefs, {4: {1, 5}}) == TITLE
    assert headline(lines, beliefs, {4: {2, 5}}) == ""  # its copy stood elsewhere, too
    assert headline(lines, beliefs, {5: {1}}) == ""  # as short as a label
    assert headline([TITLE, *lines], beliefs, {5: {1}}) == TITLE


def test_a_half_believed_element_like_the_last_one_goes_on_with_the_body() -> None:
    caption = "The smaller pier lay under the ice until the end of March"
    page = f"<h1>{TITLE}</h1><main><div class=slide>{STORY}</div>{{}}</main><p>Home</p>"
    beliefs = {TITLE: 0.8, STORY: 0.99, caption: 0.4}
    like = page.format(f"<div class=slide>{caption}</div>")
    assert caption in kept(like, beliefs)
    assert caption not in kept(like, beliefs | {caption: 0.2})
    assert caption not in kept(page.format(f"<div class=note>{caption}</div>"), beliefs)
    assert caption not in kept(page.format(f"<div class=slide><a href=x>{caption}</a></div>"), beliefs)
    assert caption not in kept(page.format(f"</main><div class=slide>{caption}</div>"), beliefs)
