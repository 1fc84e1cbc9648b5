"""The last stage of a run: outputs and rows of each page, once its copies are known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dedupe.bulk.records import (
    TEXT_FIELD,
    CleanedPage,
    FinishedPage,
    PageDecision,
    Rendering,
    count_kept,
    json_text,
    removal_lines,
    row_line,
)
from dedupe.output.render import render
from dedupe.result import CleanResult
from dedupe.types import Block, Removal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# ---------------------------------------------------------------- finish


def finish(
    pages: Iterable[CleanedPage], verdicts: Sequence[PageDecision], rendering: Rendering
) -> Iterator[FinishedPage]:
    """The rows and texts of pages, given what the other pages say about each."""
    for page, verdict in zip(pages, verdicts, strict=True):
        yield _finished(page, verdict, rendering)


def renamed(page: CleanedPage, path: str) -> CleanedPage:
    """The page under another path."""
    if path == page.path:
        return page
    rows = [{**json.loads(line), "path": path} for line in page.removals.splitlines()]
    return replace(page, path=path, removals=b"".join(map(row_line, rows)))


def removed_too(page: CleanedPage, removals: Iterable[Removal]) -> CleanedPage:
    """The page with some of its kept blocks removed as well, all for one reason."""
    chosen = {removal.block.number: removal for removal in removals}
    if not chosen:
        return page
    added = {number: removal_lines(page.path, [removal]) for number, removal in chosen.items()}
    lines = {json.loads(line)["block"]: line for line in page.removals.splitlines(keepends=True)} | added
    ((reason, (blocks, chars)),) = count_kept(chosen.values()).items()
    before = page.removed.get(reason, (0, 0))
    counts = {**page.removed, reason: (before[0] + blocks, before[1] + chars)}
    return replace(
        page,
        kept=tuple(block for block in page.kept if block.number not in chosen),
        removed=dict(sorted(counts.items())),
        removals=b"".join(lines[number] for number in sorted(lines)),
        whole=_whole_without(page.whole, chosen),
    )


def _whole_without(whole: Mapping[str, Any] | None, removals: Mapping[int, Removal]) -> dict[str, Any] | None:
    if whole is None:
        return None
    blocks = [block for block in whole["blocks"] if block["number"] not in removals]
    items = [*whole["removals"], *(removal.to_dict() for removal in removals.values())]
    kept = {block["number"] for block in blocks}
    for item in items:
        item["originals"] = [number for number in item["originals"] if number in kept]
    return {**whole, "blocks": blocks, "removals": sorted(items, key=lambda item: item["block"]["number"])}


def _finished(page: CleanedPage, verdict: PageDecision, rendering: Rendering) -> FinishedPage:
    if page.error is not None:
        error = {"path": page.path, "id": page.id, "reason": page.error}
        return FinishedPage(_page_row(page, verdict, "error"), error=error)
    if verdict.template and "template" not in rendering.keep:
        article = page.article
        found = (Block(*article[place]) for place in verdict.template)
        gone = (block for block in found if block.role not in rendering.keep)
        page = removed_too(page, (Removal(block, "template", "site", 1.0) for block in gone))
    if verdict.seen == "known" and rendering.known == "drop":
        return _left_out(page, verdict, "known", ("known", 1.0))
    is_kept = rendering.duplicates == "keep" or "duplicate" in rendering.keep
    if verdict.keeper is not None and not is_kept:
        return _duplicate(page, verdict, rendering)
    status = "kept" if page.is_article and page.kept else "no-article"
    return FinishedPage(
        _page_row(page, verdict, status),
        page.removals,
        page.removed,
        blocks=_block_row(page, rendering),
        output=_output(page, rendering),
        record=page.record,
    )


def _duplicate(page: CleanedPage, verdict: PageDecision, rendering: Rendering) -> FinishedPage:
    link = verdict.keeper if rendering.duplicates == "link" else None
    rule, score = f"duplicate:{verdict.relation}", verdict.similarity or 0.0
    return _left_out(page, verdict, "duplicate", (rule, score), link)


def _left_out(
    page: CleanedPage,
    verdict: PageDecision,
    status: str,
    why: tuple[str, float],
    link: str | None = None,
) -> FinishedPage:
    """A page of which nothing goes on, with all of its blocks removed; `why` is the rule and how sure it is,
    `link` is who stands for the page."""
    page = removed_too(page, (Removal(block, "duplicate", *why) for block in page.blocks))
    row = _page_row(page, verdict, status)
    return FinishedPage(row, page.removals, page.removed, link=link, record=page.record if link else None)


def _output(page: CleanedPage, rendering: Rendering) -> str:
    if rendering.is_plain:  # as `writer.to_text` does it, without blocks in between
        text = "\n\n".join([block.text for block in page.kept if block.text.strip()])
        return f"{text}\n" if text else ""
    if page.whole is not None:
        result = CleanResult.from_dict(page.whole)
    else:
        result = CleanResult(page.blocks, (), page.title, page.date, page.url, language=page.language)
    return render(result, rendering.format, rendering.body_only)


def _page_row(page: CleanedPage, verdict: PageDecision, status: str) -> dict[str, Any]:
    kept = sum([len(block.text) for block in page.kept])
    seen = {"seen": verdict.seen} if verdict.seen else {}  # what only runs with an index can say
    return {
        "path": page.path,
        "id": page.id,
        "url": page.url,
        "site": page.site,
        "status": status,
        "cluster": verdict.cluster,
        "duplicate_of": verdict.keeper,
        "relation": verdict.relation,
        "similarity": verdict.similarity,
        "containment": verdict.containment,
        "title": page.title,
        "date": page.date,
        "chars_in": kept + sum(chars for _, chars in page.removed.values()),
        "chars_kept": kept,
        "removals": {reason: blocks for reason, (blocks, _) in page.removed.items()},
        "linked": verdict.linked,
        "warnings": page.warnings,
        **seen,
    }


def _block_row(page: CleanedPage, rendering: Rendering) -> dict[str, Any]:
    """Where each kept block stands in the output, or, where that cannot be said, its text."""
    if rendering.is_plain:
        # a blank block is not in the output
        return {
            "path": page.path,
            "kept": [(each.number, len(each.text) if each.text.strip() else 0) for each in page.kept],
        }
    return {"path": page.path, "kept": [(each.number, each.text) for each in page.kept]}


def record_line(record: bytes, fields: Mapping[str, Any]) -> bytes:
    """A record, given as a line of JSON, with further fields behind its own, as such a line."""
    if any(json_text(name) in record for name in fields):  # perhaps a field of its own: it gives way
        return json_text({**json.loads(record), **fields}) + b"\n"
    more = json_text(fields)[1:]
    own = record.rstrip()[:-1].rstrip()
    return own + (b"" if own == b"{" else b",") + more + b"\n"


def output_line(page: FinishedPage, record: bytes, rendering: Rendering) -> bytes | None:
    """The line of a page in the output of its container: its `record`, and its text or who stands for it.

    None: it is left out.
    """
    if page.output is not None:
        text = json.loads(page.output) if rendering.format == "json" else page.output
        return record_line(record, {TEXT_FIELD: text})
    if page.link is not None:
        return record_line(record, {TEXT_FIELD: None, "duplicate_of": page.link})
    return None
