"""Quality suites: a cleaner, or a duplicate finder, on one set of pages each, as a few figures.

    python benchmarks/quality.py [--shared ../shared] [--only twice,dumps] [--tool dedupe] [--step 1]

`article-twice` and `across` are generated here; the others need the development corpus and are scored by
its own scorers. A step of 4 takes a fourth of the pages. Figures named `kinds`, `languages`, `sets` … are
tables.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import peers
from twice import across, plant, score

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent.parent / "shared"
PAGE_SECONDS = 20
PAGES, STORIES = 600, 600  # of article-twice, with a step of 1

Figures = dict[str, Any]


class PageTimeoutError(BaseException):
    """No Exception, so that a tool that catches these cannot swallow it."""


@dataclass(slots=True)
class Guard:
    """Calls a tool page by page; what it raises, or takes too long for, counts as no text and is told."""

    seconds: int = PAGE_SECONDS
    failures: Counter[str] = field(default_factory=Counter)

    def __call__(self, tool: Callable[..., Any], *args: Any, otherwise: Any = "") -> Any:
        signal.signal(signal.SIGALRM, _out_of_time)
        signal.alarm(self.seconds)
        try:
            return tool(*args)
        except PageTimeoutError:
            self.failures[f"over {self.seconds} s"] += 1
        except Exception as error:
            self.failures[type(error).__name__] += 1
        finally:
            signal.alarm(0)
        return otherwise

    def wrapped(self, tool: Callable[..., Any]) -> Callable[..., Any]:
        return partial(self, tool)


def _out_of_time(_signal: int, _frame: object) -> None:
    raise PageTimeoutError


@dataclass(frozen=True, slots=True)
class Job:
    """A tool on a suite: where the corpus is, and which pages of it are taken."""

    cleaner: peers.Cleaner | None = None
    find: peers.Find | None = None
    shared: Path = SHARED
    step: int = 1
    guard: Guard = field(default_factory=Guard)

    @property
    def tool(self) -> peers.Cleaner:
        if self.cleaner is None:
            raise TypeError("this suite is one for cleaners")
        return self.cleaner

    @property
    def finder(self) -> peers.Find:
        if self.find is None:
            raise TypeError("this suite is one for duplicate finders")
        return self.find


def run(suite: str, job: Job) -> Figures:
    """The figures of a suite, and the pages on which the tool failed."""
    figures = (CLEANING | FINDING | BULK)[suite](job)
    return {**figures, "failures": dict(job.guard.failures)}


def needs_shared(suite: str) -> bool:
    """Whether a suite needs the development corpus."""
    return suite not in ("article-twice", "copies", "across")


# ---------------------------------------------------------------- article-twice


def article_twice(job: Job) -> Figures:
    """Repeats inside generated pages."""
    pages = list(plant.pages(PAGES // job.step))
    answers = {page.id: _answer(job, page) for page in pages}
    found = score.score_pages(pages, answers)
    return {
        **found["all"],
        "kinds": _part(found, "kind ", "perfect"),
        "languages": _part(found, "language ", "perfect"),
        "forms": _part(found, "form ", "perfect"),
    }


def _answer(job: Job, page: plant.Page) -> score.Answer:
    if job.tool.answer:
        answer: score.Answer = job.guard(job.tool.answer, page, otherwise=score.Answer("", ()))
        return answer
    if page.form == "html":
        return score.Answer(job.guard(job.tool.text, page.content.encode()))
    return score.Answer(job.guard(job.tool.dump_text, page.content))


def _part(found: Figures, prefix: str, figure: str) -> Figures:
    return {name[len(prefix) :]: row[figure] for name, row in found.items() if name.startswith(prefix)}


def article_twice_across(job: Job) -> Figures:
    """Repeats across generated pages."""
    documents = across.collection(STORIES // job.step)
    labels = job.finder([each.text for each in documents], [each.site for each in documents])
    named = {each.id: label for each, label in zip(documents, labels, strict=True)}
    return score.score_across(documents, score.Clusters(named))


# ---------------------------------------------------------------- pages of the development corpus

#: Pages that hold main text twice; in the corpus's further set only chrome is repeated.
TWICE_SETS = ("body", "core", "short")


def twice(job: Job) -> Figures:
    """Real pages, and dumps of pages, that hold long text twice."""
    scorer, corpus = _scorer(job, "score_twice"), job.shared / "corpus" / "twice"
    named = [case for case in _lines(corpus / "cases.jsonl") if {*TWICE_SETS} & {*case["sets"]}]
    cases = _every(named, job.step)
    text = job.guard.wrapped(job.tool.text)
    rows = scorer.run_pages(corpus, cases, lambda page, url: text(page))
    dumps = scorer.run_dumps(corpus, cases, job.guard.wrapped(job.tool.dump_text))
    figures: Figures = {}
    for name in TWICE_SETS:
        counts = scorer.count_up([row for row in rows if name in row["sets"]])
        figures |= {f"{name}_{part}": counts[part] for part in ("main", "clean", "twice", "lost")}
    counts = scorer.count_up(dumps)
    figures |= {f"dumps_{part}": counts[part] for part in ("main", "clean", "twice", "lost")}
    return {**figures, "pages": len(cases), "single": round(scorer.count_up(rows)["single"] or 0, 4)}


def extraction(job: Job) -> Figures:
    """The article's body, on eight sets of pages with gold."""
    scorer, corpus = _scorer(job, "score_extraction"), job.shared / "corpus" / "extraction"
    body, groups = job.guard.wrapped(job.tool.body), {}
    for name, cases in _by(_lines(corpus / "cases.jsonl"), "dataset"):
        rows = [
            scorer.score_case(case, body(gzip.decompress((corpus / case["page"]).read_bytes())))
            for case in _every(cases, job.step)
        ]
        groups[name] = scorer.aggregate(cases[0]["kind"], rows)
    sets = {name: round(group["f1"], 4) for name, group in groups.items()}
    means = {
        part: round(fmean(group[part] for group in groups.values()), 4) for part in ("p", "r", "page_f1")
    }
    return {"f1": round(fmean(sets.values()), 4), **means, "sets": sets}


def dumps(job: Job) -> Figures:
    """The article's body in plain-text dumps that hold it once or twice."""
    scorer, summary = _scorer(job, "score_dumps"), _scorer(job, "score_extraction").aggregate
    with gzip.open(job.shared / "corpus" / "dumps" / "dumps.jsonl.gz", "rt", encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    body, figures = job.guard.wrapped(job.tool.dump_body), Figures()
    for form, found in _by(cases, "form"):
        rows = [
            {
                **scorer.judge({**case, "text": case["gold"]}, body(case["text"])),
                "dataset": case["dataset"],
            }
            for case in _every(found, job.step)
        ]
        sets = [summary("text", group)["f1"] for _, group in _by(rows, "dataset")]
        right = fmean(not row["doubled"] and not row["lost"] for row in rows)
        figures |= {f"f1_{form}": round(fmean(sets), 4), f"right_{form}": round(right, 4)}
    return figures


def intra(job: Job) -> Figures:
    """Repeats inside pages that the development corpus generates."""
    folder = job.shared / "corpus" / "neardup" / "intra"
    pages = _every(_packed(folder / "pages.jsonl.gz"), job.step)
    truth = _every(_packed(folder / "truth.jsonl.gz"), job.step)
    texts = {page["id"]: _cleaned(job, page["format"], page["content"]) for page in pages}
    found = _scorer(job, "score_neardup").score_intra(truth, texts)["all"]
    return {
        "perfect": round(found["perfect_rate"], 4),
        "precision": round(found["removal_precision"], 4),
        "recall": round(found["removal_recall"], 4),
        "kept": round(found["content_kept"], 4),
    }


def _cleaned(job: Job, form: str, content: str) -> str:
    if form == "html":
        return str(job.guard(job.tool.text, content.encode()))
    return str(job.guard(job.tool.dump_text, content))


def sites(job: Job) -> Figures:
    """Pages of whole sites, cleaned one by one: the main text, and the site's own lines that are left."""
    scorer, corpus = _scorer(job, "score_sites"), job.shared / "corpus" / "sites"
    cases, hosts = _site_cases(job)
    texts = {
        scorer.stem(case["path"]): job.guard(
            job.tool.text, gzip.decompress((corpus / case["path"]).read_bytes())
        )
        for case in cases
    }
    return _site_figures(scorer, cases, hosts, texts)


def sites_together(job: Job) -> Figures:
    """The same pages through `dedupe bulk`, which compares a site's pages."""
    scorer, corpus = _scorer(job, "score_sites"), job.shared / "corpus" / "sites"
    cases, hosts = _site_cases(job)
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            place = Path(folder) / "in" / case["host"] / f"{scorer.stem(case['path'])}.html"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(gzip.decompress((corpus / case["path"]).read_bytes()))
        out = _bulk(Path(folder), "--duplicates", "keep")
        texts = {path.name.partition(".")[0]: path.read_text("utf-8") for path in out.rglob("*.html.txt")}
    return _site_figures(scorer, cases, hosts, texts)


def _site_cases(job: Job) -> tuple[list[Figures], dict[str, Figures]]:
    corpus = job.shared / "corpus" / "sites"
    hosts = {row["host"]: row for row in _lines(corpus / "hosts.jsonl")}
    return _every(_lines(corpus / "cases.jsonl"), job.step), hosts


def _site_figures(
    scorer: Any, cases: list[Figures], hosts: dict[str, Figures], texts: dict[str, str]
) -> Figures:
    found = scorer.count_up(scorer.score(cases, hosts, texts))
    return {"f1": round(found["f1"], 4), "gone": round(1 - found["share"], 4)}


def _bulk(folder: Path, *options: str) -> Path:
    """Run `dedupe bulk` over the folder's "in"; the folder that it wrote."""
    command = [sys.executable, "-m", "dedupe", "bulk", str(folder / "in"), "-o", str(folder / "out")]
    subprocess.run([*command, *options], check=True, capture_output=True)
    return folder / "out"


# ---------------------------------------------------------------- duplicates in the development corpus


def cross(job: Job) -> Figures:
    """Near-duplicates among 2,500 generated texts."""
    folder = job.shared / "corpus" / "neardup" / "cross"
    scorer = _scorer(job, "score_neardup")
    texts = _packed(folder / "docs.jsonl.gz")
    labels = job.finder([each["text"] for each in texts], ["" for _ in texts])
    named = {each["id"]: label for each, label in zip(texts, labels, strict=True)}
    found = scorer.score_cross(scorer.read_truth_tsv(folder / "truth.tsv.gz"), named)
    shares = {part: round(found[part], 4) for part in ("f1", "precision", "recall")}
    kinds = {kind: round(share, 4) for kind, share in found["recall_by_kind"].items()}
    apart = {kind: round(share, 4) for kind, share in found["false_merge"].items()}
    counts = {"stories_lost": found["stories_lost"], "copies_left": found["copies_left"]}
    return {**shares, **counts, "found": kinds, "merged": apart}


def crosspage(job: Job) -> Figures:
    """Saved pages that repeat each other, every finder on the bodies that this project's cleaner gives."""
    scorer, corpus = _scorer(job, "score_crosspage"), job.shared / "corpus" / "crosspage"
    names, labels = scorer.load(corpus)
    body = peers.load_cleaner("dedupe").body
    texts = [body(gzip.decompress((corpus / "pages" / f"{name}.html.gz").read_bytes())) for name in names]
    hosts = {scorer.stem(row["path"]): row["host"] for row in _lines(corpus / "pages.jsonl")}
    found = job.finder(texts, [hosts[name] for name in names])
    rows = [{"path": name, "cluster": label} for name, label in zip(names, found, strict=True)]
    return _crosspage_figures(scorer, names, labels, rows)


def crosspage_bulk(job: Job) -> Figures:
    """The same pages through `dedupe bulk`, from HTML to clusters."""
    scorer, corpus = _scorer(job, "score_crosspage"), job.shared / "corpus" / "crosspage"
    names, labels = scorer.load(corpus)
    with tempfile.TemporaryDirectory() as folder:
        for row in _lines(corpus / "pages.jsonl"):
            place = Path(folder) / "in" / row["host"] / f"{scorer.stem(row['path'])}.html"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(gzip.decompress((corpus / row["path"]).read_bytes()))
        rows = _lines(_bulk(Path(folder)) / "pages.jsonl")
    return _crosspage_figures(scorer, names, labels, rows)


def _crosspage_figures(scorer: Any, names: Any, labels: Any, rows: list[Figures]) -> Figures:
    found = scorer.score(names, labels, rows)
    return {part: round(found[part], 4) for part in ("f1", "precision", "recall")} | {
        "strangers": found["strangers"]
    }


# ---------------------------------------------------------------- reading


def _scorer(job: Job, name: str) -> Any:
    folder = str(job.shared / "eval")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


def _every(rows: Sequence[Any], step: int) -> list[Any]:
    """A share of the rows, drawn evenly but in no rhythm, since corpora have rhythms of their own."""
    chosen = (
        random.Random(0).sample(range(len(rows)), -(-len(rows) // step)) if step > 1 else range(len(rows))
    )
    return [rows[at] for at in sorted(chosen)]


def _lines(path: Path) -> list[Figures]:
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _packed(path: Path) -> list[Figures]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _by(rows: Sequence[Figures], name: str) -> Iterator[tuple[str, list[Figures]]]:
    for value in dict.fromkeys(row[name] for row in rows):
        yield value, [row for row in rows if row[name] == value]


CLEANING: dict[str, Callable[[Job], Figures]] = {
    "article-twice": article_twice,
    "twice": twice,
    "extraction": extraction,
    "dumps": dumps,
    "intra": intra,
    "sites": sites,
}
FINDING: dict[str, Callable[[Job], Figures]] = {
    "across": article_twice_across,
    "cross": cross,
    "crosspage": crosspage,
}
#: What only `dedupe bulk` does: no peer takes HTML pages and compares them.
BULK: dict[str, Callable[[Job], Figures]] = {
    "sites-together": sites_together,
    "crosspage-bulk": crosspage_bulk,
}

#: All suites, in the order in which they are told.
SUITES = tuple(CLEANING | FINDING | BULK)


def main() -> None:
    """Print the figures of one tool as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--only", default=",".join(CLEANING | FINDING))
    parser.add_argument("--tool", default="dedupe")
    parser.add_argument("--step", type=int, default=1)
    args = parser.parse_args()
    for suite in args.only.split(","):
        if needs_shared(suite) and not args.shared.is_dir():
            print(f"{suite}: {args.shared} is not there, the development corpus is needed")
            continue
        cleaner = peers.load_cleaner(args.tool) if suite in CLEANING else None
        find = peers.load_finder(args.tool) if suite in FINDING else None
        figures = run(suite, Job(cleaner, find, args.shared, args.step))
        print(suite, json.dumps(figures, indent=1), flush=True)


if __name__ == "__main__":
    main()
