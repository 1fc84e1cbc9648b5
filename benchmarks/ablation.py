"""What each part of the block classifier is worth, by site-wise cross-validation.

    python benchmarks/ablation.py --corpus ../shared/corpus [--kind html|text] [--quick]

One model a fold is trained once; a group of features is left out by giving every block the mean value of its
columns. Besides: phrases and links alone without a model, the model without phrases, no region step, and
other rules over a page's scores (a threshold relative to the best blocks, gaps closed, one region only).
`--quick` trains without the softening round.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt
from blockdata import Sample, read
from train import FOLDS, RECIPES, THRESHOLD, Scores, fold_models, judge, mean_f1, scores_unseen

from dedupe.chrome import body as chrome
from dedupe.chrome import model, thresholds
from dedupe.chrome.features.matrix import GROUPS, NAMES

Beliefs = npt.NDArray[np.float32]
Rule = Callable[[Beliefs, Sample], Beliefs]

LINKS = NAMES.index("links")
LEXICON = [at for at, name in enumerate(NAMES) if name.startswith("lexicon:")]
AFTER_LEXICON = [
    NAMES.index(name) for name in ("since-opens", "since-lexicon", "comments-opened", "related-opened")
]
ALL_NAMES = [at for at, name in enumerate(NAMES) if " " in name and "<" not in name]
ALL_TAGS = [at for at, name in enumerate(NAMES) if "<" in name]
GAP = 3  # blocks that the gap rule fills
BEST = 60.0  # tokens that the best blocks of a page hold


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="the shared corpus folder")
    parser.add_argument("--kind", choices=("html", "text"), default="html")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    samples = read(args.corpus, args.kind)
    recipe = replace(RECIPES[args.kind], soften=0.0) if args.quick else RECIPES[args.kind]
    models = fold_models(samples, recipe)
    judged = [sample for sample in samples if sample.case.get("judged")]
    whole = scores_unseen(judged, models)
    base = show("both", judged, whole, args.kind)
    show("lexicons and links only", judged, [_phrases_alone(sample) for sample in judged], args.kind, base)
    show(
        "model only (no lexicons)", judged, _without(judged, models, LEXICON + AFTER_LEXICON), args.kind, base
    )
    unsure = replace(thresholds.BODY, html_region_score=2.0, text_region_score=2.0)  # no block is that sure
    with mock.patch.object(chrome, "BODY", unsure):
        show("without the region step", judged, whole, args.kind, base)
    for name, rule in RULES.items():
        scores = [rule(beliefs, sample) for beliefs, sample in zip(whole, judged, strict=True)]
        show(f"with rule: {name}", judged, scores, args.kind, base)
    for name, columns in _left_out().items():
        show(f"without {name}", judged, _without(judged, models, columns), args.kind, base)


def _left_out() -> dict[str, list[int]]:
    """Groups of features; those of single class words, tags and phrases are taken together."""
    single = ("class or id", "element", "lexicon:")
    groups = {name: columns for name, columns in GROUPS.items() if not name.startswith(single)}
    return {**groups, "class and id words": ALL_NAMES, "tags": ALL_TAGS}


def show(name: str, samples: Sequence[Sample], scores: Scores, kind: str, base: float | None = None) -> float:
    """Print a line of the table: F1 a set, their mean, and the difference to the whole."""
    table = judge(samples, scores)
    mean = mean_f1(table, "" if kind == "html" else "once")
    sets = " ".join(f"{set_name} {row['f1']:.3f}" for set_name, row in sorted(table.items()))
    difference = "" if base is None else f"{mean - base:+.4f}"
    print(f"{name:38} {mean:.4f} {difference:>8}  {sets}", flush=True)
    return mean


def _without(samples: Sequence[Sample], models: Sequence[model.Model], columns: list[int]) -> Scores:
    scores = []
    for sample in samples:
        trained = models[sample.fold(FOLDS)]
        changed = sample.matrix.copy()
        changed[:, columns] = trained.networks[0][0][columns]
        scores.append(trained.score(changed))
    return scores


def _phrases_alone(sample: Sample) -> Beliefs:
    """1 for a block without a sure phrase that is not mostly links."""
    chrome = (sample.matrix[:, LEXICON[:-1]].max(axis=1) == 1) | (sample.matrix[:, LINKS] > 0.5)
    return np.where(chrome, 0, 1).astype(np.float32)


# ---------------------------------------------------------------- rules over a page's scores


def _relative(beliefs: Beliefs, sample: Sample) -> Beliefs:
    """Half the belief in the best blocks is enough."""
    order = np.argsort(-beliefs)
    held = np.cumsum(np.minimum(sample.tokens[order], BEST))
    best = beliefs[order[min(int(np.searchsorted(held, BEST)), len(order) - 1)]]
    return np.where(beliefs >= max(0.05, 0.5 * best), np.maximum(beliefs, THRESHOLD), 0).astype(np.float32)


def _filled(beliefs: Beliefs, sample: Sample) -> Beliefs:
    """A few doubted blocks between kept ones are kept too."""
    kept = np.flatnonzero(beliefs >= THRESHOLD)
    filled = beliefs.copy()
    for before, after in pairwise(kept):
        if after - before <= GAP + 1:
            filled[before + 1 : after] = np.maximum(filled[before + 1 : after], THRESHOLD)
    return filled


def _one_region(beliefs: Beliefs, sample: Sample) -> Beliefs:
    """Only the stretch of blocks with the greatest sum of log-odds, by tokens, is kept as it is."""
    gains = np.log((beliefs + 1e-4) / (1 - beliefs + 1e-4)) * np.minimum(sample.tokens + 1, BEST)
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    least = np.minimum.accumulate(sums)
    end = int(np.argmax(sums - least))
    start = int(np.argmin(sums[: end + 1]))
    region = np.zeros_like(beliefs)
    region[start:end] = beliefs[start:end]
    return region


RULES: dict[str, Rule] = {"relative threshold": _relative, "gaps closed": _filled, "one region": _one_region}


if __name__ == "__main__":
    main()
