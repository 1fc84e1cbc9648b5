"""What the commands say: data on standard output, everything else on standard error."""

from __future__ import annotations

import sys

import click

from dedupe.errors import OutputError
from dedupe.output.safe import encode, printable


def print_error(text: str) -> None:
    """Say something on standard error, on one line and without control characters."""
    click.echo(" ".join(printable(f"dedupe: {text}").split()), err=True)


def print_text(text: str, safe: bool = False, remedy: str = "send it to a file") -> None:
    """Write data to standard output in UTF-8; a terminal gets no control characters, unless it is `safe`.

    Raises:
        OutputError: standard output is closed or cannot be written; the message ends with the remedy.
        BrokenPipeError: its reader went away.
    """
    if sys.stdout is None:
        raise OutputError(f"standard output is closed; {remedy}")
    shown = printable(text) if sys.stdout.isatty() and not safe else text
    # a stream of our own: UTF-8 whatever the locale, and whole even where Python runs unbuffered
    try:
        with open(sys.stdout.fileno(), "wb", closefd=False) as stream:
            stream.write(encode(shown))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"standard output cannot be written ({error.strerror}); {remedy}") from error
