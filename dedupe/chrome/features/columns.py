"""The arrays that columns are written into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Array = npt.NDArray[Any]
#: Some of the columns by their names: a value for each block, or one for all of them.
Columns = Mapping[str, Array | float]

CAP = 2  # the greatest value of a column that has no other bound


@dataclass(frozen=True, slots=True)
class BlockColumns:
    """What several groups of columns need: arrays of one value a block."""

    texts: list[str]
    units: Matrix
    links: Matrix  # share of the characters that stand in links
    mass: Matrix  # units of blocks that are paragraphs, else 0
    headings: Array


def fill_columns(rows: Matrix, names: tuple[str, ...], columns: Columns) -> None:
    """Write the columns into the rows of these names.

    Raises:
        ValueError: a column is missing, is none of these, or stands in another place.
    """
    if tuple(columns) != names:
        wrong = sorted(set(names) ^ set(columns)) or "their order"
        raise ValueError(f"the columns are not those that were announced: {wrong}")
    for row, column in zip(rows, columns.values(), strict=True):
        row[:] = column
