"""Repeats inside generated pages: makes them with the corpus's generator and scores this cleaner.

python benchmarks/intra.py [--shared ../shared] [--n 880] [--seeds 1,7,21,99]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import dedupe

HARD = ("resplit", "summary", "lostpara", "exact3", "readmore")


def main() -> None:
    """Print the figures for every seed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--n", type=int, default=880)
    parser.add_argument("--seeds", default="1,7,21,99")
    parser.add_argument("--kinds", action="store_true", help="a line for every kind of page")
    args = parser.parse_args()
    print(f"{'seed':>6} {'perfect':>8} {'precision':>10} {'recall':>7} {'lost %':>8}  lowest kind")
    for seed in args.seeds.split(","):
        show(seed, score(args.shared, args.n, seed), args.kinds)


def score(shared: Path, pages: int, seed: str) -> dict[str, Any]:
    """Generate pages, clean them, and return what the scorer says."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make = [sys.executable, str(shared / "eval" / "make_neardup.py"), "intra"]
        subprocess.run(
            [*make, "--n", str(pages), "--seed", seed, "--out", folder], check=True, capture_output=True
        )
        clean(home / "intra" / "pages.jsonl", home / "pred.jsonl")
        scorer = [sys.executable, str(shared / "eval" / "score_neardup.py"), "intra"]
        files = [str(home / "intra" / "truth.jsonl"), str(home / "pred.jsonl")]
        done = subprocess.run([*scorer, *files], check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def clean(pages: Path, out: Path) -> None:
    """Clean a JSONL file of generated pages, kept text of each into another."""
    cleaners = {
        "txt": dedupe.Cleaner(dedupe.Options(input="text")),
        "html": dedupe.Cleaner(dedupe.Options(input="html")),
    }
    with open(pages, encoding="utf-8") as lines, open(out, "w", encoding="utf-8") as answers:
        for line in lines:
            page = json.loads(line)
            text = cleaners[page["format"]].clean(page["content"]).text
            answers.write(json.dumps({"id": page["id"], "text": text}, ensure_ascii=False) + "\n")


def show(seed: str, result: dict[str, Any], kinds: bool) -> None:
    """Print a line for a seed, and one for each kind if asked."""
    total = result["all"]
    lost = 100 * total.get("lost_chars", 0) / total["chars"]
    lowest = min(result["kinds"], key=lambda kind: float(result["kinds"][kind]["perfect_rate"]))
    rate = result["kinds"][lowest]["perfect_rate"]
    print(
        f"{seed:>6} {total['perfect_rate']:8.3f} {total['removal_precision']:10.4f} "
        f"{total['removal_recall']:7.4f} {lost:8.3f}  {lowest} {rate:.2f}"
    )
    if kinds:
        for kind, part in sorted(result["kinds"].items()):
            print(f"         {kind:12} {part['perfect_rate']:.2f}  lost {part.get('lost_chars', 0)}")


if __name__ == "__main__":
    main()
