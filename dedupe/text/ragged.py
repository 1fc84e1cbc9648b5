"""Ragged arrays: values of all rows one after the other, and the offsets at which each row begins."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

Value = TypeVar("Value", bound=np.generic)


def segment_sum(values: npt.NDArray[Value], bounds: I64) -> npt.NDArray[Value]:
    """The sum of each stretch [bounds[i], bounds[i + 1]); 0 for an empty one."""
    return segments(np.add, values, bounds, 0)


def segments(ufunc: np.ufunc, values: npt.NDArray[Value], bounds: I64, empty: int) -> npt.NDArray[Value]:
    """A ufunc reduced over each stretch [bounds[i], bounds[i + 1]); `empty` for an empty one."""
    starts = bounds[:-1]
    is_filled = bounds[1:] > starts
    if is_filled.all() and len(starts):  # mostly so, and then it is quicker
        return np.asarray(ufunc.reduceat(values[: bounds[-1]], starts, dtype=values.dtype))
    found = np.full(len(starts), empty, values.dtype)
    filled = np.flatnonzero(is_filled)
    if len(filled):
        found[filled] = ufunc.reduceat(values[: bounds[-1]], bounds[:-1][filled])
    return found


def offsets(counts: npt.ArrayLike) -> I64:
    """Where each of the groups of these sizes begins, the total as the last."""
    sizes = np.asarray(counts)
    found = np.zeros(len(sizes) + 1, np.int64)
    sizes.cumsum(dtype=np.int64, out=found[1:])
    return found


def entries(bounds: I64, rows: I64) -> tuple[I64, I64]:
    """Where the entries of some rows of a ragged array stand, row after row, and the rows' offsets there."""
    return ranges(bounds[rows], bounds[rows + 1])


def ranges(starts: I64, ends: I64) -> tuple[I64, I64]:
    """The numbers in all stretches [starts[i], ends[i]), in a row, and the stretches' offsets there."""
    counts = ends - starts
    found = offsets(counts)
    return np.repeat(starts - found[:-1], counts) + np.arange(found[-1]), found


def changes(values: U64 | I64) -> Mask:
    """Where a sorted array has another value than before; the first is one."""
    changes: Mask = np.r_[True, values[1:] != values[:-1]][: len(values)]
    return changes
