"""Shows every decision about a page: on a terminal, or as a web page."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from operator import attrgetter
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from dedupe.output.safe import printable, xml_text
from dedupe.types import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jinja2 import Template

    from dedupe.result import CleanResult
    from dedupe.types import Block, Removal

_LONG = 480  # characters of a block that are shown before the rest folds away: about six lines
_MIN_TEXT = 16  # columns left for the text however narrow the terminal is
_MAX_RULE = 24
_STYLES = {"kept": "32", "removed": "31", "twin": "36", "quiet": "2", "total": "1"}


@dataclass(frozen=True, slots=True)
class _Row:
    """A block of the page and what became of it."""

    block: Block
    removal: Removal | None
    after: int | None  # the block that it was moved behind, -1 for the front of the copy
    repeats: tuple[int, ...]  # removed blocks that say the same

    @property
    def verdict(self) -> str:
        return self.removal.reason if self.removal else self.block.role

    @property
    def rule(self) -> str:
        return self.removal.rule if self.removal else self.block.rule

    @property
    def score(self) -> str:
        score = self.removal.score if self.removal else self.block.score
        return "" if score is None else f"{score:.2f}"

    @property
    def originals(self) -> tuple[int, ...]:
        return tuple(block.number for block in self.removal.originals) if self.removal else ()

    @property
    def place(self) -> str:
        return "" if self.after is None else f"after #{self.after}" if self.after >= 0 else "first"


@dataclass(frozen=True, slots=True)
class _Share:
    """How many blocks and characters of the page got one verdict."""

    name: str
    blocks: int
    chars: int


def explain_text(result: CleanResult, color: bool = False, width: int | None = None) -> str:
    """One line for every block of the page, in page order, and the totals at the end.

    A line begins with "+" (kept) or "-" (removed), the block's number, its role or the reason, the
    score and the rule; "= #12" names the kept original, "after #7" says that the block was moved.
    Texts are cut so that lines fit `width` terminal columns; None leaves them whole.
    """
    rows = _rows(result)
    lines = [*_lines(rows, color, width), "", _painted(_totals(rows), "total", color)]
    if not result.is_article:
        lines.append("this page does not look like an article")
    return "\n".join(lines) + "\n"


def explain_html(result: CleanResult, source: str | None = None) -> str:
    """The same as one self-contained web page: no script, nothing loaded from elsewhere.

    `source` is the name of the page's file, to be shown at the top.
    """
    rows = _rows(result)
    return _template().render(
        result=result,
        source=source,
        rows=rows,
        kept=_share("kept", (row for row in rows if not row.removal)),
        removed=_share("removed", (row for row in rows if row.removal)),
        shares=_shares(rows),
        reasons=REASONS,
        folded=_folded,
    )


@lru_cache(maxsize=1)
def _template() -> Template:

    # finalize runs before the escaping, on every value that goes into the page
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean_value,
    )
    source = files(__package__).joinpath("templates", "explain.html").read_text("utf-8")
    return environment.from_string(source)


def _clean_value(value: object) -> object:
    is_text = isinstance(value, str) and not hasattr(value, "__html__")  # what a macro gives is markup
    return xml_text(str(value)) if is_text else value


def _rows(result: CleanResult) -> list[_Row]:
    moved = _moved(result.blocks)
    repeats = _repeats(result.removals)
    kept = [
        _Row(block, None, moved.get(block.number), tuple(repeats.get(block.number, ())))
        for block in result.blocks
    ]
    removed = [_Row(removal.block, removal, None, ()) for removal in result.removals]
    return sorted(kept + removed, key=attrgetter("block.number"))


def _repeats(removals: Iterable[Removal]) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for removal in removals:
        for original in removal.originals:
            found[original.number].append(removal.block.number)
    return found


def _moved(blocks: Sequence[Block]) -> dict[int, int]:
    """For every kept block that left the page's order: the block before it in the copy, or -1."""
    steady = _longest_increasing([block.number for block in blocks])
    before = [-1, *(block.number for block in blocks)]
    return {
        block.number: previous
        for block, previous in zip(blocks, before, strict=False)
        if block.number not in steady
    }


def _longest_increasing(numbers: Sequence[int]) -> set[int]:
    ends: list[int] = []  # ends[i] is the smallest end of an increasing series of i + 1 numbers
    before: dict[int, int | None] = {}
    for number in numbers:
        place = bisect_left(ends, number)
        before[number] = ends[place - 1] if place else None
        ends[place : place + 1] = [number]
    found = set()
    current = ends[-1] if ends else None
    while current is not None:
        found.add(current)
        current = before[current]
    return found


def _share(name: str, rows: Iterable[_Row]) -> _Share:
    sizes = [len(row.block.text) for row in rows]
    return _Share(name, len(sizes), sum(sizes))


def _shares(rows: Iterable[_Row]) -> list[_Share]:
    """The removed blocks by reason, the largest number of characters first."""
    by_reason: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        if row.removal:
            by_reason[row.removal.reason].append(row)
    shares = [_share(reason, found) for reason, found in by_reason.items()]
    return sorted(shares, key=lambda share: (-share.chars, -share.blocks, share.name))


def _lines(rows: Sequence[_Row], color: bool, width: int | None) -> Iterable[str]:
    number_width = max((len(str(row.block.number)) for row in rows), default=1)
    verdict_width = max((len(row.verdict) for row in rows), default=0)
    rule_width = max((_width(_one_line(row.rule)) for row in rows), default=0)
    if width is not None:
        rule_width = min(rule_width, _MAX_RULE)
    for row in rows:
        mark = "-" if row.removal else "+"
        verdict = f"{mark} {row.block.number:>{number_width}}  {_one_line(row.verdict):<{verdict_width}}"
        rule = _padded(_one_line(row.rule), rule_width)
        twins = _twins(row)
        taken = len(verdict) + 2 + 4 + 2 + rule_width + 2 + len(twins)
        text = _shortened(_one_line(row.block.text), None if width is None else max(width - taken, _MIN_TEXT))
        yield "".join(
            (
                _painted(verdict, "removed" if row.removal else "kept", color),
                _painted(f"  {row.score:>4}  {rule}  ", "quiet", color),
                _painted(twins, "twin", color),
                _painted(text, "quiet", color and row.removal is not None),
            )
        ).rstrip()


def _twins(row: _Row) -> str:
    originals = ", ".join(f"#{number}" for number in row.originals)
    notes = [f"= {originals}" if originals else "", row.place]
    return "".join(f"{note}  " for note in notes if note)


def _totals(rows: Sequence[_Row]) -> str:
    kept = _share("kept", (row for row in rows if not row.removal))
    removed = _share("removed", (row for row in rows if row.removal))
    by_count = sorted(_shares(rows), key=lambda share: -share.blocks)
    reasons = ", ".join(f"{_one_line(share.name)} {share.blocks}" for share in by_count)
    return f"{_counted(kept)}; {_counted(removed)}{': ' if reasons else ''}{reasons}"


def _counted(share: _Share) -> str:
    blocks = "block" if share.blocks == 1 else "blocks"
    chars = "character" if share.chars == 1 else "characters"
    return f"{share.name} {share.blocks:,} {blocks}, {share.chars:,} {chars}"


def _painted(text: str, style: str, color: bool) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if color and text else text


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _padded(text: str, width: int) -> str:
    text = _shortened(text, width)
    return text + " " * (width - _width(text))


def _shortened(text: str, width: int | None) -> str:
    if width is None or _width(text) <= width:
        return text
    used = 0
    for end, char in enumerate(text):
        used += _char_width(char)
        if used >= width:
            return f"{text[:end].rstrip()}…"
    return text


def _width(text: str) -> int:
    """Terminal columns that `text` takes."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


@lru_cache(maxsize=8192)
def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _folded(text: str) -> tuple[str, str]:
    """`text` in two parts: what is shown at once, and the rest of a long one."""
    if len(text) <= _LONG * 1.25:
        return text, ""
    ends = [text.rfind(mark, _LONG // 2, _LONG) for mark in ("\n", ". ", "。", "！", "？", "! ", "? ")]
    cut = max(ends) + 1 or text.rfind(" ", _LONG // 2, _LONG) + 1 or _LONG
    return text[:cut], text[cut:]
