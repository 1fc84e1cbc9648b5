"""What came into an SQLite index lately: a log in the file, and its mirror in memory.

Posts and places are hashes: put into their trees at once, each of them would change a page of the file of its
own. So they are appended to a log, and everyone who has the index open keeps in memory what the log holds.
Each time that some thousands of articles have come in, a step moves one of `PARTS` parts of all hashes into
the trees, in order, so that many share a page of the file. When so many steps have been done since a row of
the log came in, all of its parts are moved, and it is deleted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .sqlite_filter import PART_BITS, PARTS, Filter

I64 = npt.NDArray[np.int64]

NUMBER_BITS = 31  # of a page's number in an entry; the 32 bits above are the post
NUMBER_MASK = (1 << NUMBER_BITS) - 1
STEP = 30_000  # posts that come in between two steps

_POST_BITS, _PLACE_BITS = 32, 40
_ENTRY_SHIFT = NUMBER_BITS + _POST_BITS - PART_BITS  # from an entry to its part
_PLACE_SHIFT = _PLACE_BITS - PART_BITS

SCHEMA = (
    "CREATE TABLE log (seq INTEGER PRIMARY KEY, step INTEGER NOT NULL, due INTEGER NOT NULL, "
    "posts BLOB NOT NULL, places BLOB NOT NULL, gone BLOB NOT NULL)",
)

_STATE = "SELECT seq, step, due FROM log ORDER BY seq DESC LIMIT 1"
_ROWS = "SELECT step, posts, places, gone FROM log WHERE seq > ? ORDER BY seq"
_ROW = "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)"
_POSTS_OF = f"""
SELECT entry >> {NUMBER_BITS} FROM post
WHERE entry BETWEEN ?1 << {NUMBER_BITS} AND (?2 << {NUMBER_BITS}) + {NUMBER_MASK}
"""
_PLACES_OF = "SELECT place FROM passage WHERE place BETWEEN ? AND ?"
_POST = "INSERT OR IGNORE INTO post VALUES (?)"
_PASSAGE = "INSERT INTO passage VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count"


class _State(NamedTuple):
    """The last row of the log, how many steps were done, and how many posts wait for the next one."""

    seq: int = 0
    step: int = 0
    due: int = 0


class _Rows(NamedTuple):
    """What rows of the log hold: entries, places (~place for one that goes), numbers of pages that went."""

    entries: I64
    places: I64
    gone: I64


class Log:
    """The log of one connection, in memory as it was at the last `sync`.

    What came in since the last step stands in dicts, all else in sorted arrays. `posts` and `places` say what
    the trees may hold.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget the mirror: the next `sync` takes in everything anew."""
        self._state = _State()
        self._entries = self._places = self._deltas = np.zeros(0, np.int64)
        self._young: list[_Rows] = []
        self._first: dict[int, int] = {}  # a page under each post, without a list for nearly all of them …
        self._more: dict[int, list[int]] = {}  # … and the others
        self._counts: dict[int, int] = {}
        self._gone: set[int] = set()
        self.posts = Filter(0, _POST_BITS, _POSTS_OF)
        self.places = Filter(1, _PLACE_BITS, _PLACES_OF)

    # ------------------------------------------------------------ the mirror

    def sync(self, connection: sqlite3.Connection) -> None:
        """Take in what has come since; to be called in a transaction, before its look and its write."""
        state = _State(*(connection.execute(_STATE).fetchone() or ()))
        if state.seq < self._state.seq or state.step >= self._state.step + PARTS:
            self.clear()
        moved = range(max(self._state.step, state.step - PARTS), state.step)
        for step in moved:
            self._drop(step % PARTS)
        for tree in (self.posts, self.places):
            tree.load(connection, {step % PARTS for step in moved})
        seq, self._state = self._state.seq, state
        if state.seq > seq:
            self._take(connection.execute(_ROWS, (seq,)))

    def _take(self, rows: Iterable[tuple[int, bytes, bytes, bytes]]) -> None:
        by_step: dict[int, list[tuple[bytes, ...]]] = {}
        for step, *columns in rows:
            by_step.setdefault(step, []).append(tuple(columns))
        for step, found in by_step.items():
            self._add_rows(_Rows(*(_array(column) for column in zip(*found, strict=True))), step)
        if by_step.keys() - {self._state.step}:
            self._fold()

    def _add_rows(self, rows: _Rows, step: int) -> None:
        """Take in rows that came in when so many steps were done; what was moved since is left out."""
        self._gone.update(rows.gone.tolist())
        done = self._state.step - step
        if done:
            rest = (rows.entries >> _ENTRY_SHIFT) - step & PARTS - 1 >= done
            left = (_plain(rows.places) >> _PLACE_SHIFT) - step & PARTS - 1 >= done
            self._young.append(_Rows(rows.entries[rest], rows.places[left], rows.gone))
            return
        self._young.append(rows)
        for entry in rows.entries.tolist():
            post, number = entry >> NUMBER_BITS, entry & NUMBER_MASK
            if self._first.setdefault(post, number) != number:
                self._more.setdefault(post, []).append(number)
        for place in rows.places.tolist():
            plain, change = (place, 1) if place >= 0 else (~place, -1)
            self._counts[plain] = self._counts.get(plain, 0) + change

    def _fold(self) -> None:
        """Put what stands in dicts into the arrays."""
        if not self._young:
            return
        entries = np.concatenate([self._entries, *(rows.entries for rows in self._young)])
        if self._gone:
            entries = entries[~np.isin(entries & NUMBER_MASK, list(self._gone))]
        self._entries = np.sort(entries, kind="stable")  # which merges what is sorted already
        self._count(np.concatenate([rows.places for rows in self._young]))
        self._young, self._first, self._more, self._counts, self._gone = [], {}, {}, {}, set()

    def _count(self, places: I64) -> None:
        """Add places to the arrays that count them."""
        new, owners = np.unique(_plain(places), return_inverse=True)
        deltas = np.bincount(owners, np.where(places < 0, -1, 1), len(new)).astype(np.int64)
        at = np.searchsorted(self._places, new)
        known = np.append(self._places, -1)[at] == new
        self._deltas[at[known]] += deltas[known]
        self._places = np.insert(self._places, at[~known], new[~known])
        self._deltas = np.insert(self._deltas, at[~known], deltas[~known])

    def _drop(self, part: int) -> None:
        """Forget a part that was moved into the trees."""
        self._fold()
        entries, places = self._part(part)
        self._entries = np.delete(self._entries, entries)
        self._places, self._deltas = np.delete(self._places, places), np.delete(self._deltas, places)

    def _part(self, part: int) -> tuple[slice, slice]:
        """Where the entries and the places of a part stand in the arrays."""
        return _between(self._entries, part, _ENTRY_SHIFT), _between(self._places, part, _PLACE_SHIFT)

    # ------------------------------------------------------------ asking it

    def add_lists(self, posts: Sequence[int], lists: dict[int, list[int]]) -> None:
        """Add to the lists of pages under these posts those that the trees do not hold yet."""
        starts = np.array(posts, np.int64) << NUMBER_BITS
        low = np.searchsorted(self._entries, starts)
        high = np.searchsorted(self._entries, starts | NUMBER_MASK, side="right")
        for at in np.flatnonzero(high > low).tolist():
            self._extend(lists, posts[at], (self._entries[low[at] : high[at]] & NUMBER_MASK).tolist())
        for post in posts if self._first else ():
            if post in self._first:
                self._extend(lists, post, [self._first[post], *self._more.get(post, ())])

    def _extend(self, lists: dict[int, list[int]], post: int, numbers: Sequence[int]) -> None:
        found = [number for number in numbers if number not in self._gone]
        if found:
            lists.setdefault(post, []).extend(found)

    def add_counts(self, places: Sequence[int], counts: dict[int, int]) -> None:
        """Add to the counts of these places what the trees do not hold yet."""
        wanted = np.array(places, np.int64)
        if len(self._places):
            at = np.searchsorted(self._places, wanted)
            at[at == len(self._places)] = 0
            for row in np.flatnonzero(self._places[at] == wanted).tolist():
                counts[places[row]] = counts.get(places[row], 0) + int(self._deltas[at[row]])
        for place in places if self._counts else ():
            if place in self._counts:
                counts[place] = counts.get(place, 0) + self._counts[place]

    def entries(self) -> list[int]:
        """All posts with the numbers of their pages that the trees do not hold yet."""
        self._fold()
        found: list[int] = self._entries.tolist()
        return found

    def deltas(self) -> dict[int, int]:
        """What all counts of the trees must be changed by."""
        self._fold()
        return dict(zip(self._places.tolist(), self._deltas.tolist(), strict=True))

    def check(self, connection: sqlite3.Connection) -> list[str]:
        """Which filters hide what their trees hold, as lines to read."""
        lost = {"posts": self.posts.lost(connection), "passages": self.places.lost(connection)}
        return [f"{count} {name} are hidden by their filter" for name, count in lost.items() if count]

    # ------------------------------------------------------------ writing it

    def move(self, connection: sqlite3.Connection) -> None:
        """Do the steps that are due; to be called after `sync`, in the same transaction."""
        for _ in range(min(PARTS, self._state.due // STEP)):
            self._step(connection)

    def _step(self, connection: sqlite3.Connection) -> None:
        step = self._state.step
        self._fold()
        entries, places = self._part(step % PARTS)
        connection.executemany(_POST, zip(self._entries[entries].tolist()))
        changed = np.flatnonzero(self._deltas[places]) + places.start
        rows = zip(self._places[changed].tolist(), self._deltas[changed].tolist(), strict=True)
        connection.executemany(_PASSAGE, rows)
        self.posts.add(connection, step % PARTS, self._entries[entries] >> NUMBER_BITS)
        self.places.add(connection, step % PARTS, self._places[places])
        less = self._places[changed[self._deltas[changed] < 0]].tolist()
        connection.executemany("DELETE FROM passage WHERE place = ? AND count <= 0", zip(less))
        self._drop(step % PARTS)
        self._delete(connection, step + 1 - PARTS)
        self._state = _State(self._state.seq, step + 1, self._state.due - STEP)

    def _delete(self, connection: sqlite3.Connection, step: int) -> None:
        """Delete the rows that came in when at most so many steps were done."""
        first = connection.execute(
            "SELECT seq FROM log WHERE step > ? ORDER BY seq LIMIT 1", (step,)
        ).fetchone()
        connection.execute("DELETE FROM log WHERE seq < ?", (first[0] if first else self._state.seq + 1,))

    def append(
        self,
        connection: sqlite3.Connection,
        entries: Sequence[int],
        places: Sequence[int],
        gone: Sequence[int],
    ) -> None:
        """Write a row; to be called after `move`, in the same transaction. The next `sync` reads it."""
        seq, step, due = self._state
        columns = (
            np.sort(np.array(column, np.int64)).astype("<i8").tobytes() for column in (entries, places, gone)
        )
        row = (seq + 1, step, due + len(entries), *columns)
        connection.execute(_ROW, row)


class TornError(sqlite3.DatabaseError):
    """A row of the log is no whole number of entries."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def _array(columns: Iterable[bytes]) -> I64:
    try:
        return np.frombuffer(b"".join(columns), "<i8").astype(np.int64, copy=False)
    except ValueError as error:
        raise TornError("a row of the log is torn") from error


def _plain(places: I64) -> I64:
    """The places, whether they come or go."""
    return np.maximum(places, ~places)


def _between(values: I64, part: int, shift: int) -> slice:
    """Where the values of a part stand in sorted ones."""
    low = np.searchsorted(values, part << shift)
    return slice(int(low), int(np.searchsorted(values, (part + 1 << shift) - 1, side="right")))
