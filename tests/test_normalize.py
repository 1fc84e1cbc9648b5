"""The normaliser: what must compare equal does, and no more."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedupe.normalize import CJK_UNITS, LINE_END, fold, is_cjk, line_tokens, sentence_ends, tokens, units

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


@pytest.mark.parametrize("around", ["", "字", "ab é ", "\u0301", "\u1100"])
def test_the_tokens_of_every_character_among_others(around: str) -> None:
    """Lines of many characters at once, so that each of Unicode's is looked at in all ways of reading."""
    for low in range(0, sys.maxunicode + 1, 64):
        text = "\n".join(f"x{around}{chr(point)}{around}y" for point in range(low, low + 64) if point != 10)
        plainly = [token for line in text.split("\n") for token in (LINE_END, *tokens(line))][1:]
        assert line_tokens(text) == plainly


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
