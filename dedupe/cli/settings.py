"""What a run is to do, from the options of its command: read only when a run begins."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dedupe.bulk.records import Rendering
from dedupe.bulk.tasks import BulkOptions
from dedupe.options import Options
from dedupe.sources.limits import Limits
from dedupe.sources.records import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping


def bulk_options(options: Mapping[str, Any]) -> BulkOptions:
    """What a run is to do, by the options of its command.

    Raises:
        OptionsError: they will not do.
    """
    names = ("keep", "drop", "lexicons", "input")
    return BulkOptions(
        clean=Options(**{name: options[name] for name in names}),
        fields=Fields(*(options[f"{name}_field"] for name in ("text", "html", "url", "id", "site"))),
        limits=Limits(options["max_seconds"], options["max_memory"], options["max_page"] << 20),
        rendering=Rendering(
            options["form"], options["body_only"], options["duplicates"], known=options.get("known", "drop")
        ),
        already_clean=options["already_clean"],
        encoding=options["encoding"],
        jobs=options["jobs"] or _cores(),
        follow_links=options["follow_links"],
        index=options.get("index"),
        report=options.get("report"),
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
