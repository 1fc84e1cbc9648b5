"""Puts pages of a bulk run together again, from what was kept and what was removed."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from dedupe.bulk.folder import Folder, finished_run
from dedupe.bulk.records import SUFFIXES, TEXT_FIELD
from dedupe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


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
    if _status(dest, page) == "error":
        raise InputError("failed in that run, nothing of it was read; see errors.jsonl", source=page)
    kept = kept_blocks(dest, [page], run["state"]["--format"])[page]
    removed = {row["block"]: row["text"] for row in rows(dest, "removals.jsonl") if row["path"] == page}
    texts = {**kept, **removed}
    return [texts[number] for number in sorted(texts)]


def kept_blocks(dest: str, pages: Collection[str], format: str) -> Mapping[str, dict[int, str]]:
    """The texts of the kept blocks of some pages, by their numbers, in output order.

    `format` is that of the run. A page without an output has none.

    Raises:
        InputError: an output has been changed since the run, or is gone.
    """
    found: dict[str, dict[int, str]] = defaultdict(dict)
    lines: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)  # container → place of its output → row
    before: Counter[str] = Counter()
    for row in rows(dest, "blocks.jsonl"):
        if row["path"] in pages:
            if any(isinstance(text, str) for _, text in row["kept"]):
                found[row["path"]] = dict(row["kept"])
            elif "file" in row:
                lines[row["file"]][before[row["file"]]] = row
            else:
                found[row["path"]] = _cut(row, _file_output(dest, row["path"] + SUFFIXES[format]))
        before[row.get("file", "")] += 1
    for file, wanted in lines.items():
        for row, text in _record_outputs(dest, file, wanted):
            found[row["path"]] = _cut(row, text)
    return found


def rows(dest: str, name: str) -> Iterator[dict[str, Any]]:
    """The lines of one of the lists in `dest`.

    Raises:
        InputError: it is missing or damaged.
    """
    yield from _rows(os.path.join(dest, name))


def _rows(place: str) -> Iterator[dict[str, Any]]:
    try:
        with open(place, encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", source=place) from error


def _status(dest: str, page: str) -> str:
    for row in rows(dest, "pages.jsonl"):
        if row["path"] == page:
            return str(row["status"])
    raise InputError(f"is no page of {dest}; its pages.jsonl lists them", source=page)


def _file_output(dest: str, name: str) -> str:
    place = Folder(dest).clean(name)
    try:
        with open(place, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", source=place) from error


def _record_outputs(
    dest: str, file: str, wanted: Mapping[int, dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], str]]:
    place = Folder(dest).clean(f"{file}.jsonl")
    outputs = (row[TEXT_FIELD] for row in _rows(place) if row.get(TEXT_FIELD) is not None)
    left = len(wanted)
    for at, text in enumerate(outputs):
        if at in wanted:
            left -= 1
            yield wanted[at], text
    if left:
        raise InputError("has been changed since the run: lines are missing", source=place)


def _cut(row: Mapping[str, Any], text: str) -> dict[int, str]:
    """The blocks of an output text, by their lengths."""
    texts = {}
    start = 0
    for number, length in row["kept"]:
        texts[number] = text[start : start + length]
        start += length + len("\n\n") if length else 0
    if max(start - 1, 0) != len(text):
        raise InputError("its output has been changed since the run", source=row["path"])
    return texts
