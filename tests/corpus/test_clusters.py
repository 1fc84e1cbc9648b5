"""Which pages hold one article, which copy stays, and what a site repeats."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from signed import article, chinese, prose

from dedupe.corpus import signatures as corpus
from dedupe.corpus.clusters import cluster
from dedupe.corpus.graph import Clustering, Link
from dedupe.corpus.records import Document
from dedupe.corpus.templates import find_templates

SHARED = Path(__file__).resolve().parents[3] / "shared"


def clustered(articles: Sequence[Document]) -> Clustering:
    return cluster(
        corpus.compute_signatures(articles), lambda numbers: [articles[number].blocks for number in numbers]
    )


def groups(found: Clustering) -> set[frozenset[str]]:
    return {frozenset([each.kept, *(link.a for link in each.copies)]) for each in found.clusters}


def only(found: Clustering) -> dict[str, Link]:
    assert len(found.clusters) == 1
    return {link.a: link for link in found.clusters[0].copies}


def edited(blocks: Sequence[str], share: float, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    fresh = " ".join(prose(900 + seed, 60)).split()
    return [
        " ".join(rng.choice(fresh) if rng.random() < share else w for w in block.split()) for block in blocks
    ]


def data_lines(seed: int, count: int) -> list[str]:
    rng = random.Random(seed)
    return [
        f"Revenue in quarter {rng.randint(1, 4)} rose {rng.randint(1, 90)} percent to {rng.randint(2, 900)} "
        f"million from {rng.randint(2, 900)} million and costs fell by {rng.randint(2, 90)} million."
        for _ in range(count)
    ]


# ---------------------------------------------------------------- what is a copy


@pytest.mark.parametrize("make", [prose, chinese])
def test_equal_words_are_exact_copies_whatever_the_signs(make: object) -> None:
    assert callable(make)
    blocks = make(1)
    other = [block.replace(".", " .").replace("。", "，").upper() for block in blocks]
    links = only(clustered([article("first", blocks), article("second-page", other)]))
    assert links == {"second-page": Link("second-page", "first", "exact", 1.0, 1.0)}


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1])
def test_edited_copies_are_near(share: float) -> None:
    base = prose(2, 36)
    links = only(
        clustered([article("a", base), article("b", edited(base, share)), article("c", prose(3, 36))])
    )
    (link,) = links.values()
    assert link.relation == "near"
    assert 1 - 4 * share < link.similarity < 1
    assert 1 - 4 * share < link.containment < 1


def test_a_cut_copy_is_contained_in_the_whole_one() -> None:
    base = prose(4, 36)
    found = clustered([article("cut", ["Another headline", *base[:3]]), article("whole", base)])
    assert found.clusters[0].kept == "whole"
    link = only(found)["cut"]
    assert link.relation == "contained"
    assert link.containment > 0.9
    assert link.similarity < 0.4


def test_a_growing_live_blog_belongs_with_its_earlier_states() -> None:
    base = prose(5, 45)
    states = [article(f"state{size}", base[15 - size :]) for size in (4, 8, 15)]
    found = clustered([*states, article("other", prose(6, 30))])
    assert found.clusters[0].kept == "state15"
    assert set(only(found)) == {"state4", "state8"}
    assert not found.linked


def test_other_headline_byline_and_dateline_do_not_matter() -> None:
    base = prose(7, 24)
    one = [
        "Ferry stops for good",
        "By Ana Duarte | March 3, 2024 10:31",
        "LAKEWOOD (AP) - " + base[0],
        *base[1:],
    ]
    two = ["Islands lose their boat", "By Tom Becker | March 5, 2024 07:02", base[0], *base[1:]]
    assert groups(clustered([article("a", one), article("b", two)])) == {frozenset("ab")}


def test_a_rewritten_lead_makes_no_other_article() -> None:
    base = prose(13, 48)
    pages = [article("a", [*prose(60, 6), *base]), article("b", [*prose(61, 6), *base])]
    assert groups(clustered(pages)) == {frozenset("ab")}
    longer = [article("a", [*prose(60, 18), *base]), article("b", [*prose(61, 18), *base])]
    assert not clustered(longer).clusters


def test_a_teaser_with_a_line_of_its_own_is_contained() -> None:
    base = prose(16, 45)
    lead = " ".join(base[:3])
    note = " ".join(prose(63, 3)[0].split()[:18])
    stub = [" ".join(lead.split()[:90]), note]
    assert groups(clustered([article("a", base), article("b", stub)])) == {frozenset("ab")}
    longer = [stub[0], " ".join([note, *prose(64, 3)[0].split()[:12]])]
    assert not clustered([article("a", base), article("b", longer)]).clusters


def test_order_of_paragraphs_does_not_matter() -> None:
    base = prose(8, 30)
    assert groups(clustered([article("a", base), article("b", base[::-1])])) == {frozenset("ab")}


# ---------------------------------------------------------------- what is none


def test_a_shared_quotation_links_nothing() -> None:
    quotation = prose(9, 6)
    pages = [
        article(f"p{seed}", prose(20 + seed, 15)[:3] + quotation + prose(20 + seed, 15)[3:])
        for seed in range(3)
    ]
    found = clustered(pages)
    assert not found.clusters
    assert not found.linked


@pytest.mark.parametrize("lines", [4, 12])
def test_reports_of_one_form_with_other_numbers_are_no_copies(lines: int) -> None:
    frame = prose(10, 18)
    pages = [
        article(f"p{seed}", [f"Place {seed}", *frame[:3], *data_lines(seed, lines), *frame[3:]])
        for seed in range(5)
    ]
    assert not clustered(pages).clusters


@pytest.mark.parametrize(
    "line", ["{} beat {} by {} to {} before {} people.", "{}和{}以{}比{}踢平，有{}人观看。"]
)
def test_reports_of_one_form_are_no_copies_on_other_sites_either(line: str) -> None:
    frame, names = prose(14, 24), prose(15, 3)[0].split()
    pages = []
    for seed in range(3):
        rng = random.Random(seed)
        lines = [line.format(*rng.sample(names, 2), *rng.choices(range(2, 99), k=3)) for _ in range(14)]
        pages.append(article(f"p{seed}", [f"Day {seed}", *frame[:4], *lines, *frame[4:]], f"{seed}.example"))
    assert not clustered(pages).clusters


def test_two_corrected_numbers_make_no_other_report() -> None:
    base = [*prose(11, 24), "The fire cost 12 lives and some 40 houses, the mayor said on the radio."]
    other = [*base[:-1], base[-1].replace("12", "15").replace("40", "48")]
    assert groups(clustered([article("a", base), article("b", other)])) == {frozenset("ab")}


def test_pages_with_own_text_on_both_sides_are_none_on_one_site_only() -> None:
    frame = prose(12, 30)
    pages = [["x.org", "x.org"], ["x.org", "y.org"], ["", ""]]
    expected = [False, True, False]
    for sites, linked in zip(pages, expected, strict=True):
        both = [
            article(f"p{n}", prose(30 + n, 6) + frame + prose(40 + n, 6), site)
            for n, site in enumerate(sites)
        ]
        assert bool(clustered(both).clusters) == linked


def test_a_digest_is_linked_and_absorbs_nothing() -> None:
    stories = [prose(50 + number, 24) for number in range(3)]
    pages = [article(f"story{number}", story) for number, story in enumerate(stories)]
    pages.append(article("again", edited(stories[0], 0.02)))
    pages.append(article("digest", [block for story in stories for block in story]))
    found = clustered(pages)
    assert groups(found) == {frozenset(["story0", "again"])}
    assert {(link.a, link.b, link.relation) for link in found.linked} == {
        (key, "digest", "contained") for key in ("story0", "story1", "story2", "again")
    }


def test_a_digest_of_short_notes_absorbs_nothing() -> None:
    notes = [prose(70 + number, 3) for number in range(4)]
    pages = [article(f"note{number}", note) for number, note in enumerate(notes)]
    pages.append(article("digest", [block for note in notes for block in note]))
    assert not clustered(pages).clusters


def test_a_chain_of_edits_does_not_drift() -> None:
    states = [prose(13, 45)]
    for step in range(14):
        states.append(edited(states[-1], 0.09, step))
    found = clustered([article(f"s{number:02}", state) for number, state in enumerate(states)])
    assert len(found.clusters) > 1
    for each in found.clusters:
        numbers = [int(key[1:]) for key in (each.kept, *(link.a for link in each.copies))]
        assert max(numbers) - min(numbers) < 10


def test_empty_and_tiny_pages() -> None:
    pages = [
        article("a", []),
        article("b", []),
        article("c", ["…"]),
        article("d", ["Gone"]),
        article("e", ["Gone"]),
    ]
    assert groups(clustered(pages)) == {frozenset("de")}
    assert not clustered([]).clusters
    assert not clustered(pages[:1]).clusters


# ---------------------------------------------------------------- which one stays


def test_the_fullest_then_the_earliest_then_the_shortest_key_stays() -> None:
    base = prose(14, 24)
    fuller = [*base, "One sentence more than all the others."]
    pages = [article("long-key", base, date="2024-01-02"), article("late", fuller, date="2024-05-01")]
    assert clustered(pages).clusters[0].kept == "late"
    pages = [
        article("no-date", base),
        article("late", base, date="2024-05-01"),
        article("early-page", base, date="2024-01-02"),
    ]
    assert clustered(pages).clusters[0].kept == "early-page"
    assert (
        clustered([article("long", base), article("bb", base), article("aa", base)]).clusters[0].kept == "aa"
    )


def test_the_answer_does_not_depend_on_order() -> None:
    pages = []
    for seed in range(6):
        base = prose(80 + seed, 24)
        pages += [
            article(f"p{seed}", base),
            article(f"e{seed}", edited(base, 0.06, seed)),
            article(f"c{seed}", base[:3]),
        ]
        pages += [article(f"x{seed}", base), article(f"u{seed}", base + prose(180 + seed, 12), "x.org")]
    pages.append(article("digest", [block for seed in range(3) for block in prose(80 + seed, 24)]))
    expected = clustered(pages)
    assert len(expected.clusters) == 6
    for seed in range(4):
        assert clustered(random.Random(seed).sample(pages, len(pages))) == expected


def test_many_equal_pages_stay_linear() -> None:
    base = prose(15, 24)
    pages = [article(f"p{number:04}", [*base, f"Copy {number}"]) for number in range(400)]
    found = clustered(pages)
    assert len(found.clusters) == 1
    assert len(found.clusters[0].copies) == 399


def test_records_are_plain() -> None:
    base = prose(16)
    found = clustered([article("a", base), article("b", base)])
    assert json.loads(json.dumps(asdict(found.clusters[0])))["copies"][0]["relation"] == "exact"


# ---------------------------------------------------------------- site templates

NOTICE = "Whoever prints this text without asking the Valley Times first will hear from its lawyers."


def test_what_many_articles_of_a_site_repeat_is_template() -> None:
    stamps = [f"{NOTICE} (March {day}, 2024 10:{day})" for day in range(10, 22)]
    pages = [article(f"p{n}", [*prose(200 + n, 9), stamps[n]], "x.org") for n in range(12)]
    pages += [article(f"q{n}", [*prose(300 + n, 9), NOTICE], "y.org") for n in range(3)]
    pages += [article(f"r{n}", [*prose(400 + n, 9), NOTICE]) for n in range(12)]
    found = clustered(pages)
    assert found.templates == {"x.org": frozenset(corpus.block_keys([NOTICE]))}


def test_a_passage_counts_once_for_all_copies_of_an_article() -> None:
    quotation = prose(17, 3)[0]
    pages = [article(f"p{n}", [*prose(18, 24), quotation], "x.org") for n in range(9)]
    pages.append(article("other", [*prose(19, 24), quotation], "x.org"))
    found = clustered(pages)
    assert not found.templates
    assert len(only(found)) == 8


def test_short_lines_need_most_of_the_site() -> None:
    pages = [
        article(f"p{n}", [*prose(500 + n, 6), "Background"] if n < 5 else prose(500 + n, 6), "x.org")
        for n in range(40)
    ]
    signed = corpus.compute_signatures(pages)
    assert not find_templates(signed, np.arange(40))
    pages = [article(f"p{n}", [*prose(500 + n, 6), "Background"], "x.org") for n in range(40)]
    assert find_templates(corpus.compute_signatures(pages), np.arange(40))


def test_template_never_counts_as_likeness() -> None:
    frame = prose(21, 30)
    pages = [article(f"p{n}", [*frame[:4], *prose(600 + n, 9), *frame[4:]], "x.org") for n in range(8)]
    copied = article("copy", prose(600, 9), "y.org")
    found = clustered([*pages, copied])
    assert len(found.templates["x.org"]) == len(frame)
    assert groups(found) == {frozenset(["p0", "copy"])}


def test_articles_of_no_site_may_come_without_blocks() -> None:
    pages = [article(f"p{n}", [*prose(700 + n, 24), NOTICE], "x.org") for n in range(8)]
    pages += [article(f"q{n}", edited(prose(700 + n, 24), 0.1, n), ["", "y.org"][n % 2]) for n in range(8)]
    signed = corpus.compute_signatures(pages)
    found = cluster(
        corpus.without_sites(signed), lambda numbers: [pages[number].blocks for number in numbers]
    )
    assert found == clustered(pages)
    assert found.templates
    assert groups(found) == {frozenset([f"p{n}", f"q{n}"]) for n in range(8)}


# ---------------------------------------------------------------- generated corpora


@pytest.mark.skipif(not (SHARED / "eval" / "make_neardup.py").is_file(), reason="needs ../shared/eval")
def test_generated_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SHARED / "eval"))
    make = __import__("make_neardup")
    score = __import__("score_neardup")
    pools = make.load_pools(SHARED / "corpus" / "neardup" / "sources_dev.jsonl.gz")
    make.write_cross(tmp_path, 1500, "17", pools)
    docs = [json.loads(line) for line in (tmp_path / "docs.jsonl").read_text("utf-8").splitlines()]
    found = clustered([article(doc["id"], [b for b in doc["text"].split("\n") if b.strip()]) for doc in docs])
    labels = {
        key: each.kept for each in found.clusters for key in (each.kept, *(link.a for link in each.copies))
    }
    result = score.score_cross(score.read_truth_tsv(tmp_path / "truth.tsv"), labels)
    assert result["f1"] > 0.96
    assert result["false_merge"]["neg_template"] < 0.03
    assert result["stories_lost"] <= 0.005 * result["stories"]
    sys.modules.pop("make_neardup", None)
    sys.modules.pop("score_neardup", None)
