"""The two ends of a bulk run as pure functions over batches: `prepare` pages, and `finish` them.

What passes between them are plain records that can be written as JSON, so that a process pool and a
distributed engine can run the same code.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dedupe.addresses import host
from dedupe.bulk.records import SUFFIXES, CleanedPage, KeptBlock, count_kept, removal_lines
from dedupe.cleaning.source import read
from dedupe.errors import reason
from dedupe.output.render import FORMATS
from dedupe.result import CleanResult
from dedupe.segment.html import segment_html
from dedupe.segment.sniff import looks_like_html
from dedupe.types import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.cleaning.cleaner import Cleaner
    from dedupe.sources.records import RawPage


_BLANK_LINE = re.compile(r"\n\s*\n")


# ---------------------------------------------------------------- prepare


def prepare(
    pages: Iterable[RawPage], cleaner: Cleaner, already_clean: bool = False, whole: bool = False
) -> Iterator[CleanedPage]:
    """Clean pages one by one; a page that cannot be cleaned becomes an error, never an exception.

    With `already_clean` a page's text is the article: its paragraphs are the kept blocks. `whole` keeps
    the whole results too.
    """
    for page in pages:
        found = page.error or _cleaned(page, cleaner, already_clean, whole)
        if isinstance(found, str):
            found = CleanedPage(page.path, page.id, page.url, page.site, found, record=page.record)
        yield replace(found, warnings=(*page.warnings, *found.warnings)) if page.warnings else found


def _cleaned(page: RawPage, cleaner: Cleaner, already_clean: bool, whole: bool) -> CleanedPage | str:
    """The cleaned page, or what is wrong with it."""
    try:
        if already_clean and not whole:
            rows = tuple(KeptBlock(number, text) for number, text in enumerate(_paragraphs(page)))
            return CleanedPage(page.path, page.id, page.url, page.site, kept=rows, record=page.record)
        return _plain(page, _as_it_is(page) if already_clean else _result(page, cleaner), whole)
    except Exception as error:
        return reason(error)


def _plain(page: RawPage, result: CleanResult, whole: bool) -> CleanedPage:
    url = page.url or result.url
    is_claimed = result.url_is_claimed and page.site != host(url)
    return CleanedPage(
        page.path,
        page.id,
        url,
        page.site or host(url),  # what a page says of itself comes last: a copy names its origin
        None,
        result.title,
        result.date,
        result.language,
        result.is_article,
        result.warnings,
        tuple(map(KeptBlock.of, result.blocks)),
        count_kept(result.removals),
        removal_lines(page.path, result.removals),
        page.record,
        result.to_dict() if whole else None,
        is_claimed,
    )


def _result(page: RawPage, cleaner: Cleaner) -> CleanResult:
    return cleaner.for_kind(page.kind).clean(page.data, url=page.url, encoding=page.encoding)


def _as_it_is(page: RawPage) -> CleanResult:
    blocks = tuple(Block(number, text) for number, text in enumerate(_paragraphs(page)))
    return CleanResult(blocks, (), url=page.url, kind="text")


def _paragraphs(page: RawPage) -> list[str]:
    """The blocks of markup; the paragraphs of a text: between blank lines, or its lines if there are none."""
    text = read(page.data, page.encoding).text
    if page.kind == "html" or (text.lstrip()[:1] == "<" and looks_like_html(text)):
        return [block.text for block in segment_html(text).blocks]
    if "\n\n" not in text and not _BLANK_LINE.search(text):
        return [line for line in map(str.strip, text.split("\n")) if line]
    lines = (" ".join(part.split("\n")) if "\n" in part else part for part in _BLANK_LINE.split(text))
    return [line for line in map(str.strip, lines) if line]


assert set(SUFFIXES) == set(FORMATS)
