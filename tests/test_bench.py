"""The benchmark's own machinery: tables that hide nothing, plots that are pictures, peers that may crash."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lxml.etree
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import bench
import peers
import plots
import quality
import speed
import tables


def results(*rows: dict[str, Any]) -> dict[str, Any]:
    run = {"quick": True, "corpus": False, "python": "3.11", "machine": "a machine"}
    return {"run": run, "versions": {"dedupe": "1", "rensa": None}, "rows": list(rows)}


def row(suite: str, tool: str, **figures: Any) -> dict[str, Any]:
    return {"suite": suite, "tool": tool, "figures": figures}


PAIR = (
    row("intra", "dedupe", perfect=0.8, precision=0.9, recall=0.5, kept=1.0),
    row("intra", "resiliparse", perfect=0.4, precision=0.95, recall=0.5, kept=None),
)


# ---------------------------------------------------------------- tables


def test_a_peer_that_is_better_is_named() -> None:
    text = tables.markdown(results(*PAIR))
    assert "Better than dedupe: removal P: resiliparse." in text


def test_cells_hold_figure_ratio_and_best() -> None:
    lines = tables.markdown(results(*PAIR)).splitlines()
    assert "| dedupe | **80.0%** | 0.900 | 0.500 | 100.00% |" in lines
    assert "| resiliparse | 40.0% (0.50×) | **0.950** (1.06×) | 0.500 (1.00×) | – |" in lines


def test_less_is_better_where_it_is() -> None:
    rows = [
        row("speed-html", tool, ms=ms, to_base=ms) for tool, ms in (("dedupe", 9.0), ("resiliparse", 2.0))
    ]
    text = tables.markdown(results(*rows, row("speed-html", speed.PARSE, ms=1.0, to_base=1.0)))
    assert "Better than dedupe: ms (median): resiliparse; times lxml's parse: resiliparse." in text
    assert "| resiliparse | **2.00** (0.22×) |" in text


def test_failures_and_absent_tools_are_told() -> None:
    failed = {"suite": "intra", "tool": "rensa", "error": "the process ended with -11"}
    text = tables.markdown(
        results(*PAIR, failed, row("sites", "dedupe", f1=1, gone=1, failures={"KeyError": 3}))
    )
    assert "- rensa, intra: the process ended with -11" in text
    assert "- dedupe, sites: failed on pages (KeyError 3)" in text
    assert "Not installed: rensa." in text


def test_suites_without_results_have_no_table() -> None:
    assert "##" not in tables.markdown(results())


def test_every_figure_of_a_table_is_one_that_its_suite_gives() -> None:
    assert {table.suite for table in tables.TABLES} == {*quality.SUITES, *bench.SPEED}


# ---------------------------------------------------------------- plots


def test_plots_are_well_formed_and_name_every_tool() -> None:
    rows = [row("article-twice", tool, perfect=share) for tool, share in (("dedupe", 1.0), ("a<b & c", 0.0))]
    rows += [row("speed-html", tool, ms=ms, to_base=ms) for tool, ms in (("dedupe", 12.0), ("a<b & c", 0.4))]
    pictures = plots.pictures(results(*rows))
    assert set(pictures) == {"inside", "speed-html", "quality-cost"}
    for picture in pictures.values():
        words = " ".join(lxml.etree.fromstring(picture.encode()).itertext())
        assert "dedupe" in words
        assert "a<b & c" in words


def test_nothing_to_plot_is_no_picture() -> None:
    assert plots.pictures(results()) == {}


# ---------------------------------------------------------------- running


def test_a_tool_that_raises_is_counted_and_its_page_is_empty() -> None:
    def fails(_: bytes) -> str:
        raise KeyError("page")

    guard = quality.Guard()
    assert guard(fails, b"") == ""
    assert guard(len, b"abc") == 3
    assert guard.failures == {"KeyError": 1}


def test_a_tool_without_end_is_stopped() -> None:
    def hangs(_: bytes) -> str:
        while True:
            try:
                while True:
                    pass
            except Exception:  # what a tool catches must not keep it alive
                continue

    guard = quality.Guard(seconds=1)
    assert guard(hangs, b"") == ""
    assert guard.failures == {"over 1 s": 1}


def test_a_tool_that_mostly_fails_has_no_speed() -> None:
    def fails(_: int) -> None:
        raise KeyError

    times = speed._clocked({"dedupe": str, "rensa": fails}, range(3))
    figures = speed._compared(times, "ms", "", [])
    assert figures["rensa"] == {"failures": {"KeyError": 3}}
    assert figures["dedupe"]["to_ours"] == 1


def test_a_process_that_ends_early_is_told_and_what_it_measured_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = 'import os; print(\'{"suite": "one", "tool": "rensa"}\', flush=True); os.abort()'
    finished = bench._finished
    monkeypatch.setattr(bench, "_finished", lambda _: finished([sys.executable, "-c", code]))
    run = bench.Run(Path("absent"), True, ("rensa",), ("one", "two", "three"))
    rows = list(bench._from_child(run, "rensa", ["one", "two", "three"]))
    assert rows[0] == {"suite": "one", "tool": "rensa"}
    assert rows[1:] == [{"suite": "two", "tool": "rensa", "error": "the process ended with -6"}]


def test_a_peer_that_is_absent_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> Any:
        raise ImportError("no module")

    monkeypatch.setitem(peers.CLEANERS, "absent", ("absent", absent))
    run = bench.Run(Path("absent"), True, ("absent",), ("article-twice",))
    assert bench._quality(run, "article-twice", "absent") == {"error": "not installed (no module)"}


def test_without_the_corpus_the_generated_suites_remain() -> None:
    run = bench.Run(Path("absent"), False, ("dedupe",), quality.SUITES)
    assert [suite for suite in quality.SUITES if bench._is_for(run, suite, "dedupe")] == [
        "article-twice",
        "across",
    ]


def test_new_rows_take_the_place_of_old_ones() -> None:
    old = [row("sites", "dedupe", f1=0.1), row("twice", "dedupe", f1=0.2)]
    new = [row("sites", "resiliparse", f1=0.5), row("sites", "dedupe", f1=0.3)]
    assert bench._merged(old, new) == [old[1], new[1], new[0]]


# ---------------------------------------------------------------- peers


def test_lines_of_a_fragment() -> None:
    markup = "<div><h1>One</h1><p>two <b>three</b> four<br>five</p>six<!-- no --></div>"
    assert peers.lines_of(markup).strip().split("\n") == ["One", "two three four", "five", "six"]


def test_dumps_reach_peers_as_paragraphs() -> None:
    assert b"<p>a &lt; b</p>\n<p>c</p>" in peers.as_markup("a < b\n\n  c\n")


def test_components() -> None:
    assert peers.joined_up(5, [(3, 1), (4, 3)]) == ["0", "1", "2", "1", "1"]


def test_shingles_take_a_chinese_character_for_a_word() -> None:
    assert peers.shingles("雨下了一天") == {"雨 下 了 一 天"}
    assert len(peers.shingles("It rained all day in the north")) == 3


def test_the_bench_group_names_the_peers() -> None:
    named = {
        requirement.partition(">")[0].partition("[")[0].lower() for requirement, _ in peers.requirements()
    }
    installed = {package.lower() for package in peers.distributions().values()}
    assert installed - named == {"news-dedupe", "datasketch", "text-dedup"}
