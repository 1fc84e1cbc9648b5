"""The scraper's memory: has this article, or this passage, been seen before?

    article ─ sketch ─▶ probe ─ look ─▶ candidates ─ compare ─▶ SeenResult ─ write ─▶ store

An index keeps a sketch of bounded size of every page under the page's key. `add` looks up and writes in one
step that no other process gets in between. Blocks that stand in many articles of one site are its template.
"""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from dedupe._version import __version__
from dedupe.corpus.records import Document, Signatures
from dedupe.corpus.signatures import block_keys, compute_signatures
from dedupe.index import sketch as sketching
from dedupe.index.articles import (
    Article,
    Moment,
    NewArticle,
    article_parts,
    body_blocks,
    expiry_limit,
    new_article,
    stamp,
)
from dedupe.index.check import Verification, verified
from dedupe.index.forks import no_fork, watch
from dedupe.index.lookup import (
    Batch,
    SeenResult,
    is_passage,
    is_template,
    is_version,
    result,
    with_late,
    without_own,
)
from dedupe.index.posts import removal
from dedupe.index.settings import settings
from dedupe.index.site_templates import without_template
from dedupe.index.sketch import decode, key_post
from dedupe.index.stores import ConflictError, Store, StoreError, open_store
from dedupe.text.normalize import units

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Sequence
    from types import TracebackType

    from dedupe.result import CleanResult


__all__ = [
    "Article",
    "Index",
    "IndexStats",
    "Moment",
    "SeenResult",
    "Verification",
    "body_blocks",
    "open_index",
    "without_template",
]
TRIES = 50  # of a step that another writer got into
PAUSE = 0.02  # seconds at most between two tries, drawn at random so that two writers part
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class IndexStats:
    """How much an index holds; `bytes` is what it takes on disk or in memory."""

    url: str
    pages: int
    posts: int
    passages: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def open_index(url: str | os.PathLike[str], *, create: bool = True, read_only: bool = False) -> Index:
    """Open the index at `url`; one that is not there yet is made, unless `create` is false.

    Args:
        url: a path or `sqlite:///path` for a file that several processes of one machine may share,
            `redis://host:port/db?name=NAME` (or `rediss://`, `unix://`) for a Redis or Valkey server that
            several machines may share, `memory:` for one that ends with the process.
        create: whether to make a new index.
        read_only: whether to ask only: nothing is made or changed then, and what would change it fails.

    A process may fork while it has an index open: parent and child both go on with it.

    Raises:
        StoreError: the index cannot be opened, is damaged, or was made with other settings.

    >>> with open_index("memory:") as index:  # doctest: +ELLIPSIS
    ...     index.add("The ferry to the islands will stop running in May.", key="a").status
    ...     index.add("The ferry to the islands will stop running in May!", key="b")
    'new'
    SeenResult(status='exact', key='a', ..., relation='exact', own_key='b', ...)
    """
    with no_fork():
        return Index(open_store(os.fspath(url), _settings(), create and not read_only, read_only))


def _settings() -> dict[str, str]:
    return {**settings(), "release": __version__}


class Index:
    """Remembers articles and passages; safe to share between threads, made by `open_index`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        watch(self)

    def before_fork(self) -> None:
        """Wait for those who use the index, and let go of what a child must not inherit."""
        self._lock.acquire()
        self._store.let_go()

    def after_fork(self, in_child: bool) -> None:
        """Let the index be used again: it is opened anew then, on both sides."""
        if in_child:
            self._lock = threading.RLock()
        else:
            self._lock.release()

    @property
    def url(self) -> str:
        return self._store.url

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file or connection; what was added stays."""
        with self._lock:
            self._store.close()

    def __len__(self) -> int:
        return self.stats().pages

    def __contains__(self, key: object) -> bool:
        with self._lock:
            return isinstance(key, str) and self._store.keys([key], [key_post(key)]) != [None]

    # ------------------------------------------------------------ articles

    def add(
        self, article: Article, key: str | None = None, *, site: str | None = None, when: Moment | None = None
    ) -> SeenResult:
        """Has this article been seen? Remember it under its key from now on, in one step.

        A page that was added under the same key before is replaced; it is never a match with itself. But a
        URL that only the page itself claims (its "canonical", where `clean` was given none) takes no other
        page's place: if the index has that URL with other words, the page is kept beside it.

        Args:
            article: what `clean` gave, or a text, or paragraphs.
            key: the page's name, by default its URL.
            site: the site that the page belongs to, by default the host of its URL or key.
            when: when the page was seen, by default now.

        Raises:
            InputError: there is neither a key nor a URL.
            StoreError: the index cannot be read or written; nothing was added then.
        """
        return self._seen([new_article(article, key, site, needs_key=True)], stamp(when))[0]

    def add_many(
        self,
        articles: Iterable[tuple[Article, str | None]],
        *,
        site: str | None = None,
        when: Moment | None = None,
    ) -> list[SeenResult]:
        """As `add` for pairs of an article and its key, one after the other, many in one transaction."""
        items = [new_article(article, key, site, needs_key=True) for article, key in articles]
        return self._seen(items, stamp(when))

    def without_templates(
        self, page: CleanResult, key: str | None = None, keep: Collection[str] = ()
    ) -> CleanResult:
        """A cleaned page without the blocks that this index knows as its site's own."""
        return without_template(page, self, key, keep)

    def query(self, article: Article, key: str | None = None, *, site: str | None = None) -> SeenResult:
        """Has this article been seen? As `add`, but nothing is remembered, and the key may be left out."""
        return self._seen([new_article(article, key, site, needs_key=False)], None)[0]

    def query_many(
        self, articles: Iterable[tuple[Article, str | None]], *, site: str | None = None
    ) -> list[SeenResult]:
        """As `query` for pairs of an article and its key (or None), not compared with each other."""
        return self._seen(
            [new_article(article, key, site, needs_key=False) for article, key in articles], None
        )

    def add_signed(
        self, signed: Signatures, claimed: Container[str] = (), *, when: Moment | None = None
    ) -> list[SeenResult]:
        """As `add_many` for articles that are signed already, under the keys and sites they have there.

        `claimed` are those keys that only the pages themselves say.
        """
        return self._signed(signed, [()] * len(signed), claimed, stamp(when))

    def query_signed(
        self, signed: Signatures, without: Container[str] = (), claimed: Container[str] = ()
    ) -> list[SeenResult]:
        """As `query_many` for articles that are signed already; pages with keys in `without` are no match."""
        batch = Batch(signed, [()] * len(signed), claimed)
        with self._lock:
            return self._query(batch, without) if len(signed) else []

    def forget(self, key: str) -> bool:
        """Remove the page with this key; whether there was one."""
        return self._forget([key], None) == 1

    def expire(self, before: Moment) -> int:
        """Remove the pages last added before a time, or longer ago than a timedelta; says how many."""
        limit = expiry_limit(before)
        gone = 0
        with self._lock:
            for lot in self._store.pages():
                keys = [page.key for page in lot if page.seen < limit]
                gone += self._forget(keys, limit) if keys else 0
        return gone

    def stats(self) -> IndexStats:
        with self._lock:
            return IndexStats(self.url, **self._store.stats())

    def verify(self) -> Verification:
        """Read all of the index and check that it is whole."""
        with self._lock, self._store.snapshot():
            problems = self._store.check()
            if problems:
                return Verification(0, tuple(problems))
            return verified(self._store)

    # ------------------------------------------------------------ passages

    def template_blocks(self, blocks: Sequence[str], site: str, key: str | None = None) -> list[bool]:
        """Which of these blocks of a page stand in so many other articles of its site that they are its own.

        Of a page that repeats more than it says, or is like another one beyond such blocks, passages are not:
        they are a story that has several versions. `key` is the page's own: what the index holds under it is
        not counted.
        """
        number = sketching.site_hash(site)
        keys = block_keys(blocks)
        places = sketching.places(number, [*keys, 0])
        if not places:
            return [False] * len(blocks)
        with self._lock:
            counts = self._store.counts(places)
            old = None if key is None else self._store.keys([key], [key_post(key)])[0]
        *counts, stories = without_own(old, places, counts)
        lengths = [units(block) for block in blocks]
        found = [
            bool(count) and is_template(count + 1, stories + 1, length)
            for count, length in zip(counts, lengths, strict=True)
        ]
        if any(map(is_passage, found, lengths)) and self._is_version(blocks, found, site, key):
            return [
                lost and not is_passage(lost, length) for lost, length in zip(found, lengths, strict=True)
            ]
        return found

    def _is_version(self, blocks: Sequence[str], found: Sequence[bool], site: str, key: str | None) -> bool:
        """Whether a page is one of several versions of a story, so that what it repeats is the story."""
        signed = compute_signatures([Document(key or "", tuple(blocks), site)])
        with self._lock:
            candidates = self._store.look(Batch(signed, [()]).probes())[0].candidates
        return is_version(signed, found, [decode(page.data) for page in candidates])

    # ------------------------------------------------------------ the steps

    def _seen(self, items: Sequence[NewArticle], when: int | None) -> list[SeenResult]:
        found: list[SeenResult] = []
        for part in article_parts(items, self._store.lot):
            signed = compute_signatures([item.article for item in part])
            claimed = {item.article.key for item in part if item.is_claimed}
            found += self._signed(signed, [item.templates for item in part], claimed, when)
        return found

    def _signed(
        self,
        signed: Signatures,
        templates: Sequence[Sequence[int]],
        claimed: Container[str],
        when: int | None,
    ) -> list[SeenResult]:
        if not len(signed):
            return []
        batch = Batch(signed, templates, claimed)
        with self._lock:
            return self._query(batch) if when is None else self._add(batch, when)

    def _query(self, batch: Batch, without: Container[str] = ()) -> list[SeenResult]:
        batch = self._looked(batch)
        return [result(outcome) for outcome in batch.matches(False, without)]

    def _add(self, batch: Batch, when: int) -> list[SeenResult]:
        def look_and_write() -> list[SeenResult]:
            looked = self._looked(batch)
            matches = looked.matches(together=True)
            late = self._store.write(looked.changes(matches, when))
            return [
                result(outcome._replace(match=with_late(outcome.match, outcome.own, pages)))
                for outcome, pages in zip(matches, late, strict=True)
            ]

        return self._exclusively(look_and_write)

    def _looked(self, batch: Batch) -> Batch:
        """The batch with what the store has found, under other keys where it claims those of other pages."""
        batch.take(self._store.look(batch.probes()))
        if (renamed := batch.renamed()) is None:
            return batch
        renamed.take(self._store.look(renamed.probes()))
        return renamed

    def _forget(self, keys: Sequence[str], before: int | None) -> int:
        """Remove pages, but none that was seen since `before`: they are looked up again under the lock."""

        def look_and_write() -> int:
            pages = self._store.keys(keys, [key_post(key) for key in keys])
            changes = [removal(page) for page in pages if page and (before is None or page.seen < before)]
            if changes:
                self._store.write(changes)
            return len(changes)

        return self._exclusively(look_and_write)

    def _exclusively(self, step: Callable[[], _Answer]) -> _Answer:
        """A step that looks and writes; taken again if another writer got in between."""
        for _ in range(TRIES):
            try:
                with self._lock, self._store.exclusive():
                    return step()
            except ConflictError:
                time.sleep(random.uniform(0, PAUSE))
        raise StoreError("others keep changing the same pages; try again", url=self.url)
