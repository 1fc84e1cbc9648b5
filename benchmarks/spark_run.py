"""The bulk job on Spark: the same answers as on one machine, skew, where the time goes, what is shuffled.

    python benchmarks/spark_run.py same skew stages [--docs N] [--corpus FILE.jsonl] [--master URL]

same     clusters, kept pages and cleaned texts beside those of `dedupe bulk`, with 1, 2 and 7 partitions
skew     seconds of a run in which half of the pages say one and the same thing, beside one without
stages   seconds, records and bytes shuffled of every stage, and what follows for 100 million pages

The pages are self-made texts of some 400 words, every fifth an edited copy; with --corpus, the first
N records of that file. Without --master, a master and two workers of one core each are started on
this machine.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

_HOME = Path(__file__).resolve().parent
sys.path.insert(0, str(_HOME.parent / "tests"))

from bulk_pages import sentences  # noqa: E402
from spark_cluster import SETTINGS, cluster  # noqa: E402

from dedupe.bulk import run as bulk_run  # noqa: E402
from dedupe.bulk_work import BulkOptions  # noqa: E402
from dedupe.contrib import spark  # noqa: E402

_PAGES, _MACHINES, _CORES = 100_000_000, 50, 16  # of the estimate
_MEMORY = 1024  # MiB of an executor
_LAST = "last-run.json"  # when the last run began, in ms, and how many seconds it took
_TEXT = BulkOptions(already_clean=True)


def main() -> None:
    """Run the measurements that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    measures = {"same": same, "skew": skew, "stages": stages}
    parser.add_argument("measures", nargs="+", choices=measures, metavar="MEASURE")
    parser.add_argument("--docs", type=int, default=20_000)
    parser.add_argument("--partitions", type=int, nargs="+", default=[1, 2, 7], help="same: in turn")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--master")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="spark-run-") as name:
        folder = Path(name)
        with _session(folder, args) as session:
            for measure in args.measures:
                measures[measure](session, folder, args)


# ---------------------------------------------------------------- sessions and pages


@contextmanager
def _session(folder: Path, args: argparse.Namespace) -> Iterator[Any]:
    events = folder / "events"
    events.mkdir()
    log = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }
    settings = {**SETTINGS, "spark.executor.memory": f"{_MEMORY}m", **log}
    if args.master:
        yield from _opened(args.master, settings)
        return
    with cluster(folder, args.workers, _MEMORY) as machines:
        yield from _opened(machines.master, settings)


def _opened(master: str, settings: Mapping[str, str]) -> Iterator[Any]:
    session = spark.session(master, settings)
    try:
        yield session
    finally:
        session.stop()


def _corpus(folder: Path, args: argparse.Namespace) -> Path:
    place = folder / "pages.jsonl"
    if not place.exists():
        with place.open("w") as file:
            file.writelines(_records(args))
    return place


def _records(args: argparse.Namespace) -> Iterator[str]:
    if args.corpus:
        with args.corpus.open() as lines:
            yield from islice(lines, args.docs)
        return
    for number in range(args.docs):
        yield json.dumps({"id": str(number), "text": "\n\n".join(_text(number))}) + "\n"


def _text(number: int) -> list[str]:
    """An article of some 400 words; every fifth is the one before, with one sentence changed."""
    is_copy = number % 5 == 4
    lines = sentences(f"story {number - is_copy}", 22)
    if is_copy:
        lines[random.Random(number).randrange(22)] = sentences(f"edit {number}", 1)[0]
    return [" ".join(lines[at : at + 3]) for at in range(0, 22, 3)]


# ---------------------------------------------------------------- the same answers


def same(session: Any, folder: Path, args: argparse.Namespace) -> None:
    """Print which numbers of partitions give the answers of a run on one machine."""
    source = _corpus(folder, args)
    start = time.monotonic()
    bulk_run([str(source)], str(folder / "bulk"), _TEXT)
    expected = _answers(folder / "bulk")
    print(f"same: {len(expected['pages']):,} pages, bulk {time.monotonic() - start:.0f} s", flush=True)
    for partitions in args.partitions:
        seconds, summary = _run(session, source, folder / f"spark{partitions}", partitions)
        found = _answers(folder / f"spark{partitions}")
        verdict = "identical" if found == expected else f"DIFFERENT: {_differing(found, expected)}"
        print(f"same: {partitions} partitions, {seconds:.0f} s: {verdict}", flush=True)
        print(f"      {summary.clusters:,} clusters, {dict(summary.pages)}", flush=True)


def _run(session: Any, source: Path, dest: Path, partitions: int) -> tuple[float, spark.Summary]:
    session.conf.set("spark.sql.shuffle.partitions", str(partitions))
    start, first = time.monotonic(), time.time() * 1000
    tuning = spark.Tuning(partitions=partitions, isolated=False)
    summary = spark.run(session, [str(source)], str(dest), _TEXT, tuning, "overwrite")
    seconds = time.monotonic() - start
    (dest.parent / _LAST).write_text(json.dumps([first, seconds]))
    return seconds, summary


def _answers(dest: Path) -> dict[str, list[str]]:
    """The lines of all outputs of a run, sorted."""
    found = {}
    for name in ("pages", "removals", "clean"):
        files = [dest / f"{name}.jsonl"] if (dest / f"{name}.jsonl").exists() else []
        files += [file for file in (dest / name).rglob("*") if file.suffix == ".jsonl"]
        found[name] = sorted(line for file in files for line in file.read_text().splitlines())
    return found


def _differing(found: Mapping[str, list[str]], expected: Mapping[str, list[str]]) -> dict[str, int]:
    return {name: len({*lines} ^ {*expected[name]}) for name, lines in found.items()}


# ---------------------------------------------------------------- skew


def skew(session: Any, folder: Path, args: argparse.Namespace) -> None:
    """Print what it costs that half of the pages share keys: as equal pages, and as one shared passage."""
    wall = "Subscribe to read the whole of this article. " + " ".join(sentences("wall", 3))
    before = 0.0
    for name in ("plain", "equal pages", "shared passage"):
        source = folder / f"skew-{name.replace(' ', '-')}.jsonl"
        with source.open("w") as file:
            for number in range(args.docs):
                text = "\n\n".join(_skewed(number, name, wall))
                file.write(json.dumps({"id": str(number), "text": text}) + "\n")
        seconds, _ = _run(session, source, source.with_suffix(".out"), 4)
        before = before or seconds
        heavy = json.loads((source.with_suffix(".out") / "manifest.json").read_text())["heavy_keys"]
        print(f"skew: {name}: {seconds:.1f} s ({seconds / before:.2f}), heavy keys {heavy[:3]}", flush=True)


def _skewed(number: int, name: str, wall: str) -> list[str]:
    if name == "plain" or number % 2 == 0:
        return _text(number)
    return [wall] if name == "equal pages" else [*_text(number), wall]


# ---------------------------------------------------------------- stages


def stages(session: Any, folder: Path, args: argparse.Namespace) -> None:
    """Print seconds, records and bytes of every stage, and what they come to for 100 million pages."""
    source, last = _corpus(folder, args), folder / _LAST
    if not last.exists():  # else the last run of `same` will do
        _run(session, source, folder / "stages", 4)
    first, seconds = json.loads(last.read_text())
    session.sparkContext.setJobDescription("end")
    session.range(1).count()  # the log is written out
    counted = _counted(next(folder.glob("events/[!.]*")), first)
    print(f"stages: {args.docs:,} pages, {seconds:.0f} s\n{'':22}task s   records   MB shuffled   MB written")
    for name, row in counted.items():
        sizes = f"{row['shuffled'] / 1e6:14.1f}{row['written'] / 1e6:13.1f}"
        print(f"  {name:20}{row['seconds']:7.1f}{row['records']:10,.0f}{sizes}")
    _estimate(counted, args.docs)


def _counted(log: Path, first: float) -> dict[str, dict[str, float]]:
    """What the tasks of each stage took and moved, from the engine's log."""
    names: dict[int, str] = {}
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for line in log.read_text().split("\n")[:-1]:  # the last may not be whole yet
        event = json.loads(line) if line.startswith('{"Event"') else {}
        if event.get("Event") == "SparkListenerJobStart" and event["Submission Time"] >= first:
            name = (event["Properties"] or {}).get("spark.job.description", "other")
            names.update(dict.fromkeys(event["Stage IDs"], name))
        elif event.get("Event") == "SparkListenerTaskEnd" and event["Stage ID"] in names:
            _add(found[names[event["Stage ID"]]], event["Task Metrics"])
    return found


def _add(row: dict[str, float], task: Mapping[str, Any]) -> None:
    row["seconds"] += task["Executor Run Time"] / 1000
    row["records"] += task["Shuffle Write Metrics"]["Shuffle Records Written"]
    row["shuffled"] += task["Shuffle Write Metrics"]["Shuffle Bytes Written"]
    row["written"] += task["Output Metrics"]["Bytes Written"]
    row["spilled"] += task["Disk Bytes Spilled"]


def _estimate(counted: Mapping[str, Mapping[str, float]], docs: int) -> None:
    """What the counts come to if they grow with the pages."""
    factor = _PAGES / docs
    total = {
        key: sum(row[key] for row in counted.values()) * factor for key in ("seconds", "shuffled", "written")
    }
    hours = total["seconds"] / 3600 / (_MACHINES * _CORES)
    each = total["shuffled"] / _MACHINES / 1e9
    print(
        f"estimate: {_PAGES:,} pages on {_MACHINES} machines of {_CORES} cores: "
        f"{total['shuffled'] / 1e12:.2f} TB shuffled ({each:.0f} GB a machine), "
        f"{total['written'] / 1e12:.2f} TB written, {hours:.1f} h of tasks"
    )


if __name__ == "__main__":
    main()
