"""Inline Markdown to plain text: emphasis, links, code spans, escapes."""

from __future__ import annotations

import re

from dedupe.segment.lines import OPEN, SHUT, Style
from dedupe.segment.thresholds import TEXT_RULES

_TARGET = (
    r"""\( *(?:<[^<>]*>|(?:[^()\s\\<]|\\.|\([^()\s]*\)|(?<=-) )*+)(?: +(?:"[^\n]{0,300}?"|'[^'\n]*'))? *\)"""
)
_URL_TARGET = r"\((?:https?:|/|\#|\.|javascript:|mailto:)(?:[^()\\\n]|\\.|\([^()\n]*\)){0,2000}+\)"
_PLAIN_LINK = re.compile(r"(?<![!\\])\[( *)([^\[\]\\]*)\]\([^()\s\\]*[/.#:][^()\s\\]*(?: \"[^\"\n]*\")?\)")
_PLAIN_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()\s\\]*[/.#:][^()\s\\]*(?: \"[^\"\n]*\")?\)")
_BRACKET = re.compile(rf"\\.|!?\[|\](?:({_TARGET}|{_URL_TARGET})|\[([^\[\]]*)\])?")
_EMPHASIS = re.compile(r"(\\.|\*+|_+|~~)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE_SPAN = re.compile(r"(?<!`)`++([^`\n]+)`++")
_NAME_PIECES = 10  # pieces of a link's text that may be the name of its definition
_EMPTY_SPAN = re.compile(r"(?<!\S)(_ _|\*\* \*\*)(?!\S)")


def inline_text(text: str, style: Style) -> str:
    """The text without Markdown's marks, link text between `OPEN` and `SHUT`."""
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


def _links(text: str, style: Style) -> str:
    """Links replaced by their text, images by nothing."""
    if "![" in text:
        text = _PLAIN_IMAGE.sub("", text)
    elif (whole := _PLAIN_LINK.fullmatch(text)) and whole[2].strip():
        return f"{OPEN}{whole[2].strip()}{SHUT}"  # most items of a menu
    text = _PLAIN_LINK.sub(rf"\1{OPEN}\2{SHUT}", text)
    if "](" in text or "][" in text:
        text = _nested_links(text, style)
    text = text.replace(SHUT + OPEN, f"{SHUT} {OPEN}")
    return text.replace(f" {SHUT}", f"{SHUT} ").replace(OPEN + SHUT, "")


def _nested_links(text: str, style: Style) -> str:
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
            if not _is_link(match, "".join(parts[at + 1 : min(at + _NAME_PIECES, len(parts) - 1)]), style):
                continue
            if parts[at] == "![":
                del parts[at:]
            else:
                parts[at], parts[-1] = OPEN, SHUT
    return "".join([*parts, text[done:]])


def _is_link(match: re.Match[str], text: str, style: Style) -> bool:
    if match[1] is not None:
        return style.markdown or any(sign in match[1] for sign in "/.#:")
    return match[2] is not None and (match[2] or text).casefold() in style.labels


def _emphasis(text: str) -> str:
    """The text without paired marks of emphasis; marks between spaces or inside words stay."""
    pieces = _EMPHASIS.split(text)
    opened: dict[str, int] = {}
    paired: set[int] = set()
    longest = TEXT_RULES.emphasis_signs
    for at in range(1, len(pieces), 2):
        mark = pieces[at]
        if mark[0] == "\\" or len(mark) > longest:
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
