"""The thresholds of this package: what an index counts and looks for, and whom it compares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexRules:
    """Which pages an index compares with an article, and which of its blocks it counts for the site.

    A post is a 32-bit key under which pages are found: mostly a sampled shingle. What is written into an
    index depends on `banded_below_samples`, `full_post_pages` and the numbers of blocks: indexes that exist
    were made with these.
    """

    banded_below_samples: int = 16
    """An article with fewer samples is also found by MinHash bands of all its shingles; a lower value misses
    copies of short articles, a higher one makes the index larger."""

    likely_samples_share: float = 0.1
    """A page is compared with an article only if they have at least this share of the samples of the one with
    fewer in common; a higher value misses copies that were edited all over."""

    likely_least_samples: int = 3
    """A page is compared with an article in any case if one of the two has fewer samples than this."""

    counted_blocks: int = 8
    """So many blocks of an article at most are counted for its site: those at its edges, where site templates
    stand, then its shortest ones."""

    first_blocks: int = 2
    """So many blocks at the beginning of an article are counted for its site."""

    last_blocks: int = 4
    """So many blocks at the end of an article are counted for its site."""

    full_post_pages: int = 64
    """A post that has so many pages takes no further ones: it stands for a common phrase and tells nothing
    any more."""

    rare_post_pages: int = 8
    """A post with at most so many pages is rare, and sharing it tells more."""

    rare_post_score: int = 4
    """A page that shares a rare post with an article gets this score for it, for any other shared post 1."""

    same_words_score: int = 1000
    """A page with all words equal to an article's gets this score for it, so that it comes before all pages
    that share other posts."""

    candidate_pages: int = 12
    """So many of the pages with the highest scores are compared with an article; a lower value misses copies
    among many alike, a higher one costs time."""


RULES = IndexRules()
