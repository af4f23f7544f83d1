"""A list of leads as a file for Excel: covered unless a manager asks for all, and harmless to open."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from flask import Response, request, send_file
from flask.typing import ResponseReturnValue

from bot.store import desk as store
from bot.store import leads
from bot.store.base import reading
from bot.store.leads import Lead
from handlers.web.staff import words
from handlers.web.staff.leads import is_near, wanted_by
from handlers.web.staff.visit import SHANGHAI, Visit

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

COLUMNS = ("number", "state", "grade", "score", "owner", "submitted", "updated", "due", "scene")
AT_ONCE = 500
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, in both widths."""

Row = Sequence[str]


def export(visit: Visit) -> ResponseReturnValue:
    """Numbers and names covered."""
    return _file(visit, "export", full=False)


def export_full(visit: Visit) -> ResponseReturnValue:
    return _file(visit, "export full", full=True)


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    clean = _CONTROL.sub("", text)
    return f"'{clean}" if clean.lstrip(" ").startswith(_FORMULA) else clean


def _file(visit: Visit, act: str, *, full: bool) -> ResponseReturnValue:
    kind = "xlsx" if request.form.get("kind") == "xlsx" else "csv"
    wanted = wanted_by(visit, request.form)
    with visit.desk.sessions.begin() as db:
        visit.note(db, act, detail=f"{kind} {request.form.get('view', '')} {wanted.owner} {wanted.scene}".strip())
    rows = _rows(visit, wanted, full=full)
    name = f"leads-{visit.now.astimezone(SHANGHAI):%Y%m%d-%H%M}.{kind}"
    if kind == "xlsx":
        return _xlsx(rows, name)
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(_csv(rows), mimetype="text/csv", headers=headers)


def _rows(visit: Visit, wanted: store.Filter, *, full: bool) -> Iterator[Row]:
    texts, names = visit.desk.texts["export"], [key.name for key in visit.desk.form.every_key()]
    yield [
        *(texts[column] for column in COLUMNS),
        *(visit.desk.labels.get(name, name) for name in names),
        texts["remarks"],
    ]
    with reading(visit.desk.sessions) as db:
        due = store.plans(db)
        for lead in store.everything(db, visit.scope, wanted):
            yield [harmless(cell) for cell in _row(visit, lead, due.get(lead.id), names, full=full)]


def _row(visit: Visit, lead: Lead, due: date | None, names: Sequence[str], *, full: bool) -> Iterator[str]:
    inside = leads.content(visit.desk.secrets, lead)
    card = words.card(visit.desk, lead, inside, near=full or is_near(visit, lead), revealed=full)
    yield from (lead.number, card.state, card.score.grade, str(card.score.points), lead.owner)
    yield from (f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for at in (lead.submitted_at, lead.updated_at))
    yield str(due or "")
    yield lead.scene
    yield from (card.line(name) for name in names)
    yield "\n".join(card.remarks)


def _csv(rows: Iterator[Row]) -> Iterator[str]:
    """In pieces; Excel knows UTF-8 by the mark at the beginning."""
    buffer = io.StringIO("\ufeff")
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    for count, row in enumerate(rows, 1):
        writer.writerow(row)
        if count % AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _xlsx(rows: Iterator[Row], name: str) -> ResponseReturnValue:
    from openpyxl import Workbook  # slow to load, and seldom wanted

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([_cell(sheet, text) for text in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - send_file closes it
    book.save(file)
    file.seek(0)
    return send_file(file, EXCEL, as_attachment=True, download_name=name)


def _cell(sheet: WriteOnlyWorksheet, text: str) -> Cell:
    """A text, whatever it looks like."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell
