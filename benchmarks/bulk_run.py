"""Whole runs of `dedupe bulk`: the same bytes whatever happens, broken files, processor time, memory.

    python benchmarks/bulk_run.py same broken cost memory [--pages N] [--rounds N] [--kills N] [--corpus DIR]

same     outputs with one process, two, another order of files, and after kills with --resume: equal or not
broken   200 broken files of many kinds among the pages: is each named, and each good page cleaned?
cost     processor time of a run with one process and with two, beside `clean` on the same pages
memory   the largest process of a run over a tenth of the pages, and over all of them

The pages are self-made, about the size of a median news page; with --corpus, `cost` runs on the pages of
that folder (*.html, *.html.gz) instead.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_HOME = Path(__file__).resolve().parent
sys.path.insert(0, str(_HOME.parent / "tests" / "helpers"))

from bulk_pages import WORDS, broken, sentences  # noqa: E402

_KINDS = 6  # folders of broken files, one of each kind in every one


def main() -> None:
    """Run the measurements that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    measures = {"same": same, "broken": broken_files, "cost": cost, "memory": memory}
    parser.add_argument("measures", nargs="+", choices=measures, metavar="MEASURE")
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3, help="cost: each is timed that often, in turn")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--corpus", type=Path)
    args = parser.parse_args()
    for name in args.measures:
        with tempfile.TemporaryDirectory(prefix="bulk-run-") as folder:
            measures[name](Path(folder), args)


# ---------------------------------------------------------------- pages


def page(number: int) -> str:
    """A news page of about 150 blocks and 720 elements; every tenth is an edited copy of the one before."""
    story = number - 1 if number % 10 == 9 else number
    lines = sentences(f"story {story}", 42)
    if story != number:
        lines[7] = sentences(f"edit {number}", 1)[0]
    rng = random.Random(f"page {number}")
    title = " ".join(lines[0].split()[:9])
    body = "".join(_paragraph(rng, lines[at : at + 3]) for at in range(0, 42, 3))
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{title} | The Daily</title>"
        f"<meta property='og:title' content='{title}'><script>var page = {{id: {number}}};</script>"
        f"<style>{'.a-b{margin:0}' * 80}</style></head><body><header><a class='logo' href='/'>The Daily</a>"
        f"<nav><ul>{''.join(_links(rng, 30))}</ul></nav></header><main><article><h1>{title}</h1>"
        f"<p class='byline'>By <a href='/by/{number}'>A. Reporter</a></p>"
        f"<time datetime='2024-05-{1 + number % 28:02}'>{1 + number % 28} May 2024</time>"
        f"<div class='share'><a href='#'>Share</a> <a href='#'>Mail</a></div>{body}</article>"
        f"<aside class='related'><h2>Related</h2>{''.join(_teasers(rng, 24))}</aside></main>"
        f"<footer><ul>{''.join(_links(rng, 20))}</ul><p>All rights reserved.</p></footer></body></html>"
    )


def _links(rng: random.Random, count: int) -> Iterator[str]:
    for word in rng.choices(WORDS, k=count):
        yield f"<li class='item'><a href='/{word}'><span>{word.capitalize()}</span></a></li>"


def _paragraph(rng: random.Random, lines: Sequence[str]) -> str:
    word = rng.choice(WORDS)
    return f"<p>{lines[0]} <a href='/t/{word}'>{word}</a> {lines[1]} <em>{lines[2]}</em></p>"


def _teasers(rng: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        title, text = (" ".join(rng.choices(WORDS, k=size)) for size in (7, 14))
        picture = f"<div class='image'><span><img src='{number}.jpg'></span></div>"
        heading = f"<a href='/s/{number}'>{picture}<h3><span>{title}</span></h3></a>"
        meta = f"<div class='meta'><i></i><span>{number} h</span></div>"
        yield f"<div class='teaser'><div class='in'>{heading}<p><b>{title}</b> {text}.</p>{meta}</div></div>"


def write_pages(folder: Path, count: int, shuffled: bool = False) -> Path:
    """Write pages of five sites under a folder, in their order or another."""
    numbers = list(range(count))
    if shuffled:
        random.Random(1).shuffle(numbers)
    for number in numbers:
        path = folder / f"site{number % 5}" / f"{number:06}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(number), "utf-8")
    return folder


# ---------------------------------------------------------------- the same bytes


def same(folder: Path, args: argparse.Namespace) -> None:
    """Print which runs give the same bytes as a run with one process."""
    source = _sources(folder / "in", args.pages)
    before = _state(source)
    start = time.monotonic()
    _bulk(source, folder / "one", 1)
    expected, took = _outputs(folder / "one"), time.monotonic() - start
    print(f"same: {args.pages} pages and two files of records, {len(expected)} outputs, {took:.0f} s")
    _bulk(source, folder / "two", 2)
    print(f"  two processes: {_word(_outputs(folder / 'two') == expected)}")
    _bulk(_sources(folder / "shuffled", args.pages, True), folder / "three", 2)
    print(f"  another order of files: {_word(_outputs(folder / 'three') == expected)}")
    _killed(source, folder / "four", args.kills, took, expected)
    print(f"  sources as they were: {_word(_state(source) == before)}")


def _killed(source: Path, dest: Path, kills: int, took: float, expected: dict[str, bytes]) -> None:
    rng = random.Random(4)
    done = runs = right = 0
    while done < kills:
        process = _start(source, dest, 2, "--resume")
        try:
            process.wait(rng.uniform(0.1, took))
        except subprocess.TimeoutExpired:
            process.kill()
            done += 1
        process.wait()
        if process.returncode >= 0 or done == kills:
            _bulk(source, dest, 2, "--resume")
            runs, right = runs + 1, right + (_outputs(dest) == expected)
            shutil.rmtree(dest)
    print(f"  {kills} kills, each followed by --resume, in {runs} runs: {right} of them the same")


def _sources(folder: Path, count: int, shuffled: bool = False) -> Path:
    import gzip

    write_pages(folder, count, shuffled)
    lines = "".join(f"{json.dumps({'id': number, 'html': page(number)})}\n" for number in range(5, count, 20))
    (folder / "more.jsonl").write_text(lines, "utf-8")
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(lines.encode(), 1, mtime=0))
    return folder


def _state(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def _outputs(dest: Path) -> dict[str, bytes]:
    files = (path for path in sorted(dest.rglob("*")) if path.is_file() and path.name != "run.json")
    return {path.relative_to(dest).as_posix(): path.read_bytes() for path in files}


def _word(is_so: bool) -> str:
    return "yes" if is_so else "NO"


# ---------------------------------------------------------------- broken files


def broken_files(folder: Path, args: argparse.Namespace) -> None:
    """Print how many good pages were cleaned and how many broken files named."""
    source = write_pages(folder / "in", args.pages)
    bad: dict[str, str] = {}
    for at in range(_KINDS):
        place = source / f"bad{at}"
        place.mkdir()
        bad |= {f"bad{at}/{name}": reason for name, reason in broken(place, at).items()}
    process = _start(source, folder / "out", 2, "--max-page", "2", stderr=subprocess.PIPE)
    told = (process.communicate()[1] or b"").decode()
    rows, errors = (_rows(folder / "out" / name) for name in ("pages.jsonl", "errors.jsonl"))
    good = sum(row["path"].startswith("site") and row["status"] != "error" for row in rows)
    named = {row["path"].partition("#")[0]: row["reason"] for row in errors}
    wrong = {name: named.get(name) for name, reason in bad.items() if reason not in named.get(name, "-")}
    shown = sum(row["path"] in told for row in errors)
    print(f"broken: {len(bad) - len(wrong)} of {len(bad)} broken files named with their reason")
    print(f"  {shown} of {len(errors)} errors on stderr; exit {process.returncode}; wrong: {wrong or 'none'}")
    print(f"  {good} of {args.pages} good pages cleaned")


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# ---------------------------------------------------------------- processor time and memory

_CLEAN = """
import json, resource, sys
import dedupe
cleaner = dedupe.Cleaner()
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        cleaner.clean(file.read()).text
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime]))
"""

_RUN = """
import json, resource, sys
from dedupe.bulk import run
from dedupe.bulk.worker import BulkOptions
run([sys.argv[1]], sys.argv[2], BulkOptions(jobs=int(sys.argv[3])))
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([(one.ru_utime + one.ru_stime, one.ru_maxrss) for one in used]))
"""


def cost(folder: Path, args: argparse.Namespace) -> None:
    """Print the least processor time of each over the rounds, and the ratios.

    Two processes at once cost more than one after the other on most machines, whatever they do: two of
    `clean`, each on half of the pages, tell how much.
    """
    source = _unpacked(args.corpus, folder / "in") if args.corpus else write_pages(folder / "in", args.pages)
    paths = sorted(map(str, source.rglob("*.html")))
    times: dict[str, list[float]] = {name: [] for name in ("clean", "two clean", "one", "two", "main")}
    for turn in range(args.rounds):
        times["clean"].append(_clean(paths))
        times["one"].append(sum(_run(source, folder / f"one {turn}", 1)))
        main, workers = _run(source, folder / f"two {turn}", 2)
        times["two"].append(main + workers)
        times["main"].append(main)
        times["two clean"].append(_clean(paths[::2], paths[1::2]))
    least = {name: min(found) for name, found in times.items()}
    print(f"cost: {len(paths)} pages, least of {args.rounds} rounds, seconds of processor time")
    print("  " + "; ".join(f"{name} {seconds:.2f}" for name, seconds in least.items()))
    for one, other in (("one", "clean"), ("two", "one"), ("two clean", "clean"), ("main", "two")):
        rounds = [ours / theirs for ours, theirs in zip(times[one], times[other], strict=True)]
        median = statistics.median(rounds)
        print(f"  {one} : {other} {least[one] / least[other]:.3f}, median of the rounds {median:.3f}")


def _clean(*parts: Sequence[str]) -> float:
    """Processor seconds of `clean` on all pages, in as many processes as there are parts."""
    processes = [_printing(_CLEAN, *paths) for paths in parts]
    return sum(float(_printed(process)[0]) for process in processes)


def _run(source: Path, dest: Path, jobs: int) -> tuple[float, float]:
    """Processor seconds of a run: those of the main process, those of its workers."""
    (main, _), (workers, _) = _printed(_printing(_RUN, source, dest, jobs))
    return float(main), float(workers)


def memory(folder: Path, args: argparse.Namespace) -> None:
    """Print the largest resident size of the main process and of a worker, for few pages and for many."""
    sizes = {}
    for count in (args.pages // 10, args.pages):
        source = write_pages(folder / f"in {count}", count)
        (_, main), (_, worker) = _printed(_printing(_RUN, source, folder / f"out {count}", 2))
        sizes[count] = main
        print(f"memory: {count} pages: main {main / 1024:.0f} MiB, largest worker {worker / 1024:.0f} MiB")
    few, many = sizes
    print(f"  main process: {(sizes[many] - sizes[few]) / (many - few):.2f} KiB a page more")


def _unpacked(corpus: Path, folder: Path) -> Path:
    import gzip

    for path in sorted(corpus.rglob("*.html*")):
        data = path.read_bytes()
        place = folder / path.relative_to(corpus).with_name(path.name.removesuffix(".gz"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)
    return folder


# ---------------------------------------------------------------- processes


def _bulk(source: Path, dest: Path, jobs: int, *args: str) -> None:
    code = _start(source, dest, jobs, *args).wait()
    if code not in (0, 1):
        raise SystemExit(f"dedupe bulk ended with {code}")


def _start(
    source: Path, dest: Path, jobs: int, *args: str, stderr: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    command = ["-m", "dedupe", "bulk", str(source), "-o", str(dest), "--jobs", str(jobs), *args]
    return subprocess.Popen([sys.executable, *command], env=_environment(), stderr=stderr)


def _printing(code: str, *args: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE)


def _printed(process: subprocess.Popen[bytes]) -> list[Any]:
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a process ended with {process.returncode}")
    found: list[Any] = json.loads(out)
    return found


def _environment() -> dict[str, str]:
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**os.environ, **one, "PYTHONPATH": str(_HOME.parent)}


if __name__ == "__main__":
    main()
