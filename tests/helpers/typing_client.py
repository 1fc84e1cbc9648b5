"""A small client of the library, as mypy sees it in strict mode; nothing here is run."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import assert_type

import dedupe
from dedupe import Block, Cleaner, CleanResult, Index, Options, Removal, SeenResult


def one_page(page: str | bytes | Path) -> str:
    result = dedupe.clean(page, url="https://a.example/1")
    assert_type(result, CleanResult)
    assert_type(result.title, str | None)
    assert_type(result.blocks, tuple[Block, ...])
    assert_type(result.removals, tuple[Removal, ...])
    for removal in result.removals:
        assert_type(removal.original, Block | None)
    return result.text + result.body + result.markdown + result.html


def remembered(pages: dict[str, bytes]) -> list[str]:
    options = Options(keep={"comments", "table"}, drop=["byline"], lexicons="words")
    assert_type(options.keep, frozenset[str])
    assert_type(options.lexicons, Path | None)
    cleaner = Cleaner(options)
    with dedupe.open_index(Path("seen.db")) as index:
        assert_type(index, Index)
        for url, page in pages.items():
            result = cleaner.clean(page, url=url, key=url, index=index)
            seen = index.add(result, key=url)
            assert_type(seen, SeenResult)
            assert_type(seen.key, str | None)
            assert_type(seen.similarity, float)
            if seen.status == "exact" or seen.is_new:
                continue
        assert_type(index.query("text"), SeenResult)
        assert_type(index.query(["one paragraph", "another"]), SeenResult)
        assert_type(
            index.add_many([(dedupe.clean(page), url) for url, page in pages.items()]), list[SeenResult]
        )
        assert_type(index.forget("key"), bool)
        assert_type(index.expire(timedelta(days=90)), int)
        assert_type(index.stats().pages, int)
        return list(index.verify().problems)


def many_files(paths: list[Path]) -> list[CleanResult]:
    try:
        outcomes = list(dedupe.clean_files(paths, jobs=2))
    except dedupe.OptionsError as error:
        raise SystemExit(str(error)) from error
    return [outcome.result for outcome in outcomes if outcome.result is not None]


async def in_a_task(index: Index, page: bytes, url: str) -> SeenResult:
    result = await asyncio.to_thread(dedupe.clean, page, url)
    assert_type(result, CleanResult)
    return await asyncio.to_thread(index.add, result, url)
