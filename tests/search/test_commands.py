"""`eval-search` and `search` as they are called."""

from __future__ import annotations

import io
import json
from pathlib import Path

from bot.commands.search import eval_search, search
from bot.search.articles import IndexedArticles
from bot.search.finding import Tools
from bot.search.topics import Taxonomy
from tests.search.conftest import others


def _lines(path: Path, rows: list[object]) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def _run(
    tmp_path: Path, docs: list[object], queries: list[object], taxonomy: Taxonomy, tools: Tools
) -> tuple[dict[object, dict[str, object]], str, int]:
    out, complaints = io.StringIO(), io.StringIO()
    files = _lines(tmp_path / "docs.jsonl", docs), _lines(tmp_path / "queries.jsonl", queries)
    code = eval_search(*files, taxonomy, tools, lambda text: text == "你好", out, complaints)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    return {answer["id"]: answer for answer in answers}, complaints.getvalue(), code


def test_documents_with_little_said_of_them_are_found(tmp_path: Path, taxonomy: Taxonomy, tools: Tools) -> None:
    docs: list[object] = [{"id": f"d{one.id}", "title": one.title, "body": one.body} for one in others()]
    docs += [
        {"id": "bare"},
        {"id": "odd", "title": None, "body": "谐振波阀门", "published": "someday", "category": None},
        {"id": "dated", "title": "谐振波水泵", "body": "", "published": "20260421"},
        {"id": 7, "title": "谐振波风机", "body": "风机", "published": 1795600000},
    ]
    queries: list[object] = [
        {"id": "q1", "text": "谐振波阀门"},
        {"id": 2, "text": "谐振波风机"},
        {"id": "q3", "text": "你好"},
        {"id": "q4", "text": "给我唱首歌吧"},
    ]
    answers, complaints, code = _run(tmp_path, docs, queries, taxonomy, tools)
    assert code == 0
    assert complaints == ""
    assert answers["q1"]["hits"][0] == "odd"  # type: ignore[index]
    assert answers["q1"]["answered"] is True
    assert answers[2]["hits"][0] == 7  # type: ignore[index]
    assert answers["q3"] == {"id": "q3", "hits": [], "answered": False}
    assert answers["q4"]["answered"] is False
    assert all(len(answer["hits"]) <= 10 for answer in answers.values())  # type: ignore[arg-type]


def test_broken_lines_are_named_and_the_rest_goes_on(tmp_path: Path, taxonomy: Taxonomy, tools: Tools) -> None:
    docs: list[object] = [
        '{"id": "a", "title"',
        {"title": "no id"},
        "[]",
        {"id": "b", "title": "水泵", "body": "水泵"},
        "",
    ]
    answers, complaints, code = _run(tmp_path, docs, [{"id": 1, "text": "水泵"}, "not json"], taxonomy, tools)
    assert code == 1
    assert [f"docs.jsonl:{n}:" in complaints for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert "queries.jsonl:2:" in complaints
    assert answers[1]["hits"] == ["b"]


def test_search_explains_itself(sample: IndexedArticles) -> None:
    out = io.StringIO()
    assert search(sample, "上个月的光膜块", as_json=False, explain=True, out=out) == 0
    told = out.getvalue()
    assert "looked for: 光模块" in told
    assert "published: 2026-10-01" in told
    assert "confidence" in told
    out = io.StringIO()
    assert search(sample, "给我唱首歌吧", as_json=True, explain=False, out=out) == 1
    assert json.loads(out.getvalue())["answered"] is False
