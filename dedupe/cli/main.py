"""The `dedupe` command: reads its options, calls the library, prints. Only this module prints or exits."""

from __future__ import annotations

import gc
import os
import shlex
import shutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

import dedupe
from dedupe.addresses import is_address
from dedupe.cli.console import print_error, print_text
from dedupe.cli.options import CLEANING, Command, given
from dedupe.errors import DedupeError, InputError, OptionsError
from dedupe.output.atomic import write_atomic
from dedupe.output.render import FORMATS, render

if TYPE_CHECKING:
    from dedupe.result import CleanResult


# commands in modules that are only read when used
_LATER = {"bulk": "bulk", "index": "index", "restore": "bulk", "spark": "spark"}
_INTERRUPTED = 130  # what a shell reports for a process that Ctrl-C ended
_BROKEN_PIPE = 141  # and for one whose reader went away


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command with `args` (by default the process's own) and exit with its code."""
    settings = {"debug": False}
    # before numpy is read: the threads of its BLAS take longer to start than a page to clean
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        code = cli.main(args, prog_name="dedupe", standalone_mode=False, obj=settings)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except DedupeError as error:
        code = _report(error, f"error: {error}", settings["debug"])
    except Exception as error:
        hint = "" if settings["debug"] else "; run again with `dedupe --debug …` to see where"
        code = _report(error, f"internal error: {type(error).__name__}: {error}{hint}", settings["debug"])
    sys.exit(code)


class _Commands(click.Group):
    """A group that ends quietly when the reader of its output goes away (`dedupe … | head`)."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _quiet_broken_pipe():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _quiet_broken_pipe():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_LATER})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _LATER:
            command: click.Command = getattr(import_module(f".{_LATER[cmd_name]}", __package__), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96})
@click.option("--debug", is_flag=True, help="Show the full traceback of an error.")
@click.version_option(package_name="news-dedupe", message="dedupe (news-dedupe) %(version)s")
@click.pass_obj
def cli(settings: dict[str, bool], debug: bool) -> None:
    """One clean copy of every scraped news page: without page chrome, without repeats.

    \b
    Examples:
      dedupe clean page.html                  the article of a saved page, as text
      curl -s https://… | dedupe clean        … of a page from elsewhere
      dedupe explain page.html                what was kept and removed, and why
      dedupe explain page.html --html why.html

    Data goes to standard output, warnings and errors to standard error.
    Exit codes: 0 done, 1 a page failed, 2 wrong use.
    """
    settings["debug"] = debug


def page_options(command: Command) -> Command:
    """Give a command the page's FILE and the options that say how to clean it."""
    return given(
        command,
        (
            click.argument("file", default="-", type=click.Path(allow_dash=True), metavar="[FILE|-]"),
            click.option(
                "--url", metavar="URL", help="The page's address: helps to tell the site's own parts."
            ),
            *CLEANING,
        ),
    )


@cli.command()
@page_options
@click.option(
    "-o",
    "--output",
    type=click.Path(allow_dash=True),
    metavar="FILE",
    help="Write there, whole or not at all.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--body-only", is_flag=True, help="Leave out headline, deck, byline, dateline and notices.")
def clean(file: str, output: str | None, form: str, body_only: bool, **options: Any) -> None:
    """Print the one clean copy of the article on a page.

    FILE is an HTML page or a text dump of one; without FILE, or with -, it is read from
    standard input.

    \b
    Examples:
      dedupe clean page.html
      dedupe clean page.html --format markdown -o article.md
      dedupe clean dump.txt --input text --body-only
      dedupe clean page.html --keep comments --drop byline
      curl -s https://… | dedupe clean --url https://… --format json

    \b
    Reasons: navigation download-prompt comments related share advert subscription consent
             tags metadata empty-widget template boilerplate repeat duplicate
    Roles:   headline deck byline dateline paragraph heading list-item quote caption table
             preformatted notice
    """
    result = _cleaned(file, options)
    if result.removals and not result.blocks:
        _warn(file, "nothing was kept; `dedupe explain` shows why")
    _put(render(result, form, body_only), output, file)


@cli.command()
@page_options
@click.option(
    "--html", "page", type=click.Path(allow_dash=True), metavar="FILE", help="Write it as a web page instead."
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours; auto means on a terminal, unless NO_COLOR is set.",
)
def explain(file: str, page: str | None, color: str, **options: Any) -> None:
    """Show every block of a page with its verdict, reason, rule, score and twin.

    A line a block, in page order: + is kept, - is removed. "= #12" names the kept block that says
    the same. On a terminal the texts are cut to its width; elsewhere they are whole.

    \b
    Examples:
      dedupe explain page.html
      dedupe explain page.html --color always | less -R
      dedupe explain page.html | grep '^-'         only what was removed
      dedupe explain page.html --html why.html     as a page for the browser
    """
    from dedupe.report.explain import explain_html, explain_text

    result = _cleaned(file, options)
    if page is None:
        width = _terminal_width()
        _put(explain_text(result, _wants_color(color), width), None, file, safe=True)
    else:
        _put(explain_html(result, _name(file)), page, file)


def _cleaned(file: str, options: dict[str, Any]) -> CleanResult:
    """The cleaned page; its warnings go to standard error."""
    with _collector_off():
        return _clean(file, options)


@contextmanager
def _collector_off() -> Iterator[None]:
    """Look for no garbage while one page is cleaned: there is hardly any, and looking takes a sixth of all
    the time from start to end, as so much has been read that stays."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # what is there now is not looked through again
        if was_on:
            gc.enable()


def _clean(file: str, options: dict[str, Any]) -> CleanResult:

    names = ("input", "keep", "drop", "lexicons")
    try:
        cleaner = dedupe.Cleaner(dedupe.Options(**{name: options[name] for name in names}))
    except OptionsError as error:
        raise click.UsageError(str(error), click.get_current_context()) from error
    _check_not_waiting()
    data = _read(file)
    try:
        result: CleanResult = cleaner.clean(data, url=options["url"], encoding=options["encoding"])
    except InputError as error:
        if error.source:
            raise
        raise InputError(str(error), source=_name(file)) from error
    for warning in result.warnings:
        _warn(file, warning)
    return result


def _check_not_waiting() -> None:
    ctx = click.get_current_context()
    is_default = ctx.get_parameter_source("file") is ParameterSource.DEFAULT
    if is_default and sys.stdin is not None and sys.stdin.isatty():
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)


def _read(path: str) -> bytes:
    """The bytes of the page at `path`, or of standard input for "-"."""
    from dedupe.cleaning.source import file_bytes

    if path == "-" and sys.stdin is None:
        raise InputError("is closed; name a file", source=_name(path))
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        found = file_bytes(Path(path))
        for warning in found.warnings:
            _warn(path, warning)
        return found.data
    except InputError as error:
        raise InputError(str(error), source=path) from error
    except FileNotFoundError as error:
        raise InputError(
            _how_to_fetch(path) or "there is no such file; check the name", source=path
        ) from error
    except IsADirectoryError as error:
        raise InputError("is a folder; name a file in it", source=_name(path)) from error
    except PermissionError as error:
        raise InputError("no permission to read; change its permissions", source=path) from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}); check the file", source=_name(path)) from error


def _how_to_fetch(path: str) -> str | None:
    """What to do about an address in place of a file; None for a path."""
    if not is_address(path):
        return None
    command = click.get_current_context().info_name
    address = shlex.quote(path)
    return (
        "is an address, and pages are not fetched here; fetch it first: "
        f"curl -sL {address} | dedupe {command} --url {address}"
    )


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def _warn(file: str, warning: str) -> None:
    print_error(f"{_name(file)}: warning: {warning}")


def _report(error: BaseException, text: str, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    print_error(text)
    return 1


def _put(text: str, output: str | None, file: str, safe: bool = False) -> None:
    """Write `text` to the file `output` or to standard output; never over the input `file`.

    A terminal gets it without control characters, unless it is `safe` already.
    """
    if output not in (None, "-"):
        source = sys.stdin.fileno() if file == "-" else file
        write_atomic(output, text, inputs=[source])
        return
    print_text(text, safe, "name a file with -o")


@contextmanager
def _quiet_broken_pipe() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # else the interpreter tries once more at its end, and complains
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(_BROKEN_PIPE) from None


def _wants_color(choice: str) -> bool:
    if choice != "auto":
        return choice == "always"
    dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("NO_COLOR"))
    return sys.stdout is not None and sys.stdout.isatty() and not dumb


def _terminal_width() -> int | None:
    if sys.stdout is None or not sys.stdout.isatty():
        return None

    return shutil.get_terminal_size().columns
