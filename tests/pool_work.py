"""What the workers in `test_pool` do: a module of its own, since each worker reads it anew."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from functools import partial

from dedupe.errors import DedupeError
from dedupe.pool import TOGETHER, Begin, Work


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
        case "noise":
            os.write(2, b"noise of a library\n")
    return item.upper()


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
