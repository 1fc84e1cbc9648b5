"""Everything that this package raises on purpose."""

from __future__ import annotations


class DedupeError(Exception):
    """Base of every error of this package; its text says what to do."""


class InputError(DedupeError):
    """A page cannot be read: missing, unreadable, or of a kind that is not supported."""

    def __init__(self, message: str, *, source: str | None = None) -> None:
        super().__init__(f"{source}: {message}" if source else message)
        self.source = source


def missing(package: str, extra: str) -> InputError:
    """The error for a source that needs a package which is not installed."""
    return InputError(f"needs {package}; install it with: pip install 'news-dedupe[{extra}]'")


class EncodingError(InputError):
    """A named charset is unknown, or the bytes are no text at all."""


class OptionsError(DedupeError, ValueError):
    """An option has a value that makes no sense; the text quotes it and lists the good ones."""


class LexiconError(DedupeError):
    """A lexicon file is malformed; the text names the file and the entry."""

    def __init__(self, message: str, *, path: str | None = None, entry: str | None = None) -> None:
        place = " ".join(part for part in (path, entry and f"[{entry}]") if part)
        super().__init__(f"{place}: {message}" if place else message)
        self.path = path
        self.entry = entry


class OutputError(DedupeError):
    """An output cannot be written, or would overwrite its own input."""


def reason(error: Exception) -> str:
    """What is wrong with a page that raised `error`.

    Raises:
        MemoryError: `error` is one: it is the process that is ill now, not only the page.
    """
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, RecursionError):
        return "is nested too deeply to be cleaned"
    return f"cannot be cleaned: {type(error).__name__}: {error}"
