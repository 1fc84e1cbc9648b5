"""Train the block classifier, or judge it by site-wise cross-validation.

    python benchmarks/train.py --corpus ../shared/corpus --kind html       # writes chrome/weights/html.npy
    python benchmarks/train.py --corpus ../shared/corpus --kind text --cv  # prints a table, writes nothing

Pages of one site are never in training and in judgement at once. The table gives for each set the metrics
of the shared scorers over what the model alone keeps (repeats left out), beside the best peer on the
same pages. One thread, fixed seeds: a run on the same pages gives the same weights.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
from blockdata import Sample, read, shared
from network import Recipe, flat, train

from dedupe.chrome import body as chrome
from dedupe.chrome import model
from dedupe.types import EDGE_ROLES

FOLDS = 4
THRESHOLD = 0.5
RECIPES = {"html": Recipe(epochs=10), "text": Recipe(epochs=5, blind=0.1, soften=0.0)}
NETWORKS = 2  # whose mean a weight file is
#: F1 of the best peer on the same pages (for dumps none is known a set).
BEST_PEER = {
    "scrapinghub": 0.975,
    "fundus": 0.944,
    "wcxb": 0.936,
    "segments": 0.922,
    "magichtml-xx": 0.912,
    "magichtml-zh": 0.960,
    "zhnews": 0.929,
    "gne": 0.963,
}

Scores = list[npt.NDArray[np.float32]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="the shared corpus folder")
    parser.add_argument("--kind", choices=("html", "text"), default="html")
    parser.add_argument(
        "--cv", action="store_true", help="judge by cross-validation instead of writing weights"
    )
    parser.add_argument("--seeds", type=int, default=1, help="with --cv: mean of so many runs")
    args = parser.parse_args()
    samples = read(args.corpus, args.kind)
    recipe = RECIPES[args.kind]
    if args.cv:
        print_table(judge(samples, cross_validated(samples, recipe, args.seeds)), args.kind)
    else:
        known = [sample for sample in samples if not sample.case.get("only_judged")]
        path = write([train(known, replace(recipe, seed=seed)) for seed in range(NETWORKS)], args.kind)
        print(f"{path}: {path.stat().st_size:,} bytes, from {len(samples)} pages")


def cross_validated(samples: Sequence[Sample], recipe: Recipe, seeds: int = 1) -> Scores:
    """The score of every block, by models that saw no page of its site: the mean over so many seeds."""
    recipes = [replace(recipe, seed=recipe.seed + number) for number in range(seeds)]
    runs = [scores_unseen(samples, fold_models(samples, each)) for each in recipes]
    return [np.mean(scores, axis=0) for scores in zip(*runs, strict=True)]


def fold_models(samples: Sequence[Sample], recipe: Recipe) -> list[model.Model]:
    """For each part of the pages a model that is trained on the others."""
    trained = []
    for fold in range(FOLDS):
        others = [s for s in samples if s.fold(FOLDS) != fold and not s.case.get("only_judged")]
        trained.append(train(others, recipe))
    return trained


def scores_unseen(samples: Sequence[Sample], models: Sequence[model.Model]) -> Scores:
    """The score of every block of the judged pages by the model that has not seen their site."""
    return [
        models[sample.fold(FOLDS)].score(sample.matrix)
        if sample.case.get("judged")
        else np.zeros(len(sample.labels), np.float32)
        for sample in samples
    ]


def write(trained: Sequence[model.Model], kind: str) -> Path:
    """Write the weight file of these models' mean whole or not at all."""
    path = Path(model.__file__).with_name("weights") / f"{kind}.npy"
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part.npy")
    np.save(part, np.concatenate([flat(each) for each in trained]), allow_pickle=False)
    os.replace(part, path)
    return path


# ---------------------------------------------------------------- judging


def judge(samples: Sequence[Sample], scores: Scores) -> dict[str, dict[str, Any]]:
    """For each set (and form) the metrics of the shared scorers."""
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for sample, beliefs in zip(samples, scores, strict=True):
        if sample.case.get("judged"):
            text = body(sample, beliefs)
            form = sample.case.get("form")
            rows[sample.group + (f"/{form}" if form else "")].append(_row(sample.case, text))
    return {name: _summary(found) for name, found in rows.items()}


def body(sample: Sample, beliefs: npt.NDArray[np.float32]) -> str:
    """The text of the body by these beliefs: what `result.body` holds, in reading order."""
    once = sample.once
    classification = chrome.classify(once.twins, once.phrases, beliefs.tolist(), once.copied)
    return "\n".join(
        block.text
        for block, verdict in zip(once.twins.page.blocks, classification.verdicts, strict=True)
        if verdict.reason is None and verdict.role not in EDGE_ROLES
    )


def raw_body(sample: Sample, beliefs: npt.NDArray[np.float32]) -> str:
    """The text of what the model alone keeps."""
    blocks = sample.once.twins.page.blocks
    return "\n".join(block.text for block, belief in zip(blocks, beliefs, strict=True) if belief >= THRESHOLD)


def _row(case: dict[str, Any], text: str) -> dict[str, Any]:
    is_dump = "form" in case
    row = (
        shared("score_dumps").judge(case, text)
        if is_dump
        else shared("score_extraction").score_case(case, text)
    )
    return {**row, "kind": case["kind"], "empty": not text.strip()}


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    summary = shared("score_extraction").aggregate(rows[0]["kind"], rows)
    counts = {"pages": len(rows), "empty": sum(row["empty"] for row in rows)}
    shares = {name: fmean(bool(row.get(name)) for row in rows) for name in ("doubled", "lost")}
    return {**summary, **counts, **shares}


def mean_f1(table: dict[str, dict[str, Any]], form: str = "") -> float:
    """The plain mean of F1 over the sets (of a form)."""
    return fmean(row["f1"] for name, row in table.items() if name.partition("/")[2] == form)


def print_table(table: dict[str, dict[str, Any]], kind: str) -> None:
    print(f"{'set':22} {'pages':>5} {'F1':>6} {'P':>6} {'R':>6} {'pageF1':>6} {'empty':>5} {'peer':>6}")
    for name, row in sorted(table.items()):
        peer = BEST_PEER.get(name)
        beside = (
            f"{peer:6.3f} {row['f1'] - peer:+6.3f}"
            if peer
            else f"doubled {row['doubled']:.3f} lost {row['lost']:.3f}"
        )
        print(
            f"{name:22} {row['pages']:5} {row['f1']:6.3f} {row['p']:6.3f} {row['r']:6.3f} "
            f"{row['page_f1']:6.3f} {row['empty']:5} {beside}"
        )
    for form in ("",) if kind == "html" else ("once", "twice"):
        print(f"mean F1 over the sets {form}: {mean_f1(table, form):.4f}")


if __name__ == "__main__":
    main()
