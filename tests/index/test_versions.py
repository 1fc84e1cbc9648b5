"""Versions of a story: what several pages say is kept by one of them, what a site says under all goes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedupe.corpus.clusters import cluster
from dedupe.corpus.graph import Clustering
from dedupe.corpus.records import Document
from dedupe.corpus.signatures import block_keys, compute_signatures
from dedupe.corpus.thresholds import COPY_RULES
from dedupe.index.index import Index, open_index
from dedupe.index.site_templates import without_template
from dedupe.result import CleanResult
from dedupe.text.normalize import units
from dedupe.types import Block

LETTERS = "abdefghiklmnoprstuvz"
NOTE = "Whoever copies this text without asking the Marsh Herald will hear from its lawyers before long."


def paragraph(rng: random.Random, is_wide: bool = False) -> str:
    """A paragraph of its own, longer than a line, in sentences of several lengths."""
    least, text = rng.randint(22, 45), ""
    while units(text) < least:
        if is_wide:
            text += "".join(chr(rng.randint(0x4E00, 0x6FFF)) for _ in range(rng.randint(12, 24))) + "。"
        else:
            words = ["".join(rng.choices(LETTERS, k=rng.randint(3, 9))) for _ in range(rng.randint(8, 16))]
            text += " ".join(words).capitalize() + ". "
    return text.strip()


def versions(rng: random.Random) -> list[list[str]]:
    """One story saved several times, with paragraphs rewritten, added, dropped, or new ones on top."""
    is_wide, size = rng.random() < 0.3, rng.choice((4, 6, 8, 12, 12, 25))
    base = [paragraph(rng, is_wide) for _ in range(size)]
    kinds, most = (
        rng.choice((["new"], ["add"], ["drop"], ["new", "add", "drop"], ["live"])),
        min(6, size // 2),
    )
    changed, live, pages = rng.randint(1, most), base, []
    for _ in range(rng.randint(2, 30)):
        page = [*base]
        if "new" in kinds:
            for at in rng.sample(range(size), changed):
                page[at] = paragraph(rng, is_wide)
        if "add" in kinds:
            page.insert(rng.randint(0, size), paragraph(rng, is_wide))
        if "drop" in kinds:
            gone = {*rng.sample(range(len(page)), changed)}
            page = [text for at, text in enumerate(page) if at not in gone]
        if "live" in kinds:
            live = page = [paragraph(rng, is_wide), *live[: size + 2]]
        pages.append(page)
    return pages


def corpus_of(seed: int) -> list[Document]:
    """One or two stories in versions, on one site or several, and other articles, in any order."""
    rng = random.Random(seed)
    pages = []
    for story in range(rng.randint(1, 2)):
        sites = rng.choice(([f"s{story}.example"], ["s0.example", "other.example", ""]))
        pages += [(rng.choice(sites), page) for page in versions(rng)]
    others = [[paragraph(rng) for _ in range(rng.randint(5, 9))] for _ in range(rng.choice((0, 8)))]
    pages += [("s0.example", page) for page in others]
    if others:
        pages = [(site, [*page, NOTE] if site == "s0.example" else page) for site, page in pages]
    rng.shuffle(pages)
    return [Document(f"p{at:03}", tuple(page), site) for at, (site, page) in enumerate(pages)]


def clustered(articles: Sequence[Document]) -> Clustering:
    return cluster(
        compute_signatures(articles), lambda numbers: [articles[number].blocks for number in numbers]
    )


def kept_by_bulk(articles: Sequence[Document]) -> list[list[str]]:
    """What each page that stays says in the end."""
    found = clustered(articles)
    copies = {link.a for each in found.clusters for link in each.copies if link.relation != "contains"}
    kept = []
    for article in articles:
        lost = found.templates.get(article.site, frozenset()) - found.spared.get(article.key, frozenset())
        pairs = zip(article.blocks, block_keys(article.blocks), strict=True)
        kept.append([] if article.key in copies else [block for block, key in pairs if key not in lost])
    return kept


def kept_by_index(articles: Sequence[Document], index: Index) -> list[list[str]]:
    """What a scraper keeps that drops copies, page after page."""
    kept = []
    for article in articles:
        blocks = tuple(Block(number, text) for number, text in enumerate(article.blocks))
        url = f"https://{article.site or 'none.example'}/{article.key}"
        page = without_template(CleanResult(blocks, (), url=url), index)
        is_new = index.add(page, url).status in ("new", "contains", "known")
        kept.append([block.text for block in page.blocks] if is_new else [])
    return kept


def lost(articles: Sequence[Document], kept: Sequence[Sequence[str]]) -> list[str]:
    """Passages that several pages hold and none keeps."""
    said = Counter(block for article in articles for block in {*article.blocks})
    there = {block for page in kept for block in page}
    return [
        block
        for block, count in said.items()
        if count > 1 and units(block) > COPY_RULES.passage_own_words and block not in there
    ]


@settings(max_examples=40, deadline=None)
@example(260868)  # five articles that share nothing but a paragraph in their midst
@given(st.integers(0, 10**6))
def test_what_several_pages_say_is_kept_by_one(seed: int) -> None:
    articles = corpus_of(seed)
    assert not lost(articles, kept_by_bulk(articles))
    with open_index("memory:") as index:
        assert not lost(articles, kept_by_index(articles, index))


@pytest.mark.parametrize("changed", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("count", [2, 4, 5, 8, 12, 30])
def test_a_story_with_rewritten_paragraphs(changed: int, count: int) -> None:
    rng = random.Random(f"{changed} {count}")
    base, pages = [paragraph(rng) for _ in range(12)], []
    for number in range(count):
        page = [*base]
        for at in rng.sample(range(12), changed):
            page[at] = paragraph(rng)
        pages.append(Document(f"v{number}", tuple(page), "s.example"))
    assert not lost(pages, kept_by_bulk(pages))
    assert not lost(pages[::-1], kept_by_bulk(pages[::-1]))


def test_what_a_site_says_under_its_articles_goes_under_versions_too() -> None:
    rng = random.Random(5)
    base = [paragraph(rng) for _ in range(10)]
    pages = [[paragraph(rng) for _ in range(8)] for _ in range(10)]
    pages += [[*base[:at], paragraph(rng), *base[at + 1 :]] for at in range(1, 8)]
    articles = [Document(f"p{at}", (*page, NOTE), "s.example") for at, page in enumerate(pages)]
    kept = kept_by_bulk(articles)
    assert not any(NOTE in page for page in kept)
    assert all(page == blocks for page, blocks in zip(kept, pages, strict=True))


def test_one_page_keeps_a_frame_that_outweighs_what_it_frames() -> None:
    rng = random.Random(6)
    frame = [paragraph(rng) for _ in range(6)]
    articles = [
        Document(f"p{at}", (*frame[:3], paragraph(rng), paragraph(rng), *frame[3:]), "s.example")
        for at in range(8)
    ]
    assert sum(frame[0] in page for page in kept_by_bulk(articles)) == 1
    assert not lost(articles, kept_by_bulk(articles))


def test_a_page_with_a_passage_of_its_own_stays_beside_its_copies() -> None:
    rng = random.Random(7)
    base = [paragraph(rng) for _ in range(30)]
    more = [*base[:9], paragraph(rng), *base[10:]]
    articles = [Document("a", tuple(base)), Document("b", tuple(more)), Document("c", tuple(more))]
    (found,) = clustered(articles).clusters
    links = {link.a: (link.b, link.relation) for link in found.copies}
    assert sorted(relation for _, relation in links.values()) == ["contains", "exact"]
    assert not lost(articles, kept_by_bulk(articles))


def test_versions_through_the_command(tmp_path: Path) -> None:
    rng = random.Random(8)
    base, folder = [paragraph(rng) for _ in range(12)], tmp_path / "in" / "s.example"
    folder.mkdir(parents=True)
    for number in range(5):
        page = [*base[: number + 2], paragraph(rng), *base[number + 3 :]]
        body = "".join(f"<p>{text}</p>" for text in page)
        (folder / f"{number}.html").write_text(f"<html><body><h1>The story</h1>{body}</body></html>")
    command = [sys.executable, "-m", "dedupe", "bulk", str(tmp_path / "in"), "-o", str(tmp_path / "out")]
    subprocess.run([*command, "--jobs", "1"], check=True, capture_output=True)
    outputs = "".join(path.read_text() for path in (tmp_path / "out" / "clean").rglob("*.txt"))
    assert all(text in outputs for text in base)
    rows = [json.loads(line) for line in (tmp_path / "out" / "pages.jsonl").read_text().splitlines()]
    assert not any("template" in row["removals"] for row in rows)
