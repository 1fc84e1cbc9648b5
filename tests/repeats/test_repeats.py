"""Repeats inside a page: which passages are copies, and what only looks like one."""

from __future__ import annotations

from itertools import chain, product, zip_longest

import pytest
from conftest import ARTICLES, page_of, squash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.page import Page
from dedupe.repeats import accepted, rewritten
from dedupe.repeats import search as repeats
from dedupe.repeats.choose import choose
from dedupe.repeats.coverage import Alignment
from dedupe.repeats.records import ExactMatch
from dedupe.repeats.rewritten import BOUNDED
from dedupe.repeats.search import find
from dedupe.repeats.tokens import TokenStream
from dedupe.text.normalize import tokens

LANGUAGES = sorted(ARTICLES)
EDITS = {
    "en": [
        ("on Tuesday", "late on Tuesday"),
        ("two million", "2.1 million"),
        ("smaller island", "small island"),
    ],
    "de": [
        ("am Dienstag", "am späten Dienstag"),
        ("Tausenden Gästen", "vielen Gästen"),
        ("kleineren", "kleinen"),
    ],
    "ru": [("во вторник", "во вторник вечером"), ("тысячами", "множеством"), ("единственной", "одной")],
    "ar": [("يوم الثلاثاء", "مساء الثلاثاء"), ("آلاف", "كثير من"), ("الوحيد", "القديم")],
    "zh": [("星期二", "周二"), ("大约四百人", "四百来人"), ("唯一一家杂货店", "唯一的小店")],
    "ja": [("火曜日", "火曜"), ("およそ", "約"), ("大勢の", "多くの")],
    "ko": [("화요일", "지난 화요일"), ("약 사백 명", "사백여 명"), ("하나뿐인", "유일한")],
}
MORE = {
    "en": "… Read more", "de": " … Weiterlesen", "ru": "… Читать далее", "ar": "... اقرأ المزيد",
    "zh": "……阅读全文", "ja": "…続きを読む", "ko": "... 더 보기",
}  # fmt: skip
MENU = ("Harbour", "Weather", "Letters", "Chess", "About this paper")


def settle(page: Page, scores: float = 0.5) -> tuple[list[str], dict[str, list[str]]]:
    """The texts that stay, in reading order, and for each repeat the texts that it repeats."""
    twins = find(page)
    choice = choose(twins, [scores] * len(twins.units))
    texts = [block.text for block in twins.page.blocks]
    assert squash(texts) == squash(block.text for block in page.blocks), "splitting loses and adds nothing"
    assert sorted(choice.order) == list(range(len(texts)))
    kept = [texts[at] for at in choice.order if at not in choice.repeats]
    gone = {texts[at]: [texts[original] for original in choice.repeats[at]] for at in choice.repeats}
    return kept, gone


def stays(*blocks: str) -> None:
    """Assert that nothing of a page is taken for a repeat."""
    kept, gone = settle(page_of(*blocks))
    assert gone == {}
    assert kept == list(blocks)


# ---------------------------------------------------------------- copies


NO_FIRST = pytest.mark.xfail(
    strict=True, reason="what a copy has before its first twin is not put where it belongs"
)


@pytest.mark.parametrize("copies", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("language", LANGUAGES)
def test_further_copies_go(language: str, copies: int) -> None:
    article = ARTICLES[language]
    kept, gone = settle(page_of(*MENU, *(article * copies)))
    assert kept == [*MENU, *article]
    assert gone == {text: [text] for text in article}


@given(st.sampled_from(LANGUAGES), st.lists(st.booleans(), min_size=1, max_size=4), st.booleans())
def test_of_copies_in_any_arrangement_one_stays(language: str, parts: list[bool], doubled: bool) -> None:
    article = ARTICLES[language]
    every = [*parts, True] * (2 if doubled else 1)
    blocks = [text for is_article in every for text in (article if is_article else ("~", *MENU))]
    kept, _ = settle(page_of(*blocks))
    assert [text for text in kept if text in article] == list(article)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_short_lines_of_a_copy_go_with_it(language: str) -> None:
    article = ("Ferry stops", "By P. Quill", *ARTICLES[language], "© Sound Press")
    kept, gone = settle(page_of(*article, "Menu", *article))
    assert kept == [*article, "Menu"]
    assert set(gone) == set(article)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_edited_copy_goes(language: str) -> None:
    edited = list(ARTICLES[language])
    for old, new in EDITS[language]:
        assert sum(old in text for text in edited) == 1
        edited = [text.replace(old, new) for text in edited]
    kept, gone = settle(page_of(*ARTICLES[language], *MENU, *edited))
    assert kept == [*ARTICLES[language], *MENU]
    assert set(gone) == set(edited)


@pytest.mark.parametrize("missing", range(4))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_second_copy_that_lacks_a_paragraph_goes(language: str, missing: int) -> None:
    article = ARTICLES[language]
    less = [text for at, text in enumerate(article) if at != missing]
    kept, gone = settle(page_of(*article, *MENU, *less))
    assert kept == [*article, *MENU]
    assert set(gone) == set(less)


@pytest.mark.parametrize("missing", [pytest.param(0, marks=NO_FIRST), 1, 2, 3])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_copy_that_lacks_a_paragraph_is_completed_or_goes(language: str, missing: int) -> None:
    article = ARTICLES[language]
    less = [text for at, text in enumerate(article) if at != missing]
    kept, gone = settle(page_of(*less, *MENU, *article))
    assert sorted(kept) == sorted([*article, *MENU])
    assert [text for text in kept if text in article] == list(article)
    assert set(gone) == set(less)


ENDS = pytest.mark.xfail(
    strict=True, reason="what a removed copy has after its last twin is not put where it belongs"
)


@pytest.mark.parametrize(
    ("first", "second"),
    [((0, 1, 3), (1, 2, 3)), ((1, 3), (0, 1, 2, 3)), pytest.param((0, 2, 3), (0, 1, 2), marks=ENDS)],
)
def test_a_paragraph_that_only_one_copy_has_goes_where_it_belongs(
    first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    article = ARTICLES["en"]
    kept, gone = settle(page_of(*(article[at] for at in first), *MENU, *(article[at] for at in second)))
    assert [text for text in kept if text not in MENU] == list(article)
    assert set(gone) == {article[at] for at in set(first) & set(second)}


def test_a_paragraph_that_is_merely_like_a_later_one_is_not_carried_along_by_a_copy() -> None:
    title = "Brothers of Penholt harbour tell how the lender came and what the yard lost"
    early = (
        "On the fourteenth of April two men from the lender blocked her way on the pier, insulted her mother "
        "in front of the crew and pushed one of the apprentices into the water, and three of them were hurt.",
        "The court gave them eighteen months and a fine, and the yard has not paid for timber since.",
        "It is four years since the morning on the pier, and now that I look back on it what I did brought "
        "misery to the other side and to my own house, and I ask only that my mother does not blame me.",
    )
    late = (
        "Trouble came to the yard all the same. In her second year there two men from the lender blocked her "
        "way on the pier, insulted her mother in front of the crew and pushed one of the apprentices into "
        "the water, and three of them were hurt.",
        "Of the lender he speaks without anger. Now that I look back on it what I did brought misery to the "
        "other side and to my own house, and I ask only that my mother does not blame me.",
    )
    start = ("A day at the yard", *ARTICLES["en"][:2], *early)
    kept, _ = settle(
        page_of(title, f"Original title: {title}", *start, title, *start, *ARTICLES["en"][2:], *late)
    )
    assert [text for text in kept if text in (*early, *late)] == [*early, *late]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_teaser_that_is_cut_goes(language: str) -> None:
    article = ARTICLES[language]
    teaser = article[0][: len(article[0]) * 2 // 3].rstrip() + MORE[language]
    for blocks in ([teaser, *MENU, *article], [*article, *MENU, teaser]):
        kept, gone = settle(page_of(*blocks))
        assert list(gone) == [teaser]
        assert squash(gone[teaser]) in squash(article[0]), "its original may be a part of the paragraph"
        assert squash(kept) == squash([text for text in blocks if text != teaser])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cut_copy_of_some_paragraphs_goes(language: str) -> None:
    article = ARTICLES[language]
    cut = article[2][: len(article[2]) // 2].rstrip() + MORE[language]
    kept, gone = settle(page_of(article[0], article[1], cut, *MENU, *article))
    assert squash(text for text in kept if text not in MENU) == squash(article)
    assert set(gone) == {article[0], article[1], cut}


def test_a_list_of_lead_sentences_above_the_full_text_goes() -> None:
    leads = [text.split(". ")[0] + "." for text in (ARTICLES["en"][1], ARTICLES["en"][3])]
    assert leads == [
        "Some four hundred people live on the two islands all year round.",
        "The board points to the old engine.",
    ]
    kept, gone = settle(page_of(*(f"- {lead}" for lead in leads), *MENU, *ARTICLES["en"]))
    assert squash(kept) == squash([*MENU, *ARTICLES["en"]])
    assert list(gone) == [f"- {lead}" for lead in leads]
    assert [text.startswith(lead) for lead, (text,) in zip(leads, gone.values(), strict=True)] == [True, True]


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_block_borders_make_no_difference(language: str) -> None:
    article = ARTICLES[language]
    space = "" if language in ("zh", "ja") else " "
    halves = [space.join(article[:2]), space.join(article[2:])]
    kept, gone = settle(page_of(*article, *MENU, *halves))
    assert kept == [*article, *MENU]
    assert set(gone) == set(halves)
    kept, _ = settle(page_of(*halves, *MENU, *article))
    assert squash(kept) == squash([*halves, *MENU])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_copy_inside_one_big_block_is_cut_out(language: str) -> None:
    article = ARTICLES[language]
    space = "" if language in ("zh", "ja") else " "
    before, after = (
        "We have opened a second page for the islands.",
        "Write to us about the winter in the sound.",
    )
    kept, gone = settle(page_of(*article, *MENU, f"{before} {space.join(article)} {after}"))
    assert squash(gone) == squash(article)
    rest = "".join(kept).replace(before, "").replace(after, "")
    assert sorted(squash(rest)) == sorted(squash([*article, *MENU])), (
        "one copy stays, and what only one block has"
    )
    assert squash(article) in squash(kept)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_page_in_one_block_holds_a_copy_of_itself(language: str) -> None:
    space = "" if language in ("zh", "ja") else " "
    text = space.join(ARTICLES[language])
    kept, gone = settle(page_of(space.join((text, text))))
    assert squash(kept) == squash(gone) == squash(text)


def test_short_lines_between_the_paragraphs_of_one_copy_stay() -> None:
    article = ARTICLES["en"]
    adverts = [f"Advert {at}: a boat of your own" for at in range(4)]
    mixed = [text for pair in zip_longest(article, adverts) for text in pair]
    kept, gone = settle(page_of(*article, *MENU, *mixed))
    assert sorted(kept) == sorted([*article, *MENU, *adverts])
    assert set(gone) == set(article)


def test_two_articles_twice_are_two_copies() -> None:
    one, two = ARTICLES["en"], ARTICLES["de"]
    kept, gone = settle(page_of(*one, *two, *MENU, *two, *one))
    assert kept == [*one, *two, *MENU]
    assert set(gone) == {*one, *two}


@settings(max_examples=40)
@given(st.lists(st.sampled_from(list(chain(*ARTICLES.values(), MENU))), max_size=14))
def test_whatever_stands_twice_each_text_is_kept_at_least_once(blocks: list[str]) -> None:
    kept, gone = settle(page_of(*blocks))
    for original in chain(*gone.values()):
        assert original in kept, "a repeat names blocks that stay"
    assert {squash(text) for text in blocks} <= {squash(text) for text in kept}


@given(st.permutations([*ARTICLES["en"], *ARTICLES["zh"], *MENU]))
def test_what_stands_once_stays_in_any_order(blocks: list[str]) -> None:
    stays(*blocks)


def test_a_short_line_more_beside_a_copy_makes_no_difference() -> None:
    title, more, one = "Ferry to the isles stops", "Mehr zum Thema", ARTICLES["de"][0]
    article = (title, *ARTICLES["de"])
    kept, gone = settle(
        page_of(*article, "Start", more, more, "News per mail", title, one, "Start", more, "News per mail")
    )
    assert kept.count(one) == 1
    assert one in gone


# ---------------------------------------------------------------- no copies


def test_a_refrain_stays() -> None:
    refrain = "Row, my lads, row home"
    verses = [
        "The lamp is lit above the quay and all the nets are dry",
        "The captain sold his silver watch to see the gulls go by",
        "My sister keeps a yellow dog that barks at every tide",
        "They built a church of driftwood where the harbour seals can hide",
    ]
    stays(*(line for verse in verses for line in (verse, refrain)))


@pytest.mark.xfail(strict=True, reason="a refrain at the end of a copy is paired with another one")
def test_a_song_that_stands_twice_keeps_its_refrains() -> None:
    refrain = "Row, my lads, row home, for the lamp is lit"
    verses = [text.split(". ")[0] + "." for text in ARTICLES["en"]]
    song = [line for verse in verses for line in (verse, refrain)]
    kept, gone = settle(page_of(*song, *MENU, *song))
    assert kept == [*song, *MENU]
    assert set(gone) == set(song)


def test_questions_and_answers_stay() -> None:
    answers = ["Since March, more or less.", "Nobody did.", "Yes.", "Yes.", "The boat, the sea, my brother."]
    stays(*(line for at, answer in enumerate(answers) for line in (f"Q: And number {at}?", "A:", answer)))


def test_short_answers_of_an_interview_stay() -> None:
    stays(
        "问：什么时候开始的？",
        "答：去年。",
        "问：有人反对吗？",
        "答：没有。",
        "问：后来呢？",
        "答：没有。",
        "问：还会再来吗？",
        "答：会。",
    )


def test_rows_of_a_table_stay() -> None:
    rows = [
        f"{name} | {won} | 2 | 1 | 0 | 0"
        for name, won in zip(("Sound", "Quay", "Isle", "Skerry"), (4, 3, 3, 1), strict=True)
    ]
    stays("Team | Won | Drawn | Lost | For | Against", *rows, "Team | Won | Drawn | Lost | For | Against")


def test_time_stamps_of_a_live_blog_stay() -> None:
    lines = [
        "The ferry has left.",
        "Rain over the sound.",
        "The board meets behind closed doors.",
        "The ferry is back.",
    ]
    stays(*(text for at, line in enumerate(lines) for text in (f"10:{at}5", "Posted by the news desk", line)))


@pytest.mark.xfail(strict=True, reason="in a long run the numbers are not compared")
def test_lines_that_differ_in_their_numbers_stay() -> None:
    stays(
        *(
            f"Ferry number {at} leaves the old harbour at {at + 6} o'clock every working day and comes back"
            f" at {at + 9} o'clock from the outer islands with mail, passengers and fresh fish on board."
            for at in range(6)
        )
    )


def test_weather_lines_with_other_numbers_stay() -> None:
    stays(
        *(
            f"星期{day}：白天多云转阴，有时有小雨，东北风{wind}级，最高气温{high}度，最低气温{low}度，相对湿度在百分之{wet}左右。"
            for day, wind, high, low, wet in (
                ("一", 4, 21, 14, 60),
                ("二", 5, 20, 13, 65),
                ("三", 3, 23, 15, 55),
                ("四", 4, 24, 16, 50),
            )
        )
    )


def test_steps_that_are_nearly_equal_stay() -> None:
    stays(
        "Stir in a third of the flour and let it rest.",
        "Beat the eggs.",
        "Stir in a third of the flour and let it rest.",
        "Melt the butter.",
        "Stir in the last third of the flour.",
    )


def test_a_quotation_inside_another_text_stays() -> None:
    said = "“The line has lost money every winter since I came to the board, and nobody likes to say it.”"
    stays(
        f"The chairman said in the evening: {said} The meeting went on until midnight without a vote.",
        "On the islands people had gathered in the school to hear what the board would say about the winter.",
        f"Ingrid Hallam shook her head when she heard his words. {said} She laughed and closed the shop.",
    )


def test_a_speech_that_begins_its_sentences_alike_stays() -> None:
    stays(
        *(
            f"We will not give up this line as long as {who} depends on it, and we say so in every meeting."
            for who in (
                "a single child",
                "the doctor on her rounds",
                "one old fisherman",
                "the post",
                "anyone at all",
            )
        )
    )


@pytest.mark.xfail(strict=True, reason="the left side of a run is extended into its right side")
def test_replies_that_quote_one_post_after_the_other_stay() -> None:
    post = ARTICLES["en"][1]
    page = page_of(
        "Ferry stops",
        post,
        ("quote", post),
        "I was born there and nobody ever asked us.",
        ("quote", post),
        "Nor us.",
    )
    kept, gone = settle(page)
    assert (kept, gone) == ([block.text for block in page.blocks], {})


def test_a_reply_that_quotes_a_post_stays() -> None:
    page = page_of(
        "Ferry stops", *ARTICLES["en"], "Letters", *(("quote", text) for text in ARTICLES["en"]), "Nor us."
    )
    kept, gone = settle(page)
    assert (kept, gone) == ([block.text for block in page.blocks], {})


def test_a_bigger_text_that_begins_in_the_same_way_stays() -> None:
    begin = "The harbour board of the outer islands met on Tuesday evening"
    stays(
        f"{begin} to talk about the ferry, and it was past midnight when the lamps in the hall went out.",
        f"{begin} for the second time this year: the price of salt had doubled and the fishermen were angry.",
    )


def test_texts_that_begin_alike_up_to_an_ellipsis_stay() -> None:
    begin = "老船长在码头上等了整整一个晚上还是没有等到那条从外海回来的渡轮……"
    one = begin + "天亮以后他一个人走回家去，把门锁上，再也没有对任何人提起过这件事。"
    two = begin + "可是到了第二天中午，渡轮忽然出现在雾里，船上的人都在唱歌，他的孙女也在里面向他招手。"
    stays(one, "岛上的人都说他记错了日子。", two)


# ---------------------------------------------------------------- what a run says


def test_runs_name_pairs_sizes_and_what_is_covered() -> None:
    article = ARTICLES["en"]
    twins = find(page_of(*article, "Menu", *article))
    (run,) = twins.runs
    assert run.pairs == ((0, 5), (1, 6), (2, 7), (3, 8))
    assert (run.left_covered, run.right_covered) == (frozenset(range(4)), frozenset(range(5, 9)))
    assert run.exact == 1.0
    assert run.size == sum(twins.units[:4]) == sum(twins.units[5:])


def test_pieces_know_their_source_and_their_words() -> None:
    article = ARTICLES["en"]
    twins = find(page_of(*article, " ".join(("We have opened a second page.", *article))))
    assert twins.source == (0, 1, 2, 3, 4, 4)
    assert [block.number for block in twins.page.blocks] == list(range(6))
    assert twins.page.blocks[4].text == "We have opened a second page."
    assert twins.words[5] == tuple(chain(*twins.words[:4]))
    assert len(twins.words) == len(twins.units) == len(twins.page.blocks)


def test_a_page_without_repeats_is_given_back_as_it_is() -> None:
    page = page_of(*ARTICLES["en"])
    twins = find(page)
    assert twins.page is page
    assert twins.source == (0, 1, 2, 3)
    assert twins.runs == ()


@pytest.mark.parametrize("blocks", [(), ("",), ("", "", ""), ("—",), ("— * —",) * 40])
def test_pages_without_words(blocks: tuple[str, ...]) -> None:
    stays(*blocks)


@pytest.mark.parametrize("copies", [40, 63, 2_000])
def test_of_a_long_series_of_equal_paragraphs_one_stays(copies: int) -> None:
    twins = find(page_of(*[ARTICLES["en"][0]] * copies))
    assert len(twins.runs) <= 2 * copies.bit_length()
    assert {piece for run in twins.runs for piece in run.right_covered} == set(range(1, copies))


def test_a_long_series_of_short_lines_stays() -> None:
    assert find(page_of(*["Yes."] * 100)).runs == ()
    assert find(page_of(*["Yes.", "No, never."] * 100)).runs == ()


@settings(max_examples=200)
@given(st.lists(st.text(max_size=30) | st.text("aZ é“”… 1_ß字¨ﬁ\u0301½\n", max_size=20), max_size=6))
def test_words_are_those_of_the_normaliser(texts: list[str]) -> None:
    twins = find(page_of(*texts))
    said = [tuple(tokens(text)) for text in texts]
    assert [len(words) for words in twins.words] == [len(words) for words in said]
    for (one, words), (two, others) in product(zip(said, twins.words, strict=True), repeat=2):
        assert (one == two) == (words == others)


STEPS = [f"{verb} until it is done, then go on." for verb in ("Knead", "Roll", "Fold", "Bake", "Cool")]
SHELF = "Put the {} tin with the blue lid back on the top shelf before any of us asks for a bit more of it"


def test_a_label_between_the_steps_is_no_part_of_a_copy_further_off() -> None:
    label = "Stir well and rest for five minutes."
    lines = [*chain.from_iterable((ARTICLES[language][1], label) for language in LANGUAGES), label]
    lines[2] = ARTICLES["en"][0]
    lines[8:9] = "Wait a while.", ARTICLES["en"][0], "Taste it."
    assert lines.count(label) >= 4
    gone = {piece for run in find(page_of(*lines)).runs for piece in run.left_covered | run.right_covered}
    assert gone == {2, 9}


def test_a_verse_that_returns_stays() -> None:
    verse = [
        "Roll on, roll on, you cold grey wave upon the sand",
        "nobody waits for you",
        "and nobody ever knew the name of the harbour hand",
        "who let the mooring go",
    ]
    lines = [*chain.from_iterable((*verse, step, f"{step} Now.") for step in STEPS[:4])]
    assert find(page_of(*lines)).runs == ()


def test_a_block_with_some_words_of_its_own_is_no_copy_of_a_shorter_one() -> None:
    first = SHELF.format("big round")
    assert (
        find(
            page_of(f"{first}, or salt, rice, tea and oats", MENU[0], f"{first}, or flour, malt and some jam")
        ).runs
        == ()
    )
    assert find(page_of(f"{first} here.", MENU[0], f"{first} there.")).runs


def test_equal_lines_of_words_that_are_all_common_are_found() -> None:
    words = [f"word{at}" for at in range(6)]
    parts = [" ".join(words[at:] + words[:at]) for at in range(6)]
    lines = [
        f"{parts[at % 6]} {parts[(at * 5 + 1) % 6]} {parts[at // 6]} {'abcdefghi'[at % 9]}"
        for at in range(36)
    ]
    again = [*lines, *(f"Nothing of that kind {at} here" for at in range(20)), lines[7]]
    twins = find(page_of(*again))
    assert (7, 56) in {pair for run in twins.runs for pair in run.pairs}


# ---------------------------------------------------------------- bounds


def test_only_so_many_passages_are_looked_at_the_longest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [text for text in ARTICLES["en"] for _ in range(2)]
    page = page_of(*lines)
    every = find(page)
    assert every.page.warnings == ()
    monkeypatch.setattr(accepted, "WORK", 1)
    twins = find(page)
    assert twins.runs[0] in every.runs
    assert len(twins.runs) < len(every.runs)
    assert twins.page.warnings == (rewritten.BOUNDED,)
    assert squash(block.text for block in twins.page.blocks) == squash(lines)


def test_only_so_many_pairs_of_rewritten_blocks_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"word{chr(97 + at)}" for at in range(11)]
    texts = [" ".join(words[(3 * at + number) % 11] for number in range(40)) for at in range(8)]
    assert find(page_of(*texts)).page.warnings == ()
    monkeypatch.setattr(rewritten, "PAIRS", 1)
    assert find(page_of(*texts)).page.warnings == (rewritten.BOUNDED,)


def test_passages_that_grow_along_a_long_copy_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"{chr(97 + at // 26)}{chr(97 + at % 26)}word" for at in range(400)]
    windows = [" ".join(words[at : at + 30]) for at in range(300)]
    held = 0
    around = Alignment.around

    def counted(stream: TokenStream, chain: list[ExactMatch]) -> Alignment:
        nonlocal held
        cover = around(stream, chain)
        held += len(cover.left.units) + len(cover.right.units)
        return cover

    monkeypatch.setattr(Alignment, "around", counted)
    monkeypatch.setattr(accepted, "WORK", 2_000)
    twins = find(page_of(*windows, *windows))
    assert held <= 2_000 + 4 * len(windows)
    assert twins.page.warnings == (rewritten.BOUNDED,)


def test_a_page_that_is_too_much_work_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [text for text in ARTICLES["en"] for _ in range(2)]
    monkeypatch.setattr(accepted, "WORK", 1)
    search = repeats.RepeatSearch.of(page_of(*lines, *lines[::2]))
    assert BOUNDED in search.page.warnings
    assert search.again(search.page, search.stream.sentences) is search
