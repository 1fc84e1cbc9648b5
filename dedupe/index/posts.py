"""What is written of a page under which keys, and what is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.corpus.thresholds import TEMPLATE_RULES
from dedupe.index import sketch as sketching
from dedupe.index.sketch import Sketch, decode, digest_post, key_post
from dedupe.index.stores import Change, KeyPage
from dedupe.index.thresholds import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.corpus.records import Signatures
    from dedupe.index.lookup import Lookup


def counted_blocks(signed: Signatures, templates: Sequence[Sequence[int]]) -> list[list[tuple[int, float]]]:
    """For each article the blocks that its site counts: their keys and lengths, each once.

    Blocks that a cleaner took out as template are counted on, else they would be forgotten as such.
    """
    keys, lengths, at = signed.blocks.tolist(), signed.block_units.tolist(), signed.block_at.tolist()
    found = []
    for number, lost in enumerate(templates):
        low, high = at[number], at[number + 1]
        chosen = dict.fromkeys(lost, TEMPLATE_RULES.short_block_words)
        for block in sketching.edge_blocks(lengths[low:high]):
            if lengths[low + block] > 0:
                chosen.setdefault(keys[low + block], lengths[low + block])
        found.append(list(chosen.items())[: RULES.counted_blocks])
    return found


def places_of(own: Sketch) -> list[int]:
    """The keys under which an article counts for its site: the site's own, then those of its passages."""
    return [sketching.site_place(own.site), *own.passages] if own.site else []


# ---------------------------------------------------------------- changes


def digest_of(page: KeyPage) -> int:
    """The hash of all words of a stored page."""
    return decode(page.data).digest


def sought_posts(own: Sketch) -> list[int]:
    """The posts under which copies of an article are looked for, that of all its words first."""
    return [digest_post(own.digest), *own.sought()] if own.units else []


def word_posts(own: Sketch) -> list[int]:
    """The posts by which copies of an article are found, that of all its words first; none without words."""
    return [digest_post(own.digest), *own.posts()] if own.units else []


def change_of(key: str, outcome: Lookup, posts: Sequence[int], when: int) -> Change:
    match, old, own, is_known, _, _ = outcome
    when = max(when, old.seen if old else 0)  # a clock that went back must not make a page look older
    if old is not None and is_known:
        return Change(key, old, data=old.data, posts=[key_post(key)], seen=when)
    counted = bool(own.site) and not (match and match.is_same_site)
    places = places_of(own) if counted else ()
    gone = None if old is None else removal(old)
    return Change(
        key,
        old,
        gone.old_posts if gone else (),
        gone.old_places if gone else (),
        own.encode(counted),
        [key_post(key), *posts],
        places,
        when,
    )


def removal(page: KeyPage) -> Change:
    own = decode(page.data)
    places = places_of(own) if own.counted else ()
    return Change(page.key, page, [key_post(page.key), *word_posts(own)], places)
