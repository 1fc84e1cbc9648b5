"""Inputs that nobody wrote: no exception but `DedupeError`, and what must hold of every answer holds.

    python benchmarks/fuzz.py --seconds 60 [--jobs 2] [--seed N] [--target page …] [--out DIR]
    python benchmarks/fuzz.py --replay FILE

Targets: `page` (changed parts of real and generated pages), `signs` (tags and signs in any order), `bytes`,
`records` (JSONL), `containers` (.gz, WARC), `result` (records of results), `index` (keys, times, texts). What
must hold of a page is told in `fuzz_checks.py`. Each input depends on the seed and its number alone. An
input that fails is saved to the folder, made as short as it gets in a few seconds, and printed; each kind of
fault a few times. The exit code is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import re
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fuzz_checks
import fuzz_inputs

import dedupe
from dedupe.sources import chunks as sources_chunks
from dedupe.sources import find as sources
from dedupe.sources import limits as limits_
from dedupe.sources.records import Fields

PATIENCE = 20  # seconds that an input may take
THOROUGH = 8  # every so many pages one is cleaned twice and written
SHORTENING = 2.0  # seconds that a failing input is made shorter
TOLD = 2  # inputs that a worker keeps of each kind of fault
PRINTED = 500  # characters of an input that are printed


class Hanging(BaseException):
    """An input took longer than it may."""


# ---------------------------------------------------------------- targets

Check = Callable[[Any, random.Random, Path], Iterator[str]]


def _check_page(content: str, rng: random.Random, place: Path) -> Iterator[str]:
    form = "html" if "<" in content and content.count("<") * 40 > len(content) else "text"
    yield from fuzz_checks.faults(content, form, rng.randrange(THOROUGH) == 0)


def _check_bytes(data: bytes, rng: random.Random, place: Path) -> Iterator[str]:
    encoding = rng.choice((None, None, None, *fuzz_inputs.CODECS, "nonsense"))
    result = dedupe.clean(data, encoding=encoding)
    yield from fuzz_checks.answer_faults(result)


def _check_file(name: str) -> Check:
    """Read the bytes as a file of this name, and clean what it holds."""

    def check(data: bytes, rng: random.Random, place: Path) -> Iterator[str]:
        (place / name).write_bytes(data)
        plan = sources.find([str(place / name)])
        limits, fields = limits_.Limits(), Fields()
        read = lambda file: sources_chunks.container_chunks(plan, file, fields, limits)  # noqa: E731
        for chunk in sources_chunks.chunks(plan, read):
            for page in sources_chunks.pages(plan, chunk, fields, limits, {}):
                if page.error is None:
                    yield from fuzz_checks.answer_faults(dedupe.clean(page.data, url=page.url))

    return check


def _check_result(record: Any, rng: random.Random, place: Path) -> Iterator[str]:
    result = dedupe.CleanResult.from_dict(record)
    for name in ("text", "body", "markdown", "html"):
        getattr(result, name).encode()
    json.dumps(result.to_dict())
    yield from ()


def _check_index(steps: list[Any], rng: random.Random, place: Path) -> Iterator[str]:
    url = rng.choice(("memory:", str(place / "seen.db")))
    with dedupe.open_index(url) as index:
        for name, args in steps:
            try:
                if name == "add":
                    index.add(args[0], key=args[1], when=args[2])
                    if args[1] not in index:
                        yield f"index: {args[1]!r:.60} was added and is not there"
                elif name == "query":
                    index.query(args[0], key=args[1])
                else:
                    getattr(index, name)(*args)
            except dedupe.DedupeError:
                continue


def _result(rng: random.Random) -> Any:
    """A record of a result, a value or two of it odd."""
    record: Any = dedupe.clean(fuzz_inputs.page(rng)[:1500]).to_dict()
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = record
        while isinstance(place, (dict, list)) and place:
            key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
            if rng.random() < 0.4 or not isinstance(place[key], (dict, list)) or not place[key]:
                place[key] = fuzz_inputs.odd(rng)
                break
            place = place[key]
    return record if rng.random() < 0.95 else fuzz_inputs.odd(rng)


def _steps(rng: random.Random) -> list[Any]:
    """What is asked of an index, with keys and times that nobody expects."""
    text = fuzz_inputs.page(rng)[:800]
    keys = [
        "a",
        "",
        "x" * 70_000,
        "\x00",
        "\ud800",
        "海",
        "'; drop table",
        "a\nb",
        fuzz_inputs.generated(rng)[:300],
    ]
    times = [None, 0, -1, 2**31, 2**63, 10**30, float("nan"), float("inf"), 1.5]
    steps: list[Any] = []
    for _ in range(rng.randint(1, 5)):
        name = rng.choice(("add", "add", "query", "forget", "expire", "stats", "verify"))
        arguments: Any = {
            "add": (text, rng.choice(keys), rng.choice(times)),
            "query": (text, rng.choice((None, *keys))),
            "forget": (rng.choice(keys),),
            "expire": (rng.choice(times[1:]),),
        }
        steps.append((name, arguments.get(name, ())))
    return steps


#: How an input is made, how it is checked, and how often its turn comes.
TARGETS: dict[str, tuple[Callable[[random.Random], Any], Check, int]] = {
    "page": (fuzz_inputs.page, _check_page, 12),
    "signs": (fuzz_inputs.generated, _check_page, 4),
    "bytes": (fuzz_inputs.page_bytes, _check_bytes, 3),
    "records": (fuzz_inputs.records, _check_file("pages.jsonl"), 1),
    "gz-page": (
        lambda rng: fuzz_inputs.packed(rng, fuzz_inputs.page_bytes(rng)),
        _check_file("page.html.gz"),
        1,
    ),
    "gz-records": (
        lambda rng: fuzz_inputs.packed(rng, fuzz_inputs.records(rng)),
        _check_file("pages.jsonl.gz"),
        1,
    ),
    "warc": (fuzz_inputs.warc, _check_file("pages.warc"), 1),
    "result": (_result, _check_result, 2),
    "index": (_steps, _check_index, 1),
}


def told(target: str, value: Any, name: str, place: Path) -> list[str]:
    """What is wrong with the answer to an input; each line begins with the kind of fault."""
    rng = random.Random(f"check {name}")
    signal.alarm(PATIENCE)
    try:
        return list(TARGETS[target][1](value, rng, place))
    except dedupe.DedupeError:
        return []
    except Hanging:
        return [f"hangs: more than {PATIENCE} s"]
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "dedupe/" in frame.filename]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "the fuzzer"
        return [f"raises: {type(error).__name__} in {where}: {error!s:.100}"]
    finally:
        signal.alarm(0)


def kind_of(fault: str) -> str:
    """What findings of one cause have in common."""
    name, _, rest = fault.partition(": ")
    rules = re.findall(r"\b(?:repeat|markup|phrase|drop|lexicon)\b:?[\w<>-]*", rest)
    return f"{name} {rest.split(': ')[0]}" if name == "raises" else " ".join([name, *sorted(set(rules))[:3]])


# ---------------------------------------------------------------- making a failing input shorter


def shortened(target: str, value: Any, name: str, kind: str, place: Path) -> Any:
    """A shorter text or shorter bytes that fail in the same way; other values as they are."""
    if not isinstance(value, (str, bytes)):
        return value
    end = time.monotonic() + SHORTENING
    parts = _parts(value)
    size = max(1, len(parts) // 2)
    while size and time.monotonic() < end:
        at = 0
        while at < len(parts) and time.monotonic() < end:
            fewer = parts[:at] + parts[at + size :]
            faults = told(target, value[:0].join(fewer), name, place)
            if any(kind_of(fault) == kind for fault in faults):
                parts = fewer
            else:
                at += size
        size //= 2
    return value[:0].join(parts)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, bytes):
        return [value[at : at + 1] for at in range(len(value))]
    return [part for part in re.split(r"(?=<)|(?<=[>\n。.])", value) if part]


# ---------------------------------------------------------------- running


def work(job: int, jobs: int, seed: int, end: float, targets: list[str], results: Any, current: Any) -> None:
    """Check every `jobs`th input until the time is over; report faults, in the end their number."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _ring)
    turns = [name for name in targets for _ in range(TARGETS[name][2])]
    seen: Counter[str] = Counter()
    count: Counter[str] = Counter()
    number = job
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        while time.monotonic() < end:
            current.value = number
            name = f"{seed} {number}"
            target = random.Random(f"target {name}").choice(turns)
            value = TARGETS[target][0](random.Random(f"input {name}"))
            count[target] += 1
            faults = {kind_of(fault): fault for fault in told(target, value, name, Path(folder))}
            for kind, fault in faults.items():
                seen[kind] += 1
                if seen[kind] <= TOLD:
                    short = shortened(target, value, name, kind, Path(folder))
                    results.put(("fault", kind, fault, target, name, value, short))
            number += jobs
    results.put(("done", job, count, seen))


def _ring(*_: object) -> None:
    raise Hanging


def run(args: argparse.Namespace) -> int:
    """Run the workers for the time given; 1 if anything failed."""
    fuzz_inputs.sources()  # read once, before the workers part
    context = multiprocessing.get_context("fork")
    results: Any = context.SimpleQueue()
    end = time.monotonic() + args.seconds
    currents = [context.Value("q", -1) for _ in range(args.jobs)]
    workers = [
        context.Process(
            target=work, args=(job, args.jobs, args.seed, end, args.target, results, currents[job])
        )
        for job in range(args.jobs)
    ]
    for worker in workers:
        worker.start()
    count: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    running = set(range(args.jobs))
    while running:
        for job in [job for job in running if not workers[job].is_alive() and results.empty()]:
            running.discard(job)
            seen["crash"] += 1
            print(
                f"crash: worker {job} died with {workers[job].exitcode} at {args.seed} {currents[job].value}"
            )
        if results.empty():
            time.sleep(0.05)
            continue
        message = results.get()
        if message[0] == "done":
            running.discard(message[1])
            count += message[2]
            seen += message[3]
        else:
            tell(args.out, *message[1:])
    print(f"\n{count.total():,} inputs: " + ", ".join(f"{name} {n:,}" for name, n in sorted(count.items())))
    print("nothing found" if not seen else "found: " + ", ".join(f"{k} {n}" for k, n in seen.most_common()))
    return 1 if seen else 0


def tell(out: Path, kind: str, fault: str, target: str, name: str, value: Any, short: Any) -> None:
    """Save an input that failed and print it in its short form."""
    out.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^\w-]+", "-", f"{kind}-{name}")[:100]
    record = {"target": target, "name": name, "kind": kind, "fault": fault}
    record |= {"value": _plain(value), "short": _plain(short)}
    (out / f"{stem}.json").write_text(json.dumps(record), "utf-8")
    print(f"{fault}\n  {target} {name} -> {out / stem}.json\n  {short!r:.{PRINTED}}", flush=True)


def _plain(value: Any) -> Any:
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


def replay(file: Path) -> int:
    """Check a saved input again, its short form first."""
    signal.signal(signal.SIGALRM, _ring)
    record = json.loads(file.read_text("utf-8"))
    faults: list[str] = []
    for form in ("short", "value"):
        value = record[form]
        if isinstance(value, dict) and set(value) == {"bytes"}:
            value = bytes.fromhex(value["bytes"])
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            found = told(record["target"], value, record["name"], Path(folder))
        print(f"{form}:", *(found or ["all is well"]), sep="\n  ")
        faults += found
    return 1 if faults else 0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", nargs="+", choices=tuple(TARGETS), default=list(TARGETS))
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--replay", type=Path)
    args = parser.parse_args()
    sys.exit(replay(args.replay) if args.replay else run(args))


if __name__ == "__main__":
    main()
