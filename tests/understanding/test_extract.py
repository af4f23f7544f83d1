"""The command line: every good line is answered, every broken one named."""

from __future__ import annotations

import io
import json

from bot.commands.extract import extract
from bot.understanding.reader import Reader


def run(reader: Reader, *lines: bytes) -> tuple[int, list[dict[str, object]], list[str]]:
    out, err = io.StringIO(), io.StringIO()
    code = extract(reader, lines, out, err)
    return code, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue().splitlines()


def line(**row: object) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def test_a_message_gives_its_slots(reader: Reader) -> None:
    code, rows, errors = run(reader, line(id="1", text="昆山3000平厂房"), line(id="2", text="5000", asked="area"))
    assert (code, errors) == (0, [])
    assert rows[0] == {"id": "1", "slots": {"area": {"min": 3000, "max": 3000, "unit": "m2"}, "region": ["320583"], "asset": ["factory"]}}  # fmt: skip
    assert rows[1]["slots"] == {"area": {"min": 5000, "max": 5000, "unit": "m2"}}


def test_a_broken_line_is_named_and_passed_over(reader: Reader) -> None:
    broken = [b"\xff\xfe\n", b"{\n", b"[1]\n", line(id=1), line(text="x"), line(id=1, text=5), line(id=1, text="x", asked=1), b"[" * 100_000]  # fmt: skip
    code, rows, errors = run(reader, *broken, line(id="last", text="转人工"))
    assert code == 1
    assert [error.split(":")[0] for error in errors] == [f"line {number}" for number in range(1, len(broken) + 1)]
    assert rows == [{"id": "last", "slots": {"cmd": "human"}}]


def test_empty_lines_a_mark_and_equal_ids_are_fine(reader: Reader) -> None:
    first = b"\xef\xbb\xbf" + line(id=7, text="你好")
    code, rows, _ = run(reader, first, b"\n", b"  \n", line(id=7, text="你好"))
    assert (code, rows) == (0, [{"id": 7, "slots": {}}] * 2)


def test_lines_are_answered_one_by_one(reader: Reader) -> None:
    out = io.StringIO()
    seen = []

    def lines():  # type: ignore[no-untyped-def]
        for number in range(3):
            seen.append(len(out.getvalue().splitlines()))
            yield line(id=number, text="你好")

    extract(reader, lines(), out, io.StringIO())
    assert seen == [0, 1, 2]
