"""The index: what counts as seen, whatever the store."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import ARTICLES
from hypothesis import given, settings
from hypothesis import strategies as st
from prose import chinese, edited, prose

import dedupe
from dedupe.corpus.records import Document
from dedupe.corpus.signatures import compute_signatures
from dedupe.errors import InputError
from dedupe.index import articles, sketch
from dedupe.index import site_templates as indexing
from dedupe.index.index import Index, open_index
from dedupe.index.sketch import Sketch
from dedupe.index.stores import sqlite_log
from dedupe.result import CleanResult
from dedupe.types import Block, Removal


@pytest.fixture(params=["memory", "sqlite"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    url = "memory:" if request.param == "memory" else str(tmp_path / "seen.db")
    with open_index(url) as index:
        yield index


# ---------------------------------------------------------------- articles


@pytest.mark.parametrize("make", [prose, chinese])
def test_relations(index: Index, make: Any) -> None:
    article = make(1, 8)
    assert index.add(article, key="a").status == "new"
    same = index.query(article)
    assert (same.status, same.key, same.similarity, same.containment) == ("exact", "a", 1.0, 1.0)
    part = index.query(article[:4])
    assert (part.status, part.key) == ("contained", "a")
    assert part.containment > 0.95
    assert 0.4 < part.similarity < 0.6
    whole = index.query([*make(2, 8), *article])
    assert (whole.status, whole.key) == ("contains", "a")
    assert 0.4 < whole.containment < 0.6
    assert index.query([*article[:7], make(3, 1)[0][:30]]).status == "near"
    assert index.query(make(4, 8)).status == "new"


@pytest.mark.parametrize("language", sorted(ARTICLES))
def test_exact_in_every_language(index: Index, language: str) -> None:
    index.add(list(ARTICLES[language]), key="a")
    assert index.query(list(ARTICLES[language])).status == "exact"
    assert index.query([text.upper() + " " for text in ARTICLES[language]]).status == "exact"
    others = [list(ARTICLES[other]) for other in ARTICLES if other != language]
    assert {index.query(other).status for other in others} == {"new"}


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_edited_copies_are_near(index: Index, share: float) -> None:
    articles = {f"p{seed}": prose(seed, 10) for seed in range(20)}
    for key, article in articles.items():
        assert index.add(article, key=key).status == "new"
    seen = {key: index.query(edited(article, share)) for key, article in articles.items()}
    found = [key for key, result in seen.items() if (result.status, result.key) == ("near", key)]
    assert len(found) >= 18


def test_figures_changed_are_another_report(index: Index) -> None:
    def report(seed: int) -> list[str]:
        rng = random.Random(seed)
        return [
            f"On day {rng.randint(1, 900)} the gauge at station {line} stood at {rng.randint(100, 999)} "
            f"centimetres, {rng.randint(1, 99)} more than on the day before and {rng.randint(1, 99)} below "
            "the mark from which the lower road is closed to all traffic."
            for line in range(12)
        ]

    index.add(report(1), key="a")
    assert index.query(report(2)).status == "new"
    assert index.query(report(1)).status == "exact"


def test_the_earliest_of_equal_pages_is_named(index: Index) -> None:
    for key in ("first", "second", "third"):
        index.add(prose(1), key=key)
    assert index.query(prose(1)).key == "first"
    assert index.query(prose(1), key="first").key == "second"
    index.forget("first")
    assert index.query(prose(1)).key == "second"


def test_a_page_is_never_a_match_with_itself(index: Index) -> None:
    first = index.add(prose(1), key="a")
    again = index.add(prose(1), key="a")
    assert (first.known, first.is_new) == (False, True)
    assert (again.status, again.key, again.known, again.changed, again.is_new) == (
        "known",
        None,
        True,
        False,
        False,
    )
    assert len(index) == 1


def test_a_changed_page_replaces_the_old_one(index: Index) -> None:
    index.add(prose(1), key="a")
    changed = index.add(prose(2), key="a")
    assert (changed.status, changed.known, changed.changed) == ("updated", True, True)
    assert len(index) == 1
    assert index.query(prose(1)).status == "new"
    assert index.query(prose(2)).key == "a"
    assert index.verify().ok


def test_the_own_key_comes_first_and_the_likeness_is_told_beside_it(index: Index) -> None:
    index.add(prose(1), key="a")
    assert index.add(prose(1), key="b").status == "exact"
    for seen in (index.query(prose(1), key="b"), index.add(prose(1), key="b")):
        assert (seen.status, seen.relation, seen.key, seen.is_new) == ("known", "exact", "a", False)
    index.add(prose(2), key="c")
    seen = index.add(prose(1)[:3], key="c")
    assert (seen.status, seen.relation, seen.key) == ("updated", "contained", "a")
    assert index.query(prose(1)[:3], key="c").status == "known"
    assert index.query(prose(2), key="d").status == "new"


def test_which_pages_somebody_may_leave_out(index: Index) -> None:
    """A known page is left out as known, or as the copy that it is; an updated one never."""
    for key in "ab":
        index.add(prose(1), key=key)
    index.add(prose(2), key="c")
    known, copy, updated = index.query(prose(2), "c"), index.query(prose(1), "b"), index.query(prose(1), "c")
    assert [seen.is_one_of({"known"}) for seen in (known, copy, updated)] == [True, True, False]
    assert [seen.is_one_of({"exact"}) for seen in (known, copy, updated)] == [False, True, False]


@pytest.mark.parametrize("other", [1, 2])
def test_a_clock_that_went_back_makes_no_page_older(index: Index, other: int) -> None:
    index.add(prose(1), key="a", when=datetime(2026, 3, 1, tzinfo=UTC))
    index.add(prose(other), key="a", when=datetime(2001, 1, 1, tzinfo=UTC))
    assert index.expire(datetime(2026, 2, 1, tzinfo=UTC)) == 0
    assert index.expire(datetime(2026, 4, 1, tzinfo=UTC)) == 1


def test_forget(index: Index) -> None:
    for seed in range(5):
        index.add(prose(seed), key=f"p{seed}")
    assert "p3" in index
    assert index.forget("p3")
    assert not index.forget("p3")
    assert "p3" not in index
    assert len(index) == 4
    assert index.query(prose(3)).status == "new"
    assert index.query(prose(4)).key == "p4"
    assert index.verify().ok


def test_expire_goes_by_the_last_add(index: Index) -> None:
    for day in range(1, 6):
        index.add(prose(day), key=f"p{day}", when=datetime(2026, 1, day, tzinfo=UTC))
    index.add(prose(1), key="p1", when=datetime(2026, 2, 1, tzinfo=UTC))
    assert index.expire(datetime(2026, 1, 4, tzinfo=UTC)) == 2
    assert [f"p{day}" in index for day in range(1, 6)] == [True, False, False, True, True]
    assert index.expire(timedelta(days=1)) == 3
    assert len(index) == 0
    assert index.verify().ok
    assert index.stats().posts == index.stats().passages == 0


def test_batches_are_as_one_by_one(index: Index) -> None:
    rng = random.Random(3)
    pages: list[tuple[articles.Article, str | None]] = []
    for number in range(60):
        article = prose(rng.randrange(20), 8)
        kind = rng.randrange(4)
        blocks = [article, edited(article, 0.03, number), article[:4], [*prose(100 + number), *article]][kind]
        pages.append((blocks, f"p{rng.randrange(40)}"))
    single = open_index("memory:")
    expected = [single.add(article, key) for article, key in pages]
    assert index.add_many(pages) == expected
    assert {seen.relation for seen in expected} == {None, "exact", "near", "contains", "contained"}
    assert {"updated", "new"} < {seen.status for seen in expected}
    assert index.verify().ok
    assert index.query_many(pages) == [single.query(article, key) for article, key in pages]


def test_signed_batches(index: Index) -> None:
    signed = compute_signatures(
        [Document(f"p{seed}", tuple(prose(seed % 3)), "a.example") for seed in range(6)]
    )
    assert [seen.status for seen in index.add_signed(signed)] == ["new"] * 3 + ["exact"] * 3
    assert [seen.key for seen in index.query_signed(signed)] == ["p3", "p4", "p5", "p0", "p1", "p2"]
    assert index.add_signed(compute_signatures([])) == []


def test_many_copies_of_one_article(index: Index) -> None:
    for number in range(150):
        index.add(prose(1), key=f"p{number}")
    assert index.query(edited(prose(1), 0.02)).key == "p0"
    for number in range(140):
        assert index.forget(f"p{number}")
    assert index.verify().ok


def test_pages_without_words_match_nothing(index: Index) -> None:
    for number, article in enumerate(["", "…", "\n\n", "  "]):
        assert index.add(article, key=f"p{number}").status == "new"
    assert index.add([], key="none").status == "new"
    assert index.verify().ok


@settings(max_examples=30)
@given(st.lists(st.tuples(st.text(), st.text(min_size=1)), max_size=8))
def test_any_text_and_key(pages: list[tuple[str, str]]) -> None:
    with open_index("memory:") as index:
        for text, key in pages:
            index.add(text, key=key)
        assert len(index) == len({key for _, key in pages})
        assert index.verify().ok


def test_keys(index: Index) -> None:
    with pytest.raises(InputError, match="key="):
        index.add("A text without a name.")
    with pytest.raises(InputError, match="dict"):
        index.add({"no": "article"}, key="a")  # type: ignore[arg-type]
    result = dedupe.clean("\n\n".join(ARTICLES["en"]), url="https://a.example/1")
    assert index.add(result).status == "new"
    assert "https://a.example/1" in index
    assert index.add(result, key="https://b.example/2").key == "https://a.example/1"


# ---------------------------------------------------------------- keys that a page only claims

STORY = "https://courier.example/story"


def claiming(blocks: list[str], url: str = STORY) -> CleanResult:
    """A page that says itself that this is its URL."""
    body = "".join(f"<p>{block}</p>" for block in blocks)
    head = f'<html><head><link rel="canonical" href="{url}"></head>'
    return dedupe.clean(f"{head}<body><article>{body}</article></body></html>")


def test_a_page_that_claims_anothers_url_does_not_take_its_place(index: Index) -> None:
    index.add(prose(1), key=STORY)
    false = index.add(claiming(prose(2)))
    assert false.status == "updated"
    assert false.own_key is not None
    assert false.own_key.startswith(f"{STORY}#")
    assert index.query(prose(1)).key == STORY
    assert index.query(prose(1), key=STORY).status == "known"
    assert index.query(prose(2)).key == false.own_key  # it is not forgotten either
    for _ in range(2):
        assert index.add(claiming(prose(2))).status == "known"
    assert index.add(claiming(prose(3))).own_key != false.own_key
    assert len(index) == 3
    assert index.verify().ok


def test_a_claim_that_nobody_else_has_is_a_key(index: Index) -> None:
    assert index.add(claiming(prose(1))).own_key == STORY
    assert index.query(claiming(prose(1))).status == "known"
    assert index.add(prose(2), key=STORY).status == "updated"  # who knows its URL is believed
    assert index.query(prose(1)).status == "new"
    assert len(index) == 1


def test_a_url_that_the_caller_gives_is_no_claim(index: Index) -> None:
    index.add(prose(1), key=STORY)
    page = claiming(prose(2))
    assert index.query(page, key=STORY).own_key == STORY
    assert index.query(page, site="courier.example").own_key == STORY
    assert index.query(page, site="other.example").own_key != STORY
    assert index.add(dedupe.clean(Path(__file__), url=STORY)).own_key == STORY
    again = CleanResult.from_dict(claiming(prose(3)).to_dict())
    assert again.url_is_claimed
    assert index.query(again).own_key != STORY


def test_claims_in_one_batch(index: Index) -> None:
    index.add(prose(1), key=STORY)
    pages = [claiming(prose(seed)) for seed in (2, 1, 3, 2)] + [claiming(prose(4), "https://b.example/1")]
    seen = index.add_many([(page, None) for page in pages])
    assert [result.status for result in seen] == ["updated", "known", "updated", "known", "new"]
    assert index.query(prose(1)).key == STORY
    assert len(index) == 4
    assert index.verify().ok


# ---------------------------------------------------------------- sketches


def sketched(blocks: list[str]) -> Sketch:
    return sketch.sketches(compute_signatures([Document("", tuple(blocks))]), [1], [(2, 3)])[0]


@pytest.mark.parametrize("paragraphs", [0, 1, 3, 10, 60, 600])
@pytest.mark.parametrize("make", [prose, chinese])
def test_sketches_stay_small_and_can_be_read_back(make: Any, paragraphs: int) -> None:
    own = sketched(make(1, paragraphs))
    data = own.encode()
    assert len(data) <= sketch.LARGEST
    again = sketch.decode(data)
    assert again.encode() == data
    assert again.posts() == own.posts()
    assert len(own.posts()) <= sketch.POSTS_MOST + sketch.BANDS


def test_sketches_of_long_articles_still_tell_what_they_share() -> None:
    long = prose(1, 200)
    pairs = [(long[:100], long), (long, [*long[:150], *prose(2, 50)]), (long, prose(3, 200))]
    found = sketch.compare([sketched(a) for a, _ in pairs], [sketched(b) for _, b in pairs])
    expected = [[1.0, 0.5], [0.75, 0.75], [0.0, 0.0]]
    for row, values in zip(found.containment.tolist(), expected, strict=True):
        assert row == pytest.approx(values, abs=0.17)


@pytest.mark.parametrize("make", [prose, chinese])
def test_no_copy_is_unlikely(make: Any) -> None:
    """Edited, cut and lengthened copies, short and long; what is left out before comparing is no copy."""
    pairs = []
    for seed in range(120):
        one = make(seed, 2 + seed % 60)
        more = [*one, *make(seed + 500, 9)]
        two = (edited(one, 0.05, seed), edited(one, 0.12, seed), one[: 1 + seed % 5], more)[seed % 4]
        pairs += [(sketched(one), sketched(two)), (sketched(one), sketched(make(seed + 900, 5)))]
    are_copies = sketch.compare([one for one, _ in pairs], [two for _, two in pairs]).is_copy.tolist()
    likely = [sketch.likely(one, [two])[0] for one, two in pairs]
    assert not [at for at, is_copy in enumerate(are_copies) if is_copy and not likely[at]]
    assert sum(are_copies) > 60
    assert likely.count(False) > 100


@pytest.mark.parametrize("data", [b"", b"x" * 20, b"\0" * 40, sketched(prose(1)).encode()[:-1]])
def test_bytes_that_are_no_sketch(data: bytes) -> None:
    with pytest.raises(dedupe.DedupeError, match="not a sketch"):
        sketch.decode(data)


# ---------------------------------------------------------------- passages of a site

LINE = "Write to the desk of the Harbour Gazette with your story, we read every letter that we get."


def page(seed: int, *more: str, site: str = "gazette.example") -> CleanResult:
    texts = [*prose(seed), *more]
    blocks = tuple(Block(number, text) for number, text in enumerate(texts))
    return CleanResult(blocks, (), url=f"https://{site}/{seed}")


def kept(result: CleanResult, index: Index, key: str | None = None) -> list[str]:
    return [block.text for block in indexing.without_template(result, index, key).blocks]


def test_a_line_of_many_articles_of_a_site_is_its_template(index: Index) -> None:
    for seed in range(3):
        assert LINE in kept(page(seed, LINE), index)
        index.add(page(seed, LINE))
    cleaned = indexing.without_template(page(9, LINE), index)
    assert LINE not in [block.text for block in cleaned.blocks]
    (removal,) = cleaned.removals
    assert (removal.block.text, removal.reason, removal.rule) == (LINE, "template", "index:site")
    assert LINE in kept(page(9, LINE, site="other.example"), index)


def test_the_articles_of_a_site_count_once_whatever_their_copies(index: Index) -> None:
    for number in range(8):
        index.add(page(1, LINE), key=f"https://gazette.example/copy/{number}")
    index.add(page(2, LINE))
    assert LINE in kept(page(9, LINE), index)
    assert index.verify().ok


def test_a_page_does_not_count_for_itself(index: Index) -> None:
    for seed in range(3):
        index.add(page(seed, LINE))
    assert LINE in kept(page(2, LINE), index)
    assert LINE in kept(page(0, LINE), index, "https://gazette.example/2")
    index.add(page(3, LINE))
    assert LINE not in kept(page(3, LINE), index)
    for seed in range(3):
        assert index.forget(f"https://gazette.example/{seed}")
    assert LINE in kept(page(9, LINE), index)


def test_a_template_stays_known_while_it_is_taken_out(index: Index) -> None:
    for seed in range(400):
        index.add(indexing.without_template(page(seed, LINE), index))
    assert LINE not in kept(page(999, LINE), index)


def test_template_pages_are_not_merged(index: Index) -> None:
    template = prose(77, 6)

    def of(seed: int) -> list[str]:
        return [*prose(seed, 2), *template]

    keys = [f"https://gazette.example/{seed}" for seed in range(30)]
    seen = [index.add(of(seed), key) for seed, key in enumerate(keys)]
    assert [result.status for result in seen].count("new") >= 28
    copy = index.add(of(20), key="https://gazette.example/copy")
    assert (copy.status, copy.key) == ("exact", keys[20])


def test_repeats_of_template_blocks_share_their_fate() -> None:
    blocks = tuple(Block(number, text) for number, text in enumerate([*prose(5), LINE]))
    copies = (
        Removal(Block(7, LINE), "repeat", "repeat:run", 1.0, (blocks[6],)),
        Removal(Block(8, blocks[0].text), "repeat", "repeat:run", 1.0, (blocks[0], blocks[6])),
    )
    with open_index("memory:") as index:
        for seed in range(10, 14):
            index.add(page(seed, LINE))
        result = indexing.without_template(
            CleanResult(blocks, copies, url="https://gazette.example/x"), index
        )
    assert [(removal.block.number, removal.reason) for removal in result.removals] == [
        (6, "template"),
        (7, "template"),
        (8, "repeat"),
    ]
    assert result.removals[2].originals == (blocks[0],)
    assert CleanResult.from_dict(result.to_dict()) == result


# ---------------------------------------------------------------- threads, tasks, processes


def test_threads_share_an_index(index: Index) -> None:
    news: list[str] = []

    def work() -> None:
        news.extend(key for key in keys if index.add(texts[key], key=key).is_new)

    keys = [f"p{seed}" for seed in range(25)]
    texts = {key: prose(seed) for seed, key in enumerate(keys)}
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(news) == sorted(keys)


def test_the_recipe_for_asyncio(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """`asyncio.to_thread` keeps the loop free: adds that wait for another task of the loop go on."""
    ticked, look = threading.Event(), index._store.look

    def waiting(probes: Any) -> Any:
        assert ticked.wait(60), "the loop stands still while a page is added"
        return look(probes)

    async def tick() -> None:
        ticked.set()

    async def crawl() -> list[str]:
        adds = [asyncio.to_thread(index.add, prose(seed % 10), f"p{seed}") for seed in range(20)]
        seen = asyncio.gather(*adds)
        await asyncio.sleep(0.01)
        await tick()
        return [result.status for result in await seen]

    monkeypatch.setattr(index._store, "look", waiting)
    assert sorted(asyncio.run(crawl())) == ["exact"] * 10 + ["new"] * 10


def _add_pages(url: str, start: Any, results: Any, pages: int) -> None:
    with open_index(url) as index:
        start.wait()
        results.put([seed for seed in range(pages) if index.add(prose(seed, 4), key=f"p{seed}").is_new])


def race(url: str, pages: int) -> list[int]:
    """What four processes find new that add the same pages at once."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(4), context.Queue()
    workers = [context.Process(target=_add_pages, args=(url, start, results, pages)) for _ in range(4)]
    for worker in workers:
        worker.start()
    found = [seed for _ in workers for seed in results.get(timeout=120)]
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    return found


def test_of_four_processes_one_finds_a_page_new(tmp_path: Path) -> None:
    url = str(tmp_path / "seen.db")
    assert sorted(race(url, 40)) == list(range(40))
    with open_index(url) as index:
        assert index.verify().ok
        assert len(index) == 40


def _add_until_killed(url: str, first: int, told: Any) -> None:
    sqlite_log.STEP = 50  # so that writers are killed while posts move into the trees, too
    with open_index(url) as index:
        for seed in range(first, first + 100_000):
            index.add(prose(seed, 3), key=f"p{seed}")
            told.send(seed)


def kill_writers(url: str, times: int) -> int:
    """Kill a writer again and again; the last page that was acknowledged."""
    context = multiprocessing.get_context("spawn")
    last, rng = -1, random.Random(times)
    for _ in range(times):
        told, telling = context.Pipe(duplex=False)
        worker = context.Process(target=_add_until_killed, args=(url, last + 1, telling))
        worker.start()
        telling.close()
        for _ in range(rng.randint(1, 30)):
            last = told.recv()
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        while told.poll():
            try:
                last = told.recv()
            except EOFError:
                break
    return last


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    url = str(tmp_path / "seen.db")
    last = kill_writers(url, 3)
    with open_index(url) as index:
        assert index.verify().ok
        assert last >= 2
        for seed in range(last + 1):
            assert index.query(prose(seed, 3)).key == f"p{seed}"


def test_a_forked_process_opens_its_own_connection(tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    with open_index(tmp_path / "seen.db") as index:
        index.add(prose(1), key="a")
        child = os.fork()
        if child == 0:
            os._exit(0 if index.add(prose(1), key="b").key == "a" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert index.add(prose(2), key="c").status == "new"
        assert len(index) == 3
        assert index.verify().ok


@pytest.mark.parametrize("many", [False, True])
def test_pages_that_are_seen_again_are_the_copies_that_they_were(index: Index, many: bool) -> None:
    """Of several copies one is nobody's copy, however often they are seen: else a crawl that leaves out
    copies, and not what is known, would lose the article."""
    pages = [("a", prose(1)), ("b", prose(1)), ("c", edited(prose(1), 0.02)), ("d", prose(1)[:4])]
    kinds = {"exact", "near", "contained"}
    for day in range(4):
        if day == 2:
            index.add(prose(2), key="a")  # a story moves: what was its copy is the first one now
            pages = [*pages[1:], ("a", prose(1))]
        for ask in (index.query_many, index.add_many):
            if ask == index.query_many and day in (0, 2):
                continue
            lots = [pages] if many else [[page] for page in pages]
            found = [answer for lot in lots for answer in ask([(blocks, key) for key, blocks in lot])]
            kept = {answer.own_key for answer in found if not answer.is_one_of(kinds)}
            assert kept == ({"a"} if day < 2 else {"b", "a"} if day == 2 else {"b"})
