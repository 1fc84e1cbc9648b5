"""Where a run must not write, and what it must not read: checked before anything is written."""

from __future__ import annotations

import os

from dedupe.bulk.folder import is_output
from dedupe.errors import OptionsError
from dedupe.index.stores import file_of
from dedupe.sources.find import Plan, is_inside


def check_places(plan: Plan, dest: str, report: str | None = None, index: str | None = None) -> None:
    """Refuse outputs that would be written under a source or over each other, and sources that a run deletes.

    Raises:
        OptionsError: `dest` or `report` is a source, or stands inside one; a source stands inside `dest`; the
            report has no folder, or is an output of the run or its index; the index stands inside `dest`.
    """
    for entry in plan.entries:
        for output in filter(None, (dest, report)):
            if (os.path.isdir(entry) or os.path.isfile(output)) and is_inside(output, entry):
                raise OptionsError(f"{output} is inside the source {entry}, where nothing is written")
    for folder in dict.fromkeys(at if os.path.isdir(at) else os.path.dirname(at) for at in plan.entries):
        if is_inside(folder, dest):
            raise OptionsError(
                f"the source {folder} is inside {dest}, where a run replaces all; name another"
            )
    index_file = index and file_of(index)
    if index_file and is_inside(index_file, dest):
        raise OptionsError(f"the index {index} is inside {dest}, which is for outputs; keep it elsewhere")
    if report:
        _check_report(report, dest, index_file)


def _check_report(report: str, dest: str, index_file: str | None) -> None:
    folder = os.path.dirname(os.path.abspath(report))
    if os.path.isdir(report):
        raise OptionsError(f"{report} is a folder; name a file for the report")
    if folder != os.path.abspath(dest) and not os.path.isdir(folder):
        raise OptionsError(f"there is no folder {folder} for the report; make it first")
    if is_output(report, dest):
        raise OptionsError(f"{report} is an output of the run itself; name another file for the report")
    beside = [f"{index_file}{ending}" for ending in ("", "-wal", "-shm", "-journal")] if index_file else []
    if any(is_inside(report, file) for file in beside):
        raise OptionsError(f"{report} belongs to the index; name another file for the report")
