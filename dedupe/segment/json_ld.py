"""JSON-LD: the records of a page's scripts."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def records(text: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON-LD script that may describe an article, the graph flattened."""
    if '"headline"' not in text and '"articleBody"' not in text and '"datePublished"' not in text:
        return
    try:
        stack: list[Any] = [json.loads(text, strict=False)]
    except (ValueError, RecursionError):
        return
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            yield item
            stack.extend(item[key] for key in ("@graph", "mainEntity") if key in item)


def unescaped(text: str) -> str:
    """The text of a record, whose signs may be written as entities."""
    return html.unescape(text)
