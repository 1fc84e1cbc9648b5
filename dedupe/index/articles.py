"""What an index takes: articles, their keys and sites, and moments."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from dedupe.addresses import host
from dedupe.corpus.records import Document
from dedupe.corpus.signatures import block_keys
from dedupe.errors import InputError
from dedupe.result import CleanResult
from dedupe.types import EDGE_ROLES

#: What an index takes: a cleaned page, an article's text or paragraphs, or one as the bulk stages have it.
Article = CleanResult | str | Sequence[str] | Document

#: A point in time, or an age.
Moment = datetime | date | timedelta | float

LAST = 2**32 - 1  # seconds since 1970 that every store can hold: early in 2106


# ---------------------------------------------------------------- what comes in


class NewArticle(NamedTuple):
    """An article to look for, and the keys of the blocks that were taken out of it as its site's own.

    `is_claimed` says that its key is what the page says itself, and nobody else.
    """

    article: Document
    templates: Sequence[int] = ()
    is_claimed: bool = False


def new_article(article: Article, key: str | None, site: str | None, needs_key: bool) -> NewArticle:
    for name, value in (("key", key), ("site", site)):
        if not isinstance(value, str | None):
            raise InputError(f"{name}={value!r} is no text")
    templates: Sequence[int] = ()
    url = None
    if isinstance(article, Document):
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
        site = host(url) or host(key)
    else:
        is_claimed = is_claimed and site != host(url)  # the host is what the caller says, too
    return NewArticle(Document(key or url or "", blocks, site), templates, is_claimed)


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


def article_parts(items: Sequence[NewArticle], most: int) -> Iterator[list[NewArticle]]:
    """The items in lots of at most so many, in which no key stands twice."""
    part: list[NewArticle] = []
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


def stamp(moment: Moment | None) -> int:
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


def expiry_limit(moment: Moment) -> int:
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
