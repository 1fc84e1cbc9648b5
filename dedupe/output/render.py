"""Renders a result as text, Markdown, HTML or JSON, and writes files whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dedupe.errors import OptionsError
from dedupe.output.html import to_html
from dedupe.output.lists import joined_blocks, kept_blocks
from dedupe.output.markdown import to_markdown
from dedupe.output.safe import SURROGATES
from dedupe.types import EDGE_ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dedupe.result import CleanResult


FORMATS = ("text", "markdown", "html", "json")


def render(result: CleanResult, format: str = "text", body_only: bool = False) -> str:
    """`result` as "text", "markdown", "html" or "json", without the edge roles if `body_only`.

    Raises:
        OptionsError: `format` is none of `FORMATS`.
    """
    writers: dict[str, Callable[[CleanResult, bool], str]] = {
        "text": to_text,
        "markdown": to_markdown,
        "html": to_html,
        "json": to_json,
    }
    if format not in writers:
        raise OptionsError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    return writers[format](result, body_only)


def to_text(result: CleanResult, body_only: bool = False) -> str:
    """The kept blocks with one blank line between them and a final newline, "" if there are none."""
    return joined_blocks(block.text for block in kept_blocks(result, body_only))


def to_json(result: CleanResult, body_only: bool = False) -> str:
    """`result.to_dict()` as indented JSON; `CleanResult.from_dict` reads it back.

    With `body_only` the edge roles, and the references to them, are not in the record.
    """
    record = result.to_dict()
    if body_only:
        record["blocks"] = [block for block in record["blocks"] if block["role"] not in EDGE_ROLES]
        numbers = {block["number"] for block in record["blocks"]}
        for removal in record["removals"]:
            removal["originals"] = [number for number in removal["originals"] if number in numbers]
    text = json.dumps(record, ensure_ascii=False, indent=2)
    return SURROGATES.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"
