"""The same dump in other forms: line ends, frames around every line, entities, Markdown, wrapped at a width.

A dump is a list of blocks, a line each; a form makes a text of them from which the same blocks must come.
"""

from __future__ import annotations

import html
import re
import textwrap
import unicodedata
from collections.abc import Callable, Sequence

Blocks = Sequence[str]
Form = Callable[[Blocks, str], str]  # the blocks, and what stands between two of them

WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff00-\uff60]"
)
CJK = re.compile("[\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
NO_START = "，。、；：！？）】》」』”’…,.;:!?)]%"
NO_END = "（【《「『“‘(["
TOKEN = re.compile(r"[^\s\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]+|\s+|.")


def columns(text: str) -> int:
    """The width of a text where a full-width character takes two columns."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


# ---------------------------------------------------------------- wrapping


def cut(text: str, width: int) -> list[str]:
    """Pieces of so many characters each, whatever stands there."""
    return [text[at : at + width] for at in range(0, len(text), width)] or [""]


def cut_stripped(text: str, width: int) -> list[str]:
    """The same, white space at both ends of a line taken off."""
    return [piece.strip() for piece in cut(text, width)]


def _filled(text: str, width: int, size: Callable[[str], int], kinsoku: bool) -> list[str]:
    """Lines as full as they get: words stay whole, CJK breaks anywhere but beside some signs."""
    lines: list[str] = []
    line = ""
    for token in TOKEN.findall(text):
        if size(line + token.rstrip()) <= width or not line or (kinsoku and token in NO_START):
            line += token if line or token.strip() or not lines else ""
            continue
        carried = ""
        while kinsoku and line and line[-1] in NO_END:
            line, carried = line[:-1], line[-1] + carried
        lines.append(line.rstrip())
        line = carried + token.lstrip()
    return [*lines, line.rstrip()]


def filled_columns(text: str, width: int) -> list[str]:
    return _filled(text, width, columns, kinsoku=False)


def filled_kinsoku(text: str, width: int) -> list[str]:
    return _filled(text, width, columns, kinsoku=True)


def filled_characters(text: str, width: int) -> list[str]:
    return _filled(text, width, len, kinsoku=False)


def textwrapped(text: str, width: int) -> list[str]:
    """As Python's own textwrap does it: at spaces only, words longer than the width cut."""
    return textwrap.wrap(text, width) or [""]


WRAPS: dict[str, Callable[[str, int], list[str]]] = {
    "cut": cut,
    "cut-stripped": cut_stripped,
    "columns": filled_columns,
    "kinsoku": filled_kinsoku,
    "characters": filled_characters,
    "textwrap": textwrapped,
}


def wrapped(how: str, width: int, first: str = "", rest: str = "") -> Form:
    """Every block wrapped; `first` and `rest` stand before its first line and the others."""

    def form(blocks: Blocks, gap: str) -> str:
        return gap.join(
            "\n".join((rest if at else first) + line for at, line in enumerate(WRAPS[how](block, width)))
            for block in blocks
        )

    return form


# ---------------------------------------------------------------- frames


def _rows(row: Callable[[int, str], str], blank: bool = True) -> Form:
    """A sign before every line, its number given; before blank ones too if `blank`."""

    def form(blocks: Blocks, gap: str) -> str:
        rows, number = [], 0
        for text in gap.join(blocks).split("\n"):
            if text or blank:
                number += 1
                rows.append(row(number, text))
            else:
                rows.append(text)
        return "\n".join(rows)

    return form


def _ends(end: str) -> Form:
    return lambda blocks, gap: gap.join(blocks).replace("\n", end)


FRAMES: dict[str, Form] = {
    **{
        f"ends-{end.encode('unicode_escape').decode()}": _ends(end)
        for end in ("\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c")
    },
    "numbered-dot": _rows(lambda n, text: f"{n}. {text}", blank=False),
    "numbered-paren": _rows(lambda n, text: f"{n}) {text}", blank=False),
    "numbered-zh": _rows(lambda n, text: f"{n}、{text}", blank=False),
    "numbered-bracket": _rows(lambda n, text: f"[{n}] {text}", blank=False),
    "numbered-cat": _rows(lambda n, text: f"{n:6d}\t{text}"),
    "numbered-nl": _rows(lambda n, text: f"{n:6d}  {text}", blank=False),
    "numbered-grep": _rows(lambda n, text: f"{n}:{text}"),
    "numbered-space": _rows(lambda n, text: f"{n} {text}"),
    "numbered-zero": _rows(lambda n, text: f"{n:04d}: {text}"),
    "indented-2": _rows(lambda n, text: f"  {text}", blank=False),
    "indented-4": _rows(lambda n, text: f"    {text}"),
    "indented-8": _rows(lambda n, text: f"        {text}", blank=False),
    "indented-tab": _rows(lambda n, text: f"\t{text}", blank=False),
    "indented-wide": _rows(lambda n, text: f"\u3000\u3000{text}", blank=False),
    "trailing": _rows(lambda n, text: f"{text}   "),
    "quoted": _rows(lambda n, text: f"> {text}"),
    "quoted-bare": _rows(lambda n, text: f">{text}"),
    "quoted-lines": _rows(lambda n, text: f"> {text}", blank=False),
    "quoted-twice": _rows(lambda n, text: f">> {text}"),
    "quoted-spaced": _rows(lambda n, text: f"> > {text}"),
    "boxed": _rows(lambda n, text: f"| {text}"),
}


# ---------------------------------------------------------------- entities and Markdown

NAMED = {"“": "&ldquo;", "”": "&rdquo;", "·": "&middot;", "—": "&mdash;", "…": "&hellip;", " ": "&nbsp;"}


def _named(blocks: Blocks, gap: str) -> str:
    table = str.maketrans({sign: name for sign, name in NAMED.items() if sign != " "})
    return gap.join(html.escape(block).translate(table) for block in blocks)


def _spaces(blocks: Blocks, gap: str) -> str:
    return gap.join(html.escape(block).replace(" ", "&nbsp;") for block in blocks)


def _decimal(blocks: Blocks, gap: str) -> str:
    return gap.join(
        "".join(sign if sign.isascii() and sign != "&" else f"&#{ord(sign)};" for sign in block)
        for block in blocks
    )


def _hexadecimal(blocks: Blocks, gap: str) -> str:
    return gap.join(
        "".join(sign if sign.isascii() and sign != "&" else f"&#x{ord(sign):X};" for sign in block)
        for block in blocks
    )


def _twice(blocks: Blocks, gap: str) -> str:
    return gap.join(html.escape(html.escape(block)) for block in blocks)


ENTITIES: dict[str, Form] = {
    "entities-named": _named,
    "entities-nbsp": _spaces,
    "entities-decimal": _decimal,
    "entities-hex": _hexadecimal,
    "entities-twice": _twice,
}
ESCAPED = re.compile(r"([\\`*_{}\[\]#+!|])")


def markdown(headline: str) -> Form:
    """As a converter writes it: the headline a heading, the rest escaped, here and there in bold."""

    def form(blocks: Blocks, gap: str) -> str:
        rows = []
        for number, block in enumerate(blocks):
            text = ESCAPED.sub(r"\\\1", block.strip())
            if block == headline:
                rows.append(f"# {text}")
            elif number % 5 == 2 and len(text) < 60:
                rows.append(f"**{text}**")
            else:
                rows.append(text)
        return "\n\n".join(rows)

    return form
