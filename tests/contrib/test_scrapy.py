"""A real crawl of a real local site, with a stop and a restart between."""

from __future__ import annotations

import functools
import http.server
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ON_CI
from prose import edited, prose

from dedupe import open_index

try:
    import scrapy  # noqa: F401
except ImportError:
    if ON_CI:
        raise
    pytest.skip("needs scrapy", allow_module_level=True)

ARTICLES, REPRINTS, EDITED, TWICE = 40, 12, 6, 8
PAGES = ARTICLES + REPRINTS + EDITED

SPIDER = """
import dataclasses, json, sys
import scrapy
from scrapy.crawler import CrawlerProcess

start, results, items = sys.argv[1], sys.argv[2], sys.argv[3]
settings = json.loads(sys.argv[4])


@dataclasses.dataclass
class Page:
    url: str
    html: bytes
    dedupe: dict | None = None
    clean_text: str | None = None


class Item(scrapy.Item):
    url = scrapy.Field()
    response = scrapy.Field()
    dedupe = scrapy.Field()
    clean_text = scrapy.Field()


class Spider(scrapy.Spider):
    name = "news"
    start_urls = [start]

    def parse(self, response):
        yield from response.follow_all(css="li a", callback=self.parse_page)

    def parse_page(self, response):
        kind = getattr(self.settings, "attributes")["KIND"].value
        if kind == "dataclass":
            yield Page(response.url, response.body)
        elif kind == "item":
            yield Item(url=response.url, response=response)
        elif kind == "response":
            yield {"response": response}
        else:
            yield {"url": response.url, "html": response.text}


class Written:
    def process_item(self, item):
        from itemadapter import ItemAdapter
        found = ItemAdapter(item)
        row = {name: found.get(name) for name in ("dedupe", "clean_text")}
        row["url"] = found.get("url") or found["response"].url
        with open(items, "a") as file:
            file.write(json.dumps(row) + "\\n")
        return item


process = CrawlerProcess({
    "ADDONS": {"dedupe.contrib.scrapy.Addon": 500},
    "ITEM_PIPELINES": {Written: 900},
    "LOG_LEVEL": "WARNING", "TELNETCONSOLE_ENABLED": False, "KIND": "dict", "DOWNLOAD_DELAY": 0,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 4, **settings,
})
crawler = process.create_crawler(Spider)
process.crawl(crawler)
process.start()
with open(results, "w") as file:
    json.dump({k: v for k, v in crawler.stats.get_stats().items() if k.startswith("dedupe/")}, file)
"""


def html(blocks: list[str], title: str) -> str:
    body = "\n".join(f"<p>{block}</p>" for block in blocks)
    menu = "".join(f'<a href="/{name}">{name.title()}</a> ' for name in ("world", "sport", "weather"))
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head><body><nav>{menu}</nav>"
        f"<article><h1>{title}</h1>{body}</article>"
        "<footer>© The Gazette. All rights reserved.</footer></body></html>"
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The start page of a site with articles, reprints, edited ones, and pages with their article twice."""
    folder = tmp_path_factory.mktemp("site")
    articles = [prose(1000 + number, 6) for number in range(ARTICLES)]
    pages = dict(enumerate(articles))
    for number in range(REPRINTS):
        pages[ARTICLES + number] = articles[number * 2]
    for number in range(EDITED):
        pages[ARTICLES + REPRINTS + number] = edited(articles[number * 2 + 1], 0.02, number)
    for number in range(ARTICLES - TWICE, ARTICLES):
        pages[number] = [*articles[number], *articles[number]]
    order = list(pages)
    random.Random(2).shuffle(order)
    for number, blocks in pages.items():
        (folder / f"{number}.html").write_text(html(blocks, blocks[0][:50]), "utf-8")
    links = "".join(f'<li><a href="/{number}.html">{number}</a></li>' for number in order)
    (folder / "index.html").write_text(f"<ul>{links}</ul>", "utf-8")
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class Crawl:
    """Crawls into one folder."""

    def __init__(self, folder: Path, start: str, **settings: Any) -> None:
        self.folder = folder
        self.start = start
        self.settings = {"DEDUPE_INDEX": str(folder / "seen.db"), **settings}
        (folder / "spider.py").write_text(SPIDER, "utf-8")

    def begin(self, **more: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "spider.py", self.start, "stats.json", "items.jsonl"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        return subprocess.Popen(
            [*command, json.dumps({**self.settings, **more})],
            cwd=self.folder,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **more: Any) -> dict[str, int]:
        """The stats of a whole crawl."""
        crawl = self.begin(**more)
        _, complaints = crawl.communicate(timeout=180)
        assert crawl.returncode == 0, complaints
        assert "ERROR" not in complaints, complaints
        found = json.loads((self.folder / "stats.json").read_text())
        return {name.removeprefix("dedupe/"): count for name, count in found.items()}

    @property
    def items(self) -> list[dict[str, Any]]:
        file = self.folder / "items.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_counts_are_the_truth_and_a_restart_finds_nothing_new(site: str, tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, site, JOBDIR=str(tmp_path / "job"))
    first = crawl.run(CLOSESPIDER_PAGECOUNT=15, DOWNLOAD_DELAY=0.05)
    assert 0 < first["pages"] < PAGES
    second = crawl.run()
    total = {name: first.get(name, 0) + second.get(name, 0) for name in first | second}
    assert total["pages"] == PAGES
    assert total["new"] == ARTICLES
    assert total["exact"] + total["near"] == REPRINTS + EDITED
    assert total["dropped"] == REPRINTS + EDITED
    assert len(crawl.items) == ARTICLES
    third = crawl.run(JOBDIR=None)
    assert third["pages"] == third["known"] == third["dropped"] == PAGES
    assert "new" not in third
    assert "changed" not in third
    assert len(crawl.items) == ARTICLES
    with open_index(tmp_path / "seen.db") as index:
        assert index.verify().ok
        assert len(index) == PAGES


def test_a_killed_crawl_goes_on(site: str, tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, site, DOWNLOAD_DELAY=0.05, DEDUPE_ACTION="annotate")
    running = crawl.begin()
    while len(crawl.items) < 10:
        time.sleep(0.05)
        assert running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.communicate()
    told = {item["url"] for item in crawl.items}
    stats = crawl.run(DOWNLOAD_DELAY=0)
    assert stats["pages"] == PAGES
    assert stats["known"] >= len(told)
    again = {item["url"]: item["dedupe"] for item in crawl.items[len(told) :]}
    assert all(again[url]["known"] for url in told)


@pytest.mark.parametrize("kind", ["dict", "dataclass", "item", "response"])
def test_items_of_every_kind(site: str, tmp_path: Path, kind: str) -> None:
    crawl = Crawl(tmp_path, site, KIND=kind, DEDUPE_ACTION="clean")
    stats = crawl.run()
    assert (stats["pages"], stats["new"], stats["dropped"]) == (PAGES, ARTICLES, REPRINTS + EDITED)
    items = crawl.items
    assert len(items) == ARTICLES
    texts = {item["url"].rpartition("/")[2]: item["clean_text"] for item in items}
    for number in range(ARTICLES - TWICE, ARTICLES):  # what stood there twice is there once
        if text := texts.get(f"{number}.html"):
            assert text.count(prose(1000 + number, 6)[2]) == 1
    assert all("Sport" not in text for text in texts.values())


def test_annotated_items_all_go_on(site: str, tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, site, DEDUPE_ACTION="annotate", KIND="dataclass")
    stats = crawl.run()
    assert "dropped" not in stats
    statuses = [item["dedupe"]["status"] for item in crawl.items]
    assert statuses.count("new") == ARTICLES
    assert len(statuses) == PAGES


def test_it_can_be_turned_off(site: str, tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, site, DEDUPE_ENABLED=False)
    assert crawl.run() == {}
    assert len(crawl.items) == PAGES
    assert not (tmp_path / "seen.db").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"DEDUPE_ACTION": "explode"}, "DEDUPE_ACTION must be one of drop, annotate, clean"),
        ({"DEDUPE_DROP": ["exact", "blue"]}, "DEDUPE_DROP: 'blue'"),
        ({"DEDUPE_BATCH": 0}, "DEDUPE_BATCH"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], message: str) -> None:
    from scrapy.settings import Settings as Crawled

    from dedupe import OptionsError
    from dedupe.contrib.scrapy import Settings

    with pytest.raises(OptionsError, match=message):
        Settings.of(Crawled(settings))
