"""A plain-text dump of a page, cut into blocks.

Dumps differ: a blank line or a single line break between paragraphs, lines wrapped at a width,
Markdown, columns of text side by side. What only the whole dump tells is gathered once (`_Style`);
where a block ends is decided line by line. A paragraph in two blocks is the smaller error: lines
are joined only where the break between them explains itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

from .types import Block, Page, Role

NARROWEST, WIDEST = 56, 130  # columns: wrapping at other widths is not looked for
NARROWEST_LONE = 60  # the same for a paragraph that is the only wrapped one
LEAST_VOTES = 4  # breaks that a width must explain before a dump counts as wrapped at it
SAMPLE = 4000  # breaks that are looked at for the wrap width
HTML2TEXT_WIDTH = 78  # its default; it counts characters and breaks at spaces only
LONGEST_PARAGRAPH = 40  # lines: more of them without a blank line are no single paragraph
RUNNING_CHARS = 40  # a line from this length on may begin a sentence that the next ones end
LAYOUT_CELL = 240  # characters: a table with a longer cell is layout, not data
SENTENCE_CELL = 100  # the same for a cell that ends as a sentence does
RUNNING_CODE = 100  # characters: indented code with longer lines is text
COLUMN_LINES = 3  # lines that must show a gutter before text counts as set in columns
COLUMN_REACH = 30  # lines between two of them
COLUMN_DEPTH = 4  # columns within columns
COLUMN_CELL = 60  # characters: longer cells side by side are columns, not a table
SNIFF_CHARS = 8192  # as far as `looks_like_html` looks

_CJK = "\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003134f"
_IS_CJK = re.compile(f"[{_CJK}]")
_WIDE = re.compile("[^\x00-\u2e7f]")  # nearly; an exact class costs milliseconds at import
_FIRST_WORD = re.compile(rf"[^\s{_CJK}]+")
_CJK_SLACK = 4  # columns by which a line of CJK may fall short, as no line begins with a comma

_JOINED = "\u0600-\u109f\u1780-\u18af\u2190-\u2bff\ufb50-\ufefe\U0001f000-\U0001faff"  # what joiners join
_STRANGE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffc]"
)
_REPLACED = (
    (re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"), "\n"),
    (re.compile("[\u1680\u2000-\u200a\u202f\u205f]"), " "),
    (re.compile("[\ud800-\udfff]"), "\ufffd"),
    (re.compile(f"(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])"), ""),
    (
        re.compile(
            "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc]"
        ),
        "",
    ),
)
_IN_LINE_INDENT = re.compile("(?<=[。！？…”」』.!?])\u3000{2,}")

_ENDS = ".!?…。！？:：;；؟۔।"
_CLOSERS = "\"'”’»)）]」』】"
_CONTINUING = frozenset(",.;:!?)]”»、，。；：！？）】』」")  # no paragraph begins with one
_SCATTERED = re.compile(r"\n *(?:[,.;](?= \S|\n|\Z)|[，。、；：！？](?=[^\W\d_]|\n))")
_MARKED_BREAK = re.compile(r"  \n(?=\S)")
_SUSPENDED = re.compile(r"(?:und|oder|bzw|and|or|et|ou|og|och|en|of|e|o|y|i)\b")
_INNER_END = re.compile(r"\w\w[.!?] ")
_CLAUSE = re.compile("[,;.、，。；،؛]")

_OPEN, _SHUT, _BAR_SIGN = "\x02", "\x03", "\x04"  # mark links and escaped bars: cleaned input holds none

_MARKED = re.compile(r"[-#*+_=~|>(（•·‣◦▪▫●○■□◆◇▶►➤・⁃∙—─━＝]|\d{1,3}[.)、．）]|[a-z]\)")
_RULE = re.compile(r"([-*_=~#—─━＝])(?: *\1){2,}|[-*+•·‣◦▪▫●■◆▶►➤・⁃∙]|#{1,2}")
_RULE_ENDS = frozenset("-*_=~#—─━＝+•·‣◦▪▫●■◆▶►➤・⁃∙")
_UNDERLINE = re.compile("={3,}|-{3,}")
_BULLET = re.compile(r"(?:[-*](?= )|\+(?= +[^\d ])|([•·‣◦▪▫●○■□◆◇▶►➤・⁃∙])(?!\1)) *")
_NUMBER = r"([(（]?)(\d{1,3}|[a-z](?=[)）]))(\.(?=[^!-~\n])|[)、．）](?=\D))"
_NUMBERED = re.compile(_NUMBER)
_NUMBERS = re.compile(rf"\n *{_NUMBER}")
_HEADING = re.compile(r"(#{1,6}) +(?=\S)")
_LINKED_HEADING = re.compile(f"{_OPEN}? *(#{{1,6}})(?= )")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_CODE_LINE = re.compile(
    r"[(){}=<>\[\]].*;$|[{}\\]$|^(?:[})$]|//|/\*|\*/|--?\w)| (?:[=!+]?=|=>|->|&&|\|\|) |\w\(\)|\w=[\w\"']"
)
_BAR = re.compile(r"(?<= )\||\|(?= )|^\||\|$")
_CELL_GAP = re.compile(" {2,}")
_GAP = re.compile(r"(?<=\S) {3,}(?=\S)")
_DELIMITER = re.compile(r"\|? *:?-{3,}:? *(?:\| *:?-{3,}:? *)+\|?|\| *:?-{3,}:? *\|")
_TITLE = re.compile(r"\s*Title: *(\S[^\n]{0,300})")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"，。；）】》]+")

_LINKED = re.compile(f"{_OPEN}[^{_OPEN}{_SHUT}]*{_SHUT}")
_LINK_EDGE = re.compile(f"([{_OPEN}{_SHUT}])")
_TARGET = (
    r"""\( *(?:<[^<>]*>|(?:[^()\s\\<]|\\.|\([^()\s]*\)|(?<=-) )*+)(?: +(?:"[^\n]{0,300}?"|'[^'\n]*'))? *\)"""
)
_URL_TARGET = r"\((?:https?:|/|\#|\.|javascript:|mailto:)(?:[^()\\\n]|\\.|\([^()\n]*\)){0,2000}+\)"
_PLAIN_LINK = re.compile(r"(?<![!\\])\[( *)([^\[\]\\]*)\]\([^()\s\\]*[/.#:][^()\s\\]*(?: \"[^\"\n]*\")?\)")
_PLAIN_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()\s\\]*[/.#:][^()\s\\]*(?: \"[^\"\n]*\")?\)")
_BRACKET = re.compile(rf"\\.|!?\[|\](?:({_TARGET}|{_URL_TARGET})|\[([^\[\]]*)\])?")
_LABEL = re.compile(r"\[([^\[\]\n]{1,80})\]: +\S+(?: +[\"'(].*)?$")
_REFERENCE = re.compile(r"\]\[([^\[\]\n]{0,80})\]")
_EMPHASIS = re.compile(r"(\\.|\*+|_+|~~)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE_SPAN = re.compile(r"(?<!`)`++([^`\n]+)`++")
_EMPTY_SPAN = re.compile(r"(?<!\S)(_ _|\*\* \*\*)(?!\S)")
_MARKDOWN = (  # a literal that is cheap to look for, and what proves Markdown around it
    ("](", re.compile(r"\]\([^\s)]{0,60}[/.#:]")),
    ("\n#", re.compile(r"\n *\n#{1,6} [^\n]+\n *\n")),
    ("**", re.compile(r"\*\*[^\s*][^*\n]{0,200}\*\*")),
    ("--|", re.compile(r"-{3,}\|-{3,}")),
    ("* * *", re.compile(r"\n {0,3}\* \* \* *\n")),
    ("]: ", re.compile(r"\]: https?://")),
)

_BLOCK_NAMES = (
    "html|head|body|div|p|table|tbody|tr|td|th|ul|ol|li|dl|dt|dd|h[1-6]|section|article|aside|main|header|footer|"
    "nav|blockquote|pre|figure|figcaption|form|script|style|meta|link|title|hr|center|font"
)
_INLINE_NAMES = "a|b|i|u|em|strong|span|small|button|input|label|svg|img|br"
_BLOCK_TAG = re.compile(rf"<(?:{_BLOCK_NAMES})(?:\s[^<>]*)?/?>", re.I)
_TAG = re.compile(rf"</?(?:{_BLOCK_NAMES}|{_INLINE_NAMES})(?:\s[^<>]*)?/?>", re.I)
_PAGE_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_PAGE_INSIDE = re.compile(r"<html[\s>]", re.I)  # behind a wrapper that its collector put there
_CODE_QUOTE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.S)


class _Line(NamedTuple):
    """A line without the white space around it."""

    number: int
    text: str
    indent: int = 0
    fresh: bool = False  # begins a paragraph for sure
    hard: bool = False  # ends with Markdown's line break
    quote: bool = False
    code: bool = False


class _Draft(NamedTuple):
    """A block to be; link text stands between `_OPEN` and `_SHUT`."""

    number: int
    text: str
    role: Role = "paragraph"
    indent: int = 0
    level: int = 0


class _Span(NamedTuple):
    """The widths (columns) at which lines may be wrapped, both ends included."""

    low: int
    high: int
    spaced: bool = False  # counted in characters, and broken at spaces only


class _Gutter(NamedTuple):
    """White space down the lines: first and last row, where text begins again, how many lines cross it."""

    first: int
    last: int
    edge: int
    lines: int


@dataclass(frozen=True, slots=True)
class _Style:
    """What the whole dump tells.

    `spans` are the widths at which lines are wrapped, if any; `marked_breaks` says that two spaces mark a
    real line break (Markdown), `scattered` that inline elements stand on lines of their own; `numbers`
    are the numbers that lines begin with, by their punctuation; `labels` are the names of link
    definitions.
    """

    markdown: bool
    marked_breaks: bool
    scattered: bool
    spans: tuple[_Span, ...]
    numbers: frozenset[tuple[str, int]]
    labels: frozenset[str]


def segment_text(text: str) -> Page:
    """Segment a plain-text or Markdown dump of a page into blocks, in the dump's order.

    Every letter and digit ends up in a block, but for Markdown's link targets and images. A block's
    `path` is "line N", N counted from 1.

    >>> [block.text for block in segment_text("# News\\n\\n* one\\n* two").blocks]
    ['News', '- one', '- two']
    """
    source = _clean(text)
    markdown = _is_markdown(source)
    chunks = list(_chunks(source, markdown))
    style = _survey(source, chunks, markdown)
    drafts = [draft for chunk in chunks for draft in _drafts(chunk, style)]
    title = _TITLE.match(source)
    return Page("text", _blocks(drafts), meta={"title": title[1].strip()} if title else {})


def looks_like_html(text: str) -> bool:
    """Whether a text is an HTML page or fragment rather than text that mentions a tag.

    Only the first few kilobytes are looked at.

    >>> looks_like_html("<div><p>One</p></div>"), looks_like_html("Use <b> for bold. 1 < 2")
    (True, False)
    """
    head = text[:SNIFF_CHARS].lstrip("\ufeff \t\r\n")
    if _PAGE_START.match(head) or (head.startswith("<") and _PAGE_INSIDE.search(head)):
        return True
    prose = _CODE_QUOTE.sub("", head)
    tags = [match[0] for match in _TAG.finditer(prose)]
    closing = sum(tag.startswith("</") for tag in tags)
    if _BLOCK_TAG.match(prose) or (closing and _TAG.match(prose)):
        return not any(pattern.search(f"\n\n{prose}\n\n") for _, pattern in _MARKDOWN)
    return closing >= 3 and 5 * sum(map(len, tags)) >= len(prose)


# ---------------------------------------------------------------- characters and lines


def _clean(text: str) -> str:
    """One kind of line end and of space (the ideographic one stays), nothing invisible."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").replace("\xa0", " ")
    if _STRANGE.search(text):
        for pattern, replacement in _REPLACED:
            text = pattern.sub(replacement, text)
    return text


def _is_markdown(source: str) -> bool:
    framed = f"\n\n{source}\n\n"
    found = 0
    for literal, pattern in _MARKDOWN:
        if literal in framed:
            found += sum(1 for _ in islice(pattern.finditer(framed), 2))
        if found >= 2:
            return True
    return False


def _chunks(source: str, markdown: bool) -> Iterator[list[_Line]]:
    """Runs of lines with no blank line between them; code with all its lines."""
    rows = source.split("\n")
    done = 0
    for start, stop in _code_regions(rows, source, markdown):
        yield from _prose_chunks(rows, done, start, markdown)
        code = [(number, row) for number, row in enumerate(rows[start:stop], start + 1) if row.strip()]
        if _FENCE.match(rows[start]):
            code = code[1:-1]
        elif 2 * sum(len(row) > RUNNING_CODE for _, row in code) >= len(code):
            done = start  # text that was only indented
            continue
        if code:
            yield [_Line(number, row.rstrip(), code=True) for number, row in code]
        done = stop
    yield from _prose_chunks(rows, done, len(rows), markdown)


def _prose_chunks(rows: list[str], start: int, stop: int, markdown: bool) -> Iterator[list[_Line]]:
    numbered = list(enumerate(rows[start:stop], start + 1))
    if not markdown and sum("   " in row for row in rows[start:stop]) >= COLUMN_LINES:
        numbered = _split_columns(numbered)
    chunk: list[_Line] = []
    for number, row in numbered:
        text = row.strip()
        if not text:
            if chunk:
                yield chunk
                chunk = []
        elif text == row:
            chunk.append(_Line(number, text))
        else:
            chunk.append(_indented_line(number, row, text))
        if "\u3000\u3000" in text:
            chunk[-1:] = _split_at_indents(chunk[-1])
    if chunk:
        yield chunk


def _indented_line(number: int, row: str, text: str) -> _Line:
    indent = len(row) - len(row.lstrip())
    return _Line(number, text, indent, "\u3000" in row[:indent], row.endswith("  "))


def _split_at_indents(line: _Line) -> list[_Line]:
    """Paragraphs that stand in one line, each behind an ideographic indent."""
    first, *rest = _IN_LINE_INDENT.split(line.text)
    return [line._replace(text=first), *(line._replace(text=text, fresh=True) for text in rest)]


def _code_regions(rows: list[str], source: str, markdown: bool) -> Iterator[tuple[int, int]]:
    """Where fenced code stands, and the indented code that html2text writes."""
    fenced = "```" in source or "~~~" in source
    if not fenced and not (markdown and "\n    \n" in source):
        return
    fences = [number for number, row in enumerate(rows) if fenced and _FENCE.match(row)]
    closing = dict(_fence_pairs(rows, fences))
    at = 0
    while at < len(rows):
        stop = at
        if at in closing:
            stop = closing[at] + 1
        elif markdown and rows[at].startswith("    ") and not rows[at].strip():
            while stop < len(rows) and rows[stop].startswith("    "):
                stop += 1
        if stop > at and any(row.strip() for row in rows[at:stop]):
            yield at, stop
        at = max(stop, at + 1)


def _fence_pairs(rows: list[str], fences: list[int]) -> Iterator[tuple[int, int]]:
    opened = -1
    mark = ""
    for at in fences:
        row = rows[at].strip()
        if opened < 0:
            opened, mark = at, row[:3]
        elif row.startswith(mark) and not row.strip(mark[0]):
            yield opened, at
            opened = -1


# ---------------------------------------------------------------- the dump as a whole


def _survey(source: str, chunks: list[list[_Line]], markdown: bool) -> _Style:
    lines = "\n" + source
    linked = markdown and source.count("](") > source.count("\n") // 20
    return _Style(
        markdown=markdown,
        marked_breaks=linked and _occurs(_MARKED_BREAK, source, 2),
        scattered=_occurs(_SCATTERED, lines, 2),
        spans=_wrap_spans(chunks),
        numbers=frozenset(_number(*parts) for parts in _NUMBERS.findall(lines)),
        labels=_labels(source, chunks) if "]: " in source else frozenset(),
    )


def _labels(source: str, chunks: list[list[_Line]]) -> frozenset[str]:
    """The names of the link definitions that some link uses."""
    used = {label.casefold() for label in _REFERENCE.findall(source)}
    matches = (_LABEL.match(line.text) for chunk in chunks for line in chunk)
    names = (match[1].casefold() for match in matches if match)
    return frozenset(name for name in names if name in used or "" in used)


def _occurs(pattern: re.Pattern[str], text: str, times: int) -> bool:
    return sum(1 for _ in islice(pattern.finditer(text), times)) == times


def _number(before: str, value: str, after: str) -> tuple[str, int]:
    if value.isdigit():
        return before + after, int(value)
    return before + "a" + after, ord(value)


def _wrap_spans(chunks: list[list[_Line]]) -> tuple[_Span, ...]:
    """The width at which the dump is wrapped and that of what it does not explain, or those of its halves:
    two dumps that stand in one file may differ."""
    whole = _wrap_span(chunks)
    if whole:
        other = [chunk for chunk in chunks if not any(_is_full(*pair, whole) for pair in pairwise(chunk))]
        second = _wrap_span(other)
        return (whole, second) if second else (whole,)
    middle = len(chunks) // 2
    halves = (_wrap_span(chunks[:middle]), _wrap_span(chunks[middle:]))
    return tuple(span for span in halves if span)


def _wrap_span(chunks: list[list[_Line]]) -> _Span | None:
    """The width at which these lines are wrapped, if most breaks inside sentences agree on one."""
    pairs = (pair for chunk in chunks if len(chunk) > 1 for pair in pairwise(chunk))
    breaks = [
        (line, after)
        for line, after in islice(pairs, SAMPLE)
        if 28 <= len(line.text) <= WIDEST
        and _CLAUSE.search(f"{line.text} {after.text}")
        and _runs_over(line.text, after.text)
    ]
    ballots = [ballot for spaced in (False, True) if (ballot := _voted_span(breaks, spaced))]
    if not ballots:
        return None
    votes, span = max(ballots, key=lambda ballot: ballot[0])
    return None if _is_overrun(chunks, span, votes) else span


def _voted_span(breaks: list[tuple[_Line, _Line]], spaced: bool) -> tuple[int, _Span] | None:
    """The widths that explain the most breaks, and how many these are."""
    votes = [0] * (WIDEST + 2)
    total = 0
    for line, after in breaks:
        low, high = _reach(line, after, spaced)
        if NARROWEST <= low <= WIDEST and high <= low + 40:
            votes[low] += 1
            votes[min(high, WIDEST) + 1] -= 1
            total += 1
    heights = list(accumulate(votes))
    best = max(heights)
    if best < LEAST_VOTES or 10 * best < 6 * total:
        return None
    low = heights.index(best)
    high = next(width for width in range(low, WIDEST + 2) if heights[width] != best) - 1
    return best, _Span(low, high, spaced)


def _is_overrun(chunks: list[list[_Line]], span: _Span, votes: int) -> bool:
    """Whether more lines than are wrapped at the width run beyond it."""
    long = 0
    for chunk in chunks:
        if len(chunk) > 1:
            for line in chunk:
                if (
                    len(line.text) > span.high
                    and " " in line.text[: span.high]
                    and not _MARKED.match(line.text)
                ):
                    long += "](" not in line.text
    return long > votes


def _runs_over(text: str, after: str) -> bool:
    """Whether a sentence seems to run on from one line into the next."""
    if _MARKED.match(after) or _ends(text):
        return False
    begins = after[0]
    return (
        begins.islower() or (begins.isalpha() and not begins.isupper()) or _IS_CJK.match(begins) is not None
    )


def _ends(text: str) -> bool:
    """Whether a line ends as a sentence or a label does."""
    return text.rstrip(_CLOSERS)[-1:] in _ENDS if text[-1] in _CLOSERS else text[-1] in _ENDS


def _width(line: _Line) -> int:
    return line.indent + _text_width(line.text)


def _text_width(text: str) -> int:
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def _reach(line: _Line, after: _Line, spaced: bool) -> tuple[int, int]:
    """The least and the greatest wrap width that would explain the break between two lines."""
    if spaced:
        width = line.indent + len(line.text)
        word = _FIRST_WORD.match(after.text)
        return width, width + (len(word[0]) if word else 0)
    width = _width(line)
    word = _FIRST_WORD.match(after.text)
    if word is None or (len(word[0]) < _CJK_SLACK and _IS_CJK.match(line.text, len(line.text) - 1)):
        return width - 2 * (
            line.text[-1] in _CONTINUING
        ), width + _CJK_SLACK  # a comma may hang over the edge
    return width, width + _text_width(word[0])


# ---------------------------------------------------------------- columns


def _split_columns(rows: list[tuple[int, str]], depth: int = 0) -> list[tuple[int, str]]:
    """Text set in columns, column by column, or as the rows of a table."""
    gutters = _gutters(rows) if depth <= COLUMN_DEPTH else []
    result: list[tuple[int, str]] = []
    done = 0
    for first, last, edge, _ in _strongest(gutters, len(rows)):
        region = rows[first : last + 1]
        edges = {other.edge for other in gutters if _spans(other, first, last)}
        result += rows[done:first]
        result += _column_table(region, sorted(edges)) or _columns(region, edge, depth + 1)
        done = last + 1
    return result + rows[done:]


def _spans(gutter: _Gutter, first: int, last: int) -> bool:
    return 5 * (min(gutter.last, last) - max(gutter.first, first)) >= 4 * (last - first)


def _columns(rows: list[tuple[int, str]], edge: int, depth: int) -> list[tuple[int, str]]:
    """What stands left of an edge, then what stands right of it."""
    left = _split_columns([(number, row[:edge]) for number, row in rows], depth)
    right = _split_columns([(number, row[edge:]) for number, row in rows], depth)
    start, end = (rows[0][0], ""), (rows[-1][0], "")
    return [start, *left, start, *right, end]


def _gutters(rows: list[tuple[int, str]]) -> list[_Gutter]:
    closed: list[_Gutter] = []
    opened: dict[int, _Gutter] = {}
    for at, (_, row) in enumerate(rows):
        if opened:
            ended = [
                gutter
                for gutter in opened.values()
                if at - gutter.last > COLUMN_REACH or row[gutter.edge - 2 : gutter.edge].strip()
            ]
            closed += [opened.pop(gutter.edge) for gutter in ended]
        if "   " in row and "   " in row.strip():
            for gap in islice(_GAP.finditer(row, 0, 4000), 12):
                edge = gap.end()
                first, _, _, lines = opened.get(edge, (at, at, edge, 0))
                opened[edge] = _Gutter(first, at, edge, lines + 1)
    return [gutter for gutter in (*closed, *opened.values()) if gutter.lines >= COLUMN_LINES]


def _strongest(gutters: list[_Gutter], rows: int) -> list[_Gutter]:
    """Gutters that share no row, those with the most lines first to choose, in page order."""
    taken = bytearray(rows)
    chosen = []
    for gutter in sorted(gutters, key=lambda gutter: (-gutter.lines, gutter)):
        rows_of = slice(gutter.first, gutter.last + 1)
        if not any(taken[rows_of]):
            taken[rows_of] = b"\1" * (gutter.last + 1 - gutter.first)
            chosen.append(gutter)
    return sorted(chosen)


def _column_table(rows: list[tuple[int, str]], edges: list[int]) -> list[tuple[int, str]]:
    """The rows of a data table, cells set off by bars; none if it is no data table."""
    bounds = list(pairwise([0, *edges, None]))
    filled = [row for row in rows if row[1].strip()]
    cells = [cell for _, row in filled for low, high in bounds if (cell := row[low:high].strip())]
    if max(map(len, cells)) > COLUMN_CELL or 10 * len(cells) < 7 * len(filled) * len(bounds):
        return []
    if 2 * sum(_BULLET.match(cell) is not None for cell in cells) > len(cells):
        return []  # lists side by side
    lines = [(number, " | ".join(_CELL_GAP.split(row.strip()))) for number, row in filled]
    return [(lines[0][0], ""), *lines, (lines[-1][0], "")]


# ---------------------------------------------------------------- blocks


def _drafts(chunk: list[_Line], style: _Style) -> list[_Draft]:
    """The blocks of one chunk."""
    first = chunk[0]
    if len(chunk) == 1 and not first.code and not _MARKED.match(first.text):
        if style.markdown or "[" in first.text:
            return _paragraph(first, first.text, style)
        return [_Draft(first.number, first.text, "paragraph", first.indent)]
    if _is_code(chunk):
        return [_code(chunk)]
    if any(line.text[0] == ">" for line in chunk):
        return [draft for part in _unquoted(chunk, style) for draft in _plain_drafts(part, style)]
    return _plain_drafts(chunk, style)


def _plain_drafts(chunk: list[_Line], style: _Style) -> list[_Draft]:
    if len(chunk) == 1 or not any("|" in line.text for line in chunk):
        return _prose(chunk, style)
    drafts: list[_Draft] = []
    for part, is_table in _table_parts(chunk):
        if part:
            drafts += _table(part, style) if is_table else _prose(part, style)
    return drafts


def _paragraph(line: _Line, text: str, style: _Style) -> list[_Draft]:
    if style.labels and (match := _LABEL.match(text)) and match[1].casefold() in style.labels:
        return []
    text = _inline(text, style)
    if style.markdown:
        text = text.strip("| ")
        if heading := _LINKED_HEADING.match(text):
            return [_Draft(line.number, text.replace(heading[1], "", 1), "heading", 0, len(heading[1]))]
    return [_Draft(line.number, text, "quote" if line.quote else "paragraph", line.indent)]


def _code(chunk: Sequence[_Line]) -> _Draft:
    lines = [" " * line.indent + line.text for line in chunk]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    text = "\n".join(line[margin:] for line in lines)
    return _Draft(chunk[0].number, text, "preformatted")


def _is_code(chunk: list[_Line]) -> bool:
    if len(chunk) < 3 or chunk[0].code:
        return chunk[0].code
    misses = 2 * len(chunk) // 5
    for line in chunk:
        if "](" in line.text or _BULLET.match(line.text) or not _CODE_LINE.search(line.text, 0, 400):
            misses -= 1
            if misses < 0:
                return False
    return True


def _unquoted(chunk: list[_Line], style: _Style) -> Iterator[list[_Line]]:
    """The chunk with its quotation marks of the `>` kind taken off, cut at empty quoted lines."""
    quoted = [line.text[0] == ">" for line in chunk]
    genuine = style.markdown or any(here and after for here, after in pairwise(quoted))
    part: list[_Line] = []
    for line, marked in zip(chunk, quoted, strict=True):
        if marked and (genuine or _is_lone_quote(line.text)):
            text = line.text.lstrip("> ")
            indent = line.indent + len(line.text) - len(text)
            line = line._replace(text=text, indent=indent, quote=True)
        if line.text:
            part.append(line)
        elif part:
            yield part
            part = []
    if part:
        yield part


def _is_lone_quote(text: str) -> bool:
    return len(text) >= 60 and text[1] == " " and " > " not in text


def _prose(lines: list[_Line], style: _Style) -> list[_Draft]:
    """Paragraphs, list items, headings and quotations of lines that are no table."""
    kinds = [_kind(line, style, len(lines) == 1) for line in lines]
    if len(lines) == 1:
        return _draft(lines, kinds[0], style)
    joints = [*_joints(lines, kinds, style), False]
    drafts: list[_Draft] = []
    group: list[_Line] = []
    for line, after, kind, joint in zip(lines, [*lines[1:], None], kinds, joints, strict=True):
        if not group:
            first_kind = kind
        group.append(line)
        if joint:
            continue
        if after and not kind and len(group) == 1 and _is_underline(line, after):
            level = 1 if after.text[0] == "=" else 2
            drafts.append(_Draft(line.number, _inline(line.text, style), "heading", 0, level))
        else:
            drafts += _draft(group, first_kind, style)
        group = []
    return drafts


def _kind(line: _Line, style: _Style, alone: bool) -> str:
    """What a line's first signs make it: "rule", "heading", "item" or "" for ordinary text."""
    text = line.text
    if not _MARKED.match(text):
        return ""
    if text[-1] in _RULE_ENDS and _RULE.fullmatch(text):
        return "rule"
    if _BULLET.match(text) or _is_numbered(text, style.numbers):
        return "item"
    if (
        text[0] == "#"
        and _HEADING.match(text)
        and (style.markdown or (alone and "#" not in text.lstrip("#")))
    ):
        return "heading"
    return ""


def _is_numbered(text: str, numbers: frozenset[tuple[str, int]]) -> bool:
    """Whether a line begins with a number that has a neighbour in the dump."""
    match = _NUMBERED.match(text)
    if match is None:
        return False
    marks, value = _number(*match.groups())
    return (marks, value - 1) in numbers or (marks, value + 1) in numbers


def _is_underline(line: _Line, after: _Line) -> bool:
    """Whether a line is a heading because of the line of dashes below it."""
    if not _UNDERLINE.fullmatch(after.text) or len(line.text) > 120:
        return False
    return after.text[0] == "=" or 0.6 < len(after.text) / _width(line) < 1.5


def _draft(group: list[_Line], kind: str, style: _Style) -> list[_Draft]:
    first = group[0]
    text = _joined(group) if len(group) > 1 else first.text
    if kind == "rule":
        return []
    if kind == "heading":
        level = len(text) - len(text.lstrip("#"))
        text = text[level:].strip()
        bare = text.rstrip("#")
        return [_Draft(first.number, _inline(bare if bare[-1:] == " " else text, style), "heading", 0, level)]
    if kind == "item":
        bullet = _BULLET.match(text)
        text = _inline(text[bullet.end() :] if bullet else text, style)
        if style.markdown and (heading := _LINKED_HEADING.match(text)):
            text = text.replace(heading[1], "", 1)
        text = f"- {text}" if bullet else text
        return [_Draft(first.number, text, "list-item", first.indent)]
    return _paragraph(first, text, style)


def _joined(lines: list[_Line]) -> str:
    parts = [lines[0].text]
    for line, after in pairwise(lines):
        parts += (_glue(line.text, after.text), after.text)
    return "".join(parts)


def _glue(text: str, after: str) -> str:
    """What belongs between two lines of a paragraph: a space, but not in CJK or behind a hyphen."""
    if _IS_CJK.match(after) or _IS_CJK.match(text, len(text) - 1):
        return ""
    if text[-1] == "-" and text[-2:-1].isalnum() and after[0].isalnum():
        return " " if _SUSPENDED.match(after) else ""
    return "" if after[0] in _CONTINUING and not text[-1].isspace() else " "


# ---------------------------------------------------------------- joining lines


def _joints(lines: list[_Line], kinds: list[str], style: _Style) -> list[bool]:
    """For each line but the last: does the next one continue its block?"""
    if len(lines) == 1:
        return []
    joints = [False] * (len(lines) - 1)
    for width in style.spans:
        if not any(joints):
            joints = _wrapped(lines, kinds, width, style.markdown)
    if not any(joints) and (span := _own_span(lines, kinds)):
        joints = _wrapped(lines, kinds, span, style.markdown)
    if style.marked_breaks:
        joints = [
            joint or _is_soft(*pair)
            for joint, pair in zip(joints, pairwise(zip(lines, kinds, strict=True)), strict=True)
        ]
    if style.scattered:
        joints = _scattered(lines, kinds, joints)
    return joints


def _is_soft(here: tuple[_Line, str], beyond: tuple[_Line, str]) -> bool:
    """Whether a break is none, in a dump that marks its line breaks with two spaces."""
    (line, kind), (after, kind_after) = here, beyond
    if kind or kind_after or line.hard or after.fresh or line.indent or after.indent or _ends(line.text):
        return False
    return len(line.text) + len(after.text.split(None, 1)[0]) >= HTML2TEXT_WIDTH


def _wrapped(lines: list[_Line], kinds: list[str], span: _Span, markdown: bool) -> list[bool]:
    """Which lines are full: the next one's first word would not have fitted."""
    joints = []
    begins = True
    in_item = kinds[0] == "item"
    bounded = len(lines) <= LONGEST_PARAGRAPH
    for (line, after), kind, kind_after in zip(pairwise(lines), kinds, kinds[1:], strict=False):
        if begins:
            in_item = kind == "item"
        joint = (
            (kind in ("", "item") or (markdown and kind == "heading"))
            and not kind_after
            and not after.fresh
            and not (markdown and line.hard)
            and (line.quote or not after.quote)
            and _keeps_indent(line, after, begins, in_item)
            and _is_full(line, after, span)
            and (bounded or not _ends(line.text) or after.text[0].islower())
        )
        joints.append(joint)
        begins = not joint
    return joints


def _keeps_indent(line: _Line, after: _Line, begins: bool, in_item: bool) -> bool:
    if after.indent == line.indent:
        return True
    return (after.indent > line.indent) == in_item if begins else False


def _is_full(line: _Line, after: _Line, span: _Span) -> bool:
    low, high = _reach(line, after, span.spaced)
    if low > span.high:
        return " " not in line.text and ("](" in line.text or "://" in line.text)  # nowhere to break
    return high >= span.low


def _own_span(lines: list[_Line], kinds: list[str]) -> _Span | None:
    """The width at which a single paragraph's lines are wrapped, if it is sure that they are."""
    if not 3 <= len(lines) <= LONGEST_PARAGRAPH or any(kinds[1:]):
        return None
    if any(len(line.text) > WIDEST for line in lines):
        return None
    width = max(map(_width, lines))
    least = NARROWEST if _IS_CJK.search(lines[0].text) else NARROWEST_LONE
    pairs = list(pairwise(lines))
    if not least <= width <= WIDEST or not all(_reach(*pair, False)[1] >= width for pair in pairs):
        return None
    return _Span(width, width) if _is_running(lines, pairs) else None


def _is_running(lines: list[_Line], pairs: list[tuple[_Line, _Line]]) -> bool:
    """Whether lines read as one text: sentences run over their ends, and they have clauses."""
    running = sum(_runs_over(line.text, after.text) for line, after in pairs)
    clauses = sum(_CLAUSE.search(line.text) is not None for line in lines)
    return 2 * clauses >= len(lines) and (
        10 * running >= 6 * len(pairs) if len(pairs) > 2 else running == len(pairs)
    )


def _scattered(lines: list[_Line], kinds: list[str], joints: list[bool]) -> list[bool]:
    """Join what inline elements on lines of their own have torn apart."""
    length = 0
    for at, (line, after) in enumerate(pairwise(lines)):
        length += len(line.text)
        beyond = lines[at + 2].text if at + 2 < len(lines) and not kinds[at + 2] else ""
        if not joints[at]:
            joints[at] = (
                kinds[at] in ("", "item")
                and not kinds[at + 1]
                and _runs_on(line.text, after.text, beyond, length)
            )
        if not joints[at]:
            length = 0
    return joints


def _runs_on(text: str, after: str, beyond: str, length: int) -> bool:
    if _goes_on(after):
        return True
    if length < RUNNING_CHARS or _ends(text):
        return False
    more = bool(beyond) and (_goes_on(beyond) or beyond[0].islower())
    if after[0].islower():
        return (
            more
            or len(after) >= RUNNING_CHARS
            or _INNER_END.search(f"{after} ") is not None
            or after[-1] in ",，"
        )
    return more and length >= 2 * RUNNING_CHARS and len(after) <= 60 and not _ends(after)


def _goes_on(text: str) -> bool:
    """Whether a line begins with what can only stand behind a word."""
    return text[0] in _CONTINUING and text[1:2] != text[0]


# ---------------------------------------------------------------- tables


def _table_parts(chunk: list[_Line]) -> Iterator[tuple[list[_Line], bool]]:
    """The chunk cut into tables (True) and the lines around them (False)."""
    cells = [_cell_count(line.text) for line in chunk]
    rows = sum(count > 1 for count in cells)
    first, last = _agreeing(cells, 0, len(cells))
    if first < last and len(chunk) <= 1.5 * rows and max(len(line.text) for line in chunk) <= LAYOUT_CELL:
        yield chunk, True  # titles and notes between the rows belong to it
        return
    start = 0
    while start < len(chunk):
        stop = start + 1
        while stop < len(chunk) and (cells[stop] != 0) == (cells[start] != 0):
            stop += 1
        first, last = _agreeing(cells, start, stop)
        yield from ((chunk[start:first], False), (chunk[first:last], True), (chunk[last:stop], False))
        start = stop


def _agreeing(cells: list[int], start: int, stop: int) -> tuple[int, int]:
    """From the first to the last row that has as many cells as its neighbour."""
    if -1 in cells[start:stop]:
        return start, stop
    pairs = [at for at in range(start, stop - 1) if cells[at] == cells[at + 1] > 1]
    return (pairs[0], pairs[-1] + 2) if pairs else (start, start)


def _cell_count(text: str) -> int:
    """How many cells a line has if it is a table's row, else 0; -1 for the rule below a header."""
    if "|" not in text:
        return 0
    if _DELIMITER.fullmatch(text):
        return -1
    bullet = _BULLET.match(text)
    if bullet and text[bullet.end() : bullet.end() + 1] != "|":
        return 0
    bars = len(_BAR.findall(text))
    return bars + 1 if bars else 0


def _table(lines: list[_Line], style: _Style) -> list[_Draft]:
    """One block for a data table; the cells of layout rows are blocks of their own."""
    ruled = any(_DELIMITER.fullmatch(line.text) for line in lines)
    rows = [(line, _cells(line.text, ruled, style)) for line in lines if not _DELIMITER.fullmatch(line.text)]
    drafts: list[_Draft] = []
    data: list[tuple[_Line, list[str]]] = []
    for line, cells in rows:
        if any(_is_layout(cell) for cell in cells):
            drafts += _data_rows(data, ruled)
            data = []
            drafts += [_Draft(line.number, cell) for cell in cells if cell]
        elif any(cells):
            data.append((line, cells))
    return drafts + _data_rows(data, ruled)


def _cells(text: str, ruled: bool, style: _Style) -> list[str]:
    text = _inline(text.replace("\\|", _BAR_SIGN), style)
    cells = [
        cell.strip().replace(_BAR_SIGN, "|") for cell in (text.split("|") if ruled else _BAR.split(text))
    ]
    if ruled:
        filled = [at for at, cell in enumerate(cells) if cell]
        cells = cells[filled[0] : filled[-1] + 1] if filled else []
    return [" ".join(cell.split()) for cell in cells]


def _is_layout(cell: str) -> bool:
    return len(cell) > LAYOUT_CELL or (len(cell) > SENTENCE_CELL and _ends(cell))


def _data_rows(rows: list[tuple[_Line, list[str]]], ruled: bool) -> list[_Draft]:
    """One table, without the single cells above and below it if its borders are known."""
    full = [at for at, (_, cells) in enumerate(rows) if sum(map(bool, cells)) > 1]
    if len(full) < 2 or 2 * len(full) < len(rows):
        return [_row_draft(*row) for row in rows]
    first, last = (full[0], full[-1] + 1) if ruled else (0, len(rows))
    text = "\n".join(" | ".join(cells).strip() for _, cells in rows[first:last])
    table = _Draft(rows[first][0].number, text, "table")
    return [*(_row_draft(*row) for row in rows[:first]), table, *(_row_draft(*row) for row in rows[last:])]


def _row_draft(line: _Line, cells: list[str]) -> _Draft:
    return _Draft(line.number, " | ".join(cells).strip("| "))


# ---------------------------------------------------------------- Markdown inside a line


def _inline(text: str, style: _Style) -> str:
    """The text without Markdown's marks, link text between `_OPEN` and `_SHUT`."""
    if "](" in text or "][" in text:
        text = _links(text, style)
    if style.markdown:
        if "*" in text or "_" in text or "~~" in text:
            text = _emphasis(_EMPTY_SPAN.sub("", text) if "_ _" in text or "** **" in text else text)
        if "`" in text:
            text = _CODE_SPAN.sub(r"\1", text)
        if "\\" in text:
            text = _ESCAPE.sub(r"\1", text)
    return text


def _links(text: str, style: _Style) -> str:
    """Links replaced by their text, images by nothing."""
    if "![" in text:
        text = _PLAIN_IMAGE.sub("", text)
    elif (whole := _PLAIN_LINK.fullmatch(text)) and whole[2].strip():
        return f"{_OPEN}{whole[2].strip()}{_SHUT}"  # most items of a menu
    text = _PLAIN_LINK.sub(rf"\1{_OPEN}\2{_SHUT}", text)
    if "](" in text or "][" in text:
        text = _nested_links(text, style)
    text = text.replace(_SHUT + _OPEN, f"{_SHUT} {_OPEN}")
    return text.replace(f" {_SHUT}", f"{_SHUT} ").replace(_OPEN + _SHUT, "")


def _nested_links(text: str, style: _Style) -> str:
    parts: list[str] = []
    opened: list[int] = []
    done = 0
    for match in _BRACKET.finditer(text):
        token = match[0]
        parts += (text[done : match.start()], token)
        done = match.end()
        if token[-1] == "[" and token[0] != "\\":
            opened.append(len(parts) - 1)
        elif token[0] == "]" and opened:
            at = opened.pop()
            if not _is_link(match, "".join(parts[at + 1 : min(at + 10, len(parts) - 1)]), style):
                continue
            if parts[at] == "![":
                del parts[at:]
            else:
                parts[at], parts[-1] = _OPEN, _SHUT
    return "".join([*parts, text[done:]])


def _is_link(match: re.Match[str], text: str, style: _Style) -> bool:
    if match[1] is not None:
        return style.markdown or any(sign in match[1] for sign in "/.#:")
    return match[2] is not None and (match[2] or text).casefold() in style.labels


def _emphasis(text: str) -> str:
    """The text without paired marks of emphasis; marks between spaces or inside words stay."""
    pieces = _EMPHASIS.split(text)
    opened: dict[str, int] = {}
    paired: set[int] = set()
    for at in range(1, len(pieces), 2):
        mark = pieces[at]
        if mark[0] == "\\" or len(mark) > 3:
            continue
        before = pieces[at - 1][-1:] or "".join(pieces[max(0, at - 2) : at])[-1:]
        after = pieces[at + 1][:1] or "".join(pieces[at + 2 : at + 3])[:1]
        bold = mark[0] != "_" and len(mark) > 1
        if mark in opened and before.strip() and (bold or not _is_word(after)):
            paired |= {at, opened.pop(mark)}
        elif after.strip() and (bold or not _is_word(before)):
            opened[mark] = at
        elif mark == "**" and before.strip():
            paired.add(at)  # its other half stands in another block
    if "**" in opened:
        paired.add(opened["**"])
    return "".join(piece for at, piece in enumerate(pieces) if at not in paired)


def _is_word(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


# ---------------------------------------------------------------- the end


def _blocks(drafts: list[_Draft]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    indents: list[int] = []
    for number, text, role, indent, level in drafts:
        text, link_chars = _settled(text)
        if not text or (text[-1] in _RULE_ENDS and _RULE.fullmatch(text)):
            continue
        if role == "list-item":
            level = _depth(indents, indent)
        elif indents and indent <= indents[0]:
            indents.clear()
        blocks.append(Block(len(blocks), text, role, f"line {number}", link_chars, level))
    return tuple(blocks)


def _depth(indents: list[int], indent: int) -> int:
    """The depth of a list item, from 1; `indents` holds the indents of the items it stands in."""
    while indents and indent < indents[-1]:
        indents.pop()
    if not indents or indent > indents[-1] + 1:
        indents.append(indent)
    return len(indents)


def _settled(text: str) -> tuple[str, int]:
    """The text with single spaces and without marks, and how many of its characters are links."""
    rest = text
    link_chars = 0
    if _OPEN in text or _SHUT in text:
        text, rest, link_chars = _unmarked(text)
    if ("  " in text or "\u3000" in text) and "\n" not in text:
        text = " ".join(text.split())
    if "://" in rest or "www." in rest:
        link_chars += sum(len(match[0]) for match in _URL.finditer(rest))
    return text.strip(), link_chars


def _unmarked(text: str) -> tuple[str, str, int]:
    """The text without the marks around links, the text outside of links, and the links' length."""
    outside = _LINKED.sub("", text)
    if _OPEN not in outside and _SHUT not in outside:
        links = _LINKED.findall(text)
        return (
            text.replace(_OPEN, "").replace(_SHUT, ""),
            outside,
            sum(_spaced_length(link[1:-1]) for link in links),
        )
    depth = 0
    pieces: list[list[str]] = [[]]  # text and links by turns
    for piece in _LINK_EDGE.split(text):
        if piece in (_OPEN, _SHUT):
            depth = max(0, depth + (1 if piece == _OPEN else -1))
            if (depth > 0) == len(pieces) % 2:
                pieces.append([])
        else:
            pieces[-1].append(piece)
    parts = ["".join(part) for part in pieces]
    return "".join(parts), "".join(parts[::2]), sum(map(_spaced_length, parts[1::2]))


def _spaced_length(text: str) -> int:
    return len(" ".join(text.split()))
