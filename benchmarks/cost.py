"""What cleaning a page costs: processor time beside lxml's bare parse, and beside the peers.

    python benchmarks/cost.py [--corpus ../shared/corpus/extraction] [--pages N]

Every page is timed with each tool in turn, so that a machine whose speed drifts disturbs all alike;
printed are medians over the pages, medians of the ratios page by page, and ratios of the totals. A second
table says what each stage of `dedupe.clean` takes, a third what the command takes to clean a small page
beside an interpreter that imports lxml.html and click. Peers that are not installed are named and left out.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import lxml.html

import dedupe
from dedupe.chrome import body as chrome
from dedupe.chrome.features.matrix import matrix
from dedupe.chrome.lexicon import load as load_lexicon
from dedupe.chrome.model import load as load_model
from dedupe.cleaning import assemble, verdicts
from dedupe.cleaning import source as cleaner
from dedupe.cleaning.passes import DeduplicatedPage
from dedupe.repeats import search as repeats
from dedupe.segment.html import segment_html

SMALL_PAGE = Path(__file__).resolve().parent.parent / "fixtures" / "de-druck-und-modal" / "page.html"
RUNS = 9  # of each command

Tool = Callable[[bytes], object]


def main() -> None:
    """Time all tools over the corpus pages and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    home = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus" / "extraction"
    parser.add_argument("--corpus", type=Path, default=home)
    parser.add_argument("--pages", type=int, default=0, help="only so many pages, spread over the corpus")
    args = parser.parse_args()
    pages = load(args.corpus, args.pages)
    tools = {"lxml parse": parse, "dedupe.clean": dedupe.clean} | dict(peers())
    times = measure(pages, tools)
    report(pages, times)
    report_stages(pages, times["lxml parse"])
    report_startup()


def load(corpus: Path, most: int) -> list[bytes]:
    """The corpus's pages as raw bytes."""
    with open(corpus / "cases.jsonl", encoding="utf-8") as lines:
        names = [json.loads(line)["page"] for line in lines]
    step = max(1, len(names) // most) if most else 1
    return [gzip.decompress((corpus / name).read_bytes()) for name in names[::step]]


def parse(page: bytes) -> object:
    """lxml's bare parse of a page to a tree."""
    return lxml.html.document_fromstring(page, parser=lxml.html.HTMLParser(huge_tree=True))


def peers() -> list[tuple[str, Tool]]:
    """The other extractors that are installed."""
    found: list[tuple[str, Tool]] = []
    try:
        import trafilatura

        found.append(("trafilatura", lambda page: trafilatura.extract(page, include_comments=False)))
    except ImportError:
        print("trafilatura is not installed: left out")
    try:
        from resiliparse.extract.html2text import extract_plain_text
        from resiliparse.parse.html import HTMLTree

        def resiliparse(page: bytes) -> object:
            tree = HTMLTree.parse_from_bytes(page, "utf-8")
            return extract_plain_text(tree, main_content=True, alt_texts=False)

        found.append(("resiliparse", resiliparse))
    except ImportError:
        print("resiliparse is not installed: left out")
    return found


def measure(pages: list[bytes], tools: dict[str, Tool]) -> dict[str, list[float]]:
    """Processor milliseconds of each tool on each page; the first pages are run once before."""
    times: dict[str, list[float]] = {name: [] for name in tools}
    for page in pages[:3]:
        for tool in tools.values():
            attempt(tool, page)
    for page in pages:
        for name, tool in tools.items():
            start = time.process_time_ns()
            attempt(tool, page)
            times[name].append((time.process_time_ns() - start) / 1e6)
    return times


def attempt(tool: Tool, page: bytes) -> None:
    """Run a tool; what it raises is its own affair here."""
    try:
        tool(page)
    except Exception as error:
        print(f"{tool}: {type(error).__name__}")


def report(pages: list[bytes], times: dict[str, list[float]]) -> None:
    """Print medians and ratios."""
    names = ("lxml", "numpy", "news-dedupe", "trafilatura", "resiliparse")
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    print(f"{len(pages)} pages; Python {platform.python_version()}; {', '.join(versions)}")
    print("processor time           median      90 %  times the parse   times dedupe")
    print("                             ms        ms  median    total  median    total")
    base, ours = times["lxml parse"], times["dedupe.clean"]
    for name, values in times.items():
        ordered = sorted(values)
        high = ordered[int(len(ordered) * 0.9)]
        print(
            f"{name:20} {statistics.median(values):10.2f} {high:9.2f} {ratio(values, base):7.2f} "
            f"{sum(values) / sum(base):8.2f} {ratio(values, ours):7.2f} {sum(values) / sum(ours):8.2f}"
        )


def ratio(values: list[float], others: list[float]) -> float:
    """The median of the ratios page by page."""
    return statistics.median(value / other for value, other in zip(values, others, strict=True))


# ---------------------------------------------------------------- stages


class Clock:
    """Processor milliseconds between calls of `lap`, by the names that they give."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.process_time_ns()

    def lap(self, name: str) -> None:
        """Charge all since the last call to `name`."""
        now = time.process_time_ns()
        self.laps[name] = (now - self._last) / 1e6
        self._last = time.process_time_ns()


def stages(page: bytes) -> dict[str, float]:
    """What the stages of `dedupe.clean` take on one HTML page."""
    lexicon, model, options = load_lexicon_once(), load_model("html"), dedupe.Options()
    clock = Clock()
    source = cleaner.read(page)
    clock.lap("decode")
    segmented = segment_html(source.text)
    clock.lap("segment")
    search = repeats.RepeatSearch.of(segmented)
    clock.lap("repeats")
    once = DeduplicatedPage.of(search, lexicon)
    clock.lap("lexicon")
    once = once.chosen(chrome.heuristic_scores(once.split_page, once.part_phrases), lexicon)
    clock.lap("choose")
    features = matrix(once.twins, once.phrases)
    clock.lap("features")
    scores = model.score(features).tolist() if len(features) else []
    clock.lap("model")
    classification = chrome.classify(once.twins, once.phrases, scores, once.copied)
    clock.lap("chrome")
    decisions = verdicts.decide(once, classification, options)
    assemble.assemble(segmented, verdicts.Judged(once, decisions, classification), source, None)
    clock.lap("result")
    return clock.laps


load_lexicon_once = functools.cache(load_lexicon)


def report_stages(pages: list[bytes], base: list[float]) -> None:
    """Print what each stage takes, beside the parse that `measure` timed."""
    for page in pages[:3]:
        stages(page)
    times: dict[str, list[float]] = {}
    for page in pages:
        for name, spent in stages(page).items():
            times.setdefault(name, []).append(spent)
    print()
    print("stage                    median              times the parse")
    print("                             ms               median    total")
    times["all stages"] = [sum(spent) for spent in zip(*times.values(), strict=True)]
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:20} {median:10.2f} {ratio(values, base):20.2f} {sum(values) / sum(base):8.2f}")


# ---------------------------------------------------------------- start-up


def report_startup() -> None:
    """Print what `dedupe clean` of a small page takes from start to end, and its share of two imports."""
    commands = {
        "lxml.html and click": [sys.executable, "-c", "import lxml.html, click"],
        "dedupe clean FILE": [sys.executable, "-m", "dedupe", "clean", str(SMALL_PAGE)],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as bytecode:  # what is installed has its bytecode
        for run in range(RUNS + 1):
            for name, command in commands.items():
                spent = processor_ms(command, bytecode)
                if run:
                    times[name].append(spent)
    base = statistics.median(times["lxml.html and click"])
    print()
    print(f"start to end           median ms   times the first ({SMALL_PAGE.parent.name}, {RUNS} runs)")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:20} {median:11.1f} {median / base:17.2f}")


def processor_ms(command: list[str], bytecode: str) -> float:
    """Processor milliseconds, user and system, of a command that keeps its bytecode in this folder."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = bytecode
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


if __name__ == "__main__":
    main()
