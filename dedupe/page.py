"""A page as segmented: its blocks, and the elements that they stood in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dedupe.types import Block


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
