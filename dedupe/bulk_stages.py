"""The two ends of a bulk run as pure functions over batches: `prepare` pages, and `finish` them.

What passes between them are plain records that can be written as JSON, so that a process pool and a
distributed engine can run the same code.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .clean import Cleaner
from .errors import InputError
from .options import Options
from .sources_records import RawPage, host
from .types import EDGE_ROLES, Block, CleanResult, Reason, Removal
from .writer import FORMATS, render

Duplicates = Literal["drop", "keep", "link"]
Relation = Literal["exact", "near", "contains", "contained"]
SUFFIXES = {"text": ".txt", "markdown": ".md", "html": ".html", "json": ".json"}
DUPLICATES: tuple[Duplicates, ...] = ("drop", "keep", "link")

#: The field of an output record that holds the cleaned text.
TEXT_FIELD = "clean_text"

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_BLANK_LINE = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class CleanedPage:
    """A page after the page stage: its result, or the error that befell it.

    `record` is the record that it came in, as a JSON object on one line.
    """

    path: str
    id: str | None = None
    url: str | None = None
    site: str = ""
    result: CleanResult | None = None
    error: str | None = None
    record: bytes | None = None

    def to_json(self) -> bytes:
        """A line of JSON, and the record as another; `from_json` reads them back."""
        head = [self.path, self.id, self.url, self.site, self.error]
        return _json([*head, _packed(self.result)]) + b"\n" + (self.record or b"")

    @classmethod
    def from_json(cls, lines: bytes) -> CleanedPage:
        line, _, record = lines.partition(b"\n")
        path, id, url, site, error, result = json.loads(line)
        return cls(path, id, url, site, _unpacked(result), error, record or None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the other pages say about a page.

    `cluster` names its cluster, `keeper` the page that is kept instead of it (None: this one is),
    `template` the places among its `article_blocks` of those that belong to the site, `linked` pages of
    several articles of which it is one, or the articles that it holds.
    """

    cluster: str | None = None
    keeper: str | None = None
    relation: Relation | None = None
    similarity: float | None = None
    containment: float | None = None
    template: tuple[int, ...] = ()
    linked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendering:
    """How pages leave the run: their format, and what becomes of duplicates."""

    format: str = "text"
    body_only: bool = False
    duplicates: Duplicates = "drop"

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.format]

    @property
    def is_plain(self) -> bool:
        """Whether the kept blocks can be cut out of the output again, by their lengths."""
        return self.format == "text" and not self.body_only


@dataclass(frozen=True, slots=True)
class FinishedPage:
    """All that a page adds to the outputs: rows for the four lists, and its text (None: no output)."""

    page: dict[str, Any]
    removals: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    blocks: dict[str, Any] | None = None
    output: str | None = None
    link: str | None = None
    record: bytes | None = None


# ---------------------------------------------------------------- prepare


def prepare(pages: Iterable[RawPage], cleaner: Cleaner, already_clean: bool = False) -> Iterator[CleanedPage]:
    """Clean pages one by one; a page that cannot be cleaned becomes an error, never an exception.

    With `already_clean` a page's text is the article: its paragraphs are the kept blocks.
    """
    for page in pages:
        cleaned = CleanedPage(page.path, page.id, page.url, page.site, None, page.error, page.record)
        yield cleaned if page.error else _cleaned(cleaned, page, cleaner, already_clean)


def _cleaned(cleaned: CleanedPage, page: RawPage, cleaner: Cleaner, already_clean: bool) -> CleanedPage:
    try:
        result = _paragraphs(page) if already_clean else _result(page, cleaner)
    except InputError as error:
        return replace(cleaned, error=str(error))
    except MemoryError:
        raise  # it is the process that is ill now, not only the page
    except RecursionError:
        return replace(cleaned, error="is nested too deeply to be cleaned")
    except Exception as error:
        return replace(cleaned, error=f"cannot be cleaned: {type(error).__name__}: {error}")
    url = page.url or result.url
    return replace(cleaned, result=result, url=url, site=page.site or host(url))


def _result(page: RawPage, cleaner: Cleaner) -> CleanResult:
    if page.kind != "auto" and cleaner.options.input == "auto":
        cleaner = _for_kind(cleaner.options, page.kind)
    return cleaner.clean(page.data, url=page.url, encoding=page.encoding)


def _for_kind(options: Options, kind: str) -> Cleaner:
    return Cleaner(replace(options, input=kind))


def _paragraphs(page: RawPage) -> CleanResult:
    from .clean import read

    text = page.data if isinstance(page.data, str) else read(page.data, page.encoding).text
    parts = _BLANK_LINE.split(text)
    lines = (" ".join(part.split("\n")) for part in parts) if len(parts) > 1 else text.split("\n")
    texts = (line.strip() for line in lines)
    blocks = tuple(Block(number, line) for number, line in enumerate(filter(None, texts)))
    return CleanResult(blocks, (), url=page.url, kind="text")


# ---------------------------------------------------------------- finish


def finish(
    pages: Iterable[CleanedPage], verdicts: Sequence[Verdict], rendering: Rendering
) -> Iterator[FinishedPage]:
    """The rows and texts of pages, given what the other pages say about each."""
    for page, verdict in zip(pages, verdicts, strict=True):
        yield _finished(page, verdict, rendering)


def article_blocks(result: CleanResult) -> tuple[Block, ...]:
    """The kept blocks that are compared across pages: the body, or all of a page that has none."""
    return tuple(block for block in result.blocks if block.role not in EDGE_ROLES) or result.blocks


def article_texts(lines: bytes) -> tuple[str, ...]:
    """The texts of the `article_blocks` of a cleaned page, straight from its plain form."""
    result = json.loads(lines.partition(b"\n")[0])[-1]
    blocks = result[0] if result else []
    return tuple(row[1] for row in blocks if row[2] not in EDGE_ROLES) or tuple(row[1] for row in blocks)


def without_template(result: CleanResult, places: Iterable[int]) -> CleanResult:
    """The result with the blocks at these places of `article_blocks` removed as the site's template."""
    blocks = article_blocks(result)
    chosen = frozenset(blocks[place].number for place in places)
    if not chosen:
        return result
    found = [block for block in result.blocks if block.number in chosen]
    removals = [*result.removals, *(Removal(block, "template", "site", 1.0) for block in found)]
    kept = tuple(block for block in result.blocks if block.number not in chosen)
    return replace(result, blocks=kept, removals=_in_page_order(removals))


def _finished(page: CleanedPage, verdict: Verdict, rendering: Rendering) -> FinishedPage:
    if page.result is None:
        return _failed(page)
    result = without_template(page.result, verdict.template)
    is_dropped = verdict.keeper is not None and rendering.duplicates != "keep"
    removals = _with_duplicate(result, verdict) if is_dropped else result.removals
    row = _page_row(page, result, verdict, removals, is_dropped)
    rows = [_removal_row(page.path, removal) for removal in removals]
    if is_dropped:
        link = verdict.keeper if rendering.duplicates == "link" else None
        return FinishedPage(row, rows, link=link, record=page.record if link else None)
    return FinishedPage(
        row,
        rows,
        blocks=_block_row(page.path, result, rendering),
        output=render(result, rendering.format, rendering.body_only),
        record=page.record,
    )


def _failed(page: CleanedPage) -> FinishedPage:
    reason = page.error or "no result"
    row = {name: getattr(page, name) for name in ("path", "id", "url", "site")}
    row |= {"status": "error", "cluster": None, "duplicate_of": None, "relation": None}
    row |= {"similarity": None, "containment": None, "title": None, "date": None}
    row |= {"chars_in": 0, "chars_kept": 0, "removals": {}, "linked": [], "warnings": []}
    return FinishedPage(row, error={"path": page.path, "id": page.id, "reason": reason})


def _with_duplicate(result: CleanResult, verdict: Verdict) -> tuple[Removal, ...]:
    rule, score = f"duplicate:{verdict.relation}", verdict.similarity or 0.0
    reason: Reason = "duplicate"
    return _in_page_order(
        [*result.removals, *(Removal(block, reason, rule, score) for block in result.blocks)]
    )


def _in_page_order(removals: Iterable[Removal]) -> tuple[Removal, ...]:
    return tuple(sorted(removals, key=lambda removal: removal.block.number))


def _page_row(
    page: CleanedPage,
    result: CleanResult,
    verdict: Verdict,
    removals: Sequence[Removal],
    is_dropped: bool,
) -> dict[str, Any]:
    removed = sum(len(removal.block.text) for removal in removals)
    kept = 0 if is_dropped else sum(len(block.text) for block in result.blocks)
    is_article = result.is_article and bool(result.blocks)
    return {
        "path": page.path,
        "id": page.id,
        "url": page.url,
        "site": page.site,
        "status": "duplicate" if is_dropped else "kept" if is_article else "no-article",
        "cluster": verdict.cluster,
        "duplicate_of": verdict.keeper,
        "relation": verdict.relation,
        "similarity": verdict.similarity,
        "containment": verdict.containment,
        "title": result.title,
        "date": result.date,
        "chars_in": removed + kept,
        "chars_kept": kept,
        "removals": dict(sorted(Counter(removal.reason for removal in removals).items())),
        "linked": list(verdict.linked),
        "warnings": list(result.warnings),
    }


def _removal_row(path: str, removal: Removal) -> dict[str, Any]:
    return {
        "path": path,
        "block": removal.block.number,
        "text": removal.block.text,
        "role": removal.block.role,
        "reason": removal.reason,
        "rule": removal.rule,
        "score": removal.score,
        "originals": [block.number for block in removal.originals],
    }


def _block_row(path: str, result: CleanResult, rendering: Rendering) -> dict[str, Any]:
    """Where each kept block stands in the output, or, where that cannot be said, its text."""
    pairs = ((block.number, block.text) for block in result.blocks)
    if rendering.is_plain:
        return {"path": path, "kept": [[number, len(text) if text.strip() else 0] for number, text in pairs]}
    return {"path": path, "kept": [list(pair) for pair in pairs]}


# ---------------------------------------------------------------- plain forms


def row_line(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON: UTF-8, lone surrogates escaped."""
    return _json(row) + b"\n"


def record_line(record: bytes, fields: Mapping[str, Any]) -> bytes:
    """A record, given as a line of JSON, with further fields behind its own, as such a line."""
    if any(_json(name) in record for name in fields):  # perhaps a field of its own: it gives way
        return _json({**json.loads(record), **fields}) + b"\n"
    more = _json(fields)[1:]
    own = record.rstrip()[:-1].rstrip()
    return own + (b"" if own == b"{" else b",") + more + b"\n"


def _json(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _packed(result: CleanResult | None) -> list[Any] | None:
    if result is None:
        return None
    removals = [
        [_row(item.block), item.reason, item.rule, item.score, [block.number for block in item.originals]]
        for item in result.removals
    ]
    head = [result.title, result.date, result.url, result.kind, result.encoding]
    tail = [result.is_article, list(result.warnings), result.language]
    return [[_row(block) for block in result.blocks], removals, *head, *tail]


def _row(block: Block) -> list[Any]:
    if block.score is None and not (block.path or block.rule or block.link_chars or block.level):
        return [block.number, block.text, block.role]
    row = [block.number, block.text, block.role, block.path, block.link_chars, block.level]
    return [*row, block.score, block.rule]


def _unpacked(packed: list[Any] | None) -> CleanResult | None:
    if packed is None:
        return None
    rows, items, title, date, url, kind, encoding, is_article, warnings, language = packed
    blocks = tuple(Block(*row) for row in rows)
    kept = {block.number: block for block in blocks}
    removals = tuple(
        Removal(Block(*row), reason, rule, score, tuple(kept[number] for number in originals))
        for row, reason, rule, score, originals in items
    )
    return CleanResult(
        blocks, removals, title, date, url, kind, encoding, is_article, tuple(warnings), language
    )


assert set(SUFFIXES) == set(FORMATS)
