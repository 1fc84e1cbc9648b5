"""The bulk job on Spark: the same answers as on one machine, workers that die, skew, and what it costs.

    python benchmarks/spark_run.py same kill skew stages [--docs N] [--source PATH] [--clean]
                                   [--partitions N …] [--gathered N] [--master URL]

same     clusters, kept pages and cleaned texts beside those of `dedupe bulk`, with 1, 2 and 7 partitions
kill     the same in runs in which a worker with its executor is killed while pairs are verified, and while
         components are found (by alternating stars, which no machine need hold)
skew     processor time of runs in which half of the pages say one thing, beside those of a run without
stages   time, records and bytes shuffled of every stage, memory, and what follows for 100 million pages

The pages are self-made texts of some 400 words, every fifth an edited copy; with --source, the first N
records of that file, or the pages of that folder, taken as articles unless --clean is given. Records are
given to sites, the n-th of which has about 1/n as many pages as the first, and end with two lines of their
site. Without --master, a master and two workers of one core each are started on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

_HOME = Path(__file__).resolve().parent
sys.path.insert(0, str(_HOME.parent / "tests" / "helpers"))

from bulk_pages import sentences  # noqa: E402
from spark_cluster import SETTINGS, Cluster, cluster, dying, outputs, tree  # noqa: E402

from dedupe.bulk.run import run as bulk_run  # noqa: E402
from dedupe.bulk.tasks import BulkOptions  # noqa: E402
from dedupe.contrib.spark import flow  # noqa: E402
from dedupe.contrib.spark import job as spark  # noqa: E402

_PAGES, _MACHINES, _CORES = 100_000_000, 50, 16  # of the estimate
_SITES = 300
_HEAVY = 1000  # articles from which a key that they share is told of
_MEMORY = 1024  # MiB of an executor's Java heap
_KILLED = ("first-words", "first-labels-1")  # stages in which a worker dies: verification, components
_TICK = os.sysconf("SC_CLK_TCK")
_ROW = "  {:22}{:9.1f}{:12,.0f}{:12.1f}{:12.1f}"


def main() -> None:
    """Run the measurements that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    measures = {"same": same, "kill": kill, "skew": skew, "stages": stages}
    parser.add_argument("measures", nargs="+", choices=measures, metavar="MEASURE")
    parser.add_argument("--docs", type=int, default=20_000)
    parser.add_argument("--partitions", type=int, nargs="+", default=[1, 2, 7], help="same: in turn")
    parser.add_argument("--source", type=Path)
    parser.add_argument("--clean", action="store_true", help="the source holds whole pages, not articles")
    parser.add_argument("--gathered", type=int, help="links up to which the driver finds components; 0: none")
    parser.add_argument("--master")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="spark-run-") as name, _opened(Path(name), args) as bench:
        for measure in args.measures:
            measures[measure](bench)


# ---------------------------------------------------------------- sessions and pages


@dataclass(frozen=True, slots=True)
class Bench:
    """A session, its machines (None: other people's), a folder for its files, and what is asked for."""

    session: Any
    machines: Cluster | None
    folder: Path
    args: argparse.Namespace

    @property
    def options(self) -> BulkOptions:
        return BulkOptions(already_clean=not self.args.clean)


@contextmanager
def _opened(folder: Path, args: argparse.Namespace) -> Iterator[Bench]:
    events = folder / "events"
    events.mkdir()
    log = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
        "spark.eventLog.logStageExecutorMetrics": "true",
        "spark.executor.processTreeMetrics.enabled": "true",
    }
    settings = {**SETTINGS, "spark.executor.memory": f"{_MEMORY}m", **log}
    with _machines(folder, args) as machines:
        session = spark.session(machines.master if machines else args.master, settings)
        try:
            yield Bench(session, machines, folder, args)
        finally:
            session.stop()


@contextmanager
def _machines(folder: Path, args: argparse.Namespace) -> Iterator[Cluster | None]:
    if args.master:
        yield None
        return
    with cluster(folder, args.workers, _MEMORY) as machines:
        yield machines


def _source(bench: Bench) -> Path:
    """The pages of the runs: a folder as it is, else the first records of a file."""
    given: Path | None = bench.args.source
    if given and given.is_dir():
        return given
    place = bench.folder / "pages.jsonl"
    if not place.exists():
        with place.open("w") as file:
            file.writelines(_records(given, bench.args.docs))
    return place


def _records(given: Path | None, count: int) -> Iterator[str]:
    if given is None:
        yield from (_record(number, {"text": "\n".join(_text(number))}) for number in range(count))
        return
    with given.open() as lines:
        yield from (_record(number, json.loads(line)) for number, line in enumerate(islice(lines, count)))


def _record(number: int, record: Mapping[str, Any]) -> str:
    """A line of JSON: the record as a page of some site."""
    site = f"s{int(_SITES ** random.Random(number).random())}.example"
    ending = [
        f"Write to the newsroom of {site}.",
        f"All rights reserved by the publishers of {site} and by its agencies.",
    ]
    text = "\n".join([record["text"], *ending])
    return json.dumps({"id": str(number), **record, "url": f"https://{site}/{number}", "text": text}) + "\n"


def _text(number: int) -> list[str]:
    """An article of some 400 words; every fifth is the one before, with one sentence changed."""
    is_copy = number % 5 == 4
    lines = sentences(f"story {number - is_copy}", 22)
    if is_copy:
        lines[random.Random(number).randrange(22)] = sentences(f"edit {number}", 1)[0]
    return [" ".join(lines[at : at + 3]) for at in range(0, 22, 3)]


# ---------------------------------------------------------------- runs


@dataclass(frozen=True, slots=True)
class Run:
    """What a run took: when it began (ms), seconds, and processor seconds of all processes."""

    summary: spark.Summary
    began: float
    seconds: float
    cpu: float


def _run(bench: Bench, source: Path, dest: Path, partitions: int, gathered: int | None = None) -> Run:
    bench.session.conf.set("spark.sql.shuffle.partitions", str(partitions))
    gathered = bench.args.gathered if gathered is None else gathered
    links = {} if gathered is None else {"gathered": gathered}
    tuning = flow.Tuning(partitions=partitions, heavy=_HEAVY, isolated=False, **links)
    began, start, cpu = time.time() * 1000, time.monotonic(), _cpu()
    summary = spark.run(bench.session, [str(source)], str(dest), bench.options, tuning, "overwrite")
    return Run(summary, began, time.monotonic() - start, _cpu() - cpu)


def _warmed(bench: Bench) -> None:
    """Run once, so that what is measured next does not start the engine."""
    place = bench.folder / "warm.jsonl"
    with place.open("w") as file:
        file.writelines(_records(None, 1000))
    _run(replace(bench, args=argparse.Namespace(clean=False, gathered=0)), place, bench.folder / "warm", 2)


def _cpu() -> float:
    """Processor seconds so far of this process and all those below it that live or ended in order."""
    found = 0
    for process in (os.getpid(), *tree(os.getpid())):
        with suppress(OSError):  # it may end at any moment
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            found += sum(map(int, fields[11:15]))
    return found / _TICK


def _expected(bench: Bench) -> dict[str, Any]:
    """What a run on one machine gives."""
    dest = bench.folder / "bulk"
    if not dest.exists():
        start = time.monotonic()
        bulk_run([str(_source(bench))], str(dest), bench.options)
        print(f"bulk: {time.monotonic() - start:.0f} s", flush=True)
    return outputs(dest)


def _judged(name: str, run: Run, expected: Mapping[str, Any]) -> None:
    found = outputs(Path(run.summary.dest))
    differing = {key: len({*lines} ^ {*expected[key]}) for key, lines in found.items()}
    verdict = "identical" if found == expected else f"DIFFERENT: {differing}"
    print(f"{name}: {verdict}; {run.seconds:.0f} s", flush=True)
    print(f"      {run.summary.clusters:,} clusters, {dict(run.summary.pages)}", flush=True)


# ---------------------------------------------------------------- the same answers


def same(bench: Bench) -> None:
    """Print which numbers of partitions give the answers of a run on one machine."""
    expected = _expected(bench)
    for partitions in bench.args.partitions:
        run = _run(bench, _source(bench), bench.folder / f"same{partitions}", partitions)
        _judged(f"same: {partitions} partitions", run, expected)


def kill(bench: Bench) -> None:
    """Print what runs find that lose a worker with its executor."""
    if bench.machines is None:
        sys.exit("kill needs workers of its own: leave out --master")
    expected = _expected(bench)
    for stage in _KILLED:
        with dying(bench.machines, bench.session, stage) as word:
            run = _run(bench, _source(bench), bench.folder / f"kill-{stage}", 7, gathered=0)
        _judged(f"kill: {word[0] if word else f'NOBODY DIED in {stage}'}", run, expected)


# ---------------------------------------------------------------- skew


def skew(bench: Bench) -> None:
    """Print what it costs that half of the pages share keys, each way beside a run in which they do not."""
    _warmed(bench)
    for with_key, without in (("wall", "short"), ("titled", "short"), ("passage", "plain")):
        runs = [_skewed_run(bench, name) for name in (without, with_key)]
        heavy = json.loads((Path(runs[1].summary.dest) / "manifest.json").read_text())["heavy_keys"]
        print(
            f"skew: {with_key}: {runs[1].cpu:.0f} s of processor time, {without} {runs[0].cpu:.0f} s "
            f"({runs[1].cpu / runs[0].cpu:.2f}), {runs[1].seconds:.0f} s and {runs[0].seconds:.0f} s "
            f"({runs[1].seconds / runs[0].seconds:.2f}); heavy keys {heavy[:3]}",
            flush=True,
        )


def _skewed_run(bench: Bench, name: str) -> Run:
    source = bench.folder / f"skew-{name}.jsonl"
    if not source.exists():
        make = _SKEWED[name]
        texts = (make(number) if number % 2 else _text(number) for number in range(bench.args.docs))
        with source.open("w") as file:
            file.writelines(_record(number, {"text": "\n".join(text)}) for number, text in enumerate(texts))
    return _run(bench, source, source.with_suffix(".out"), 4)


def _wall(seed: str) -> list[str]:
    return ["Subscribe to read the whole of this article. " + " ".join(sentences(seed, 3))]


#: What every second page says.
_SKEWED: Mapping[str, Callable[[int], list[str]]] = {
    "plain": _text,
    "short": lambda number: _wall(f"own {number}"),  # as long as a wall, but each its own
    "wall": lambda number: _wall("wall"),  # equal to the letter
    "titled": lambda number: [sentences(f"title {number}", 1)[0][:40], *_wall("wall")],  # nearly equal
    "passage": lambda number: [*_text(number), *_wall("wall")],
}


# ---------------------------------------------------------------- stages


def stages(bench: Bench) -> None:
    """Print time, records and bytes of every stage, and what they come to for 100 million pages."""
    _warmed(bench)
    run = _run(bench, _source(bench), bench.folder / "stages", bench.args.partitions[-1])
    docs = sum(run.summary.pages.values())
    bench.session.sparkContext.setJobDescription("end")
    bench.session.range(1).count()  # the log is written out
    counted, peaks = _counted(next(bench.folder.glob("events/[!.]*")), run.began)
    print(f"stages: {docs:,} pages, {run.seconds:.0f} s, {run.cpu:.0f} s of processor time")
    print(f"  {'':22}{'task s':>9}{'records':>12}{'MB shuffled':>12}{'MB written':>12}")
    for name, row in [*counted.items(), ("all", _total(counted))]:
        numbers = (row["seconds"], row["records"], row["shuffled"] / 1e6, row["written"] / 1e6)
        print(_ROW.format(name, *numbers))
    print(
        "  peak MB of an executor: " + ", ".join(f"{name} {peak / 1e6:.0f}" for name, peak in peaks.items())
    )
    _estimate(_total(counted), run.cpu, docs)


def _counted(log: Path, began: float) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """What the tasks of each stage took and moved, and the most memory, from the engine's log."""
    names: dict[int, str] = {}
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    peaks: dict[str, float] = {}
    for line in log.read_text().split("\n")[:-1]:  # the last may not be whole yet
        event = json.loads(line) if line.startswith('{"Event"') else {}
        if event.get("Event") == "SparkListenerJobStart" and event["Submission Time"] >= began:
            name = (event["Properties"] or {}).get("spark.job.description", "other")
            names.update(dict.fromkeys(event["Stage IDs"], name))
        elif event.get("Event") == "SparkListenerTaskEnd" and event["Stage ID"] in names:
            _add(found[names[event["Stage ID"]]], event["Task Metrics"])
        elif event.get("Event") == "SparkListenerStageExecutorMetrics" and event["Executor ID"] != "driver":
            _raise(peaks, event["Executor Metrics"])
    return found, peaks


def _add(row: dict[str, float], task: Mapping[str, Any]) -> None:
    row["seconds"] += task["Executor Run Time"] / 1000
    row["records"] += task["Shuffle Write Metrics"]["Shuffle Records Written"]
    row["shuffled"] += task["Shuffle Write Metrics"]["Shuffle Bytes Written"]
    row["written"] += task["Output Metrics"]["Bytes Written"]
    row["spilled"] += task["Disk Bytes Spilled"]


def _raise(peaks: dict[str, float], metrics: Mapping[str, float]) -> None:
    for name in ("JVMHeapMemory", "ProcessTreeJVMRSSMemory", "ProcessTreePythonRSSMemory"):
        peaks[name] = max(peaks.get(name, 0), metrics.get(name, 0))


def _total(counted: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    keys = ("seconds", "records", "shuffled", "written", "spilled")
    return {key: sum(row.get(key, 0) for row in counted.values()) for key in keys}


def _estimate(total: Mapping[str, float], cpu: float, docs: int) -> None:
    """What the counts come to if they grow with the pages."""
    factor = _PAGES / docs
    hours = cpu * factor / 3600 / (_MACHINES * _CORES)
    print(
        f"estimate: {_PAGES:,} pages on {_MACHINES} machines of {_CORES} cores: {hours:.2f} h of processors, "
        f"{total['records'] * factor / 1e9:.0f} billion records, {total['shuffled'] * factor / 1e12:.2f} TB "
        f"shuffled ({total['shuffled'] * factor / _MACHINES / 1e9:.0f} GB a machine), "
        f"{total['written'] * factor / 1e12:.2f} TB written"
    )


if __name__ == "__main__":
    main()
