"""The index on disk: many readers, one writer, and whole generations swapped in while questions come."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.search.articles import IndexedArticles
from bot.search.builder import Busy, Change, _alone, catch_up, place, rebuild
from bot.search.document import Document
from bot.search.index import Index, put
from tests.search.conftest import NOW, article

SOON_S = 20.0


def shelf(*documents: Document | None) -> Callable[[int, int], list[Change]]:
    """Changes in order; None is an article that is gone (of the number of its place)."""
    rows = [Change(seq, one.id if one else seq, one) for seq, one in enumerate(documents, 1)]
    return lambda after, limit: rows[after : after + limit]


def titles(index: Index) -> list[str]:
    index.reload()
    return sorted(hit.facts.title for hit in index.newest([], 100))


def test_changes_are_taken_in_once_and_in_order(tmp_path: Path) -> None:
    index = Index(tmp_path)
    assert catch_up(index, shelf(article(1, "甲"), article(2, "乙"))) == 2
    assert catch_up(index, shelf(article(1, "甲"), article(2, "乙"))) == 0
    assert catch_up(index, shelf(article(1, "甲"), article(2, "乙"), article(1, "甲改"), None)) == 2
    assert place(index) == 4
    assert titles(index) == ["乙", "甲改"]


def test_an_article_that_is_gone_disappears(tmp_path: Path) -> None:
    index = Index(tmp_path)
    rows = [Change(1, 7, article(7, "甲")), Change(2, 7, None)]
    catch_up(index, lambda after, limit: rows[after : after + 1])
    assert titles(index) == []


def test_only_one_writes_and_the_other_goes_on_reading(tmp_path: Path) -> None:
    one, other = Index(tmp_path), Index(tmp_path)
    writer = one.writer()
    assert catch_up(other, shelf(article(1, "甲"))) == 0
    put(writer, article(2, "乙"))
    writer.commit()
    assert titles(other) == ["乙"]


def test_a_rebuild_is_swapped_in_beside_running_questions(tmp_path: Path) -> None:
    index, reader = Index(tmp_path), Index(tmp_path)
    documents = [article(n, f"阀门企业走访{n}", days_ago=n) for n in range(1, 60)]
    catch_up(index, shelf(*documents))
    reader.reload()
    failures: list[BaseException] = []
    asked = _ask_until(IndexedArticles(reader, now=lambda: NOW), stop := threading.Event(), failures)
    before = index.folder
    for _ in range(3):
        assert rebuild(index, shelf(*documents)) == len(documents)
    stop.set()
    asked.join(SOON_S)
    assert not failures
    assert index.folder != before
    assert not before.exists()
    assert len(titles(reader)) == len(documents)
    assert reader.folder == index.folder


def _ask_until(articles: IndexedArticles, stop: threading.Event, failures: list[BaseException]) -> threading.Thread:
    def ask() -> None:
        try:
            while not stop.is_set():
                assert articles.search("阀门企业走访").articles
                articles.index.reload()
        except BaseException as failure:  # handed to the test, which raises
            failures.append(failure)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_two_rebuilds_at_once_are_one_too_many(tmp_path: Path) -> None:
    index = Index(tmp_path)
    with _alone(index), pytest.raises(Busy):
        rebuild(index, shelf())


def _write_for_ever(folder: str) -> None:
    index = Index(Path(folder))
    writer = index.writer()
    for number in range(1, 1_000_000):
        put(writer, article(number, f"没写完的{number}"))
        if number == 300:
            Path(folder, "busy").touch()


def test_a_killed_writer_leaves_what_was_committed_and_a_free_lock(tmp_path: Path) -> None:
    index = Index(tmp_path)
    catch_up(index, shelf(article(1, "甲")))
    writing = multiprocessing.get_context("spawn").Process(target=_write_for_ever, args=(str(tmp_path),))
    writing.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "busy").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(writing.pid or 0, signal.SIGKILL)
    writing.join(SOON_S)
    assert titles(index) == ["甲"]
    assert catch_up(index, shelf(article(1, "甲"), article(2, "乙"))) == 1
    assert titles(index) == ["乙", "甲"]


def test_another_analysis_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catch_up(Index(tmp_path), shelf(article(1, "甲")))
    monkeypatch.setattr("bot.search.index.fingerprint", lambda: "v999-other")
    other = Index(tmp_path)
    assert titles(other) == []
    assert place(other) == 0
