"""Figures: the way from following to a lease, how fast we are, what is asked and pushed; as charts, tables and files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, render_template, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.store import broadcasts, figures
from bot.store import desk as store
from bot.store.base import reading
from bot.store.figures import FROM_LEAD, STEPS, Funnel, Series, Span
from handlers.web.staff.export import EXCEL, harmless
from handlers.web.staff.visit import SHANGHAI, Visit, counted

DAYS = (7, 30, 90, 365)
SOURCES, TOPICS, QUESTIONS, PUSHES = 12, 12, 15, 20

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Table:
    """name: of the texts `figures.tables`. head: column names in words."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def figures_page(visit: Visit) -> ResponseReturnValue:
    days = _days()
    span = Span.last(days, visit.now)
    with reading(visit.desk.sessions) as db:
        sources = figures.by_source(db, span)
        asked, unanswered = figures.questions(db, span)
        return render_template(
            "staff/figures.html",
            days=days,
            choices=DAYS,
            funnel=_shares(figures.whole(sources)),
            chart=json.dumps(_chart(visit, figures.series(db, span)), ensure_ascii=False),
            tables=[made(visit, db, span) for made in TABLES.values()],
            speeds=figures.speeds(db, span),
            asked=asked,
            unanswered=unanswered,
        )


def download(visit: Visit) -> ResponseReturnValue:
    """Every table in one workbook, or one of them as CSV."""
    span, kind, name = Span.last(_days(), visit.now), request.form.get("kind", ""), request.form.get("table", "")
    if kind != "xlsx" and name not in TABLES:
        abort(404)
    with visit.desk.sessions.begin() as db:
        visit.note(db, "export figures", detail=f"{kind} {name} {_days()}".strip())
    with reading(visit.desk.sessions) as db:
        wanted = list(TABLES.values()) if kind == "xlsx" else [TABLES[name]]
        tables = [made(visit, db, span) for made in wanted]
    stamp = f"figures-{visit.now.astimezone(SHANGHAI):%Y%m%d-%H%M}"
    return _workbook(visit, tables, f"{stamp}.xlsx") if kind == "xlsx" else _csv(tables[0], f"{stamp}-{name}.csv")


def _days() -> int:
    days = request.values.get("days", 30, type=counted)
    return days if days in DAYS else 30


# --- tables -----------------------------------------------------------------------------------------------------------


def _sources(visit: Visit, db: Session, span: Span) -> Table:
    texts = visit.desk.texts["figures"]
    rows = figures.by_source(db, span)[:SOURCES]
    return Table("sources", _head(visit, "source"), [[row.name or texts["no_source"], *row.counts] for row in rows])


def _topics(visit: Visit, db: Session, span: Span) -> Table:
    rows = figures.by_topic(db, span)[:TOPICS]
    names = visit.desk.topics
    head = [visit.desk.texts["figures"]["topic"], *_steps(visit, topics=True)]
    return Table("topics", head, [[names.get(row.name, row.name), *row.counts] for row in rows])


def _colleagues(visit: Visit, db: Session, span: Span) -> Table:
    texts = visit.desk.texts["figures"]
    rows = figures.by_colleague(db, span)
    head = [texts["colleague"], *_steps(visit)[FROM_LEAD:], texts["hours"]]
    counted = [
        [name, *(counts.get(step, 0) for step in STEPS[FROM_LEAD:]), _hours(hours)] for name, counts, hours in rows
    ]
    return Table("colleagues", head, counted)


def _speeds(visit: Visit, db: Session, span: Span) -> Table:
    texts = visit.desk.texts["figures"]
    rows = [
        [texts["until"][step], one.count, one.of, _hours(one.median), _hours(one.slow)]
        for step, one in figures.speeds(db, span).items()
    ]
    return Table("speeds", texts["speed_head"], rows)


def _unanswered(visit: Visit, db: Session, span: Span) -> Table:
    return _asked(visit, db, span, "unanswered", answered=False)


def _hot(visit: Visit, db: Session, span: Span) -> Table:
    return _asked(visit, db, span, "hot", answered=True)


def _asked(visit: Visit, db: Session, span: Span, name: str, *, answered: bool) -> Table:
    rows = store.questions(db, answered=answered, since=span.since, limit=QUESTIONS)
    head = visit.desk.texts["figures"]["question_head"]
    return Table(name, head, [[row.text, row.people, f"{row.last.astimezone(SHANGHAI):%m-%d %H:%M}"] for row in rows])


def _pushes(visit: Visit, db: Session, span: Span) -> Table:
    texts, names = visit.desk.texts, visit.desk.topics
    rows: list[list[Cell]] = []
    for row in broadcasts.listing(db, PUSHES):
        result = broadcasts.results(db, row.id) if span.since <= row.created_at else None
        if result is not None:
            sent, failed = row.sent or result.of("sent"), row.failed or result.of("failed")
            when = f"{row.created_at.astimezone(SHANGHAI):%m-%d %H:%M}"
            state = texts["pushes"]["states"].get(row.state, row.state)
            rows.append([when, names.get(row.topic, row.topic), state, sent, failed, result.of("unsure")])
    return Table("pushes", texts["figures"]["push_head"], rows)


Maker = Callable[[Visit, Session, Span], Table]
TABLES: Mapping[str, Maker] = {
    "sources": _sources,
    "topics": _topics,
    "speeds": _speeds,
    "colleagues": _colleagues,
    "unanswered": _unanswered,
    "hot": _hot,
    "pushes": _pushes,
}


def _head(visit: Visit, first: str) -> list[str]:
    return [visit.desk.texts["figures"][first], *_steps(visit)]


def _steps(visit: Visit, *, topics: bool = False) -> list[str]:
    texts = visit.desk.texts["figures"]
    return [texts["topic_steps" if topics else "steps"].get(step, texts["steps"][step]) for step in STEPS]


def _hours(hours: float | None) -> Cell:
    return "" if hours is None else round(hours, 1)


def _shares(whole: Funnel) -> list[tuple[str, int, int]]:
    """Each step, its count, and its share of the largest in percent, for bars."""
    most = max(whole.counts) or 1
    return [(step, count, round(100 * count / most)) for step, count in zip(STEPS, whole.counts, strict=True)]


def _chart(visit: Visit, series: Series) -> dict[str, Any]:
    texts = visit.desk.texts["figures"]
    return {
        "at": [int(edge.timestamp()) for edge in series.edges[:-1]],
        "lines": [{"name": texts["series"][name], "counts": list(counts)} for name, counts in series.lines.items()],
    }


# --- files ------------------------------------------------------------------------------------------------------------


def _csv(table: Table, name: str) -> ResponseReturnValue:
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(table.head)
    writer.writerows([_safe(cell) for cell in row] for row in table.rows)
    return Response(
        out.getvalue(), mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"}
    )


def _workbook(visit: Visit, tables: Sequence[Table], name: str) -> ResponseReturnValue:
    from openpyxl import Workbook  # slow to load, and seldom wanted

    book = Workbook(write_only=True)
    for table in tables:
        sheet = book.create_sheet(visit.desk.texts["figures"]["tables"][table.name])
        sheet.append(list(table.head))
        for row in table.rows:
            sheet.append([_safe(cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return send_file(file, EXCEL, as_attachment=True, download_name=name)


def _safe(cell: Cell) -> Cell:
    return harmless(cell) if isinstance(cell, str) else cell
