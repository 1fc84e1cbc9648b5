"""Options that several commands share, and what they mean."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dedupe.errors import OptionsError
from dedupe.output.render import FORMATS
from dedupe.output.safe import printable
from dedupe.types import REASONS, ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


Command = TypeVar("Command", bound="Callable[..., Any]")

#: How a page is read and cleaned, of every command that cleans.
CLEANING = (
    click.option(
        "--input",
        type=click.Choice(["auto", "html", "text"]),
        default="auto",
        show_default=True,
        help="What a page is: HTML, or text dumped from it.",
    ),
    click.option("--encoding", metavar="NAME", help="A page's charset, where it is known (gb18030)."),
    click.option(
        "--keep",
        multiple=True,
        type=click.Choice([*REASONS, *ROLES]),
        metavar="NAME",
        help="Keep blocks that would go for this reason (comments) or have this role. May be repeated.",
    ),
    click.option(
        "--drop",
        multiple=True,
        type=click.Choice([*REASONS, *ROLES]),
        metavar="NAME",
        help="Leave out blocks of this role (byline) or for this reason. May be repeated.",
    ),
    click.option(
        "--lexicons",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="A folder of further lexicon files (*.toml), beside the shipped ones.",
    ),
)
_RUN = (
    click.option("--resume", is_flag=True, help="Go on with a run that was interrupted."),
    click.option("--overwrite", is_flag=True, help="Replace what an earlier run left in DEST."),
    click.option(
        "--duplicates",
        type=click.Choice(["drop", "keep", "link"]),
        default="drop",
        show_default=True,
        help="Copies of an article: leave out, keep and only say so, or link to the one that is kept.",
    ),
    click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True),
    click.option("--body-only", is_flag=True, help="Leave out headline, deck, byline, dateline and notices."),
    click.option("--already-clean", is_flag=True, help="The pages are articles and nothing else."),
)
_PAGE = (
    click.option("--follow-links", is_flag=True, help="Read what links out of SRC lead to, too."),
    click.option(
        "--text-field", default="text", show_default=True, metavar="NAME", help="Records: page as text."
    ),
    click.option(
        "--html-field", default="html", show_default=True, metavar="NAME", help="Records: page as HTML."
    ),
    click.option(
        "--url-field", default="url", show_default=True, metavar="NAME", help="Records: its address."
    ),
    click.option("--id-field", default="id", show_default=True, metavar="NAME", help="Records: its id."),
    click.option(
        "--site-field", default="site", show_default=True, metavar="NAME", help="Records: its site."
    ),
    *CLEANING,
    click.option("--max-seconds", type=float, default=60.0, show_default=True, help="Time limit of a page."),
    click.option(
        "--max-memory",
        type=int,
        default=2048,
        show_default=True,
        help="MiB limit of a page; 0: none.",
    ),
    click.option(
        "--max-page", type=click.IntRange(1), default=64, show_default=True, help="MiB of a page at most."
    ),
)


def given(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    """A command with these options, in their order."""
    for option in reversed(options):
        command = option(command)
    return command


def run_options(command: Command) -> Command:
    """What becomes of an earlier run's outputs, of copies, and what is written."""
    return given(command, _RUN)


def page_options(command: Command) -> Command:
    """Where pages are found, how they are read, what is kept of them, and what one may cost."""
    return given(command, _PAGE)


def run_mode(options: Mapping[str, Any]) -> str:
    """What to do with a folder that an earlier run wrote to, by the options of a command.

    Raises:
        click.UsageError: they say two things.
    """
    if options["resume"] and options["overwrite"]:
        raise click.UsageError("--resume goes on, --overwrite starts anew: choose one")
    return "resume" if options["resume"] else "overwrite" if options["overwrite"] else "new"


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn options that will not do into wrong use of the command."""
    try:
        yield
    except OptionsError as error:
        raise click.UsageError(printable(str(error)), click.get_current_context()) from error
