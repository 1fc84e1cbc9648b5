"""Records as Arrow columns: signatures, evidence, names. Whole batches, no loop over rows.

Text goes as bytes (UTF-8 that lets lone surrogates through), since Arrow and Spark refuse those in strings;
bytes sort like the text does. Signatures go as the bytes of their arrays, a value an article.
"""

from __future__ import annotations

import struct
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedupe.corpus.evidence import Evidence
from dedupe.corpus.records import Document, Signatures
from dedupe.corpus.signatures import compute_signatures
from dedupe.text.ragged import I64, U64, offsets

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The columns of a signature that hold an array an article, and the offsets they go by.
_RAGGED = {
    "samples": "sample_at",
    "sentences": "sentence_at",
    "lengths": "sentence_at",
    "blocks": "block_at",
    "block_units": "block_at",
    "block_sentences": "block_at",
    "block_samples": "block_at",
}
_TEXTS = {"name": "keys", "site": "sites", "date": "dates"}
_SIGN = np.uint64(1 << 63)

#: What a signature is in the engine's own terms.
SIGNED = (
    "name binary, site binary, date binary, digest long, units float, samples binary, sentences binary, "
    "lengths binary, blocks binary, block_units binary, block_sentences binary, block_samples binary, "
    "bands binary, codes binary"
)

_EVIDENCE = np.dtype(
    [
        *((name, "<f8", 2) for name in ("length", "shared", "own", "altered", "passage", "told")),
        *((name, "?", 2) for name in ("figures", "apart")),
    ]
)


def signed_columns(signed: Signatures) -> dict[str, pa.Array]:
    """The columns `SIGNED` of a batch of articles."""
    columns = {name: texts(getattr(signed, of)) for name, of in _TEXTS.items()}
    columns["digest"] = pa.array(signed.digests.view(np.int64))
    columns["units"] = pa.array(signed.units)
    for name, at in _RAGGED.items():
        columns[name] = _binary(getattr(signed, name), getattr(signed, at))
    counts = np.zeros(len(signed), np.int64)
    counts[signed.banded] = signed.bands.shape[1]
    columns["bands"] = _binary(np.ascontiguousarray(signed.bands).ravel(), offsets(counts))
    columns["codes"] = pa.array(signed.codes, pa.binary())
    return columns


def signed_from(rows: pa.RecordBatch, prefix: str = "") -> Signatures:
    """The signatures in the columns of some rows; those that are left out are empty."""
    size = rows.num_rows
    values: dict[str, Any] = dict.fromkeys(_TEXTS.values(), ("",) * size)
    present = {name.removeprefix(prefix): name for name in rows.schema.names if name.startswith(prefix)}
    for name in present.keys() & _TEXTS.keys():
        values[_TEXTS[name]] = tuple(texts_from(rows.column(present[name])))
    for name, at in _RAGGED.items():
        column = rows.column(present[name]) if name in present else None
        array, bounds = _array(column, kind_of(name), size)
        values[name] = array
        values[at] = bounds if name in present else values.get(at, bounds)
    values["digests"] = _numbers(rows, present.get("digest"), np.uint64)
    values["units"] = _numbers(rows, present.get("units"), np.float32)
    bands, bounds = _array(rows.column(present["bands"]) if "bands" in present else None, np.uint64, size)
    values["banded"] = np.flatnonzero(np.diff(bounds))
    values["bands"] = bands.reshape(len(values["banded"]), -1) if len(bands) else np.zeros((0, 1), np.uint64)
    codes = rows.column(present["codes"]).to_pylist() if "codes" in present else [b""] * size
    values["codes"] = tuple(codes)
    return Signatures(**{field.name: values[field.name] for field in fields(Signatures)})


@cache
def kind_of(column: str) -> np.dtype[Any]:
    """The type of the numbers in a column of signatures."""
    found: np.dtype[Any] = getattr(compute_signatures([Document("", ())]), column).dtype
    return found


def nodes(digests: U64) -> I64:
    """Digests as signed numbers that sort alike: how the engine knows the articles of a digest."""
    return (digests ^ _SIGN).view(np.int64)


def evidence_column(evidence: Evidence) -> pa.Array:
    """The evidence of some pairs, a value of bytes a pair."""
    found = np.zeros(len(evidence.length), _EVIDENCE)
    for name in _EVIDENCE.names or ():
        found[name] = getattr(evidence, name)
    return _binary(found.view(np.uint8), np.arange(len(found) + 1) * _EVIDENCE.itemsize)


def evidence_from(column: pa.Array) -> Evidence:
    """Reads back what `evidence_column` gave."""
    found = _array(column, np.uint8, len(column))[0].view(_EVIDENCE)
    return Evidence(*(np.ascontiguousarray(found[name]) for name in Evidence.__slots__))


def ragged(batch: pa.RecordBatch, name: str) -> tuple[npt.NDArray[Any], I64]:
    """The numbers in a column of signatures, and each row's offsets in them."""
    return _array(batch.column(name), kind_of(name), batch.num_rows)


def texts(values: Iterable[str]) -> pa.Array:
    """Text as a column of bytes."""
    return pa.array([value.encode("utf-8", "surrogatepass") for value in values], pa.binary())


def texts_from(column: pa.Array) -> list[str]:
    return [value.decode("utf-8", "surrogatepass") for value in column.to_pylist()]


def rows(columns: dict[str, Any]) -> pa.RecordBatch:
    """Columns, arrays of numbers among them, as a batch."""
    arrays = [value if isinstance(value, pa.Array) else pa.array(value) for value in columns.values()]
    return pa.RecordBatch.from_arrays(arrays, list(columns))


def one_batch(table: pa.Table) -> pa.RecordBatch:
    """All of a table as one batch."""
    arrays = [pa.concat_arrays(column.chunks) if column.chunks else _none(column) for column in table.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)


def _none(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([], column.type)


def sortable(order: tuple[float | int | str, ...]) -> bytes:
    """A tuple of numbers and texts as bytes that sort like it does."""
    return b"".join(map(_sortable, order))


def _sortable(value: float | int | str) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").replace(b"\0", b"\0\1") + b"\0\0"
    if isinstance(value, int):
        return struct.pack(">Q", value)
    bits = int.from_bytes(struct.pack(">d", value + 0.0), "big")
    return struct.pack(">Q", bits ^ ((1 << 64) - 1) if bits >> 63 else bits | 1 << 63)


def _binary(values: npt.NDArray[Any], bounds: I64) -> pa.Array:
    starts = np.ascontiguousarray(bounds * values.itemsize, np.int32)
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.binary(), len(bounds) - 1, buffers)


def _array(column: pa.Array | None, kind: npt.DTypeLike, size: int) -> tuple[npt.NDArray[Any], I64]:
    if column is None:
        return np.zeros(0, kind), np.zeros(size + 1, np.int64)
    _, starts, data = column.buffers()
    if starts is None or data is None or not size:
        return np.zeros(0, kind), np.zeros(size + 1, np.int64)
    bounds = np.frombuffer(starts, np.int32)[column.offset : column.offset + size + 1].astype(np.int64)
    found = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]].copy()
    return found.view(kind), (bounds - bounds[0]) // np.dtype(kind).itemsize


def _numbers(rows: pa.RecordBatch, name: str | None, kind: npt.DTypeLike) -> npt.NDArray[Any]:
    if name is None:
        return np.zeros(rows.num_rows, kind)
    found: npt.NDArray[Any] = rows.column(name).to_numpy(zero_copy_only=False)
    return found.view(kind) if kind is np.uint64 else found.astype(kind)
