"""The arrays that columns are written into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable

Matrix = npt.NDArray[np.float32]
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class BlockColumns:
    """What several groups of columns need: arrays of one value a block."""

    texts: list[str]
    units: Matrix
    links: Matrix  # share of the characters that stand in links
    mass: Matrix  # units of blocks that are paragraphs, else 0
    headings: Array


def fill_columns(rows: Matrix, columns: Iterable[Array | float]) -> None:
    for row, column in zip(rows, columns, strict=False):
        row[:] = column
