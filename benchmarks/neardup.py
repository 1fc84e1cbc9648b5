"""Copies across pages and site templates: quality, speed and growth on the shared corpora.

    python benchmarks/neardup.py quality [--n 10000] [--seeds 1,2,3]    generated articles and their copies
    python benchmarks/neardup.py pages                                  real pages that repeat each other
    python benchmarks/neardup.py sites                                  real and generated whole sites
    python benchmarks/neardup.py speed [--n 100000]                     beside rensa and datasketch
    python benchmarks/neardup.py growth [--sizes 10000,30000,100000]    time and memory of whole runs

All but `speed` go through `dedupe bulk` as a user would. Times are processor time, user and system.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PEERS = ("dedupe", "rensa", "datasketch")


def main() -> None:
    """Print the figures that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=list(SECTIONS))
    parser.add_argument("--shared", type=Path, default=HERE.parents[1] / "shared")
    parser.add_argument("--n", type=int, help="documents: 10000 for quality, 100000 for speed")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--sizes", default="10000,30000,100000")
    parser.add_argument("--rounds", type=int, default=1, help="speed: runs of each pipeline, in turn")
    args = parser.parse_args()
    if not (args.shared / "eval" / "make_neardup.py").is_file():
        sys.exit(f"{args.shared} has no eval/make_neardup.py: name the folder of the corpora with --shared")
    with tempfile.TemporaryDirectory() as folder:
        SECTIONS[args.what](args, Path(folder))


# ---------------------------------------------------------------- quality


def quality(args: argparse.Namespace, home: Path) -> None:
    """Pairs, stories lost and copies left, on generated articles of several seeds."""
    for seed in args.seeds.split(","):
        docs, truth = generated(args, home, args.n or 10000, seed)
        labels = labels_of(bulk([docs], home / f"out-{seed}", "--already-clean"))
        show_quality(f"seed {seed}", scored(args, truth, labels))
        show_languages(args, docs, truth, labels)


def show_quality(name: str, found: dict[str, Any]) -> None:
    """One block of figures."""
    lost, left = found["stories_lost"], found["copies_left"]
    copies = found["docs"] - found["stories"]
    print(
        f"{name}: {found['docs']} documents  P {found['precision']:.4f}  R {found['recall']:.4f}  "
        f"F1 {found['f1']:.4f}  ARI {found['ari']:.4f}"
    )
    print(f"  stories lost {lost / found['stories']:.2%}, copies left {left / copies:.2%}")
    for title, values in (("merged", found["false_merge"]), ("recall", found["recall_by_kind"])):
        print(f"  {title}  " + "  ".join(f"{kind} {value:.3f}" for kind, value in values.items()))


def show_languages(args: argparse.Namespace, docs: Path, truth: Path, labels: dict[str, str]) -> None:
    """Pair F1 by language."""
    with open(docs, encoding="utf-8") as lines:
        languages = {record["id"]: record["lang"] for record in map(json.loads, lines)}
    scorer = module(args, "score_neardup")
    rows = scorer.read_truth_tsv(truth)
    figures = []
    for language in sorted(set(languages.values())):
        part = {key: row for key, row in rows.items() if languages[key] == language}
        figures.append(f"{language} {scorer.score_cross(part, labels)['f1']:.3f}")
    print("  F1  " + "  ".join(figures))


# ---------------------------------------------------------------- real pages


def pages(args: argparse.Namespace, home: Path) -> None:
    """Real pages that are known to repeat each other."""
    script(args, "score_crosspage.py", "--unpack", str(home / "pages"))
    rows = bulk([home / "pages"], home / "out")
    keys = ("path", "cluster", "duplicate_of")
    write_lines(home / "found.jsonl", ({key: row[key] for key in keys} for row in rows))
    print(script(args, "score_crosspage.py", str(home / "found.jsonl"), "--worst", "20"), end="")


def sites(args: argparse.Namespace, home: Path) -> None:
    """Whole sites: real pages cleaned alone and together, and generated ones with planted boilerplate."""
    script(args, "score_sites.py", "--unpack", str(home / "sites"))
    rows = bulk([home / "sites"], home / "together", "--duplicates", "keep", "--body-only")
    write_lines(home / "together.jsonl", together(home / "together" / "clean", rows))
    write_lines(home / "alone.jsonl", alone(home / "sites"))
    print(script(args, "score_sites.py", str(home / "alone.jsonl"), str(home / "together.jsonl")), end="")
    generated_sites(args, home)


def alone(folder: Path) -> Iterable[dict[str, str]]:
    """The body text of each page, cleaned without the others."""
    import dedupe

    for page in sorted(folder.rglob("*.html")):
        yield {"path": str(page.relative_to(folder)), "text": dedupe.clean(page).body}


def together(folder: Path, rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, str]]:
    """What a run wrote for each page."""
    for row in rows:
        output = folder / f"{row['path']}.txt"
        yield {"path": row["path"], "text": output.read_text("utf-8") if output.is_file() else ""}


def generated_sites(args: argparse.Namespace, home: Path) -> None:
    """Planted boilerplate that is found, and content that is lost, on a dozen generated sites."""
    script(args, "make_neardup.py", "site", "--n", "12", "--out", str(home))
    docs, truth = home / "site" / "pages.jsonl", home / "site" / "truth.jsonl"
    bulk([docs], home / "site-out", "--already-clean", "--duplicates", "keep", "--text-field", "content")
    (output,) = (home / "site-out" / "clean").iterdir()
    write_lines(
        home / "site.jsonl", ({"id": row["id"], "text": row["clean_text"]} for row in records(output))
    )
    score = json.loads(script(args, "score_neardup.py", "site", str(truth), str(home / "site.jsonl")))["all"]
    print(
        f"generated sites: {score['pages']} pages, boilerplate removed {score['boiler_recall']:.4f} of "
        f"{score['boiler']}, content lost {score.get('lost', 0)} paragraphs"
    )


# ---------------------------------------------------------------- speed


def speed(args: argparse.Namespace, home: Path) -> None:
    """Texts to clusters, each pipeline in a process of its own, in turn."""
    docs, truth = generated(args, home, args.n or 100000, args.seeds.split(",")[0])
    names = [name for name in PEERS if importlib.util.find_spec(name)]
    for name in set(PEERS) - set(names):
        print(f"{name} is not installed: left out")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(args.rounds):
        for name in names:
            runs[name].append(peer(name, docs, home / f"{name}.tsv"))
    for name in names:
        show_speed(name, args.n or 100000, runs, scored(args, truth, home / f"{name}.tsv"))


def peer(name: str, docs: Path, labels: Path) -> dict[str, float]:
    """One run of one pipeline."""
    command = [sys.executable, str(HERE / "neardup_peers.py"), name, str(docs), str(labels)]
    found: dict[str, float] = json.loads(run(command))
    return found


def show_speed(
    name: str, size: int, runs: dict[str, list[dict[str, float]]], quality: dict[str, Any]
) -> None:
    """A line about one pipeline; ratios are to this project's, round by round."""
    seconds = statistics.median(each["seconds"] for each in runs[name])
    ratios = (
        other["seconds"] / own["seconds"] for other, own in zip(runs[name], runs["dedupe"], strict=True)
    )
    memory = statistics.median(each["mib"] for each in runs[name])
    print(
        f"{name:12} {seconds:7.2f} s  {size / seconds:7.0f} documents/s  {statistics.median(ratios):5.2f} x  "
        f"{memory:6.0f} MiB  F1 {quality['f1']:.3f}"
    )


def growth(args: argparse.Namespace, home: Path) -> None:
    """Processor time and memory of whole runs of growing size, and the exponent between neighbours."""
    before: tuple[int, float, float] | None = None
    for size in map(int, args.sizes.split(",")):
        docs, _ = generated(args, home, size, args.seeds.split(",")[0])
        seconds, mib = measured([docs], home / f"out-{size}", "--already-clean", "--jobs", "1")
        print(
            f"{size:8} documents  {seconds:7.2f} s  {size / seconds:6.0f} documents/s  {mib:6.0f} MiB", end=""
        )
        if before:
            exponent = math.log(seconds / before[1]) / math.log(size / before[0])
            slope = (mib - before[2]) * 1024 / (size - before[0])
            print(f"  exponent {exponent:.3f}  {slope:.2f} KiB a document", end="")
        print()
        before = size, seconds, mib


# ---------------------------------------------------------------- what they share


def generated(args: argparse.Namespace, home: Path, size: int, seed: str) -> tuple[Path, Path]:
    """A generated corpus: its documents, and the truth about them."""
    folder = home / f"made-{size}-{seed}"
    script(args, "make_neardup.py", "cross", "--n", str(size), "--seed", seed, "--out", str(folder))
    return folder / "cross" / "docs.jsonl", folder / "cross" / "truth.tsv"


def bulk(sources: Sequence[Path], dest: Path, *options: str) -> list[dict[str, Any]]:
    """The lines of pages.jsonl that a run gives."""
    measured(sources, dest, *options)
    return list(records(dest / "pages.jsonl"))


def measured(sources: Sequence[Path], dest: Path, *options: str) -> tuple[float, float]:
    """Processor seconds of a run with all its processes, and the peak MiB of the largest of them."""
    command = [sys.executable, "-m", "dedupe", "bulk", *map(str, sources), "-o", str(dest), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert process.stderr is not None
    messages = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(messages.decode())
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def labels_of(rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    """A cluster for each document."""
    return {row["id"]: row["cluster"] or row["path"] for row in rows}


def scored(args: argparse.Namespace, truth: Path, labels: Path | dict[str, str]) -> dict[str, Any]:
    """What the scorer says of clusters."""
    scorer = module(args, "score_neardup")
    if isinstance(labels, Path):
        labels = dict(line.split("\t") for line in labels.read_text("utf-8").splitlines())
    result: dict[str, Any] = scorer.score_cross(scorer.read_truth_tsv(truth), labels)
    return result


def script(args: argparse.Namespace, name: str, *options: str) -> str:
    """What a program beside the corpora prints."""
    return run([sys.executable, str(args.shared / "eval" / name), *options])


def module(args: argparse.Namespace, name: str) -> Any:
    """A program beside the corpora as a module."""
    folder = str(args.shared / "eval")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


def run(command: Sequence[str]) -> str:
    """What a command prints; its errors end this one."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr or f"{command[0]} ended with {done.returncode}")
    return done.stdout


def records(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with open(path, "w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


SECTIONS = {"quality": quality, "pages": pages, "sites": sites, "speed": speed, "growth": growth}


if __name__ == "__main__":
    main()
