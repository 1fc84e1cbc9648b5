"""The article-twice benchmark from the command line; what it measures is told in `twice/score.py`.

    python benchmarks/article_twice.py pages --count 864 --seed 1 --out DIR    pages.jsonl, truth.jsonl
    python benchmarks/article_twice.py across --count 600 --seed 1 --out DIR   documents.jsonl, truth.jsonl
    python benchmarks/article_twice.py score pages --count 864 --seed 1 ANSWERS.jsonl
    python benchmarks/article_twice.py score across --count 600 --seed 1 ANSWERS.jsonl

A line of pages.jsonl: {"id", "language", "form": "html"|"text", "content"}; of documents.jsonl: {"id",
"site", "language", "text"}. The truth files are for reading: the scorer makes the pages again itself.

An answer on a page: {"id", "text", "removed"?: [[removed text, [kept texts that it repeats]], …]}. An answer
across pages: {"id", "cluster", "kept"?: true|false, "text"?}. The figures are printed as JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twice import across, plant, score


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("pages", "across"):
        make = commands.add_parser(name)
        _add_size(make)
        make.add_argument("--out", type=Path, required=True)
    judge = commands.add_parser("score")
    judge.add_argument("what", choices=("pages", "across"))
    judge.add_argument("answers", type=Path)
    _add_size(judge)
    args = parser.parse_args()
    if args.command == "score":
        judged = score_pages if args.what == "pages" else score_across
        print(json.dumps(judged(args.count, args.seed, _read(args.answers)), indent=1))
    else:
        args.out.mkdir(parents=True, exist_ok=True)
        (write_pages if args.command == "pages" else write_across)(args.count, args.seed, args.out)


def _add_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=864, help="pages, or stories of a collection")
    parser.add_argument("--seed", type=int, default=1)


def write_pages(count: int, seed: int, out: Path) -> None:
    """Write the pages and their truth."""
    made = [asdict(page) for page in plant.pages(count, seed)]
    shown = ("id", "language", "form", "content")
    _write(out / "pages.jsonl", ({name: page[name] for name in shown} for page in made))
    _write(out / "truth.jsonl", ({k: v for k, v in page.items() if k != "content"} for page in made))


def write_across(count: int, seed: int, out: Path) -> None:
    """Write a collection and its truth."""
    made = across.collection(count, seed)
    shown = ("id", "site", "language", "text")
    _write(out / "documents.jsonl", ({name: getattr(each, name) for name in shown} for each in made))
    _write(out / "truth.jsonl", (asdict(each) for each in made))


def score_pages(count: int, seed: int, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures of answers on pages."""
    answers = {row["id"]: score.Answer(row["text"], row.get("removed")) for row in rows}
    return score.score_pages(plant.pages(count, seed), answers)


def score_across(count: int, seed: int, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures of answers across pages."""
    labels = {row["id"]: str(row["cluster"]) for row in rows if row.get("cluster") is not None}
    told = [row for row in rows if "kept" in row]
    kept = frozenset(row["id"] for row in told if row["kept"]) if told else None
    texts = {row["id"]: row["text"] for row in rows if "text" in row}
    return score.score_across(across.collection(count, seed), score.Clusters(labels, kept, texts))


def _read(path: Path) -> list[dict[str, Any]]:
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


if __name__ == "__main__":
    main()
