"""What a process may take of memory, and whether it took more."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import resource
from functools import partial

_MAXRSS_SHIFT = 0 if sys.platform == "darwin" else 10  # kibibytes elsewhere


class MemoryBound:
    """Holds this process to what it has now and `mebibytes` more, where the system can (0: no limit).

    What goes a little beyond is noticed afterwards; what would go far beyond is refused by the system. That
    alone would not do: a parser that is refused memory may go on with half a page.
    """

    def __init__(self, mebibytes: int) -> None:
        self._most = 0
        if not mebibytes or sys.platform == "win32":
            return
        self._usage = partial(resource.getrusage, resource.RUSAGE_SELF)
        self._most = self._peak() + (mebibytes << 20)
        _refuse_data_beyond(2 * mebibytes << 20)

    def is_exceeded(self) -> bool:
        return self._most > 0 and self._peak() > self._most

    def _peak(self) -> int:
        return int(self._usage().ru_maxrss) << _MAXRSS_SHIFT


def _refuse_data_beyond(more: int) -> None:
    try:
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[5])
    except OSError:  # no Linux
        return
    limit = pages * resource.getpagesize() + more
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
