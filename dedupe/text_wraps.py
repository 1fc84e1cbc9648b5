"""Which lines of a dump were one before it was wrapped at a width."""

from __future__ import annotations

import re
from itertools import accumulate, islice, pairwise

from .text_lines import CONTINUING, Line, Span, Style, ends, goes_on, text_width, width_of

NARROWEST, WIDEST = 56, 130  # columns: wrapping at other widths is not looked for
NARROWEST_LONE = 60  # the same for a paragraph that is the only wrapped one
LEAST_VOTES = 4  # breaks that a width must explain before a dump counts as wrapped at it
SAMPLE = 4000  # breaks that are looked at for the wrap width
HTML2TEXT_WIDTH = 78  # its default; it counts characters and breaks at spaces only
LONGEST_PARAGRAPH = 40  # lines: more of them without a blank line are no single paragraph
RUNNING_CHARS = 40  # a line from this length on may begin a sentence that the next ones end
_CJK = "\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003134f"
_IS_CJK = re.compile(f"[{_CJK}]")
_FIRST_WORD = re.compile(rf"[^\s{_CJK}]+")
_CJK_SLACK = 4  # columns by which a line of CJK may fall short, as no line begins with a comma
_SUSPENDED = re.compile(r"(?:und|oder|bzw|and|or|et|ou|og|och|en|of|e|o|y|i)\b")
_INNER_END = re.compile(r"\w\w[.!?] ")
_CLAUSE = re.compile("[,;.、，。；،؛]")
MARKED = re.compile(r"[-#*+_=~|>(（•·‣◦▪▫●○■□◆◇▶►➤・⁃∙—─━＝]|\d{1,3}[.)、．）]|[a-z]\)")


def wrap_spans(chunks: list[list[Line]]) -> tuple[Span, ...]:
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


def _wrap_span(chunks: list[list[Line]]) -> Span | None:
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


def _voted_span(breaks: list[tuple[Line, Line]], spaced: bool) -> tuple[int, Span] | None:
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
    return best, Span(low, high, spaced)


def _is_overrun(chunks: list[list[Line]], span: Span, votes: int) -> bool:
    """Whether more lines than are wrapped at the width run beyond it."""
    long = 0
    for chunk in chunks:
        if len(chunk) > 1:
            for line in chunk:
                if (
                    len(line.text) > span.high
                    and " " in line.text[: span.high]
                    and not MARKED.match(line.text)
                ):
                    long += "](" not in line.text
    return long > votes


def _runs_over(text: str, after: str) -> bool:
    """Whether a sentence seems to run on from one line into the next."""
    if MARKED.match(after) or ends(text):
        return False
    begins = after[0]
    return (
        begins.islower() or (begins.isalpha() and not begins.isupper()) or _IS_CJK.match(begins) is not None
    )


def _reach(line: Line, after: Line, spaced: bool) -> tuple[int, int]:
    """The least and the greatest wrap width that would explain the break between two lines."""
    if spaced:
        width = line.indent + len(line.text)
        word = _FIRST_WORD.match(after.text)
        return width, width + (len(word[0]) if word else 0)
    width = width_of(line)
    word = _FIRST_WORD.match(after.text)
    if word is None or (len(word[0]) < _CJK_SLACK and _IS_CJK.match(line.text, len(line.text) - 1)):
        return width - 2 * (line.text[-1] in CONTINUING), width + _CJK_SLACK  # a comma may hang over the edge
    return width, width + text_width(word[0])


def joined(lines: list[Line]) -> str:
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
    return "" if after[0] in CONTINUING and not text[-1].isspace() else " "


def joints_of(lines: list[Line], kinds: list[str], style: Style) -> list[bool]:
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


def _is_soft(here: tuple[Line, str], beyond: tuple[Line, str]) -> bool:
    """Whether a break is none, in a dump that marks its line breaks with two spaces."""
    (line, kind), (after, kind_after) = here, beyond
    if kind or kind_after or line.hard or after.fresh or line.indent or after.indent or ends(line.text):
        return False
    return len(line.text) + len(after.text.split(None, 1)[0]) >= HTML2TEXT_WIDTH


def _wrapped(lines: list[Line], kinds: list[str], span: Span, markdown: bool) -> list[bool]:
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
            and (bounded or not ends(line.text) or after.text[0].islower())
        )
        joints.append(joint)
        begins = not joint
    return joints


def _keeps_indent(line: Line, after: Line, begins: bool, in_item: bool) -> bool:
    if after.indent == line.indent:
        return True
    return (after.indent > line.indent) == in_item if begins else False


def _is_full(line: Line, after: Line, span: Span) -> bool:
    low, high = _reach(line, after, span.spaced)
    if low > span.high:
        return " " not in line.text and ("](" in line.text or "://" in line.text)  # nowhere to break
    return high >= span.low


def _own_span(lines: list[Line], kinds: list[str]) -> Span | None:
    """The width at which a single paragraph's lines are wrapped, if it is sure that they are."""
    if not 3 <= len(lines) <= LONGEST_PARAGRAPH or any(kinds[1:]):
        return None
    if any(len(line.text) > WIDEST for line in lines):
        return None
    width = max(map(width_of, lines))
    least = NARROWEST if _IS_CJK.search(lines[0].text) else NARROWEST_LONE
    pairs = list(pairwise(lines))
    if not least <= width <= WIDEST or not all(_reach(*pair, False)[1] >= width for pair in pairs):
        return None
    return Span(width, width) if _is_running(lines, pairs) else None


def _is_running(lines: list[Line], pairs: list[tuple[Line, Line]]) -> bool:
    """Whether lines read as one text: sentences run over their ends, and they have clauses."""
    running = sum(_runs_over(line.text, after.text) for line, after in pairs)
    clauses = sum(_CLAUSE.search(line.text) is not None for line in lines)
    return 2 * clauses >= len(lines) and (
        10 * running >= 6 * len(pairs) if len(pairs) > 2 else running == len(pairs)
    )


def _scattered(lines: list[Line], kinds: list[str], joints: list[bool]) -> list[bool]:
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
    if goes_on(after):
        return True
    if length < RUNNING_CHARS or ends(text):
        return False
    more = bool(beyond) and (goes_on(beyond) or beyond[0].islower())
    if after[0].islower():
        return (
            more
            or len(after) >= RUNNING_CHARS
            or _INNER_END.search(f"{after} ") is not None
            or after[-1] in ",，"
        )
    return more and length >= 2 * RUNNING_CHARS and len(after) <= 60 and not ends(after)
