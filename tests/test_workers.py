"""Workers that crash, hang, run out of memory or raise: one item is to blame, the rest goes on."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from conftest import ends
from pool_work import make, make_broken, make_killed, make_reader, make_watched

from dedupe.errors import DedupeError, InputError
from dedupe.workers import CRASHED, Job, Pool, Reader, _GivenUpError


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


@pytest.mark.parametrize("times", [1, 2])
def test_an_item_at_which_a_worker_was_killed_once_is_tried_again(tmp_path: Path, times: int) -> None:
    item = f"kill until {times} in {tmp_path}"
    found = _run([["a", item, "b"], ["c"], ["d"]])
    assert found[1:] == [["C"], ["D"]]
    assert found[0][::2] == ["A", "B"]
    assert found[0][1] == item.upper() if times == 1 else found[0][1].startswith(CRASHED)


def test_the_second_try_has_the_machine_for_itself(tmp_path: Path) -> None:
    (tmp_path / "kills").mkdir()
    (tmp_path / "work").mkdir()
    tasks = [[f"t{number}", "x"] for number in range(8)]
    tasks[2][1] = f"kill until 1 in {tmp_path / 'kills'}"
    with ends(), Pool(Job(partial(make_watched, str(tmp_path / "work")), seconds=30), 3) as pool:
        found = {task[0]: others for task, (_, others) in pool.run(tasks)}
    assert len(found) == 8
    assert found["t2"] == []
    assert any(found.values())


@pytest.mark.parametrize("times", [1, 3])
def test_a_worker_that_ends_before_it_begins_is_replaced(tmp_path: Path, times: int) -> None:
    job = Job(partial(make_killed, f"kill until {times} in {tmp_path}"), seconds=30)
    assert _run([["a"], ["b"], ["c"]], job) == [["A"], ["B"], ["C"]]


def test_workers_that_always_end_before_they_begin_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(DedupeError, match=r"could not go on.*SIGKILL"):
        _run([["a"]], Job(partial(make_killed, f"kill until 99 in {tmp_path}"), seconds=30))


def test_a_worker_that_is_killed_while_it_waits_is_replaced() -> None:
    with ends(), Pool(Job(make, seconds=30), 2) as pool:
        found = []
        for number in range(6):
            for worker in pool._workers:
                if worker and number % 2:
                    worker._process.kill()
                    worker._process.join()
            found += [result for _, result in pool.run([["a"], ["b"], ["c"]])]
    assert sorted(found) == sorted([["A"], ["B"], ["C"]] * 6)


def test_no_result_comes_twice(tmp_path: Path) -> None:
    task = ["a", "b", f"kill until 1 in {tmp_path}", "c"]
    expected = [item.upper() for item in task]
    with ends(), Pool(Job(make_reader, seconds=30), 2) as pool:
        assert [result for _, result in pool.run([task])] == expected
    os.unlink(tmp_path / "0")
    with ends(), Reader(Job(make_reader, seconds=30)) as reader:
        assert list(reader.read(task)) == expected


def test_the_time_in_which_all_stood_still_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    with ends(), Pool(Job(make, seconds=5), 1) as pool:
        assert list(pool.run([["a"]]))
        worker = pool._workers[0]
        assert worker
        worker._state[1], worker._state[2], now = 100.0, 1.0, [100.0]
        monkeypatch.setattr("dedupe.workers.time.monotonic", lambda: now[0])
        worker._looked = 100.0
        for step in (1.0, 1.0, 3600.0, 1.0, 1.5):  # an hour in which nobody looked
            now[0] += step
            worker.check_clock()
        now[0] += 1.0
        with pytest.raises(_GivenUpError, match="took longer than 5 s"):
            worker.check_clock()


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
