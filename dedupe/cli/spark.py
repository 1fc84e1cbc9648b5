"""The command `dedupe spark`: the bulk job on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.console import print_error
from dedupe.cli.options import page_options, run_mode, run_options, usage_errors
from dedupe.errors import DedupeError

if TYPE_CHECKING:
    from dedupe.contrib.spark.job import Summary


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SRC…")
@click.option("-o", "--output", "dest", required=True, metavar="DEST", help="The folder for all outputs.")
@click.option("--master", metavar="URL", help="The cluster: spark://HOST:PORT, yarn, k8s://…, local[4].")
@click.option("--conf", multiple=True, metavar="KEY=VALUE", help="A setting of the session. May be repeated.")
@click.option("--partitions", type=click.IntRange(1), metavar="N", help="Partitions of input and output.")
@click.option(
    "--component",
    type=click.IntRange(2),
    default=10_000,
    show_default=True,
    help="Articles that are compared as one component at most.",
)
@run_options
@page_options
def spark(
    sources: tuple[str, ...], dest: str, master: str | None, conf: tuple[str, ...], **options: Any
) -> None:
    """Clean all pages of SRC together on a Spark cluster, as `dedupe bulk` does on one machine.

    SRC and DEST stand where every worker finds them under the same name. Needs the extra: pip install
    'news-dedupe[spark]', and Java 17 or newer.

    \b
    DEST gets clean/part-*    the cleaned records, one copy of each article
             pages/ removals/ errors/  what became of every page and block; what failed
             manifest.json    all files, counts, times, components that were too large

    \b
    Examples:
      dedupe spark /shared/crawl -o /shared/cleaned --master spark://head:7077
      dedupe spark news.jsonl -o cleaned --master 'local[4]' --conf spark.driver.memory=4g
      dedupe spark /shared/crawl -o /shared/cleaned --master yarn --resume

    Exit codes: 0 done, 1 some pages failed (see errors/), 2 wrong use.
    """
    summary = _run(sources, dest, (master, _pairs(conf)), options, run_mode(options))
    pages = ", ".join(f"{count:,} {status}" for status, count in sorted(summary.pages.items()))
    print_error(f"{sum(summary.pages.values()):,} pages: {pages}; see {dest}")
    if summary.giants:
        print_error(f"{summary.giants} components were too large and compared in pieces (--component)")
    if summary.heavy:
        print_error(f"{summary.heavy} keys stand in very many articles, which were paired with a few each")
    if summary.failed:
        click.get_current_context().exit(1)


def _run(
    sources: tuple[str, ...],
    dest: str,
    cluster: tuple[str | None, dict[str, str]],
    options: dict[str, Any],
    mode: str,
) -> Summary:
    try:
        from dedupe.contrib.spark import job as engine
    except ImportError as error:
        raise DedupeError(str(error)) from error
    from dedupe.cli.settings import bulk_options

    tuning = engine.Tuning(partitions=options["partitions"], component=options["component"])
    with usage_errors():
        settings = bulk_options({**options, "jobs": 1})
        session = engine.session(*cluster)
        try:
            return engine.run(session, sources, dest, settings, tuning, mode)
        finally:
            session.stop()


def _pairs(settings: tuple[str, ...]) -> dict[str, str]:
    if wrong := [item for item in settings if "=" not in item]:
        raise click.UsageError(f"--conf takes KEY=VALUE, not {wrong[0]!r}")
    return dict(item.split("=", 1) for item in settings)
