"""Copies across pages: pure functions over batches of articles.

    documents ─ compute_signatures ─▶ Signatures ─ candidates ─▶ pairs ─ verify ─▶ links ─ cluster ─▶ clusters

`compute_signatures` works on any part of a corpus by itself, so a pool of processes can call it; all that is
kept of an article between the batches is some hundred bytes in arrays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.corpus.codes import coded, codes_of, split_codes, without_blocks
from dedupe.corpus.records import F16, OF_BLOCKS, Document, Signatures, in_template, joined
from dedupe.corpus.thresholds import CANDIDATE_RULES, SIDE_RULES
from dedupe.text.minhash import band_keys, signatures
from dedupe.text.normalize import CJK_UNITS
from dedupe.text.ragged import (
    I64,
    U16,
    U32,
    U64,
    Mask,
    changes,
    entries,
    offsets,
    ranges,
    segment_sum,
    segments,
)
from dedupe.text.words import NUMERIC, Words, sequence_hashes, shingles, words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


#: Words of a shingle: of a copy in which every tenth word is edited, two shingles of three are left whole.
SHINGLE = 4
#: Characters of a CJK shingle: about as long as four words, as a character counts half a word.
SHINGLE_CJK = 7
#: Leading bits of its 64-bit hash that are 0 in a sampled shingle, so that an eighth of all is sampled: an
#: article of 300 words has some 37 samples, in which a copied paragraph shows. FracMinHash: Irber et al.
#: 2022.
SAMPLED_BITS = 3
HASH_BITS = 64  # of a shingle's hash
#: Bands of a MinHash signature, and values in each: two articles of Jaccard similarity s share a band with
#: the probability 1 - (1 - s**4)**16, which is .64 at .5 and .99 at .7. MinHash: Broder 1997; banding:
#: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, ch. 3.
BANDS, ROWS = 16, 4
BATCH = 200  # articles signed together: their arrays stay in the processor's cache
LONGEST = 65535  # half words of a sentence, or sentences or samples of a block: the most that 16 bits count


def compute_signatures(articles: Sequence[Document]) -> Signatures:
    """The signatures of a batch of articles."""
    if len(articles) > BATCH:
        return joined(compute_signatures(articles[at : at + BATCH]) for at in range(0, len(articles), BATCH))
    found = words([article.blocks for article in articles])
    samples, sampled, bands, banded = _sketches(found)
    blocks, block_units = _blocks(found)
    sentences = found.sentences
    sample_at, sentence_at = (np.searchsorted(each, found.blocks) for each in (sampled, sentences[:-1]))
    return Signatures(
        tuple(article.key for article in articles),
        tuple(article.site for article in articles),
        tuple(article.date for article in articles),
        found.sequences(found.offsets),
        found.units(found.offsets).astype(np.float32),
        samples,
        sample_at[found.texts],
        _sentences(found),
        np.minimum(found.units(sentences) * 2, LONGEST).astype(np.uint16),
        sentence_at[found.texts],
        blocks,
        block_units,
        np.minimum(np.diff(sentence_at), LONGEST).astype(np.uint16),
        np.minimum(np.diff(sample_at), LONGEST).astype(np.uint16),
        found.texts,
        bands,
        banded,
        split_codes(coded(found)),
    )


def _sentences(found: Words) -> U32:
    """Hashes of sentences as 32 bits, of which the last says whether the sentence tells a number: that of a
    line with a date is none."""
    bounds = found.sentences
    numbers, years = (segment_sum(of.astype(np.int64), bounds) > 0 for of in (found.numeric, found.years))
    tells = numbers & ~(years & (found.units(bounds) <= SIDE_RULES.date_line_words))
    return (found.sequences(bounds).astype(np.uint32) & ~NUMERIC) | tells


def _sketches(found: Words) -> tuple[U32, I64, U64, I64]:
    """Sampled shingles, their first words; MinHash band keys of articles with few, and which these are."""
    hashes, whole = shingles(found, SHINGLE, SHINGLE_CJK)
    at = np.flatnonzero(whole & (hashes >> np.uint64(HASH_BITS - SAMPLED_BITS) == 0))
    counts = np.diff(np.searchsorted(at, found.offsets))
    banded = np.flatnonzero((counts < CANDIDATE_RULES.banded_below_samples) & (np.diff(found.offsets) > 0))
    rows, bounds = entries(found.offsets, banded)
    kept = whole[rows]
    matrix = signatures(hashes[rows[kept]], offsets(kept)[bounds], BANDS * ROWS)
    return _samples(hashes[at], at, found), at, band_keys(matrix, BANDS, ROWS), banded


def _samples(hashes: U64, firsts: I64, found: Words) -> U32:
    """Shingle hashes as 32 bits, of which the last says whether the shingle holds a number."""
    near = found.numeric.copy()
    for step in range(1, SHINGLE):
        near[:-step] |= found.numeric[step:]
    nearer = near[firsts]
    for step in range(SHINGLE, SHINGLE_CJK):
        near[:-step] |= found.numeric[step:]
    numeric = np.where(found.cjk[firsts], near[firsts], nearer)
    return (hashes.astype(np.uint32) & ~NUMERIC) | numeric


# ---------------------------------------------------------------- blocks as templates know them


def block_keys(blocks: Sequence[str]) -> list[int]:
    """The keys by which site templates know these blocks; a date or a counter does not change them."""
    found: list[int] = _blocks(words([blocks]))[0].tolist()
    return found


def _blocks(found: Words) -> tuple[U64, F16]:
    """For each block its key and the length of what the key speaks of."""
    keys, units = found.sequences(found.blocks), found.units(found.blocks)
    masked = _masked(found)
    if len(masked):
        gone = np.zeros(len(found.hashes), np.bool_)
        gone[masked] = True
        owners = np.searchsorted(found.blocks, masked, side="right") - 1
        touched = owners[changes(owners)]
        words, bounds = entries(found.blocks, touched)
        left = ~gone[words]
        bounds = offsets(left)[bounds]
        keys[touched] = sequence_hashes(found.hashes[words[left]], bounds)
        units[touched] = segment_sum(np.where(found.cjk[words[left]], CJK_UNITS, 1.0), bounds)
    return keys, np.minimum(units, LONGEST // 2).astype(np.float16)


def _masked(found: Words) -> I64:
    """Words that block keys leave out: dates, and numbers where they stand in one place of the block only.

    A block with numbers in several places is no template line with a counter but a line of data.
    """
    places = np.flatnonzero(found.numeric)
    block = np.searchsorted(found.blocks, places, side="right")
    new = np.ones(len(places) + 1, np.bool_)
    new[1:-1] = (np.diff(places) > 2) | (block[1:] != block[:-1])  # one word between: "3 May 2024", "5月3日"
    bounds = np.flatnonzero(new)
    firsts, lasts = places[bounds[:-1]], places[bounds[1:] - 1]
    dated = segments(np.logical_or, found.years[places], bounds, 0) & (lasts > firsts)
    owner = block[bounds[:-1]]
    others = np.bincount(owner[~dated], minlength=len(found.blocks) + 1)
    firsts = firsts - (dated & (firsts > found.blocks[owner - 1]))  # the month, where it stands first
    masked = dated | (others[owner] == 1)
    return ranges(firsts[masked], lasts[masked] + 1)[0]


# ---------------------------------------------------------------- batches


def without(signed: Signatures, templates: Mapping[str, Collection[int]]) -> Signatures:
    """The corpus without the sentences and samples of blocks that belong to their site."""
    lost = in_template(signed, templates)
    sentences = _outside(lost, signed.block_sentences, signed.block_at, signed.sentence_at)
    samples = _outside(lost, signed.block_samples, signed.block_at, signed.sample_at)
    sentence_at = offsets(sentences)[signed.sentence_at]
    lengths = signed.lengths[sentences]
    touched = segment_sum(lost.astype(np.int64), signed.block_at) > 0
    units = segment_sum(lengths.astype(np.int64), sentence_at) / 2
    return replace(
        signed,
        units=np.where(touched, units, signed.units).astype(np.float32),
        samples=signed.samples[samples],
        sample_at=offsets(samples)[signed.sample_at],
        sentences=signed.sentences[sentences],
        lengths=lengths,
        sentence_at=sentence_at,
        codes=_codes_outside(signed, lost, np.flatnonzero(touched)),
    )


def _codes_outside(signed: Signatures, lost: Mask, touched: I64) -> tuple[bytes, ...]:
    """The codes of the articles without those of lost blocks, which only `touched` articles have."""
    codes = [*signed.codes]
    for article in [number for number in touched.tolist() if codes[number]]:
        low, high = signed.block_at[article : article + 2].tolist()
        gone = lost[low:high][signed.block_sentences[low:high] > 0]  # a block without words has no codes
        codes[article] = without_blocks(codes_of(codes[article]), gone).tobytes()
    return tuple(codes)


def without_codes(signed: Signatures) -> Signatures:
    """The same corpus for those who have the texts, or do not compare words."""
    return replace(signed, codes=(b"",) * len(signed))


def _outside(lost: Mask, counts: U16, block_at: I64, bounds: I64) -> Mask:
    """Which of the articles' entries begin outside lost blocks; `counts` of them begin in each block."""
    at = offsets(counts)[:-1]
    blocks = np.diff(block_at)
    starts = at + np.repeat(bounds[:-1] - at.take(block_at[:-1], mode="clip"), blocks) if len(at) else at
    ends = np.minimum(starts + counts, np.repeat(bounds[1:], blocks))
    outside = np.ones(bounds[-1], np.bool_)
    outside[ranges(starts[lost], ends[lost])[0]] = False
    return outside


def without_sites(signed: Signatures) -> Signatures:
    """The same corpus with what only site templates need left out for articles of no site, to save memory."""
    kept = np.repeat(np.array([site != "" for site in signed.sites], np.bool_), np.diff(signed.block_at))
    columns = {name: getattr(signed, name)[kept] for name in OF_BLOCKS}
    return replace(signed, block_at=offsets(kept)[signed.block_at], **columns)
