"""The answer to one page: its clean blocks, and every removal with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal

from dedupe.errors import DedupeError
from dedupe.output.html import to_html
from dedupe.output.markdown import to_markdown
from dedupe.output.render import to_text
from dedupe.types import REASONS, ROLES, Block, Removal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


RESULT_VERSION = 1


@dataclass(frozen=True, slots=True)
class CleanResult:
    """One clean copy of a page, and all that was taken out of it.

    `blocks` are the kept blocks in output order, `removals` the others in page order: together
    they are all blocks of the page. `title` is the headline, `date` an ISO date; both may be None.
    `url_is_claimed` says that the page itself, and nobody else, says that this is its URL.
    """

    blocks: tuple[Block, ...]
    removals: tuple[Removal, ...]
    title: str | None = None
    date: str | None = None
    url: str | None = None
    kind: Literal["html", "text"] = "html"
    encoding: str | None = None
    is_article: bool = True
    warnings: tuple[str, ...] = ()
    language: str | None = None
    url_is_claimed: bool = False

    @property
    def text(self) -> str:
        """Every kept block, one blank line between blocks, one newline at the end."""
        return to_text(self)

    @property
    def body(self) -> str:
        """`text` without headline, deck, byline, dateline and rights notice."""
        return to_text(self, body_only=True)

    @property
    def markdown(self) -> str:
        """The kept blocks as Markdown."""
        return to_markdown(self)

    @property
    def html(self) -> str:
        """The kept blocks as a well-formed HTML document."""
        return to_html(self)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready record; `from_dict` reads it back."""
        claimed = {"url_is_claimed": True} if self.url_is_claimed else {}
        return {
            "version": RESULT_VERSION,
            "title": self.title,
            "date": self.date,
            "url": self.url,
            **claimed,
            "kind": self.kind,
            "encoding": self.encoding,
            "is_article": self.is_article,
            "language": self.language,
            "warnings": list(self.warnings),
            "blocks": [block.to_dict() for block in self.blocks],
            "removals": [removal.to_dict() for removal in self.removals],
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> CleanResult:
        """Read back what `to_dict` gave.

        Raises:
            DedupeError: the record is of another version, or not of this shape in any of its fields.
        """
        return result_of(record)


# ---------------------------------------------------------------- results from plain JSON

_NUMBER = (int, float)
_MAYBE_TEXT = (str, NoneType)
_Kinds = type | tuple[type, ...]

#: The fields of a block, and of what kind each is.
_BLOCK: Mapping[str, _Kinds] = {
    "number": int,
    "text": str,
    "role": str,
    "path": str,
    "link_chars": int,
    "level": int,
    "score": (*_NUMBER, NoneType),
    "rule": str,
}
_RESULT: Mapping[str, _Kinds] = {
    "title": _MAYBE_TEXT,
    "date": _MAYBE_TEXT,
    "url": _MAYBE_TEXT,
    "kind": str,
    "encoding": _MAYBE_TEXT,
    "is_article": bool,
    "language": _MAYBE_TEXT,
}


def result_of(record: Any) -> CleanResult:
    """The result that a record is.

    Raises:
        DedupeError: the record is of another version, or not of this shape; the text names the field.
    """
    if not isinstance(record, Mapping):
        raise _wrong(f"a {type(record).__name__} is no record")
    if (version := record.get("version")) != RESULT_VERSION or isinstance(version, bool):
        raise DedupeError(
            f"cannot read a result of version {version!r}: this release reads version {RESULT_VERSION}; "
            "clean the page again"
        )
    values = {name: _value(record, name, kinds) for name, kinds in _RESULT.items()}
    _one_of(values["kind"], ("html", "text"), "kind")
    claimed = _value({"url_is_claimed": False, **record}, "url_is_claimed", bool)
    blocks = tuple(_block(item, "blocks") for item in _list(record, "blocks"))
    removals = _removals(_list(record, "removals"), {block.number: block for block in blocks})
    numbers = [block.number for block in (*blocks, *(removal.block for removal in removals))]
    if len({*numbers}) < len(numbers):
        raise _wrong("two blocks have one number")
    warnings = tuple(_list(record, "warnings"))
    if not all(isinstance(warning, str) for warning in warnings):
        raise _wrong("'warnings' holds more than texts")
    return CleanResult(blocks, removals, warnings=warnings, url_is_claimed=claimed, **values)


def _removals(items: Sequence[Any], kept: Mapping[int, Block]) -> tuple[Removal, ...]:
    return tuple(_removal(item, kept) for item in items)


def _removal(item: Any, kept: Mapping[int, Block]) -> Removal:
    if not isinstance(item, Mapping):
        raise _wrong(f"'removals' holds {item!r:.60}")
    originals = _list(item, "originals")
    if not all(isinstance(number, int) and number in kept for number in originals):
        raise _wrong("'originals' names a block that is not kept")
    block = _block(item.get("block"), "removals")
    reason = _value(item, "reason", str)
    _one_of(reason, REASONS, "reason")
    score = _value(item, "score", _NUMBER)
    return Removal(
        block, reason, _value(item, "rule", str), score, tuple(kept[number] for number in originals)
    )


def _block(item: Any, place: str) -> Block:
    if not isinstance(item, Mapping):
        raise _wrong(f"{place!r} holds {item!r:.60}, which is no block")
    if not {"number", "text"} <= item.keys() <= _BLOCK.keys():
        raise _wrong(f"{place!r} holds a block with the fields {', '.join(map(str, item))}")
    values = {name: _value(item, name, _BLOCK[name]) for name in item}
    if values["number"] < 0:
        raise _wrong(f"a block has the number {values['number']}")
    _one_of(values.get("role", "paragraph"), ROLES, "role")
    return Block(**values)


def _value(record: Mapping[Any, Any], name: str, kinds: _Kinds) -> Any:
    """A field of one of these kinds; a truth value is no number, and neither are NaN and infinity."""
    if name not in record:
        raise _wrong(f"{name!r} is missing")
    value = record[name]
    is_kind = isinstance(value, kinds) and (isinstance(value, bool) == (kinds is bool))
    if not is_kind or (isinstance(value, float) and not math.isfinite(value)):
        raise _wrong(f"{name!r} is {value!r:.60}")
    return value


def _list(record: Mapping[Any, Any], name: str) -> Sequence[Any]:
    value = record.get(name)
    if not isinstance(value, list | tuple):
        raise _wrong(f"{name!r} is no list")
    return value


def _one_of(value: Any, choices: Collection[Any], name: str) -> None:
    if value not in choices:
        raise _wrong(f"{name!r} is {value!r:.60}")


def _wrong(what: str) -> DedupeError:
    return DedupeError(f"not a result of `to_dict`: {what}")
