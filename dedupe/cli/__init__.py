"""The command line: parses, calls the library, prints. `dedupe.cli:main` is what the script runs."""

from dedupe.cli.main import main

__all__ = ["main"]
