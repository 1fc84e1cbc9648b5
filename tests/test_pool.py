"""Workers that crash, hang, run out of memory or raise: one item is to blame, the rest goes on."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from functools import partial

import pytest
from conftest import ends
from pool_work import make, make_broken, make_reader

from dedupe.errors import DedupeError, InputError
from dedupe.pool import Job, Pool, Reader


def _run(tasks: list[list[str]], job: Job | None = None, jobs: int = 2) -> list[list[str]]:
    with ends(), Pool(job or Job(make, seconds=30), jobs) as pool:
        found = {tuple(task): result for task, result in pool.run(tasks)}
    return [found[tuple(task)] for task in tasks]


def test_every_task_gets_its_result() -> None:
    tasks = [[f"a{number}", f"b{number}"] for number in range(20)]
    assert _run(tasks) == [[f"A{number}", f"B{number}"] for number in range(20)]


def test_tasks_are_only_taken_when_a_worker_is_free() -> None:
    taken = []

    def tasks() -> Iterator[list[str]]:
        for number in range(30):
            taken.append(number)
            yield [str(number)]

    with ends(), Pool(Job(make, seconds=30), 2) as pool:
        for done, _ in enumerate(pool.run(tasks())):
            assert len(taken) <= done + 1 + 2


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("exit", "exit code 3"),
        ("kill", "SIGKILL"),
        ("hang", "took longer than 1 s"),
        pytest.param(
            "balloon",
            "needs more than 200 MiB",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="no such limit on this system"),
        ),
    ],
)
def test_the_item_that_ends_a_worker_is_named_and_the_others_are_done(item: str, reason: str) -> None:
    job = Job(make, seconds=1 if item == "hang" else 30, memory=200)
    tasks = [["a", item, "b", item], ["c"], ["d"]]
    found = _run(tasks, job)
    assert found[0][::2] == ["A", "B"]
    assert reason in found[0][1]
    assert reason in found[0][3]
    assert found[1:] == [["C"], ["D"]]


def test_work_on_all_items_together_that_fails_is_tried_once_more_without_it() -> None:
    assert _run([["a"], ["b"]], Job(partial(make, "kill"), seconds=30)) == [["A"], ["B"]]


@pytest.mark.parametrize(
    ("item", "error"), [("raise", "said on purpose"), ("bug", "ZeroDivisionError: a bug")]
)
def test_what_a_worker_raises_ends_the_run(item: str, error: str) -> None:
    with pytest.raises(DedupeError, match=error):
        _run([["a", item]])


def test_a_worker_that_cannot_start_ends_the_run() -> None:
    with pytest.raises(DedupeError, match="no module named 'nothing'"):
        _run([["a"]], Job(make_broken, seconds=30))


def test_libraries_in_workers_are_silent(capfd: pytest.CaptureFixture[str]) -> None:
    assert _run([["noise"]]) == [["NOISE"]]
    assert capfd.readouterr().err == ""


def test_a_reader_gives_items_as_they_come_and_outlives_a_crash() -> None:
    with ends(), Reader(Job(make_reader, seconds=30)) as reader:
        assert list(reader.read(["a", "b"])) == ["A", "B"]
        found: list[str] = []
        with pytest.raises(InputError, match="SIGKILL"):
            found.extend(reader.read(["c", "kill", "d"]))
        assert list(reader.read(["e"])) == ["E"]


def test_a_reader_that_stands_still_is_given_up_but_not_one_that_waits_to_be_read() -> None:
    with ends(), Reader(Job(make_reader, seconds=1)) as reader:
        items = reader.read(["a", "b" * 1_000_000, "c"])
        assert next(items) == "A"
        time.sleep(1.5)
        assert [len(item) for item in items] == [1_000_000, 1]
        with pytest.raises(InputError, match="took longer"):
            list(reader.read(["hang"]))


def test_workers_end_with_the_pool() -> None:
    with Pool(Job(make, seconds=30), 2) as pool:
        next(pool.run([["a"], ["b"], ["c"]]))
        pids = [worker._process.pid for worker in pool._workers if worker]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid or 0, 0)
