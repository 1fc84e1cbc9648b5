"""Which hashes the trees of an SQLite index may hold: bits in memory, so that most others are not looked for.

Nearly all posts of a new article stand nowhere. To find that out in a tree of millions takes the reading of a
page of the file for each. So for each part of the hashes the file holds a row of bits, one for each stretch
of hashes, that says whether anything stands there; it is written whenever the log moves the part.
"""

from __future__ import annotations

import sqlite3

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

PART_BITS = 5
PARTS = 1 << PART_BITS  # of all hashes, by their first bits
ROOM = 4  # bits a hash at least, twice as many at most …
LEAST, MOST = 1 << 12, 1 << 24  # … and bits of a part

SCHEMA = ("CREATE TABLE filter (id INTEGER PRIMARY KEY, hashes INTEGER NOT NULL, bits BLOB NOT NULL)",)

_UNKNOWN = b"\xff"  # where anything may stand


class Filter:
    """The bits of one tree, as `load` has read them; a part without may hold anything.

    `number` is that of the tree, `width` how many bits its hashes have, and `every` selects those of a part
    by the first and the last hash.
    """

    def __init__(self, number: int, width: int, every: str) -> None:
        self._number, self._every = number, every
        self._low = width - PART_BITS
        self._parts = [_UNKNOWN] * PARTS
        self._join()

    def load(self, connection: sqlite3.Connection, parts: set[int]) -> None:
        """Read the bits of some parts."""
        for part in parts:
            row = connection.execute("SELECT bits FROM filter WHERE id = ?", (self._id(part),)).fetchone()
            self._parts[part] = row[0] if row else _UNKNOWN
        if parts:
            self._join()

    def _id(self, part: int) -> int:
        return self._number * PARTS + part

    def _join(self) -> None:
        sizes = np.array([len(bits) for bits in self._parts])
        self._starts = np.cumsum(sizes) - sizes
        self._shifts = np.array([_shift(self._low, 8 * len(bits)) for bits in self._parts])
        self._bits: U8 = np.frombuffer(b"".join(self._parts), np.uint8)

    def may_hold(self, hashes: I64) -> npt.NDArray[np.bool_]:
        """Which of these hashes the tree may hold; it holds none of the others."""
        parts = hashes >> self._low
        at = (hashes & (1 << self._low) - 1) >> self._shifts[parts]
        found = self._bits[self._starts[parts] + (at >> 3)] >> (at & 7).astype(np.uint8)
        return np.asarray(found & 1, np.bool_)

    def add(self, connection: sqlite3.Connection, part: int, hashes: I64) -> None:
        """Write that a part of the tree holds these hashes, too, which it does already."""
        row = connection.execute("SELECT hashes, bits FROM filter WHERE id = ?", (self._id(part),)).fetchone()
        count, bits = row or (0, b"")
        count += len(hashes)
        if not bits or 8 * len(bits) < min(ROOM * count, MOST):
            hashes = self._all(connection, part)
            count = len(hashes)
            bits = bytes(_size(count) // 8)
        self._parts[part] = _marked(bits, hashes & (1 << self._low) - 1, self._low)
        connection.execute("REPLACE INTO filter VALUES (?, ?, ?)", (self._id(part), count, self._parts[part]))
        self._join()

    def lost(self, connection: sqlite3.Connection) -> int:
        """How many hashes of the tree are taken for absent."""
        every = (self._all(connection, part) for part in range(PARTS))
        return sum(int((~self.may_hold(hashes)).sum()) for hashes in every)

    def _all(self, connection: sqlite3.Connection, part: int) -> I64:
        bounds = (part << self._low, (part + 1 << self._low) - 1)
        rows = connection.execute(self._every, bounds)
        return np.fromiter((row[0] for row in rows), np.int64)


def _size(count: int) -> int:
    """How many bits to take for so many hashes: a power of two."""
    return max(LEAST, min(MOST, 1 << (ROOM * count).bit_length()))


def _shift(low: int, bits: int) -> int:
    """What leads from a hash to one of so many bits."""
    return low - bits.bit_length() + 1


def _marked(bits: bytes, hashes: I64, low: int) -> bytes:
    """The bits with those of some hashes set."""
    flags = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
    flags[hashes >> _shift(low, len(flags))] = 1
    return np.packbits(flags, bitorder="little").tobytes()
