"""Where a sorted column changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dedupe.text.ragged import I64, U64, Mask


def _changes(values: U64 | I64) -> Mask:
    """Where a sorted array has another value than before; the first is one."""
    changes: Mask = np.r_[True, values[1:] != values[:-1]][: len(values)]
    return changes
