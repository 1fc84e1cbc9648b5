"""The peers: other cleaners and duplicate finders behind one shape, each as its own documents use it.

    python benchmarks/peers.py               which peers are here, in which versions
    python benchmarks/peers.py --install     install them one by one; one that fails is reported

Cleaners take the bytes of an HTML page. A plain-text dump reaches the HTML-only peers as a page with a
paragraph for every line. Duplicate finders take texts and give a label for each. All but text-dedup, which
has its own tokens, get word 5-grams in which a Chinese or Japanese character counts as a word
(their own tokens would fail there), a threshold of 0.7 and 128 permutations.
"""

from __future__ import annotations

import argparse
import html
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twice.plant import Page
from twice.score import Answer

HERE = Path(__file__).resolve().parent
Clean = Callable[[bytes], str]
#: Texts and their sites → a label for each text.
Find = Callable[[Sequence[str], Sequence[str]], list[str]]

THRESHOLD, PERMUTATIONS, SHINGLE = 0.7, 128, 5
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
XML = re.compile(r"^\s*<\?xml[^>]*\?>")  # lxml refuses text that declares an encoding
LANG = re.compile(rb"<html[^>]*\blang\s*=\s*[\"']?([a-zA-Z]{2})", re.IGNORECASE)
#: Needs other versions of what the peers share: it lives in an environment of its own.
TEXT_DEDUP = "text-dedup>=0.4"


@dataclass(frozen=True, slots=True)
class Cleaner:
    """A cleaner in the shapes that the suites call: everything kept, or the body alone.

    `answer` is there for one that names what a removed text repeats.
    """

    text: Clean
    body: Clean
    dump_text: Callable[[str], str]
    dump_body: Callable[[str], str]
    answer: Callable[[Page], Answer] | None = None


def distributions() -> dict[str, str]:
    """The package behind each tool's name."""
    return {name: package for name, (package, _) in (CLEANERS | FINDERS).items()}


def load_cleaner(name: str) -> Cleaner:
    """Import a cleaner.

    Raises:
        ImportError: it is not installed.
    """
    made = CLEANERS[name][1]()
    return made if isinstance(made, Cleaner) else _html_only(made)


def load_finder(name: str) -> Find:
    """Import a duplicate finder.

    Raises:
        ImportError: it is not installed.
    """
    find: Find = FINDERS[name][1]()
    return find


def version(name: str) -> str | None:
    """The installed version of a tool's package, None where it is not installed."""
    package = distributions()[name]
    if package == "text-dedup":
        return _ask_version(text_dedup_python())
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _html_only(clean: Clean) -> Cleaner:
    def dump(text: str) -> str:
        return clean(as_markup(text))

    return Cleaner(clean, clean, dump, dump)


def as_markup(text: str) -> bytes:
    """A page with a paragraph for each line of a dump."""
    lines = (html.escape(line.strip(), quote=False) for line in text.split("\n") if line.strip())
    body = "\n".join(f"<p>{line}</p>" for line in lines)
    return f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{body}</body></html>'.encode()


# ---------------------------------------------------------------- cleaners


def _ours() -> Cleaner:
    import dedupe

    as_dump = dedupe.Cleaner(dedupe.Options(input="text"))
    as_page = dedupe.Cleaner(dedupe.Options(input="html"))

    def answer(page: Page) -> Answer:
        result = (as_page if page.form == "html" else as_dump).clean(page.content)
        removed = [
            (removal.block.text, [block.text for block in removal.originals]) for removal in result.removals
        ]
        return Answer(result.text, removed)

    return Cleaner(
        lambda page: as_page.clean(page).text,
        lambda page: as_page.clean(page).body,
        lambda text: as_dump.clean(text).text,
        lambda text: as_dump.clean(text).body,
        answer,
    )


def _trafilatura(**options: Any) -> Callable[[], Clean]:
    def load() -> Clean:
        import trafilatura

        return lambda page: trafilatura.extract(page, include_comments=False, **options) or ""

    return load


def _resiliparse() -> Clean:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import detect_encoding
    from resiliparse.parse.html import HTMLTree

    def clean(page: bytes) -> str:
        tree = HTMLTree.parse_from_bytes(page, detect_encoding(page) or "utf-8")
        return str(extract_plain_text(tree, main_content=True, alt_texts=False))

    return clean


def _readability() -> Clean:
    from readability import Document

    return lambda page: lines_of(Document(decoded(page)).summary())


def _justext() -> Clean:
    import justext

    lists = {code: name for code, name in STOP_LISTS.items() if name in justext.get_stoplists()}

    def clean(page: bytes) -> str:
        known = lists.get(language_of(page), "")
        if known:
            paragraphs = justext.justext(page, justext.get_stoplist(known))
        else:  # its documented way without stop words
            paragraphs = justext.justext(page, frozenset(), stopwords_low=0, stopwords_high=0)
        return "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)

    return clean


def _newspaper() -> Clean:
    from newspaper import Article

    def clean(page: bytes) -> str:
        language = language_of(page)
        article = Article(
            "https://news.example/", language=language, fetch_images=False
        )  # nothing is fetched
        article.download(input_html=decoded(page))
        article.parse()
        return str(article.text)

    return clean


def _magic_html() -> Clean:
    from magic_html import GeneralExtractor

    extractor = GeneralExtractor()

    def clean(page: bytes) -> str:
        found = extractor.extract(decoded(page), base_url="https://news.example/a.html")
        return lines_of(found.get("html") or "")

    return clean


#: jusText's names of the languages that pages declare.
STOP_LISTS = {
    "en": "English",
    "de": "German",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "el": "Greek",
}

BLOCKS = re.compile(
    "address|article|aside|blockquote|br|d[dlt]|div|fig(caption|ure)|footer|form|h[1-6r]|header|li|main|nav|[ou]l"
    "|p|pre|section|table|t[dhr]"
)


def language_of(page: bytes) -> str:
    """What the page's html element declares; "en" where it declares nothing."""
    found = LANG.search(page[:2000])
    return found.group(1).decode().lower() if found else "en"


def decoded(page: bytes) -> str:
    """The page as text, for peers that take nothing else: decoded as this project does."""
    from dedupe.cleaning.source import read

    return read(page).text


def lines_of(markup: str) -> str:
    """The text of an HTML fragment, a line for each block."""
    import lxml.html

    if not markup.strip():
        return ""
    parts = []
    for event, element in lxml.etree.iterwalk(lxml.html.fromstring(markup), events=("start", "end")):
        is_element = isinstance(element.tag, str)
        if is_element and BLOCKS.fullmatch(str(element.tag)):
            parts.append("\n")
        if is_element and event == "start":
            parts.append(element.text or "")
        elif event == "end":
            parts.append(element.tail or "")
    return re.sub(r"\s*\n\s*", "\n", "".join(parts))


CLEANERS: dict[str, tuple[str, Callable[[], Any]]] = {
    "dedupe": ("news-dedupe", _ours),
    "trafilatura": ("trafilatura", _trafilatura()),
    "trafilatura deduplicate": ("trafilatura", _trafilatura(deduplicate=True)),
    "resiliparse": ("Resiliparse", _resiliparse),
    "readability-lxml": ("readability-lxml", _readability),
    "jusText": ("jusText", _justext),
    "magic-html": ("magic-html", _magic_html),
    "newspaper4k": ("newspaper4k", _newspaper),
}


# ---------------------------------------------------------------- duplicate finders


def _our_finder() -> Find:
    from dedupe.corpus.clusters import cluster
    from dedupe.corpus.records import Document, joined
    from dedupe.corpus.signatures import compute_signatures

    def find(texts: Sequence[str], sites: Sequence[str]) -> list[str]:
        lines = [text.split("\n") for text in texts]
        pages = [
            Document(f"{number:08d}", tuple(blocks), site)
            for number, (blocks, site) in enumerate(zip(lines, sites, strict=True))
        ]
        found = cluster(
            joined([compute_signatures(pages)]), lambda numbers: [lines[number] for number in numbers]
        )
        labels = [page.key for page in pages]
        for group in found.clusters:
            for link in group.copies:
                labels[int(link.a)] = group.kept
        return labels

    return find


def _datasketch() -> Find:
    from datasketch import MinHash, MinHashLSH

    def find(texts: Sequence[str], _: Sequence[str]) -> list[str]:
        shingled = ([word.encode() for word in shingles(text)] for text in texts)
        sketches = MinHash.bulk(shingled, num_perm=PERMUTATIONS)
        index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
        near: list[tuple[int, int]] = []
        for number, sketch in enumerate(sketches):
            near += ((number, other) for other in index.query(sketch))
            index.insert(number, sketch)
        return joined_up(len(texts), (pair for pair in near if _alike(sketches[pair[0]], sketches[pair[1]])))

    return find


def _rensa() -> Find:
    from rensa import RMinHash, RMinHashLSH

    def find(texts: Sequence[str], _: Sequence[str]) -> list[str]:
        index = RMinHashLSH(THRESHOLD, PERMUTATIONS, 16)
        sketches = RMinHash.from_token_sets([list(shingles(text)) for text in texts], PERMUTATIONS, 1)
        near: list[tuple[int, int]] = []
        for number, sketch in enumerate(sketches):
            near += ((number, other) for other in index.query(sketch))
            index.insert(number, sketch)
        return joined_up(len(texts), (pair for pair in near if _alike(sketches[pair[0]], sketches[pair[1]])))

    return find


def _alike(one: Any, other: Any) -> bool:
    return float(one.jaccard(other)) >= THRESHOLD


def _gaoya() -> Find:
    from gaoya.minhash import MinHashStringIndex

    def find(texts: Sequence[str], _: Sequence[str]) -> list[str]:
        index = MinHashStringIndex(
            hash_size=32,
            jaccard_threshold=THRESHOLD,
            num_bands=16,
            band_size=8,
            analyzer=lambda text: list(shingles(text)),
        )
        near: list[tuple[int, int]] = []
        for number, text in enumerate(texts):
            near += ((number, other) for other in index.query(text))
            index.insert_document(number, text)
        return joined_up(len(texts), near)

    return find


def _simhash() -> Find:
    """trafilatura's 64-bit fingerprints, at most three bits apart, every page against every other."""
    import numpy as np
    from trafilatura.deduplication import Simhash

    def find(texts: Sequence[str], _: Sequence[str]) -> list[str]:
        hashes = np.array([Simhash(text).hash for text in texts], np.uint64)
        near = (
            (number, int(other))
            for number, value in enumerate(hashes)
            for other in np.flatnonzero(np.bitwise_count(hashes[:number] ^ value) <= 3)
        )
        return joined_up(len(texts), near)

    return find


def _text_dedup() -> Find:
    """Its command line: that is how it is used."""
    python = text_dedup_python()
    if not _ask_version(python):
        raise ImportError("text-dedup is not installed")

    def find(texts: Sequence[str], _: Sequence[str]) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            rows = Path(folder) / "texts.jsonl"
            with open(rows, "w", encoding="utf-8") as file:
                file.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
            _run_quietly([python, "-m", "text_dedup.minhash", *_text_dedup_options(rows)], folder)
            pairs = json.loads(_run_quietly([python, "-c", ROOTS, f"{folder}/out/uf.pkl"], folder))
        return joined_up(len(texts), pairs)

    return find


#: Prints the clusters that text-dedup leaves in a pickle of a class of its own.
ROOTS = (
    "import json, pickle, sys; found = pickle.load(open(sys.argv[1], 'rb')); "
    "print(json.dumps([[each, found.find(each)] for each in list(found.parent)]))"
)


def _text_dedup_options(rows: Path) -> list[str]:
    options = {
        "path": "json",
        "data_files": str(rows),
        "split": "train",
        "cache_dir": str(rows.parent),
        "output": str(rows.parent / "out"),
        "column": "text",
        "threshold": str(THRESHOLD),
        "num_perm": str(PERMUTATIONS),
        "ngram": str(SHINGLE),
        "num_proc": "1",
    }
    return ["--debug", *(word for name, value in options.items() for word in (f"--{name}", value))]


def _run_quietly(command: Sequence[str], folder: str) -> str:
    quiet = os.environ | {"HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=quiet)
    if done.returncode:
        raise RuntimeError(f"ended with {done.returncode}: {done.stderr[-300:]}")
    return done.stdout


def text_dedup_python() -> str:
    """The interpreter that text-dedup is installed for."""
    own = Path(sys.prefix) / "text-dedup" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def _ask_version(python: str) -> str | None:
    code = "import importlib.metadata as m; print(m.version('text-dedup'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() or None


FINDERS: dict[str, tuple[str, Callable[[], Any]]] = {
    "dedupe": ("news-dedupe", _our_finder),
    "datasketch": ("datasketch", _datasketch),
    "rensa": ("rensa", _rensa),
    "gaoya": ("gaoya", _gaoya),
    "text-dedup": ("text-dedup", _text_dedup),
    "trafilatura simhash": ("trafilatura", _simhash),
}


def shingles(text: str) -> set[str]:
    """Word 5-grams; a text of fewer words is one shingle."""
    words = WORD.findall(text.lower())
    return {" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}


def joined_up(count: int, pairs: Iterable[tuple[int, int]]) -> list[str]:
    """Labels of the connected components of pairs."""
    head = list(range(count))

    def root(number: int) -> int:
        while head[number] != number:
            head[number] = head[head[number]]
            number = head[number]
        return number

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        head[high] = low
    return [str(root(number)) for number in range(count)]


# ---------------------------------------------------------------- installing


def install(with_text_dedup: bool) -> dict[str, str]:
    """Install what the `bench` group lists, each alone; what failed, and why."""
    failed = {}
    for requirement, marker in requirements():
        arguments = ["--ignore-requires-python"] if marker else []
        if problem := _pip(sys.executable, [*arguments, requirement]):
            failed[requirement] = problem
    if with_text_dedup and not _ask_version(text_dedup_python()):
        folder = Path(sys.prefix) / "text-dedup"
        venv.create(folder, with_pip=True)
        if problem := _pip(str(folder / "bin" / "python"), [TEXT_DEDUP]):
            failed["text-dedup"] = problem
    return failed


def requirements() -> Iterator[tuple[str, str]]:
    """The peers of the `bench` dependency group, and what each says of the Python versions it is for."""
    with open(HERE.parent / "pyproject.toml", "rb") as file:
        groups = tomllib.load(file)["dependency-groups"]
    for line in groups["bench"]:
        requirement, _, marker = line.partition(";")
        yield requirement.strip(), marker.strip()


def _pip(python: str, arguments: Sequence[str]) -> str:
    """Install with pip; "" or the last line that tells what went wrong."""
    quiet = ["--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [python, "-m", "pip", "install", *quiet, *arguments], capture_output=True, text=True
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return "" if done.returncode == 0 else (errors or [f"pip ended with {done.returncode}"])[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--without-text-dedup", action="store_true", help="it brings a gigabyte along")
    args = parser.parse_args()
    failed = install(not args.without_text_dedup) if args.install else {}
    for name in CLEANERS | FINDERS:
        print(f"{name:26} {version(name) or 'not installed'}")
    for requirement, problem in failed.items():
        print(f"{requirement} could not be installed: {problem}")


if __name__ == "__main__":
    main()
