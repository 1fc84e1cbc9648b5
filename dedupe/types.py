"""The plain frozen records that pass between the stages.

No record holds a tree, an open file or a numpy array: all of them can be pickled,
compared and sent to another process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

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

RESULT_VERSION = 1


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
        from .writer import to_text

        return to_text(self)

    @property
    def body(self) -> str:
        """`text` without headline, deck, byline, dateline and rights notice."""
        from .writer import to_text

        return to_text(self, body_only=True)

    @property
    def markdown(self) -> str:
        """The kept blocks as Markdown."""
        from .writer import to_markdown

        return to_markdown(self)

    @property
    def html(self) -> str:
        """The kept blocks as a well-formed HTML document."""
        from .writer import to_html

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
        from .records import result_of

        return result_of(record)


class Node(NamedTuple):
    """An element that can hold blocks: what of its page's structure the later stages need.

    `parent` is an index into `Page.nodes` (-1 for none), `nth` counts the siblings of the same
    tag from 1, `name` is the class, id and role attributes, `hidden` says that this element or
    one above it is not shown.
    """

    parent: int
    tag: str
    nth: int
    name: str
    hidden: bool


class Traits(NamedTuple):
    """What the markup inside a block tells: links and their count, bold characters, a <time>,
    images since the block before, and the class names of its inline elements."""

    links: int = 0
    bold: int = 0
    time: bool = False
    images: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A segmented page: its blocks in page order, and where they stand.

    `where[i]` is the index in `nodes` of the element that holds block i, `traits[i]` what the markup
    inside it tells (both empty for text dumps). `meta` is what the page says of
    itself: title, headline, date, site, canonical url, language.
    """

    kind: Literal["html", "text"]
    blocks: tuple[Block, ...]
    nodes: tuple[Node, ...] = ()
    where: tuple[int, ...] = ()
    traits: tuple[Traits, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def only(page: Page, numbers: Sequence[int]) -> Page:
    """The page with these of its blocks, in this order and numbered anew."""
    return replace(
        page,
        blocks=tuple([page.blocks[at].numbered(number) for number, at in enumerate(numbers)]),
        where=tuple([page.where[at] for at in numbers]) if page.where else (),
        traits=tuple([page.traits[at] for at in numbers]) if page.traits else (),
    )
