"""Speed suites: all tools in turn on each piece of work, so that a drifting machine disturbs all alike.

Times are processor time (user and system, of child processes too), in one thread; ratios are medians of the
ratios piece by piece. What a tool raises is counted, and its time counts all the same.
"""

from __future__ import annotations

import gzip
import json
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, run
from typing import Any

import lxml.html
import peers
from quality import Guard
from twice import across, plant

Figures = dict[str, Any]
PARSE = "lxml parse"
SECONDS = 600  # for a tool on one piece of work
FAILED = 0.1  # of the pieces: above, a tool's times are not those of its work


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: pages, dumps, texts across pages, rounds; and where the corpus is."""

    shared: Path
    pages: int
    dumps: int
    stories: int
    bulk: int
    rounds: int


FULL = Plan(Path(), pages=240, dumps=240, stories=1200, bulk=4_000, rounds=4)
QUICK = Plan(Path(), pages=30, dumps=40, stories=400, bulk=800, rounds=2)


def html(plan: Plan, cleaners: Mapping[str, peers.Cleaner]) -> dict[str, Figures]:
    """From the bytes of a page to its text: milliseconds, and times lxml's bare parse."""
    pages = html_pages(plan)
    tools = {PARSE: parse} | {name: cleaner.text for name, cleaner in cleaners.items()}
    return _compared(_clocked(tools, pages), "ms", PARSE, _sizes(pages))


def text(plan: Plan, cleaners: Mapping[str, peers.Cleaner]) -> dict[str, Figures]:
    """From a plain-text dump to its text."""
    dumps = text_dumps(plan)
    tools = {name: cleaner.dump_text for name, cleaner in cleaners.items()}
    return _compared(_clocked(tools, dumps), "ms", "", [len(dump.encode()) for dump in dumps])


def finding(plan: Plan, finders: Mapping[str, peers.Find]) -> dict[str, Figures]:
    """From texts to clusters: documents a second."""
    documents = across.collection(plan.stories)
    texts, sites = [each.text for each in documents], [each.site for each in documents]
    tools = {name: _bound(find, texts, sites) for name, find in finders.items()}
    times = _clocked(tools, range(plan.rounds), warm=0)
    figures = _compared(times, "seconds", "", [sum(len(each.encode()) for each in texts)] * plan.rounds)
    return _with_rate(figures, len(texts))


def starting(plan: Plan) -> dict[str, Figures]:
    """Commands from start to end on one small page."""
    page = next(page for page in plant.pages(25) if page.form == "html").content
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, "utf-8")
        tools = {name: _command(line, file) for name, line in commands(str(file)).items()}
        return _compared(_clocked(tools, range(2 * plan.rounds), warm=1), "ms", "import click, lxml", [])


def bulk(plan: Plan) -> dict[str, Figures]:
    """`dedupe bulk` on texts that are articles already, and on whole pages, with one worker process."""
    documents = across.collection(plan.bulk // 2)[: plan.bulk]
    rows = [{"id": each.id, "site": each.site, "text": each.text} for each in documents]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "texts.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        size = sum(len(each.text.encode()) for each in documents)
        lines = {"already clean": ["--already-clean"], "text": []}
        tools = {name: _bulk_command(source, options) for name, options in lines.items()}
        times = _clocked(tools, range(min(2, plan.rounds)), warm=0)
    figures = _compared(times, "seconds", "", [size] * min(2, plan.rounds))
    return _with_rate(figures, len(rows))


# ---------------------------------------------------------------- work


def html_pages(plan: Plan) -> list[bytes]:
    """Real pages of the development corpus, else generated ones."""
    corpus = plan.shared / "corpus" / "extraction"
    if not corpus.is_dir():
        made = (page for page in plant.pages(3 * plan.pages) if page.form == "html")
        return [page.content.encode() for page, _ in zip(made, range(plan.pages), strict=False)]
    with open(corpus / "cases.jsonl", encoding="utf-8") as lines:
        names = [json.loads(line)["page"] for line in lines]
    chosen = random.Random(0).sample(names, min(plan.pages, len(names)))
    return [gzip.decompress((corpus / name).read_bytes()) for name in chosen]


def text_dumps(plan: Plan) -> list[str]:
    """Dumps of real pages from the development corpus, else generated ones."""
    file = plan.shared / "corpus" / "dumps" / "dumps.jsonl.gz"
    if not file.is_file():
        made = (page for page in plant.pages(3 * plan.dumps) if page.form == "text")
        return [page.content for page, _ in zip(made, range(plan.dumps), strict=False)]
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    return random.Random(0).sample(texts, min(plan.dumps, len(texts)))


def parse(page: bytes) -> object:
    """lxml's bare parse of a page to a tree."""
    return lxml.html.document_fromstring(page, parser=lxml.html.HTMLParser(huge_tree=True))


def commands(page: str) -> dict[str, list[str]]:
    """Command lines that clean a page, and what the interpreter and its libraries take before."""
    own = str(Path(sys.executable).parent)
    found = {
        "python": [sys.executable, "-c", "pass"],
        "import click, lxml": [sys.executable, "-c", "import click, lxml.html"],
        "dedupe clean": [sys.executable, "-m", "dedupe", "clean", page],
    }
    if other := shutil.which("trafilatura", path=own):
        found["trafilatura"] = [other]
    return found


def _command(line: Sequence[str], page: Path) -> Callable[[int], object]:
    def start(_: int) -> None:
        with open(page, "rb") as file:
            run(line, check=True, stdin=file, stdout=DEVNULL, stderr=DEVNULL)

    return start


def _bulk_command(source: Path, options: Sequence[str]) -> Callable[[int], object]:
    def start(number: int) -> None:
        out = source.parent / f"out{number}{len(options)}"
        line = [sys.executable, "-m", "dedupe", "bulk", str(source), "-o", str(out), "--jobs", "1"]
        run([*line, *options], check=True, stdout=DEVNULL, stderr=DEVNULL)
        shutil.rmtree(out)

    return start


def _bound(find: peers.Find, texts: Sequence[str], sites: Sequence[str]) -> Callable[[int], object]:
    return lambda _: find(texts, sites)


# ---------------------------------------------------------------- clock


@dataclass(frozen=True, slots=True)
class Clocked:
    """Seconds of a tool on each piece of work, and how often it failed."""

    seconds: list[float]
    failures: dict[str, int]


def _clocked(
    tools: Mapping[str, Callable[[Any], object]], work: Sequence[Any], warm: int = 2
) -> dict[str, Clocked]:
    """Every piece with each tool in turn, in changing order; the first pieces are run once before."""
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    guards = {name: Guard(SECONDS) for name in tools}
    for piece, tool in product(work[:warm], tools.values()):
        Guard(SECONDS)(tool, piece)
    rng = random.Random(0)
    for piece in work:
        for name in rng.sample(sorted(tools), len(tools)):
            start = _processor_time()
            guards[name](tools[name], piece)
            seconds[name].append(_processor_time() - start)
    return {name: Clocked(seconds[name], dict(guards[name].failures)) for name in tools}


def _processor_time() -> float:
    """Of this process, and of its ended children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _sizes(pages: Sequence[bytes]) -> list[int]:
    return [len(page) for page in pages]


def _compared(times: Mapping[str, Clocked], unit: str, base: str, sizes: Sequence[int]) -> dict[str, Figures]:
    """For each tool the median and the 90th percentile, the ratios to the base and to this project."""
    scale = 1000 if unit == "ms" else 1
    ours = next((name for name in times if name.startswith(("dedupe", "already"))), "")
    figures: dict[str, Figures] = {}
    for name, clocked in times.items():
        if sum(clocked.failures.values()) > FAILED * len(clocked.seconds):
            figures[name] = {"failures": clocked.failures}
            continue
        ordered = sorted(clocked.seconds)
        row: Figures = {
            unit: round(median(ordered) * scale, 3),
            f"{unit}_90": round(ordered[int(0.9 * (len(ordered) - 1))] * scale, 3),
            "to_base": _ratio(clocked, times.get(base)),
            "to_ours": _ratio(clocked, times.get(ours)),
            "failures": clocked.failures,
        }
        if sizes:
            row["megabytes_a_second"] = round(sum(sizes) / 1e6 / (sum(ordered) or 1e-9), 2)
        figures[name] = row
    return figures


def _with_rate(figures: dict[str, Figures], documents: int) -> dict[str, Figures]:
    """Documents a second, by the median time, for the tools that have one."""
    return {
        name: {**row, "documents_a_second": round(documents / row["seconds"])} if row.get("seconds") else row
        for name, row in figures.items()
    }


def _ratio(one: Clocked, other: Clocked | None) -> float | None:
    if other is None:
        return None
    pairs = zip(one.seconds, other.seconds, strict=True)
    return round(median(mine / (theirs or 1e-9) for mine, theirs in pairs), 3)
