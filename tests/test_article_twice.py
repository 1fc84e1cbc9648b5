"""The article-twice benchmark: its pages are what they say, and its scorer can tell right from wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lxml.html
import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from twice import across, plant, score  # noqa: E402
from twice.language import languages  # noqa: E402
from twice.story import squash  # noqa: E402

PAGES = list(plant.pages(2 * len(plant.KINDS) * len(languages()), seed=5))
POSITIVE = [page for page in PAGES if any(u.copies > page.sequence.count(n) for n, u in page.units.items())]
DOCUMENTS = across.collection(120, seed=5)


def oracle(page: plant.Page) -> str:
    return "\n".join(page.units[unit].ok[0] for unit in page.sequence)


def all_text(page: plant.Page) -> str:
    """Every text of the page, copies in templates and text areas included."""
    if page.form == "text":
        return page.content
    text = lxml.html.document_fromstring(page.content).text_content()
    return (
        str(lxml.html.document_fromstring(text).text_content()) if "<textarea" in page.content else str(text)
    )


def figures(pages: list[plant.Page], clean: Callable[[plant.Page], str]) -> dict[str, Any]:
    answers = {page.id: score.Answer(clean(page)) for page in pages}
    return dict(score.score_pages(pages, answers)["all"])


# ---------------------------------------------------------------- pages


def test_every_kind_speaks_every_language_in_both_forms() -> None:
    assert {(page.kind, page.language) for page in PAGES} == {
        (kind, language) for kind in plant.KINDS for language in languages()
    }
    forms = {(page.kind, page.form) for page in PAGES}
    assert {kind for kind, form in forms if form == "html"} == set(plant.KINDS)
    assert {kind for kind, form in forms if form == "text"} == set(plant.KINDS) - plant.HTML_ONLY


def test_a_seed_gives_the_same_pages_whatever_their_number() -> None:
    assert PAGES[:30] == list(plant.pages(30, seed=5))
    assert [page.content for page in plant.pages(30, seed=6)] != [page.content for page in PAGES[:30]]


def test_truth_counts_what_the_page_holds() -> None:
    for page in PAGES:
        flat = squash(all_text(page))
        for known in page.units.values():
            long = [squash(text) for text in known.ok if not score.is_short(squash(text))]
            if long and not known.cut:
                # one wording may stand inside another: never fewer than planted
                assert sum(flat.count(text) for text in set(long)) >= known.copies, (page.id, known)


@pytest.mark.parametrize("kind", plant.KINDS)
def test_only_pages_with_a_copy_have_surplus(kind: str) -> None:
    some = [page for page in PAGES if page.kind == kind]
    has_copies = plant.KINDS[kind][0] is not plant.KINDS["once"][0]
    assert all((page in POSITIVE) == has_copies for page in some)


# ---------------------------------------------------------------- scorer on pages


def test_oracle_is_perfect() -> None:
    found = figures(PAGES, oracle)
    assert found["perfect"] == 1
    assert found["doubled"] == found["lost"] == found["lost_share"] == found["chrome"] == 0
    assert found["precision"] == found["recall"] == 1


def test_identity_doubles_every_page_that_holds_a_copy() -> None:
    found = figures(POSITIVE, all_text)
    assert found["doubled"] == 1
    assert found["perfect"] == 0
    assert found["recall"] < 0.05
    assert found["chrome"] > 0.4


def test_identity_loses_nothing_long() -> None:
    assert figures(PAGES, all_text)["lost_share"] < 0.01


def test_empty_output_loses_every_page() -> None:
    found = figures(PAGES, lambda page: "")
    assert found["lost"] == found["lost_share"] == 1
    assert found["perfect"] == found["doubled"] == 0
    assert figures(PAGES, oracle)["lost"] == 0


def test_a_page_without_an_answer_counts_as_empty() -> None:
    assert score.score_pages(PAGES[:5], {})["all"]["lost"] == 1


def test_one_sentence_less_is_lost_and_one_more_is_doubled() -> None:
    for page in PAGES[:60]:
        long = [unit for unit in page.sequence if len(unit) > 30 and not page.units[unit].optional]
        text = page.units[long[0]].ok[0]
        less = score.score_page(page, score.Answer(oracle(page).replace(text, "", 1)))
        more = score.score_page(page, score.Answer(oracle(page) + text))
        assert (less.lost, less.perfect) == (1, 0)
        assert (more.doubled, more.lost, more.perfect) == (1, 0, 0)


def test_wrong_order_is_not_perfect() -> None:
    page = next(page for page in PAGES if page.kind == "once")
    turned = "\n".join(reversed(oracle(page).split("\n")))
    counts = score.score_page(page, score.Answer(turned))
    assert (counts.perfect, counts.lost, counts.doubled) == (0, 0, 0)


def test_a_cut_beginning_that_is_left_is_doubled() -> None:
    page = next(page for page in PAGES if page.kind == "read-more")
    cut = next(known.cut[0] for known in page.units.values() if known.cut)
    assert score.score_page(page, score.Answer(cut + "\n" + oracle(page))).doubled == 1


def test_a_short_unit_counts_as_a_whole_line_only() -> None:
    page = next(page for page in PAGES if page.kind == "interview" and page.language == "en")
    matcher = score.Matcher(page)
    assert [found.unit for found in matcher.find("Q:")] == ["q"]
    assert matcher.find("Quite so: a longer line") == []


def test_dropping_equal_lines_loses_repetition_by_right() -> None:
    def seen_once(page: plant.Page) -> str:
        return "\n".join(dict.fromkeys(oracle(page).split("\n")))

    refrains = [page for page in PAGES if page.kind in ("refrain", "interview", "table")]
    assert figures(refrains, seen_once)["lost"] == 1


def test_provenance_is_right_only_if_the_named_text_says_it() -> None:
    page = next(page for page in PAGES if page.kind == "exact" and page.form == "text")
    unit = next(unit for unit in page.sequence if len(unit) > 40)
    text = page.units[unit].ok[0]
    right = score.Answer(oracle(page), [(text, [text])])
    wrong = score.Answer(oracle(page), [(text, [page.units[page.sequence[-1]].ok[0]])])
    none = score.Answer(oracle(page), [(text, [])])
    judged = [score.score_pages([page], {page.id: answer})["all"] for answer in (right, wrong, none)]
    assert [each["provenance"] for each in judged] == [1, 0, 0]
    assert score.score_pages([page], {page.id: score.Answer(oracle(page))})["all"]["provenance"] is None


# ---------------------------------------------------------------- across pages


def test_collections_hold_every_kind() -> None:
    kinds = Counter(document.kind for document in DOCUMENTS)
    assert set(kinds) == {"original", *across.COPIES, *across.APART}
    assert across.collection(120, seed=5) == DOCUMENTS


def test_stories_themselves_are_the_right_clusters() -> None:
    found = score.score_across(DOCUMENTS, score.Clusters({each.id: each.story for each in DOCUMENTS}))
    assert (found["precision"], found["recall"], found["f1"]) == (1, 1, 1)
    assert (found["lost"], found["left"]) == (0, 0)
    assert set(found["merged"].values()) == {0}
    assert set(found["found"].values()) == {1}


def test_every_page_alone_finds_nothing() -> None:
    found = score.score_across(DOCUMENTS, score.Clusters({}))
    assert (found["f1"], found["recall"], found["lost"]) == (0, 0, 0)
    assert found["left"] == len(DOCUMENTS) - len({each.story for each in DOCUMENTS})


def test_all_pages_in_one_cluster_loses_stories() -> None:
    found = score.score_across(DOCUMENTS, score.Clusters({each.id: "one" for each in DOCUMENTS}))
    assert found["recall"] == 1
    assert found["precision"] < 0.1
    assert found["lost"] == len({each.story for each in DOCUMENTS}) - 1
    assert set(found["merged"].values()) == {1}


def test_kept_pages_count_and_not_the_first_ones() -> None:
    labels = {each.id: each.story for each in DOCUMENTS}
    found = score.score_across(DOCUMENTS, score.Clusters(labels, frozenset()))
    assert found["lost"] == found["stories"]


def test_lines_of_the_site() -> None:
    labels = {each.id: each.story for each in DOCUMENTS}
    whole = {each.id: each.text for each in DOCUMENTS}
    bare = {each.id: "\n".join(x for x in each.lines if x not in each.boiler) for each in DOCUMENTS}
    judged = [score.score_across(DOCUMENTS, score.Clusters(labels, None, texts)) for texts in (whole, bare)]
    assert [(each["boiler_left"], each["text_lost"]) for each in judged] == [(1, 0), (0, 0)]
    empty = score.score_across(DOCUMENTS, score.Clusters(labels, None, dict.fromkeys(labels, "")))
    assert (empty["boiler_left"], empty["text_lost"]) == (0, 1)


# ---------------------------------------------------------------- command line


def test_command_line_round_trip(tmp_path: Path) -> None:
    def run(*args: str) -> str:
        command = [sys.executable, str(BENCHMARKS / "article_twice.py"), *args]
        return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout

    size = ("--count", "25", "--seed", "3")
    run("pages", *size, "--out", str(tmp_path))
    shown = [json.loads(line) for line in (tmp_path / "pages.jsonl").read_text("utf-8").splitlines()]
    assert [set(row) for row in shown] == [{"id", "language", "form", "content"}] * 25
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text("utf-8").splitlines()]
    answers = tmp_path / "answers.jsonl"
    rows = [
        {"id": row["id"], "text": "\n".join(row["units"][unit]["ok"][0] for unit in row["sequence"])}
        for row in truth
    ]
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert json.loads(run("score", "pages", str(answers), *size))["all"]["perfect"] == 1
    run("across", *size, "--out", str(tmp_path))
    made = across.collection(25, seed=3)
    rows = [{"id": each.id, "cluster": each.story} for each in made]
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert json.loads(run("score", "across", str(answers), *size))["f1"] == 1
    first = json.loads((tmp_path / "truth.jsonl").read_text("utf-8").splitlines()[0])
    assert first == json.loads(json.dumps(asdict(made[0])))
