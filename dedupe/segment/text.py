"""A plain-text dump of a page, cut into blocks.

Dumps differ: a blank line or a single line break between paragraphs, lines wrapped at a width,
Markdown, columns of text side by side. What only the whole dump tells is gathered once (`Style`);
where a block ends is decided line by line. A paragraph in two blocks is the smaller error: lines
are joined only where the break between them explains itself.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from dedupe.limits import LINES, MAX_BLOCKS, rest_of, warning
from dedupe.page import Page
from dedupe.segment.columns import BULLET, split_columns, table_drafts, table_parts
from dedupe.segment.frames import unframed, without_entities
from dedupe.segment.lines import OPEN, SHUT, Draft, Line, Style, width_of
from dedupe.segment.markdown import inline_text
from dedupe.segment.sniff import CODE_CHARS, CODE_LINE, FENCE, code_regions, is_markdown
from dedupe.segment.thresholds import TABLE_RULES, TEXT_RULES
from dedupe.segment.wraps import MARKED, joined, joints_of, whole_words, wrap_spans
from dedupe.text.normalize import shown
from dedupe.types import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_IN_LINE_INDENT = re.compile("(?<=[。！？…”」』.!?])\u3000{2,}")
_SCATTERED = re.compile(r"\n *(?:[,.;](?= \S|\n|\Z)|[，。、；：！？](?=[^\W\d_]|\n))")
_MARKED_BREAK = re.compile(r"  \n(?=\S)")
_FILLED_LINE = re.compile(r"\S[^\n]*\n")
_RULE = re.compile(r"([-*_=~#—─━＝])(?: *\1){2,}|[-*+•·‣◦▪▫●■◆▶►➤・⁃∙]|#{1,2}")
_RULE_ENDS = frozenset("-*_=~#—─━＝+•·‣◦▪▫●■◆▶►➤・⁃∙")
_HAS_LETTER = re.compile(r"[^\W_]")
_UNDERLINE = re.compile("={3,}|-{3,}")
_NUMBER = r"([(（]?)(\d{1,3}|[a-z](?=[)）]))(\.(?=[^!-~\n])|[)、．）](?=\D))"
_NUMBERED = re.compile(_NUMBER)
_NUMBERS = re.compile(rf"\n *{_NUMBER}")
_HEADING = re.compile(r"(#{1,6}) +(?=\S)")
_LINKED_HEADING = re.compile(f"{OPEN}? *(#{{1,6}})(?= )")
_TITLE = re.compile(r"\s*Title: *(\S[^\n]{0,300})")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"，。；）】》]+")
_LINKED = re.compile(f"{OPEN}[^{OPEN}{SHUT}]*{SHUT}")
_LINK_EDGE = re.compile(f"([{OPEN}{SHUT}])")
_LABEL = re.compile(r"\[([^\[\]\n]{1,80})\]: +\S+(?: +[\"'(].*)?$")
_REFERENCE = re.compile(r"\]\[([^\[\]\n]{0,80})\]")


def segment_text(text: str, max_blocks: int = MAX_BLOCKS) -> Page:
    """Segment a plain-text or Markdown dump of a page into blocks, in the dump's order.

    What stands beyond `max_blocks` blocks is one more, and a warning says so.

    Every letter and digit ends up in a block, but for Markdown's link targets and images. A block's
    `path` is "line N", N counted from 1.

    >>> [block.text for block in segment_text("# News\\n\\n* one\\n* two").blocks]
    ['News', '- one', '- two']
    """
    source, rest = _first_lines(unframed(_clean(text)), LINES * max_blocks)
    markdown = is_markdown(source)
    chunks = list(_chunks(source, markdown))
    style = _survey(source, chunks, markdown)
    drafts = [draft for chunk in chunks for draft in _drafts(chunk, style)]
    title = _TITLE.match(source)
    meta = {"title": title[1].strip()} if title else {}
    blocks = _blocks(drafts)
    if len(blocks) <= max_blocks and not rest:
        return Page("text", blocks, meta=meta)
    kept = blocks[:max_blocks]
    texts = (*(block.text for block in blocks[max_blocks:]), *filter(str.strip, rest.split("\n")))
    return Page("text", (*kept, rest_of(kept, texts)), meta=meta, warnings=(warning(len(kept)),))


def _first_lines(source: str, most: int) -> tuple[str, str]:
    """So many lines that are not blank, and the rest."""
    if source.count("\n") < most:
        return source, ""
    end = next((match.end() for match in islice(_FILLED_LINE.finditer(source), most, None)), -1)
    return (source[:end], source[end:]) if end >= 0 else (source, "")


def _clean(text: str) -> str:
    """One kind of line end and of space (the ideographic one stays), nothing invisible, no entities."""
    if "&" in text:
        text = without_entities(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").replace("\xa0", " ")
    return shown(text)


def _chunks(source: str, markdown: bool) -> Iterator[list[Line]]:
    """Runs of lines with no blank line between them; code with all its lines."""
    rows = source.split("\n")
    done = 0
    for start, stop in code_regions(rows, source, markdown):
        yield from _prose_chunks(rows, done, start, markdown)
        code = [(number, row) for number, row in enumerate(rows[start:stop], start + 1) if row.strip()]
        if FENCE.match(rows[start]):
            code = code[1:-1]
        elif 2 * sum(len(row) > TEXT_RULES.running_code_chars for _, row in code) >= len(code):
            done = start  # text that was only indented
            continue
        if code:
            yield [Line(number, row.rstrip(), code=True) for number, row in code]
        done = stop
    yield from _prose_chunks(rows, done, len(rows), markdown)


def _prose_chunks(rows: list[str], start: int, stop: int, markdown: bool) -> Iterator[list[Line]]:
    numbered: Iterable[tuple[int, str]] = enumerate(rows[start:stop], start + 1)
    if not markdown and sum("   " in row for row in rows[start:stop]) >= TABLE_RULES.gutter_lines:
        numbered = split_columns(list(numbered))
    chunk: list[Line] = []
    for number, row in numbered:
        text = row.strip()
        if not text:
            if chunk:
                yield chunk
                chunk = []
        elif text == row:
            chunk.append(Line(number, text))
        else:
            chunk.append(_indented_line(number, row, text))
        if "\u3000\u3000" in text:
            chunk[-1:] = _split_at_indents(chunk[-1])
    if chunk:
        yield chunk


def _indented_line(number: int, row: str, text: str) -> Line:
    indent = len(row) - len(row.lstrip())
    return Line(number, text, indent, "\u3000" in row[:indent], len(row) - indent - len(text))


def _split_at_indents(line: Line) -> list[Line]:
    """Paragraphs that stand in one line, each behind an ideographic indent."""
    first, *rest = _IN_LINE_INDENT.split(line.text)
    return [line._replace(text=first), *(line._replace(text=text, fresh=True) for text in rest)]


def _survey(source: str, chunks: list[list[Line]], markdown: bool) -> Style:
    lines = "\n" + source
    spans = wrap_spans(chunks)
    linked = markdown and source.count("](") > TEXT_RULES.link_lines_share * source.count("\n")
    return Style(
        markdown=markdown,
        marked_breaks=linked and _occurs(_MARKED_BREAK, source, TEXT_RULES.soft_breaks),
        scattered=_occurs(_SCATTERED, lines, TEXT_RULES.torn_lines),
        spans=spans,
        numbers=frozenset(_number(*parts) for parts in _NUMBERS.findall(lines)),
        labels=_labels(source, chunks) if "]: " in source else frozenset(),
        words=whole_words(chunks) if any(span.cut for span in spans) else Counter(),
    )


def _labels(source: str, chunks: list[list[Line]]) -> frozenset[str]:
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


def _drafts(chunk: list[Line], style: Style) -> list[Draft]:
    """The blocks of one chunk."""
    first = chunk[0]
    if len(chunk) == 1 and not first.code and not MARKED.match(first.text):
        if style.markdown or "[" in first.text:
            return _paragraph(first, first.text, style)
        return [Draft(first.number, first.text, "paragraph", first.indent)]
    if _is_code(chunk):
        return [_code(chunk)]
    if any(line.text[0] == ">" for line in chunk):
        return [draft for part in _unquoted(chunk, style) for draft in _plain_drafts(part, style)]
    return _plain_drafts(chunk, style)


def _plain_drafts(chunk: list[Line], style: Style) -> list[Draft]:
    if len(chunk) == 1 or not any("|" in line.text for line in chunk):
        return _prose(chunk, style)
    drafts: list[Draft] = []
    prose: list[Line] = []
    for part, is_table in table_parts(chunk):
        if not is_table:
            prose += part
        elif part:
            drafts += [*(_prose(prose, style) if prose else ()), *table_drafts(part, style)]
            prose = []
    return [*drafts, *(_prose(prose, style) if prose else ())]


def _paragraph(line: Line, text: str, style: Style) -> list[Draft]:
    if style.labels and (match := _LABEL.match(text)) and match[1].casefold() in style.labels:
        return []
    text = inline_text(text, style)
    if style.markdown:
        text = text.strip("| ")
        if heading := _LINKED_HEADING.match(text):
            return [Draft(line.number, text.replace(heading[1], "", 1), "heading", 0, len(heading[1]))]
    return [Draft(line.number, text, "quote" if line.quote else "paragraph", line.indent)]


def _code(chunk: Sequence[Line]) -> Draft:
    lines = [" " * line.indent + line.text for line in chunk]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    text = "\n".join(line[margin:] for line in lines)
    return Draft(chunk[0].number, text, "preformatted")


def _is_code(chunk: list[Line]) -> bool:
    if len(chunk) < TEXT_RULES.code_lines or chunk[0].code:
        return chunk[0].code
    misses = int(TEXT_RULES.code_misses_share * len(chunk))
    for line in chunk:
        if "](" in line.text or BULLET.match(line.text) or not CODE_LINE.search(line.text, 0, CODE_CHARS):
            misses -= 1
            if misses < 0:
                return False
    return True


def _unquoted(chunk: list[Line], style: Style) -> Iterator[list[Line]]:
    """The chunk with its quotation marks of the `>` kind taken off, cut at empty quoted lines."""
    quoted = [line.text[0] == ">" for line in chunk]
    genuine = style.markdown or any(here and after for here, after in pairwise(quoted))
    part: list[Line] = []
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
    return len(text) >= TEXT_RULES.lone_quote_chars and text[1] == " " and " > " not in text


def _prose(lines: list[Line], style: Style) -> list[Draft]:
    """Paragraphs, list items, headings and quotations of lines that are no table."""
    kinds = [_kind(line, style, len(lines) == 1) for line in lines]
    if len(lines) == 1:
        return _draft(lines, kinds[0], style)
    joints = [*joints_of(lines, kinds, style), False]
    drafts: list[Draft] = []
    group: list[Line] = []
    for line, after, kind, joint in zip(lines, [*lines[1:], None], kinds, joints, strict=True):
        if not group:
            first_kind = kind
        group.append(line)
        if joint:
            continue
        if after and not kind and len(group) == 1 and _is_underline(line, after):
            level = 1 if after.text[0] == "=" else 2
            drafts.append(Draft(line.number, inline_text(line.text, style), "heading", 0, level))
        else:
            drafts += _draft(group, first_kind, style)
        group = []
    return drafts


def _kind(line: Line, style: Style, alone: bool) -> str:
    """What a line's first signs make it: "rule", "heading", "item" or "" for ordinary text."""
    text = line.text
    if not MARKED.match(text):
        return ""
    if text[-1] in _RULE_ENDS and _RULE.fullmatch(text):
        return "rule"
    if BULLET.match(text) or _is_numbered(text, style.numbers):
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


def _is_underline(line: Line, after: Line) -> bool:
    """Whether a line is a heading because of the line of dashes below it."""
    rules = TEXT_RULES
    if not _UNDERLINE.fullmatch(after.text) or len(line.text) > rules.underlined_chars:
        return False
    share = len(after.text) / width_of(line)
    is_long = after.text[0] == "=" or rules.underline_least_share < share < rules.underline_most_share
    return is_long and _HAS_LETTER.search(line.text) is not None


def _draft(group: list[Line], kind: str, style: Style) -> list[Draft]:
    first = group[0]
    text = joined(group, style) if len(group) > 1 else first.text
    if kind == "rule":
        return []
    if kind == "heading":
        level = len(text) - len(text.lstrip("#"))
        text = text[level:].strip()
        bare = text.rstrip("#")
        return [
            Draft(first.number, inline_text(bare if bare[-1:] == " " else text, style), "heading", 0, level)
        ]
    if kind == "item":
        bullet = BULLET.match(text)
        text = inline_text(text[bullet.end() :] if bullet else text, style)
        if style.markdown and (heading := _LINKED_HEADING.match(text)):
            text = text.replace(heading[1], "", 1)
        text = f"- {text}" if bullet else text
        return [Draft(first.number, text, "list-item", first.indent)]
    return _paragraph(first, text, style)


def _blocks(drafts: list[Draft]) -> tuple[Block, ...]:
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
    rest, link_chars = text, 0
    if OPEN in text or SHUT in text:
        text, rest, link_chars = _unmarked(text)
    if ("  " in text or "\u3000" in text) and "\n" not in text:
        text = " ".join(text.split())
    if "://" in rest or "www." in rest:
        link_chars += sum(len(match[0]) for match in _URL.finditer(rest))
    return text.strip(), link_chars


def _unmarked(text: str) -> tuple[str, str, int]:
    """The text without the marks around links, the text outside of links, and the links' length."""
    outside = _LINKED.sub("", text)
    if OPEN not in outside and SHUT not in outside:
        links = _LINKED.findall(text)
        return (
            text.replace(OPEN, "").replace(SHUT, ""),
            outside,
            sum(_spaced_length(link[1:-1]) for link in links),
        )
    depth = 0
    pieces: list[list[str]] = [[]]  # text and links by turns
    for piece in _LINK_EDGE.split(text):
        if piece in (OPEN, SHUT):
            depth = max(0, depth + (1 if piece == OPEN else -1))
            if (depth > 0) == len(pieces) % 2:
                pieces.append([])
        else:
            pieces[-1].append(piece)
    parts = ["".join(part) for part in pieces]
    return "".join(parts), "".join(parts[::2]), sum(map(_spaced_length, parts[1::2]))


def _spaced_length(text: str) -> int:
    return len(" ".join(text.split()))
