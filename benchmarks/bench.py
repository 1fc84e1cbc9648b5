"""This project beside its peers: quality and speed on the same inputs, in one run.

    make bench                                     everything, about a quarter of an hour
    make bench QUICK=1                             samples of everything, under three minutes
    python benchmarks/bench.py [--quick] [--only SUITE,…] [--tools NAME,…] [--keep] [--shared ../shared]
    python benchmarks/bench.py --floors            raise benchmarks/floors.json; never lowers a floor

Each tool runs in a process of its own for quality, so that one that crashes takes nothing with it and
is reported; for speed all tools take turns in one process. Suites on the development corpus run where it is
there. Written are results.json (raw), tables.md and plots into benchmarks/results (--quick: into its
folder `quick`). `--keep` adds to the results that are there instead of beginning anew.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import floors
import peers
import plots
import quality
import speed
import tables

RESULTS = Path(__file__).resolve().parent / "results"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
SPEED = ("speed-html", "speed-text", "speed-across", "speed-start", "speed-bulk")
SECONDS = 3600  # for one tool, or for one speed suite

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What is asked for."""

    shared: Path
    quick: bool
    tools: tuple[str, ...]
    suites: tuple[str, ...]

    @property
    def has_shared(self) -> bool:
        return (self.shared / "corpus").is_dir()

    @property
    def plan(self) -> speed.Plan:
        return replace(speed.QUICK if self.quick else speed.FULL, shared=self.shared)

    def step(self, suite: str) -> int:
        return QUICK_STEPS[suite] if self.quick else 1


#: One page in so many, in a quick run.
QUICK_STEPS = {
    "article-twice": 8,
    "twice": 4,
    "extraction": 25,
    "dumps": 20,
    "intra": 14,
    "sites": 14,
    "sites-together": 1,
    "across": 4,
    "cross": 1,
    "crosspage": 1,
    "crosspage-bulk": 1,
}
#: Left out of a quick run: too slow for what they tell a second time.
NOT_QUICK = frozenset({"crosspage", "crosspage-bulk", "sites-together"})


def main() -> int:
    """Run what is asked for; 1 if a floor is not held."""
    args = _arguments()
    suites = tuple(args.only.split(",")) if args.only else (*quality.SUITES, *SPEED)
    tools = tuple(args.tools.split(",")) if args.tools else tuple(peers.CLEANERS | peers.FINDERS)
    run = Run(args.shared, args.quick, tools, suites)
    if args.child:
        return _child(run, args.child)
    if args.floors:
        return floors.raise_floors(args.shared)
    out = RESULTS / "quick" if args.quick else RESULTS
    rows = _merged(_kept(out) if args.keep else [], list(_rows(run)))
    write(out, {"run": _about(run), "versions": _versions(), "rows": rows})
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=quality.SHARED)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="suites: " + ", ".join((*quality.SUITES, *SPEED)))
    parser.add_argument("--tools", help="tools: " + ", ".join(peers.CLEANERS | peers.FINDERS))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--floors", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def write(out: Path, results: Mapping[str, Any]) -> None:
    """Raw results, and the tables and plots that are made from them."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = tables.markdown(results)
    (out / "tables.md").write_text(text, "utf-8")
    for name, picture in plots.pictures(results).items():
        (out / f"{name}.svg").write_text(picture, "utf-8")
    print(text)


def _kept(out: Path) -> list[Row]:
    file = out / "results.json"
    found: list[Row] = json.loads(file.read_text("utf-8"))["rows"] if file.exists() else []
    return found


def _merged(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """New rows instead of old ones of the same suite and tool, in the order of suites and tools."""
    rows = {(row["suite"], row["tool"]): row for row in (*old, *new)}
    suites, tools = (*quality.SUITES, *SPEED), [*(peers.CLEANERS | peers.FINDERS)]

    def place(row: Row) -> tuple[int, int]:
        return suites.index(row["suite"]), tools.index(row["tool"]) if row["tool"] in tools else -1

    return sorted(rows.values(), key=place)


def _about(run: Run) -> Row:
    return {
        "quick": run.quick,
        "corpus": run.has_shared,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _versions() -> dict[str, str | None]:
    """Of every tool, None where it is not installed; of the libraries that all stand on."""
    found = {name: peers.version(name) for name in peers.CLEANERS | peers.FINDERS}
    for library in ("lxml", "numpy", "scipy"):
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = None
    return found


# ---------------------------------------------------------------- parent


def _rows(run: Run) -> Iterator[Row]:
    """The results of all suites, tool by tool, then the speed suites."""
    for tool in run.tools:
        suites = [suite for suite in run.suites if _is_for(run, suite, tool)]
        while suites:
            rows = list(_from_child(run, tool, suites))
            yield from rows
            done = [row["suite"] for row in rows]
            suites = [suite for suite in suites if suite not in done]
    for suite in SPEED:
        if suite in run.suites:
            yield from _from_child(run, suite, [suite])


def _is_for(run: Run, suite: str, tool: str) -> bool:
    if suite in SPEED or (run.quick and suite in NOT_QUICK):
        return False
    if quality.needs_shared(suite) and not run.has_shared:
        return False
    if suite in quality.BULK:
        return tool == "dedupe"
    return tool in (peers.CLEANERS if suite in quality.CLEANING else peers.FINDERS)


def _from_child(run: Run, name: str, suites: Sequence[str]) -> Iterator[Row]:
    """What a process of its own answers; a row that tells the reason for the suite at which it ended."""
    print(f"{name}: {', '.join(suites)}", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--child", name, "--only", ",".join(suites)]
    command += ["--shared", str(run.shared), "--tools", ",".join(run.tools), *["--quick"] * run.quick]
    done, ended = _finished(command)
    rows = [json.loads(line) for line in done.splitlines() if line.startswith('{"suite"')]
    yield from rows
    missing = [suite for suite in suites if suite not in {row["suite"] for row in rows}]
    if missing:
        print(f"{name}: {missing[0]}: {ended}", file=sys.stderr, flush=True)
        yield {"suite": missing[0], "tool": name, "error": ended}


def _finished(command: Sequence[str]) -> tuple[str, str]:
    """What a command printed, and in which way it ended."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=SECONDS, env=os.environ | ONE_THREAD
        )
    except subprocess.TimeoutExpired as expired:
        printed = expired.stdout or b""
        return printed.decode() if isinstance(printed, bytes) else printed, f"not ready after {SECONDS} s"
    return done.stdout, f"the process ended with {done.returncode}"


# ---------------------------------------------------------------- child


def _child(run: Run, name: str) -> int:
    """Print a JSON line for each suite (for speed: for each tool)."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    for suite in run.suites:
        if suite in SPEED:
            for tool, figures in _speed(run, suite).items():
                _print({"suite": suite, "tool": tool, **figures})
        else:
            _print({"suite": suite, "tool": name, **_quality(run, suite, name)})
    return 0


def _print(row: Row) -> None:
    print(json.dumps(row, ensure_ascii=False), flush=True)


def _quality(run: Run, suite: str, tool: str) -> Row:
    try:
        cleaner = peers.load_cleaner(tool) if suite in quality.CLEANING else None
        find = peers.load_finder(tool) if suite in quality.FINDING else None
    except ImportError as error:
        return {"error": f"not installed ({error})"}
    try:
        return {"figures": quality.run(suite, quality.Job(cleaner, find, run.shared, run.step(suite)))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def _speed(run: Run, suite: str) -> dict[str, Row]:
    """The rows of a speed suite; tools that are not installed have a row that says so."""
    if suite in ("speed-start", "speed-bulk"):
        measured = (speed.starting if suite == "speed-start" else speed.bulk)(run.plan)
        return {tool: {"figures": figures} for tool, figures in measured.items()}
    names = peers.FINDERS if suite == "speed-across" else peers.CLEANERS
    load = peers.load_finder if suite == "speed-across" else peers.load_cleaner
    tools: dict[str, Any] = {}
    rows: dict[str, Row] = {}
    for name in (name for name in names if name in run.tools):
        try:
            tools[name] = load(name)
        except ImportError as error:
            rows[name] = {"error": f"not installed ({error})"}
    measures: dict[str, Callable[..., dict[str, Row]]] = {
        "speed-html": speed.html,
        "speed-text": speed.text,
        "speed-across": speed.finding,
    }
    found = measures[suite](run.plan, tools)
    return {tool: {"figures": figures} for tool, figures in found.items()} | rows


if __name__ == "__main__":
    sys.exit(main())
