"""What sketches depend on: two indexes must agree on it."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np

from dedupe.corpus.records import Document
from dedupe.corpus.signatures import SAMPLED_BITS, SHINGLE, SHINGLE_CJK, block_keys, compute_signatures
from dedupe.index.sketch import POSTS_LEAST, POSTS_MOST, SAMPLES, WORDS, sketches
from dedupe.text.words import BASE, MIX

_PROBE = (
    "Café ΣΊΣΥΦΟΣ, ﬁve ＡＢＣ ½ of “the 3.5 million” ends. İstanbul’da straße 2024!",
    "港务局３日宣布：外海两座岛屿的渡轮停航。ｶﾞｽ 東京 각각 สวัสดี नमस्ते",
    "soft\u00adhyphen, zero\u200bwidth, \u202bسلــام\u202c, می\u200cخواهم, oʻzbek",
    "か゛ジャン・ルイ, \U000e0061葛\ufe00",
)


@lru_cache(maxsize=1)
def settings() -> dict[str, str]:
    """What two indexes must agree on for their sketches to be comparable.

    The normaliser and the shingling show in what they make of a probe text.
    """
    probe = sketches(compute_signatures([Document("", _PROBE)]), [0], [[]])[0]
    everything = (probe.encode(), np.array(block_keys(_PROBE), np.uint64).tobytes())
    return {
        "scheme": f"words-{WORDS} fracminhash-{SAMPLED_BITS}.{SAMPLES}.{POSTS_LEAST}.{POSTS_MOST}",
        "shingle": f"{SHINGLE} words, {SHINGLE_CJK} characters",
        "seed": f"{BASE:016x}{MIX:016x}",
        "normaliser": hashlib.blake2b(b"".join(everything), digest_size=8).hexdigest(),
    }
