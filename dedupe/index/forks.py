"""Forks: what a child process must not share is let go of before, and opened again on use by both sides.

A child that inherits an SQLite connection inherits the table of the locks that its parent holds, too: it
takes them for its own, even for connections that it opens itself, and its writes are lost. So everything that
is open holds still and lets go in the moment of a fork.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Opened(Protocol):
    """What has something open that must not be inherited."""

    def before_fork(self) -> None:
        """Wait until nobody uses it, let go, and let nobody use it until `after_fork`."""

    def after_fork(self, in_child: bool) -> None:
        """Let it be used again; in a child there are no other threads any more."""


_opened: weakref.WeakSet[Opened] = weakref.WeakSet()
_opening = threading.RLock()
_held: list[Opened] = []  # in the moment of a fork


@contextmanager
def no_fork() -> Iterator[None]:
    """No fork comes in between: for what is being opened and is not `watched` yet."""
    with _opening:
        yield


def watch(opened: Opened) -> None:
    """Have this let go before each fork, for as long as it is there."""
    with _opening:
        _opened.add(opened)


def _before() -> None:
    _opening.acquire()
    for opened in list(_opened):
        opened.before_fork()
        _held.append(opened)


def _after(in_child: bool) -> None:
    global _opening
    while _held:
        _held.pop().after_fork(in_child)
    if in_child:
        _opening = threading.RLock()
    else:
        _opening.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(in_child=False),
        after_in_child=lambda: _after(in_child=True),
    )
