"""Which lines of a dump were one before it was wrapped at a width."""

from __future__ import annotations

import re
from collections import Counter
from itertools import accumulate, islice, pairwise

from dedupe.segment.lines import CONTINUING, Line, Measure, Span, Style, ends, goes_on, text_width, width_of
from dedupe.segment.thresholds import WRAP_RULES

MEASURES: tuple[Measure, ...] = ("columns", "wide columns", "characters")

_SAMPLE = 4000  # breaks that are looked at for the wrap width
_CJK = "\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003134f"
_IS_CJK = re.compile(f"[{_CJK}]")
_FIRST_WORD = re.compile(rf"[^\s{_CJK}]+")
_LETTERS = "A-Za-z0-9\u00c0-\u024f\u0370-\u1fff\u3130-\u318f\uac00-\ud7a3"  # of words between spaces
_WORD = re.compile(f"[{_LETTERS}]+")
_LAST_WORD = re.compile(rf"[{_LETTERS}]+\Z")
_FIRST_CHUNK = re.compile(r"(?=[^\W_])[^\s-]+-?")  # what a program moves that breaks lines at spaces only
_DOT_NAME = re.compile(r"[·・](?=\S)")  # stands inside names of CJK text, and before the items of lists
_SUSPENDED = re.compile(r"(?:und|oder|bzw|and|or|et|ou|og|och|en|of|e|o|y|i)\b")
_INNER_END = re.compile(r"\w\w[.!?] |[。！？][”』」]?(?=\w)")
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
    least, most = WRAP_RULES.line_chars, WRAP_RULES.widest_columns
    pairs = (pair for chunk in chunks if len(chunk) > 1 for pair in pairwise(chunk))
    breaks = [
        (line, after)
        for line, after in islice(pairs, _SAMPLE)
        if least <= len(line.text) <= most
        and (" " in line.text or _IS_CJK.search(line.text))  # more than a word or an address
        and _CLAUSE.search(f"{line.text} {after.text}")
        and _runs_over(line.text, after.text)
    ]
    if len(breaks) < WRAP_RULES.agreed_breaks:
        return None
    votes, span = 0, None
    for measure in MEASURES:
        ballot = _voted_span(breaks, measure)
        if ballot and ballot[0] > WRAP_RULES.better_ratio * votes:
            votes, span = ballot
    if span is None or _is_overrun(chunks, span, votes):
        return None
    cut = _cut_width(breaks, chunks)
    return Span(cut, cut, "characters", True) if cut else span


def _voted_span(breaks: list[tuple[Line, Line]], measure: Measure) -> tuple[int, Span] | None:
    """The widths that explain the most breaks, and how many these are."""
    rules = WRAP_RULES
    least, most, word = rules.narrowest_columns, rules.widest_columns, rules.word_columns
    votes = [0] * (most + 2)
    total = 0
    for line, after in breaks:
        low, high = _reach(line, after, measure)
        if least <= low <= most and high <= low + word:
            votes[low] += 1
            votes[min(high, most) + 1] -= 1
            total += 1
    heights = list(accumulate(votes))
    best = max(heights)
    if best < rules.agreed_breaks or best < rules.breaks_share * total:
        return None
    low = heights.index(best)
    high = next(width for width in range(low, most + 2) if heights[width] != best) - 1
    if best < rules.breaks and (best < total or high > low + rules.cjk_slack_columns):
        return None
    span = Span(low, high, measure)
    return (best, span) if _is_wide(breaks, span) or _is_prose(breaks, span, best, total) else None


def _is_wide(breaks: list[tuple[Line, Line]], span: Span) -> bool:
    """Whether the lines of this width are longer than those of lists and verse."""
    full = [width_of(line) for line, after in breaks if _is_full(line, after, span)]
    return sum(full) >= WRAP_RULES.prose_columns * len(full)


def _is_prose(breaks: list[tuple[Line, Line]], span: Span, votes: int, total: int) -> bool:
    """Whether short lines are those of wrapped text: nearly all agree, and sentences end inside them."""
    rules = WRAP_RULES
    least = rules.breaks if votes == total else rules.narrow_breaks
    if votes < least or votes < rules.narrow_breaks_share * total:
        return False
    inner = sum(_INNER_END.search(line.text) is not None for line, _ in breaks)
    return inner >= rules.narrow_ends_share * votes


def _cut_width(breaks: list[tuple[Line, Line]], chunks: list[list[Line]]) -> int:
    """The number of characters at which lines are cut whatever stands there; 0 if words stay whole."""
    latin = [pair for pair in breaks if pair[1].text[0].isalnum() and not _IS_CJK.match(pair[1].text)]
    if len(latin) < WRAP_RULES.breaks:
        return 0
    width, exact = Counter(_raw_width(line) for line, _ in latin).most_common(1)[0]
    if exact >= WRAP_RULES.cut_share * len(latin):
        return width
    near = [pair for pair in latin if width - 1 <= _raw_width(pair[0]) <= width]
    if len(near) < WRAP_RULES.nearly_cut_share * len(latin):
        return 0
    words = whole_words(chunks)
    halves = sum(_is_halved(line.text, after.text, words) for line, after in near)
    return width if halves > 0 else 0


def _is_halved(text: str, after: str, words: Counter[str]) -> int:
    """1 if a word that stands elsewhere goes over the break, -1 if two such words meet there."""
    head, rest = _LAST_WORD.search(text), _WORD.match(after)
    if head is None or rest is None:
        return 0
    whole, parts = words[head[0] + rest[0]], min(words[head[0]], words[rest[0]])
    return (whole > parts) - (parts > whole)


def whole_words(chunks: list[list[Line]]) -> Counter[str]:
    """The words inside of lines: those at the ends may be parts of words."""
    lines = (line.text for chunk in chunks for line in chunk)
    found = (match for text in lines for match in _WORD.finditer(text))
    return Counter(match[0] for match in found if match.start() > 0 and match.end() < len(match.string))


def _raw_width(line: Line) -> int:
    """The characters of a line, spaces at both ends included."""
    return line.indent + len(line.text) + line.tail


def _is_overrun(chunks: list[list[Line]], span: Span, votes: int) -> bool:
    """Whether more lines than are wrapped at the width run beyond it."""
    long = 0
    for chunk in chunks:
        if len(chunk) > 1:
            for line in chunk:
                if (
                    width_of(line, span.measure) > span.high
                    and _breaks_before(line.text, span)
                    and not MARKED.match(line.text)
                ):
                    long += "](" not in line.text
    return long > votes


def _breaks_before(text: str, span: Span) -> bool:
    """Whether a line that is too long could have been wrapped."""
    if " " in text[: span.high]:
        return True
    most = span.high + WRAP_RULES.cjk_slack_columns
    return width_of(Line(0, text), span.measure) > most and 2 * len(_IS_CJK.findall(text)) > len(text)


def _runs_over(text: str, after: str) -> bool:
    """Whether a sentence seems to run on from one line into the next."""
    if MARKED.match(after) or ends(text):
        return False
    begins = after[0]
    return (
        begins.islower() or (begins.isalpha() and not begins.isupper()) or _IS_CJK.match(begins) is not None
    )


def _reach(line: Line, after: Line, measure: Measure) -> tuple[int, int]:
    """The least and the greatest wrap width that would explain the break between two lines."""
    width = width_of(line, measure)
    spaced = measure == "characters" and not _IS_CJK.match(line.text, len(line.text) - 1)
    word = (_FIRST_CHUNK if spaced else _FIRST_WORD).match(after.text)
    slack = WRAP_RULES.cjk_slack_columns
    if measure == "characters":
        slack //= 2
    if word is None or (len(word[0]) < slack and _IS_CJK.match(line.text, len(line.text) - 1)):
        hanging = slack // 2 * (line.text[-1] in CONTINUING)  # a comma may hang over the edge
        return width - hanging, width + slack
    return width, width + text_width(word[0], measure)


def joined(lines: list[Line], style: Style) -> str:
    """The text of a paragraph's lines."""
    parts = [lines[0].text]
    span = next((span for span in style.spans if span.cut), None)
    margin = min(line.indent for line in (lines[1:] if len(lines) > 2 else lines))
    for line, after in pairwise(lines):
        glue = _glue(line.text, after.text)
        if span and span.low - 1 <= _raw_width(line) <= span.low:
            glue = (
                " " if after.indent == 1 or after.indent > margin else _glue_of_cut(line, after, span, style)
            )
        parts += (glue, after.text)
    return "".join(parts)


def _glue(text: str, after: str) -> str:
    """What belongs between two lines of a paragraph: a space, but not in CJK or behind a hyphen."""
    if _IS_CJK.match(after) or _IS_CJK.match(text, len(text) - 1):
        return ""
    if text[-1] == "-" and text[-2:-1].isalnum() and after[0].isalnum():
        return " " if _SUSPENDED.match(after) else ""
    return "" if after[0] in CONTINUING and not text[-1].isspace() else " "


def _glue_of_cut(line: Line, after: Line, span: Span, style: Style) -> str:
    """What stood where a line was cut at its width: a space if it is still there, or nothing. Where spaces at
    the ends of lines are gone, what is a word elsewhere in the dump is one here."""
    if line.tail:
        return " "
    head, rest = _LAST_WORD.search(line.text), _WORD.match(after.text)
    if head is None or rest is None:
        return _glue(line.text, after.text) if _raw_width(line) < span.low else ""
    halved = _is_halved(line.text, after.text, style.words)
    return " " if halved < 0 or (halved == 0 and _raw_width(line) < span.low) else ""


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
    if kind or kind_after or line.tail > 1 or after.fresh or line.indent or after.indent or ends(line.text):
        return False
    return len(line.text) + len(after.text.split(None, 1)[0]) >= WRAP_RULES.html2text_chars


def _wrapped(lines: list[Line], kinds: list[str], span: Span, markdown: bool) -> list[bool]:
    """Which lines are full: the next one's first word would not have fitted."""
    joints = []
    begins = True
    in_item = kinds[0] == "item"
    bounded = (
        len(lines) <= WRAP_RULES.paragraph_lines
        or sum(line.fresh for line in lines) > 1  # indents tell where paragraphs begin
        or all(_is_full(*pair, span) for pair in pairwise(lines))
    )
    for (line, after), kind, kind_after in zip(pairwise(lines), kinds, kinds[1:], strict=False):
        if begins:
            in_item = kind == "item"
        joint = (
            (kind in ("", "item") or (markdown and kind == "heading"))
            and (not kind_after or _DOT_NAME.match(after.text) is not None)
            and not after.fresh
            and not (markdown and line.tail > 1)
            and (line.quote or not after.quote)
            and (
                _keeps_indent(line, after, begins, in_item)
                or (span.cut and abs(after.indent - line.indent) == 1)
            )
            and _is_full(line, after, span)
            and (bounded or not ends(line.text) or after.text[0].islower())
        )
        joints.append(joint)
        begins = not joint
    return joints


def _keeps_indent(line: Line, after: Line, begins: bool, in_item: bool) -> bool:
    if after.indent == line.indent:
        return True
    return begins and (line.fresh or (after.indent > line.indent) == in_item)


def _is_full(line: Line, after: Line, span: Span) -> bool:
    if span.cut and line.tail and _raw_width(line) == span.low:
        return True
    low, high = _reach(line, after, span.measure)
    if low > span.high:
        return " " not in line.text and ("](" in line.text or "://" in line.text)  # nowhere to break
    return high >= span.low


def _own_span(lines: list[Line], kinds: list[str]) -> Span | None:
    """The width at which a single paragraph's lines are wrapped, if it is sure that they are."""
    rules = WRAP_RULES
    if not rules.lone_lines <= len(lines) <= rules.paragraph_lines or any(kinds[1:]):
        return None
    most = rules.widest_columns
    if any(len(line.text) > most for line in lines):
        return None
    width = max(map(width_of, lines))
    least = rules.prose_columns if _IS_CJK.search(lines[0].text) else rules.lone_columns
    pairs = list(pairwise(lines))
    if not least <= width <= most or not all(_reach(*pair, "columns")[1] >= width for pair in pairs):
        return None
    return Span(width, width) if _is_running(lines, pairs) else None


def _is_running(lines: list[Line], pairs: list[tuple[Line, Line]]) -> bool:
    """Whether lines read as one text: sentences run over their ends, and they have clauses."""
    running = sum(_runs_over(line.text, after.text) for line, after in pairs)
    clauses = sum(_CLAUSE.search(line.text) is not None for line in lines)
    share = WRAP_RULES.lone_running_share if len(pairs) > 2 else 1
    return 2 * clauses >= len(lines) and running >= share * len(pairs)


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
    least = WRAP_RULES.running_chars
    if length < least or ends(text):
        return False
    more = bool(beyond) and (goes_on(beyond) or beyond[0].islower())
    if after[0].islower():
        return more or len(after) >= least or _INNER_END.search(f"{after} ") is not None or after[-1] in ",，"
    is_short = len(after) <= WRAP_RULES.inserted_chars
    return more and length >= 2 * least and is_short and not ends(after)
