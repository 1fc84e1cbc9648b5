"""Blocks split where only a part of them is a repeat."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dedupe.repeats.records import PageRepeats, Passage, Repeat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.page import Page
    from dedupe.repeats.tokens import TokenStream
    from dedupe.types import Block

# ---------------------------------------------------------------- splitting


def split_page(page: Page, stream: TokenStream, passages: Sequence[Passage]) -> PageRepeats:
    """Split blocks where passages begin or end inside them, and say these in terms of the pieces."""
    if not passages:
        every = range(len(page.blocks))
        units = tuple(map(stream.block_units, every))
        return PageRepeats(page, tuple(every), (), tuple(stream.block_words), units, tuple(stream.sentences))
    piece_of, pieces = _pieces(stream, passages)
    blocks, where, traits, source, spoken, lengths, places = [], [], [], [], [], [], []
    for number, part in enumerate(pieces):
        original, start, _ = stream.spans[part[0]]
        block = page.blocks[original]
        text = block.text[start : stream.spans[part[-1]][2]].rstrip()
        start += len(text) - len(text := text.lstrip())
        places.append((start, start + len(text)))
        blocks.append(block if text == block.text and number == block.number else _piece(block, number, text))
        source.append(original)
        low, high = stream.sentence_starts[part[0]], stream.sentence_ends[part[-1]]
        spoken.append(stream.words(low, high))
        lengths.append(stream.units(low, high))
        if page.where:
            where.append(page.where[original])
            traits.append(page.traits[original])
    split = replace(page, blocks=tuple(blocks), where=tuple(where), traits=tuple(traits))
    runs = tuple(_run(passage, piece_of, pieces) for passage in passages)
    return PageRepeats(
        split, tuple(source), runs, tuple(spoken), tuple(lengths), tuple(pieces), tuple(places)
    )


def _piece(block: Block, number: int, text: str) -> Block:
    share = len(text) / max(1, len(block.text))
    return replace(block, number=number, text=text, link_chars=round(block.link_chars * share))


def _pieces(stream: TokenStream, passages: Sequence[Passage]) -> tuple[list[int], list[range]]:
    """For each sentence its piece, for each piece its sentences."""
    marks: list[list[int]] = [[] for _ in stream.spans]
    for index, passage in enumerate(passages):
        for side_index, side in enumerate((passage.left, passage.right)):
            for sentence in side:
                marks[sentence].append(2 * index + side_index)
    piece_of: list[int] = []
    pieces: list[range] = []
    for sentence, (block, _, _) in enumerate(stream.spans):
        new = not pieces or stream.spans[sentence - 1][0] != block or marks[sentence] != marks[sentence - 1]
        if new:
            pieces.append(range(sentence, sentence + 1))
        else:
            pieces[-1] = range(pieces[-1].start, sentence + 1)
        piece_of.append(len(pieces) - 1)
    return piece_of, pieces


def _run(passage: Passage, piece_of: list[int], pieces: list[range]) -> Repeat:
    pairs = {(piece_of[one], piece_of[two]) for one, two in passage.pairs}
    left, right = (
        frozenset(piece for piece in {piece_of[s] for s in side} if side.issuperset(pieces[piece]))
        for side in (passage.left, passage.right)
    )
    return Repeat(tuple(sorted(pairs)), left, right, passage.size, passage.exact)
