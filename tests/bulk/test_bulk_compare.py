"""Comparing the pages of a run: lots that workers do, in whatever order, and those they cannot do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from signed import prose

from dedupe.bulk import compare as bulk_compare
from dedupe.bulk.compare import Comparison, PairBatchTask, compare, compute_signatures
from dedupe.bulk.folder import Folder
from dedupe.bulk.records import CleanedPage, KeptBlock
from dedupe.bulk.tasks import Shard
from dedupe.corpus.evidence import Evidence

Done = Iterator[tuple[PairBatchTask, Evidence | None]]


def pages() -> list[CleanedPage]:
    """Stories of one site with its lines below them, and copies with one paragraph rewritten."""
    boiler, found = prose(70, 6), []
    for story in range(9):
        base = prose(story, 12)
        other = [" ".join(sorted(base[0].split(), key=len)), *base[1:]]
        for name, blocks in (("a", base), ("b", other)):
            kept = tuple(KeptBlock(at, text) for at, text in enumerate([*blocks, *boiler]))
            found.append(CleanedPage(f"{story}{name}", site="one.example", kept=kept))
    return found


def kept(folder: Folder, found: list[CleanedPage], size: int) -> list[Shard]:
    shards = []
    for number, at in enumerate(range(0, len(found), size)):
        part = found[at : at + size]
        folder.put(folder.part(number, "signed"), [compute_signatures(part)])
        sizes = folder.write_pages(number, part, pack=number % 2 == 0)
        shards.append(Shard(number, tuple(page.path for page in part), tuple(sizes)))
    return [*shards, Shard(len(shards), (), ())]


@pytest.mark.parametrize("lot_bytes", [1 << 20, 1])
def test_it_does_not_matter_who_compares_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lot_bytes: int
) -> None:
    monkeypatch.setattr(bulk_compare, "_LOT_BYTES", lot_bytes)
    folder, asked = Folder(str(tmp_path)), 0
    Path(folder.work).mkdir()

    def backwards(tasks: Iterable[PairBatchTask]) -> Done:
        nonlocal asked
        for task in [*tasks][::-1]:
            asked += 1
            yield task, task.evidence(folder)

    def failing(tasks: Iterable[PairBatchTask]) -> Done:
        return ((task, None) for task in tasks)

    shards = kept(folder, pages(), 5)
    results: list[Comparison] = [compare(folder, shards, run) for run in (backwards, failing)]
    assert results[0] == results[1]
    assert results[0].clusters == 9
    assert results[0].found[0].template
    assert asked > (5 if lot_bytes == 1 else 0)
