"""One clean copy of every scraped news page.

>>> import dedupe
>>> result = dedupe.clean("<h1>Rain</h1><p>It rained all day in the north of the country.</p>")
>>> result.title
'Rain'
"""

from typing import TYPE_CHECKING, Any

from dedupe._version import __version__
from dedupe.errors import DedupeError, EncodingError, InputError, LexiconError, OptionsError, OutputError
from dedupe.options import Options
from dedupe.result import CleanResult
from dedupe.types import REASONS, ROLES, Block, Reason, Removal, Role

if TYPE_CHECKING:
    from dedupe.cleaning.cleaner import Cleaner, clean
    from dedupe.cleaning.files import Outcome, clean_files
    from dedupe.contrib.datasketch import minhashes
    from dedupe.index.index import Index, open_index
    from dedupe.index.lookup import SeenResult
    from dedupe.index.stores import StoreError

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
    "Cleaner": "cleaning.cleaner",
    "clean": "cleaning.cleaner",
    "Outcome": "cleaning.files",
    "clean_files": "cleaning.files",
    "minhashes": "contrib.datasketch",
    "Index": "index.index",
    "SeenResult": "index.lookup",
    "open_index": "index.index",
    "StoreError": "index.stores",
}


def __getattr__(name: str) -> Any:
    # numpy, lxml and all else that takes long is only read where it is used
    if name in _LATER:
        from importlib import import_module

        found = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
