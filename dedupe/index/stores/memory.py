"""An index in this process's memory: the plain reference of the other stores."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from dedupe.index.stores import Change, Found, KeyPage, Probe, best
from dedupe.index.thresholds import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOT = 500  # pages


class MemoryStore:
    """Dicts and lists; gone when it is closed."""

    url = "memory:"
    lot = 1000

    def __init__(self) -> None:
        self._pages: dict[int, KeyPage] = {}
        self._numbers: dict[str, int] = {}
        self._posts: defaultdict[int, list[int]] = defaultdict(list)
        self._counts: Counter[int] = Counter()
        self._last = 0

    def exclusive(self) -> AbstractContextManager[None]:
        return nullcontext()

    def snapshot(self) -> AbstractContextManager[None]:
        return nullcontext()

    def look(self, probes: Sequence[Probe]) -> list[Found]:
        return [self._found(probe) for probe in probes]

    def _found(self, probe: Probe) -> Found:
        old = None if probe.key is None else self._page(probe.key)
        numbers = best(probe.posts, self._posts, old and old.number)
        return Found(old, [self._pages[number] for number in numbers], self.counts(probe.places))

    def _page(self, key: str) -> KeyPage | None:
        return self._pages[self._numbers[key]] if key in self._numbers else None

    def write(self, changes: Sequence[Change]) -> list[list[KeyPage]]:
        for change in changes:
            if change.old and change.is_seen_again:
                self._pages[change.old.number] = change.old._replace(seen=change.seen)
                continue
            if change.old:
                self._remove(change.old, change)
            if change.data is not None:
                self._insert(change, change.data)
        return [[] for _ in changes]

    def _remove(self, page: KeyPage, change: Change) -> None:
        del self._pages[page.number], self._numbers[page.key]
        for post in change.old_posts:
            if page.number in self._posts.get(post, ()):
                self._posts[post].remove(page.number)
                if not self._posts[post]:
                    del self._posts[post]
        for place in change.old_places:
            self._counts[place] -= 1
            if self._counts[place] <= 0:
                del self._counts[place]

    def _insert(self, change: Change, data: bytes) -> None:
        self._last += 1
        self._pages[self._last] = KeyPage(self._last, change.key, data, change.seen)
        self._numbers[change.key] = self._last
        for post in change.posts:
            if len(self._posts[post]) < RULES.full_post_pages:
                self._posts[post].append(self._last)
        self._counts.update(change.places)

    def keys(self, keys: Sequence[str], key_posts: Sequence[int]) -> list[KeyPage | None]:
        return [self._page(key) for key in keys]

    def counts(self, places: Sequence[int]) -> list[int]:
        return [self._counts.get(place, 0) for place in places]

    def pages(self) -> Iterator[list[KeyPage]]:
        every = list(self._pages.values())
        every.sort()
        for at in range(0, len(every), _LOT):
            yield every[at : at + _LOT]

    def posted(self) -> Iterator[tuple[int, int]]:
        return ((post, number) for post, numbers in self._posts.items() for number in numbers)

    def counted(self) -> Iterator[tuple[int, int]]:
        return iter(self._counts.items())

    def stats(self) -> dict[str, int]:
        posts = sum(map(len, self._posts.values()))
        size = sum(len(page.key) + len(page.data) + 4 for page in self._pages.values())
        return {
            "pages": len(self._pages),
            "posts": posts,
            "passages": len(self._counts),
            "bytes": size + 8 * posts + 9 * len(self._counts),
        }

    def check(self) -> list[str]:
        return []

    def let_go(self) -> None:
        pass  # a child has a memory of its own

    def close(self) -> None:
        self._pages, self._numbers = {}, {}
        self._posts.clear()
        self._counts.clear()
