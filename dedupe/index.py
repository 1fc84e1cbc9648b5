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
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

import numpy as np

from . import sketch as sketching
from .clusters import NEAR, SHORT_BLOCK, SHORT_SHARE, TEMPLATE_GROWTH, TEMPLATE_PAGES
from .corpus import Prepared, Signed, block_keys, sign, without
from .errors import InputError
from .normalize import units
from .sketch import Sketch, compare, decode, digest_post, exact, key_post, sketches
from .stores import Change, ConflictError, Found, Page, Probe, Store, StoreError, best, open_store
from .types import EDGE_ROLES, CleanResult, Removal
from .verify import Evidence

Status = Literal["new", "exact", "near", "contains", "contained"]

#: What an index takes: a cleaned page, an article's text or paragraphs, or one as the bulk stages have it.
Article = CleanResult | str | Sequence[str] | Prepared

#: A point in time, or an age.
Moment = datetime | date | timedelta | float

TRIES = 50  # of a step that another writer got into
_RANK: dict[Status, int] = {"exact": 3, "near": 2, "contained": 1, "contains": 1, "new": 0}
_TEMPLATE_RULE = "index:site"
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class SeenResult:
    """What an index knew of an article before.

    `status` says how it relates to the page with the key `key`: "exact" (the same words), "near", "contains"
    (that page is a part of it) or "contained" (it is a part of that page); "new" with no key if no other
    page has it. `similarity` is the Jaccard similarity of both (0–1), `containment` the share of the article
    that the other page says too. `known` says that the article's own key was in the index already,
    `changed` that its text was another one then.
    """

    status: Status
    key: str | None = None
    similarity: float = 0.0
    containment: float = 0.0
    known: bool = False
    changed: bool = False

    @property
    def is_new(self) -> bool:
        """Neither the article nor its key was in the index."""
        return self.status == "new" and not self.known

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


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


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether an index is whole; `problems` are lines to read. True if there are none."""

    pages: int
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems

    def __bool__(self) -> bool:
        return self.ok


def open_index(url: str | os.PathLike[str], *, create: bool = True) -> Index:
    """Open the index at `url`; one that is not there yet is made, unless `create` is false.

    Args:
        url: a path or `sqlite:///path` for a file that several processes of one machine may share,
            `redis://host:port/db?name=NAME` (or `rediss://`, `unix://`) for a Redis or Valkey server that
            several machines may share, `memory:` for one that ends with the process.
        create: whether to make a new index.

    Raises:
        StoreError: the index cannot be opened, is damaged, or was made with other settings.

    >>> with open_index("memory:") as index:
    ...     index.add("The ferry to the islands will stop running in May.", key="a").status
    ...     index.add("The ferry to the islands will stop running in May!", key="b")
    'new'
    SeenResult(status='exact', key='a', similarity=1.0, containment=1.0, known=False, changed=False)
    """
    return Index(open_store(os.fspath(url), _settings(), create))


def _settings() -> dict[str, str]:
    from . import __version__

    return {**sketching.settings(), "release": __version__}


class Index:
    """Remembers articles and passages; safe to share between threads, made by `open_index`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()

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

        A page that was added under the same key before is replaced; it is never a match with itself.

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

    def add_signed(self, signed: Signed, *, when: Moment | None = None) -> list[SeenResult]:
        """As `add_many` for articles that are signed already, under the keys and sites they have there."""
        return self._signed(signed, [()] * len(signed), _stamp(when))

    def query_signed(self, signed: Signed, without: Container[str] = ()) -> list[SeenResult]:
        """As `query_many` for articles that are signed already; pages with keys in `without` are no match."""
        batch = _Batch(signed, [()] * len(signed))
        with self._lock:
            return self._query(batch, without) if len(signed) else []

    def forget(self, key: str) -> bool:
        """Remove the page with this key; whether there was one."""
        return self._forget([key], None) == 1

    def expire(self, before: Moment) -> int:
        """Remove the pages last added before a time, or longer ago than a timedelta; says how many."""
        limit = _stamp(before)
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
        with self._lock:
            problems = self._store.check()
            if problems:
                return Verification(0, tuple(problems))
            return _verified(self._store)

    # ------------------------------------------------------------ passages

    def template_blocks(self, blocks: Sequence[str], site: str, key: str | None = None) -> list[bool]:
        """Which of these blocks of a page stand in so many other articles of its site that they are its own.

        `key` is the page's: what the index holds under it is not counted.
        """
        number = sketching.site_hash(site)
        keys = block_keys(blocks)
        places = sketching.places(number, [*keys, 0])
        if not places:
            return [False] * len(blocks)
        with self._lock:
            counts = self._store.counts(places)
            old = None if key is None else self._store.keys([key], [key_post(key)])[0]
        *counts, stories = _without_own(old, places, counts)
        return [
            bool(count) and is_template(count + 1, stories + 1, units(block))
            for count, block in zip(counts, blocks, strict=True)
        ]

    # ------------------------------------------------------------ the steps

    def _seen(self, items: Sequence[_Item], when: int | None) -> list[SeenResult]:
        found: list[SeenResult] = []
        for part in _parts(items, self._store.lot):
            signed = sign([item.article for item in part])
            found += self._signed(signed, [item.templates for item in part], when)
        return found

    def _signed(
        self, signed: Signed, templates: Sequence[Sequence[int]], when: int | None
    ) -> list[SeenResult]:
        if not len(signed):
            return []
        batch = _Batch(signed, templates)
        with self._lock:
            return self._query(batch) if when is None else self._add(batch, when)

    def _query(self, batch: _Batch, without: Container[str] = ()) -> list[SeenResult]:
        batch.take(self._store.look(batch.probes()))
        return [_result(match, old, own) for match, old, own in batch.matches(False, without)]

    def _add(self, batch: _Batch, when: int) -> list[SeenResult]:
        probes = batch.probes()

        def look_and_write() -> list[SeenResult]:
            batch.take(self._store.look(probes))
            matches = batch.matches(together=True)
            late = self._store.write(batch.changes(matches, when))
            return [
                _result(_with_late(match, own, pages), old, own)
                for (match, old, own), pages in zip(matches, late, strict=True)
            ]

        return self._exclusively(look_and_write)

    def _forget(self, keys: Sequence[str], before: int | None) -> int:
        """Remove pages, but none that was seen since `before`: they are looked up again under the lock."""

        def look_and_write() -> int:
            pages = self._store.keys(keys, [key_post(key) for key in keys])
            changes = [_removal(page) for page in pages if page and (before is None or page.seen < before)]
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
    """An article to look for, and the keys of the blocks that were taken out of it as its site's own."""

    article: Prepared
    templates: Sequence[int] = ()


def _item(article: Article, key: str | None, site: str | None, needs_key: bool) -> _Item:
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
    if site is None:
        site = site_of(url) or site_of(key)
    return _Item(Prepared(key or url or "", blocks, site), templates)


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
    """Seconds since 1970; a timedelta counts back from now."""
    if moment is None:
        return int(time.time())
    if isinstance(moment, timedelta):
        return int(time.time() - moment.total_seconds())
    if isinstance(moment, datetime):
        return int(moment.timestamp())
    if isinstance(moment, date):
        return int(datetime(moment.year, moment.month, moment.day).timestamp())
    return int(moment)


# ---------------------------------------------------------------- a batch on its way


class _Match(NamedTuple):
    """A page that an article is like; `is_same_site` says whether any such page is of the article's site."""

    status: Status
    key: str
    similarity: float
    containment: float
    number: int
    is_same_site: bool = False


class _Candidate(NamedTuple):
    key: str
    sketch: Sketch
    number: int


class _Outcome(NamedTuple):
    """What an article is like, the page that its key had, and its own sketch."""

    match: _Match | None
    old: Page | None
    own: Sketch


class _Batch:
    """Articles with different keys that are looked for, and perhaps added, together."""

    def __init__(self, signed: Signed, templates: Sequence[Sequence[int]]) -> None:
        self._signed = signed
        self._sites = [sketching.site_hash(site) for site in signed.sites]
        self._blocks = _counted_blocks(signed, templates)
        keys = [[key for key, _ in blocks] for blocks in self._blocks]
        self._passages = sketching.all_places(self._sites, keys)
        self._own = sketches(signed, self._sites, self._passages)
        self._whole = self._own
        self._posts = [_word_posts(own) for own in self._own]
        self._found: Sequence[Found] = ()

    def probes(self) -> list[Probe]:
        """What the store is asked."""
        return [
            Probe(key or None, key_post(key), posts, _places(own))
            for key, own, posts in zip(self._signed.keys, self._own, self._posts, strict=True)
        ]

    def take(self, found: Sequence[Found]) -> None:
        """Go on with what the store has found: the blocks of site templates are left out from here on."""
        self._found, self._own = found, self._whole
        templates = self._templates()
        if templates:
            rest = sketches(without(self._signed, templates), self._sites, self._passages)
            # a page of nothing else is compared as it is
            self._own = [new if new.units > 0 else own for new, own in zip(rest, self._own, strict=True)]
            self._posts = [_word_posts(own) for own in self._own]

    def _templates(self) -> dict[str, frozenset[int]]:
        templates: dict[str, set[int]] = {}
        for at, (found, own) in enumerate(zip(self._found, self._own, strict=True)):
            if max(found.counts[1:], default=0) < TEMPLATE_PAGES - 1:
                continue
            stories, *counts = _without_own(found.old, _places(own), found.counts)
            for count, (key, length) in zip(counts, self._blocks[at], strict=True):
                if is_template(count + 1, stories + 1, length):
                    templates.setdefault(self._signed.sites[at], set()).add(key)
        return {site: frozenset(keys) for site, keys in templates.items()}

    def matches(self, together: bool, without: Container[str] = ()) -> list[_Outcome]:
        """What each article is like: of the store, and (`together`) of those before it in the batch."""
        candidates = self._together() if together else self._candidates()
        if without:
            candidates = [[item for item in items if item.key not in without] for items in candidates]
        return [
            _Outcome(match, found.old, own)
            for match, found, own in zip(_matches(self._own, candidates), self._found, self._own, strict=True)
        ]

    def _candidates(self) -> list[list[_Candidate]]:
        known: dict[int, _Candidate] = {}
        for page in (page for found in self._found for page in found.candidates):
            if page.number not in known:
                known[page.number] = _Candidate(page.key, decode(page.data), page.number)
        return [[known[page.number] for page in found.candidates] for found in self._found]

    def _together(self) -> list[list[_Candidate]]:
        """The candidates of each article if those before it had been added already."""
        last = 1 << 40  # their numbers come after all others
        lists: dict[int, list[int]] = {}
        replaced: set[int] = set()
        every = []
        for at, (candidates, found) in enumerate(zip(self._candidates(), self._found, strict=True)):
            posts, own = self._posts[at], self._own[at]
            inside = [
                _Candidate(self._signed.keys[number - last], self._own[number - last], number)
                for number in best(posts, lists)
            ]
            every.append([item for item in candidates if item.number not in replaced] + inside)
            if found.old is not None and not _is_unchanged(found.old, own):
                replaced.add(found.old.number)
            if found.old is None or found.old.number in replaced:
                for post in posts:
                    lists.setdefault(post, []).append(last + at)
        return every

    def changes(self, outcomes: Sequence[_Outcome], when: int) -> list[Change]:
        """What the store must write."""
        return [
            _change(key, outcome, posts, when)
            for key, outcome, posts in zip(self._signed.keys, outcomes, self._posts, strict=True)
        ]


def _counted_blocks(signed: Signed, templates: Sequence[Sequence[int]]) -> list[list[tuple[int, float]]]:
    """For each article the blocks that its site counts: their keys and lengths, each once.

    Blocks that a cleaner took out as template are counted on, else they would be forgotten as such.
    """
    keys, lengths, at = signed.blocks.tolist(), signed.block_units.tolist(), signed.block_at.tolist()
    found = []
    for number, lost in enumerate(templates):
        low, high = at[number], at[number + 1]
        chosen = dict.fromkeys(lost, float(SHORT_BLOCK))
        for block in sketching.edge_blocks(lengths[low:high]):
            if lengths[low + block] > 0:
                chosen.setdefault(keys[low + block], lengths[low + block])
        found.append(list(chosen.items())[: sketching.PASSAGES])
    return found


def _places(own: Sketch) -> list[int]:
    """The keys under which an article counts for its site: the site's own, then those of its passages."""
    return [sketching.site_place(own.site), *own.passages] if own.site else []


def _without_own(old: Page | None, places: Sequence[int], counts: Sequence[int]) -> list[int]:
    """Counts of passages without what the page itself added to them before."""
    if old is None:
        return list(counts)
    before = decode(old.data)
    own = set(_places(before)) if before.counted else ()
    return [count - (place in own) for place, count in zip(places, counts, strict=True)]


def is_template(articles: int, of_site: int, length: float) -> bool:
    """Whether a block of that length (units) in so many of a site's articles is the site's own."""
    least = max(TEMPLATE_PAGES, of_site**0.5 / TEMPLATE_GROWTH)
    if length < SHORT_BLOCK:
        least = max(least, SHORT_SHARE * of_site)
    return bool(articles >= least)


# ---------------------------------------------------------------- matches


def _matches(owns: Sequence[Sketch], candidates: Sequence[Sequence[_Candidate]]) -> list[_Match | None]:
    """The best match of each article among its candidates."""
    found: list[list[_Match]] = [_equals(own, items) for own, items in zip(owns, candidates, strict=True)]
    doubt = [
        (at, own, item)
        for at, (own, items) in enumerate(zip(owns, candidates, strict=True))
        if not found[at] and own.units
        for item in items
    ]
    if doubt:
        evidence = compare([own for _, own, _ in doubt], [item.sketch for _, _, item in doubt])
        for row in np.flatnonzero(evidence.is_copy).tolist():
            at, own, item = doubt[row]
            found[at].append(_likeness(evidence, row, own, item))
    return [_best(matches) for matches in found]


def _equals(own: Sketch, items: Sequence[_Candidate]) -> list[_Match]:
    return [
        _Match("exact", item.key, 1.0, 1.0, item.number, item.sketch.site == own.site)
        for item in items
        if exact(own, item.sketch)
    ]


def _likeness(evidence: Evidence, row: int, own: Sketch, item: _Candidate) -> _Match:
    mine, other = np.minimum(evidence.containment[row], 1.0).tolist()
    status: Status = "near"
    if min(mine, other) < NEAR <= max(mine, other):
        status = "contained" if mine > other else "contains"
    similarity = min(1.0, float(evidence.similarity[row]))
    is_same_site = item.sketch.site == own.site
    return _Match(status, item.key, round(similarity, 4), round(mine, 4), item.number, is_same_site)


def _best(matches: Sequence[_Match]) -> _Match | None:
    """The match that is told: the same words, then the most similar, then the earliest."""
    if not matches:
        return None
    first = max(matches, key=lambda match: (_RANK[match.status], match.similarity, -match.number))
    return first._replace(is_same_site=any(match.is_same_site for match in matches))


def _with_late(match: _Match | None, own: Sketch, pages: Sequence[Page]) -> _Match | None:
    """The match, now that these pages have come in as well."""
    if not pages or not own.units:
        return match
    late = [_Candidate(page.key, decode(page.data), page.number) for page in pages]
    other = _matches([own], [late])[0]
    return _best([found for found in (match, other) if found])


def _result(match: _Match | None, old: Page | None, own: Sketch) -> SeenResult:
    known = old is not None
    changed = old is not None and not _is_unchanged(old, own)
    if match is None:
        return SeenResult("new", known=known, changed=changed)
    return SeenResult(match.status, match.key, match.similarity, match.containment, known, changed)


# ---------------------------------------------------------------- changes


def _is_unchanged(old: Page, own: Sketch) -> bool:
    return decode(old.data).digest == own.digest


def _word_posts(own: Sketch) -> list[int]:
    """The posts by which copies of an article are found, that of all its words first; none without words."""
    return [digest_post(own.digest), *own.posts()] if own.units else []


def _change(key: str, outcome: _Outcome, posts: Sequence[int], when: int) -> Change:
    match, old, own = outcome
    if old is not None and _is_unchanged(old, own):
        return Change(key, old, data=old.data, posts=[key_post(key)], seen=when)
    counted = bool(own.site) and not (match and match.is_same_site)
    places = _places(own) if counted else ()
    gone = None if old is None else _removal(old)
    return Change(
        key,
        old,
        gone.old_posts if gone else (),
        gone.old_places if gone else (),
        own.encode(counted),
        [key_post(key), *posts],
        places,
        when,
    )


def _removal(page: Page) -> Change:
    own = decode(page.data)
    places = _places(own) if own.counted else ()
    return Change(page.key, page, [key_post(page.key), *_word_posts(own)], places)


# ---------------------------------------------------------------- checking


def _verified(store: Store) -> Verification:
    """Compare posts and counts with what the pages say they must be."""
    problems: list[str] = []
    own, every, counts = [], [], []
    pages = 0
    for lot in store.pages():
        pages += len(lot)
        for page in lot:
            try:
                change = _removal(page)
            except Exception as error:
                problems.append(f"page {page.key!r} cannot be read: {error}")
                continue
            entries = np.array(change.old_posts, np.uint64) << np.uint64(32) | np.uint64(page.number)
            own.append(entries[0])
            every.append(entries)
            counts.append(np.array(change.old_places, np.uint64))
    posted = np.fromiter((post << 32 | number for post, number in store.posted()), np.uint64)
    lost = np.setdiff1d(np.array(own, np.uint64), posted)
    stray = np.setdiff1d(posted, _joined(every))
    problems += [f"page {int(entry) & 0xFFFFFFFF} is not found by its key" for entry in lost[:10]]
    problems += [
        f"a post leads to page {int(entry) & 0xFFFFFFFF}, which does not have it" for entry in stray[:10]
    ]
    problems += _wrong_counts(_joined(counts), dict(store.counted()))
    return Verification(pages, tuple(problems))


def _numbers(entries: Any) -> list[int]:
    """The numbers of the pages of some entries, the first ten."""
    return [int(entry) & 0xFFFFFFFF for entry in entries[:10]]


def _joined(arrays: Sequence[Any]) -> Any:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.uint64)


def _wrong_counts(expected: Any, stored: dict[int, int]) -> list[str]:
    places, counts = np.unique(expected, return_counts=True)
    wanted = dict(zip(places.tolist(), counts.tolist(), strict=True))
    wrong = [place for place in wanted.keys() | stored.keys() if wanted.get(place, 0) != stored.get(place, 0)]
    return [f"{len(wrong)} passages are counted wrongly"] if wrong else []


# ---------------------------------------------------------------- cleaning with an index


def without_template(result: CleanResult, index: Index, key: str | None = None) -> CleanResult:
    """A cleaned page without the blocks that the index knows as its site's own, each removed as "template".

    `key` is the page's key in the index, by default its URL: what it holds there does not count.
    """
    site = site_of(result.url) or site_of(key)
    body = [block for block in result.blocks if block.role not in EDGE_ROLES]
    known = index.template_blocks([block.text for block in body], site, key or result.url)
    lost = {block.number for block, is_known in zip(body, known, strict=True) if is_known}
    if not lost:
        return result
    gone = [
        Removal(block, "template", _TEMPLATE_RULE, 1.0) for block in result.blocks if block.number in lost
    ]
    rest = [_orphaned(removal, lost) for removal in result.removals]
    removals = sorted([*rest, *gone], key=lambda removal: removal.block.number)
    kept = tuple(block for block in result.blocks if block.number not in lost)
    return replace(result, blocks=kept, removals=tuple(removals))


def _orphaned(removal: Removal, lost: set[int]) -> Removal:
    """A removal that names only kept blocks; a repeat of nothing but template blocks is one itself."""
    kept = tuple(block for block in removal.originals if block.number not in lost)
    if len(kept) == len(removal.originals):
        return removal
    if kept:
        return replace(removal, originals=kept)
    return replace(removal, reason="template", rule=_TEMPLATE_RULE, originals=())
