"""The project's MinHash signatures as datasketch's objects, for its indexes: LSH, forest, ensemble.

>>> one, two = minhashes(["It rained all day in the north of the country."] * 2)
>>> one.jaccard(two)
1.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.corpus.signatures import SHINGLE, SHINGLE_CJK
from dedupe.text.minhash import PERMUTATIONS, SEED, permutations, signatures
from dedupe.text.ragged import offsets
from dedupe.text.words import shingles, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datasketch import MinHash

    from dedupe.result import CleanResult


def minhashes(articles: Iterable[CleanResult | str], count: int = PERMUTATIONS) -> list[MinHash]:
    """A `datasketch.MinHash` for each article, of `count` permutations (scheme affine32, seed 1).

    The shingles are those of the bulk run: words normalised in every script, `corpus.SHINGLE` (4) in a row,
    or `corpus.SHINGLE_CJK` (7) characters of Chinese, Japanese or Korean. Of a result the body counts, of a
    text all of it. All articles are hashed at once, many times faster than by `MinHash.update`.
    """
    from datasketch import MinHash

    texts = [article if isinstance(article, str) else article.body for article in articles]
    if not texts:
        return []
    found = words([text.split("\n\n") for text in texts])
    hashes, whole = shingles(found, SHINGLE, SHINGLE_CJK)
    matrix = signatures(hashes[whole], offsets(whole)[found.offsets], count)
    shared = np.array(permutations(count), np.uint32)
    return [
        MinHash(count, seed=SEED, hashvalues=row, permutations=shared, scheme="affine32") for row in matrix
    ]
