"""A cluster of Spark's own on this machine, workers that die at a bad moment, and what runs gave.

A master and some workers, each a process, on loopback.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

_Found = TypeVar("_Found")

LIGHT = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss4m"
SETTINGS = {
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": LIGHT,
    "spark.executor.extraJavaOptions": LIGHT,
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.coalescePartitions.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """`master` is its address, `workers` are the processes."""

    master: str
    workers: list[subprocess.Popen[bytes]]
    folder: Path
    memory: int

    def kill_worker(self, number: int) -> None:
        """End a worker and its executors at once, as a machine that fails would."""
        _kill(self.workers[number])

    def new_worker(self) -> None:
        self.workers.append(_worker(self, len(self.workers)))


@contextmanager
def cluster(folder: Path, workers: int = 2, memory: int = 512) -> Iterator[Cluster]:
    """A master and some workers with a core and `memory` MiB each, for as long as the block runs."""
    log = folder / "master.log"
    arguments = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
    master = _start("master.Master", arguments, log)
    running: list[subprocess.Popen[bytes]] = []
    try:
        found = _wait(lambda: re.findall(r"spark://127\.0\.0\.1:\d+", log.read_text()))
        made = Cluster(found[0], running, folder, memory)
        for _ in range(workers):
            made.new_worker()
        for number in range(workers):
            _wait(partial(_is_registered, folder / f"worker{number}.log"))
        yield made
    finally:
        for process in running:
            _kill(process)
        master.kill()
        master.wait()


def _is_registered(log: Path) -> bool:
    return "Successfully registered" in log.read_text()


def _worker(made: Cluster, number: int) -> subprocess.Popen[bytes]:
    where = ["--host", "127.0.0.1", "--webui-port", "0", "--work-dir", str(made.folder / f"worker{number}")]
    size = ["-c", "1", "-m", f"{made.memory}m"]
    return _start("worker.Worker", [*where, *size, made.master], made.folder / f"worker{number}.log")


def _start(name: str, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    import pyspark

    home = os.path.dirname(pyspark.__file__)
    command = [os.path.join(home, "bin", "spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
    changed = {"SPARK_HOME": home, "SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": LIGHT}
    environment = {**os.environ, **changed, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    with log.open("wb") as file:
        return subprocess.Popen(command, env=environment, stdout=file, stderr=file)


def _wait(look: Callable[[], _Found], seconds: float = 60) -> _Found:
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError("the cluster does not start")
        time.sleep(0.1)
    return found


def _kill(process: subprocess.Popen[bytes]) -> None:
    for child in tree(process.pid):
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()


def tree(pid: int) -> list[int]:
    """The processes below a process, the lowest first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it may end at any moment
            for child in map(int, task.read_text().split()):
                found += [*tree(child), child]
    return found


# ---------------------------------------------------------------- workers that die


@contextmanager
def dying(machines: Cluster, session: Any, stage: str) -> Iterator[list[str]]:
    """While the block runs, a worker with its executor is killed as soon as a task of `stage` runs.

    A new worker takes its place. Gives a list that says then what was going on.
    """
    said: list[str] = []
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(machines, session, stage, over, said))
    watch.start()
    try:
        yield said
    finally:
        over.set()
        watch.join()


def _watch(machines: Cluster, session: Any, stage: str, over: threading.Event, said: list[str]) -> None:
    tracker = session.sparkContext.statusTracker()
    store = session.sparkContext._jsc.sc().statusStore()
    while not over.wait(0.01):
        for number in tracker.getActiveStageIds():
            found = tracker.getStageInfo(number)
            name = store.lastStageAttempt(number).description()
            if found and found.numActiveTasks and name.isDefined() and name.get() == stage:
                machines.kill_worker(_oldest(machines))
                machines.new_worker()
                said.append(
                    f"a worker died in {stage}, {found.numCompletedTasks} of {found.numTasks} tasks done"
                )
                return


def _oldest(machines: Cluster) -> int:
    return next(number for number, worker in enumerate(machines.workers) if worker.poll() is None)


# ---------------------------------------------------------------- what runs gave


def outputs(dest: Path) -> dict[str, Any]:
    """What a run gave: all lines of the lists, and the cleaned texts by what they belong to."""
    found: dict[str, Any] = {}
    for name in ("pages", "removals", "errors"):
        whole = dest / f"{name}.jsonl"
        files = [whole] if whole.exists() else sorted((dest / name).glob("part-*"))
        found[name] = sorted(line for file in files for line in file.read_text().splitlines())
    texts: list[dict[str, Any]] = []
    for file in (file for file in (dest / "clean").rglob("*") if file.is_file()):
        if file.suffix == ".jsonl":
            texts += map(json.loads, file.read_text().splitlines())
        elif file.suffix == ".txt":
            path = str(file.relative_to(dest / "clean")).removesuffix(".txt")
            texts.append({"path": path, "clean_text": file.read_text()})
    found["clean"] = sorted(json.dumps(text, sort_keys=True) for text in texts)
    return found
