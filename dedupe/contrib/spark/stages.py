"""The work folder of a run on a cluster: what each stage gave, written whole, so that no stage is done twice.

It stands on any file system that the cluster reads and writes (a shared folder, HDFS, an object store).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from dedupe.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_DONE = "_SUCCESS"


class Files:
    """Files on whatever file system a path names, through the engine."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm = spark.sparkContext._jvm
        self._settings = spark.sparkContext._jsc.hadoopConfiguration()

    def exists(self, path: str) -> bool:
        system, place = self._at(path)
        return bool(system.exists(place))

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted; none if there is no such folder."""
        system, place = self._at(path)
        return (
            sorted(item.getPath().getName() for item in system.listStatus(place))
            if system.exists(place)
            else []
        )

    def sizes(self, path: str) -> dict[str, int]:
        """The files in a folder that hold data, and their bytes."""
        system, place = self._at(path)
        items = {item.getPath().getName(): int(item.getLen()) for item in system.listStatus(place)}
        return {name: size for name, size in sorted(items.items()) if not name.startswith(("_", "."))}

    def read(self, path: str) -> dict[str, Any] | None:
        """The JSON object in a file, None if there is no such file."""
        system, place = self._at(path)
        if not system.exists(place):
            return None
        stream = system.open(place)
        try:
            data = bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream))
        finally:
            stream.close()
        return dict(json.loads(data))

    def write(self, path: str, record: Mapping[str, Any]) -> None:
        """Write a JSON object, whole or not at all."""
        system, place = self._at(f"{path}.new")
        stream = system.create(place, True)
        try:
            stream.write((json.dumps(record, indent=2, default=str) + "\n").encode())
        finally:
            stream.close()
        self.delete(path)
        self.move(f"{path}.new", path)

    def move(self, path: str, to: str) -> None:
        """Rename a file or folder.

        Raises:
            OutputError: it cannot be done.
        """
        system, place = self._at(path)
        if not system.rename(place, self._at(to)[1]):
            raise OutputError(f"{to}: cannot be written; check that it is free and may be written")

    def delete(self, path: str) -> None:
        system, place = self._at(path)
        system.delete(place, True)

    def _at(self, path: str) -> tuple[Any, Any]:
        place = self._jvm.org.apache.hadoop.fs.Path(path)
        return place.getFileSystem(self._settings), place


class Stages:
    """The stages of one run; `seconds` says how long each took in this process."""

    def __init__(self, spark: SparkSession, work: str) -> None:
        self.spark = spark
        self.work = work
        self.files = Files(spark)
        self.seconds: dict[str, float] = {}

    def done(self, name: str, make: Callable[[], DataFrame]) -> DataFrame:
        """The rows of a stage: read if it is written already, else made and written."""
        place = f"{self.work}/{name}"
        if self.is_done(name):
            return self.spark.read.parquet(place)
        start = time.monotonic()
        self.spark.sparkContext.setJobDescription(name)
        frame = make()
        self.spark.sparkContext.setJobDescription(name)  # it may have made stages of its own
        frame.write.mode("overwrite").parquet(place)
        self.seconds[name] = round(time.monotonic() - start, 2)
        return self.spark.read.schema(frame.schema).parquet(place)  # told, it need not be looked for

    def is_done(self, name: str) -> bool:
        return self.files.exists(f"{self.work}/{name}/{_DONE}")

    def frame(self, table: pa.Table) -> DataFrame:
        """A small table as a data frame."""
        return self.spark.createDataFrame(table)

    def lines(self, place: str, name: str, lines: DataFrame) -> None:
        """Write a column of lines of JSON as files that come to stand at `place` together, or not at all."""
        if self.files.exists(place):
            return
        start = time.monotonic()
        self.spark.sparkContext.setJobDescription(name)
        folder = f"{self.work}/{name}"
        lines.write.mode("overwrite").text(folder)
        for number, part in enumerate(self.files.sizes(folder)):
            self.files.move(f"{folder}/{part}", f"{folder}/part-{number:05}.jsonl")
        self.files.move(folder, place)
        self.seconds[name] = round(time.monotonic() - start, 2)
