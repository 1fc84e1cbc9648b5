"""One pipeline from texts to clusters in a process of its own; `neardup.py speed` runs them side by side.

    python benchmarks/neardup_peers.py dedupe|rensa|datasketch DOCS.jsonl LABELS.tsv

Prints processor seconds (user and system, imports included), the peak memory in MiB, and how much of
the time came after the texts were read.
"""

from __future__ import annotations

import importlib
import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Pipeline = Callable[[Sequence[str], Sequence[str]], dict[str, str]]

WORD = re.compile(r"\w+")
GRAM = 5  # words
THRESHOLD, PERMUTATIONS, BANDS = 0.7, 128, 16


def main() -> None:
    """Run the pipeline that is named, and write a cluster label for each document."""
    name, docs, labels = sys.argv[1:]
    start = time.process_time()
    keys, texts = read(docs)
    read_in = time.process_time()
    found = PIPELINES[name](keys, texts)
    end = time.process_time()
    with open(labels, "w", encoding="utf-8") as lines:
        lines.writelines(f"{key}\t{label}\n" for key, label in found.items())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": end, "pipeline": end - read_in, "read": read_in - start, "mib": memory}))


def read(path: str) -> tuple[list[str], list[str]]:
    """The ids and texts of a JSONL file."""
    keys, texts = [], []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            keys.append(record["id"])
            texts.append(record["text"])
    return keys, texts


def dedupe(keys: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """This project's stages, as `dedupe bulk --already-clean` calls them."""
    from dedupe.corpus import records as records_
    from dedupe.corpus import signatures as corpus
    from dedupe.corpus.clusters import cluster

    blocks = [tuple([line for line in map(str.strip, text.split("\n")) if line]) for text in texts]
    prepared = [records_.Document(key, own) for key, own in zip(keys, blocks, strict=True)]
    found = cluster(
        corpus.compute_signatures(prepared), lambda numbers: [blocks[number] for number in numbers]
    )
    labels = {key: key for key in keys}
    for group in found.clusters:
        labels.update((link.a, group.kept) for link in group.copies)
    return labels


def rensa(keys: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """R-MinHash of word 5-grams, banded, candidates verified by their signatures."""
    module = importlib.import_module("rensa")
    sketches = []
    for text in texts:
        sketch = module.RMinHash(PERMUTATIONS, 1)
        sketch.update(list(grams(text)))
        sketches.append(sketch)
    return clustered(keys, sketches, module.RMinHashLSH(THRESHOLD, PERMUTATIONS, BANDS))


def datasketch(keys: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """`MinHash.bulk` of word 5-grams, the library's own LSH, candidates verified by their signatures."""
    module = importlib.import_module("datasketch")
    sets = ([gram.encode() for gram in grams(text)] for text in texts)
    sketches = module.MinHash.bulk(sets, num_perm=PERMUTATIONS)
    return clustered(keys, sketches, module.MinHashLSH(THRESHOLD, PERMUTATIONS))


def grams(text: str) -> set[str]:
    """The word 5-grams of a text."""
    words = WORD.findall(text.lower())
    return {" ".join(words[at : at + GRAM]) for at in range(max(1, len(words) - GRAM + 1))}


def clustered(keys: Sequence[str], sketches: Sequence[Any], index: Any) -> dict[str, str]:
    """Connected components over pairs whose estimated similarity reaches the threshold."""
    head = list(range(len(keys)))

    def find(at: int) -> int:
        while head[at] != at:
            head[at] = head[head[at]]
            at = head[at]
        return at

    for one, two in similar(sketches, index):
        head[find(one)] = find(two)
    return {key: keys[find(at)] for at, key in enumerate(keys)}


def similar(sketches: Sequence[Any], index: Any) -> Iterator[tuple[int, int]]:
    """Pairs that an LSH index proposes and the signatures confirm."""
    query, insert = index.query, index.insert
    for at, sketch in enumerate(sketches):
        for other in query(sketch):
            if sketches[other].jaccard(sketch) >= THRESHOLD:
                yield at, other
        insert(at, sketch)


PIPELINES: dict[str, Pipeline] = {"dedupe": dedupe, "rensa": rensa, "datasketch": datasketch}


if __name__ == "__main__":
    main()
