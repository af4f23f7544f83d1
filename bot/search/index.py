"""The index on disk: one writer, many readers who map its files; a whole new generation is swapped in by a link."""

from __future__ import annotations

import itertools
import math
import random
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson
import tantivy

from bot.search import generations
from bot.search.analysis import TITLE_WEIGHT, fingerprint, pairs, sound_pairs, sounding, spaced_words, words
from bot.search.document import Document
from bot.search.plain import plain
from bot.search.texts import Pen, Texts, Told, begin
from bot.search.threshold import FILE as CALIBRATION
from bot.search.threshold import threshold

SMALL_HEAP, LARGE_HEAP = 15 << 20, 128 << 20
"""Bytes a writer gathers before it writes: for the few articles of a day, and for a whole site."""

FREQS_KEPT = 50_000
"""Terms whose frequency is remembered until the next commit."""
WORN, WORN_FROM = 3, 10_000
"""Texts ever written for each article there is, from which on an index is worn out."""
HEARD = 1500
"""Characters of an article whose sound is kept: slips are looked for in so much of it."""

READ = 150_000
"""Articles the terms of one search may stand in, added up: reading more takes over three milliseconds."""
LOOKED_FOR = 3
"""Terms that are looked for in any case, however common."""

Clause = tuple[tantivy.Occur, tantivy.Query]
Term = tuple[str, str]
"""A field, and a term in it."""
Weights = Mapping[Term, float]
"""How much finding a term counts."""

_VIEWS = itertools.count()


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


class Hit(NamedTuple):
    """An article found: a tuple, as every search makes some fifty.

    seconds: when it was published, since 1970. size: bytes of the plain text as UTF-8. content: the plain title, a line
    break and the plain body. place: where the rest of it is found in `texts`.
    """

    score: float
    id: int
    seconds: int
    group: int
    size: int
    title: str
    content: str
    place: int
    texts: Texts

    @property
    def published(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    @property
    def shown(self) -> dict[str, Any]:
        """The facts as they are kept, for whoever makes something else of them."""
        return cast(dict[str, Any], orjson.loads(self.texts.facts(self.place)))

    @property
    def facts(self) -> Facts:
        facts = self.shown
        return Facts(**{**facts, "topics": tuple(facts["topics"])})

    @property
    def heard(self) -> str:
        """How the beginning of the content sounds, character by character."""
        return self.texts.heard(self.place)

    @property
    def body(self) -> str:
        return self.content[len(self.title) + 1 :]


def _schema() -> tantivy.Schema:
    build = tantivy.SchemaBuilder()
    build.add_integer_field("id", indexed=True)
    build.add_integer_field("published", indexed=True, fast=True)
    build.add_integer_field("place", fast=True)
    for name in ("words", "pairs", "sounds"):
        build.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    build.add_text_field("topics", tokenizer_name="whitespace", index_option="basic")
    return build.build()


class Index:
    """Articles in a folder. Readers call `reload`; the writer made by `writer` is the only one of a machine."""

    _held: generations.Held
    _index: tantivy.Index
    _view: View
    _seen: tuple[int, ...]
    _answers_from: float

    def __init__(self, folder: Path) -> None:
        self.home = folder / fingerprint()
        self.home.mkdir(parents=True, exist_ok=True)
        self._swap = threading.Lock()
        if not (self.home / generations.LINK).exists():
            with generations.alone(self.home, patient=True):
                if not (self.home / generations.LINK).exists():
                    generations.point(self.home, self._begun().folder)
        self._use(generations.opened(self.home))

    @property
    def folder(self) -> Path:
        """The generation this process answers from."""
        return self._held.folder

    def fresh_generation(self) -> Index:
        """An empty index beside the one that answers; for whoever is alone at it."""
        made = object.__new__(Index)
        made.home, made._swap = self.home, threading.Lock()
        made._use(self._begun())
        return made

    def _begun(self) -> generations.Held:
        held = generations.fresh(self.home)
        begin(held.folder)
        return held

    def swap_in(self, folder: Path) -> None:
        """From now on every reader's next `reload` answers from this generation; for whoever is alone at it."""
        generations.point(self.home, folder)
        self.reload()

    def reload(self) -> None:
        """See what was committed since, also in a generation swapped in. Safe beside searches of other threads."""
        with self._swap:
            if (self.home / generations.LINK).resolve() != self.folder:
                self._use(generations.opened(self.home))
            elif self._written() != self._seen:
                self._seen = self._written()
                self._index.reload()
                self._look()

    def _written(self) -> tuple[int, ...]:
        """When the files that change with a commit or a calibration were written."""
        files = (self.folder / "meta.json", self.folder / CALIBRATION)
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)

    def _use(self, held: generations.Held) -> None:
        self._index = tantivy.Index(_schema(), path=str(held.folder), reuse=True)
        self._index.config_reader("Manual")
        self._held = held
        self._seen = self._written()
        self._index.reload()
        self._look()

    def _look(self) -> None:
        """The texts are on disk before the commit that points to them: opened after it, none is missing."""
        searcher = self._index.searcher()
        self._view = View(next(_VIEWS), searcher, self._index.schema, Texts(self.folder), int(searcher.num_docs))
        self._answers_from = threshold(self.folder)

    @property
    def answers_from(self) -> float:
        """The confidence from which this index answers; see bot.search.calibration."""
        return self._answers_from

    def writer(self, *, large: bool = False) -> Writer:
        """Raises ValueError (LockBusy) where another process of this machine writes."""
        return Writer(self._index.writer(LARGE_HEAP if large else SMALL_HEAP, 1), self._held)

    def __len__(self) -> int:
        return self._view.size

    @property
    def is_worn(self) -> bool:
        """Whether so many texts were replaced that the index is better built anew."""
        return self._view.texts.written > WORN * len(self) + WORN_FROM

    def view(self) -> View:
        """As of the last `reload`."""
        return self._view

    def by_id(self, ids: Sequence[int]) -> list[Hit]:
        view = self.view()
        return view.best(tantivy.Query.term_set_query(view.schema, "id", list(ids)), max(1, len(ids)))

    def newest(self, clauses: Sequence[Clause], limit: int) -> list[Hit]:
        return self.view().newest(clauses, limit)

    def sample(self, count: int, chance: random.Random) -> list[Hit]:
        """So many articles by chance, or all there are."""
        view = self.view()
        if not view.size:
            return []
        found = view.searcher.search(tantivy.Query.all_query(), view.size, count=False).hits
        return view.hits(chance.sample(found, min(count, len(found))), 1.0)

    def like(self, text: str, telling: int, limit: int, least: int = 1) -> list[Hit]:
        """The articles nearest to a long text, by the most telling of its words that at least `least` articles have."""
        view = self.view()
        having = {word: view.having("words", word) for word in dict.fromkeys(words(plain(text)))}
        known = sorted((word for word in having if having[word] >= least), key=lambda word: having[word])[:telling]
        return view.best(tantivy.Query.boolean_query(view.any_of("words", known)), limit) if known else []


@dataclass(frozen=True, slots=True)
class View:
    """The index as it stands at one moment; one view serves every message until the next `reload`.

    number: no two views of a process have the same. freqs: in how many articles a term stands.
    """

    number: int
    searcher: tantivy.Searcher
    schema: tantivy.Schema
    texts: Texts
    size: int
    freqs: dict[tuple[str, str], int] = field(default_factory=dict)

    def best(self, query: tantivy.Query, limit: int) -> list[Hit]:
        return self.hits(self.searcher.search(query, limit, count=False).hits)

    def newest(self, clauses: Sequence[Clause], limit: int) -> list[Hit]:
        query = tantivy.Query.boolean_query(list(clauses)) if clauses else tantivy.Query.all_query()
        order = tantivy.Order.Desc
        found = self.searcher.search(query, limit, count=False, order_by_field="published", order=order)
        return self.hits(found.hits, 1.0)

    def hits(self, found: Sequence[tuple[Any, tantivy.DocAddress]], score: float | None = None) -> list[Hit]:
        """With what the texts say of each; `score` where it is the same for all."""
        texts = self.texts
        places = cast(list[int], self.searcher.fast_field_values("place", [address for _, address in found]))
        scores = [one for one, _ in found] if score is None else [score] * len(found)
        return [Hit(one, *texts.content(place), place, texts) for one, place in zip(scores, places, strict=True)]

    def any_of(self, field: str, terms: Iterable[str], boost: float = 1.0) -> list[Clause]:
        """Clauses of which any may hold. Flat, so that the index can skip what cannot win."""
        return [self._clause(tantivy.Occur.Should, field, term, boost) for term in dict.fromkeys(terms)]

    def by_worth(self, weights: Weights) -> tuple[list[Term], list[Term]]:
        """The terms to look for, and those that are too common for it: they take long and find little."""
        known = [term for term in weights if self.having(*term)]
        if sum(self.having(*term) for term in known) <= READ:
            return known, []
        known.sort(key=lambda term: -weights[term] * self.rarity(*term))
        read = itertools.accumulate(self.having(*term) for term in known)
        enough = max(LOOKED_FOR, sum(so_far <= READ for so_far in read))
        return known[:enough], known[enough:]

    def any_weighted(self, terms: Iterable[Term], weights: Weights) -> list[Clause]:
        return [self._clause(tantivy.Occur.Should, *term, weights[term]) for term in terms]

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


class Writer:
    """Puts articles in and takes them out; readers see it after `commit`. Close it: it holds the machine's only lock."""

    def __init__(self, terms: tantivy.IndexWriter, held: generations.Held) -> None:
        self.held = held
        self._terms, self._texts = terms, Pen(held.folder)

    def put(self, document: Document) -> None:
        """Replaces what there was of the article."""
        told, terms = _analysed(document)
        self.drop(document.id)
        self._terms.add_document(tantivy.Document(place=self._texts.add(told), **terms))

    def drop(self, article_id: int) -> None:
        self._terms.delete_documents_by_term("id", article_id)

    def commit(self) -> None:
        self._texts.flush()
        self._terms.commit()

    def close(self) -> None:
        """After the last commit."""
        self._texts.close()
        self._terms.wait_merging_threads()


def _analysed(document: Document) -> tuple[Told, dict[str, Any]]:
    """The article's text, and the terms it is found by."""
    title, body = plain(document.title).replace("\n", " "), plain(document.body)
    published, content = int(document.published.timestamp()), f"{title}\n{body}"
    heard = sounding(content)
    told = Told(
        id=document.id,
        published=published,
        group=document.duplicate_of or document.id,
        title=title,
        content=content,
        size=len(content.encode()),
        heard=heard[:HEARD],
        facts=_facts(document),
    )
    return told, {
        "id": document.id,
        "published": published,
        "words": " ".join([spaced_words(title)] * TITLE_WEIGHT + [spaced_words(body)]),
        "pairs": " ".join(pairs(title) * TITLE_WEIGHT + pairs(body)),
        "sounds": " ".join(sound_pairs(heard[: len(title)]) * TITLE_WEIGHT + sound_pairs(heard[len(title) :])),
        "topics": " ".join(document.topics),
    }


def _facts(document: Document) -> bytes:
    facts = {
        "title": document.title,
        "summary": document.summary,
        "url": document.url,
        "picture": document.picture,
        "category": document.category,
        "topics": document.topics,
        "duplicate_of": document.duplicate_of,
    }
    return orjson.dumps(facts)
