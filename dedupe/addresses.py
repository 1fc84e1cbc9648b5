"""Addresses of pages: what is one, and the site that it names."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"(?:https?|ftp)://\S+|www\.\S+\.\S+", re.I)


def is_address(text: str) -> bool:
    """Whether a text is the address of a page."""
    return _ADDRESS.fullmatch(text.strip()) is not None


def host(url: str | None) -> str:
    """The host of a URL, in lower case; "" if it has none.

    >>> host("https://News.example:8080/story")
    'news.example'
    """
    if not url or "//" not in url:  # most keys that are no URL end here
        return ""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
