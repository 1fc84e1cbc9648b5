"""Quality on the development corpus: runs the corpus's own scorers on this cleaner, one after the other.

python benchmarks/quality.py [--shared ../shared] [--only twice,dumps,extraction,intra]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITES = {
    "twice": [
        "score_twice.py",
        "--extractor",
        "extractors:html_text",
        "--text-extractor",
        "extractors:dump_text",
    ],
    "dumps": ["score_dumps.py", "--extractor", "extractors:dump_body"],
    "extraction": ["score_extraction.py", "--extractor", "extractors:html_body"],
}


def main() -> int:
    """Run the chosen suites; the exit status is the first that is not 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared")
    parser.add_argument("--only", default=",".join((*SUITES, "intra")))
    args = parser.parse_args()
    if not args.shared.is_dir():
        parser.error(f"{args.shared} is not there: the development corpus is needed")
    status = 0
    for name in args.only.split(","):
        print(f"\n== {name}", flush=True)
        command = [str(HERE / "intra.py"), "--shared", str(args.shared)]
        if name in SUITES:
            script, *rest = SUITES[name]
            command = [str(args.shared / "eval" / script), *rest]
        environment = os.environ | {"PYTHONPATH": str(HERE)}
        status = status or subprocess.run([sys.executable, *command], cwd=HERE, env=environment).returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
