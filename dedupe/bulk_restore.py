"""Puts a page of a finished bulk run together again, from what was kept and what was removed."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .bulk_stages import SUFFIXES, TEXT_FIELD
from .bulk_store import CLEAN, finished_run
from .errors import InputError


def restored(dest: str, page: str) -> list[str]:
    """The texts of all blocks of a page, in page order.

    `dest` is the folder of a finished run, `page` the "path" of a line of its pages.jsonl.

    Raises:
        InputError: `dest` holds no finished run, the page is not in it or failed, or an output
            has been changed since.
    """
    run = finished_run(dest)
    if run is None:
        raise InputError("holds no finished run of `dedupe bulk`", source=dest)
    row = _row(dest, page)
    if row["status"] == "error":
        raise InputError("failed in that run, nothing of it was read; see errors.jsonl", source=page)
    texts = _kept(dest, page, run["state"])
    for removal in _rows(dest, "removals.jsonl"):
        if removal["path"] == page:
            texts[removal["block"]] = removal["text"]
    return [texts[number] for number in sorted(texts)]


def _row(dest: str, page: str) -> dict[str, Any]:
    for row in _rows(dest, "pages.jsonl"):
        if row["path"] == page:
            return row
    raise InputError(f"is no page of {dest}; its pages.jsonl lists them", source=page)


def _rows(dest: str, name: str) -> Iterator[dict[str, Any]]:
    try:
        with open(os.path.join(dest, name), encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", source=os.path.join(dest, name)) from error


def _kept(dest: str, page: str, state: dict[str, Any]) -> dict[int, str]:
    """The kept blocks by number."""
    before: Counter[str] = Counter()  # how many outputs of each container come first
    for row in _rows(dest, "blocks.jsonl"):
        if row["path"] == page:
            break
        before[row.get("file", "")] += 1
    else:
        return {}  # a duplicate: all of it was removed
    if any(isinstance(text, str) for _, text in row["kept"]):
        return dict(row["kept"])
    if "file" in row:
        text = _record_output(dest, row["file"], before[row["file"]])
    else:
        text = _file_output(dest, page + SUFFIXES[state["--format"]])
    return dict(_cut(row["kept"], text, page))


def _file_output(dest: str, name: str) -> str:
    place = os.path.join(dest, CLEAN, name)
    try:
        with open(place, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", source=place) from error


def _record_output(dest: str, file: str, number: int) -> str:
    name = os.path.join(CLEAN, f"{file}.jsonl")
    outputs = (row[TEXT_FIELD] for row in _rows(dest, name) if row.get(TEXT_FIELD) is not None)
    for text in islice(outputs, number, number + 1):
        return str(text)
    raise InputError("has been changed since the run: lines are missing", source=os.path.join(dest, name))


def _cut(kept: list[list[int]], text: str, page: str) -> Iterator[tuple[int, str]]:
    """The blocks of an output text, by their lengths."""
    start = 0
    for number, length in kept:
        yield number, text[start : start + length]
        start += length + len("\n\n") if length else 0
    if max(start - 1, 0) != len(text):
        raise InputError("its output has been changed since the run", source=page)
