"""How an index grows: adds a second, latency of a query, bytes an article, recall, at several sizes.

    python benchmarks/index_scale.py --pages 10000,100000 --at /tmp/scale.db
    python benchmarks/index_scale.py --pages 10000 --at redis://localhost:6379/5
    python benchmarks/index_scale.py --pages 10000 --peers --redis redis://localhost:6379/6

Articles are made up: words after a Zipf law, some 400 of them in sentences and paragraphs, so that common
phrases stand in many of them as in real text. An index that holds pages already is only added to, so a long
run can be done in parts. Times are of the processor, of this process.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from dedupe.corpus.records import Document
from dedupe.index.index import Index, open_index

WORDS = 50_000
BATCH = 1000
SITES = 200
LAST = 10  # batches
PROBES = 300  # of each kind
KINDS = ("unseen", "same", "edited", "cut", "inside")


class Press:
    """Prints articles: the article of a number is always the same."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        letters = np.array(list("etaoinshrdlucmfwypvbgk"))
        lengths = rng.integers(2, 11, WORDS)
        words = ["".join(rng.choice(letters, length)) for length in lengths]
        self.words = np.array(words, object)
        weights = 1 / np.arange(3, WORDS + 3)
        self.cumulated = np.cumsum(weights / weights.sum())

    def batch(self, number: int) -> list[Document]:
        """The articles from `number` × BATCH on."""
        rng = np.random.default_rng([1, number])
        sizes = np.clip(rng.lognormal(5.9, 0.5, BATCH), 80, 3000).astype(int)
        numbers = np.searchsorted(self.cumulated, rng.random(int(sizes.sum())))
        bounds = np.append(0, np.cumsum(sizes))
        return [
            self.article(number * BATCH + at, numbers[bounds[at] : bounds[at + 1]], rng)
            for at in range(BATCH)
        ]

    def article(self, number: int, words: npt.NDArray[np.int64], rng: np.random.Generator) -> Document:
        text = self.words[words]
        ends = np.cumsum(rng.integers(8, 28, len(words) // 8 + 1))
        ends = ends[ends < len(words) - 8]
        text[ends] += "."
        starts = [0, *(ends[2::3] + 1).tolist(), len(words)]
        blocks = tuple(" ".join(text[low:high]) for low, high in pairwise(starts))
        site = f"site{number % SITES}.example"
        return Document(f"https://{site}/2026/{number % 365}/news-of-the-day-{number}.html", blocks, site)

    def copy(self, article: Document, kind: str, rng: np.random.Generator) -> Document:
        """A copy of an article on another site."""
        blocks = list(article.blocks)
        if kind == "edited":
            blocks = [self._edited(block, rng) for block in blocks]
        if kind == "cut":
            blocks = blocks[: max(2, len(blocks) // 2)]
        if kind == "inside":
            own = self.article(0, np.searchsorted(self.cumulated, rng.random(250)), rng).blocks
            blocks = [*own[:2], *blocks, *own[2:]]
        return Document("https://elsewhere.example/copy", tuple(blocks), "elsewhere.example")

    def _edited(self, block: str, rng: np.random.Generator) -> str:
        words = block.split(" ")
        for at in np.flatnonzero(rng.random(len(words)) < 0.04).tolist():
            words[at] = self.words[rng.integers(WORDS)]
        return " ".join(words)


def main() -> None:
    arguments = _arguments()
    press = Press()
    if arguments.peers:
        _peers(press, max(arguments.pages), arguments.redis)
        return
    with open_index(arguments.at) as index:
        for pages in arguments.pages:
            times = _grow(index, press, pages)
            row = {"pages": pages, "add_many/s": _rate(times), "of the last": _rate(times[-LAST:])}
            row |= _singles(index, press, pages)
            row |= {"bytes/page": round(index.stats().bytes / pages), **_queries(index, press, pages)}
            print(json.dumps(row), flush=True)


# ---------------------------------------------------------------- beside datasketch


class Peer:
    """datasketch's `MinHashLSH` over word 4-grams: 128 permutations, threshold 0.5."""

    def __init__(self, storage: dict[str, Any] | None) -> None:
        from datasketch import MinHashLSH

        self.lsh = MinHashLSH(threshold=0.5, num_perm=128, storage_config=storage)

    def minhash(self, article: Document) -> Any:
        from datasketch import MinHash

        words = " ".join(article.blocks).lower().split()
        found = MinHash(num_perm=128)
        found.update_batch({" ".join(words[at : at + 4]).encode() for at in range(len(words) - 3)})
        return found

    def add_many(self, batch: list[tuple[Document, str]]) -> None:
        with self.lsh.insertion_session() as session:
            for article, key in batch:
                session.insert(key, self.minhash(article))

    def finds(self, article: Document, key: str) -> bool:
        return key in self.lsh.query(self.minhash(article))


class Own:
    def __init__(self, url: str) -> None:
        self.index = open_index(url)

    def add_many(self, batch: list[tuple[Document, str]]) -> None:
        self.index.add_many(batch)

    def finds(self, article: Document, key: str) -> bool:
        return self.index.query(article).key == key


def _peers(press: Press, pages: int, redis: str | None) -> None:
    """All indexes on the same articles, one after the other, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made: dict[str, Callable[[], Own | Peer]] = {
            "index in memory": lambda: Own("memory:"),
            "index in SQLite": lambda: Own(os.path.join(folder, "seen.db")),
            "datasketch, dict": lambda: Peer(None),
        }
        if redis:
            made["index on Redis"] = lambda: Own(redis)
            made["datasketch, Redis"] = lambda: Peer(_storage(redis))
        for name, make in made.items():
            # Memory that one index leaves behind would count against the next.
            child = get_context("fork").Process(
                target=_print_measured, args=(make, press, pages, name, redis)
            )
            child.start()
            child.join()


def _print_measured(
    make: Callable[[], Own | Peer], press: Press, pages: int, name: str, redis: str | None
) -> None:
    row = {"what": name, "pages": pages, **_measured(make, press, pages, name, redis)}
    row["MiB of this process"] = getrusage(RUSAGE_SELF).ru_maxrss >> 10
    print(json.dumps(row), flush=True)


def _storage(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    server = {"host": parts.hostname, "port": parts.port or 6379, "db": int(parts.path.strip("/") or 0)}
    return {"type": "redis", "basename": b"peer", "redis": server}


def _measured(
    make: Callable[[], Own | Peer], press: Press, pages: int, name: str, redis: str | None
) -> dict[str, Any]:
    server = _server(redis) if redis and "Redis" in name else None
    index, before = make(), _memory(server)
    busy = passed = 0.0
    for number in range(pages // BATCH):
        batch = [(article, article.key) for article in press.batch(number)]
        start, clock = time.process_time(), time.perf_counter()
        index.add_many(batch)
        busy, passed = busy + time.process_time() - start, passed + time.perf_counter() - clock
    row = {"add_many/s": round(pages / busy), "by the clock": round(pages / passed)}
    if server:
        row["bytes/page"] = round((_memory(server) - before) / pages)
    row |= _found(index, press, pages)
    if server:
        server.flushdb(asynchronous=True)  # a large one outlasts the client's patience
    return row


def _found(index: Own | Peer, press: Press, pages: int) -> dict[str, Any]:
    rng = np.random.default_rng(pages)
    times, found = [], {}
    for kind in KINDS[1:]:
        hits = 0
        for article in _sources(press, pages, kind, rng):
            copy = press.copy(article, kind, rng)
            start = time.perf_counter()
            hits += index.finds(copy, article.key)
            times.append(time.perf_counter() - start)
        found[kind] = round(hits / PROBES, 4)
    return {"query p50 ms": _ms(times, 50), "query p99 ms": _ms(times, 99), "found": found}


def _server(url: str) -> Any:
    import redis

    client: Any = redis.Redis
    server = client.from_url(url)
    server.flushdb()
    return server


def _memory(server: Any) -> int:
    return int(server.info("memory")["used_memory"]) if server else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", default="10000", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--at", default="memory:", help="the index")
    parser.add_argument("--peers", action="store_true", help="datasketch's MinHashLSH on the same articles")
    parser.add_argument("--redis", help="redis://host:port/db for the peers; it is emptied")
    return parser.parse_args()


def _rate(times: list[float]) -> int | None:
    return round(BATCH * len(times) / sum(times)) if times else None


def _grow(index: Index, press: Press, pages: int) -> list[float]:
    """Add articles up to that many; the seconds that each batch took."""
    times = []
    for number in range(len(index) // BATCH, pages // BATCH):
        batch = [(article, article.key) for article in press.batch(number)]
        times.append(_timed(lambda batch=batch: index.add_many(batch)))  # type: ignore[misc]
    return times


def _singles(index: Index, press: Press, pages: int) -> dict[str, Any]:
    """Adds one by one, forgotten again."""
    articles = press.batch(10_000_000 + pages)
    times = [_timed(lambda article=article: index.add(article)) for article in articles]  # type: ignore[misc]
    for article in articles:
        index.forget(article.key)
    return {"add/s": round(1 / float(np.mean(times))), "add p99 ms": _ms(times, 99)}


def _queries(index: Index, press: Press, pages: int) -> dict[str, Any]:
    """Latency of a query, and how many copies of each kind are found."""
    rng = np.random.default_rng(pages)
    times, found = [], {}
    for kind in KINDS:
        hits = 0
        for article in _sources(press, pages, kind, rng):
            copy = press.copy(article, kind, rng)
            start = time.process_time()
            seen = index.query(copy)
            times.append(time.process_time() - start)
            hits += seen.key == article.key if kind != "unseen" else seen.status == "new"
        found[kind] = round(hits / PROBES, 4)
    return {"query p50 ms": _ms(times, 50), "query p99 ms": _ms(times, 99), "right": found}


def _sources(press: Press, pages: int, kind: str, rng: np.random.Generator) -> Iterator[Document]:
    """Articles that the index holds, from all its ages; or, for "unseen", does not hold."""
    count = pages // BATCH
    chosen = rng.choice(count, min(count, 10), replace=False)
    for number in chosen.tolist():
        batch = press.batch(number if kind != "unseen" else 20_000_000 + number)
        yield from batch[:: BATCH // (PROBES // len(chosen))][: PROBES // len(chosen)]


def _timed(step: Callable[[], object]) -> float:
    start = time.process_time()
    step()
    return time.process_time() - start


def _ms(seconds: list[float], percentile: int) -> float:
    return round(float(np.percentile(seconds, percentile)) * 1000, 3)


if __name__ == "__main__":
    main()
