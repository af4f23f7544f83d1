"""`python -m bot ingest --all`: stopped, killed and started again it ends with every post once; progress is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.articles import Article
from bot.store.base import sessions
from jobs.progress import Progress, bar
from tests.site.texts import posts
from tests.site.zblog import Answer, Blog, serving

COUNT = 60


@pytest.fixture
def blog() -> Iterator[Blog]:
    with serving(Blog(feed=False)) as made:
        made.put(*posts(COUNT))
        yield made


def environ(blog: Blog, folder: Path) -> dict[str, str]:
    return {
        **os.environ, "SITE_URL": blog.root, "SITE_ALLOW_PRIVATE": "1", "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}", "WECHAT_APP_ID": "wx" + "0" * 16, "WECHAT_APP_SECRET": "s" * 16,
        "WECHAT_TOKEN": "token", "WECHAT_AES_KEY": "A" * 43, "SECRET_KEY": "k" * 32,
        "DATA_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    }  # fmt: skip


def start(blog: Blog, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bot", "ingest", "--all"]
    return subprocess.Popen(
        command, env=environ(blog, folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def broken_off(blog: Blog, folder: Path, number: signal.Signals) -> subprocess.Popen[str]:
    """Started, and sent the signal when it has read a third of the articles."""
    process = start(blog, folder)
    blog.faults.append(lambda target: time.sleep(0.02) if "/post/" in target else None)  # type: ignore[func-returns-value]
    until = time.monotonic() + 60
    while len([one for one in blog.asked if "/post/" in one]) < COUNT // 3 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    return process


def stored(folder: Path) -> Counter[str]:
    made = sessions(f"sqlite:///{folder / 'bot.db'}")
    with made() as session:
        found = Counter(session.scalars(sa.select(Article.title).where(Article.gone_at.is_(None))))
    made.kw["bind"].dispose()
    return found


def test_killed_and_started_again_it_has_every_post_once(blog: Blog, tmp_path: Path) -> None:
    process = broken_off(blog, tmp_path, signal.SIGKILL)
    process.communicate(timeout=60)
    assert 0 < len(stored(tmp_path)) < COUNT
    again = start(blog, tmp_path)
    _told, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert stored(tmp_path) == Counter(one.title for one in posts(COUNT))


def test_stopped_it_says_so_and_goes_on_from_there(blog: Blog, tmp_path: Path) -> None:
    process = broken_off(blog, tmp_path, signal.SIGINT)
    _told, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    read = len(stored(tmp_path))
    assert 0 < read < COUNT
    blog.asked.clear()
    again = start(blog, tmp_path)
    _told, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert stored(tmp_path) == Counter(one.title for one in posts(COUNT))
    assert len([one for one in blog.asked if "/post/" in one]) < COUNT, "what was read before is not read again"
    assert f"{COUNT}/{COUNT}" in errors, "lines in a log where there is no terminal"


def test_a_site_that_cannot_be_read_is_told_in_one_line(blog: Blog, tmp_path: Path) -> None:
    blog.faults.append(lambda target: Answer("", 500))
    process = start(blog, tmp_path)
    _told, errors = process.communicate(timeout=120)
    assert process.returncode == 1 and "the next run goes on from here" in errors and "Traceback" not in errors


class Terminal:
    def __init__(self) -> None:
        self.written = ""

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_one_bar_that_grows() -> None:
    terminal = Terminal()
    progress = Progress(terminal)  # type: ignore[arg-type]
    for done in (1, 50, 100):
        progress(done, 100, "3 new")
    assert terminal.written.count("\r") == 3 and "\n" not in terminal.written
    assert bar(50, 100) == "[############............] 50/100 50%"
    assert bar(7, 0).endswith("7/?")
