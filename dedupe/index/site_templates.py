"""A page without the blocks that the index knows as its site's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dedupe.addresses import host
from dedupe.types import EDGE_ROLES, Removal

if TYPE_CHECKING:
    from collections.abc import Collection

    from dedupe.index.index import Index
    from dedupe.result import CleanResult

_TEMPLATE_RULE = "index:site"


# ---------------------------------------------------------------- cleaning with an index


def without_template(
    page: CleanResult, index: Index, key: str | None = None, keep: Collection[str] = ()
) -> CleanResult:
    """A cleaned page without the blocks that the index knows as its site's own, each removed as "template".

    `key` is the page's key in the index, by default its URL: what it holds there does not count. Blocks of
    the roles in `keep` stay.
    """
    site = host(page.url) or host(key)
    body = [block for block in page.blocks if block.role not in EDGE_ROLES and block.role not in keep]
    known = index.template_blocks([block.text for block in body], site, key or page.url)
    lost = {block.number for block, is_known in zip(body, known, strict=True) if is_known}
    if not lost:
        return page
    gone = [Removal(block, "template", _TEMPLATE_RULE, 1.0) for block in page.blocks if block.number in lost]
    rest = [_orphaned(removal, lost) for removal in page.removals]
    removals = sorted([*rest, *gone], key=lambda removal: removal.block.number)
    kept = tuple(block for block in page.blocks if block.number not in lost)
    return replace(page, blocks=kept, removals=tuple(removals))


def _orphaned(removal: Removal, lost: set[int]) -> Removal:
    """A removal that names only kept blocks; a repeat of nothing but template blocks is one itself."""
    kept = tuple(block for block in removal.originals if block.number not in lost)
    if len(kept) == len(removal.originals):
        return removal
    if kept:
        return replace(removal, originals=kept)
    return replace(removal, reason="template", rule=_TEMPLATE_RULE, originals=())
