"""Renders a result as text, Markdown, HTML or JSON, and writes files whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from .errors import OptionsError, OutputError
from .types import EDGE_ROLES, Role

if TYPE_CHECKING:
    from .types import Block, CleanResult

FORMATS = ("text", "markdown", "html", "json")

_MAX_DEPTH = 8  # list items nested deeper than this would only push the text off the page
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
# C0, DEL, C1 and the marks that reorder what follows them: what could steer a terminal
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NUMBERED = re.compile(r"(0|[1-9][0-9]{0,8})\. ")


def render(result: CleanResult, format: str = "text", body_only: bool = False) -> str:
    """`result` as "text", "markdown", "html" or "json", without the edge roles if `body_only`.

    Raises:
        OptionsError: `format` is none of `FORMATS`.
    """
    writers: dict[str, Callable[[CleanResult, bool], str]] = {
        "text": to_text,
        "markdown": to_markdown,
        "html": to_html,
        "json": to_json,
    }
    if format not in writers:
        raise OptionsError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    return writers[format](result, body_only)


def to_text(result: CleanResult, body_only: bool = False) -> str:
    """The kept blocks with one blank line between them and a final newline, "" if there are none."""
    return _joined(block.text for block in _kept(result, body_only))


def to_markdown(result: CleanResult, body_only: bool = False) -> str:
    """The kept blocks as CommonMark with GitHub's tables; "" if there are none.

    A Markdown reader shows the blocks' own text: what would act as markup is escaped.
    """
    return _joined(_parts(_kept(result, body_only), _markdown_block, _markdown_list))


def to_html(result: CleanResult, body_only: bool = False) -> str:
    """The kept blocks as a small HTML document that is well-formed XML too.

    All of it that comes from the page is escaped text; characters that XML forbids are left out.
    """
    parts = _parts(_kept(result, body_only), _html_block, _html_list)
    language = f' lang="{_html(result.language)}"' if result.language else ""
    lines = [
        "<!DOCTYPE html>",
        f"<html{language}>",
        f'<head>\n<meta charset="utf-8"/>\n<title>{_html(result.title or "Untitled")}</title>\n</head>',
        "<body>\n<article>",
        *parts,
        "</article>\n</body>\n</html>\n",
    ]
    return "\n".join(lines)


def to_json(result: CleanResult, body_only: bool = False) -> str:
    """`result.to_dict()` as indented JSON; `CleanResult.from_dict` reads it back.

    With `body_only` the edge roles, and the references to them, are not in the record.
    """
    import json

    record = result.to_dict()
    if body_only:
        record["blocks"] = [block for block in record["blocks"] if block["role"] not in EDGE_ROLES]
        numbers = {block["number"] for block in record["blocks"]}
        for removal in record["removals"]:
            removal["originals"] = [number for number in removal["originals"] if number in numbers]
    text = json.dumps(record, ensure_ascii=False, indent=2)
    return _SURROGATES.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def encode(text: str) -> bytes:
    """UTF-8, with U+FFFD for lone surrogates: the form in which text leaves the program."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text).encode()


def printable(text: str) -> str:
    """`text` without control and bidi-reordering characters: safe to show on a terminal."""
    return _SURROGATES.sub("\ufffd", _UNPRINTABLE.sub("", text))


def xml_text(text: str) -> str:
    """`text` without the characters that neither XML nor HTML may hold."""
    return text if text.isprintable() else _NOT_XML.sub("", text)


def write_atomic(
    path: str | os.PathLike[str], text: str, *, inputs: Iterable[str | os.PathLike[str] | int] = ()
) -> None:
    """Write `text` to `path` as UTF-8: all of it, or else the old file stays as it was.

    A symbolic link is followed, an existing file keeps its mode; a device or pipe is written to
    directly. `inputs` are paths or open file descriptors that must not be overwritten.

    Raises:
        OutputError: `path` is one of `inputs`, or it cannot be written; the text says what to do.
    """
    target = os.path.realpath(path)
    try:
        mode = _existing_mode(target)
        if mode is not None:
            _check_target(path, target, mode, inputs)
        if mode is None or stat.S_ISREG(mode):
            _replace(target, encode(text), mode)
        else:
            with open(target, "wb") as device:
                device.write(encode(text))
    except OSError as error:
        raise OutputError(f"{os.fspath(path)}: {_write_problem(error, target)}") from error


def _kept(result: CleanResult, body_only: bool) -> list[Block]:
    hidden = EDGE_ROLES if body_only else ()
    return [block for block in result.blocks if block.role not in hidden and block.text.strip()]


def _joined(parts: Iterable[str]) -> str:
    text = "\n\n".join(parts)
    return f"{text}\n" if text else ""


@dataclass(slots=True)
class _Item:
    """A list item: its number in an ordered list, its text without the mark, the items under it."""

    number: int | None
    text: str
    children: list[_Item] = field(default_factory=list)


def _parts(
    blocks: Iterable[Block], one: Callable[[Block], str], many: Callable[[Sequence[_Item]], str]
) -> Iterator[str]:
    for is_list, run in groupby(blocks, key=lambda block: block.role == "list-item"):
        if is_list:
            yield many(_nested(run))
        else:
            yield from map(one, run)


def _nested(run: Iterable[Block]) -> list[_Item]:
    roots: list[_Item] = []
    open_lists = [(-1, roots)]
    for block in run:
        depth = max(block.level, 0)
        while open_lists[-1][0] > depth:
            open_lists.pop()
        if open_lists[-1][0] < depth and len(open_lists) <= _MAX_DEPTH:
            # the first list of a run has no parent item: it is the top, whatever its depth
            below = open_lists[-1][1][-1].children if len(open_lists) > 1 else roots
            open_lists.append((depth, below))
        open_lists[-1][1].append(_item(block.text))
    return roots


def _item(text: str) -> _Item:
    if text.startswith("- "):
        return _Item(None, text[2:].strip())
    if match := _NUMBERED.match(text):
        return _Item(int(match[1]), text[match.end() :].strip())
    return _Item(None, text.strip())


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split(" | ")] for line in text.strip("\n").split("\n")]


_HTML_TAGS: dict[Role, tuple[str, str]] = {
    "headline": ("<h1>", "</h1>"),
    "deck": ('<p class="deck">', "</p>"),
    "byline": ('<p class="byline">', "</p>"),
    "dateline": ('<p class="dateline">', "</p>"),
    "notice": ('<p class="notice">', "</p>"),
    "quote": ("<blockquote><p>", "</p></blockquote>"),
    "caption": ("<figure><figcaption>", "</figcaption></figure>"),
}


def _html(text: str) -> str:
    text = xml_text(text).replace("\r\n", "\n").replace("\r", "\n").replace("&", "&amp;")
    return text.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _html_block(block: Block) -> str:
    if block.role == "table":
        return _html_table(block.text)
    if block.role == "preformatted":
        # an HTML reader drops a newline that follows the tag
        return f"<pre>{_html(block.text).strip(chr(10))}</pre>"
    if block.role == "heading":
        level = _heading_level(block)
        return f"<h{level}>{_html(block.text)}</h{level}>"
    start, end = _HTML_TAGS.get(block.role, ("<p>", "</p>"))
    return f"{start}{_html(block.text)}{end}"


def _heading_level(block: Block) -> int:
    return min(max(block.level, 2), 6)  # level 1 is the headline's


def _html_table(text: str) -> str:
    rows = ("".join(f"<td>{cell}</td>" for cell in row) for row in _rows(_html(text)))
    return "<table>\n" + "\n".join(f"<tr>{row}</tr>" for row in rows) + "\n</table>"


def _html_list(items: Sequence[_Item]) -> str:
    parts = []
    for ordered, run in groupby(items, key=lambda item: item.number is not None):
        tag = "ol" if ordered else "ul"
        parts += [f"<{tag}>", *map(_html_item, run), f"</{tag}>"]
    return "\n".join(parts)


def _html_item(item: _Item) -> str:
    value = "" if item.number is None else f' value="{item.number}"'
    children = f"\n{_html_list(item.children)}\n" if item.children else ""
    return f"<li{value}>{_html(item.text)}{children}</li>"


_URL = r"https?://[!#-;=?-~]+"
_ACTS = re.compile(
    r"""\\(?=[!-/:-@\[-`{-~]|\Z)          # a backslash before what it would escape
      | [`*\[~]                           # code, emphasis, links, strike-through
      | (?<![^\W_])_ | _(?![^\W_])        # emphasis, but not inside a word
      | <(?=[A-Za-z/!?])                  # tags, comments, autolinks
      | &(?=\#?[A-Za-z0-9]+;)             # character references
    """,
    re.VERBOSE,
)
_MAY_ACT = re.compile(r"[\\`*\[~_<&]")
_URL_OR_ACTS = re.compile(f"(?P<url>{_URL})|(?:{_ACTS.pattern})", re.VERBOSE)
_LINE_MARK = re.compile(r"\#{1,6}(?=[ \t]|\Z)|>|[-+](?=[ \t]|\Z)|-(?:[ \t]*-){2,}\Z", re.VERBOSE)
_LINE_NUMBER = re.compile(r"([0-9]{1,9})([.)])(?=[ \t]|\Z)")
_CLOSING_MARKS = re.compile(r"(\A|[ \t])(#+)\Z")
_FENCES = re.compile("`{3,}")


def _markdown_block(block: Block) -> str:
    if block.role == "table":
        return _markdown_table(block.text)
    if block.role == "preformatted":
        return _fenced(block.text)
    if block.role in ("headline", "heading"):
        level = 1 if block.role == "headline" else _heading_level(block)
        title = _CLOSING_MARKS.sub(r"\1\\\2", _inline(block.text))
        return f"{'#' * level} {title}"
    if block.role == "caption":
        return f"*{_inline(block.text).strip()}*"
    return f"{'> ' if block.role == 'quote' else ''}{_line(block.text)}"


def _markdown_list(items: Sequence[_Item]) -> str:
    return "\n".join(_markdown_items(items, ""))


def _markdown_items(items: Sequence[_Item], indent: str) -> Iterator[str]:
    before: int | None = None
    for item in items:
        if before is not None and item.number not in (None, before + 1):
            # a reader counts on from the first number: only a new list can take up another one
            yield f"{indent}<!-- -->"
        mark = "- " if item.number is None else f"{item.number}. "
        yield f"{indent}{mark}{_line(item.text)}"
        yield from _markdown_items(item.children, indent + " " * len(mark))
        before = item.number


def _markdown_table(text: str) -> str:
    rows = [[_inline(cell).replace("|", r"\|") for cell in row] for row in _rows(text)]
    width = max(map(len, rows))
    rows[0] += [""] * (width - len(rows[0]))
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _fenced(text: str) -> str:
    longest = max(map(len, _FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{xml_text(text).strip(chr(10))}\n{fence}"


def _line(text: str) -> str:
    """A whole line of Markdown that reads as `text`."""
    line = _inline(text)
    if _LINE_MARK.match(line):
        return f"\\{line}"
    return _LINE_NUMBER.sub(r"\1\\\2", line, count=1) if _LINE_NUMBER.match(line) else line


def _inline(text: str) -> str:
    one_line = xml_text(text).replace("\r", " ").replace("\n", " ").strip(" \t")
    return _URL_OR_ACTS.sub(_escaped, one_line) if _MAY_ACT.search(one_line) else one_line


def _escaped(match: re.Match[str]) -> str:
    url = match["url"]
    if url is None:
        return f"\\{match[0]}"
    # inside <…> nothing is markup, and readers that link bare addresses see no backslashes
    return f"<{url}>" if _ACTS.search(url) else url


def _existing_mode(target: str) -> int | None:
    try:
        return os.stat(target).st_mode
    except FileNotFoundError:
        return None


def _check_target(
    path: str | os.PathLike[str], target: str, mode: int, inputs: Iterable[str | os.PathLike[str] | int]
) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if stat.S_ISREG(mode) and any(_is_same(target, source) for source in inputs):
        raise OutputError(f"{os.fspath(path)}: this is the input itself; choose another output file")
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _is_same(target: str, source: str | os.PathLike[str] | int) -> bool:
    try:
        return os.path.samefile(target, source)
    except FileNotFoundError:
        return False


def _replace(target: str, data: bytes, mode: int | None) -> None:
    # in the same folder, since only within one file system a rename is atomic
    temporary = os.path.join(os.path.dirname(target), f".dedupe-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _write_problem(error: OSError, target: str) -> str:
    folder = os.path.dirname(target)
    if error.errno == errno.ENOENT:
        return f"there is no folder {folder}; make it first (mkdir -p)"
    remedies = {
        errno.EISDIR: "is a folder; name a file in it",
        errno.ENOTDIR: f"{folder} is no folder; choose another place",
        errno.EACCES: "no permission to write; change the permissions or choose another place",
        errno.EPERM: "no permission to write; change the permissions or choose another place",
        errno.EROFS: "the file system is read-only; choose another place",
        errno.ENOSPC: "the disk is full, nothing was written; make room or choose another place",
        errno.EDQUOT: "the disk quota is used up, nothing was written; make room or choose another place",
        errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    }
    reason = error.strerror or str(error)
    return remedies.get(error.errno or 0, f"cannot be written ({reason}); choose another place")
