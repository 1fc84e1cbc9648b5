"""What the workers of a cluster do last: every page's rows and text, given what the others say about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedupe.bulk.finish import finish, output_line, renamed
from dedupe.bulk.records import CleanedPage, FinishedPage, PageDecision, Rendering, row_line
from dedupe.contrib.spark.records import signed_from
from dedupe.contrib.spark.tasks import Templates, of_sites
from dedupe.corpus.graph import Link, equal_link
from dedupe.corpus.templates import template_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

#: A finished page. `row`, `removals`, `failure` and `record` are its lines of JSON in the outputs.
FINISHED = (
    "place binary, path string, id string, url string, site string, status string, cluster string, "
    "duplicate_of string, relation string, similarity double, containment double, linked array<string>, "
    "title string, date string, chars_in long, chars_kept long, clean_text string, error string, "
    "row string, removals string, failure string, record string"
)
_TYPED = [
    "path",
    "id",
    "url",
    "site",
    "status",
    "cluster",
    "duplicate_of",
    "relation",
    "similarity",
    "containment",
    "linked",
    "title",
    "date",
    "chars_in",
    "chars_kept",
]
_LISTS = pa.list_(pa.string())


def finished_rows(
    rendering: Rendering, templates: Callable[[], Templates], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Pages, as rows of `PREPARED` with what is to be said of each, as rows of `FINISHED`."""
    schema = _schema()
    for batch in batches:
        signed = signed_from(batch)
        columns = _columns(batch)
        items = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        places = dict(template_places(signed, of_sites(templates(), signed), _spared(items, signed.keys)))
        verdicts = [verdict(item, places.get(number, ())) for number, item in enumerate(items)]
        pages = map(_page, items, signed.keys)
        done = finish(pages, verdicts, rendering)
        table = [_row(item["place"], page, rendering) for item, page in zip(items, done, strict=True)]
        yield pa.RecordBatch.from_pylist(table, schema)


def verdict(item: Mapping[str, Any], template: tuple[int, ...]) -> PageDecision:
    """What the other pages say about a page: it leads the articles of its words, or equals the one that does.

    `leader` is the name of that one (None: nothing is to be said), `cluster`, `relation` and so on are what
    was found of it.
    """
    found = _verdict(item, template)
    if item["spared"] is not None and found.keeper is not None:
        return replace(found, keeper=None, relation="contains")  # the only one to have what it keeps
    return found


def _verdict(item: Mapping[str, Any], template: tuple[int, ...]) -> PageDecision:
    leader, own, relation = item["leader"], item["name"], item["relation"]
    if leader is None:
        return PageDecision(template=template)
    kept = item["cluster"] or (leader if item["copies"] > 1 else None)
    numbers = (relation, item["similarity"], item["containment"])
    if item["place"] == item["leader_place"]:
        keeper = kept if relation and relation != "contains" else None
        linked = tuple(sorted(map(_text, item["linked"] or ())))
        return PageDecision(_maybe(kept), _maybe(keeper), *numbers, template, linked)
    assert kept is not None, own
    of_leader = Link(_text(leader), _text(kept), *numbers) if relation else None
    link = equal_link(_text(own), _text(leader), of_leader)
    return PageDecision(_text(kept), link.b, link.relation, link.similarity, link.containment, template)


def _spared(items: Iterable[Mapping[str, Any]], names: Sequence[str]) -> dict[str, frozenset[int]]:
    """The keys of the blocks that pages keep, by the pages' names."""
    found = ((name, item["spared"]) for name, item in zip(names, items, strict=True))
    return {name: frozenset(np.frombuffer(keys, np.uint64).tolist()) for name, keys in found if keys}


def _columns(batch: pa.RecordBatch) -> dict[str, Sequence[Any]]:
    names = [
        "place",
        "name",
        "plain",
        "leader",
        "leader_place",
        "copies",
        "cluster",
        "relation",
        "similarity",
        "containment",
        "linked",
        "spared",
    ]
    return {name: batch.column(name).to_pylist() for name in names}


def _page(item: Mapping[str, Any], name: str) -> CleanedPage:
    return renamed(CleanedPage.from_json(item["plain"]), name)


def _row(place: bytes, page: FinishedPage, rendering: Rendering) -> dict[str, Any]:
    found = {name: _plain(page.page[name]) for name in _TYPED}
    return {
        **found,
        "place": place,
        "clean_text": _plain(page.output),
        "error": _plain(page.error["reason"]) if page.error else None,
        "row": _line(row_line(page.page)),
        "removals": _line(page.removals) or None,
        "failure": _line(row_line(page.error)) if page.error else None,
        "record": _record(page, rendering),
    }


def _record(page: FinishedPage, rendering: Rendering) -> str | None:
    """The page's line among the cleaned records: its own fields, or its path, and its text."""
    line = output_line(page, page.record or row_line({"path": page.page["path"]}), rendering)
    return None if line is None else _line(line)


def _line(lines: bytes) -> str:
    return lines.removesuffix(b"\n").decode()


def _plain(value: Any) -> Any:
    """A value as a data frame takes it: no lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")


def _maybe(name: bytes | None) -> str | None:
    return None if name is None else _text(name)


def _schema() -> pa.Schema:
    kinds = {"binary": pa.binary(), "string": pa.string(), "double": pa.float64(), "long": pa.int64()}
    pairs = (column.split(" ") for column in FINISHED.split(", "))
    return pa.schema([(name, kinds.get(kind, _LISTS)) for name, kind in pairs])
