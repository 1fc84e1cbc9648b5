"""Where an index lives: one small protocol, with a store in memory, in an SQLite file and on a Redis server.

A store knows nothing of articles. It keeps pages (a key, some bytes, when they were last seen) under 32-bit
posts, finds the pages that share most posts with a probe, and counts passages. All stores answer alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlsplit, urlunsplit

from dedupe.errors import DedupeError
from dedupe.index.thresholds import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

READ_ONLY = "is open for reading only; open it without read_only to change it"


_SERVERS = ("redis", "rediss", "unix", "valkey", "valkeys")
_KNOWN = "a path, sqlite:///path, memory: or redis://host:port/db"


class StoreError(DedupeError):
    """An index cannot be opened, read or written; the text names it and says what to do."""

    def __init__(self, message: str, *, url: str) -> None:
        super().__init__(f"{url}: {message}")
        self.url = url


class ConflictError(Exception):
    """Another writer has changed a key between `look` and `write`; nothing was written, look again."""


class KeyPage(NamedTuple):
    """A page as it is stored; `number` grows with every page, `seen` is in seconds since 1970."""

    number: int
    key: str
    data: bytes
    seen: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What a store is asked about an article.

    `key` and `key_post` are those of the page itself (None: not in the index). `posts` are those of its
    words, the first of all of them together; `places` are the passages whose counts are wanted.
    """

    key: str | None
    key_post: int
    posts: Sequence[int]
    places: Sequence[int]


class Found(NamedTuple):
    """The page that has the probe's key, the other pages to compare it with, best first, and the counts."""

    old: KeyPage | None
    candidates: list[KeyPage]
    counts: list[int]


@dataclass(frozen=True, slots=True)
class Change:
    """A page that goes (`old`, with its posts and the places that count it), comes (`data`), or both.

    With the data that it has already, only `seen` changes. The first of `posts` is that of the key, the
    second that of all words.
    """

    key: str
    old: KeyPage | None = None
    old_posts: Sequence[int] = ()
    old_places: Sequence[int] = ()
    data: bytes | None = None
    posts: Sequence[int] = ()
    places: Sequence[int] = ()
    seen: int = 0

    @property
    def is_seen_again(self) -> bool:
        return self.old is not None and self.old.data == self.data


class Store(Protocol):
    """What keeps an index; every method raises `StoreError` where the store fails."""

    @property
    def url(self) -> str:
        """The address as messages name it, without a password."""

    @property
    def lot(self) -> int:
        """How many pages to write together at most."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Between a look and a write in it, no other process gets in, or `write` tells what came in."""

    def snapshot(self) -> AbstractContextManager[None]:
        """What is read in it belongs together where the store can say so: writers do not show in between."""

    def look(self, probes: Sequence[Probe]) -> list[Found]:
        """What the store holds for each probe."""

    def write(self, changes: Sequence[Change]) -> list[list[KeyPage]]:
        """Make the changes, all or none; for each, pages that came in between `look` and now.

        Raises:
            ConflictError: the page with one of the keys is not `old` any more.
        """

    def keys(self, keys: Sequence[str], key_posts: Sequence[int]) -> list[KeyPage | None]:
        """The pages with these keys."""

    def counts(self, places: Sequence[int]) -> list[int]:
        """How often each passage is counted."""

    def pages(self) -> Iterator[list[KeyPage]]:
        """All pages, in lots of some hundreds."""

    def posted(self) -> Iterable[tuple[int, int]]:
        """All (post, page number) there are."""

    def counted(self) -> Iterable[tuple[int, int]]:
        """All (place, count) there are."""

    def stats(self) -> dict[str, int]:
        """Counts of `pages`, `posts` and `passages`, and the `bytes` they take."""

    def check(self) -> list[str]:
        """What is wrong with the store itself, as lines to read."""

    def let_go(self) -> None:
        """Close what a forked process must not inherit; the next step opens it again."""

    def close(self) -> None:
        """Let go of the file or the connection for good."""


def best(posts: Sequence[int], lists: Mapping[int, Sequence[int]], without: int | None = None) -> list[int]:
    """The numbers of the pages that share most of the posts, those with the first one before all others.

    `lists` says which pages are posted where. Of two pages alike the older comes first.
    """
    scores: dict[int, int] = {}
    rare, rare_score = RULES.rare_post_pages, RULES.rare_post_score
    for at, post in enumerate(posts):
        if post in lists:
            numbers = lists[post]
            score = (rare_score if len(numbers) <= rare else 1) if at else RULES.same_words_score
            for number in numbers:
                scores[number] = scores.get(number, 0) + score
    if without is not None:
        scores.pop(without, None)
    if len(scores) < 2:
        return [*scores]
    return sorted(scores, key=lambda number: (-scores[number], number))[: RULES.candidate_pages]


def check_settings(url: str, stored: Mapping[str, str], own: Mapping[str, str]) -> None:
    """Refuse an index that was made with other settings.

    Raises:
        StoreError: a setting differs; the text says which, and what to do.
    """
    for name, value in own.items():
        if name != "release" and stored.get(name) != value:
            raise StoreError(
                f"was made with {name} {stored.get(name, 'unknown')!r}, this release works with {value!r}: "
                f"use the release that made it (news-dedupe {stored.get('release', 'unknown')}), or add the "
                "pages to a new index",
                url=url,
            )


def without_password(url: str) -> str:
    """The address of an index as messages and records may show it."""
    try:
        parts = urlsplit(url) if "@" in url else None
    except ValueError:  # no address at all, which may hold a password
        return f"{url.partition('://')[0]}://…@{url.rpartition('@')[2]}"
    if parts is None or not parts.netloc:
        return url
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}"))


def open_store(url: str, settings: Mapping[str, str], create: bool, read_only: bool = False) -> Store:
    """The store at an address: `memory:`, `redis://…`, `sqlite:///path` or a path."""
    if url == "memory:":
        from dedupe.index.stores.memory import MemoryStore

        return MemoryStore()
    _check_scheme(url)
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme in _SERVERS:
        from dedupe.index.stores.redis import RedisStore

        return RedisStore(url, settings, create, read_only)
    if scheme not in ("", "sqlite"):
        raise StoreError(f"unknown kind of index {scheme!r}; give {_KNOWN}", url=without_password(url))
    from dedupe.index.stores.sqlite import SqliteStore

    return SqliteStore(_path(url), settings, create, read_only)


def file_of(url: str) -> str | None:
    """The path of the file that an index at this address is kept in; None if it is not in a file."""
    is_file = url != "memory:" and ("://" not in url or url.lower().startswith("sqlite://"))
    return _path(url) if is_file else None


def _check_scheme(url: str) -> None:
    """Refuse what was meant to be an address, and would be taken for the name of a file."""
    scheme = url.removeprefix(":").partition(":")[0].lower()
    if scheme in (*_SERVERS, "sqlite", "memory") and ":" in url and "://" not in url:
        shown = f"{scheme}:…" if "@" in url else url
        raise StoreError(f"is an unknown kind of index; give {_KNOWN}", url=shown)


def _path(url: str) -> str:
    """The path in `sqlite:///relative` or `sqlite:////absolute`, or the path that `url` is."""
    if not url.lower().startswith("sqlite://"):
        return url
    rest = url[len("sqlite://") :]
    if not rest.startswith("/") or rest == "/":
        raise StoreError("give the file as sqlite:///relative.db or sqlite:////absolute.db", url=url)
    return rest[1:]
