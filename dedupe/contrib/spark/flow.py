"""The bulk job as a flow of data frames: prepared pages in, finished pages out.

    prepared ─▶ articles (each text once) ─▶ keys ─▶ pairs ─▶ links (verified) ─▶ labels ─▶ templates
                                                       └──── once more, without the templates ────┘
    links, labels ─▶ stories ─▶ verdicts ─▶ finished

What is decided is decided by the functions of `corpus`, `verify`, `clusters` and `bulk_stages`, in `tasks`;
here stands only what must come together for that. Rows are known by what they say (`node`) and by where they
come from (`place`), never by numbers that a task gives out: a task that is run again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone gives it

from dedupe.bulk.tasks import Shard, unique_names
from dedupe.contrib.spark import tasks
from dedupe.contrib.spark.components import components
from dedupe.contrib.spark.finishing import FINISHED, finished_rows
from dedupe.contrib.spark.records import one_batch, signed_from, sortable, texts, texts_from
from dedupe.corpus.graph import order_of_choice
from dedupe.corpus.thresholds import CANDIDATE_RULES
from dedupe.text import minhash

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

    from dedupe.bulk.records import Rendering
    from dedupe.contrib.spark.stages import Stages

_SIDE = ("place", "site", "samples", "sentences", "lengths")
_MEMBERS = 2000  # articles whose stories are told together, if they are of several components


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a run is laid out; nothing here changes what it finds, `component` apart.

    Args:
        partitions: partitions of the prepared pages and of the outputs; None: by the bytes that come in.
        partition_bytes: … of that size.
        wave: partitions that are prepared, and kept for --resume, together; None: four a core.
        component: articles that are compared as one component; of a larger one, pieces of that size are.
        gathered: links up to which components are found by the driver.
        heavy: articles from which a key that they share is reported.
        isolated: clean pages in processes of their own, held to the limits of a page.
    """

    partitions: int | None = None
    partition_bytes: int = 64 << 20
    wave: int | None = None
    component: int = 10_000
    gathered: int = 1_000_000
    heavy: int = 10_000
    isolated: bool = True


def finished(stages: Stages, prepared: DataFrame, rendering: Rendering, tuning: Tuning) -> DataFrame:
    """The pages of `PREPARED` as rows of `FINISHED`; each stage is written on the way."""
    pages = _named(stages, prepared)
    articles = stages.done("articles", lambda: _articles(pages))
    pairs = _pairs(stages, articles, tuning)
    links, hubs, labels = first = _graph(stages, "first", articles, pairs, tuning)
    templates = _templates(stages, pages, labels)
    bare = articles
    if not templates.isEmpty():
        known = _shared(stages, templates)
        bare = stages.done("bare", lambda: _map(articles, partial(tasks.without_template, known)))
        links, hubs, labels = _graph(stages, "second", bare, pairs, tuning)
    stories = stages.done("stories", lambda: _stories(stages, bare, links, labels, tuning))
    verdicts = stages.done("verdicts", lambda: _verdicts(pages, articles, stories, links, hubs))
    spared = stages.done("spared", lambda: _spared(stages, pages, first[2], verdicts, templates))
    said = (verdicts, templates, spared)
    return stages.done("finished", lambda: _finished(stages, pages, said, rendering, tuning))


# ---------------------------------------------------------------- pages and articles


def _named(stages: Stages, prepared: DataFrame) -> DataFrame:
    """The pages under final names: where several have one, the later ones get a number behind it."""
    bare = F.regexp_replace(F.hex("name"), "(7E(3[0-9])+)+$", "").alias("family")  # without "~2" at the end
    names = prepared.select("place", "name", "date", "digest", "units", bare)
    twice = names.groupBy("name").agg(F.count(F.lit(1)).alias("n"), F.first("family").alias("family"))
    families = stages.done("name-families", lambda: twice.where("n > 1").select("family").distinct())
    if families.isEmpty():
        return prepared
    columns = "place binary, name binary, rank binary"
    again = names.join(families, "family").groupBy("family").applyInArrow(_renamed, columns)
    final = stages.done("names", lambda: again).withColumnsRenamed({"name": "new_name", "rank": "new_rank"})
    joined = prepared.join(final, "place", "left")
    named = {name: F.coalesce(f"new_{name}", name) for name in ("name", "rank")}
    return joined.withColumns(named).drop("new_name", "new_rank")


def _renamed(table: pa.Table) -> pa.Table:
    batch = one_batch(table.sort_by("place"))
    found = unique_names([Shard(0, tuple(texts_from(batch.column("name"))), ())])
    names = texts(found)
    batch = batch.set_column(batch.schema.get_field_index("name"), "name", names)
    signed = signed_from(batch)
    ranks = [sortable(order_of_choice(signed, number)) for number in range(len(signed))]
    return pa.table({"place": batch.column("place"), "name": names, "rank": pa.array(ranks, pa.binary())})


def _articles(pages: DataFrame) -> DataFrame:
    """Each text once: of pages whose words are all equal the one to keep, and how many they are."""
    best = F.min(F.struct("rank", "place")).alias("best")
    groups = pages.where("node is not null").groupBy("node").agg(best, F.count(F.lit(1)).alias("copies"))
    leaders = groups.select(F.col("best.place").alias("place"), "copies")
    return pages.drop("plain", "failed").join(leaders, "place")  # by place: no text is everywhere


# ---------------------------------------------------------------- pairs


def _pairs(stages: Stages, articles: DataFrame, tuning: Tuning) -> DataFrame:
    """Pairs of articles that may hold the same passage, each once; keys of very many are kept apart."""
    neighbours = CANDIDATE_RULES.neighbour_articles
    by_samples = _grouped(articles.select("node", "samples"), tasks.sample_keys, neighbours, tuning)
    counted = by_samples.groupBy("a", "b").agg(F.sum("shared").alias("shared"), F.first("size").alias("size"))
    sampled = stages.done("sample-pairs", lambda: _map(counted, tasks.enough, tasks.PROPOSED))
    banded = articles.where("length(bands) > 0").select("node", "samples", "bands")
    by_bands = stages.done(
        "band-pairs", lambda: _grouped(banded, tasks.band_keys, minhash.NEIGHBOURS, tuning)
    )
    both = sampled.select("a", "b").unionByName(by_bands.select("a", "b"))
    return stages.done("pairs", lambda: both.where("b is not null").distinct())


def heavy_keys(stages: Stages) -> DataFrame:
    """Keys that very many articles share, and how many."""
    found = [stages.spark.read.parquet(f"{stages.work}/{name}-pairs") for name in ("sample", "band")]
    rows = found[0].select("a", "b", "shared").unionByName(found[1].select("a", "b", "shared"))
    return rows.where("b is null").select(F.col("a").alias("key"), F.col("shared").alias("articles"))


def _grouped(articles: DataFrame, keys: Callable[..., object], neighbours: int, tuning: Tuning) -> DataFrame:
    found = _map(articles, keys, tasks.KEYS).repartition("key").sortWithinPartitions("key", "least", "node")
    return _map(found, partial(tasks.proposed, neighbours, tuning.heavy), tasks.PROPOSED)


# ---------------------------------------------------------------- the graph of links


def _graph(
    stages: Stages, step: str, articles: DataFrame, pairs: DataFrame, tuning: Tuning
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """The links between articles, the pages that hold several of them, and the components of the copies."""
    found = stages.done(
        f"{step}-signatures",
        lambda: _map(_with_sides(pairs, articles, _SIDE), tasks.by_signature, tasks.LINKS),
    )
    first, sampled = (found.where(F.col("step") == at) for at in (tasks.SENTENCES, tasks.SAMPLES))
    settled = components(stages, f"{step}-settled", first.where("known"), tuning.gathered)
    better = stages.done(f"{step}-samples", lambda: _apart(sampled, settled))
    links = _replaced(first, better)
    sure = components(stages, f"{step}-sure", links.where("known and copy"), tuning.gathered)
    doubt = _apart(better.where("not known"), sure)
    worded = stages.done(
        f"{step}-words",
        lambda: _map(_with_sides(doubt, articles, (*_SIDE, "body")), tasks.by_text, tasks.LINKS),
    )
    links = stages.done(f"{step}-links", lambda: _replaced(links, worded))
    hubs = stages.done(f"{step}-hubs", lambda: _hubs(links))
    copies = links.where("copy").join(hubs, "holder", "left_anti")
    return links, hubs, components(stages, f"{step}-labels", copies, tuning.gathered)


def _replaced(links: DataFrame, better: DataFrame) -> DataFrame:
    """The links with what is known better of some pairs."""
    return links.join(better.select("a", "b"), ["a", "b"], "left_anti").unionByName(better)


def _with_sides(pairs: DataFrame, articles: DataFrame, columns: tuple[str, ...]) -> DataFrame:
    """Pairs with some columns of both articles."""
    for side in "ab":
        names = [F.col("node").alias(side), *(F.col(name).alias(f"{side}_{name}") for name in columns)]
        pairs = pairs.join(articles.select(*names), side)
    return pairs


def _apart(links: DataFrame, labels: DataFrame) -> DataFrame:
    """The links whose ends no other links connect."""
    found = _with_labels(links, labels)
    return found.where(F.coalesce("label_a", "a") != F.coalesce("label_b", "b")).drop("label_a", "label_b")


def _with_labels(links: DataFrame, labels: DataFrame) -> DataFrame:
    for side in "ab":
        names = [F.col("node").alias(side), F.col("label").alias(f"label_{side}")]
        links = links.join(labels.select(*names), side, "left")
    return links


def _hubs(links: DataFrame) -> DataFrame:
    """Pages that hold several articles which are not each other's copies."""
    held = links.where("holder is not null").select("holder", "passage")
    many = held.groupBy("holder").count().where("count > 1").select("holder")
    return held.join(many, "holder").groupBy("holder").applyInArrow(tasks.hub, "holder long")


# ---------------------------------------------------------------- site templates


def _templates(stages: Stages, pages: DataFrame, labels: DataFrame) -> DataFrame:
    """The blocks that belong to a site rather than to an article: those of a site are found together."""

    def found() -> DataFrame:
        of_sites = _told(pages, labels).select("site", "blocks", "block_units", "story")
        # equal pages of a site as one: else a text that is everywhere would be all in one place
        told = of_sites.distinct().groupBy("site")
        return told.applyInArrow(tasks.site_templates, "site binary, block long")

    return stages.done("templates", found)


def _told(pages: DataFrame, labels: DataFrame) -> DataFrame:
    """The pages of sites with the numbers of their `story`; one without words is one by itself."""
    of_sites = pages.where("length(site) > 0").join(labels, "node", "left")
    return of_sites.withColumn("story", F.coalesce("label", "node", F.xxhash64("place"))).drop("label")


def _spared(
    stages: Stages, pages: DataFrame, labels: DataFrame, verdicts: DataFrame, templates: DataFrame
) -> DataFrame:
    """The pages that keep blocks of their site's template, and which."""
    known = _shared(stages, templates)
    sites = templates.select("site").distinct()
    told = _told(pages, labels).join(sites, "site", "left_semi")
    said = verdicts.select("place", "leader", "leader_place", "relation")
    is_copy = F.col("relation").isNotNull() & (F.col("relation") != "contains")
    dropped = F.col("leader").isNotNull() & (is_copy | (F.col("place") != F.col("leader_place")))
    columns = ("place", "name", "site", "date", "blocks", "block_units", "story", "dropped")
    rows = told.join(said, "place", "left").withColumn("dropped", F.coalesce(dropped, F.lit(False)))

    def of_site(table: pa.Table) -> pa.Table:  # the engine tells by its signature what it takes
        return tasks.spared_blocks(known, table)

    return rows.select(*columns).groupBy("site").applyInArrow(of_site, tasks.SPARED)


def _shared(stages: Stages, templates: DataFrame) -> Callable[[], tasks.Templates]:
    """The templates, by site, wherever a task asks for them."""
    found: dict[str, list[int]] = {}
    table = templates.toArrow()
    for site, block in zip(texts_from(table.column("site")), table.column("block").to_pylist(), strict=True):
        found.setdefault(site, []).append(block)
    arrays = {site: np.sort(np.array(blocks, np.int64).view(np.uint64)) for site, blocks in found.items()}
    kept = stages.spark.sparkContext.broadcast(arrays)
    return lambda: kept.value


# ---------------------------------------------------------------- stories


def _stories(
    stages: Stages, articles: DataFrame, links: DataFrame, labels: DataFrame, tuning: Tuning
) -> DataFrame:
    """The articles of each component as stories, one article of each to be kept."""
    pieces = _pieces(stages, articles, labels, tuning.component)
    inside = _with_labels(links, pieces).where("label_a = label_b")
    groups = max(1, pieces.count() // _MEMBERS)
    bucket = F.pmod(F.xxhash64("label"), F.lit(groups)).alias("bucket")
    members = articles.drop("blocks", "block_units", "block_sentences", "block_samples", "bands")
    left = members.join(pieces, "node").select("*", bucket)
    right = inside.withColumn("label", F.col("label_a")).select("a", "b", "evidence", "known", "copy", bucket)
    cogrouped = left.groupBy("bucket").cogroup(right.groupBy("bucket"))
    return cogrouped.applyInArrow(tasks.stories, tasks.STORIES)


def _pieces(stages: Stages, articles: DataFrame, labels: DataFrame, most: int) -> DataFrame:
    """The labels, those of components with more than `most` articles cut into pieces of about that size.

    What is likely alike stays together: pieces are cut by the words of the articles.
    """
    sizes = labels.groupBy("label").count().where(F.col("count") > most)
    giants = stages.done("giants", lambda: sizes)
    if giants.isEmpty():
        return labels
    of_giants = labels.join(F.broadcast(giants), "label", "left_semi")
    lying = _map(articles.select("node", "samples").join(of_giants, "node"), tasks.content_order, tasks.LYING)
    row = F.row_number().over(Window.partitionBy("label").orderBy("least", "node")) - 1
    cut = lying.select("node", F.xxhash64("label", F.floor(row / most)).alias("label"))
    return labels.join(F.broadcast(giants), "label", "left_anti").select("node", "label").unionByName(cut)


def _verdicts(
    pages: DataFrame, articles: DataFrame, stories: DataFrame, links: DataFrame, hubs: DataFrame
) -> DataFrame:
    """For each page of which something is to be said: its leader, and what was found of that one."""
    names = articles.select(
        "node", F.col("name").alias("leader"), F.col("place").alias("leader_place"), "copies"
    )
    found = names.join(stories, "node", "left").join(_linked(names, links, hubs), "node", "left")
    said = found.where("copies > 1 or cluster is not null or linked is not null")
    many = said.where("copies > 1000")  # few, but with very many pages: they go to where these are
    few = said.where("copies <= 1000")
    places = pages.where("node is not null").select("place", "node")
    return places.join(F.broadcast(many), "node").unionByName(places.join(few, "node")).drop("node")


def _linked(names: DataFrame, links: DataFrame, hubs: DataFrame) -> DataFrame:
    """For each page that holds several articles, and for each of these, the names of the others."""
    held = links.join(hubs, "holder", "left_semi").select("a", "b")
    both = held.unionByName(held.select(F.col("b").alias("a"), F.col("a").alias("b")))
    named = both.join(names.select(F.col("node").alias("b"), "leader"), "b")
    return named.groupBy("a").agg(F.collect_set("leader").alias("linked")).withColumnRenamed("a", "node")


# ---------------------------------------------------------------- finish


def _finished(
    stages: Stages,
    pages: DataFrame,
    said: tuple[DataFrame, DataFrame, DataFrame],
    rendering: Rendering,
    tuning: Tuning,
) -> DataFrame:
    """The pages finished, given what is `said` of them: their verdicts, the templates, the spared blocks."""
    verdicts, templates, spared = said
    columns = ("place", "name", "site", "blocks", "plain")
    joined = pages.select(*columns).join(verdicts, "place", "left").join(spared, "place", "left")
    if tuning.partitions:
        joined = joined.repartition(tuning.partitions, "place")
    known = _shared(stages, templates)
    done = partial(finished_rows, rendering, known)
    return _map(joined.sortWithinPartitions("place"), done, FINISHED)


def _map(frame: DataFrame, function: Callable[..., object], schema: str | None = None) -> DataFrame:
    return frame.mapInArrow(function, schema or frame.schema)
