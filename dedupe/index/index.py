"""The scraper's memory: has this article, or this passage, been seen before?

    article ─ sketch ─▶ probe ─ look ─▶ candidates ─ compare ─▶ SeenResult ─ write ─▶ store

An index keeps a sketch of bounded size of every page under the page's key. `add` looks up and writes in one
step that no other process gets in between. Blocks that stand in many articles of one site are its template.
"""

from __future__ import annotations

import math
import os
import random
import threading
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from dedupe.corpus.signatures import Prepared, Signed, block_keys, sign
from dedupe.errors import InputError
from dedupe.index import sketch as sketching
from dedupe.index.check import Verification, verified
from dedupe.index.forks import no_fork, watch
from dedupe.index.lookup import (
    Batch,
    SeenResult,
    is_passage,
    is_template,
    is_version,
    removal,
    result,
    with_late,
    without_own,
)
from dedupe.index.sketch import decode, key_post
from dedupe.index.stores import ConflictError, Store, StoreError, open_store
from dedupe.result import CleanResult
from dedupe.text.normalize import units
from dedupe.types import EDGE_ROLES, Removal

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "Article",
    "Index",
    "IndexStats",
    "Moment",
    "SeenResult",
    "Verification",
    "body_blocks",
    "open_index",
    "site_of",
    "without_template",
]

#: What an index takes: a cleaned page, an article's text or paragraphs, or one as the bulk stages have it.
Article = CleanResult | str | Sequence[str] | Prepared

#: A point in time, or an age.
Moment = datetime | date | timedelta | float

LAST = 2**32 - 1  # seconds since 1970 that every store can hold: early in 2106
TRIES = 50  # of a step that another writer got into
_TEMPLATE_RULE = "index:site"
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
    from dedupe import __version__

    return {**sketching.settings(), "release": __version__}


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
        return self._seen([_item(article, key, site, needs_key=True)], _stamp(when))[0]

    def add_many(
        self,
        articles: Iterable[tuple[Article, str | None]],
        *,
        site: str | None = None,
        when: Moment | None = None,
    ) -> list[SeenResult]:
        """As `add` for pairs of an article and its key, one after the other, many in one transaction."""
        items = [_item(article, key, site, needs_key=True) for article, key in articles]
        return self._seen(items, _stamp(when))

    def query(self, article: Article, key: str | None = None, *, site: str | None = None) -> SeenResult:
        """Has this article been seen? As `add`, but nothing is remembered, and the key may be left out."""
        return self._seen([_item(article, key, site, needs_key=False)], None)[0]

    def query_many(
        self, articles: Iterable[tuple[Article, str | None]], *, site: str | None = None
    ) -> list[SeenResult]:
        """As `query` for pairs of an article and its key (or None), not compared with each other."""
        return self._seen([_item(article, key, site, needs_key=False) for article, key in articles], None)

    def add_signed(
        self, signed: Signed, claimed: Container[str] = (), *, when: Moment | None = None
    ) -> list[SeenResult]:
        """As `add_many` for articles that are signed already, under the keys and sites they have there.

        `claimed` are those keys that only the pages themselves say.
        """
        return self._signed(signed, [()] * len(signed), claimed, _stamp(when))

    def query_signed(
        self, signed: Signed, without: Container[str] = (), claimed: Container[str] = ()
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
        limit = _limit(before)
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
        signed = sign([Prepared(key or "", tuple(blocks), site)])
        with self._lock:
            candidates = self._store.look(Batch(signed, [()]).probes())[0].candidates
        return is_version(signed, found, [decode(page.data) for page in candidates])

    # ------------------------------------------------------------ the steps

    def _seen(self, items: Sequence[_Item], when: int | None) -> list[SeenResult]:
        found: list[SeenResult] = []
        for part in _parts(items, self._store.lot):
            signed = sign([item.article for item in part])
            claimed = {item.article.key for item in part if item.is_claimed}
            found += self._signed(signed, [item.templates for item in part], claimed, when)
        return found

    def _signed(
        self,
        signed: Signed,
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
                time.sleep(random.uniform(0, 0.02))
        raise StoreError("others keep changing the same pages; try again", url=self.url)


# ---------------------------------------------------------------- what comes in


class _Item(NamedTuple):
    """An article to look for, and the keys of the blocks that were taken out of it as its site's own.

    `is_claimed` says that its key is what the page says itself, and nobody else.
    """

    article: Prepared
    templates: Sequence[int] = ()
    is_claimed: bool = False


def _item(article: Article, key: str | None, site: str | None, needs_key: bool) -> _Item:
    for name, value in (("key", key), ("site", site)):
        if not isinstance(value, str | None):
            raise InputError(f"{name}={value!r} is no text")
    templates: Sequence[int] = ()
    url = None
    if isinstance(article, Prepared):
        blocks, site, url = article.blocks, article.site if site is None else site, article.key or None
    elif isinstance(article, CleanResult):
        blocks, url = body_blocks(article), article.url
        lost = [removal.block.text for removal in article.removals if removal.reason == "template"]
        templates = block_keys(lost) if lost else ()
    elif isinstance(article, str):
        blocks = tuple(line for line in map(str.strip, article.split("\n")) if line)
    else:
        blocks = _texts(article)
    if needs_key and not (key or url):
        raise InputError("cannot add a page without a key: give key=…, by which it is known from then on")
    is_claimed = isinstance(article, CleanResult) and article.url_is_claimed and not key
    if site is None:
        site = site_of(url) or site_of(key)
    else:
        is_claimed = is_claimed and site != site_of(url)  # the host is what the caller says, too
    return _Item(Prepared(key or url or "", blocks, site), templates, is_claimed)


def _texts(article: Any) -> tuple[str, ...]:
    if isinstance(article, list | tuple) and all(isinstance(block, str) for block in article):
        return tuple(article)
    raise InputError(
        f"cannot look for a {type(article).__name__}: give what `clean` returns, a text, or paragraphs"
    )


def body_blocks(result: CleanResult) -> tuple[str, ...]:
    """The texts of a cleaned page that make up its article, without headline, byline and the like."""
    body = tuple(block.text for block in result.blocks if block.role not in EDGE_ROLES)
    return body or tuple(block.text for block in result.blocks)


def site_of(url: str | None) -> str:
    """The host of a URL, in lower case; "" if it has none."""
    if not url or "//" not in url:
        return ""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _parts(items: Sequence[_Item], most: int) -> Iterator[list[_Item]]:
    """The items in lots of at most so many, in which no key stands twice."""
    part: list[_Item] = []
    keys: set[str] = set()
    for item in items:
        key = item.article.key
        if len(part) == most or (key and key in keys):
            yield part
            part, keys = [], set()
        part.append(item)
        keys.add(key)
    if part:
        yield part


def _stamp(moment: Moment | None) -> int:
    """When a page was seen, in seconds since 1970; None is now, a timedelta counts back from it.

    Raises:
        InputError: it is no time that every store can hold.
    """
    if moment is None:
        return min(max(0, int(time.time())), LAST)  # a wrong clock must not stop a crawl
    seconds = _seconds(moment)
    if not 0 <= seconds <= LAST:
        raise InputError(f"{moment!r} is no time from 1970 to 2106, in which a page can be seen")
    return int(seconds)


def _limit(moment: Moment) -> int:
    """A time of which only before and after matters; of those that no page can have the nearest one."""
    return int(min(max(0, _seconds(moment)), LAST + 1))


def _seconds(moment: Moment) -> float:
    try:
        if isinstance(moment, timedelta):
            return time.time() - moment.total_seconds()
        if isinstance(moment, date) and not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day)
        seconds = moment.timestamp() if isinstance(moment, datetime) else float(moment)
    except (ValueError, OverflowError, OSError, TypeError) as error:
        raise InputError(f"{moment!r} is no time: give a datetime, or seconds since 1970") from error
    if math.isnan(seconds):
        raise InputError(f"{moment!r} is no time: give a datetime, or seconds since 1970")
    return seconds


# ---------------------------------------------------------------- cleaning with an index


def without_template(
    page: CleanResult, index: Index, key: str | None = None, keep: Collection[str] = ()
) -> CleanResult:
    """A cleaned page without the blocks that the index knows as its site's own, each removed as "template".

    `key` is the page's key in the index, by default its URL: what it holds there does not count. Blocks of
    the roles in `keep` stay.
    """
    site = site_of(page.url) or site_of(key)
    body = [block for block in page.blocks if block.role not in EDGE_ROLES and block.role not in keep]
    known = index.template_blocks([block.text for block in body], site, key or page.url)
    lost = {block.number for block, is_known in zip(body, known, strict=True) if is_known}
    if not lost:
        return page
    gone = [Removal(block, "template", _TEMPLATE_RULE, 1.0) for block in page.blocks if block.number in lost]
    rest = [_orphaned(removal, lost) for removal in page.removals]
    removals = sorted([*rest, *gone], key=lambda removal: removal.block.number)
    kept = tuple(block for block in page.blocks if block.number not in lost)
    return replace(page, blocks=kept, removals=tuple(removals))


def _orphaned(removal: Removal, lost: set[int]) -> Removal:
    """A removal that names only kept blocks; a repeat of nothing but template blocks is one itself."""
    kept = tuple(block for block in removal.originals if block.number not in lost)
    if len(kept) == len(removal.originals):
        return removal
    if kept:
        return replace(removal, originals=kept)
    return replace(removal, reason="template", rule=_TEMPLATE_RULE, originals=())
