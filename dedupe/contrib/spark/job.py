"""A whole run on a cluster: sources in, partitions of cleaned records out, whole or not at all."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone gives it

from dedupe.bulk.folder import check_same
from dedupe.bulk.places import check_places
from dedupe.bulk.state import run_state
from dedupe.bulk.tasks import BulkOptions
from dedupe.contrib.spark.flow import Tuning, finished, heavy_keys
from dedupe.contrib.spark.reading import PREPARED, Unit, prepared_records, prepared_units, units
from dedupe.contrib.spark.stages import Stages
from dedupe.errors import DedupeError, OptionsError
from dedupe.sources.chunks import needs_reader
from dedupe.sources.find import Plan, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Summary", "Tuning", "check_java", "deduplicate", "run", "session"]

WORK = ".dedupe-spark"
MANIFEST = "manifest.json"
OUTPUTS = ("clean", "pages", "removals", "errors")
_SETTINGS = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",  # a row may hold two articles
    "spark.sql.parquet.compression.codec": "zstd",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did: `pages` by status.

    `giants` are components too large to be compared whole, `heavy` keys that very many articles share (100 of
    each at most are told of; their sizes stand in the manifest).
    """

    dest: str
    pages: Mapping[str, int]
    clusters: int = 0
    giants: int = 0
    heavy: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return self.pages.get("error", 0)


def session(master: str | None = None, settings: Mapping[str, str] | None = None) -> SparkSession:
    """A session on the cluster `master` (None: the one that `spark-submit` names, or this machine).

    Raises:
        DedupeError: there is no Java, or the cluster cannot be reached.
    """
    check_java()
    builder = SparkSession.builder.appName("dedupe")
    if master:
        builder = builder.master(master)
    for name, value in (settings or {}).items():
        builder = builder.config(name, value)
    python = (settings or {}).get("spark.pyspark.python", sys.executable)
    os.environ.setdefault("PYSPARK_PYTHON", python)
    try:
        return builder.getOrCreate()
    except Exception as error:  # the gateway has errors of its own for each thing that can be wrong
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise DedupeError(f"no session on {master or 'the cluster'}: {text[0]}") from error


def check_java() -> None:
    """Refuse to begin without Java.

    Raises:
        DedupeError: there is none; the text says where to get it.
    """
    home = os.environ.get("JAVA_HOME")
    if not shutil.which(os.path.join(home, "bin", "java") if home else "java"):
        place = f"JAVA_HOME is {home}, where there is none" if home else "there is no `java` on the PATH"
        raise DedupeError(
            f"Spark needs Java 17 or newer, and {place}; install it (Debian and Ubuntu: "
            "apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
        )


def deduplicate(
    pages: DataFrame, work: str, options: BulkOptions | None = None, tuning: Tuning | None = None
) -> DataFrame:
    """Clean the pages of a data frame together; gives them as rows of `FINISHED`.

    Args:
        pages: a row a page: its id, which no other has, and its text or HTML; address and site if known. The
            names of the columns are `options.fields`.
        work: an empty folder that all workers can write; what it holds of a run that was stopped is used.
        options: how to clean.
        tuning: how to lay out the run.

    Raises:
        OptionsError: a column is missing, or an id stands twice.
    """
    options, tuning = options or BulkOptions(), tuning or Tuning()
    fields = options.fields
    if fields.id not in pages.columns:
        raise OptionsError(f"the data frame has no column {fields.id!r}; name the one that holds ids")
    stages = Stages(pages.sparkSession, work)
    with _settings(pages.sparkSession):
        wanted = [
            name
            for name in pages.columns
            if name in (fields.text, fields.html, fields.url, fields.id, fields.site)
        ]
        make = partial(prepared_records, fields, options)
        prepared = stages.done("prepared", lambda: pages.select(*wanted).mapInArrow(make, PREPARED))
        twice = prepared.groupBy("place").count().where("count > 1").first()
        if twice:
            name = bytes(twice[0]).decode("utf-8", "replace")
            raise OptionsError(f"the id {name!r} stands {twice[1]} times; make ids unique")
        return finished(stages, prepared, options.rendering, tuning)


def run(
    spark: SparkSession,
    sources: Sequence[str],
    dest: str,
    options: BulkOptions,
    tuning: Tuning | None = None,
    mode: str = "new",
) -> Summary:
    """Clean all pages of `sources` together, into the folder `dest`.

    Sources are read, and `dest` is written, by all workers: both stand where each of them finds them
    under the same name. `mode` is "new", "resume" or "overwrite".

    Raises:
        OptionsError: a source or `dest` will not do, or a resumed run had other options.
    """
    tuning = tuning or Tuning()
    plan = find(sources, options.rendering.suffix, options.follow_links)
    check_places(plan, dest)
    stages = Stages(spark, f"{dest}/{WORK}")
    with _settings(spark):
        state = {**run_state(plan, options), "--component": tuning.component}
        if done := _open(stages, dest, state, mode):
            return _summary(dest, done)
        pages = finished(stages, _prepared(stages, plan, options, tuning), options.rendering, tuning)
        _publish(stages, dest, pages)
        return _close(stages, dest, state, pages)


# ---------------------------------------------------------------- begin


def _open(stages: Stages, dest: str, state: Mapping[str, Any], mode: str) -> Mapping[str, Any] | None:
    """Make `dest` ready for this run; gives the manifest of a run that is complete."""
    files = stages.files
    present = files.names(dest)
    done = files.read(f"{dest}/{MANIFEST}")
    before = files.read(f"{stages.work}/state.json")
    is_ours = WORK in present or (isinstance(done, dict) and isinstance(done.get("state"), dict))
    if present and not is_ours:
        raise OptionsError(f"{dest} is not empty; name a new or empty folder with -o")
    if mode == "overwrite":
        for name in (MANIFEST, WORK, *OUTPUTS):
            files.delete(f"{dest}/{name}")
        before = None
    elif present and mode != "resume":
        what = "a finished run; name another folder with -o," if done else "an unfinished run; add --resume,"
        raise OptionsError(f"{dest} holds {what} or --overwrite")
    elif done:
        check_same(done["state"], state, dest)
        files.delete(stages.work)
        return done
    if before:
        check_same(before, state, dest)
    else:
        files.write(f"{stages.work}/state.json", state)
    return None


def _prepared(stages: Stages, plan: Plan, options: BulkOptions, tuning: Tuning) -> DataFrame:
    """All pages cleaned and signed, some partitions at a time: those that are done are not done again."""
    layout = stages.files.read(f"{stages.work}/layout.json")
    if layout is None:
        layout = _layout(stages, _units(stages, plan), tuning)
        stages.files.write(f"{stages.work}/layout.json", layout)
    names = [f"prepared/{number:05}" for number in range(0, layout["partitions"], layout["wave"])]
    if not all(map(stages.is_done, names)):
        parts = _parts(_units(stages, plan), layout["partitions"])
        make = partial(
            prepared_units, replace(plan, files=()), options, tuning.isolated
        )  # goes to every task
        for name, start in zip(names, range(0, len(parts), layout["wave"]), strict=True):
            wave = parts[start : start + layout["wave"]]
            stages.done(name, partial(_wave, stages, wave, make))
    return stages.spark.read.parquet(*(f"{stages.work}/{name}" for name in names))


def _units(stages: Stages, plan: Plan) -> list[Unit]:
    """All that there is to prepare, in path order; the workers find where lines end."""
    numbered = list(enumerate(plan.files))
    lines = [
        item
        for item in numbered
        if item[1].kind == "jsonl" and not needs_reader(item[1]) and not item[1].problem
    ]
    others = [item for item in numbered if item not in lines] if lines else numbered
    bare = replace(plan, files=())
    found = list(units(bare, others))
    if lines:
        context = stages.spark.sparkContext
        listed = context.parallelize(lines, min(len(lines), 1000)).flatMap(
            lambda item: list(units(bare, [item]))
        )
        found += listed.collect()
    return sorted(found, key=lambda unit: (unit.first, unit.chunk.offset))


def _layout(stages: Stages, found: Sequence[Unit], tuning: Tuning) -> dict[str, Any]:
    size = sum(unit.size for unit in found)
    cores = stages.spark.sparkContext.defaultParallelism
    partitions = tuning.partitions or max(1, min(len(found), max(cores, size // tuning.partition_bytes)))
    return {"partitions": partitions, "wave": tuning.wave or max(64, 4 * cores)}


def _parts(found: Sequence[Unit], count: int) -> list[list[Unit]]:
    """The units in `count` parts of about the same number of bytes."""
    total = sum(unit.size + 1 for unit in found)
    parts: list[list[Unit]] = [[] for _ in range(count)]
    before = 0
    for unit in found:
        parts[min(count - 1, before * count // max(1, total))].append(unit)
        before += unit.size + 1
    return parts


def _wave(stages: Stages, parts: Sequence[Sequence[Unit]], make: Callable[..., Any]) -> DataFrame:
    return _unit_rows(stages, parts).mapInArrow(make, PREPARED)


def _unit_rows(stages: Stages, parts: Sequence[Sequence[Unit]]) -> DataFrame:
    packed = [[(pickle.dumps(unit),) for unit in part] for part in parts]
    rows = stages.spark.sparkContext.parallelize(packed, len(packed)).flatMap(list)
    return stages.spark.createDataFrame(rows, "unit binary")


# ---------------------------------------------------------------- end


def _publish(stages: Stages, dest: str, pages: DataFrame) -> None:
    lines = {
        "clean": pages.where("record is not null").select("record"),
        "pages": pages.select("row"),
        "removals": pages.where("removals is not null").select("removals"),
        "errors": pages.where("failure is not null").select("failure"),
    }
    for name in OUTPUTS:
        stages.lines(f"{dest}/{name}", f"out-{name}", lines[name])


def _close(stages: Stages, dest: str, state: Mapping[str, Any], pages: DataFrame) -> Summary:
    statuses = pages.groupBy("status").agg(
        *(F.sum(f"chars_{of}").alias(of) for of in ("in", "kept")), F.count("*").alias("n")
    )
    counts = {row["status"]: row for row in statuses.collect()}
    giants = stages.spark.read.parquet(f"{stages.work}/giants").orderBy(F.desc("count"))
    record = {
        "state": state,
        "pages": {status: row["n"] for status, row in sorted(counts.items())},
        "clusters": pages.agg(F.count_distinct("cluster")).first()[0],
        "chars_in": sum(row["in"] for row in counts.values()),
        "chars_kept": sum(row["kept"] for row in counts.values()),
        "giants": [row["count"] for row in giants.limit(100).collect()],
        "heavy_keys": [
            row["articles"] for row in heavy_keys(stages).orderBy(F.desc("articles")).limit(100).collect()
        ],
        "files": {name: stages.files.sizes(f"{dest}/{name}") for name in OUTPUTS},
        "seconds": stages.seconds,
    }
    stages.files.write(f"{dest}/{MANIFEST}", record)
    stages.files.delete(stages.work)
    return _summary(dest, record)


def _summary(dest: str, record: Mapping[str, Any]) -> Summary:
    sizes = (len(record["giants"]), len(record["heavy_keys"]))
    return Summary(dest, record["pages"], record["clusters"], *sizes, record["seconds"])


@contextmanager
def _settings(spark: SparkSession) -> Iterator[None]:
    """The settings that the flow counts on, for as long as it runs."""
    before = {name: spark.conf.get(name, None) for name in _SETTINGS}
    for name, value in _SETTINGS.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, value)
