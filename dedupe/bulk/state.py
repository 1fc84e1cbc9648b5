"""What must be the same when a run is resumed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dedupe._version import __version__
from dedupe.bulk import folder as store
from dedupe.index.stores import without_password

if TYPE_CHECKING:
    from pathlib import Path

    from dedupe.bulk.tasks import BulkOptions
    from dedupe.sources.find import Plan

_FORMAT = 4  # of the work folder


def run_state(plan: Plan, options: BulkOptions) -> dict[str, Any]:
    """What must be the same when a run is resumed; every value is plain JSON."""
    clean = options.clean
    state = {
        "work folder": _FORMAT,
        "dedupe": __version__,
        "sources": plan.digest(),
        store.IDENTITY: plan.identity(),
        "--duplicates": options.rendering.duplicates,
        "--known": options.rendering.known,
        "--format": options.rendering.format,
        "--body-only": options.rendering.body_only,
        "--already-clean": options.already_clean,
        "--index": printable_state(options.index),
        "--encoding": options.encoding,
        "--keep": sorted(clean.keep),
        "--drop": sorted(clean.drop),
        "--input": clean.input,
        "--lexicons": _lexicons_digest(clean.lexicons),
        "limits": asdict(options.limits),
        "fields": asdict(options.fields),
    }
    return dict(json.loads(json.dumps(state)))


def printable_state(index: str | None) -> str | None:
    """An index's address as records may hold it."""
    if index is None:
        return None

    return without_password(index)


def _lexicons_digest(folder: Path | None) -> str | None:
    if folder is None:
        return None
    seen = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        seen.update(path.name.encode("utf-8", "surrogatepass") + b"\0" + path.read_bytes() + b"\0")
    return seen.hexdigest()
