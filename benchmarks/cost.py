"""What cleaning a page costs: processor time beside lxml's bare parse, and beside the peers.

    python benchmarks/cost.py [--corpus ../shared/corpus/extraction] [--pages N]

Every page is timed with each tool in turn, so that a machine whose speed drifts disturbs all alike;
printed are medians over the pages, and medians of the ratios page by page. Peers that are not
installed are named and left out.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import lxml.html

import dedupe

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
    print(f"{'tool':14} {'median ms':>10} {'90 % ms':>9} {'of the parse':>13} {'of dedupe':>10}")
    base, ours = times["lxml parse"], times["dedupe.clean"]
    for name, values in times.items():
        ordered = sorted(values)
        to_parse = statistics.median(value / parse for value, parse in zip(values, base, strict=True))
        to_ours = statistics.median(value / own for value, own in zip(values, ours, strict=True))
        high = ordered[int(len(ordered) * 0.9)]
        print(f"{name:14} {statistics.median(values):10.2f} {high:9.2f} {to_parse:13.2f} {to_ours:10.2f}")


if __name__ == "__main__":
    main()
