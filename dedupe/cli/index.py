"""The commands `dedupe index stats|query|add|verify|forget|expire`."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dedupe.cli.console import print_error, print_text
from dedupe.errors import OptionsError
from dedupe.output.safe import printable
from dedupe.sources.find import find

if TYPE_CHECKING:
    from dedupe.cleaning.files import Outcome
    from dedupe.index.index import Index
    from dedupe.index.lookup import SeenResult

_Command = TypeVar("_Command", bound=Callable[..., Any])

_LOT = 200  # pages added in one transaction
_AGE = re.compile(r"(\d+)\s*([dhw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


@click.group()
def index() -> None:
    """Ask, fill and tend a scraper's memory of the articles that it has seen.

    INDEX is a file (seen.db), or redis://host:port/db?name=NAME.

    \b
    Examples:
      dedupe index add seen.db crawl/            remember all pages of a folder
      dedupe index query seen.db page.html       has this article been seen?
      dedupe index stats seen.db
      dedupe index verify seen.db                is the index whole?
      dedupe index forget seen.db crawl/a.html
      dedupe index expire seen.db --older-than 90d

    Exit codes: 0 done, 1 a page failed or the index is not whole, 2 wrong use.
    """


_PLACE = click.argument("place", metavar="INDEX")


def _page_arguments(command: _Command) -> _Command:
    options = (
        _PLACE,
        click.argument("sources", nargs=-1, required=True, metavar="SRC…"),
        click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N"),
        click.option("--key", metavar="KEY", help="The key of a single page, by default its URL or path."),
        click.option("--site", metavar="NAME", help="The site of the pages, by default their URL's host."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@index.command()
@_page_arguments
def add(place: str, **options: Any) -> None:
    """Clean the pages of SRC and remember them; tell of each what was known of it before.

    SRC is a page, a folder of pages, or a glob pattern in quotes; files of many records go through
    `dedupe bulk --index`. A line of JSON a page: its "path" and "own_key" (the URL that it names, else its
    whole path; URL#… if the index has another page under that URL), "status" (known: this key with this
    text; updated: this key with other text; else new, exact, near, contains or contained), the "key" of the
    page it is like, its "relation" to that, "similarity" and "containment", and whether its own key was
    "known" or its text "changed".
    """
    _seen(place, options, add=True)


@index.command()
@_page_arguments
def query(place: str, **options: Any) -> None:
    """Tell what is known of the pages of SRC; as `add`, but nothing is remembered."""
    _seen(place, options, add=False)


@index.command()
@_PLACE
def stats(place: str) -> None:
    """Print how much INDEX holds, as JSON."""
    with _opened(place, read_only=True) as found:
        print_text(json.dumps(found.stats().to_dict(), ensure_ascii=False, indent=2) + "\n")


@index.command()
@_PLACE
def verify(place: str) -> None:
    """Read all of INDEX and check that it is whole; each problem is a line."""
    with _opened(place, read_only=True) as found:
        checked = found.verify()
    for problem in checked.problems:
        print_error(f"{place}: {problem}")
    if not checked.ok:
        click.get_current_context().exit(1)
    print_text(f"ok, {checked.pages} pages\n")


@index.command()
@_PLACE
@click.argument("keys", nargs=-1, required=True, metavar="KEY…")
def forget(place: str, keys: tuple[str, ...]) -> None:
    """Remove the pages with these keys; files may be named by their paths from here."""
    with _opened(place) as found:
        missing = [key for key in keys if not (found.forget(key) or found.forget(os.path.abspath(key)))]
    for key in missing:
        print_error(f"{key}: there is no such key in {place}")
    print_text(f"{len(keys) - len(missing)} forgotten\n")
    if missing:
        click.get_current_context().exit(1)


@index.command()
@_PLACE
@click.option("--before", type=click.DateTime(), metavar="DATE", help="2026-01-31, or with a time.")
@click.option("--older-than", metavar="AGE", help="90d (days), 36h (hours) or 8w (weeks).")
def expire(place: str, before: datetime | None, older_than: str | None) -> None:
    """Remove the pages that were last added before a date, or longer ago than an age."""
    if (before is None) == (older_than is None):
        raise click.UsageError("give either --before or --older-than")
    moment = before if before is not None else _age(str(older_than))
    with _opened(place) as found:
        print_text(f"{found.expire(moment)} expired\n")


def _age(text: str) -> timedelta:
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise click.UsageError(f"--older-than: {text!r} is no age; give 90d, 36h or 8w")
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])


# ---------------------------------------------------------------- pages


def _seen(place: str, options: dict[str, Any], add: bool) -> None:
    """Clean pages and put them to the index, a line a page."""
    from dedupe.cleaning.files import clean_files

    paths = _paths(options["sources"])
    if options["key"] is not None and len(paths) > 1:
        raise click.UsageError(f"--key is for a single page; these are {len(paths)}")
    failed = 0
    given: set[str] = set()
    with _opened(place, create=add, read_only=not add) as found:
        outcomes = clean_files(paths, options["jobs"])
        while lot := list(islice(outcomes, _LOT)):
            failed += sum(_failed(outcome) for outcome in lot)
            done = [outcome for outcome in lot if outcome.result is not None]
            keys = _keys(done, options["key"], given)
            for outcome, key, seen in zip(done, keys, _put(found, done, keys, options, add), strict=True):
                row = {"path": outcome.path, **seen.to_dict(), "own_key": seen.own_key or key}
                print_text(json.dumps(row, ensure_ascii=False) + "\n")
    if failed:
        click.get_current_context().exit(1)


def _keys(outcomes: Sequence[Outcome], key: str | None, given: set[str]) -> Sequence[str]:
    """The keys of pages: as `dedupe bulk --index` knows them, or the one that was named; `given` holds those
    that earlier lots have got."""
    from dedupe.bulk.seen_before import index_keys

    if key is not None:
        return [key] * len(outcomes)
    urls = [outcome.result.url if outcome.result else None for outcome in outcomes]
    return index_keys([outcome.path for outcome in outcomes], urls, "", given)


def _put(
    found: Index, outcomes: Sequence[Outcome], keys: Sequence[str], options: dict[str, Any], add: bool
) -> Iterable[SeenResult]:
    pages = [
        (outcome.result, None if outcome.result.url_is_claimed and key == outcome.result.url else key)
        for outcome, key in zip(outcomes, keys, strict=True)
        if outcome.result
    ]
    if options["key"] is not None:  # which the user says, whatever the page does
        pages = [(result, options["key"]) for result, _ in pages]
    return (found.add_many if add else found.query_many)(pages, site=options["site"])


def _failed(outcome: Outcome) -> bool:
    if outcome.error is not None:
        print_error(str(outcome.error))
    return outcome.error is not None


def _paths(sources: tuple[str, ...]) -> list[str]:
    """The pages under the sources; a plain file is taken as it is."""
    found: list[str] = []
    for source in sources:
        if os.path.isfile(source):
            found.append(source)
            continue
        try:
            plan = find([source])
        except OptionsError as error:
            raise click.UsageError(printable(str(error)), click.get_current_context()) from error
        found += [plan.place(file) for file in plan.files if file.kind == "page"]
        for name in plan.outside:
            print_error(f"{name}: left out: it is a link out of {source}; name it to have it read")
    return found


@contextmanager
def _opened(place: str, *, create: bool = False, read_only: bool = False) -> Iterator[Index]:
    from dedupe.index.index import open_index

    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print_error(f"warning: {message}")
        with open_index(place, create=create, read_only=read_only) as found:
            yield found
