"""What came into an SQLite index lately: a log in the file, and its mirror in memory.

Posts and places are hashes: put into their trees at once, each of them would change a page of the file of its
own. So they are appended to a log, and everyone who has the index open keeps in memory what the log holds.
Each time that some thousands of articles have come in, a step moves one of `PARTS` parts of all hashes into
the trees, so that many share a row of these. When so many steps have been done since a row of
the log came in, all of its parts are moved, and it is deleted.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dedupe.index.stores import KeyPage
from dedupe.index.stores.sqlite_tree import PART_BITS, PARTS, TornError, Tree, among, from_bytes, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

I64 = npt.NDArray[np.int64]

NUMBER_BITS = 31  # of a page's number in an entry; the 32 bits above are the post
NUMBER_MASK = (1 << NUMBER_BITS) - 1
COUNT_BITS = 23  # of a passage's count; the 40 bits above are the place
COUNT_MOST = (1 << COUNT_BITS) - 1
STEP = 30_000  # posts that come in between two steps
POSTS = 16  # that a page that goes counts for

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

    What came in since the last step stands in dicts, all else in sorted arrays; of pages that went, so
    many steps ago that all their posts are moved, no number is kept.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget the mirror: the next `sync` takes in everything anew."""
        self._state = _State(step=-PARTS)  # nothing was loaded
        self._entries = self._places = self._deltas = np.zeros(0, np.int64)
        self._young: list[_Rows] = []
        self._first: dict[int, int] = {}  # a page under each post, without a list for nearly all of them …
        self._more: dict[int, list[int]] = {}  # … and the others
        self._counts: dict[int, int] = {}
        self._gone: dict[int, int] = {}  # pages that went, and after how many steps
        self._post_tree = Tree(0, _POST_BITS, NUMBER_BITS)
        self._place_tree = Tree(1, _PLACE_BITS, COUNT_BITS)

    # ------------------------------------------------------------ the mirror

    def sync(self, connection: sqlite3.Connection) -> None:
        """Take in what has come since; to be called in a transaction, before its look and its write."""
        state = _State(*typed(connection.execute(_STATE).fetchone() or _State(), int, int, int))
        if state.seq < self._state.seq or state.step >= self._state.step + PARTS:
            self.clear()
        if state.step > self._state.step:
            self._follow(connection, range(max(self._state.step, state.step - PARTS), state.step))
        seq, self._state = self._state.seq, state
        if state.seq > seq:
            self._take(connection.execute(_ROWS, (seq,)))

    def _follow(self, connection: sqlite3.Connection, steps: range) -> None:
        """Leave to the trees what others have moved into them."""
        for step in steps:
            self._drop(step % PARTS)
        for tree in (self._post_tree, self._place_tree):
            tree.load(connection, [step % PARTS for step in steps])
        self._forget_gone(steps.stop)

    def _forget_gone(self, done: int) -> None:
        """Keep no number of a page whose posts have all been moved, now that so many steps are done."""
        self._gone = {number: step for number, step in self._gone.items() if step + PARTS > done}

    def _take(self, rows: Iterable[tuple[Any, ...]]) -> None:
        by_step: dict[int, list[Sequence[bytes]]] = {}
        for row in rows:
            step, *columns = typed(row, int, bytes, bytes, bytes)
            by_step.setdefault(step, []).append(columns)
        for step, found in by_step.items():
            self._add_rows(_whole(_Rows(*(from_bytes(column) for column in zip(*found, strict=True)))), step)
        if by_step.keys() - {self._state.step}:
            self._fold()

    def _add_rows(self, rows: _Rows, step: int) -> None:
        """Take in rows that came in when so many steps were done; what was moved since is left out."""
        self._gone.update(dict.fromkeys(rows.gone.tolist(), step))
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
        self._entries = np.sort(entries, kind="stable")  # which merges what is sorted already
        places = np.concatenate([rows.places for rows in self._young])
        new, owners = np.unique(_plain(places), return_inverse=True)
        deltas = np.bincount(owners, np.where(places < 0, -1, 1), len(new)).astype(np.int64)
        self._places, self._deltas = _summed(self._places, self._deltas, new, deltas)
        self._young, self._first, self._more, self._counts = [], {}, {}, {}

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

    def lists(self, connection: sqlite3.Connection, posts: Sequence[int]) -> dict[int, list[int]]:
        """The numbers of the pages under these posts, which are sorted."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        entries = self._post_tree.find(connection, posts)
        entries += among(self._entries, np.array(posts, np.int64), NUMBER_BITS)
        for entry in entries:
            found[entry >> NUMBER_BITS].append(entry & NUMBER_MASK)
        for post in posts if self._first else ():
            if post in self._first:
                found[post] += [self._first[post], *self._more.get(post, ())]
        return self._present(found) if self._gone else found

    def _present(self, lists: dict[int, list[int]]) -> dict[int, list[int]]:
        """Lists without pages that went, and without those that become empty."""
        rest = ((post, [page for page in pages if page not in self._gone]) for post, pages in lists.items())
        return {post: pages for post, pages in rest if pages}

    def counts(self, connection: sqlite3.Connection, places: Sequence[int]) -> dict[int, int]:
        """The counts of these places, which are sorted."""
        found = {
            value >> COUNT_BITS: value & COUNT_MOST for value in self._place_tree.find(connection, places)
        }
        if len(self._places):
            wanted = np.array(places, np.int64)
            at = np.searchsorted(self._places, wanted)
            at[at == len(self._places)] = 0
            for row in np.flatnonzero(self._places[at] == wanted).tolist():
                found[places[row]] = found.get(places[row], 0) + int(self._deltas[at[row]])
        for place in places if self._counts else ():
            if place in self._counts:
                found[place] = found.get(place, 0) + self._counts[place]
        return found

    def posted(self, connection: sqlite3.Connection) -> Iterator[I64]:
        """All entries: posts, each with the number of a page."""
        self._fold()
        for entries in (*self._post_tree.parts(connection), self._entries):
            yield self._without_gone(entries)

    def counted(self, connection: sqlite3.Connection) -> Iterator[tuple[I64, I64]]:
        """All places that are counted, and their counts."""
        self._fold()
        for part, values in enumerate(self._place_tree.parts(connection)):
            places, counts = self._with_deltas(part, values)
            yield places[counts > 0], counts[counts > 0]

    def check(self, connection: sqlite3.Connection) -> list[str]:
        """What is wrong with the trees, as lines to read."""
        trees = {"posts": self._post_tree, "passages": self._place_tree}
        found = {name: tree.problems(connection) for name, tree in trees.items()}
        return [
            f"{count} of {PARTS} parts of the {name} are not whole" for name, count in found.items() if count
        ]

    def _without_gone(self, entries: I64) -> I64:
        if not self._gone:
            return entries
        return entries[~np.isin(entries & NUMBER_MASK, list(self._gone))]

    def _with_deltas(self, part: int, values: I64) -> tuple[I64, I64]:
        """The places of a part of the tree and of the log, and their counts."""
        _, places = self._part(part)
        return _summed(values >> COUNT_BITS, values & COUNT_MOST, self._places[places], self._deltas[places])

    # ------------------------------------------------------------ writing it

    def move(self, connection: sqlite3.Connection) -> None:
        """Do the steps that are due; to be called after `sync`, in the same transaction."""
        for _ in range(min(PARTS, self._state.due // STEP)):
            self._step(connection)

    def _step(self, connection: sqlite3.Connection) -> None:
        step, part = self._state.step, self._state.step % PARTS
        self._fold()
        came, _ = self._part(part)
        entries = np.concatenate([self._post_tree.read(connection, part), self._entries[came]])
        self._post_tree.write(connection, part, self._without_gone(np.sort(entries, kind="stable")))
        places, counts = self._with_deltas(part, self._place_tree.read(connection, part))
        values = places << COUNT_BITS | np.minimum(counts, COUNT_MOST)
        self._place_tree.write(connection, part, values[counts > 0])
        self._drop(part)
        self._forget_gone(step + 1)
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
        columns = [struct.pack(f"<{len(column)}q", *sorted(column)) for column in (entries, places, gone)]
        row = (seq + 1, step, due + len(entries) + POSTS * len(gone), *columns)
        connection.execute(_ROW, row)


def from_first_schema(connection: sqlite3.Connection) -> None:
    """Put what stands in the tables of the first schema into trees."""
    entries = _column(connection, "SELECT entry FROM post ORDER BY entry")
    counts = _column(connection, f"SELECT place << {COUNT_BITS} | count FROM passage ORDER BY place")
    trees = (Tree(0, _POST_BITS, NUMBER_BITS), entries), (Tree(1, _PLACE_BITS, COUNT_BITS), counts)
    for tree, values in trees:
        for part in range(PARTS):
            tree.write(connection, part, values[_between(values, part, 63 - PART_BITS)])
    connection.execute("DROP TABLE post")
    connection.execute("DROP TABLE passage")


def _column(connection: sqlite3.Connection, query: str) -> I64:
    return np.fromiter((row[0] for row in connection.execute(query)), np.int64)


def _whole(rows: _Rows) -> _Rows:
    """The rows, if they hold nothing but posts, places and numbers.

    Raises:
        TornError: they hold something else.
    """
    entries, places, gone = rows
    if (entries < 0).any() or (_plain(places) >> _PLACE_BITS).any() or (gone >> NUMBER_BITS).any():
        raise TornError("a row is torn")
    return rows


def _summed(keys: I64, counts: I64, new: I64, deltas: I64) -> tuple[I64, I64]:
    """Keys with their counts, changed by those of others; both are sorted, each key stands once."""
    at = np.searchsorted(keys, new)
    known = np.append(keys, -1)[at] == new
    counts = counts.copy()
    counts[at[known]] += deltas[known]
    at, other = at[~known], ~known
    return np.insert(keys, at, new[other]), np.insert(counts, at, deltas[other])


def _plain(places: I64) -> I64:
    """The places, whether they come or go."""
    return np.maximum(places, ~places)


def _between(values: I64, part: int, shift: int) -> slice:
    """Where the values of a part stand in sorted ones."""
    low = np.searchsorted(values, part << shift)
    return slice(int(low), int(np.searchsorted(values, (part + 1 << shift) - 1, side="right")))


def page_of(number: int, key: Any, data: Any, seen: Any) -> KeyPage:
    """A row as a page.

    Raises:
        TornError: it holds something else.
    """
    typed((key, data, seen), (str, bytes), bytes, int)
    if not 0 < number <= NUMBER_MASK:
        raise TornError("the row of a page is torn")
    try:
        return KeyPage(
            number, key if isinstance(key, str) else key.decode("utf-8", "surrogatepass"), data, seen
        )
    except UnicodeDecodeError as error:
        raise TornError("the key of a page is torn") from error
