"""What bounds the work on one page, so that 10 MB of anything are cleaned in seconds and in less than 1 GiB.

Each bound is far above what pages hold that somebody wrote: of 3,000 real ones none has 2,400 blocks, 2,300
passages that stand again, or a title of 800 characters. Where one strikes, nothing is lost and a warning says
so. `MAX_BLOCKS` is 20 times what real pages have; with as many blocks the slowest kinds of 10 MB took 5 to
8 s and up to 650 MiB on a busy machine (`benchmarks/results/hostile.md`): there is room in 10 s and 1 GiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.types import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dedupe.types import Role

MAX_BLOCKS = 50_000  # blocks of a page by default
LINES = 4  # lines of a dump that are cut into blocks, for each block that it may have
CELLS = 4  # cells that an open table may hold, likewise: it may become one block
NODES = 4  # elements with a node of their own, likewise
TITLE_CHARS = 2_000  # of a page's title: with more of them every short block would be looked for in a book
REST = "max_blocks"  # the rule of the block that holds the rest of a page


def rest_of(blocks: Sequence[Block], texts: Iterable[str], path: str = "") -> Block:
    """What stands beyond a page's last block as one more block: its texts line by line."""
    role: Role = "preformatted"
    return Block(len(blocks), "\n".join(texts), role, path, rule=REST)


def warning(blocks: int) -> str:
    """What a page is told whose rest is one block."""
    return (
        f"too many blocks: behind the first {blocks:,} the rest of the page is kept as one block (max_blocks)"
    )
