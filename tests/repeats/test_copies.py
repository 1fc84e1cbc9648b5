"""The generator of pages on which passages stand again: its truth is true, and its judge can tell.

What the cleaner reaches on these pages is held in benchmarks/floors.json, see test_floors.py.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import copies  # noqa: E402
from twice import again, plant, signs  # noqa: E402
from twice.language import Voice, all_languages, languages  # noqa: E402
from twice.story import Writer, squash  # noqa: E402

PAGES = list(again.pages(1, seed=7))


def whole(page: plant.Page) -> str:
    return "\n".join(page.units[unit].ok[0] for unit in page.sequence)


def test_every_kind_speaks_every_language_in_both_forms() -> None:
    assert len(all_languages()) >= 10
    assert set(languages()) < set(all_languages())
    assert Counter((page.kind, page.form, page.language) for page in PAGES) == Counter(
        (kind, form, language)
        for kind in again.KINDS
        for form in (("html",) if kind in again.HTML_ONLY else ("html", "text"))
        for language in all_languages()
    )


def test_a_page_depends_on_its_name_alone() -> None:
    assert all(again.page(page.id) == page for page in PAGES[::17])
    assert again.page("row text zh 7.1") != again.page("row text zh 7.0")


def test_what_must_remain_is_right_and_all_that_stands_is_not() -> None:
    wrong = 0
    for page in PAGES:
        assert copies.faults(page, whole(page)) == ((), (), True), page.id
        wrong += bool(copies.faults(page, whole(page) + "\n" + whole(page)).doubled)
    assert wrong == len(PAGES)


def test_what_is_missing_cut_or_moved_is_told() -> None:
    for page in PAGES[::5]:
        fixed = [unit for unit in page.sequence if not page.units[unit].is_loose and len(unit) > 20]
        text = page.units[fixed[0]].ok[0]
        assert copies.faults(page, whole(page).replace(text, "")).lost
        moved = copies.faults(page, whole(page).replace(text, "", 1) + "\n" + text)
        assert not moved.in_order or moved.lost  # lost where another unit ends as this one begins
    teasers = [page for page in PAGES if page.kind == "teaser"]
    for page in teasers:
        cut = max((text for known in page.units.values() for text in known.cut), key=len)
        assert copies.faults(page, cut + "\n\n" + whole(page)).doubled, page.id


def test_surplus_stands_in_every_page_but_those_of_one_copy() -> None:
    once = {"container", "bullets", "law", "any-order", "headline"}
    for page in PAGES:
        surplus = any(known.copies > page.sequence.count(unit) for unit, known in page.units.items())
        assert surplus or page.kind in once, page.id


@pytest.mark.parametrize("language", all_languages())
@pytest.mark.parametrize("name", signs.SPELLINGS)
def test_a_spelling_says_the_same_words(name: str, language: str) -> None:
    writer = Writer(Voice(language, random.Random(3)))
    for _ in range(20):
        text = writer.paragraph().text
        spelt = signs.SPELLINGS[name](random.Random(5))(text)
        assert squash(spelt) == squash(text)


@pytest.mark.parametrize("name", signs.SPELLINGS)
def test_every_spelling_changes_some_text(name: str) -> None:
    changed = 0
    for language in all_languages():
        text = Writer(Voice(language, random.Random(3))).paragraph(9, 9).text + " offices find flags, off"
        changed += signs.SPELLINGS[name](random.Random(5))(text) != text
    assert changed


def test_command_tells_by_which_rule() -> None:
    command = [
        sys.executable,
        str(BENCHMARKS / "copies.py"),
        "--kind",
        "row",
        "law",
        "--language",
        "de",
        "zh",
    ]
    shown = subprocess.run(
        [*command, "--show"], check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout
    assert "row text" in shown
    assert "language zh" in shown
    page = subprocess.run(
        [*command, "--page", "row text zh 7.0"], check=True, capture_output=True, text=True, encoding="utf-8"
    )
    assert page.stdout == again.page("row text zh 7.0").content
