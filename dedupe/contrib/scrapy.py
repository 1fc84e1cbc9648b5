"""Scrapy: every scraped page cleaned and looked up in an index, beside the crawl.

    ADDONS = {"dedupe.contrib.scrapy.Addon": 500}
    DEDUPE_INDEX = "seen.db"

Settings, with their defaults:

    DEDUPE_ENABLED       True: whether to do anything
    DEDUPE_INDEX         "dedupe.db": a path, or redis://… for several machines
    DEDUPE_ACTION        "drop" copies; "annotate" items with what is known; "clean": drop copies, and give
                         the other items their clean text
    DEDUPE_FIELD         the item's field with the page as text, bytes or response; by default the first that
                         is there of response, html, body, text
    DEDUPE_URL_FIELD     "url": its field with the page's URL, if the page is no response
    DEDUPE_KEY_FIELD     its field with the key that the index knows the page by; by default the URL
    DEDUPE_DROP          ["exact", "near", "contained", "known"]: what counts as a copy; "known" is a page
                         that was seen before and has not changed; there is also "contains". A page that was
                         seen before with other text is "updated" and goes on
    DEDUPE_RESULT_FIELD  "dedupe": where "annotate" puts what is known, as a dict
    DEDUPE_TEXT_FIELD    "clean_text": where "clean" puts the text
    DEDUPE_BATCH         50: pages written together at most
    DEDUPE_DELAY         0.05: seconds to wait for more of them

Stats: `dedupe/pages`, how many of them were `new`, `exact`, `near`, `contains`, `contained`, `known` or
`updated`, and how many were `dropped` or `failed`; `dedupe/no_page` counts items without a page. An item goes
on when the index has stored its page.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem, NotConfigured
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from dedupe.cleaning.cleaner import Cleaner
from dedupe.cleaning.responses import response
from dedupe.errors import DedupeError, OptionsError
from dedupe.index.index import Index, open_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from dedupe.index.lookup import SeenResult
    from dedupe.result import CleanResult

PRIORITY = 200  # of the pipeline: after validation, before storage
ACTIONS = ("drop", "annotate", "clean")
COPIES = ("exact", "near", "contained", "known")
KINDS = (*COPIES, "contains")
FIELDS = ("response", "html", "body", "text")

_log = logging.getLogger(__name__)


class Addon:
    """Puts the pipeline into a crawl's settings."""

    def update_settings(self, settings: BaseSettings) -> None:
        if not settings.getbool("DEDUPE_ENABLED", True):
            raise NotConfigured("DEDUPE_ENABLED is off")
        settings.setdefault_in_component_priority_dict("ITEM_PIPELINES", DedupePipeline, PRIORITY)


@dataclass(frozen=True, slots=True)
class Settings:
    """The pipeline's settings, checked."""

    index: str
    action: str
    drop: frozenset[str]
    fields: tuple[str, ...]
    url_field: str
    key_field: str | None
    result_field: str
    text_field: str
    batch: int
    delay: float

    @classmethod
    def of(cls, settings: BaseSettings) -> Settings:
        """Read a crawl's settings.

        Raises:
            OptionsError: a setting has a value that makes no sense.
        """
        field = settings.get("DEDUPE_FIELD")
        found = cls(
            str(settings.get("DEDUPE_INDEX", "dedupe.db")),
            settings.get("DEDUPE_ACTION", "drop"),
            frozenset(settings.getlist("DEDUPE_DROP", list(COPIES))),
            (field,) if field else FIELDS,
            settings.get("DEDUPE_URL_FIELD", "url"),
            settings.get("DEDUPE_KEY_FIELD"),
            settings.get("DEDUPE_RESULT_FIELD", "dedupe"),
            settings.get("DEDUPE_TEXT_FIELD", "clean_text"),
            settings.getint("DEDUPE_BATCH", 50),
            settings.getfloat("DEDUPE_DELAY", 0.05),
        )
        if found.action not in ACTIONS:
            raise OptionsError(f"DEDUPE_ACTION must be one of {', '.join(ACTIONS)}, not {found.action!r}")
        if unknown := found.drop - frozenset(KINDS):
            raise OptionsError(f"DEDUPE_DROP: {min(unknown)!r} is none of {', '.join(KINDS)}")
        if found.batch < 1 or found.delay < 0:
            raise OptionsError("DEDUPE_BATCH must be at least 1, DEDUPE_DELAY not negative")
        return found


class DedupePipeline:
    """Cleans the page of every item, looks it up and remembers it, and drops or marks copies."""

    def __init__(self, settings: Settings, crawler: Crawler) -> None:
        self._settings = settings
        self._stats: Any = crawler.stats
        self._writer = _Writer(settings)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DedupePipeline:
        if not crawler.settings.getbool("DEDUPE_ENABLED", True):
            raise NotConfigured("DEDUPE_ENABLED is off")
        return cls(Settings.of(crawler.settings), crawler)

    def open_spider(self) -> None:
        self._writer.start()

    async def close_spider(self) -> None:
        await maybe_deferred_to_future(deferToThread(self._writer.stop))

    async def process_item(self, item: Any) -> Any:
        adapter = ItemAdapter(item)
        page = self._page(adapter)
        if page is None:
            self._count("no_page")
            return item
        self._count("pages")
        outcome = await maybe_deferred_to_future(self._writer.put(page))
        if outcome.seen is None:
            self._count("failed")
            _log.warning("%s: %s", page.key, outcome.error)
            return item
        self._count(outcome.seen.status)
        return self._acted(adapter, item, outcome)

    def _page(self, adapter: ItemAdapter) -> _Page | None:
        page = next((adapter[name] for name in self._settings.fields if adapter.get(name) is not None), None)
        if page is None:
            return None
        found = response(page)
        url = found.url if found else adapter.get(self._settings.url_field)
        key = adapter.get(self._settings.key_field) if self._settings.key_field else url
        if not key:
            raise DedupeError(
                "an item has no URL to know its page by: fill its field "
                f"{self._settings.key_field or self._settings.url_field!r}, or set DEDUPE_KEY_FIELD"
            )
        return _Page(page, None if url is None else str(url), str(key))

    def _acted(self, adapter: ItemAdapter, item: Any, outcome: _Outcome) -> Any:
        """The item as the action wants it."""
        seen, settings = outcome.seen, self._settings
        assert seen is not None
        if settings.action == "annotate":
            _set(adapter, settings.result_field, seen.to_dict(), "DEDUPE_RESULT_FIELD")
            return item
        if seen.is_one_of(settings.drop):
            self._count("dropped")
            raise DropItem(f"{seen.relation} copy of {seen.key}" if seen.key else "seen before, unchanged")
        if settings.action == "clean" and outcome.result is not None:
            _set(adapter, settings.text_field, outcome.result.text, "DEDUPE_TEXT_FIELD")
        return item

    def _count(self, name: str) -> None:
        self._stats.inc_value(f"dedupe/{name}")


def _set(adapter: ItemAdapter, field: str, value: Any, setting: str) -> None:
    try:
        adapter[field] = value
    except KeyError as error:
        kind = type(adapter.item).__name__
        raise DedupeError(
            f"{kind} has no field {field!r}: declare it, or name another in {setting}"
        ) from error


# ---------------------------------------------------------------- the writing thread


class _Page(NamedTuple):
    page: Any
    url: str | None
    key: str


class _Outcome(NamedTuple):
    """What became of a page: what was known of it and its clean form, or the error."""

    seen: SeenResult | None
    result: CleanResult | None = None
    error: Exception | None = None


class _Writer:
    """Cleans and writes pages in a thread of its own, so that the reactor never waits for either."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cleaner = Cleaner()
        self._queue: queue.SimpleQueue[tuple[_Page, Deferred[_Outcome]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="dedupe", daemon=True)
        self._index: Index | None = None

    def start(self) -> None:
        self._index = open_index(self._settings.index)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and close the index."""
        if self._index is not None:
            self._queue.put(None)
            self._thread.join()
            self._index.close()

    def put(self, page: _Page) -> Deferred[_Outcome]:
        """What became of a page, once the index has stored it."""
        deferred: Deferred[_Outcome] = Deferred()
        self._queue.put((page, deferred))
        return deferred

    def _run(self) -> None:
        while first := self._queue.get():
            batch, is_last = self._batch(first)
            self._write(batch)
            if is_last:
                return

    def _batch(self, first: Any) -> tuple[list[Any], bool]:
        """A page and those that come soon after it; and whether the end has come."""
        batch, end = [first], time.monotonic() + self._settings.delay
        while len(batch) < self._settings.batch:
            try:
                item = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _write(self, batch: Sequence[tuple[_Page, Deferred[_Outcome]]]) -> None:
        from twisted.internet import reactor

        deferreds = [deferred for _, deferred in batch]
        try:
            outcomes = self._outcomes([page for page, _ in batch])
        except Exception as error:
            reactor.callFromThread(_failed, deferreds, error)
        else:
            reactor.callFromThread(_told, deferreds, outcomes)

    def _outcomes(self, pages: Sequence[_Page]) -> list[_Outcome]:
        assert self._index is not None
        cleaned = [self._cleaned(page) for page in pages]
        done = [(outcome.result, page.key) for page, outcome in zip(pages, cleaned, strict=True)]
        seen = iter(self._index.add_many([(result, key) for result, key in done if result is not None]))
        return [outcome._replace(seen=next(seen)) if outcome.result else outcome for outcome in cleaned]

    def _cleaned(self, page: _Page) -> _Outcome:
        try:
            result = self._cleaner.clean(page.page, url=page.url, key=page.key, index=self._index)
        except DedupeError as error:
            return _Outcome(None, error=error)
        return _Outcome(None, result)


def _told(deferreds: Iterable[Deferred[_Outcome]], outcomes: Iterable[_Outcome]) -> None:
    for deferred, outcome in zip(deferreds, outcomes, strict=True):
        deferred.callback(outcome)


def _failed(deferreds: Iterable[Deferred[_Outcome]], error: Exception) -> None:
    for deferred in deferreds:
        deferred.errback(error)
