"""The index on disk: many readers, one writer, and whole generations swapped in while questions come."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.search import generations
from bot.search.analysis import sounding
from bot.search.articles import IndexedArticles
from bot.search.builder import Busy, Change, catch_up, place, rebuild, tidy
from bot.search.document import Document
from bot.search.index import Index
from bot.search.question import read
from bot.search.ranking import Wanted
from bot.search.threshold import keep
from tests.search.conftest import NOW, Shelve, article

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
    writer.put(article(2, "乙"))
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
    assert len(titles(reader)) == len(documents)
    assert reader.folder == index.folder
    tidy(index)
    assert generations_in(index.home) == [index.folder]


def generations_in(home: Path) -> list[Path]:
    return sorted(home.glob("g*"))


def test_a_generation_that_is_still_read_stays_until_its_last_reader_leaves(tmp_path: Path) -> None:
    index, reader = Index(tmp_path), Index(tmp_path)
    catch_up(index, shelf(article(1, "甲")))
    reader.reload()
    before = reader.folder
    rebuild(index, shelf(article(1, "甲")))
    tidy(index)
    assert before.is_dir()
    assert [hit.title for hit in reader.newest([], 9)] == ["甲"]
    reader.reload()
    tidy(reader)
    assert generations_in(index.home) == [index.folder]


def test_what_a_killed_rebuild_left_goes_with_the_next(tmp_path: Path) -> None:
    index = Index(tmp_path)
    left = generations.fresh(index.home).folder
    assert left.is_dir()
    rebuild(index, shelf(article(1, "甲")))
    assert generations_in(index.home) == [index.folder]


def test_a_rebuild_keeps_the_threshold_that_was_measured(tmp_path: Path) -> None:
    index = Index(tmp_path)
    catch_up(index, shelf(article(1, "甲")))
    keep(index.folder, 0.123, 1)
    rebuild(index, shelf(article(1, "甲")))
    assert index.answers_from == 0.123


def test_an_older_analysis_goes_when_nobody_has_it_open_and_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index(tmp_path)
    monkeypatch.setattr("bot.search.index.fingerprint", lambda: "v999-other")
    older, homes = Index(tmp_path), {index.home}
    _age(older.home, generations.KEPT_S + 60)
    tidy(index)
    assert set(tmp_path.iterdir()) == homes | {older.home}
    del older
    tidy(index)
    assert set(tmp_path.iterdir()) == homes
    monkeypatch.setattr("bot.search.index.fingerprint", lambda: "v998-newer")
    home = Index(tmp_path).home
    tidy(index)
    assert home.is_dir()


def _age(home: Path, seconds: float) -> None:
    for file in home.rglob("*"):
        os.utime(file, (time.time() - seconds,) * 2, follow_symlinks=False)


def test_texts_that_were_replaced_wear_an_index_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.search.index.WORN_FROM", 5)
    index = Index(tmp_path)
    rows = [article(1, f"第{n}稿") for n in range(8)]
    catch_up(index, shelf(*rows))
    index.reload()
    worn = [index.is_worn]
    catch_up(index, shelf(*rows, article(1, "定稿")))
    index.reload()
    worn.append(index.is_worn)
    rebuild(index, shelf(article(1, "定稿")))
    assert [*worn, index.is_worn] == [False, True, False]
    assert titles(index) == ["定稿"]


def test_an_article_found_says_all_that_was_put_in(tmp_path: Path) -> None:
    index = Index(tmp_path)
    put_in = replace(
        article(7, "ＡＩ 車間😂", "第一行\n第二行", duplicate_of=3), topics=("ai",), picture="https://x/1.png"
    )
    catch_up(index, shelf(put_in))
    index.reload()
    hit = index.by_id([7])[0]
    assert (hit.title, hit.body, hit.group) == ("ai 车间😂", "第一行\n第二行", 3)
    assert (hit.published, hit.size) == (NOW, len(hit.content.encode()))
    assert hit.heard == sounding(hit.content)
    facts = hit.facts
    assert (facts.title, facts.topics, facts.picture, facts.duplicate_of) == (put_in.title, ("ai",), put_in.picture, 3)


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
    with generations.alone(index.home), pytest.raises(Busy):
        rebuild(index, shelf())


def _write_for_ever(folder: str) -> None:
    index = Index(Path(folder))
    writer = index.writer()
    for number in range(1, 1_000_000):
        writer.put(article(number, f"没写完的{number}"))
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


def test_common_words_are_not_looked_for_in_a_large_index_but_count_where_they_stand(
    shelve: Shelve, monkeypatch: pytest.MonkeyPatch
) -> None:
    news = [article(number, f"园区招商快讯{number}" if number < 9 else f"企业走访{number}") for number in range(2, 60)]
    view = shelve([article(0, "谐振波阀门"), article(1, "谐振波阀门的园区招商"), *news]).index.view()
    wanted = Wanted(read("谐振波阀门园区招商", NOW), (), view)
    usual = wanted.candidates(2)
    monkeypatch.setattr("bot.search.index.READ", 25)
    looked_for, common = view.by_worth(wanted.weights)
    assert ("words", "阀门") in looked_for
    assert ("pairs", "招商") in common
    few = wanted.candidates(2)
    assert [hit.id for hit in few] == [1, 0]
    assert [hit.id for hit in usual] == [1, 0]


def test_a_text_longer_than_one_read_is_whole(tmp_path: Path) -> None:
    index = Index(tmp_path)
    long = "".join(f"第{number}条写明了园区的用电和承重。" for number in range(400))
    catch_up(index, shelf(article(1, "长文", long), article(2, "短文")))
    index.reload()
    assert [hit.body for hit in index.by_id([1, 2])] == [long, "短文。"]
    assert [hit.facts.title for hit in index.by_id([1, 2])] == ["长文", "短文"]
