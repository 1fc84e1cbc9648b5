"""The two ends of a bulk run as pure functions over batches: `prepare` pages, and `finish` them.

What passes between them are plain records that can be written as JSON, so that a process pool and a
distributed engine can run the same code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Literal

from .files import reason
from .options import Options
from .sources_records import RawPage, host, plain
from .types import EDGE_ROLES, Block, CleanResult, Removal
from .writer import FORMATS, render

if TYPE_CHECKING:
    from .cleaner import Cleaner

Duplicates = Literal["drop", "keep", "link"]
Relation = Literal["exact", "near", "contains", "contained"]
SUFFIXES = {"text": ".txt", "markdown": ".md", "html": ".html", "json": ".json"}
DUPLICATES: tuple[Duplicates, ...] = ("drop", "keep", "link")
Known = Literal["drop", "keep"]

#: The field of an output record that holds the cleaned text.
TEXT_FIELD = "clean_text"

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_BLANK_LINE = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class CleanedPage:
    """A page after the page stage, or the error that befell it.

    `kept` are the kept blocks in output order, each as a tuple of the first or all fields of a `Block` (pages
    are many: blocks are made only where they are needed). `removals` are the lines of the other blocks in
    removals.jsonl, in page order, `removed` their number and characters by reason. `record` is the record
    that the page came in, as a JSON object on one line, `whole` the whole result as `to_dict` gives it, where
    it is asked for. `url_is_claimed` says that only the page itself says so of its URL; it is not kept.
    """

    path: str
    id: str | None = None
    url: str | None = None
    site: str = ""
    error: str | None = None
    title: str | None = None
    date: str | None = None
    language: str | None = None
    is_article: bool = True
    warnings: tuple[str, ...] = ()
    kept: tuple[tuple[Any, ...], ...] = ()
    removed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    removals: bytes = b""
    record: bytes | None = None
    whole: Mapping[str, Any] | None = None
    url_is_claimed: bool = False

    def to_json(self) -> bytes:
        """A line of JSON, the record as another, then the removals' lines; `from_json` reads them back."""
        head = [self.path, self.id, self.url, self.site, self.error, self.title, self.date, self.language]
        line = _json([*head, self.is_article, self.warnings, self.kept, self.removed, self.whole])
        return b"\n".join((line, self.record or b"", self.removals))

    @classmethod
    def from_json(cls, lines: bytes) -> CleanedPage:
        line, record, removals = lines.split(b"\n", 2)
        *head, warnings, rows, removed, whole = json.loads(line)
        path, id, url, site, error, title, date, language, is_article = head
        return cls(
            path,
            id,
            url,
            site,
            error,
            title,
            date,
            language,
            is_article,
            tuple(warnings),
            tuple(map(tuple, rows)),
            {reason: (blocks, chars) for reason, (blocks, chars) in removed.items()},
            removals,
            record or None,
            whole,
        )

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The kept blocks in output order."""
        return tuple(Block(*row) for row in self.kept)

    @property
    def article(self) -> tuple[tuple[Any, ...], ...]:
        """Those of `kept` that are compared across pages: the body, or all of a page that has none."""
        return tuple(row for row in self.kept if row[2] not in EDGE_ROLES) or self.kept


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the other pages say about a page.

    `cluster` names its cluster, `keeper` the page that is kept instead of it (None: this one is),
    `template` the places in its `article` of blocks that belong to the site, `linked` pages of
    several articles of which it is one, or the articles that it holds. `seen` says that an index has the
    page under its key, with the same words ("known") or with others ("updated").
    """

    cluster: str | None = None
    keeper: str | None = None
    relation: Relation | None = None
    similarity: float | None = None
    containment: float | None = None
    template: tuple[int, ...] = ()
    linked: tuple[str, ...] = ()
    seen: Literal["known", "updated"] | None = None


@dataclass(frozen=True, slots=True)
class Rendering:
    """How pages leave the run: format, what becomes of copies and known pages; `keep` as in `Options`."""

    format: str = "text"
    body_only: bool = False
    duplicates: Duplicates = "drop"
    keep: frozenset[str] = frozenset()
    known: Known = "drop"

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.format]

    @property
    def is_plain(self) -> bool:
        """Whether the kept blocks can be cut out of the output again, by their lengths."""
        return self.format == "text" and not self.body_only


@dataclass(frozen=True, slots=True)
class FinishedPage:
    """All that a page adds to the outputs.

    `page`, `error` and `blocks` are rows of pages.jsonl, errors.jsonl and blocks.jsonl, `removals` lines of
    removals.jsonl, `removed` their number and characters by reason; `output` is the page's text (None: it
    has none), `link` the page whose output stands for it.
    """

    page: dict[str, Any]
    removals: bytes = b""
    removed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    blocks: dict[str, Any] | None = None
    output: str | None = None
    link: str | None = None
    record: bytes | None = None


# ---------------------------------------------------------------- prepare


def prepare(
    pages: Iterable[RawPage], cleaner: Cleaner, already_clean: bool = False, whole: bool = False
) -> Iterator[CleanedPage]:
    """Clean pages one by one; a page that cannot be cleaned becomes an error, never an exception.

    With `already_clean` a page's text is the article: its paragraphs are the kept blocks. `whole` keeps
    the whole results too.
    """
    for page in pages:
        found = page.error or _cleaned(page, cleaner, already_clean, whole)
        if isinstance(found, str):
            found = CleanedPage(page.path, page.id, page.url, page.site, found, record=page.record)
        yield replace(found, warnings=(*page.warnings, *found.warnings)) if page.warnings else found


def _cleaned(page: RawPage, cleaner: Cleaner, already_clean: bool, whole: bool) -> CleanedPage | str:
    """The cleaned page, or what is wrong with it."""
    try:
        if already_clean and not whole:
            rows = tuple((number, text, "paragraph") for number, text in enumerate(_paragraphs(page)))
            return CleanedPage(page.path, page.id, page.url, page.site, kept=rows, record=page.record)
        return _plain(page, _as_it_is(page) if already_clean else _result(page, cleaner), whole)
    except Exception as error:
        return reason(error)


def _plain(page: RawPage, result: CleanResult, whole: bool) -> CleanedPage:
    url = page.url or result.url
    is_claimed = result.url_is_claimed and page.site != host(url)
    return CleanedPage(
        page.path,
        page.id,
        url,
        page.site or host(url),  # what a page says of itself comes last: a copy names its origin
        None,
        result.title,
        result.date,
        result.language,
        result.is_article,
        result.warnings,
        tuple(map(_row, result.blocks)),
        _counted(result.removals),
        _removal_lines(page.path, result.removals),
        page.record,
        result.to_dict() if whole else None,
        is_claimed,
    )


def _counted(removals: Iterable[Removal]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for removal in removals:
        blocks, chars = found.get(removal.reason, (0, 0))
        found[removal.reason] = (blocks + 1, chars + len(removal.block.text))
    return dict(sorted(found.items()))


def _result(page: RawPage, cleaner: Cleaner) -> CleanResult:
    if page.kind != "auto" and cleaner.options.input == "auto":
        cleaner = _for_kind(cleaner.options, page.kind)
    return cleaner.clean(page.data, url=page.url, encoding=page.encoding)


def _for_kind(options: Options, kind: str) -> Cleaner:
    from .cleaner import Cleaner

    return Cleaner(replace(options, input=kind))


def _as_it_is(page: RawPage) -> CleanResult:
    blocks = tuple(Block(number, text) for number, text in enumerate(_paragraphs(page)))
    return CleanResult(blocks, (), url=page.url, kind="text")


def _paragraphs(page: RawPage) -> list[str]:
    """The blocks of markup; the paragraphs of a text: between blank lines, or its lines if there are none."""
    from .cleaner import read
    from .text_sniff import looks_like_html

    text = read(page.data, page.encoding).text
    if page.kind == "html" or (text.lstrip()[:1] == "<" and looks_like_html(text)):
        from .segment_html import segment_html

        return [block.text for block in segment_html(text).blocks]
    if "\n\n" not in text and not _BLANK_LINE.search(text):
        return [line for line in map(str.strip, text.split("\n")) if line]
    lines = (" ".join(part.split("\n")) if "\n" in part else part for part in _BLANK_LINE.split(text))
    return [line for line in map(str.strip, lines) if line]


# ---------------------------------------------------------------- finish


def finish(
    pages: Iterable[CleanedPage], verdicts: Sequence[Verdict], rendering: Rendering
) -> Iterator[FinishedPage]:
    """The rows and texts of pages, given what the other pages say about each."""
    for page, verdict in zip(pages, verdicts, strict=True):
        yield _finished(page, verdict, rendering)


def article_texts(lines: bytes) -> tuple[str, ...]:
    """The texts of the `article` of a cleaned page, straight from its plain form."""
    rows = json.loads(lines.partition(b"\n")[0])[-3]
    return tuple(row[1] for row in rows if row[2] not in EDGE_ROLES) or tuple(row[1] for row in rows)


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
    added = {number: _removal_lines(page.path, [removal]) for number, removal in chosen.items()}
    lines = {json.loads(line)["block"]: line for line in page.removals.splitlines(keepends=True)} | added
    ((reason, (blocks, chars)),) = _counted(chosen.values()).items()
    before = page.removed.get(reason, (0, 0))
    counts = {**page.removed, reason: (before[0] + blocks, before[1] + chars)}
    return replace(
        page,
        kept=tuple(row for row in page.kept if row[0] not in chosen),
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


def _finished(page: CleanedPage, verdict: Verdict, rendering: Rendering) -> FinishedPage:
    if page.error is not None:
        error = {"path": page.path, "id": page.id, "reason": page.error}
        return FinishedPage(_page_row(page, verdict, "error"), error=error)
    if verdict.template and "template" not in rendering.keep:
        article = page.article
        found = (Block(*article[place]) for place in verdict.template)
        gone = (block for block in found if block.role not in rendering.keep)
        page = removed_too(page, (Removal(block, "template", "site", 1.0) for block in gone))
    if verdict.seen == "known" and rendering.known == "drop":
        return _left_out(page, verdict, "known", "known", 1.0)
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


def _duplicate(page: CleanedPage, verdict: Verdict, rendering: Rendering) -> FinishedPage:
    link = verdict.keeper if rendering.duplicates == "link" else None
    rule, score = f"duplicate:{verdict.relation}", verdict.similarity or 0.0
    return _left_out(page, verdict, "duplicate", rule, score, link)


def _left_out(
    page: CleanedPage,
    verdict: Verdict,
    status: str,
    rule: str,
    score: float,
    link: str | None = None,
) -> FinishedPage:
    """A page of which nothing goes on, with all of its blocks removed; `link` is who stands for it."""
    page = removed_too(page, (Removal(block, "duplicate", rule, score) for block in page.blocks))
    row = _page_row(page, verdict, status)
    return FinishedPage(row, page.removals, page.removed, link=link, record=page.record if link else None)


def _output(page: CleanedPage, rendering: Rendering) -> str:
    if rendering.is_plain:  # as `writer.to_text` does it, without blocks in between
        text = "\n\n".join([row[1] for row in page.kept if row[1].strip()])
        return f"{text}\n" if text else ""
    if page.whole is not None:
        result = CleanResult.from_dict(page.whole)
    else:
        result = CleanResult(page.blocks, (), page.title, page.date, page.url, language=page.language)
    return render(result, rendering.format, rendering.body_only)


def _page_row(page: CleanedPage, verdict: Verdict, status: str) -> dict[str, Any]:
    kept = sum([len(row[1]) for row in page.kept])
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


def _removal_lines(path: str, removals: Iterable[Removal]) -> bytes:
    """Removals as lines of removals.jsonl: written out here, since a page has hundreds of them."""
    start = f'{{"path":{encode_basestring(path)},"block":'
    lines = [
        f'{start}{item.block.number},"text":{encode_basestring(item.block.text)},"role":"{item.block.role}",'
        f'"reason":"{item.reason}","rule":{encode_basestring(item.rule)},"score":{item.score!r},'
        f'"originals":{[block.number for block in item.originals]}}}\n'
        for item in removals
    ]
    text = "".join(lines)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return b"".join(row_line(json.loads(line)) for line in lines)


def _block_row(page: CleanedPage, rendering: Rendering) -> dict[str, Any]:
    """Where each kept block stands in the output, or, where that cannot be said, its text."""
    if rendering.is_plain:
        # a blank block is not in the output
        return {
            "path": page.path,
            "kept": [(row[0], len(row[1]) if row[1].strip() else 0) for row in page.kept],
        }
    return {"path": page.path, "kept": [row[:2] for row in page.kept]}


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


def _json(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:  # a number that JSON does not have
        return _json(plain(value))


def _row(block: Block) -> tuple[Any, ...]:
    return (
        block.number,
        block.text,
        block.role,
        block.path,
        block.link_chars,
        block.level,
        block.score,
        block.rule,
    )


assert set(SUFFIXES) == set(FORMATS)
