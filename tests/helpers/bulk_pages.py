"""Sources for whole runs: small pages of made-up sentences, and broken files of many kinds."""

from __future__ import annotations

import bz2
import gzip
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

# fmt: off
WORDS = [
    "harbour", "council", "bridge", "winter", "engine", "ferry", "teacher", "market", "river", "signal",
    "garden", "window", "letter", "coast", "budget", "forest", "island", "railway", "station", "doctor",
    "harvest", "museum", "orchard", "quarry", "lantern", "village", "meadow", "pilot", "cellar",
    "ticket", "minister", "painter", "summer", "border", "kettle", "saddle", "timber", "canal", "bakery",
    "tower", "valley",
]
# fmt: on


def sentences(seed: str, count: int = 12) -> list[str]:
    """Sentences that no other seed gives."""
    rng = random.Random(seed)
    return [
        " ".join(rng.choice(WORDS) for _ in range(rng.randint(14, 22))).capitalize() + "."
        for _ in range(count)
    ]


def html(seed: str) -> str:
    """A page with the sentences of a seed, a menu and a footer."""
    lines = sentences(seed)
    body = "".join(f"<p>{' '.join(lines[at : at + 3])}</p>" for at in range(0, len(lines), 3))
    links = "".join(f"<li><a href='/{word}'>{word.capitalize()}</a></li>" for word in WORDS[:9])
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{lines[0][:40]} | Site</title></head><body>"
        f"<nav><ul>{links}</ul></nav><article><h1>{lines[0][:40]}</h1>{body}</article>"
        "<footer><p><a href='/about'>About us</a> <a href='/terms'>Terms</a></p></footer></body></html>"
    )


def site(folder: Path, count: int, order: Callable[[list[int]], Any] | None = None) -> Path:
    """Write `count` pages of three sites under a folder, in another order if `order` changes it."""
    numbers = list(range(count))
    if order:
        order(numbers)
    for number in numbers:
        path = folder / f"site{number % 3}" / f"{number:03}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html(str(number)), "utf-8")
    return folder


def broken(folder: Path, seed: int = 0) -> dict[str, str]:
    """Write sources that cannot be cleaned into a folder; gives their names with a word of the reason."""
    random_bytes = random.Random(seed).randbytes
    data = {
        "cut.html.gz": (gzip.compress(random_bytes(9000))[:-900], "damaged"),
        "cut.html.bz2": (bz2.compress(random_bytes(9000))[:-900], "damaged"),
        "not.html.gz": (b"<p>never packed</p>", "damaged"),
        "not.html.bz2": (b"<p>never packed</p>", "damaged"),
        "empty.html.gz": (b"", "damaged"),
        "empty.txt.bz2": (b"", "damaged"),
        "head.html.gz": (b"\x1f\x8b\x08", "damaged"),
        "junk.html.gz": (b"\x1f\x8b\x08\x00" + random_bytes(500), "damaged"),
        "junk.html.bz2": (b"BZh9" + random_bytes(500), "damaged"),
        "wrong-sum.html.gz": (gzip.compress(b"<p>x</p>")[:-8] + b"\0" * 8, "damaged"),
        "bomb.html.gz": (gzip.compress(b"\0" * (40 << 20)), "larger than"),
        "bomb.txt.bz2": (bz2.compress(b"\0" * (40 << 20)), "larger than"),
        "large.html": (b"<p>" + b"x" * (3 << 20), "larger than 2 MiB"),
        "large.html.gz": (gzip.compress(random_bytes(3 << 20)), "larger than 2 MiB"),
        "picture.html": (b"\x89PNG\r\n\x1a\n" + random_bytes(5000), ""),
        "zip.html": (b"PK\x03\x04" + random_bytes(5000), ""),
        "program.txt": (b"\x7fELF\x02\x01\x01" + random_bytes(5000), ""),
        "zeros.txt": (b"\0" * 5000, ""),
        "document.html": (b"%PDF-1.7\n" + random_bytes(5000), ""),
        "lines.jsonl.gz": (gzip.compress(b'{"text": "x"}\n' * 5)[:-12], "damaged"),
        "bomb.jsonl.gz": (gzip.compress(b" \n" * (30 << 20)), "bomb"),
        "array.jsonl": (b"[1, 2, 3]\n", "a list"),
        "cut.jsonl": (b'{"text": "abc', "no JSON"),
        "latin.jsonl": (b'{"text": "caf\xe9"}\n', "not UTF-8"),
        "utf16.jsonl": ('{"text": "x"}\n'.encode("utf-16-le"), ""),
        "deep.jsonl": (b"[" * 50_000 + b"\n", "nested too deeply"),
        "number.jsonl": (b'{"text": 5}\n', "no text in the fields"),
        "fields.jsonl": (b'{"content": "x"}\n', "no text in the fields"),
        "long.jsonl": (b'{"text": "' + b"x" * (3 << 20) + b'"}\n', "longer than 2 MiB"),
        "junk.parquet": (b"PAR1" + random_bytes(500) + b"PAR1", ""),
        "junk.warc": (random_bytes(500), ""),
        "cut.warc.gz": (gzip.compress(b"WARC/1.0\r\nWARC-Type: response\r\n" + random_bytes(500))[:-90], ""),
        "folder.html": (b"<p>x</p>", "taken by a folder"),
    }
    for name, (content, _) in data.items():
        (folder / name).write_bytes(content)
    (folder / "folder.html.txt").mkdir()
    (folder / "folder.html.txt" / "inside.html").write_text(html("inside"), "utf-8")
    (folder / "gone.html").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe.html")
    (folder / "loop.html").symlink_to(folder / "loop.html")
    more = {"gone.html": "link to nothing", "pipe.html": "not a regular file", "loop.html": "cannot be read"}
    return {name: reason for name, (_, reason) in data.items()} | more
