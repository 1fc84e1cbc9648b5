"""An index in an SQLite file: one writer at a time, many processes, nothing acknowledged is ever lost.

Every write is one transaction that begins before the look it depends on, so of several processes that add
the same page at once exactly one finds it new. What has been answered survives the death of the process.
"""

from __future__ import annotations

import os
import sqlite3
import warnings
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedupe.index.stores import (
    READ_ONLY,
    Change,
    Found,
    KeyPage,
    Probe,
    StoreError,
    best,
    check_settings,
    sqlite_log,
    sqlite_tree,
)
from dedupe.index.stores.sqlite_file import DAMAGED, Places, log_of, network_file_system, problem, remedy
from dedupe.index.stores.sqlite_log import NUMBER_BITS, NUMBER_MASK, Log, page_of
from dedupe.index.stores.sqlite_rows import (
    BUSY,
    PAGES,
    SCHEMA,
    patiently,
    pragma_number,
    size_of,
    stored_key,
    transaction,
)
from dedupe.index.stores.sqlite_tree import typed
from dedupe.index.thresholds import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


APPLICATION = 0x64647570  # "ddup", in the header of the file
CACHE = 64 << 10  # KiB of pages that a connection keeps in memory
CHECKPOINT = 2000  # pages of the log from which it is written back into the file

MAPPED = 1 << 30  # bytes of the file that are read in place

_LOT = 500  # pages read together
_MOVED = (
    "was removed, or replaced by another file, while it was open; nothing more is read from it or written to "
    "it: open the index again"
)
_WRITING = "BEGIN IMMEDIATE"
_FORKED = "the process was forked in the midst of a step, nothing of which is stored; do it again"


#: What leads from each version of the schema to the next one, from the empty file on.
MIGRATIONS: tuple[tuple[str | Callable[[sqlite3.Connection], None], ...], ...] = (
    SCHEMA,
    (*sqlite_log.SCHEMA, *sqlite_tree.SCHEMA, sqlite_log.from_first_schema),
)


class SqliteStore:
    """Pages as rows of one file; their posts and passages as a log of what is new and as sorted arrays."""

    lot = 1000  # more pages share a page of the file then

    def __init__(self, path: str, settings: Mapping[str, str], create: bool, read_only: bool = False) -> None:
        self.path = path
        self.url = path
        self._file = os.path.join(os.getcwd(), path)  # wherever the process goes later
        self._settings = settings
        self._read_only = read_only
        self._process = 0
        self._is_closed = False
        self._in_step = False  # a transaction is open
        self._open: sqlite3.Connection | None = None
        self._places: Places | None = None  # of the files that are open, or were until a fork
        self._log = Log()
        self._lists: dict[int, list[int]] = {}  # what this transaction has looked for already, …
        self._asked: set[int] = set()  # … and under which posts
        self._mapped = self._check_place(create)
        with self._named():
            self._connect()

    # ------------------------------------------------------------ opening

    def _check_place(self, create: bool) -> int:
        """Refuse a path that can hold no index; how much of the file may be read in place."""
        if found := problem(self.path, create):
            raise StoreError(found, url=self.url)
        if kind := network_file_system(Path(self.path)):
            warnings.warn(
                f"{self.url} is on a network file system ({kind}), where SQLite's locks may fail: "
                "keep the index on a local disk, or use redis:// for several machines",
                stacklevel=5,
            )
        return 0 if kind else MAPPED

    def _connect(self) -> sqlite3.Connection:
        """A new connection; again to the same file only, where it is one after a fork."""
        if self._places and Places.of(self._file).file != self._places.file:
            raise StoreError(_MOVED, url=self.url)
        connection = self._connected()
        try:
            self._prepare(connection)
            places = Places.of(self._file)
        except BaseException:
            connection.close()
            raise
        self._open, self._process, self._places = connection, os.getpid(), places
        return connection

    def _connected(self) -> sqlite3.Connection:
        # what a writer that was killed has left is read where it is, and stays there
        as_it_is = self._read_only and size_of(log_of(self._file)) > 0
        return sqlite3.connect(
            f"{Path(self._file).as_uri()}?mode=ro" if as_it_is else self._file,
            uri=as_it_is,
            timeout=BUSY,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64,
        )

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._is_closed:
            raise StoreError("the index is closed", url=self.url)
        if self._open is None and self._in_step:
            raise StoreError(_FORKED, url=self.url)
        if self._open is None:
            return self._connect()
        if self._process != os.getpid():  # neither this connection nor a new one could be trusted
            raise StoreError(
                "was open while its process was forked in a way that Python was not told of: open the index "
                "in each process, after the fork",
                url=self.url,
            )
        return self._open

    def let_go(self) -> None:
        if self._open is not None and self._process == os.getpid():
            with suppress(sqlite3.Error):
                self._open.close()
            self._open = None

    def _check_same(self) -> None:
        """Refuse to answer from, or to write into, a file that the path does not lead to any more."""
        if Places.of(self._file) != self._places:
            raise StoreError(_MOVED, url=self.url)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute(f"PRAGMA mmap_size = {self._mapped}")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        self._check_file(connection)
        if self._read_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
        self._migrate(connection)
        stored = dict(connection.execute("SELECT name, value FROM setting"))
        check_settings(self.url, stored, self._settings)

    def _check_file(self, connection: sqlite3.Connection) -> None:
        """Refuse what is no index, before anything is written into it."""
        application = pragma_number(connection, "application_id")
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application != APPLICATION and (application or tables):
            raise StoreError("is no index but an SQLite file of something else; name another", url=self.url)
        pages, size = pragma_number(connection, "page_count"), pragma_number(connection, "page_size")
        if not os.path.exists(log_of(self._file)) and size_of(self._file) < pages * size:
            raise StoreError(DAMAGED.format("it is cut short"), url=self.url)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = pragma_number(connection, "user_version")
        if version == len(MIGRATIONS):
            return
        if version > len(MIGRATIONS):
            raise StoreError(
                f"has schema {version}, made by a newer release; this one knows up to {len(MIGRATIONS)}: "
                "install the newer release",
                url=self.url,
            )
        if self._read_only:
            raise StoreError(
                f"has schema {version}, made by an older release, and what only reads changes nothing: add a "
                "page to it first, which brings it up to this release",
                url=self.url,
            )
        connection.execute("BEGIN IMMEDIATE")
        with transaction(connection):
            version = pragma_number(connection, "user_version")  # perhaps another process was faster
            for step in MIGRATIONS[version:]:
                for part in step:
                    connection.execute(part) if isinstance(part, str) else part(connection)
            if version == 0:
                connection.executemany("INSERT INTO setting VALUES (?, ?)", self._settings.items())
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    # ------------------------------------------------------------ looking

    def exclusive(self) -> AbstractContextManager[None]:
        if self._read_only:
            raise StoreError(READ_ONLY, url=self.url)
        return self._within(_WRITING)

    def snapshot(self) -> AbstractContextManager[None]:
        return nullcontext() if self._connection.in_transaction else self._within("BEGIN")

    @contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        """A transaction, at whose beginning the log is taken in; the file is there before and after it."""
        with self._named():
            connection = self._connection
            connection.execute(begin)
            self._in_step = True
            try:
                with transaction(connection):
                    self._check_same()
                    self._log.sync(connection)
                    yield
                    if self._open is not connection:
                        raise StoreError(_FORKED, url=self.url)
                if begin == _WRITING:  # only then is something told as stored
                    self._check_same()
            except BaseException:
                self._log.clear()  # it may hold what was undone
                raise
            finally:
                self._lists, self._asked, self._in_step = {}, set(), False

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

    def _numbered(self, numbers: Iterable[int]) -> dict[int, KeyPage]:
        wanted = sorted(numbers)
        if not wanted:
            return {}
        rows = self._connection.execute(PAGES, (str(wanted),))
        return {row[0]: page_of(*row) for row in rows}

    def _counts(self, places: Iterable[int]) -> dict[int, int]:
        wanted = sorted(places)
        return self._log.counts(self._connection, wanted) if wanted else {}

    def _by_keys(
        self, keys: Sequence[str | None], key_posts: Sequence[int], lists: Mapping[int, Sequence[int]]
    ) -> list[KeyPage | None]:
        numbers = {number for post in key_posts for number in lists.get(post, ())}
        pages = {page.key: page for page in self._numbered(numbers).values()}
        return [None if key is None else pages.get(key) for key in keys]

    def keys(self, keys: Sequence[str], key_posts: Sequence[int]) -> list[KeyPage | None]:
        with self.snapshot():
            return self._by_keys(keys, key_posts, self._posted(set(key_posts)))

    def counts(self, places: Sequence[int]) -> list[int]:
        with self.snapshot():
            found = self._counts(set(places))
        return [found.get(place, 0) for place in places]

    # ------------------------------------------------------------ writing

    def write(self, changes: Sequence[Change]) -> list[list[KeyPage]]:
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
        first = typed(row or (0,), int)[0] + 1
        if first + len(changes) > NUMBER_MASK:
            raise StoreError(f"is full: {NUMBER_MASK:,} pages were added; begin a new index", url=self.url)
        numbered = list(enumerate(changes, first))
        self._many(
            "INSERT INTO page VALUES (?, ?, ?, ?)",
            [(number, stored_key(change.key), change.data, change.seen) for number, change in numbered],
        )
        entries, full = [], RULES.full_post_pages
        for number, change in numbered:
            for post in change.posts:
                sizes[post] = size = sizes.get(post, 0) + 1
                if size <= full:
                    entries.append(post << NUMBER_BITS | number)
        return entries

    def _many(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.executemany(statement, rows)

    # ------------------------------------------------------------ all there is

    def pages(self) -> Iterator[list[KeyPage]]:
        last = 0
        while True:
            with self.snapshot():
                rows = self._connection.execute(
                    f"SELECT number, key, data, seen FROM page WHERE number > ? ORDER BY number LIMIT {_LOT}",
                    (last,),
                ).fetchall()
                pages = [page_of(*row) for row in rows]
            if not pages:
                return
            yield pages
            last = pages[-1].number

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
        size = size_of(self._file) + size_of(log_of(self._file))
        return {"pages": pages, "posts": posts, "passages": passages, "bytes": size}

    def check(self) -> list[str]:
        """The lines of SQLite's own check of the whole file, and what is wrong with the trees."""
        with self.snapshot():
            lines = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check")]
            return self._log.check(self._connection) if lines == ["ok"] else lines

    def close(self) -> None:
        self.let_go()
        self._is_closed = True

    @contextmanager
    def _named(self) -> Iterator[None]:
        """SQLite's errors as errors that name the file and say what to do."""
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:  # of a message that quotes a damaged file
            raise StoreError(remedy(error, BUSY), url=self.url) from error
