"""The plain frozen records that pass between the stages.

No record holds a tree, an open file or a numpy array: all of them can be pickled,
compared and sent to another process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

Role = Literal[
    "headline",
    "deck",
    "byline",
    "dateline",
    "paragraph",
    "heading",
    "list-item",
    "quote",
    "caption",
    "table",
    "preformatted",
    "notice",
]
Reason = Literal[
    "navigation",
    "download-prompt",
    "comments",
    "related",
    "share",
    "advert",
    "subscription",
    "consent",
    "tags",
    "metadata",
    "empty-widget",
    "template",
    "boilerplate",
    "repeat",
    "duplicate",
]
ROLES: tuple[Role, ...] = get_args(Role)
REASONS: tuple[Reason, ...] = get_args(Reason)

#: Roles that `CleanResult.body` leaves out.
EDGE_ROLES: frozenset[Role] = frozenset({"headline", "deck", "byline", "dateline", "notice"})

#: What compressed files begin with, and how their names end.
PACKINGS = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst", b"BZh": ".bz2"}


@dataclass(frozen=True, slots=True, init=False)
class Block:
    """A paragraph, heading, list item, table … of a page: the unit of every decision.

    `number` is its place in the page, from 0. `text` is one line, except in a table or
    preformatted block; a list item begins with "- ", a table row has " | " between cells.
    `path` says where it stands ("body/div[2]/p[3]", or "line 12" of a text dump).
    `link_chars` counts the characters inside links, `level` is a heading's level (1–6) or a
    list item's depth, else 0. After cleaning, `score` is the belief (0–1) that the block is
    the article's own and `rule` names what decided.
    """

    number: int
    text: str
    role: Role = "paragraph"
    path: str = ""
    link_chars: int = 0
    level: int = 0
    score: float | None = None
    rule: str = ""

    # Pages make hundreds of blocks: the slots' own setters take a third of the time of the
    # initialiser that a frozen dataclass is given.
    def __init__(
        self,
        number: int,
        text: str,
        role: Role = "paragraph",
        path: str = "",
        link_chars: int = 0,
        level: int = 0,
        score: float | None = None,
        rule: str = "",
    ) -> None:
        _set_number(self, number)
        _set_text(self, text)
        _set_role(self, role)
        _set_path(self, path)
        _set_link_chars(self, link_chars)
        _set_level(self, level)
        _set_score(self, score)
        _set_rule(self, rule)

    def numbered(self, number: int) -> Block:
        """The same block at another place of its page."""
        if number == self.number:
            return self
        return Block(
            number, self.text, self.role, self.path, self.link_chars, self.level, self.score, self.rule
        )

    def judged(self, role: Role, score: float, rule: str) -> Block:
        """The same block with what was decided about it."""
        return Block(self.number, self.text, role, self.path, self.link_chars, self.level, score, rule)

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


_SETTERS: list[Callable[[Block, Any], None]] = [vars(Block)[name].__set__ for name in Block.__slots__]
(
    _set_number,
    _set_text,
    _set_role,
    _set_path,
    _set_link_chars,
    _set_level,
    _set_score,
    _set_rule,
) = _SETTERS


@dataclass(frozen=True, slots=True)
class Removal:
    """A block that was taken out, and why. A repeat names the kept blocks that say the same."""

    block: Block
    reason: Reason
    rule: str
    score: float
    originals: tuple[Block, ...] = ()

    @property
    def original(self) -> Block | None:
        """The first kept block that this one repeats, or None."""
        return self.originals[0] if self.originals else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "block": self.block.to_dict(),
            "reason": self.reason,
            "rule": self.rule,
            "score": self.score,
            "originals": [block.number for block in self.originals],
        }
