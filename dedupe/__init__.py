"""One clean copy of every scraped news page.

>>> import dedupe
>>> result = dedupe.clean("<h1>Rain</h1><p>It rained all day in the north of the country.</p>")
>>> result.title
'Rain'
"""

from .clean import Cleaner, clean
from .errors import (
    DedupeError,
    EncodingError,
    InputError,
    LexiconError,
    OptionsError,
    OutputError,
)
from .files import Outcome, clean_files
from .options import Options
from .types import REASONS, ROLES, Block, CleanResult, Reason, Removal, Role

__version__ = "0.1.0"

__all__ = [
    "REASONS",
    "ROLES",
    "Block",
    "CleanResult",
    "Cleaner",
    "DedupeError",
    "EncodingError",
    "InputError",
    "LexiconError",
    "Options",
    "OptionsError",
    "Outcome",
    "OutputError",
    "Reason",
    "Removal",
    "Role",
    "__version__",
    "clean",
    "clean_files",
]
