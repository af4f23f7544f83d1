"""How fast the search is: `python -m tests.bench.search 100000 1000000` builds indexes of that size and asks them.

Articles are recombined from sentences of the sample site's posts (and of ../shared/search-eval, where that is), so
terms are as frequent as in real text. Prints build rate, size on disk, p50/p99 of a whole search on one thread, in
wall and in processor time (another busy process makes the first longer), memory, and how soon an article is found.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.samplesite.posts import Posts
from bot.search.articles import REMEMBERED, IndexedArticles
from bot.search.builder import Change, catch_up
from bot.search.calibration import messages
from bot.search.document import Document
from bot.search.finding import Tools
from bot.search.index import Index
from bot.search.synonyms import Synonyms
from bot.search.topics import Taxonomy
from config import texts

HERE = Path(__file__).parent
CORPUS = HERE.parents[1].parent / "shared" / "search-eval" / "docs.jsonl"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
ASKED = 2000
FILES = texts.read()
TAXONOMY = Taxonomy.from_toml(FILES["topics"])
TOOLS = Tools.of(Synonyms.from_toml(FILES["synonyms"]), TAXONOMY.terms)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [100_000]
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), size)


def _measure(folder: Path, size: int) -> None:
    index = Index(folder)
    wall, busy = time.perf_counter(), time.process_time()
    catch_up(index, Shelf(size).changes)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    index.reload()
    on_disk = sum(file.stat().st_size for file in index.folder.rglob("*") if file.is_file()) >> 20
    print(
        f"{size} articles: built in {wall:.0f} s ({size / wall:.0f}/s, {size / busy:.0f} per processor second), {on_disk} MB"
    )
    _ask(IndexedArticles(index, TAXONOMY.topics, TOOLS, lambda: NOW))
    print(f"  found {_freshness(index):.0f} ms after its row was stored")
    print(f"  {_reader(folder)}", flush=True)


class Shelf:
    """Articles made as they are asked for, the same ones every time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._titles, self._sentences = _material()

    def changes(self, after: int, limit: int) -> list[Change]:
        numbers = range(after + 1, min(after + limit, self.size) + 1)
        return [Change(number, number, self._article(number)) for number in numbers]

    def _article(self, number: int) -> Document:
        chance = random.Random(number)
        body = "".join(chance.choices(self._sentences, k=chance.randrange(4, 14)))
        title = chance.choice(self._titles)
        when = NOW - timedelta(minutes=number)
        return Document(
            number,
            f"{title}（{number}）",
            body,
            when,
            url=f"https://site.example/post/{number}.html",
            summary=body[:100],
        )


def _material() -> tuple[list[str], list[str]]:
    told = [(post.title, post.body) for post in Posts().all()]
    if CORPUS.is_file():
        rows = map(json.loads, CORPUS.read_text(encoding="utf-8").splitlines())
        told += [(row["title"], row["body"]) for row in rows]
    titles = [title for title, _ in told if title]
    return titles, [part for _, body in told for part in re.findall(r"[^。\n]{6,}。?", body)]


def _ask(articles: IndexedArticles) -> None:
    """Every message as if nobody had asked it before; then the same ones again, of which the last are remembered."""
    asked = list(_messages(articles.index))
    _timed("searches", asked, lambda message: articles.told(articles.find(message)))
    again = asked[-REMEMBERED:]
    for message in again:
        articles.search(message)
    _timed("searches remembered", again, articles.search)


def _timed(what: str, messages: list[str], search: Callable[[str], object]) -> None:
    walls, busies = [], []
    for message in messages:
        wall, busy = time.perf_counter(), time.thread_time()
        search(message)
        walls.append((time.perf_counter() - wall) * 1e3)
        busies.append((time.thread_time() - busy) * 1e3)
    load = os.getloadavg()[0]
    for name, times in (("wall", sorted(walls)), ("processor", sorted(busies))):
        p50, p95, p99 = (times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
        mean = sum(times) / len(times)
        print(
            f"  {len(times)} {what}, {name} time: mean {mean:.2f} p50 {p50:.2f} p95 {p95:.2f} p99 {p99:.2f} ms, load {load:.1f}"
        )


def _messages(index: Index) -> Iterator[str]:
    """Words, pieces of titles and questions made of the articles, and the hand-written ones of the evaluation."""
    chance = random.Random(11)
    lines = (HERE.parent / "eval" / "search_messages.tsv").read_text(encoding="utf-8").splitlines()
    written = [line.split("\t")[1] for line in lines if line and not line.startswith("#")]
    view = index.view()
    made = [message for hit in index.sample(ASKED // 4, chance) for message in messages(hit, view, chance)]
    asked = [*written, *made][:ASKED]
    chance.shuffle(asked)
    yield from asked


def _freshness(index: Index) -> float:
    """Milliseconds from the row to the hit, without the wait of a poll (a quarter of a second at most)."""
    started = time.perf_counter()
    writer = index.writer()
    writer.put(Document(0, "刚刚发布的谐振波阀门", "谐振波阀门", NOW))
    writer.commit()
    index.reload()
    assert len(index.like("谐振波阀门", 3, 1)) == 1
    return (time.perf_counter() - started) * 1e3


_READER = """
import sys
from tests.bench.search import Index, IndexedArticles, Path, TAXONOMY, TOOLS, NOW, _messages
index = Index(Path(sys.argv[1]))
articles = IndexedArticles(index, TAXONOMY.topics, TOOLS, lambda: NOW)
for message in _messages(index):
    articles.search(message)
kept = {name: int(size.split()[0]) >> 10 for name, size in (line.split(":") for line in open("/proc/self/status")) if name.startswith("Rss")}
print(f"a reading process: {kept['RssAnon']} MB of its own, {kept['RssFile']} MB of mapped files that all processes share")
"""


def _reader(folder: Path) -> str:
    told = subprocess.run([sys.executable, "-c", _READER, str(folder)], check=True, capture_output=True, text=True)
    return told.stdout.strip()


if __name__ == "__main__":
    main()
    print(f"this process at its largest: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")
