"""The index on disk: one writer, many readers who map its files and reload."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import tantivy

from bot.search.analysis import TITLE_WEIGHT, VERSION, pairs, plain, words
from bot.search.document import Document

HEAP = 64 << 20


@dataclass(frozen=True, slots=True)
class Hit:
    score: float
    id: int
    published: datetime
    facts: dict[str, Any]


def _schema() -> tantivy.Schema:
    build = tantivy.SchemaBuilder()
    build.add_integer_field("id", stored=True, indexed=True, fast=True)
    build.add_integer_field("published", stored=True, indexed=True, fast=True)
    build.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    build.add_text_field("pairs", tokenizer_name="whitespace", index_option="freq")
    build.add_text_field("topics", tokenizer_name="whitespace", index_option="basic")
    build.add_bytes_field("facts", stored=True, indexed=False)
    return build.build()


class Index:
    """Articles in a folder. Readers call `reload`; the writer is made by `writer` and is the only one of a machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / f"v{VERSION}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.schema = _schema()
        self._index = tantivy.Index(self.schema, path=str(self.folder), reuse=True)

    def reload(self) -> None:
        self._index.reload()

    def writer(self) -> tantivy.IndexWriter:
        """Raises ValueError (LockBusy) where another process of this machine writes."""
        return self._index.writer(HEAP, 1)

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def best(self, query: tantivy.Query, limit: int) -> list[Hit]:
        searcher = self._index.searcher()
        return [_hit(searcher, score, address) for score, address in searcher.search(query, limit).hits]

    def newest(self, query: tantivy.Query, limit: int) -> list[Hit]:
        searcher = self._index.searcher()
        found = searcher.search(query, limit, order_by_field="published", order=tantivy.Order.Desc)
        return [_hit(searcher, 1.0, address) for _, address in found.hits]

    def any_of(self, field: str, terms: Iterable[str], boost: float = 1.0) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        made = (
            tantivy.Query.term_query(self.schema, field, term, "freq" if field != "topics" else "basic")
            for term in dict.fromkeys(terms)
        )
        return [
            (tantivy.Occur.Should, tantivy.Query.boost_query(query, boost) if boost != 1.0 else query) for query in made
        ]

    def rarity(self, word: str) -> float:
        """Inverse document frequency of a word: how much finding it tells."""
        searcher = self._index.searcher()
        having = searcher.doc_freq("words", word)
        return math.log(1 + (searcher.num_docs - having + 0.5) / (having + 0.5))

    def by_id(self, ids: Sequence[int]) -> list[Hit]:
        query = tantivy.Query.term_set_query(self.schema, "id", list(ids))
        return self.best(query, max(1, len(ids)))


def put(writer: tantivy.IndexWriter, document: Document) -> None:
    """Replace one article; it is seen after the writer's commit."""
    writer.delete_documents_by_term("id", document.id)
    writer.add_document(_row(document))


def drop(writer: tantivy.IndexWriter, article_id: int) -> None:
    writer.delete_documents_by_term("id", article_id)


def _row(document: Document) -> tantivy.Document:
    text = f"{document.title}\n" * TITLE_WEIGHT + document.body
    facts = {
        "title": document.title,
        "summary": document.summary,
        "url": document.url,
        "picture": document.picture,
        "category": document.category,
        "topics": document.topics,
        "published": document.published.isoformat(),
        "duplicate_of": document.duplicate_of,
        "plain": plain(f"{document.title}\n{document.body}"),
    }
    return tantivy.Document(
        id=document.id,
        published=int(document.published.timestamp()),
        words=" ".join(words(text)),
        pairs=" ".join(pairs(text)),
        topics=" ".join(document.topics),
        facts=json.dumps(facts, ensure_ascii=False).encode(),
    )


def _hit(searcher: tantivy.Searcher, score: float, address: tantivy.DocAddress) -> Hit:
    document = searcher.doc(address)
    facts = json.loads(document.get_first("facts") or b"{}")
    return Hit(float(score), int(document.get_first("id") or 0), datetime.fromisoformat(facts["published"]), facts)
