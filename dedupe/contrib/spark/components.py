"""Connected components of a graph that no machine holds, by alternating stars (Kiveris et al., 2014).

Every round is written out before the next one begins, so that plans stay short and what a lost worker did is
not done twice. A component ends as a star round its smallest node.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone gives it

from dedupe.corpus.components import components as of_links
from dedupe.errors import DedupeError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from dedupe.contrib.spark.stages import Stages

_ROUNDS = 60  # it takes about log² of the longest path; more means a fault


def components(stages: Stages, name: str, links: DataFrame, gathered: int) -> DataFrame:
    """The nodes of `links` (a, b), each with the smallest node of its component as `label`.

    A graph of up to `gathered` links is solved by the driver. The stage is written as `name`.

    Raises:
        DedupeError: it does not converge.
    """

    def found() -> DataFrame:
        few = links.select("a", "b").limit(gathered + 1).toArrow() if gathered else None
        if few is not None and few.num_rows <= gathered:
            return stages.frame(_labels(few))
        return _stars(stages, name, links.select("a", "b"))

    return stages.done(name, found)


def _labels(links: pa.Table) -> pa.Table:
    ends = [links.column(name).to_numpy() for name in ("a", "b")]
    nodes, which = np.unique(np.concatenate(ends), return_inverse=True)
    firsts = of_links(len(nodes), which[: len(ends[0])], which[len(ends[0]) :])
    return pa.table({"node": nodes, "label": nodes[firsts]})  # nodes are sorted: the first is the smallest


def _stars(stages: Stages, name: str, links: DataFrame) -> DataFrame:
    links = stages.done(f"{name}-0", lambda: _downwards(links))
    before = _state(links)
    for step in range(1, _ROUNDS):
        links = stages.done(f"{name}-{step}", partial(_both_stars, links))
        after = _state(links)
        if after == before:
            ends = links.select(F.col("b").alias("node"), F.col("a").alias("label"))
            return ends.unionByName(
                links.select(F.col("a").alias("node"), F.col("a").alias("label")).distinct()
            )
        before = after
    raise DedupeError(f"components did not converge in {_ROUNDS} rounds; report this with the data")


def _downwards(links: DataFrame) -> DataFrame:
    """Links as (smaller, larger), each once."""
    ends = [F.least("a", "b").alias("a"), F.greatest("a", "b").alias("b")]
    return links.where("a <> b").select(*ends).distinct()


def _both_stars(links: DataFrame) -> DataFrame:
    return _small_star(_large_star(links))


def _large_star(links: DataFrame) -> DataFrame:
    """Every node links its larger neighbours to the smallest node that it knows."""
    both = links.unionByName(links.select(F.col("b").alias("a"), F.col("a").alias("b")))
    least = both.groupBy("a").agg(F.least("a", F.min("b")).alias("least"))
    larger = both.where("b > a").join(least, "a")
    return larger.select(F.col("least").alias("a"), "b").distinct()


def _small_star(links: DataFrame) -> DataFrame:
    """Every node links its smaller neighbours and itself to the smallest of them."""
    least = links.groupBy("b").agg(F.min("a").alias("least"))
    smaller = (
        links.join(least, "b").where("a <> least").select(F.col("least").alias("a"), F.col("a").alias("b"))
    )
    own = least.select(F.col("least").alias("a"), "b")
    return _downwards(smaller.unionByName(own))


def _state(links: DataFrame) -> tuple[int, int]:
    """What two sets of links have in common only if they are the same: their number and a sum of hashes."""
    row = links.agg(F.count(F.lit(1)), F.sum(F.xxhash64("a", "b").cast("decimal(38,0)"))).first()
    return int(row[0]), int(row[1] or 0)
