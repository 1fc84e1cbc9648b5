"""The normaliser: what must compare equal does, and no more."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedupe.text import normalize
from dedupe.text import words as shingles
from dedupe.text.normalize import (
    CJK_UNITS,
    LINE_END,
    MARKS,
    fold,
    is_cjk,
    line_tokens,
    plain,
    sentence_ends,
    shown,
    tokens,
    units,
)

ANY_LINES = st.text(st.one_of(st.characters(), st.sampled_from("ab 字ｶﾞ\xad\u200b\u0301\n")), max_size=60)
ANY = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=60)
MIXED = st.text(st.sampled_from("abc XYZ 12 éßñ жЁ 字中國 かカ 한 سلا .,!?…。！？“”«»()-\n\t"), max_size=80)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("“It's late,” he said.", '"It’s late" - he said'),
        ("ＡＢＣ　１２３", "abc 123"),
        ("Straße GROSS", "STRASSE gross"),
        ("café", "cafe\u0301"),
        ("ﬁnal", "final"),
        ("Ёлка — Москва", "ёлка-МОСКВА"),
        ("他说：「很热」！", "他说，“很热”"),
        ("ｶﾞｽ", "ガス"),
        ("カ゛ス、ハ゜ン", "ガス、パン"),
        ("ｶ\u200b\uff9eｽ", "ガス"),
        ("it's it’s it‘s itʼs it´s it＇s", "it's it's it's it's it's it's"),
        ("oʻzbek Hawaiʻi ŉ", "o'zbek Hawai‘i 'n"),
        ("soft\xadhy\xadphens", "softhyphens"),
        ("\ufeffzero\u200bwidth \u2060joined\u200d", "zerowidth joined"),
        ("\u202bשלום\u202c \u2066עולם\u2069\u200f", "שלום עולם"),
        ("می\u200cخواهم", "میخواهم"),
        ("ســـلام ﻻ ﷲ", "سلام لا الله"),
        ("ب\ufe77", "ب\u064e"),
        ("葛\U000e0100城 葛\ufe00", "葛城 葛"),
        ("cafe\u034f\u0301", "café"),
        ("\u1100\u200d\u1161\u11a8", "각"),
        ("f\u2061(x)", "f(x)"),
        ("12\u202f000\u2009km\u3000x", "12 000 km x"),
        ("bell\x07 tone", "bell tone"),
        ("non\u00a0breaking  space\tand\nline", "non breaking space and line"),
    ],
)
def test_variants_compare_equal(one: str, two: str) -> None:
    assert tokens(one) == tokens(two)


@pytest.mark.parametrize(
    ("one", "two"), [("12.5", "125"), ("cafe", "café"), ("他说", "她说"), ("may be", "maybe"), ("Ель", "Ёль")]
)
def test_different_words_stay_different(one: str, two: str) -> None:
    assert tokens(one) != tokens(two)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("?! … — “”", []),
        ("GDP增长5.2%", ["gdp", "增", "长", "5", "2"]),
        ("東京タワーへ", ["東", "京", "タ", "ワ", "ー", "へ"]),
        ("서울 날씨", ["서울", "날씨"]),
        ("snake_case", ["snake", "case"]),
        ("𠮷野家", ["𠮷", "野", "家"]),
        ("人々", ["人", "々"]),
        ("二〇二四", ["二", "〇", "二", "四"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(ANY)
def test_composed_and_decomposed_text_have_the_same_tokens(text: str) -> None:
    assert tokens(unicodedata.normalize("NFD", text)) == tokens(unicodedata.normalize("NFC", text))


@given(ANY)
def test_letters_and_digits_all_stand_in_tokens(text: str) -> None:
    assert "".join(tokens(text)) == "".join(char for char in fold(text) if char.isalnum() or char in "々〇")


@given(ANY_LINES)
@example("ｶ\u200b\uff9e half-width\n\u1100\u1161\u11a8 e\u0301 İ ǰ ΐ\nk\xadK ß")
@example("".join(map(chr, range(0xA1, 0x180))) * 2)
def test_many_lines_at_once_give_the_tokens_of_each(text: str) -> None:
    plainly = [token for line in text.split("\n") for token in (LINE_END, *tokens(line))][1:]
    assert line_tokens(text) == plainly


def differing() -> list[str]:
    """All assigned characters, but one in a hundred of ideographs and Hangul, which are all alike."""
    alike = re.compile("[\u3400-\u9fff\uac00-\ud7a3\U00017000-\U00018cff\U00020000-\U0003134f]")
    return [
        char
        for point, char in enumerate(map(chr, range(sys.maxunicode + 1)))
        if unicodedata.category(char) not in ("Cn", "Co") and char != "\n"
        if point % 100 == 0 or not alike.match(char)
    ]


@pytest.mark.parametrize("around", ["", "字", "ab é ", "\u0301", "\u1100"])
def test_the_tokens_of_every_character_among_others(around: str) -> None:
    """Lines of some characters at once: with more of them all would be read in the slow way."""
    every = differing()
    for low in range(0, len(every), 64):
        lines = [f"x{around}{char}{around}y" for char in every[low : low + 64]]
        plainly = [token for line in lines for token in (LINE_END, *tokens(line))][1:]
        assert line_tokens("\n".join(lines)) == plainly


@given(MIXED)
def test_fold_leaves_line_ends_in_place(text: str) -> None:
    assert fold(text).count("\n") == text.count("\n")


@given(MIXED)
def test_units_count_a_cjk_character_as_a_part_of_a_word(text: str) -> None:
    found = tokens(text)
    assert units(text) == sum(CJK_UNITS if is_cjk(token) else 1.0 for token in found)


@pytest.mark.parametrize(
    ("token", "expected"),
    [("字", True), ("か", True), ("ア", True), ("々", True), ("한", False), ("字字", False), ("a", False)],
)
def test_what_is_a_cjk_character(token: str, expected: bool) -> None:
    assert is_cjk(token) is expected


def sentences(text: str) -> list[str]:
    ends = sentence_ends(text)
    return [text[low:high].strip() for low, high in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [""]),
        ("A. B. C.", ["A. B. C."]),
        ("It rained all day. It stopped at night.", ["It rained all day.", "It stopped at night."]),
        ("“It is late now.” He went home at once.", ["“It is late now.”", "He went home at once."]),
        ("It grew by 3.5 percent in the first quarter", ["It grew by 3.5 percent in the first quarter"]),
        (
            "雨下了一整天，直到晚上才停。“明天会放晴。”气象台说！真的吗？",
            ["雨下了一整天，直到晚上才停。", "“明天会放晴。”", "气象台说！", "真的吗？"],
        ),
        ("Дождь шёл весь день. Потом выглянуло солнце!", ["Дождь шёл весь день.", "Потом выглянуло солнце!"]),
        ("Really?! Nobody had expected that. Nobody", ["Really?!", "Nobody had expected that.", "Nobody"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(MIXED)
def test_sentence_ends_go_up_to_the_end_and_no_further(text: str) -> None:
    ends = sentence_ends(text)
    assert ends[-1] == len(text)
    assert ends == sorted(set(ends))


@given(MIXED)
def test_no_word_is_cut_by_a_sentence_end(text: str) -> None:
    parts = [token for part in sentences(text) for token in tokens(part)]
    assert parts == tokens(text)


# ---------------------------------------------------------------- signs that do not show

EVERY = "".join(map(chr, range(sys.maxunicode + 1)))
IGNORED_SIGNS = frozenset(re.findall(f"[{normalize.IGNORED}]", EVERY))
ON_TATWEEL = frozenset(re.findall(f"[{normalize._ON_TATWEEL}]", EVERY))
SIGNS = st.sampled_from(
    "\xad\u034f\u061c\u0640\u180b\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2061\u2064\u2066\u2069"
    "\u3164\ufe00\ufe0f\ufeff\ufffc\x00\x07\x7f\x90\U000e0001\U000e0061\U000e0100\U0001d173"
)
PROSE = (
    "It’s late, and the ferry’s gone. “Nobody was told.” Naïve visitors wait!"
    " 渡轮停航。居民说：“没有人通知。”"
    " Паром не ходит. हिन्दी में खबर। می‌خواهم. がぎ café 각"
)


@st.composite
def riddled(draw: st.DrawFn) -> str:
    """The prose with signs that do not show anywhere in it."""
    text = PROSE
    for at in sorted(draw(st.lists(st.integers(0, len(PROSE)), max_size=12)), reverse=True):
        text = text[:at] + draw(SIGNS) + text[at:]
    return text


@given(riddled())
def test_signs_that_do_not_show_change_no_word_in_any_scope(text: str) -> None:
    assert tokens(text) == tokens(PROSE)
    assert line_tokens(text) == line_tokens(PROSE)
    found, expected = shingles.words([[text]]), shingles.words([[PROSE]])
    assert found.hashes.tolist() == expected.hashes.tolist()
    assert found.opens.tolist() == expected.opens.tolist()


@given(riddled())
def test_signs_that_do_not_show_move_no_end_of_a_sentence(text: str) -> None:
    bare = "".join(sign for sign in text if sign not in IGNORED_SIGNS)
    assert [tokens(part) for part in sentences(text)] == [tokens(part) for part in sentences(bare)]
    assert sentence_ends(text)[-1] == len(text)


def test_all_format_characters_of_unicode_are_ignored_or_shown() -> None:
    """What shows: signs of numbers in Arabic and its neighbours, and what arranges Egyptian signs."""
    left = {char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) == "Cf"}
    names = {unicodedata.name(char, "TAG").split()[0] for char in left - IGNORED_SIGNS}
    assert names == {"ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN"}


def slow_plain(text: str) -> str:
    """`plain`, a character at a time where it can be."""
    kept = [normalize._LETTERS.get(char, char) for char in text if char not in IGNORED_SIGNS]
    kept = [char if char not in ON_TATWEEL else unicodedata.normalize("NFKC", char)[1:] for char in kept]
    return re.sub("[’‘]", "'", unicodedata.normalize("NFKC", "".join(kept)))


@given(ANY_LINES | st.text(max_size=MARKS))
def test_plain_text_is_that_of_the_slow_way(text: str) -> None:
    assert plain(text) == slow_plain(text)


def test_every_character_is_made_plain_as_the_slow_way_does() -> None:
    for point in range(sys.maxunicode + 1):
        assert plain(f"x{chr(point)}y") == slow_plain(f"x{chr(point)}y")


@given(st.text("\u0301\u0327\u0308\u0323\u05b0\u0f73\uff9e\u3099", min_size=MARKS + 1, max_size=90))
def test_a_long_row_of_marks_is_cut(marks: str) -> None:
    assert plain(f"a{marks}b c") == plain(f"a{marks[:MARKS]}b c")
    assert tokens(f"x a{marks} b") == tokens(f"x a{marks[:MARKS]} b")


def test_a_short_row_of_marks_stays() -> None:
    marks = "\u0301\u0327" * (MARKS // 2)
    assert plain(f"a{marks}b") == unicodedata.normalize("NFKC", f"a{marks}b")


def test_every_character_that_normalises_to_a_mark_may_be_one_here() -> None:
    first = {char: unicodedata.normalize("NFKD", char)[0] for char in map(chr, range(sys.maxunicode + 1))}
    marks = "".join(char for char, decomposed in first.items() if unicodedata.combining(decomposed))
    assert re.fullmatch(f"[{normalize._MAY_BE_MARKS}]+", marks)
    assert set(filter(str.isalnum, marks)) == set(normalize._HALF_WIDTH_MARKS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("soft\xadhyphen\u200b \ufeffx\u200e", "softhyphen x"),
        ("a\u2009b\u202fc\u2028d", "a b c\nd"),
        ("می\u200cخواهم می\u200c\u200cخواهم می\xad\u200cخ", "می\u200cخواهم می\u200cخواهم می\u200cخ"),
        ("क्\u200dष 👩\u200d🚀 ❤\ufe0f\u200d🔥", "क्\u200dष 👩\u200d🚀 ❤\ufe0f\u200d🔥"),
        ("a\u200cb 海\u200d港 \u200dم", "ab 海港 م"),
        ("plain", "plain"),
    ],
)
def test_what_is_shown(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(riddled())
def test_what_is_shown_has_the_same_words(text: str) -> None:
    assert tokens(shown(text)) == tokens(text)
    assert shown(shown(text)) == shown(text)
