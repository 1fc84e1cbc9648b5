"""What each threshold moves: every field of every `Rules` value at ×0.8 and at ×1.25.

    python benchmarks/sensitivity.py [--package repeats …] [--step 16] [--jobs 2] [--out FILE.json]
    python benchmarks/sensitivity.py --render          # the table in results/sensitivity.md, from the JSON

For each field: how many of the sampled pages and dumps of the development corpus come out otherwise, and by
how much the figures of its package's suites change (those of `quality.py`, a page in so many). Whole numbers
are moved by one at least. A field that moves nothing is listed by itself: either no page of the sample needs
it, and a fixture or test does, or it should go. Results are added to the JSON file field by field, so that a
long run can be done in parts; `--again` measures anew what the file has.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import importlib
import json
import multiprocessing
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import outputs
import peers
import quality

import dedupe

RESULTS = Path(__file__).resolve().parent / "results"
FACTORS = (0.8, 1.25)
#: The suites that tell what a package's thresholds do, with the figure that is looked at and their steps.
SUITES = {
    "repeats": (("article-twice", "recall", 12), ("article-twice", "precision", 12)),
    "cleaning": (("article-twice", "recall", 12), ("extraction", "f1", 10)),
    "chrome": (("extraction", "f1", 5), ("dumps", "f1_once", 5)),
    "segment": (("dumps", "f1_once", 4), ("extraction", "f1", 10)),
    "text": (("dumps", "f1_once", 8),),
    "decode": (),
    "corpus": (("cross", "f1", 1), ("across", "f1", 4)),
    "index": (),
}


class Threshold(NamedTuple):
    """A field of a `Rules` value: `module` holds the value under the name `constant`."""

    module: str
    constant: str
    field: str

    @property
    def package(self) -> str:
        return self.module.split(".")[1]

    @property
    def name(self) -> str:
        return f"{self.module.removeprefix('dedupe.')}:{self.constant}.{self.field}"

    @property
    def rules(self) -> Any:
        return getattr(importlib.import_module(self.module), self.constant)

    @property
    def value(self) -> float:
        value: float = getattr(self.rules, self.field)
        return value


class Task(NamedTuple):
    threshold: Threshold | None  # none: as things stand
    factor: float
    package: str
    shared: Path
    step: int


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=quality.SHARED)
    parser.add_argument("--package", nargs="+", choices=sorted(SUITES), default=sorted(SUITES))
    parser.add_argument("--step", type=int, default=16, help="every so many pages of the corpus only")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin nothing more after these")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS / "sensitivity.json")
    parser.add_argument("--render", action="store_true")
    args = parser.parse_args()
    if not args.render:
        if not (args.shared / "corpus").is_dir():
            print(f"{args.shared} is not there: thresholds are measured on the development corpus")
            return 1
        measure(args)
    (RESULTS / "sensitivity.md").write_text(table(_known(args.out)), "utf-8")
    return 0


def thresholds() -> Iterator[Threshold]:
    """All fields of all frozen values whose class is called …Rules, in the order of packages and modules."""
    for info in pkgutil.walk_packages(dedupe.__path__, "dedupe."):
        if info.name.split(".")[1] not in SUITES:
            continue
        module = importlib.import_module(info.name)
        for constant, rules in vars(module).items():
            if type(rules).__name__.endswith("Rules") and type(rules).__module__ == info.name:
                for field in dataclasses.fields(rules):
                    if isinstance(getattr(rules, field.name), int | float):
                        yield Threshold(info.name, constant, field.name)


def moved(value: float, factor: float) -> float:
    """A threshold moved by a factor; whole numbers by one at least."""
    if not isinstance(value, int):
        return value * factor
    other = round(value * factor)
    return other if other != value else value + (1 if factor > 1 else -1)


def measure(args: argparse.Namespace) -> None:
    """Measure what is asked for and not known yet, a field after the other, and keep each result at once."""
    known = _known(args.out)
    every = [each for each in thresholds() if each.package in args.package]
    tasks = [Task(None, 1.0, package, args.shared, args.step) for package in args.package]
    tasks += [
        Task(each, factor, each.package, args.shared, args.step)
        for each in every
        if args.again or each.name not in known
        for factor in FACTORS
    ]
    start = time.monotonic()
    base: dict[str, dict[str, Any]] = {}
    with multiprocessing.get_context("fork").Pool(args.jobs, maxtasksperchild=1) as pool:
        for task, found in pool.imap(_measured, tasks):
            if task.threshold is None:
                base[task.package] = found
                continue
            _keep(known, task, found, base[task.package])
            args.out.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
            if time.monotonic() - start > args.seconds:
                pool.terminate()
                return


def _keep(known: dict[str, Any], task: Task, found: dict[str, Any], base: dict[str, Any]) -> None:
    threshold = task.threshold
    if threshold is None:
        return
    entry = known.setdefault(threshold.name, {})
    entry["value"] = threshold.value
    changed = [name for name, value in found["pages"].items() if base["pages"][name] != value]
    figures = {name: round(value - base["figures"][name], 4) for name, value in found["figures"].items()}
    entry[f"x{task.factor:g}"] = {"pages": len(changed), "of": len(base["pages"]), **figures}
    print(threshold.name, entry["value"], f"x{task.factor:g}", entry[f"x{task.factor:g}"], flush=True)


def _measured(task: Task) -> tuple[Task, dict[str, Any]]:
    """In a process of its own: what comes out with one threshold moved."""
    if task.threshold is not None:
        value = moved(task.threshold.value, task.factor)
        object.__setattr__(task.threshold.rules, task.threshold.field, value)
    pages = {} if task.package in {"corpus", "index"} else _pages(task)
    if task.package in {"corpus", "index"}:
        pages = dict(outputs.answers(task.shared / "corpus", max(1, task.step // 4)))
    return task, {"pages": pages, "figures": dict(_figures(task))}


def _pages(task: Task) -> dict[str, str]:
    return {name: _said(name, data) for name, data in outputs.pages(task.shared / "corpus", task.step)}


def _said(name: str, data: bytes) -> str:
    try:
        text = outputs.CLEANERS[outputs.kind_of(name)].clean(data).text
    except dedupe.DedupeError as error:
        text = repr(error)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _figures(task: Task) -> Iterator[tuple[str, float]]:
    for suite, figure, step in SUITES[task.package]:
        cleaner = peers.load_cleaner("dedupe") if suite in quality.CLEANING else None
        find = peers.load_finder("dedupe") if suite in quality.FINDING else None
        found = quality.run(suite, quality.Job(cleaner, find, task.shared, step))
        yield f"{suite} {figure}", float(found[figure])


def _known(path: Path) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return known


def table(known: dict[str, Any]) -> str:
    """The results as Markdown: what moves something, then what moves nothing in the sample."""
    head = "| threshold | value | ×0.8 | ×1.25 |\n| --- | ---: | --- | --- |\n"
    rows = {name: _cells(entry) for name, entry in sorted(known.items()) if len(entry) == 3}
    moving = [f"| {name} | {cells} |\n" for name, cells in rows.items() if "pages" in cells]
    still = [f"- {name} ({known[name]['value']:g})\n" for name, cells in rows.items() if "pages" not in cells]
    return "".join(
        (
            "# What each threshold moves\n\n",
            "Pages of a sample of the development corpus that come out otherwise, and changes of figures,\n",
            "when a threshold is moved (`python benchmarks/sensitivity.py`).\n\n",
            head,
            *moving,
            "\nNothing in the sample is moved by:\n\n" if still else "",
            *still,
        )
    )


def _cells(entry: dict[str, Any]) -> str:
    return " | ".join((f"{entry['value']:g}", *(_cell(entry[f"x{factor:g}"]) for factor in FACTORS)))


def _cell(found: dict[str, Any]) -> str:
    figures = [
        f"{name} {value:+.4f}" for name, value in found.items() if name not in {"pages", "of"} and value
    ]
    pages = f"{found['pages']} of {found['of']} pages" if found["pages"] or figures else "–"
    return ", ".join((pages, *figures))


if __name__ == "__main__":
    sys.exit(main())
