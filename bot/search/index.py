"""The index on disk: one writer, many readers who map its files; a whole new generation is swapped in by a link."""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import random
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import tantivy

from bot.search.analysis import TITLE_WEIGHT, fingerprint, pairs, plain, sound_pairs, words
from bot.search.document import Document
from bot.search.threshold import FILE as CALIBRATION
from bot.search.threshold import threshold

SMALL_HEAP, LARGE_HEAP = 15 << 20, 128 << 20
"""Bytes a writer gathers before it writes: for the few articles of a day, and for a whole site."""

FREQS_KEPT = 50_000
"""Terms whose frequency is remembered until the next commit."""

Clause = tuple[tantivy.Occur, tantivy.Query]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is shown of an article."""

    title: str
    summary: str
    url: str
    picture: str
    category: str
    topics: tuple[str, ...]
    duplicate_of: int | None


@dataclass(frozen=True, slots=True)
class Hit:
    """An article found. `content` is the plain title, a line break and the plain body, as UTF-8."""

    score: float
    id: int
    published: datetime
    group: int
    content: bytes
    stored: bytes

    @property
    def facts(self) -> Facts:
        facts = orjson.loads(self.stored)
        return Facts(**{**facts, "topics": tuple(facts["topics"])})

    @property
    def title(self) -> bytes:
        return self.content[: self.content.index(b"\n")]

    @property
    def body(self) -> str:
        return self.content[self.content.index(b"\n") + 1 :].decode()


def _schema() -> tantivy.Schema:
    build = tantivy.SchemaBuilder()
    build.add_integer_field("id", stored=True, indexed=True, fast=True)
    build.add_integer_field("published", stored=True, indexed=True, fast=True)
    build.add_integer_field("group", stored=True)
    for name in ("words", "pairs", "sounds"):
        build.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    build.add_text_field("topics", tokenizer_name="whitespace", index_option="basic")
    for name in ("content", "facts"):
        build.add_bytes_field(name, stored=True, indexed=False)
    return build.build()


class Index:
    """Articles in a folder: FOLDER/FINGERPRINT/current is a link to the generation that answers.

    Readers call `reload`. The writer made by `writer` is the only one of a machine.
    """

    _index: tantivy.Index
    _folder: Path
    _seen: tuple[int, ...]
    _freqs: dict[tuple[str, str], int]
    _answers_from: float

    def __init__(self, folder: Path) -> None:
        self.home = folder / fingerprint()
        self.schema = _schema()
        self._swap = threading.Lock()
        self.home.mkdir(parents=True, exist_ok=True)
        if not (self.home / "current").exists():
            with _only_one(self.home):
                if not (self.home / "current").exists():
                    _point(self.home, self.fresh_generation())
        self._open()

    @property
    def folder(self) -> Path:
        """The generation this process answers from."""
        return self._folder

    def fresh_generation(self) -> Path:
        """An empty folder beside the others."""
        numbers = [int(found.name[1:]) for found in self.home.glob("g*") if found.name[1:].isdigit()]
        folder = self.home / f"g{max(numbers, default=0) + 1}"
        folder.mkdir()
        return folder

    def generation(self, folder: Path) -> Index:
        """An index on one generation, whatever the link says; for building it."""
        made = object.__new__(Index)
        made.home, made.schema, made._swap = self.home, self.schema, threading.Lock()
        made._use(folder)
        return made

    def swap_in(self, folder: Path) -> None:
        """From now on every reader's next `reload` answers from this generation; the others are removed."""
        _point(self.home, folder)
        self.reload()
        for old in self.home.glob("g*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)

    def reload(self) -> None:
        """See what was committed since, also in a generation swapped in. Safe beside searches of other threads."""
        with self._swap:
            if (self.home / "current").resolve() != self._folder:
                self._open()
            elif self._written() != self._seen:
                self._seen = self._written()
                self._index.reload()
                self._freqs = {}
                self._answers_from = threshold(self._folder)

    def _written(self) -> tuple[int, ...]:
        """When the files that change with a commit or a calibration were written."""
        files = (self._folder / "meta.json", self._folder / CALIBRATION)
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)

    def _open(self) -> None:
        self._use((self.home / "current").resolve())

    def _use(self, folder: Path) -> None:
        self._index = tantivy.Index(self.schema, path=str(folder), reuse=True)
        self._folder = folder
        self._seen = self._written()
        self._freqs = {}
        self._answers_from = threshold(folder)

    @property
    def answers_from(self) -> float:
        """The confidence from which this index answers; see bot.search.calibration."""
        return self._answers_from

    def writer(self, *, large: bool = False) -> tantivy.IndexWriter:
        """Raises ValueError (LockBusy) where another process of this machine writes."""
        return self._index.writer(LARGE_HEAP if large else SMALL_HEAP, 1)

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def view(self) -> View:
        return View(self._index.searcher(), self.schema, self._freqs)

    def by_id(self, ids: Sequence[int]) -> list[Hit]:
        return self.view().best(tantivy.Query.term_set_query(self.schema, "id", list(ids)), max(1, len(ids)))

    def newest(self, clauses: Sequence[Clause], limit: int) -> list[Hit]:
        return self.view().newest(clauses, limit)

    def sample(self, count: int, chance: random.Random) -> list[Hit]:
        """So many articles by chance, or all there are."""
        view = self.view()
        found = (
            view.searcher.search(tantivy.Query.all_query(), max(1, view.size), count=False).hits if view.size else []
        )
        return [_hit(view.searcher, 1.0, address) for _, address in chance.sample(found, min(count, len(found)))]

    def like(self, text: str, telling: int, limit: int, least: int = 1) -> list[Hit]:
        """The articles nearest to a long text, by its most telling words that at least `least` of them have."""
        view = self.view()
        having = {word: view.having("words", word) for word in dict.fromkeys(words(plain(text)))}
        known = sorted((word for word in having if having[word] >= least), key=lambda word: having[word])[:telling]
        return view.best(tantivy.Query.boolean_query(view.any_of("words", known)), limit) if known else []


@dataclass(frozen=True, slots=True)
class View:
    """The index as it stands at one moment; one view serves one message."""

    searcher: tantivy.Searcher
    schema: tantivy.Schema
    freqs: dict[tuple[str, str], int]

    @property
    def size(self) -> int:
        return int(self.searcher.num_docs)

    def best(self, query: tantivy.Query, limit: int) -> list[Hit]:
        found = self.searcher.search(query, limit, count=False)
        return [_hit(self.searcher, score, address) for score, address in found.hits]

    def newest(self, clauses: Sequence[Clause], limit: int) -> list[Hit]:
        query = tantivy.Query.boolean_query(list(clauses)) if clauses else tantivy.Query.all_query()
        order = tantivy.Order.Desc
        found = self.searcher.search(query, limit, count=False, order_by_field="published", order=order)
        return [_hit(self.searcher, 1.0, address) for _, address in found.hits]

    def any_of(self, field: str, terms: Iterable[str], boost: float = 1.0) -> list[Clause]:
        """Clauses of which any may hold. Flat, so that the index can skip what cannot win."""
        return [self._clause(tantivy.Occur.Should, field, term, boost) for term in dict.fromkeys(terms)]

    def all_of(self, field: str, terms: Iterable[str]) -> list[Clause]:
        return [self._clause(tantivy.Occur.Must, field, term, 1.0) for term in dict.fromkeys(terms)]

    def between(self, start: datetime, end: datetime) -> Clause:
        """Published from `start` on and before `end`."""
        bounds = int(start.timestamp()), int(end.timestamp())
        query = tantivy.Query.range_query(
            self.schema, "published", tantivy.FieldType.Integer, *bounds, include_upper=False
        )
        return tantivy.Occur.Must, tantivy.Query.const_score_query(query, 0.0)

    def having(self, field: str, term: str) -> int:
        """In how many articles the term stands."""
        known = self.freqs.get((field, term))
        if known is None:
            if len(self.freqs) > FREQS_KEPT:
                self.freqs.clear()
            known = self.freqs[field, term] = int(self.searcher.doc_freq(field, term))
        return known

    def rarity(self, field: str, term: str) -> float:
        """Inverse document frequency of a term: how much finding it tells."""
        having = self.having(field, term)
        return math.log(1 + (self.size - having + 0.5) / (having + 0.5))

    def _clause(self, occur: tantivy.Occur, field: str, term: str, boost: float) -> Clause:
        query = tantivy.Query.term_query(self.schema, field, term, "basic" if field == "topics" else "freq")
        return occur, query if boost == 1.0 else tantivy.Query.boost_query(query, boost)


def put(writer: tantivy.IndexWriter, document: Document) -> None:
    """Replace one article; it is seen after the writer's commit."""
    writer.delete_documents_by_term("id", document.id)
    writer.add_document(_row(document))


def drop(writer: tantivy.IndexWriter, article_id: int) -> None:
    writer.delete_documents_by_term("id", article_id)


def _row(document: Document) -> tantivy.Document:
    title, body = plain(document.title).replace("\n", " "), plain(document.body)
    facts: dict[str, Any] = {
        "title": document.title,
        "summary": document.summary,
        "url": document.url,
        "picture": document.picture,
        "category": document.category,
        "topics": document.topics,
        "duplicate_of": document.duplicate_of,
    }
    return tantivy.Document(
        id=document.id,
        published=int(document.published.timestamp()),
        group=document.duplicate_of or document.id,
        words=" ".join(words(title) * TITLE_WEIGHT + words(body)),
        pairs=" ".join(pairs(title) * TITLE_WEIGHT + pairs(body)),
        sounds=" ".join(sound_pairs(title) * TITLE_WEIGHT + sound_pairs(body)),
        topics=" ".join(document.topics),
        content=f"{title}\n{body}".encode(),
        facts=json.dumps(facts, ensure_ascii=False).encode(),
    )


def _hit(searcher: tantivy.Searcher, score: float, address: tantivy.DocAddress) -> Hit:
    stored = searcher.doc(address)
    first = stored.get_first
    published = datetime.fromtimestamp(first("published") or 0, UTC)
    return Hit(
        float(score), first("id") or 0, published, first("group") or 0, first("content") or b"\n", first("facts") or b""
    )


def _point(home: Path, generation: Path) -> None:
    """Replace the link in one step; whoever looks sees the old or the new one."""
    link = home / "current.new"
    with contextlib.suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(generation.name)
    link.replace(home / "current")


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """One process of this machine at a time; the lock of a killed one is free again."""
    with (home / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
