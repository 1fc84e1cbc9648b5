"""An index in an SQLite file: one writer at a time, many processes, nothing acknowledged is ever lost.

Every write is one transaction that begins before the look it depends on, so of several processes that add
the same page at once exactly one finds it new. What has been answered survives the death of the process.
"""

from __future__ import annotations

import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

from . import FULL, Change, Found, Page, Probe, StoreError, best, check_settings, sqlite_log, sqlite_tree
from .sqlite_log import NUMBER_BITS, NUMBER_MASK, Log

BUSY = 60.0  # seconds that a writer waits for the others
APPLICATION = 0x64647570  # "ddup", in the header of the file
CACHE = 64 << 10  # KiB of pages that a connection keeps in memory
CHECKPOINT = 2000  # pages of the log from which it is written back into the file

MAPPED = 1 << 30  # bytes of the file that are read in place

_LOT = 500  # pages read together

_SCHEMA = (
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE page (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, data BLOB NOT NULL, "
    "seen INTEGER NOT NULL)",
    "CREATE TABLE post (entry INTEGER PRIMARY KEY)",
    "CREATE TABLE passage (place INTEGER PRIMARY KEY, count INTEGER NOT NULL)",
)

#: What leads from each version of the schema to the next one, from the empty file on.
MIGRATIONS: tuple[tuple[str | Callable[[sqlite3.Connection], None], ...], ...] = (
    _SCHEMA,
    (*sqlite_log.SCHEMA, *sqlite_tree.SCHEMA, sqlite_log.from_first_schema),
)

_PAGES = """
SELECT number, key, data, seen FROM page WHERE number IN (SELECT value FROM json_each(?))
"""

_NETWORK = frozenset(
    f"{kind}{version}"
    for kind in ("9p", "afs", "ceph", "cifs", "davfs", "glusterfs", "gpfs", "lustre", "nfs", "smb", "smbfs")
    for version in ("", "2", "3", "4")
)


class SqliteStore:
    """Pages as rows of one file; their posts and passages as a log of what is new and as sorted arrays."""

    lot = 1000  # more pages share a page of the file then

    def __init__(self, path: str, settings: Mapping[str, str], create: bool) -> None:
        self.path = path
        self.url = path
        self._settings = settings
        self._process = 0
        self._open: sqlite3.Connection | None = None
        self._log = Log()
        self._lists: dict[int, list[int]] = {}  # what this transaction has looked for already, …
        self._asked: set[int] = set()  # … and under which posts
        self._mapped = self._check_place(create)
        with self._named():
            self._connect()

    # ------------------------------------------------------------ opening

    def _check_place(self, create: bool) -> int:
        """Refuse a path that can hold no index; how much of the file may be read in place."""
        place = Path(self.path)
        if place.is_dir():
            raise StoreError("is a folder; name a file in it", url=self.url)
        if not create and not place.exists():
            raise StoreError("there is no such index; check the name, or add pages to it first", url=self.url)
        if not place.absolute().parent.is_dir():
            raise StoreError("the folder does not exist; make it first", url=self.url)
        if kind := network_file_system(place):
            warnings.warn(
                f"{self.url} is on a network file system ({kind}), where SQLite's locks may fail: "
                "keep the index on a local disk, or use redis:// for several machines",
                stacklevel=5,
            )
        return 0 if kind else MAPPED

    def _connect(self) -> sqlite3.Connection:
        """A connection of this process: one that was opened before a fork must not be used after it."""
        connection = sqlite3.connect(
            self.path, timeout=BUSY, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._open, self._process, self._log = connection, os.getpid(), Log()
        return connection

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            raise StoreError("the index is closed", url=self.url)
        return self._open if self._process == os.getpid() else self._connect()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute(f"PRAGMA mmap_size = {self._mapped}")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        self._check_file(connection)
        _patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
        self._migrate(connection)
        stored = dict(connection.execute("SELECT name, value FROM setting"))
        check_settings(self.url, stored, self._settings)

    def _check_file(self, connection: sqlite3.Connection) -> None:
        """Refuse what is no index, before anything is written into it."""
        application = _number(connection, "application_id")
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application != APPLICATION and (application or tables):
            raise StoreError("is an SQLite file of something else; name another file", url=self.url)
        pages, size = _number(connection, "page_count"), _number(connection, "page_size")
        if not os.path.exists(f"{self.path}-wal") and os.path.getsize(self.path) < pages * size:
            raise StoreError(_DAMAGED.format("it is cut short"), url=self.url)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = _number(connection, "user_version")
        if version == len(MIGRATIONS):
            return
        if version > len(MIGRATIONS):
            raise StoreError(
                f"has schema {version}, made by a newer release; this one knows up to {len(MIGRATIONS)}: "
                "install the newer release",
                url=self.url,
            )
        connection.execute("BEGIN IMMEDIATE")
        with _transaction(connection):
            version = _number(connection, "user_version")  # perhaps another process was faster
            for step in MIGRATIONS[version:]:
                for part in step:
                    connection.execute(part) if isinstance(part, str) else part(connection)
            if version == 0:
                connection.executemany("INSERT INTO setting VALUES (?, ?)", self._settings.items())
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    # ------------------------------------------------------------ looking

    def exclusive(self) -> AbstractContextManager[None]:
        return self._within("BEGIN IMMEDIATE")

    def snapshot(self) -> AbstractContextManager[None]:
        return nullcontext() if self._connection.in_transaction else self._within("BEGIN")

    @contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        """A transaction, at whose beginning the log is taken in."""
        with self._named():
            connection = self._connection
            connection.execute(begin)
            try:
                with _transaction(connection):
                    self._log.sync(connection)
                    yield
            except BaseException:
                self._log.clear()  # it may hold what was undone
                raise
            finally:
                self._lists, self._asked = {}, set()

    def look(self, probes: Sequence[Probe]) -> list[Found]:
        with self.snapshot():
            lists = self._posted({post for probe in probes for post in (probe.key_post, *probe.posts)})
            olds = self._by_keys([probe.key for probe in probes], [probe.key_post for probe in probes], lists)
            ranked = [
                best(probe.posts, lists, old and old.number) for probe, old in zip(probes, olds, strict=True)
            ]
            pages = self._numbered({number for numbers in ranked for number in numbers})
            counts = self._counts({place for probe in probes for place in probe.places})
        return [
            Found(
                old,
                [pages[number] for number in numbers if number in pages],
                [counts.get(place, 0) for place in probe.places],
            )
            for probe, old, numbers in zip(probes, olds, ranked, strict=True)
        ]

    def _posted(self, posts: Iterable[int]) -> dict[int, list[int]]:
        """The numbers of the pages under each post, for all posts that this transaction has asked for."""
        new = sorted({*posts} - self._asked)
        if new:
            self._lists.update(self._log.lists(self._connection, new))
            self._asked.update(new)
        return self._lists

    def _numbered(self, numbers: Iterable[int]) -> dict[int, Page]:
        wanted = sorted(numbers)
        if not wanted:
            return {}
        rows = self._connection.execute(_PAGES, (str(wanted),))
        return {row[0]: _page(*row) for row in rows}

    def _counts(self, places: Iterable[int]) -> dict[int, int]:
        wanted = sorted(places)
        return self._log.counts(self._connection, wanted) if wanted else {}

    def _by_keys(
        self, keys: Sequence[str | None], key_posts: Sequence[int], lists: Mapping[int, Sequence[int]]
    ) -> list[Page | None]:
        numbers = {number for post in key_posts for number in lists.get(post, ())}
        pages = {page.key: page for page in self._numbered(numbers).values()}
        return [None if key is None else pages.get(key) for key in keys]

    def keys(self, keys: Sequence[str], key_posts: Sequence[int]) -> list[Page | None]:
        with self.snapshot():
            return self._by_keys(keys, key_posts, self._posted(set(key_posts)))

    def counts(self, places: Sequence[int]) -> list[int]:
        with self.snapshot():
            found = self._counts(set(places))
        return [found.get(place, 0) for place in places]

    # ------------------------------------------------------------ writing

    def write(self, changes: Sequence[Change]) -> list[list[Page]]:
        """Make the changes; to be called inside `exclusive`, once."""
        with self._named():
            again = [change for change in changes if change.is_seen_again]
            others = [change for change in changes if not change.is_seen_again]
            rows = [(change.seen, change.old.number) for change in again if change.old]
            self._many("UPDATE page SET seen = ? WHERE number = ?", rows)
            if others:
                self._write(others)
        return [[] for _ in changes]

    def _write(self, changes: Sequence[Change]) -> None:
        lists = self._posted({post for change in changes for post in change.posts})
        self._log.move(self._connection)
        gone = [change for change in changes if change.old]
        numbers = {change.old.number for change in gone if change.old}
        self._many("DELETE FROM page WHERE number = ?", [(number,) for number in numbers])
        sizes = {post: sum(number not in numbers for number in found) for post, found in lists.items()}
        came = [change for change in changes if change.data is not None]
        entries = self._insert(came, sizes)
        places = [place for change in came for place in change.places]
        places += [~place for change in gone for place in change.old_places]
        self._log.append(self._connection, entries, places, sorted(numbers))

    def _insert(self, changes: Sequence[Change], sizes: dict[int, int]) -> list[int]:
        """Insert pages; their posts with their numbers, but for those of posts that are full."""
        if not changes:
            return []
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'page'").fetchone()
        first = (row[0] if row else 0) + 1
        if first + len(changes) > NUMBER_MASK:
            raise StoreError(f"is full: {NUMBER_MASK:,} pages were added; begin a new index", url=self.url)
        numbered = list(enumerate(changes, first))
        self._many(
            "INSERT INTO page VALUES (?, ?, ?, ?)",
            [(number, _stored(change.key), change.data, change.seen) for number, change in numbered],
        )
        entries = []
        for number, change in numbered:
            for post in change.posts:
                sizes[post] = size = sizes.get(post, 0) + 1
                if size <= FULL:
                    entries.append(post << NUMBER_BITS | number)
        return entries

    def _many(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.executemany(statement, rows)

    # ------------------------------------------------------------ all there is

    def pages(self) -> Iterator[list[Page]]:
        last = 0
        while True:
            with self._named():
                rows = self._connection.execute(
                    f"SELECT number, key, data, seen FROM page WHERE number > ? ORDER BY number LIMIT {_LOT}",
                    (last,),
                ).fetchall()
            if not rows:
                return
            yield [_page(*row) for row in rows]
            last = rows[-1][0]

    def posted(self) -> Iterator[tuple[int, int]]:
        with self.snapshot():
            for entries in self._log.posted(self._connection):
                posts, numbers = entries >> NUMBER_BITS, entries & NUMBER_MASK
                yield from zip(posts.tolist(), numbers.tolist(), strict=True)

    def counted(self) -> Iterator[tuple[int, int]]:
        with self.snapshot():
            for places, counts in self._log.counted(self._connection):
                yield from zip(places.tolist(), counts.tolist(), strict=True)

    def stats(self) -> dict[str, int]:
        with self.snapshot():
            pages = int(self._connection.execute("SELECT count(*) FROM page").fetchone()[0])
            posts = sum(map(len, self._log.posted(self._connection)))
            passages = sum(len(places) for places, _ in self._log.counted(self._connection))
        size = sum(os.path.getsize(name) for name in (self.path, f"{self.path}-wal") if os.path.exists(name))
        return {"pages": pages, "posts": posts, "passages": passages, "bytes": size}

    def check(self) -> list[str]:
        """The lines of SQLite's own check of the whole file, and what is wrong with the trees."""
        with self.snapshot():
            lines = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check")]
            return self._log.check(self._connection) if lines == ["ok"] else lines

    def close(self) -> None:
        if self._open is not None and self._process == os.getpid():
            self._open.close()
        self._open = None

    @contextmanager
    def _named(self) -> Iterator[None]:
        """SQLite's errors as errors that name the file and say what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(_remedy(error), url=self.url) from error


def _stored(key: str) -> str | bytes:
    """A key as SQLite can hold it: names of files may hold lone surrogates, which are no UTF-8."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return key.encode("utf-8", "surrogatepass")
    return key


def _page(number: int, key: str | bytes, data: bytes, seen: int) -> Page:
    name = key if isinstance(key, str) else key.decode("utf-8", "surrogatepass")
    return Page(number, name, data, seen)


_DAMAGED = (
    "is damaged ({}); restore a copy, or delete the file with its -wal and -shm files and add the pages again"
)


def _remedy(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "Could not decode" in str(error):
        return _DAMAGED.format(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another process has been writing for {BUSY:.0f} s; try again when it is done"
    if code == sqlite3.SQLITE_FULL:
        return "the disk is full; make room and try again, nothing was half written"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"cannot be opened for writing ({error}); check the permissions of the file and of its folder"
    return f"cannot be used ({error})"


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Ends the transaction that is open: all of it, or nothing if the body fails."""
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _patiently(step: Callable[[], Any]) -> None:
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


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


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
