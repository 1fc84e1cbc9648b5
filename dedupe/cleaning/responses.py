"""Pages as scrapers hold them: the responses of scrapy, requests and httpx, told by what they have."""

from __future__ import annotations

import codecs
import re
from typing import Any, NamedTuple

from dedupe.addresses import is_address

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.I)

_LONGEST_PATH = 4096  # bytes, on every common system

#: What servers declare without looking at the page; there the page itself knows better.
_DEFAULTS = frozenset({"ascii", "iso8859-1"})


#: A line that ends as the name of a page's file does, perhaps a compressed one.
_FILE = re.compile(
    r"(?:[^\s<>]|[^\S\n](?=\S)){1,4096}\.(?:[xms]?html?|txt|md|aspx?|jsp|php|xml)(?:\.(?:gz|zst|bz2))?", re.I
)


class Response(NamedTuple):
    """The bytes of a response, the charset that its server declares for them, and where it is from."""

    body: bytes
    encoding: str | None
    url: str | None


def response(page: Any) -> Response | None:
    """What a response holds; None if `page` is none."""
    url = getattr(page, "url", None)
    if url is None or not hasattr(page, "headers"):
        return None
    for name in ("body", "content"):  # of scrapy; of requests and httpx
        body = getattr(page, name, None)
        if isinstance(body, bytes):
            return Response(body, _declared(page.headers), str(url))
    return None


def mistaken_for_a_page(text: str) -> str | None:
    """A warning for a text that is the name of a page and no page itself; None for others."""
    name = text.strip() if len(text) <= _LONGEST_PATH else ""
    if is_address(name):
        return "the text is an address, taken for the page itself: fetch that, and give what comes"
    if _FILE.fullmatch(name):
        return "the text is a file's name, taken for the page itself: give pathlib.Path(…) to read the file"
    return None


def _declared(headers: Any) -> str | None:
    """The charset of the header Content-Type, where it says more than a default."""
    value = headers.get("Content-Type") or ""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    match = _CHARSET.search(text)
    if match is None:
        return None
    try:
        known = codecs.lookup(match[1]).name
    except LookupError:
        return None
    return None if known in _DEFAULTS else match[1]
