"""One page in, one clean copy out: the stages in their order."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from dedupe.chrome.lexicon import load
from dedupe.cleaning.assemble import assemble
from dedupe.cleaning.headlines import with_one_headline
from dedupe.cleaning.overrides import apply_overrides
from dedupe.cleaning.passes import deduplicate
from dedupe.cleaning.source import A_PAGE, PageInput, Source, read
from dedupe.cleaning.verdicts import Judged, decide
from dedupe.options import Options
from dedupe.segment.html import segment_html
from dedupe.segment.sniff import looks_like_html

if TYPE_CHECKING:
    from pathlib import Path

    from dedupe.chrome.lexicon import Lexicon
    from dedupe.index.index import Index
    from dedupe.page import Page
    from dedupe.result import CleanResult


class Cleaner:
    """Cleans pages with one set of options; reusable, picklable, safe to share between threads."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()

    def clean(
        self,
        page: PageInput,
        url: str | None = None,
        encoding: str | None = None,
        key: str | None = None,
        index: Index | None = None,
    ) -> CleanResult:
        """Clean one page.

        Args:
            page: HTML or text as `str`, bytes of any charset, a `pathlib.Path`, an lxml element,
                a `bs4.BeautifulSoup` or `bs4.Tag`, or a response of scrapy, requests or httpx.
            url: where the page is from, if known.
            encoding: the charset of `page`, if it is known better than the page says.
            key: the page's key in `index`, by default its URL: what it holds there does not count.
            index: blocks that it knows from many articles of the same site are removed as "template".

        Raises:
            InputError: the file cannot be read, or `page` is of a type that is not supported.
            EncodingError: the bytes are no text, or `encoding` is unknown.
            StoreError: the index cannot be read.
        """
        source = read(page, encoding)
        segmented = self._segment(source)
        reduced, beliefs, classification = deduplicate(segmented, _lexicon(self.options.lexicons))
        classification = apply_overrides(classification, reduced, beliefs, self.options)
        reduced = with_one_headline(reduced, classification)
        decisions = decide(reduced, classification, self.options)
        judged = Judged(reduced, decisions, classification)
        result = assemble(segmented, judged, source, url or source.url)
        if index is None or "template" in self.options.keep:
            return result
        return index.without_templates(result, key, self.options.keep)

    def for_kind(self, kind: Literal["auto", "html", "text"]) -> Cleaner:
        """This cleaner, for pages that are known to be HTML or text where its options leave that open."""
        if kind == "auto" or self.options.input != "auto":
            return self
        return Cleaner(replace(self.options, input=kind))

    def _segment(self, source: Source) -> Page:
        text = source.text[: self.options.max_chars]
        kind = self.options.input
        if kind == "auto":
            kind = "html" if source.is_markup or _is_html(text) else "text"
        segment = segment_html if kind == "html" else _segment_text
        page = segment(text, self.options.max_blocks)
        if len(source.text) > len(text):
            page = replace(page, warnings=(*page.warnings, f"cut after {len(text):,} characters (max_chars)"))
        return page


def _is_html(text: str) -> bool:
    if A_PAGE.match(text) is not None:
        return True
    return looks_like_html(text)


def _segment_text(text: str, max_blocks: int) -> Page:
    from dedupe.segment.text import segment_text  # its many patterns take long to compile

    return segment_text(text, max_blocks)


def clean(
    page: PageInput,
    url: str | None = None,
    encoding: str | None = None,
    key: str | None = None,
    index: Index | None = None,
) -> CleanResult:
    """Clean one page with the default options; see `Cleaner.clean`."""
    return Cleaner().clean(page, url, encoding, key, index)


# ---------------------------------------------------------------- deciding


@lru_cache(maxsize=8)
def _lexicon(folder: Path | None) -> Lexicon:
    return load(folder)
