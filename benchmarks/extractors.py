"""The cleaner in the shapes that the corpus's scorers call."""

from __future__ import annotations

import dedupe


def html_text(page: bytes, url: str | None = None) -> str:
    """Every kept block of an HTML page."""
    return dedupe.clean(page, url=url).text


def html_body(page: bytes, url: str | None = None) -> str:
    """The body of an HTML page: kept blocks without headline, deck, byline, dateline and notice."""
    return dedupe.clean(page, url=url).body


def dump_text(text: str) -> str:
    """Every kept block of a plain-text dump."""
    return dedupe.Cleaner(dedupe.Options(input="text")).clean(text).text


def dump_body(text: str) -> str:
    """The body of a plain-text dump."""
    return dedupe.Cleaner(dedupe.Options(input="text")).clean(text).body
