"""Many page files cleaned one by one, in worker processes that may crash or hang without harm."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from dedupe.cleaning.cleaner import Cleaner
from dedupe.errors import DedupeError, InputError, OptionsError, reason
from dedupe.options import Options
from dedupe.sources.limits import Limits
from dedupe.sources.unpack import read_file
from dedupe.workers import LATER, TOGETHER, Job, Pool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dedupe.result import CleanResult
    from dedupe.workers import Begin, Work


_FILES = 8  # that a worker takes at once
_AHEAD = 8  # tasks for each worker that may wait for one before them


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: its `result`, or the `error` that says why there is none."""

    path: str
    result: CleanResult | None = None
    error: DedupeError | None = None


def clean_files(
    paths: Iterable[str | os.PathLike[str]],
    jobs: int = 1,
    options: Options | None = None,
    limits: Limits | None = None,
) -> Iterator[Outcome]:
    """Clean page files (.gz, .bz2 and .zst too), as many at a time as there are `jobs`.

    Outcomes come in the order of `paths`, which may be endless: only a few are taken ahead. A file that
    cannot be read or cleaned, crashes its process or goes beyond `limits` (seconds, memory, size) is an
    outcome with an error.

    >>> import dedupe
    >>> for outcome in dedupe.clean_files(["/nowhere/page.html"]):
    ...     print(outcome.result or outcome.error)
    /nowhere/page.html: there is no such file; check the name

    Raises:
        OptionsError: `jobs` is below 1.
        LexiconError: a lexicon file of `options` is malformed.
    """
    if jobs < 1:
        raise OptionsError(f"jobs must be at least 1, not {jobs}")
    return _outcomes((os.fspath(path) for path in paths), jobs, options or Options(), limits)


def _outcomes(paths: Iterator[str], jobs: int, options: Options, limits: Limits | None) -> Iterator[Outcome]:
    limits = limits or Limits()
    job = Job(partial(_cleaning, options, limits), limits.seconds, limits.memory)
    with Pool(job, jobs) as pool:
        for task, found in _in_order(pool, paths, jobs * _AHEAD):
            yield from map(_outcome, task, found)


def _outcome(path: str, found: CleanResult | str) -> Outcome:
    if isinstance(found, str):
        return Outcome(path, error=InputError(found, source=path))
    return Outcome(path, found)


def _in_order(
    pool: Pool, paths: Iterator[str], ahead: int
) -> Iterator[tuple[tuple[str, ...], list[CleanResult | str]]]:
    """Files, some at a time, and what they gave; no more than `ahead` tasks wait for an earlier one."""
    waiting: dict[int, tuple[tuple[str, ...], list[CleanResult | str]]] = {}
    first = 0

    def tasks() -> Iterator[object]:
        number = 0
        while some := tuple(islice(paths, _FILES)):
            while number >= first + ahead:
                yield LATER
            yield number, some
            number += 1

    for (number, some), found in pool.run(tasks()):
        waiting[number] = some, found
        while first in waiting:
            yield waiting.pop(first)
            first += 1


# ---------------------------------------------------------------- in the workers


def _cleaning(options: Options, limits: Limits) -> Work:
    """Cleans some files."""
    cleaner = Cleaner(options)
    cleaner.clean("<p>Everything it needs is read now: a bad lexicon fails the call, not its pages.</p>")

    def work(
        task: tuple[int, tuple[str, ...]], failed: Mapping[int, str], begin: Begin
    ) -> Iterator[list[CleanResult | str]]:
        found = []
        for at, path in enumerate(task[1]):
            begin(at)
            found.append(failed.get(at) or _cleaned(path, cleaner, limits))
        begin(TOGETHER, len(found))
        yield found

    return work


def _cleaned(path: str, cleaner: Cleaner, limits: Limits) -> CleanResult | str:
    """The cleaned page, or what is wrong with it."""
    try:
        found = read_file(path, limits)
        return warned(cleaner.clean(found.data), found.warnings)
    except Exception as error:
        return reason(error)


def warned(result: CleanResult, warnings: Sequence[str]) -> CleanResult:
    """The result with what reading its bytes told, before its own warnings."""
    return replace(result, warnings=(*warnings, *result.warnings)) if warnings else result
