"""The file of an SQLite index: where it may lie, whether it is the same still, what its errors mean."""

from __future__ import annotations

import os
import sqlite3
import stat
from itertools import chain
from pathlib import Path
from typing import NamedTuple

SMALLEST = 512  # bytes of an SQLite file: its smallest page
DAMAGED = "is damaged ({}); restore a copy, or add the pages to a new index under another name"
NO_INDEX = "is no index ({}); name another file, or restore a copy if it was one"

_NETWORK = frozenset(
    f"{kind}{version}"
    for kind in ("9p", "afs", "ceph", "cifs", "davfs", "glusterfs", "gpfs", "lustre", "nfs", "smb", "smbfs")
    for version in ("", "2", "3", "4")
)

#: Which file a path leads to: its device and number; None if there is none.
Place = tuple[int, int] | None


class Places(NamedTuple):
    """The file of an index, and the two that SQLite keeps beside it while it is open."""

    file: Place
    log: Place
    shared: Place

    @classmethod
    def of(cls, path: str) -> Places:
        """Those of now. Nothing is opened: to close a file gives up all locks that the process has on it."""
        log = log_of(path)
        return cls(_place(path), _place(log), _place(f"{log.removesuffix('-wal')}-shm"))


def log_of(path: str) -> str:
    """Where SQLite keeps the log of a file: beside the file itself, not beside a link to it."""
    return f"{os.path.realpath(path) if os.path.islink(path) else path}-wal"


def _place(path: str) -> Place:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def problem(path: str, create: bool) -> str | None:
    """Why there can be no index at a path, as far as that can be told without opening it."""
    if not path:
        return "no file is named; give the path of one"
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return _missing(path, create)
    except (OSError, ValueError) as error:  # too long, a loop of links, a zero byte
        return f"cannot be opened ({error}); name another file"
    if stat.S_ISDIR(found.st_mode):
        return "is a folder; name a file in it"
    if not stat.S_ISREG(found.st_mode):
        return "is no regular file; name another"
    if not found.st_size and not create:
        return "is empty: there is no index in it; check the name, or add pages to it first"
    if 0 < found.st_size < SMALLEST:  # SQLite takes some of these for a new database
        return NO_INDEX.format("it is not an SQLite file")
    return None


def _missing(path: str, create: bool) -> str | None:
    if not create:
        return "there is no such index; check the name, or add pages to it first"
    if not Path(path).absolute().parent.is_dir():
        return "the folder does not exist; make it first"
    return None


def remedy(error: Exception, patience: float) -> str:
    """What an error of SQLite means and what to do; `patience` is how long a writer waits, in seconds."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return NO_INDEX.format("it is not an SQLite file")
    is_garbled = isinstance(error, UnicodeDecodeError) or "Could not decode" in str(error)
    if code == sqlite3.SQLITE_CORRUPT or is_garbled:
        return DAMAGED.format(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another process has been writing for {patience:.0f} s; try again when it is done"
    if code == sqlite3.SQLITE_FULL:
        return "the disk is full; make room and try again, nothing was half written"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"cannot be opened for writing ({error}); check the permissions of the file and of its folder"
    return f"cannot be used ({error})"


def network_file_system(path: Path, mounts: str = "/proc/self/mounts") -> str | None:
    """The kind of network file system that a path is on; None for a local one, or where that is unknown."""
    place = os.path.realpath(path)
    try:
        lines = Path(mounts).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    above = {}
    for line in lines:
        _, point, kind, *_ = [*chain(line.split(" "), ("", "", ""))]
        point = point.replace("\\040", " ")
        if place == point or place.startswith(point.rstrip("/") + "/"):
            above[point] = kind  # a later mount hides an earlier one
    kind = above[max(above, key=len)] if above else ""
    return kind if kind.removeprefix("fuse.") in _NETWORK | {"sshfs", "s3fs"} else None
