"""Markdown tables from the raw results of a run.

    python benchmarks/tables.py benchmarks/results/results.json

A peer's cell holds its figure and, in brackets, its ratio to this project's. The best of a column is bold,
and below each table stands where a peer is better.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS = "dedupe"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of a suite: its heading, whether less is better, how it is written."""

    heading: str
    figure: str
    less: bool = False
    form: str = ".3f"


@dataclass(frozen=True, slots=True)
class Table:
    """What is shown of a suite; `parts` names a table of figures (kinds, sets …) whose columns follow."""

    suite: str
    title: str
    columns: tuple[Column, ...]
    note: str = ""
    parts: str = ""
    own: str = OURS


SHARE = ".1%"
TABLES = (
    Table(
        "article-twice",
        "Repeats inside pages (article-twice, generated, seven languages, 25 kinds)",
        (
            Column("pages perfect", "perfect", form=SHARE),
            Column("doubled", "doubled", True, SHARE),
            Column("lost", "lost", True, SHARE),
            Column("text lost", "lost_share", True, ".2%"),
            Column("removal P", "precision"),
            Column("removal R", "recall"),
            Column("chrome left", "chrome", True, SHARE),
            Column("provenance", "provenance", form=SHARE),
        ),
        "perfect: everything once, in order, nothing cut; doubled, lost: pages; provenance: removed copies "
        "for which the kept text was named rightly (– : the tool names nothing).",
    ),
    Table("article-twice", "The same by kind: pages perfect", (), parts="kinds"),
    Table("article-twice", "The same by language: pages perfect", (), parts="languages"),
    Table(
        "twice",
        "Real pages that hold long text twice: pages neither doubled nor lost",
        (
            Column("article mostly twice", "body_clean", form="d"),
            Column("… of", "body_main", form="d"),
            Column("three paragraphs twice", "core_clean", form="d"),
            Column("… of", "core_main", form="d"),
            Column("short articles", "short_clean", form="d"),
            Column("… of", "short_main", form="d"),
            Column("dumps", "dumps_clean", form="d"),
            Column("… of", "dumps_main", form="d"),
            Column("single paragraphs kept", "single", form=SHARE),
        ),
    ),
    Table(
        "extraction",
        "The article's body on eight sets of pages (F1 over 4-grams, mean of the sets)",
        (
            Column("F1", "f1"),
            Column("P", "p"),
            Column("R", "r"),
            Column("mean page F1", "page_f1"),
        ),
        "This project's model is trained on these very pages: its figures here are what it knows.",
    ),
    Table("extraction", "The same by set: F1", (), parts="sets"),
    Table(
        "dumps",
        "The article's body in plain-text dumps (mean F1 of the sets)",
        (
            Column("article once", "f1_once"),
            Column("article twice", "f1_twice"),
            Column("once: right", "right_once", form=SHARE),
            Column("twice: right", "right_twice", form=SHARE),
        ),
        "Peers that take HTML alone get a page with a paragraph for each line. right: no long paragraph "
        "doubled or lost.",
    ),
    Table(
        "intra",
        "Repeats inside pages (generated from real articles)",
        (
            Column("pages perfect", "perfect", form=SHARE),
            Column("removal P", "precision"),
            Column("removal R", "recall"),
            Column("text kept", "kept", form=".2%"),
        ),
    ),
    Table(
        "sites",
        "Whole sites, page by page",
        (Column("F1", "f1"), Column("the site's own lines gone", "gone", form=SHARE)),
    ),
    Table(
        "sites-together",
        "Whole sites through `dedupe bulk`",
        (Column("F1", "f1"), Column("the site's own lines gone", "gone", form=SHARE)),
    ),
    Table(
        "across",
        "Repeats across pages (article-twice, generated)",
        (
            Column("F1", "f1"),
            Column("P", "precision"),
            Column("R", "recall"),
            Column("stories lost", "lost", True, "d"),
            Column("copies left", "left", True, "d"),
        ),
        "lost, left: what keeping the first page of each cluster would lose and leave.",
    ),
    Table("across", "The same: copies found, by kind", (), parts="found"),
    Table("across", "The same: pages wrongly merged, by kind (less is better)", (), parts="merged"),
    Table(
        "cross",
        "Near-duplicates among 2,500 texts (generated from real articles)",
        (
            Column("F1", "f1"),
            Column("P", "precision"),
            Column("R", "recall"),
            Column("stories lost", "stories_lost", True, "d"),
            Column("copies left", "copies_left", True, "d"),
        ),
    ),
    Table("cross", "The same: copies found, by kind", (), parts="found"),
    Table(
        "crosspage",
        "Saved pages that repeat each other (all on the bodies that dedupe extracts)",
        (
            Column("F1", "f1"),
            Column("P", "precision"),
            Column("R", "recall"),
            Column("strangers linked", "strangers", True, "d"),
        ),
    ),
    Table(
        "crosspage-bulk",
        "The same pages through `dedupe bulk`, from HTML to clusters",
        (
            Column("F1", "f1"),
            Column("P", "precision"),
            Column("R", "recall"),
            Column("strangers linked", "strangers", True, "d"),
        ),
    ),
    Table(
        "speed-html",
        "Speed: an HTML page from bytes to text (processor time)",
        (
            Column("ms (median)", "ms", True, ".2f"),
            Column("ms (90 %)", "ms_90", True, ".2f"),
            Column("times lxml's parse", "to_base", True, ".2f"),
            Column("times dedupe", "to_ours", True, ".2f"),
            Column("MB/s", "megabytes_a_second", form=".1f"),
        ),
        "Ratios are medians of the ratios page by page.",
    ),
    Table(
        "speed-text",
        "Speed: a plain-text dump (processor time)",
        (
            Column("ms (median)", "ms", True, ".2f"),
            Column("times dedupe", "to_ours", True, ".2f"),
            Column("MB/s", "megabytes_a_second", form=".1f"),
        ),
    ),
    Table(
        "speed-across",
        "Speed: from texts to clusters (processor time)",
        (
            Column("documents/s", "documents_a_second", form="d"),
            Column("MB/s", "megabytes_a_second", form=".1f"),
            Column("times dedupe", "to_ours", True, ".2f"),
        ),
        "text-dedup is a command: its start is counted.",
    ),
    Table(
        "speed-start",
        "Speed: a command from start to end on one small page (processor time)",
        (
            Column("ms (median)", "ms", True, ".0f"),
            Column("times `import click, lxml`", "to_base", True, ".2f"),
            Column("times dedupe", "to_ours", True, ".2f"),
        ),
        own="dedupe clean",
    ),
    Table(
        "speed-bulk",
        "Speed: `dedupe bulk` on JSONL of texts, from start to end (processor time)",
        (
            Column("documents/s", "documents_a_second", form="d"),
            Column("MB/s", "megabytes_a_second", form=".1f"),
        ),
        own="already clean",
    ),
)
#: Sizes, not figures of merit: no ratio, no best.
PLAIN = frozenset({"body_main", "core_main", "short_main", "dumps_main", "to_ours"})


def markdown(results: Mapping[str, Any]) -> str:
    """All tables of a run."""
    shown = (_table(table, results["rows"]) for table in TABLES)
    parts = [_head(results), *(part for part in shown if part), _failures(results["rows"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(results: Mapping[str, Any]) -> str:
    run, versions = results["run"], results["versions"]
    size = run.get("note") or ("A quick run: samples of the pages." if run["quick"] else "A full run.")
    corpus = "" if run["corpus"] else " Without the development corpus: generated pages alone."
    here = ", ".join(f"{name} {number}" for name, number in versions.items() if number)
    absent = ", ".join(name for name, number in versions.items() if not number)
    lines = [
        "# Benchmarks",
        "",
        f"{size}{corpus} Python {run['python']}, {run['machine']}; one thread.",
        here + ".",
    ]
    return "\n".join([*lines, f"Not installed: {absent}."] if absent else lines)


def _table(table: Table, rows: Sequence[Row]) -> str:
    measured = {
        row["tool"]: row["figures"] for row in rows if row["suite"] == table.suite and "figures" in row
    }
    if table.parts:
        measured = {tool: figures.get(table.parts, {}) for tool, figures in measured.items()}
    if not any(measured.values()):
        return ""
    columns = table.columns or _columns(measured, table.parts)
    lines = [f"## {table.title}", "", *_lines(measured, columns, table)]
    better = list(_better(measured, columns, table))
    if table.note:
        lines += ["", table.note]
    if better:
        lines += ["", f"Better than {table.own}: " + "; ".join(better) + "."]
    return "\n".join(lines)


def _columns(measured: Mapping[str, Row], parts: str) -> tuple[Column, ...]:
    names = dict.fromkeys(name for figures in measured.values() for name in figures)
    form = ".3f" if parts == "sets" else ".0%"
    return tuple(Column(name, name, parts == "merged", form) for name in names)


def _lines(measured: Mapping[str, Row], columns: Sequence[Column], table: Table) -> Iterator[str]:
    """Tools down; kinds down where there are many of them."""
    if table.parts and len(columns) > len(measured):
        yield from _rows([table.parts.rstrip("s"), *measured])
        for column in columns:
            yield _line([column.heading, *(_cell(measured, tool, column, table.own) for tool in measured)])
        return
    yield from _rows(["", *(column.heading for column in columns)])
    for tool in measured:
        yield _line([tool, *(_cell(measured, tool, column, table.own) for column in columns)])


def _rows(headings: Sequence[str]) -> Iterator[str]:
    yield _line(headings)
    yield _line(["---", *["---:"] * (len(headings) - 1)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(measured: Mapping[str, Row], tool: str, column: Column, own: str) -> str:
    value, ours = measured[tool].get(column.figure), measured.get(own, {}).get(column.figure)
    if value is None:
        return "–"
    text = f"{value:{column.form}}"
    if column.figure in PLAIN:
        return text
    if tool not in BASES and value == _best(measured, column):
        text = f"**{text}**"
    return text if tool == own or not ours else f"{text} ({value / ours:.2f}×)"


def _best(measured: Mapping[str, Row], column: Column) -> Any:
    """The best figure of a column, None where all are equal."""
    tools = [row for tool, row in measured.items() if tool not in BASES]
    known = [row[column.figure] for row in tools if row.get(column.figure) is not None]
    return (min if column.less else max)(known) if len(set(known)) > 1 else None


def _better(measured: Mapping[str, Row], columns: Sequence[Column], table: Table) -> Iterator[str]:
    """In words, the figures in which a peer is ahead of this project."""
    for column in (column for column in columns if column.figure not in PLAIN):
        ours = measured.get(table.own, {}).get(column.figure)
        if ours is None:
            continue
        ahead = [
            tool
            for tool, row in measured.items()
            if (value := row.get(column.figure)) is not None
            and tool not in BASES
            and (value < ours if column.less else value > ours)
        ]
        if ahead:
            yield f"{column.heading}: {', '.join(ahead)}"


#: What is timed beside the tools and is none.
BASES = frozenset({"lxml parse", "python", "import click, lxml", "text"})


def _failures(rows: Sequence[Row]) -> str:
    """What could not be measured, and pages on which a tool failed."""
    lines = [f"- {row['tool']}, {row['suite']}: {row['error']}" for row in rows if "error" in row]
    for row in rows:
        if failed := row.get("figures", {}).get("failures"):
            told = ", ".join(f"{name} {count}" for name, count in failed.items())
            lines.append(f"- {row['tool']}, {row['suite']}: failed on pages ({told})")
    return "\n".join(["## Not measured, or failed", "", *lines]) if lines else ""


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
