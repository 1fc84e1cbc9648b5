"""Worker processes that may crash, hang or run out of memory without harm to the run.

A task is a list of items that a worker handles one after the other, saying which one it begins. When a
worker ends or overstays its time, that item is to blame: the task is given to a new worker, with the
reason why this item must not be tried again. A worker that is killed may be the victim of others: its item is
tried once more, while no other worker is at work. One that ends between items is just replaced.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any, Protocol

from dedupe.errors import DedupeError, InputError
from dedupe.memory import MemoryBound

#: The place of work that no single item is to blame for; after a failure there it is done item by item.
TOGETHER = -1

#: Stands in a stream of tasks for "none before the next result".
LATER = object()

_IDLE = 0.0
_OUT_OF_MEMORY = 77  # exit code of a worker that met its memory limit
_POLL = 0.2  # seconds between looks at the clock
_START = 60.0  # seconds that a worker may take to start
_NAP = 10.0  # seconds without a look at the clock in which the whole program stood still
_LOSSES = 5  # workers that may end for no item's fault, one after the other, at the same task


class Begin(Protocol):
    """Tells which item is begun now, and for how many items' time the work may take."""

    def __call__(self, at: int, items: int = 1) -> None: ...


#: How the reason begins of an item at which workers were killed or crashed: another time it may go well.
CRASHED = "crashed the process that cleaned it"

#: Handles a task: its items, reasons for those that must not be tried, the way to say which one is begun.
Work = Callable[[Any, Mapping[int, str], Begin], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Job:
    """What the workers run: `make()` in the new process gives the function that handles tasks.

    `seconds` and `memory` (MiB, 0 for none) are what one item may take.
    """

    make: Callable[[], Work]
    seconds: float
    memory: int = 0


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A task to work at: `failed` items must not be tried, at `killed` ones a worker was killed.

    `given` of its results have been handed on, `losses` workers have ended between its items since.
    """

    task: Any
    failed: Mapping[int, str] = field(default_factory=dict)
    killed: frozenset[int] = frozenset()
    given: int = 0
    losses: int = 0

    @property
    def is_alone(self) -> bool:
        """Whether nothing else is to be at work beside it."""
        return bool(self.killed - self.failed.keys())


class Pool:
    """A few workers; `run` hands tasks out, never more than one ahead of each worker."""

    def __init__(self, job: Job, jobs: int) -> None:
        self._job = job
        self._workers: list[_Worker | None] = [None] * jobs
        self._again: deque[_Attempt] = deque()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            if worker:
                worker.kill()
        self._workers = [None] * len(self._workers)

    def run(self, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Every task with its result, as they become ready.

        `tasks` may give `LATER` while a task of its is at work: it is asked again after the next result.

        Raises:
            DedupeError: a worker raised it, or workers end for no item's fault.
        """
        todo = iter(tasks)
        while True:
            self._hand_out(todo)
            busy = [worker for worker in self._workers if worker and worker.attempt]
            if not busy:
                return
            yield from self._collect(busy)

    def _hand_out(self, todo: Iterator[Any]) -> None:
        for at, worker in enumerate(self._workers):
            if worker and worker.attempt:
                continue
            attempt = self._next(todo)
            if attempt is None:
                return
            if worker is None:
                worker = self._workers[at] = _Worker(self._job)
            worker.give(attempt)

    def _next(self, todo: Iterator[Any]) -> _Attempt | None:
        """What a free worker is to do, None if it is to wait."""
        at_work = [worker.attempt for worker in self._workers if worker and worker.attempt]
        if any(attempt.is_alone for attempt in at_work):
            return None
        if not self._again:
            return _first_attempt(todo)
        return None if at_work and self._again[0].is_alone else self._again.popleft()

    def _collect(self, busy: list[_Worker]) -> Iterator[tuple[Any, Any]]:
        ready = wait([worker.connection for worker in busy], _POLL)
        for worker in busy:
            try:
                if worker.connection in ready:
                    yield from worker.received()
                else:
                    worker.check_clock()
            except _GivenUpError as failure:
                self._workers[self._workers.index(worker)] = None
                self._again.append(_next_attempt(worker, failure))


class Reader:
    """One worker that reads a source as a stream; a crash ends that source only."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._worker: _Worker | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker:
            self._worker.kill()
        self._worker = None

    def read(self, task: Any) -> Iterator[Any]:
        """What the worker makes of the task, item by item.

        Raises:
            InputError: the worker crashed, or stood still for too long, at this task.
        """
        attempt: _Attempt | None = _Attempt(task)
        while attempt:
            self._worker = worker = self._worker or _Worker(self._job)
            worker.give(attempt)
            attempt = None
            try:
                yield from self._items(worker)
            except _GivenUpError as failure:
                self._worker = None
                attempt = _next_attempt(worker, failure)
                if attempt.failed:
                    raise InputError(failure.reason) from None

    def _items(self, worker: _Worker) -> Iterator[Any]:
        while worker.attempt:
            if worker.connection.poll(_POLL):
                for _, item in worker.received():
                    yield item
            else:
                worker.check_clock()


class _GivenUpError(Exception):
    """A worker had to be given up, at an item (None: between items), perhaps because it was killed."""

    def __init__(self, reason: str, at: int | None, is_killed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at
        self.is_killed = is_killed


class _Worker:
    """A process, the pipe to it, and what it says it is doing."""

    def __init__(self, job: Job) -> None:
        context = multiprocessing.get_context("spawn")  # never the parent's locks and files
        self.connection, theirs = context.Pipe()
        self._state = context.RawArray("d", 3)  # item, time of its begin, items' worth of time
        self._job = job
        self._process = context.Process(target=_serve, args=(theirs, self._state, job), daemon=True)
        try:
            with _without_main():
                self._process.start()
        except OSError as error:
            raise DedupeError(f"no worker process can be started: {error.strerror or error}") from error
        theirs.close()
        self.attempt: _Attempt | None = None
        self.results = 0  # of this attempt
        self._looked = self._since = 0.0  # when the clock was looked at, and the begin of the item then
        self._excused = 0.0  # seconds of that item that do not count

    def give(self, attempt: _Attempt) -> None:
        self.attempt = attempt
        self.results = 0
        self._looked = time.monotonic()
        with suppress(OSError):  # it has ended: `received` finds out why
            self.connection.send((attempt.task, attempt.failed))

    def received(self) -> Iterator[tuple[Any, Any]]:
        """The next item of the task, if that is what came and no worker before has given it."""
        attempt = self.attempt
        try:
            what, value = self.connection.recv()
        except (EOFError, OSError):
            raise self._ended() from None
        if what == "item" and attempt:
            self.results += 1
            if self.results > attempt.given:
                yield attempt.task, value
        elif what == "end":
            self.attempt = None
        else:
            self.kill()
            raise value

    def check_clock(self) -> None:
        at, since, items = self._state
        allowed = self._job.seconds * max(items, 1.0)
        now = time.monotonic()
        if since != self._since:
            self._since, self._excused = since, 0.0
        if now - self._looked > _NAP:  # Ctrl-Z stops the workers, too
            self._excused += now - max(self._looked, since)
        self._looked = now
        if since != _IDLE and now - since - self._excused > allowed:
            self.kill()
            raise _GivenUpError(f"took longer than {allowed:g} s (--max-seconds)", int(at))

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _ended(self) -> _GivenUpError:
        self._process.join(_START)
        code = self._process.exitcode
        self.connection.close()
        at, since, _ = self._state
        if code == _OUT_OF_MEMORY:
            reason = f"needs more than {self._job.memory} MiB of memory (--max-memory)"
        elif code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            reason = f"{CRASHED}, twice ({name})"
        else:
            reason = f"ended the process that cleaned it (exit code {code})"
        is_killed = code is not None and code < 0
        return _GivenUpError(reason, int(at) if since != _IDLE else None, is_killed)


@contextmanager
def _without_main() -> Iterator[None]:
    """New processes do not run the user's script again, which may have no guard against that."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _first_attempt(todo: Iterator[Any]) -> _Attempt | None:
    task = next(todo, LATER)
    return None if task is LATER else _Attempt(task)


def _next_attempt(worker: _Worker, failure: _GivenUpError) -> _Attempt:
    """How the task of a worker that was given up is tried again.

    Raises:
        DedupeError: workers end whatever is done.
    """
    attempt, at = worker.attempt, failure.at
    if attempt is None:
        raise DedupeError(f"a worker process could not go on: {failure.reason}")
    losses = 0 if worker.results > attempt.given else attempt.losses
    again = replace(attempt, given=max(attempt.given, worker.results), losses=losses)
    if at is None and losses < _LOSSES:
        return replace(again, losses=losses + 1)
    if at is None or at in attempt.failed:
        raise DedupeError(f"a worker process could not go on: {failure.reason}")
    if failure.is_killed and at not in attempt.killed:
        return replace(again, killed=attempt.killed | {at})
    return replace(again, failed={**attempt.failed, at: failure.reason})


# ---------------------------------------------------------------- in the worker


def _serve(connection: Connection, state: Any, job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all: the parent ends the workers
    threading.Thread(target=_follow_parent, daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries that fail tell more than a user should read
    try:
        work = job.make()
    except Exception as error:
        connection.send(("error", _told(error)))
        return
    memory = MemoryBound(job.memory)

    def begin(at: int, items: int = 1) -> None:
        if memory.is_exceeded():  # by what was begun before
            os._exit(_OUT_OF_MEMORY)
        state[0], state[1], state[2] = at, time.monotonic(), items

    while True:
        try:
            task, failed = connection.recv()
        except EOFError:
            return
        _handle(connection, state, begin, work(task, failed, begin))


def _handle(connection: Connection, state: Any, begin: Begin, items: Iterable[Any]) -> None:
    try:
        for item in items:
            state[1] = _IDLE
            connection.send(("item", item))
        state[1] = _IDLE
        connection.send(("end", None))
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)  # what is left of its heap would fail the next item too
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        state[1] = _IDLE
        connection.send(("error", _told(error)))


def _told(error: Exception) -> DedupeError:
    return error if isinstance(error, DedupeError) else DedupeError(f"{type(error).__name__}: {error}")


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def one_by_one(items: Iterator[Any], begin: Begin) -> Iterator[Any]:
    """The items, with word of each before it is made."""
    at = 0
    while True:
        begin(at)
        try:
            item = next(items)
        except StopIteration:
            return
        yield item
        at += 1
