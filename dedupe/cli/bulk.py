"""The commands `dedupe bulk` and `dedupe restore`."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.console import print_error, print_text
from dedupe.cli.options import page_options, run_mode, run_options, usage_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.bulk.run import RunSummary
    from dedupe.sources.find import Plan

_INTERRUPTED = 130  # what a shell reports for a process that Ctrl-C ended


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SRC…")
@click.option("-o", "--output", "dest", required=True, metavar="DEST", help="The folder for all outputs.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help="Worker processes, by default one a core."
)
@run_options
@click.option(
    "--index",
    metavar="URL",
    help="Leave out copies of what earlier runs left in this index, too, and add this run to it: a file, "
    "redis://….",
)
@click.option(
    "--known",
    type=click.Choice(["drop", "keep"]),
    default="drop",
    show_default=True,
    help="Pages that the index has under their URL with the same text: leave out, or keep. Those with other "
    "text (updated) are kept.",
)
@click.option("--report", metavar="FILE.html", help="Write a page that shows what came in, stayed and went.")
@click.option("--dry-run", is_flag=True, help="List the sources and check DEST; write nothing.")
@page_options
def bulk(sources: tuple[str, ...], dest: str, **options: Any) -> None:
    """Clean all pages of SRC together and keep one copy of every article.

    SRC is a folder, a file, or a glob pattern in quotes: .html .htm .xhtml .txt .md pages, and
    .jsonl .ndjson .parquet .warc .wet files of many, also as .gz .bz2 .zst. Links in a folder that lead
    out of SRC are named and left out.

    \b
    DEST gets clean/<page>.txt             the cleaned pages, one copy of each article
             pages.jsonl removals.jsonl    what became of every page, and of every block
             errors.jsonl run.json         what failed and why; options, counts, times

    \b
    Examples:
      dedupe bulk crawl/ -o cleaned
      dedupe bulk crawl/ -o cleaned --report report.html --jobs 4
      dedupe bulk crawl/ -o cleaned --resume                  after an interruption
      dedupe bulk today/ -o cleaned --index seen.db           against all earlier crawls
      dedupe bulk news.jsonl.gz -o cleaned --html-field body --id-field key
      dedupe bulk articles.parquet -o cleaned --already-clean --duplicates keep
      dedupe restore cleaned news/page.html                   a page with all that was removed

    Exit codes: 0 done, 1 some pages failed (see errors.jsonl), 2 wrong use.
    """
    from dedupe.bulk.run import checked, run
    from dedupe.cli.settings import bulk_options

    mode = run_mode(options)
    with usage_errors():
        settings = bulk_options(options)
        if options["dry_run"]:
            plan, _ = checked(sources, dest, settings, mode=mode)
            _tell_plan(plan)
            return
        progress = _Progress() if sys.stderr is not None and sys.stderr.isatty() else None
        with _interruptible(dest):
            summary = run(list(sources), dest, settings, mode=mode, progress=progress)
    if progress:
        progress.clear()
    _tell(summary)
    if summary.failed:
        click.get_current_context().exit(1)


@click.command()
@click.argument("dest", type=click.Path(exists=True, file_okay=False))
@click.argument("page")
def restore(dest: str, page: str) -> None:
    """Print all that stood on PAGE, in page order: what was kept and what was removed.

    DEST is the folder of a finished `dedupe bulk`, PAGE a "path" in its pages.jsonl.

    \b
    Examples:
      dedupe restore cleaned news/page.html
      dedupe restore cleaned 'news.jsonl#1234'
    """
    from dedupe.bulk.restore import restored

    print_text("\n\n".join(restored(dest, page)) + "\n")


@contextmanager
def _interruptible(dest: str) -> Iterator[None]:
    """Ctrl-C and a polite kill end the run with word of how to go on."""

    def stop(number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        print_error(f"interrupted; to go on, run the same command with --resume ({dest} keeps what is done)")
        raise click.exceptions.Exit(_INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_plan(plan: Plan) -> None:
    """What a run would read."""
    lines = (f"{file.name}\t{file.kind}\t{file.problem or f'{file.size} bytes'}" for file in plan.files)
    print_text("".join(f"{line}\n" for line in lines))
    _tell_outside(plan.outside)
    size = sum(file.size for file in plan.files)
    skipped = f"; {plan.skipped:,} files of other kinds left out" if plan.skipped else ""
    print_error(f"{len(plan.files):,} sources, {size:,} bytes{skipped}; nothing was written")


def _tell_outside(names: Sequence[str]) -> None:
    for name in names:
        print_error(f"{name}: left out: it is a link out of the sources (--follow-links reads such links)")


def _tell(summary: RunSummary) -> None:
    """Every page that failed, with its reason, and the totals."""
    with open(os.path.join(summary.dest, "errors.jsonl"), encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            print_error(f"{row['path']}: {row['reason']}")
    _tell_outside(summary.outside)
    pages = sum(summary.pages.values())
    parts = ", ".join(f"{count:,} {status}" for status, count in sorted(summary.pages.items()))
    seen = "".join(f"; {count:,} {kind}" for kind, count in sorted(summary.seen.items()))
    print_error(f"{pages:,} pages: {parts}{seen and f' (of all in the index{seen})'}; see {summary.dest}")


class _Progress:
    """One line on the terminal, renewed a few times a second."""

    def __init__(self) -> None:
        self._stage = ""
        self._start = self._shown = time.monotonic()
        self._before = 0

    def __call__(self, stage: str, done: int, total: int | None, pages: int, failed: int) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._start, self._before = stage, now, pages
        if now - self._shown < 0.2:
            return
        self._shown = now
        elapsed = max(now - self._start, 1e-3)
        parts = [f"{stage}: {pages:,} pages"]
        if done:
            parts.append(f"{(pages - self._before) / elapsed:,.0f}/s")
        if total and done:
            parts.append(f"{done / total:.0%}, {_duration(elapsed * (total - done) / done)} left")
        if failed:
            parts.append(f"{failed:,} failed")
        click.echo(f"\r\x1b[K{', '.join(parts)}", nl=False, err=True)

    def clear(self) -> None:
        click.echo("\r\x1b[K", nl=False, err=True)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
