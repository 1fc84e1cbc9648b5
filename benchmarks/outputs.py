"""A hash over everything that comes out: the same before and after a change that may alter no output.

    python benchmarks/outputs.py [--shared DIR] [--step N] [--out FILE]
    python benchmarks/outputs.py --against FILE      # exit code 1, and what differs

Cleaned are all pages and dumps of the shared corpus and all fixtures (`to_dict`, text, Markdown, HTML; a page
that fails counts with its message), `bulk` runs over the fixtures and over records (every file that it
writes but times and versions), and an index answers for the texts of the near-duplicate corpus. Each part has
a hash of its own, each page a short one in the file of `--out`, so that a difference names its page.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import multiprocessing
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import dedupe

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
RENDERED = ("text", "markdown", "html")
SETS = ("crosspage", "extraction", "news", "sites", "twice", "dumps", "intra")
#: What differs between two runs on the same input, in JSON: times, durations, places, versions.
CHANGING = re.compile(
    rb'"(?:seconds|started|finished|elapsed|time|version|versions|dedupe|python|dest|sources|created)": ?'
    rb'(?:"[^"]*"|[\d.]+|\{[^}]*\}|\[[^\]]*\])'
)
CLEANERS: dict[Literal["text", "auto"], dedupe.Cleaner] = {
    "auto": dedupe.Cleaner(),
    "text": dedupe.Cleaner(dedupe.Options(input="text")),
}
Named = tuple[str, str]  # the name of an item and the hash of what comes out


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=HERE.parents[1] / "shared")
    parser.add_argument("--step", type=int, default=1, help="every so many pages of the corpus only")
    parser.add_argument("--out", type=Path, help="write the hashes of all items to this file")
    parser.add_argument("--against", type=Path, help="a file of --out: tell what differs from it")
    args = parser.parse_args()
    found = measured(args.shared / "corpus", args.step)
    for part in sorted({name.split(":")[0] for name in found}):
        items = [value for name, value in sorted(found.items()) if name.split(":")[0] == part]
        print(f"{part:10} {len(items):6,}  {_hash(''.join(items).encode())[:16]}")
    print(f"{'all':10} {len(found):6,}  {_hash(json.dumps(found, sort_keys=True).encode())[:16]}")
    if args.out:
        args.out.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", "utf-8")
    return _compared(found, json.loads(args.against.read_text("utf-8"))) if args.against else 0


def _compared(found: dict[str, str], before: dict[str, str]) -> int:
    other = sorted(name for name in found.keys() | before.keys() if found.get(name) != before.get(name))
    for name in other:
        print(f"differs: {name}")
    return 1 if other else 0


def measured(corpus: Path, step: int) -> dict[str, str]:
    """The hash of what comes out, by the name of the item."""
    with multiprocessing.Pool(2) as pool:
        found = dict(pool.imap_unordered(_page, pages(corpus, step), chunksize=8))
    found.update(_bulk(corpus))
    found.update(answers(corpus, step))
    return found


def pages(corpus: Path, step: int) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of all pages and dumps, those of a `.txt` name or record as plain text."""
    for path in sorted(FIXTURES.glob("*/page.*")):
        yield f"fixtures:{path.parent.name}/{path.name}", path.read_bytes()
    for name in SETS:
        paths = sorted(
            path for path in (corpus / name).rglob("*.gz") if path.suffixes[-2] in {".html", ".txt"}
        )
        for path in paths[::step]:
            yield f"{name}:{path.relative_to(corpus / name)}", gzip.decompress(path.read_bytes())
    dumps = _lines(corpus / "dumps" / "dumps.jsonl.gz")
    for number, line in list(enumerate(dumps))[::step]:
        yield f"dumps:{number}.txt", json.loads(line)["text"].encode()
    intra = _lines(corpus / "neardup" / "intra" / "pages.jsonl.gz")
    for number, line in list(enumerate(intra))[::step]:
        page = json.loads(line)
        yield f"intra:{number}.{page['format']}", page["content"].encode()


def kind_of(name: str) -> Literal["text", "auto"]:
    """How an item of this name is read."""
    return "text" if name.removesuffix(".gz").endswith(".txt") else "auto"


def _lines(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines() if path.exists() else []


def _page(item: tuple[str, bytes]) -> Named:
    name, data = item
    try:
        result = CLEANERS[kind_of(name)].clean(data)
    except dedupe.DedupeError as error:
        return name, _hash(f"{type(error).__name__}: {error}".encode())
    told = [json.dumps(result.to_dict(), sort_keys=True), *(getattr(result, each) for each in RENDERED)]
    return name, _hash("\0".join(told).encode("utf-8", "surrogatepass"))


# ---------------------------------------------------------------- runs and index


def _bulk(corpus: Path) -> Iterator[Named]:
    """Every file that runs over the fixtures and over records leave behind."""
    records = corpus / "neardup" / "cross" / "docs.jsonl.gz"
    yield from _run("bulk", FIXTURES, "--format", "json")
    if records.exists():
        yield from _run("records", records, "--format", "text")


def _run(part: str, source: Path, *more: str) -> Iterator[Named]:
    with tempfile.TemporaryDirectory() as folder:
        dest = Path(folder) / "out"
        command = [sys.executable, "-m", "dedupe", "bulk", str(source), "-o", str(dest), "--jobs", "2", *more]
        done = subprocess.run(command, capture_output=True, text=True)
        yield f"{part}:exit", _hash(str(done.returncode).encode())
        for path in sorted(path for path in dest.rglob("*") if path.is_file()):
            told = path.read_bytes().replace(folder.encode(), b"")
            if path.name not in {"run.json", "report.html"}:
                yield f"{part}:{path.relative_to(dest)}", _hash(CHANGING.sub(b"", told))


def answers(corpus: Path, step: int) -> Iterator[Named]:
    """What an index answers, text after text, and what it knows of each afterwards."""
    index = dedupe.open_index("memory:")
    for number, line in list(enumerate(_lines(corpus / "neardup" / "cross" / "docs.jsonl.gz")))[::step]:
        text = json.loads(line)["text"]
        answer = index.add(text, key=str(number), when=float(number + 1))
        yield f"index:{number}", _hash(repr(answer).encode())


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
