"""The pages in the rows of a Parquet file.

The columns that hold pages are read by themselves; what stands in the others is only repeated in outputs, as
text where JSON has no better form, and can at worst become null. A damaged row group is named, the next ones
are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from dedupe.errors import InputError
from dedupe.sources.records import Fields, RawPage, json_line, record_page

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

    from dedupe.sources.find import Plan, SourceFile
    from dedupe.sources.limits import Limits

#: Rows by the names of columns.
Rows = Iterator[dict[str, Any]]

_ROWS = 16  # that are unpacked at once: few, since a row may be a bomb of its own


def parquet_pages(plan: Plan, file: SourceFile, fields: Fields, limits: Limits) -> Iterator[RawPage]:
    """The pages in the rows of a file, in order; an error in place of the rest of a damaged row group.

    Raises:
        InputError: it expands beyond all measure.
    """
    with parquet.ParquetFile(plan.place(file)) as table:
        columns = _Columns(table, _Bound(limits, file.size))
        first = 1
        for group in range(table.num_row_groups):
            try:
                for number, row in enumerate(columns.rows(group, fields), first):
                    yield _row_page(file, number, row, fields, limits)
            except (InputError, MemoryError):
                raise
            except Exception as error:  # the library has a family of its own
                yield RawPage(
                    file.name, error=f"is damaged: row group {group}: {type(error).__name__}: {error}"
                )
            first += table.metadata.row_group(group).num_rows


def _row_page(
    file: SourceFile, number: int, row: Mapping[str, Any], fields: Fields, limits: Limits
) -> RawPage:
    page = record_page(file, number, row, fields, b"")
    if len(page.data) > limits.page_bytes:
        return replace(page, data=b"", record=None, error=f"is larger than {limits.page_bytes >> 20} MiB")
    return replace(page, record=json_line(row))


class _Bound:
    """What a file may become: rows are counted as they will be, unpacked."""

    def __init__(self, limits: Limits, size: int) -> None:
        self._ratio = limits.ratio
        self._left = max(limits.page_bytes, limits.ratio * size)
        self.at_once = limits.page_bytes

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise InputError(f"expands more than {self._ratio} times: looks like a decompression bomb")


class _Columns:
    """Reads the rows of a table, some of its columns by themselves."""

    def __init__(self, table: ParquetFile, bound: _Bound) -> None:
        self._table = table
        self._bound = bound
        self._names = tuple(dict.fromkeys(table.schema_arrow.names))

    def rows(self, group: int, fields: Fields) -> Rows:
        """The rows of a row group.

        Raises:
            InputError: as `parquet_pages`.
            Exception: one of the columns of `fields` cannot be read.
        """
        wanted = {fields.text, fields.html, fields.url, fields.id, fields.site}
        asked = [name for name in self._names if name in wanted]
        others = [name for name in self._names if name not in wanted]
        count = self._table.metadata.row_group(group).num_rows
        first = self._strict(group, asked) if asked else iter([{}] * count)
        for own, more in zip(first, self._lenient(group, others, count), strict=False):
            row = own | more
            yield {name: row[name] for name in self._names}

    def _strict(self, group: int, names: Sequence[str]) -> Rows:
        for batch in self._table.iter_batches(_ROWS, row_groups=[group], columns=list(names)):
            size = sum(map(_unpacked_size, batch.columns))
            self._bound.take(size)
            step = _ROWS if size <= self._bound.at_once else 1
            for at in range(0, batch.num_rows, step):
                part = batch.slice(at, step)
                columns = {name: _values(part.column(place)) for place, name in _places(part, names)}
                for row in zip(*columns.values(), strict=True):
                    yield dict(zip(columns, row, strict=True))

    def _lenient(self, group: int, names: Sequence[str], count: int) -> Rows:
        """As many rows, with None where a column cannot be read any further."""
        done = 0
        try:
            for row in self._strict(group, names) if names else iter([{}] * count):
                yield row
                done += 1
        except (InputError, MemoryError):
            raise
        except Exception:  # as above
            if len(names) == 1:
                yield from ({names[0]: None} for _ in range(count - done))
                return
            alone = [islice(self._lenient(group, [name], count), done, None) for name in names]
            for parts in zip(*alone, strict=True):
                yield {name: part[name] for name, part in zip(names, parts, strict=True)}


def _places(batch: Any, names: Sequence[str]) -> list[tuple[int, str]]:
    """Where the columns stand; the first of those that share a name."""
    found = {name: at for at, name in reversed([*enumerate(batch.schema.names)])}
    return [(found[name], name) for name in names]


# ---------------------------------------------------------------- values


def _unpacked_size(array: Any) -> int:
    """The bytes of a column's values, each counted where it stands: a dictionary holds them only once."""
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return _unpacked_size(array.storage)
    if pa.types.is_dictionary(kind):
        values, indices = array.dictionary, array.indices
        if pa.types.is_binary(kind.value_type) or pa.types.is_string(kind.value_type):
            lengths = pc.binary_length(values).cast(pa.int64()).take(indices)
            return int(pc.sum(lengths).as_py() or 0) + int(indices.nbytes)
        return _unpacked_size(values) // max(1, len(values)) * len(indices)
    if pa.types.is_struct(kind):
        return sum(map(_unpacked_size, array.flatten()))
    if pa.types.is_map(kind):
        return sum(_unpacked_size(part) for part in (array.keys, array.items))
    if pa.types.is_nested(kind):
        return int(_unpacked_size(array.flatten()) + 8 * len(array))
    return int(array.nbytes)


def _values(column: Any) -> list[Any]:
    """The values of a column as Python has them, each by itself where one of them is odd."""
    if not _is_nanosecond(column.type):  # there the library's answer depends on what else is installed
        try:
            return list(column.to_pylist())
        except MemoryError:
            raise
        except Exception:
            pass
    return [_value(scalar) for scalar in column]


def _is_nanosecond(kind: Any) -> bool:
    """Whether a type is of times to the nanosecond, or holds some."""
    if getattr(kind, "unit", None) == "ns":
        return True
    inner = [kind.value_type] if hasattr(kind, "value_type") else []
    return any(map(_is_nanosecond, [*inner, *(kind.field(at).type for at in range(kind.num_fields))]))


def _value(scalar: Any) -> Any:
    """A value as Python has it, else its text, bytes for what is no UTF-8, else None."""
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if pa.types.is_dictionary(kind) or isinstance(scalar, pa.ExtensionScalar):
        return _value(scalar.value)
    if pa.types.is_struct(kind):
        pairs = ((kind.field(at).name, scalar[at]) for at in range(kind.num_fields))
        return {name: _value(item) for name, item in reversed([*pairs])}
    if pa.types.is_nested(kind):
        return [_value(item) for item in scalar.values]
    return _leaf(scalar)


def _leaf(scalar: Any) -> Any:
    try:
        coarser = _microseconds(scalar.type)
        return (scalar.cast(coarser) if coarser else scalar).as_py()
    except MemoryError:
        raise
    except Exception:
        try:
            if hasattr(scalar, "as_buffer"):
                return scalar.as_buffer().to_pybytes()
            text = scalar.cast(pa.string()).as_py()
        except Exception:
            return None
        return None if text.startswith("<") else text  # "<value out of range: …>"


def _microseconds(kind: Any) -> Any:
    """The type of times that Python knows, in place of one that is finer."""
    if getattr(kind, "unit", None) != "ns":
        return None
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return pa.duration("us") if pa.types.is_duration(kind) else pa.time64("us")
