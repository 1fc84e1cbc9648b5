"""List items and table rows as they are taken from the text of a block."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from dedupe.types import EDGE_ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dedupe.result import CleanResult
    from dedupe.types import Block


_MAX_DEPTH = 8  # levels of lists; items nested deeper would only push the text off the page
_NUMBERED = re.compile(r"(0|[1-9][0-9]{0,8})\. ")


def kept_blocks(result: CleanResult, body_only: bool) -> list[Block]:
    hidden = EDGE_ROLES if body_only else ()
    return [block for block in result.blocks if block.role not in hidden and block.text.strip()]


def joined_blocks(parts: Iterable[str]) -> str:
    text = "\n\n".join(parts)
    return f"{text}\n" if text else ""


@dataclass(slots=True)
class ListItem:
    """A list item: its number in an ordered list, its text without the mark, the items under it."""

    number: int | None
    text: str
    children: list[ListItem] = field(default_factory=list)


def block_parts(
    blocks: Iterable[Block], one: Callable[[Block], str], many: Callable[[Sequence[ListItem]], str]
) -> Iterator[str]:
    for is_list, run in groupby(blocks, key=lambda block: block.role == "list-item"):
        if is_list:
            yield many(_nested(run))
        else:
            yield from map(one, run)


def _nested(run: Iterable[Block]) -> list[ListItem]:
    roots: list[ListItem] = []
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


def _item(text: str) -> ListItem:
    if text.startswith("- "):
        return ListItem(None, text[2:].strip())
    if match := _NUMBERED.match(text):
        return ListItem(int(match[1]), text[match.end() :].strip())
    return ListItem(None, text.strip())


def table_rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split(" | ")] for line in text.strip("\n").split("\n")]


def heading_level(block: Block) -> int:
    return min(max(block.level, 2), 6)  # level 1 is the headline's
