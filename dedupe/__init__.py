"""One clean copy of every scraped news page.

>>> import dedupe
>>> result = dedupe.clean("<h1>Rain</h1><p>It rained all day in the north of the country.</p>")
>>> result.title
'Rain'
"""

from typing import TYPE_CHECKING, Any

from .errors import (
    DedupeError,
    EncodingError,
    InputError,
    LexiconError,
    OptionsError,
    OutputError,
)
from .options import Options
from .types import REASONS, ROLES, Block, CleanResult, Reason, Removal, Role

if TYPE_CHECKING:
    from .cleaner import Cleaner, clean
    from .datasketches import minhashes
    from .files import Outcome, clean_files
    from .index import Index, SeenResult, open_index
    from .stores import StoreError

__version__ = "0.1.0"

__all__ = [
    "REASONS",
    "ROLES",
    "Block",
    "CleanResult",
    "Cleaner",
    "DedupeError",
    "EncodingError",
    "Index",
    "InputError",
    "LexiconError",
    "Options",
    "OptionsError",
    "Outcome",
    "OutputError",
    "Reason",
    "Removal",
    "Role",
    "SeenResult",
    "StoreError",
    "__version__",
    "clean",
    "clean_files",
    "minhashes",
    "open_index",
]

_LATER = {
    "Cleaner": "cleaner",
    "clean": "cleaner",
    "Outcome": "files",
    "clean_files": "files",
    "minhashes": "datasketches",
    "Index": "index",
    "SeenResult": "index",
    "open_index": "index",
    "StoreError": "stores",
}


def __getattr__(name: str) -> Any:
    # numpy, lxml and all else that takes long is only read where it is used
    if name in _LATER:
        from importlib import import_module

        found = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
