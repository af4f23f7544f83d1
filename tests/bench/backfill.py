"""A whole site taken in, whatever happens: `python -m tests.bench.backfill 20000` (and `api` for that way).

A Z-Blog site of so many posts answers over HTTP; of its article pages (or those of its API) some answer 503 at first,
some half, some rubbish, and once everything is down for a while. `python -m bot ingest --all` reads it, is stopped, killed and started again. Then
the clock's runs take in what is left, posts are edited and deleted, and the whole is read again, by the API. After
each part the database is compared with the site: every post once, word for word. Prints articles a second, requests
for each article, and the memory of the reader; exits 1 where anything is otherwise than it was posted.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from zlib import crc32

import sqlalchemy as sa

from bot.store.articles import Article
from bot.store.base import sessions
from tests.site.texts import Post, posts
from tests.site.themes import THEMES, Page
from tests.site.zblog import Answer, Blog, serving

BAD_FROM, BAD_OF = 15, 1000
"""So many of so many article pages answer at first with 503, half, or rubbish; a third each."""
DOWN_AT, DOWN_FOR = 0.5, 30
"""After this share of the posts the site is down for so many requests."""
A_PAGE = 50
"""Posts on a page of the API."""
SIGNALS = ((0.2, signal.SIGINT), (0.35, signal.SIGKILL))
"""Sent after these shares of the posts, to whichever run is at it then."""
MOST_RUNS = 60
LEFT_RUNS = 40
EDITED, DELETED = 50, 20
LONGEST_S = 3 * 3600.0


@dataclass
class LargeBlog(Blog):
    """The same site, quick enough to be large: what does not change is not sorted anew for every page."""

    ordered: list[Post] = field(default_factory=list)

    def newest(self) -> list[Post]:
        if not self.ordered:
            self.ordered = super().newest()
        return self.ordered

    def page(self, post: Post) -> str:
        some = random.sample(self.newest(), 6)
        return THEMES[self.theme](Page(post, some, self.url, self.now(), self.contact))


@dataclass
class Trouble:
    """What stands before the site. Each page is in trouble once; `read` counts the posts that were asked for, `down`
    the requests of the outage."""

    blog: LargeBlog
    once: set[str] = field(default_factory=set)
    read: int = 0
    down: int = 0

    def __call__(self, target: str) -> Answer | None:
        if self.down < DOWN_FOR and self.read > DOWN_AT * len(self.blog.posts):
            self.down += 1
            return Answer("", 502)
        posts = 1 if "/post/" in target else A_PAGE * ("/api.php" in target and self.blog.api)
        self.read += posts
        chance = crc32(target.encode()) % BAD_OF
        if not posts or chance >= BAD_FROM or target in self.once:
            return None
        self.once.add(target)
        return self._bad(chance, target)

    def _bad(self, chance: int, target: str) -> Answer:
        kinds = (
            Answer("", 503, {"Retry-After": "0"}),
            self._half(target),
            Answer(b"\x00\xff\xfe\x80" * 500),
        )
        return kinds[chance % len(kinds)]

    def _half(self, target: str) -> Answer:
        self.blog.faults.remove(self)
        whole = self.blog.answer(target)
        self.blog.faults.append(self)
        body = whole.body if isinstance(whole.body, str) else whole.body.decode()
        return replace(whole, body=body[: len(body) // 2])


def main() -> int:
    size, by_api = int(sys.argv[1]) if sys.argv[1:] else 20_000, "api" in sys.argv
    with tempfile.TemporaryDirectory() as folder, serving(LargeBlog(theme="tpure", feed=True, api=by_api)) as blog:
        assert isinstance(blog, LargeBlog)
        blog.put(*posts(size))
        trouble = Trouble(blog)
        blog.faults.append(trouble)
        return Backfill(blog, trouble, Path(folder)).run()


@dataclass
class Backfill:
    blog: LargeBlog
    trouble: Trouble
    folder: Path
    peak_mb: int = 0
    signals: list[tuple[float, signal.Signals]] = field(default_factory=lambda: list(SIGNALS))

    def run(self) -> int:
        size, began = len(self.blog.posts), time.monotonic()
        exits = [self._ingest()]
        while exits[-1] != 0 and len(exits) < MOST_RUNS:
            exits.append(self._ingest())
        took = time.monotonic() - began
        print(f"{size} posts read in {took:.0f} s ({size / took:.0f}/s), in {len(exits)} runs that ended with {exits}")
        print(f"  {len(self.blog.asked) / size:.2f} requests for each post, load {os.getloadavg()[0]:.1f}")
        missing = len(self._differences())
        runs = next((n for n in range(LEFT_RUNS) if not self._differences() or self._ingest(everything=False) < 0), -1)
        wrong = self._differences()
        print(
            f"  {missing} were left for the clock, which took {runs} runs; then {len(wrong)} differ; {self._doubled()} double"
        )
        self._change()
        began = time.monotonic()
        code = self._ingest()
        late = self._differences()
        print(
            f"{EDITED} edited, {DELETED} deleted, read again by the API in {time.monotonic() - began:.0f} s (exit {code}): "
            f"{len(late)} differ, {self._doubled()} double, {self._gone()} gone; reader at most {self.peak_mb} MB"
        )
        for one in [*wrong, *late][:20]:
            print("   ", one)
        return int(bool(wrong or late or self._doubled() or self._gone() != DELETED))

    def _ingest(self, *, everything: bool = True) -> int:
        """One run; it is sent the next signal when that is due."""
        command = [sys.executable, "-m", "bot", "ingest", *(["--all"] if everything else [])]
        with (self.folder / "told.log").open("a") as told:
            process = subprocess.Popen(command, env=self._environ(), stdout=told, stderr=told)
            ends = time.monotonic() + LONGEST_S
            for _ in count():
                if process.poll() is not None or time.monotonic() > ends:
                    break
                self._watch(process.pid)
                if self.signals and self.trouble.read > self.signals[0][0] * len(self.blog.posts):
                    process.send_signal(self.signals.pop(0)[1])
                time.sleep(0.2)
            if process.poll() is None:
                process.kill()
        return process.wait(60)

    def _watch(self, pid: int) -> None:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return
        peak = [int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM")]
        self.peak_mb = max([self.peak_mb, *peak])

    def _change(self) -> None:
        """Edits anywhere in the site, and posts that are taken down; the API is on from now on."""
        chance = random.Random(5)
        numbers = chance.sample(sorted(self.blog.posts), EDITED + DELETED)
        for one in numbers[:EDITED]:
            old = self.blog.posts[one]
            self.blog.put(replace(old, paragraphs=(*old.paragraphs, f"第{one}篇后来补充的一段，写明了结果。")))
            self.blog.edited[one] = datetime.now(UTC)
        for one in numbers[EDITED:]:
            del self.blog.posts[one]
        self.blog.api, self.blog.ordered = True, []
        self.blog.faults.clear()

    def _rows(self) -> list[tuple[str, str, bool]]:
        made = sessions(self._url())
        with made() as session:
            asked = sa.select(Article.title, Article.body, Article.gone_at.is_not(None))
            rows = [(title, body, gone) for title, body, gone in session.execute(asked)]
        made.kw["bind"].dispose()
        return rows

    def _differences(self) -> list[str]:
        stored = {title: body for title, body, gone in self._rows() if not gone}
        posted = {one.title: one.body for one in self.blog.posts.values()}
        wrong = [f"missing: {title}" for title in posted.keys() - stored.keys()]
        wrong += [f"too many: {title}" for title in stored.keys() - posted.keys()]
        return wrong + [f"text: {title}" for title in posted.keys() & stored.keys() if posted[title] != stored[title]]

    def _doubled(self) -> int:
        return sum(number - 1 for number in Counter(title for title, _, gone in self._rows() if not gone).values())

    def _gone(self) -> int:
        return sum(gone for _, _, gone in self._rows())

    def _url(self) -> str:
        return f"sqlite:///{self.folder / 'bot.db'}"

    def _environ(self) -> dict[str, str]:
        return {
            **os.environ, "SITE_URL": self.blog.root, "SITE_ALLOW_PRIVATE": "1", "DATA_DIR": str(self.folder),
            "DATABASE_URL": self._url(), "WECHAT_APP_ID": "wx" + "0" * 16, "WECHAT_APP_SECRET": "s" * 16,
            "WECHAT_TOKEN": "token", "WECHAT_AES_KEY": "A" * 43, "SECRET_KEY": "k" * 32,
            "DATA_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
