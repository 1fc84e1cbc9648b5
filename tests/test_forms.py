"""Pages of one form stay apart, copies of one page are found, and a bulk run and an index say the same."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dedupe.corpus.clusters import cluster
from dedupe.corpus.graph import Clustering
from dedupe.corpus.records import Document
from dedupe.corpus.signatures import compute_signatures
from dedupe.index.index import open_index

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from agreement import agreement  # noqa: E402
from twice import across, forms  # noqa: E402

FORMS = [(language, form) for language in forms.languages() for form in forms.forms(language)]
REPORTS = 20
MERGED = 6  # of the reports of one form at most
MERGED_SHARE = 0.03  # … and that share of all


def clustered(articles: Sequence[Document]) -> Clustering:
    return cluster(
        compute_signatures(articles), lambda numbers: [articles[number].blocks for number in numbers]
    )


def merged(language: str, form: str, site: str) -> tuple[int, int]:
    """How many reports of a form are taken for copies: in a bulk run, and by an index."""
    pages = [Document(each.id, each.blocks, site) for each in forms.reports(language, form, REPORTS, 11)]
    copies = sum(len(each.copies) for each in clustered(pages).clusters)
    with open_index("memory:") as index:
        return copies, sum(seen.status != "new" for seen in index.add_signed(compute_signatures(pages)))


@pytest.mark.parametrize("site", ["", "s.example"])
def test_reports_of_one_form_stay_apart(site: str) -> None:
    found = {each: merged(*each, site) for each in FORMS}
    assert not {each: counts for each, counts in found.items() if max(counts) > MERGED}
    for side in (0, 1):
        assert sum(counts[side] for counts in found.values()) <= MERGED_SHARE * REPORTS * len(FORMS)


def test_corrected_misspelled_and_cut_copies_are_found() -> None:
    missed = []
    for language, form in FORMS:
        for number, report in enumerate(forms.reports(language, form, 4, 11)):
            for copy in forms.copies(language, form, number, 11):
                pages = [Document("a", report.blocks), Document("b", copy.blocks)]
                with open_index("memory:") as index:
                    seen = index.add_signed(compute_signatures(pages))[1]
                if not clustered(pages).clusters or seen.status == "new":
                    missed.append((copy.id, copy.kind))
    assert len(missed) <= 0.01 * 4 * len(forms.COPIES) * len(FORMS)


def test_bulk_and_index_agree() -> None:
    documents = across.collection(400, seed=3)
    found = agreement([Document(each.id, each.lines, each.site) for each in documents])
    assert found.f1 >= 0.995
    assert found.least_near >= 0.4
