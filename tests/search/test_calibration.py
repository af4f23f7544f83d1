"""From when on the bot answers, measured on the very articles."""

from __future__ import annotations

from pathlib import Path

from bot.search.articles import IndexedArticles
from bot.search.builder import Change, catch_up
from bot.search.calibration import HIGHEST, LOWEST, calibrate, grown_since_calibration
from bot.search.finding import Tools
from bot.search.index import Index
from bot.search.threshold import ANSWERS_FROM, FILE
from tests.search.conftest import NOW, others


def _filled(folder: Path) -> Index:
    index, rows = Index(folder), [Change(n, one.id, one) for n, one in enumerate(others(), 1)]
    catch_up(index, lambda after, limit: rows[after : after + limit])
    index.reload()
    return index


def test_the_threshold_is_kept_and_seen_by_every_reader(tmp_path: Path, tools: Tools) -> None:
    index, reader = _filled(tmp_path), Index(tmp_path)
    assert reader.answers_from == ANSWERS_FROM
    assert grown_since_calibration(index)
    made = calibrate(index, tools, NOW)
    assert LOWEST <= made.threshold <= HIGHEST
    assert made.lost <= 0.02
    assert made.refused >= 0.85
    reader.reload()
    assert reader.answers_from == made.threshold
    assert not grown_since_calibration(reader)


def test_the_same_articles_give_the_same_threshold(tmp_path: Path, tools: Tools) -> None:
    index = _filled(tmp_path)
    assert calibrate(index, tools, NOW) == calibrate(index, tools, NOW)


def test_an_empty_index_keeps_the_usual_threshold(tmp_path: Path, tools: Tools) -> None:
    index = Index(tmp_path)
    assert calibrate(index, tools, NOW).threshold == ANSWERS_FROM


def test_a_damaged_calibration_is_none(tmp_path: Path) -> None:
    index = Index(tmp_path)
    (index.folder / FILE).write_text("{")
    index.reload()
    assert index.answers_from == ANSWERS_FROM
    assert IndexedArticles(index).search("光模块").articles == ()
