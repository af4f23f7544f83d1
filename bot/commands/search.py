"""`python -m bot search` and `eval-search`: what a follower would get, and how good that is."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TextIO, TypeVar

from bot.search.articles import IndexedArticles
from bot.search.builder import Busy, Change, Changes, catch_up, rebuild
from bot.search.calibration import calibrate
from bot.search.document import Document
from bot.search.finding import Findings, Tools
from bot.search.index import Index
from bot.search.topics import Taxonomy

T = TypeVar("T")

SHOWN = 10
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""When a document that names no date counts as published."""

Heard = Callable[[str], bool]
"""Whether somebody else answers this message before it is searched for: greetings, thanks, commands."""


def search(articles: IndexedArticles, text: str, *, as_json: bool, explain: bool, out: TextIO) -> int:
    """Print the articles; `explain` adds why they stand where they stand. Returns 1 where there is no answer."""
    findings = articles.find(text, SHOWN)
    found = articles.told(findings, SHOWN)
    if as_json:
        facts = {"answered": found.answered, "topic": found.topic, "read_as": found.read_as, "period": found.period}
        rows = [asdict(article) for article in found.articles]
        print(json.dumps({**facts, "articles": rows}, ensure_ascii=False, default=str), file=out)
        return int(not found.answered)
    for number, article in enumerate(found.articles if found.answered else (), 1):
        print(f"{number}. {article.title}  {article.published:%Y-%m-%d}  {article.url}", file=out)
    if not found.answered:
        print("no good answer", file=out)
    if explain:
        _explain(articles, findings, out)
    return int(not found.answered)


def _explain(articles: IndexedArticles, findings: Findings, out: TextIO) -> None:
    question = findings.question
    print(f"looked for: {findings.respelled or question.text}", file=out)
    if question.period:
        print(f"published: {question.period.start:%Y-%m-%d} until before {question.period.end:%Y-%m-%d}", file=out)
    close = ", close" if findings.close else ""
    print(f"confidence {findings.confidence:.3f}, answered from {articles.index.answers_from:.3f}{close}", file=out)
    print("  " + " ".join(f"{name} {value:.2f}" for name, value in asdict(findings.signs).items()), file=out)
    for one in findings.found[:SHOWN]:
        facts = f"bm25 {one.hit.score:.2f} coverage {one.coverage:.2f} verbatim {one.verbatim:.2f}"
        print(f"  {one.score:.3f}  {facts} title {one.in_title:.2f}  {one.hit.facts.title}", file=out)


def calibrate_index(articles: IndexedArticles, out: TextIO) -> int:
    """Set anew the confidence from which the bot answers, and say what that costs."""
    made = calibrate(articles.index, articles.tools, datetime.now(UTC))
    print(
        f"answers from {made.threshold:.3f}: {made.lost:.1%} of {made.answers} right answers lost, "
        f"{made.refused:.1%} of idle messages refused, {made.articles} articles",
        file=out,
    )
    return 0


def reindex(index: Index, changes: Changes, out: TextIO) -> int:
    """Build the index anew beside the one that answers, and swap it in. Returns 1 where another process is at it."""
    started = time.monotonic()
    try:
        taken = rebuild(index, changes, lambda count: print(f"{count} articles", file=sys.stderr))
    except Busy as busy:
        print(busy, file=out)
        return 1
    print(f"{taken} articles in {time.monotonic() - started:.1f} s, now in {index.folder}", file=out)
    return 0


def eval_search(
    docs: Path, queries: Path, taxonomy: Taxonomy, tools: Tools, heard: Heard, out: TextIO, complain: TextIO
) -> int:
    """Index DOCS in a temporary place, calibrate on them and answer QUERIES; one JSON line for each query.

    Lines that cannot be read are named on `complain`; returns 1 if there were any. Now is the day after the newest
    document, so that time words mean something in an old file.
    """
    with tempfile.TemporaryDirectory() as folder:
        rows = _Lines(docs, _row, complain)
        articles, names = _indexed(Path(folder), list(rows), taxonomy, tools)
        asked = _Lines(queries, _query, complain)
        for query in asked:
            print(json.dumps(_answer(articles, query, names, heard), ensure_ascii=False), file=out)
    return int(rows.broken + asked.broken > 0)


@dataclass(frozen=True, slots=True)
class _Row:
    name: Any
    title: str
    body: str
    published: datetime
    category: str


def _row(facts: dict[str, Any]) -> _Row:
    """Raises KeyError, TypeError or ValueError for what is no document; a date nobody can read counts as none."""
    title, body = str(facts.get("title") or ""), str(facts.get("body") or "")
    return _Row(facts["id"], title, body, _when(facts.get("published")), str(facts.get("category") or ""))


def _query(facts: dict[str, Any]) -> tuple[Any, str]:
    return facts["id"], str(facts["text"])


def _when(said: object) -> datetime:
    """ISO 8601, 20260421 or seconds since 1970; a day without a zone is taken as UTC."""
    try:
        if isinstance(said, int | float):
            return datetime.fromtimestamp(said, UTC)
        when = datetime.fromisoformat(str(said).strip())
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return LONG_AGO


class _Lines(Generic[T]):
    """The lines of a JSONL file, each read by `read`; those that cannot be are named and counted."""

    def __init__(self, path: Path, read: Callable[[dict[str, Any]], T], complain: TextIO) -> None:
        self._path, self._read, self._complain = path, read, complain
        self.broken = 0

    def __iter__(self) -> Iterator[T]:
        with self._path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield from self._one(number, line)

    def _one(self, number: int, line: str) -> Iterable[T]:
        try:
            return [self._read(json.loads(line))]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.broken += 1
            print(f"{self._path}:{number}: {type(error).__name__}: {error}", file=self._complain)
            return []


def _indexed(folder: Path, rows: list[_Row], taxonomy: Taxonomy, tools: Tools) -> tuple[IndexedArticles, list[Any]]:
    index = Index(folder)

    def changes(after: int, limit: int) -> list[Change]:
        numbered = enumerate(rows[after : after + limit], after + 1)
        return [Change(number, number, _document(number, row, taxonomy)) for number, row in numbered]

    catch_up(
        index, changes, lambda count: print(f"{count} documents", file=sys.stderr) if count % 10_000 == 0 else None
    )
    index.reload()
    now = max((row.published for row in rows), default=LONG_AGO) + timedelta(days=1)
    calibrate(index, tools, now)
    index.reload()
    return IndexedArticles(index, taxonomy.topics, tools, lambda: now), [row.name for row in rows]


def _document(number: int, row: _Row, taxonomy: Taxonomy) -> Document:
    topics = tuple(key for key, _, _ in taxonomy.assign(row.title, row.body, row.category))
    return Document(number, row.title, row.body, row.published, row.category, topics)


def _answer(articles: IndexedArticles, query: tuple[Any, str], names: list[Any], heard: Heard) -> dict[str, Any]:
    name, text = query
    if heard(text):
        return {"id": name, "hits": [], "answered": False}
    findings = articles.find(text, SHOWN)
    found = articles.told(findings, SHOWN)
    ids = [article.id for article in found.articles] if found.topic else []
    ids += [one.hit.id for one in findings.found]
    hits = [names[one - 1] for one in dict.fromkeys(ids)][:SHOWN]
    return {"id": name, "hits": hits, "answered": found.answered}
