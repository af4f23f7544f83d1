"""How well messages find articles: `python -m tests.eval.search` prints the quality table against the baselines.

Own messages over the sample site are in search_messages.tsv (no weight was fitted on them). Where the
evaluation corpus lies beside the checkout (../shared/search-eval), its queries are answered by `eval-search`, too.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.samplesite.posts import Posts

HERE = Path(__file__).parent
CORPUS = HERE.parents[1].parent / "shared" / "search-eval"
BASELINE = {  # R@1, R@3 of the best pipeline measured before, on the same queries
    "question": (0.960, 0.988),
    "gov-question": (0.268, 0.380),
    "headline": (0.880, 0.928),
    "keywords": (0.997, 1.000),
    "message": (0.910, 0.962),
    "entity": (0.949, 0.954),
    "typo": (0.598, 0.720),
}
IDLE = ("chitchat", "unanswerable")


def report() -> Iterator[str]:
    """The table, line by line."""
    yield "own messages over the sample site"
    yield from _table(_own(), {})
    if CORPUS.is_dir():
        yield "evaluation corpus (baseline in brackets)"
        yield from _table(_corpus(), BASELINE)
    else:
        yield f"{CORPUS.name} is not beside this checkout: its queries are left out"


Answers = Iterator[tuple[str, list[bool], bool]]
"""Kind of the query, whether each hit is right, whether the bot answered."""


def _table(answers: Answers, baseline: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    rows: dict[str, list[tuple[list[bool], bool]]] = defaultdict(list)
    for kind, right, answered in answers:
        rows[kind].append((right, answered))
    yield f"{'kind':14s} {'n':>5s}   R@1            R@3            refused  right ones lost"
    for kind, found in sorted(rows.items()):
        yield _line(kind, found, baseline.get(kind))


def _line(kind: str, found: list[tuple[list[bool], bool]], known: tuple[float, float] | None) -> str:
    count = len(found)
    refused = sum(not answered for _, answered in found) / count
    if kind in IDLE:
        return f"{kind:14s} {count:5d}   {'':14s} {'':14s} {refused:.3f}"
    first, third = (sum(any(right[:k]) for right, _ in found) / count for k in (1, 3))
    good = [answered for right, answered in found if any(right[:3])]
    lost = sum(not answered for answered in good) / max(1, len(good))
    beside = (f" ({known[0]:.3f})", f" ({known[1]:.3f})") if known else ("", "")
    return f"{kind:14s} {count:5d}   {first:.3f}{beside[0]:9s} {third:.3f}{beside[1]:9s} {refused:.3f}    {lost:.3f}"


def _own() -> Answers:
    lines = (HERE / "search_messages.tsv").read_text(encoding="utf-8").splitlines()
    messages = [line.split("\t") for line in lines if line and not line.startswith("#")]
    posts = [{"id": p.id, "title": p.title, "body": p.body, "published": p.published} for p in Posts().all()]
    titles = {post["id"]: str(post["title"]) for post in posts}
    run = _run(posts, [{"id": number, "text": text} for number, (_, text, _) in enumerate(messages)])
    for number, (kind, _, wanted) in enumerate(messages):
        hits = [bool(wanted) and wanted in titles[hit] for hit in run[number]["hits"]]
        yield kind, hits, run[number]["answered"]


def _corpus() -> Answers:
    relevant: dict[str, set[str]] = defaultdict(set)
    for line in (CORPUS / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            relevant[query].add(document)
    queries = [json.loads(line) for line in (CORPUS / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    run = _answered(CORPUS / "docs.jsonl", CORPUS / "queries.jsonl")
    for query in queries:
        answer = run[query["id"]]
        yield query["kind"], [hit in relevant[query["id"]] for hit in answer["hits"]], answer["answered"]


def _run(docs: list[dict[str, object]], queries: list[dict[str, object]]) -> dict[object, dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("docs.jsonl", "queries.jsonl")]
        for file, rows in zip(files, (docs, queries), strict=True):
            file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
        return _answered(*files)


def _answered(docs: Path, queries: Path) -> dict[object, dict[str, object]]:
    """By the product's own command, in a process of its own."""
    command = [sys.executable, "-m", "bot", "eval-search", str(docs), str(queries)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    return {answer["id"]: answer for answer in map(json.loads, io.StringIO(told.stdout))}


if __name__ == "__main__":
    for line in report():
        print(line, flush=True)
