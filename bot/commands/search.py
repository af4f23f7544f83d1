"""`python -m bot search` and `eval-search`: what a follower would get, and how good that is."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from bot.search.articles import IndexedArticles
from bot.search.builder import Change, catch_up
from bot.search.document import Document
from bot.search.index import Index
from bot.search.ranking import ANSWERS_FROM, ranking

SHOWN = 10


def search(articles: IndexedArticles, text: str, *, as_json: bool, explain: bool, out: TextIO) -> int:
    """Print the articles; `explain` adds why they stand where they stand. Returns 1 where there is no answer."""
    found = articles.search(text, SHOWN)
    if as_json:
        rows = [asdict(article) for article in found.articles]
        print(
            json.dumps(
                {"answered": found.answered, "topic": found.topic, "articles": rows}, ensure_ascii=False, default=str
            ),
            file=out,
        )
        return int(not found.answered)
    for number, article in enumerate(found.articles if found.answered else (), 1):
        print(f"{number}. {article.title}  {article.published:%Y-%m-%d}  {article.url}", file=out)
    if not found.answered:
        print("no good answer", file=out)
    if explain:
        _explain(articles.index, text, out)
    return int(not found.answered)


def _explain(index: Index, text: str, out: TextIO) -> None:
    ranked = ranking(index, text, datetime.now(UTC))
    print(f"confidence {ranked.confidence:.3f}, answered from {ANSWERS_FROM}", file=out)
    for one in ranked.found[:SHOWN]:
        facts = f"bm25 {one.hit.score:.2f} coverage {one.coverage:.2f} verbatim {one.verbatim:.2f}"
        print(f"  {one.score:.3f}  {facts}  {one.hit.facts['title']}", file=out)


def eval_search(docs: Path, queries: Path, out: TextIO) -> int:
    """Index DOCS in a temporary place and answer QUERIES; one JSON line for each query."""
    with tempfile.TemporaryDirectory() as folder:
        index, names = Index(Path(folder)), []
        rows = [json.loads(line) for line in docs.read_text(encoding="utf-8").splitlines() if line.strip()]
        names = [row["id"] for row in rows]
        catch_up(
            index,
            lambda after, limit: [_change(n, rows[n - 1]) for n in range(after + 1, min(after + limit, len(rows)) + 1)],
        )
        index.reload()
        articles = IndexedArticles(index)
        for line in queries.read_text(encoding="utf-8").splitlines():
            if line.strip():
                print(json.dumps(_answered(articles, json.loads(line), names), ensure_ascii=False), file=out)
    return 0


def _answered(articles: IndexedArticles, query: dict[str, Any], names: list[str]) -> dict[str, Any]:
    ranked = ranking(articles.index, query["text"], datetime.now(UTC))
    hits = [names[one.hit.id - 1] for one in ranked.found[:SHOWN]]
    return {"id": query["id"], "hits": hits, "answered": bool(hits) and ranked.confidence >= ANSWERS_FROM}


def _change(number: int, row: dict[str, Any]) -> Change:
    published = row.get("published") or "2020-01-01"
    when = datetime.fromisoformat(str(published)[:19]).replace(tzinfo=UTC)
    return Change(number, number, Document(number, row["title"], row["body"], when, row.get("category", "")))
