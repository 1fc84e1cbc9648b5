"""What the workers in `test_pool` do: a module of its own, since each worker reads it anew."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from functools import partial

from dedupe.errors import DedupeError
from dedupe.workers import TOGETHER, Begin, Work


def do(item: str) -> str:
    match item:
        case "exit":
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "balloon":
            return str(len(bytearray(3 << 30)))
        case "raise":
            raise DedupeError("said on purpose")
        case "bug":
            raise ZeroDivisionError("a bug")
        case str() if item.startswith("kill until "):
            _kill_until(item)
        case "noise":
            os.write(2, b"noise of a library\n")
    return item.upper()


def _kill_until(item: str) -> None:
    """Kill this process as often as "kill until 2 in FOLDER" says, counting in that folder."""
    times, folder = item.removeprefix("kill until ").split(" in ")
    done = len(os.listdir(folder))
    if done < int(times):
        open(os.path.join(folder, str(done)), "x").close()
        os.kill(os.getpid(), signal.SIGKILL)


def make_killed(item: str) -> Work:
    """Workers that are killed while they start."""
    _kill_until(item)
    return partial(handle, "")


def watched(
    folder: str, task: list[str], failed: Mapping[int, str], begin: Begin
) -> Iterator[tuple[list[str], list[str]]]:
    """Gives what it has done, and which tasks were at work at the same time."""
    place = os.path.join(folder, task[0])
    for at, item in enumerate(task):
        begin(at)
        open(place, "w").close()
        time.sleep(0.3)
        others = [name for name in os.listdir(folder) if name != task[0]]
        os.unlink(place)
        do(item)
    yield task, others


def make_watched(folder: str) -> Work:
    return partial(watched, folder)


def handle(together: str, task: list[str], failed: Mapping[int, str], begin: Begin) -> Iterator[list[str]]:
    found = []
    for at, item in enumerate(task):
        begin(at)
        found.append(failed[at] if at in failed else do(item))
    begin(TOGETHER, len(task))
    do(together if TOGETHER not in failed else "")
    yield found


def make(together: str = "") -> Work:
    return partial(handle, together)


def each(task: list[str], failed: Mapping[int, str], begin: Begin) -> Iterator[str]:
    for at, item in enumerate(task):
        begin(at)
        yield do(item)


def make_reader() -> Work:
    return each


def make_broken() -> Work:
    raise ImportError("no module named 'nothing'")
