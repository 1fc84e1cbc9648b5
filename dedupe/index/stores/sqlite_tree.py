"""Hashes and what is known of each, as sorted arrays in an SQLite file.

All hashes fall into `PARTS` by their first bits, and those of a part into as many chunks as it takes; a chunk
is a row with the values of its hashes in order. What is new comes part by part (see `sqlite_log`), so that
many values are written together. Nearly all posts of a new article stand nowhere: bits in memory, some for
each hash, say where something stands, so that a row is read only where it may hold what is looked for.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

I64 = npt.NDArray[np.int64]

PART_BITS = 5
PARTS = 1 << PART_BITS
CHUNK = 240  # values a row: two rows a page of the file
ROOM, MOST = 6, 1 << 24  # bits in memory a value, and at most those of a part

SCHEMA = (
    "CREATE TABLE part (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, chunks INTEGER NOT NULL, "
    "bits BLOB NOT NULL)",
    "CREATE TABLE chunk (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
)

_CHUNK_BITS = 32  # of a row's number; the bits above are the part's
_FIND = "SELECT data FROM chunk WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
_READ = "SELECT data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id"
_NOTHING = (0, 1, b"\0")  # size, chunks and bits of a part that was never written


class TornError(sqlite3.DatabaseError):
    """A row holds no whole number of values."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class Tree:
    """Values: hashes of `width` bits, each followed by `bits` more; sorted.

    `number` tells the trees of a file apart. The bits of the parts are those that `load` has read.
    """

    def __init__(self, number: int, width: int, bits: int) -> None:
        self._number, self._bits = number, bits
        self._low = width - PART_BITS  # bits of a hash that tell those of a part apart
        self.clear()

    def clear(self) -> None:
        """Forget what was loaded."""
        self._parts = [_NOTHING] * PARTS
        self._join()

    def load(self, connection: sqlite3.Connection, parts: Iterable[int]) -> None:
        """Read what is kept in memory of some parts.

        Raises:
            TornError: a part has no bits.
        """
        for part in parts:
            row = connection.execute("SELECT size, chunks, bits FROM part WHERE id = ?", (self._id(part),))
            size, chunks, bits = typed(row.fetchone() or _NOTHING, int, int, bytes)
            if not bits or size < 0 or not 0 < chunks <= 1 << _CHUNK_BITS:
                raise TornError("a row is torn")
            self._parts[part] = size, chunks, bits
        self._join()

    def _id(self, part: int) -> int:
        return self._number * PARTS + part

    def _join(self) -> None:
        sizes = np.array([len(bits) for _, _, bits in self._parts])
        self._chunks = np.array([chunks for _, chunks, _ in self._parts])
        self._starts, self._sizes = np.cumsum(sizes) - sizes, 8 * sizes
        self._flags = np.frombuffer(b"".join([bits for _, _, bits in self._parts]), np.uint8)

    def __len__(self) -> int:
        return sum(size for size, _, _ in self._parts)

    # ------------------------------------------------------------ looking

    def may_hold(self, hashes: I64) -> npt.NDArray[np.bool_]:
        """Which of these hashes the tree may hold; it holds none of the others."""
        parts = hashes >> self._low
        at = self._scaled(hashes, self._sizes[parts])
        flags = self._flags[self._starts[parts] + (at >> 3)] >> (at & 7).astype(np.uint8)
        return np.asarray(flags & 1, np.bool_)

    def _scaled(self, hashes: I64, size: I64 | int) -> I64:
        """The place of each hash among so many, in the order of its part."""
        return np.asarray((hashes & (1 << self._low) - 1) * size >> self._low)

    def find(self, connection: sqlite3.Connection, hashes: Sequence[int]) -> list[int]:
        """All values of these hashes, which are sorted."""
        wanted = np.array(hashes, np.int64)
        wanted = wanted[self.may_hold(wanted)]
        if not len(wanted):
            return []
        parts = wanted >> self._low
        rows = (self._number * PARTS + parts << _CHUNK_BITS) + self._scaled(wanted, self._chunks[parts])
        values = _values(connection.execute(_FIND, (str(sorted({*rows.tolist()})),)))
        return among(values, wanted, self._bits)

    def parts(self, connection: sqlite3.Connection) -> Iterator[I64]:
        """All values, part by part."""
        return (self.read(connection, part) for part in range(PARTS))

    def read(self, connection: sqlite3.Connection, part: int) -> I64:
        """The values of a part."""
        first = self._id(part) << _CHUNK_BITS
        return _values(connection.execute(_READ, (first, first + (1 << _CHUNK_BITS) - 1)))

    def problems(self, connection: sqlite3.Connection) -> int:
        """How many parts are not as they must be."""
        return sum(not self._is_whole(connection, part) for part in range(PARTS))

    def _is_whole(self, connection: sqlite3.Connection, part: int) -> bool:
        """Whether a part has all its values, sorted, where they are looked for."""
        values, (size, chunks, _) = self.read(connection, part), self._parts[part]
        hashes = values >> self._bits
        lengths = connection.execute(
            "SELECT id, length(data) / 8 FROM chunk WHERE id BETWEEN ? AND ?",
            (self._id(part) << _CHUNK_BITS, (self._id(part) + 1 << _CHUNK_BITS) - 1),
        )
        rows = [(row & (1 << _CHUNK_BITS) - 1, length) for row, length in lengths]
        stored = np.repeat([row for row, _ in rows], [length for _, length in rows])
        return bool(
            len(values) == size
            and (values[1:] >= values[:-1]).all()
            and (hashes >> self._low == part).all()
            and self.may_hold(hashes).all()
            and np.array_equal(self._scaled(hashes, chunks), stored)
        )

    # ------------------------------------------------------------ writing

    def write(self, connection: sqlite3.Connection, part: int, values: I64) -> None:
        """Put these values, which are sorted, in the place of all that a part has."""
        first, hashes = self._id(part) << _CHUNK_BITS, values >> self._bits
        chunks = len(values) // CHUNK + 1
        bounds = np.searchsorted(self._scaled(hashes, chunks), np.arange(chunks + 1)).tolist()
        data = values.astype("<i8").tobytes()
        rows = (
            (first + at, data[8 * bounds[at] : 8 * bounds[at + 1]])
            for at in range(chunks)
            if bounds[at] < bounds[at + 1]
        )
        last = first + (1 << _CHUNK_BITS) - 1
        connection.execute("DELETE FROM chunk WHERE id BETWEEN ? AND ?", (first, last))
        connection.executemany("INSERT INTO chunk VALUES (?, ?)", rows)
        self._parts[part] = (len(values), chunks, self._marked(hashes))
        connection.execute("REPLACE INTO part VALUES (?, ?, ?, ?)", (self._id(part), *self._parts[part]))
        self._join()

    def _marked(self, hashes: I64) -> bytes:
        """The bits of a part that holds these hashes."""
        flags = np.zeros(max(64, min(MOST, ROOM * len(hashes) + 7 & ~7)), np.bool_)
        flags[self._scaled(hashes, len(flags))] = True
        return np.packbits(flags, bitorder="little").tobytes()


def among(values: I64, hashes: I64, bits: int) -> list[int]:
    """Those of sorted values that these hashes begin, `bits` being what follows them."""
    low = np.searchsorted(values, hashes << bits)
    high = np.searchsorted(values, (hashes << bits) + (1 << bits) - 1, side="right")
    found: list[int] = []
    for at in np.flatnonzero(high > low).tolist():
        found += values[low[at] : high[at]].tolist()
    return found


def _values(rows: Iterable[tuple[Any]]) -> I64:
    values = from_bytes([data for (data,) in rows])
    if len(values) and values.min() < 0:
        raise TornError("a row is torn")
    return values


def from_bytes(parts: Sequence[Any]) -> I64:
    """The values that columns of the file hold.

    Raises:
        TornError: one of them holds no whole values.
    """
    if any(not isinstance(data, bytes) or len(data) % 8 for data in parts):
        raise TornError("a row is torn")
    return np.frombuffer(b"".join(parts), "<i8").astype(np.int64, copy=False)


def typed(row: Sequence[Any], *kinds: Any) -> Sequence[Any]:
    """A row of the file, if its columns are of these kinds: SQLite holds any kind in any column.

    Raises:
        TornError: they are not.
    """
    if not all(map(isinstance, row, kinds)):
        raise TornError("a row is torn")
    return row
