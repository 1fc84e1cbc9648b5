"""Rows, pragmas and transactions of an index's SQLite file."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = (
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE page (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, data BLOB NOT NULL, "
    "seen INTEGER NOT NULL)",
    "CREATE TABLE post (entry INTEGER PRIMARY KEY)",
    "CREATE TABLE passage (place INTEGER PRIMARY KEY, count INTEGER NOT NULL)",
)
PAGES = """
SELECT number, key, data, seen FROM page WHERE number IN (SELECT value FROM json_each(?))
"""

BUSY = 60.0  # seconds that a writer waits for the others


def stored_key(key: str) -> str | bytes:
    """A key as SQLite can hold it: names of files may hold lone surrogates, which are no UTF-8."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return key.encode("utf-8", "surrogatepass")
    return key


def size_of(path: str) -> int:
    """The bytes of a file; 0 if there is none."""
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Ends the transaction that is open: all of it, or nothing if the body fails."""
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.ProgrammingError):  # it was closed, which undoes all
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


def patiently(step: Callable[[], Any]) -> None:
    """Run a step that SQLite's own waiting does not cover until it is not locked out."""
    end = time.monotonic() + BUSY
    while True:
        try:
            step()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)


def pragma_number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
