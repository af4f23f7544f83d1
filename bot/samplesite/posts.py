"""The posts of the sample site: those it ships with, and what was published, changed or deleted since."""

from __future__ import annotations

import json
import threading
import tomllib
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

SHIPPED = Path(__file__).parent / "posts.toml"


@dataclass(frozen=True, slots=True)
class Post:
    """`published` in seconds since 1970."""

    id: int
    title: str
    category: str
    body: str
    published: int


class Posts:
    """All posts, newest first; what changed is kept in a JSON file."""

    def __init__(self, kept: Path | None = None) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._posts = {post.id: post for post in _shipped(datetime.now(UTC))}
        self._load()

    def all(self, category: str = "") -> list[Post]:
        posts = [post for post in self._posts.values() if not category or post.category == category]
        return sorted(posts, key=lambda post: (post.published, post.id), reverse=True)

    def get(self, post_id: int) -> Post | None:
        return self._posts.get(post_id)

    @property
    def categories(self) -> list[str]:
        return list(dict.fromkeys(post.category for post in self._posts.values()))

    def publish(self, title: str, category: str, body: str) -> Post:
        with self._lock:
            post = Post(max(self._posts, default=0) + 1, title, category, body, int(datetime.now(UTC).timestamp()))
            self._posts[post.id] = post
            self._save()
        return post

    def change(self, post_id: int, title: str, category: str, body: str) -> None:
        with self._lock:
            self._posts[post_id] = replace(self._posts[post_id], title=title, category=category, body=body)
            self._save()

    def delete(self, post_id: int) -> None:
        with self._lock:
            self._posts.pop(post_id, None)
            self._save()

    def _load(self) -> None:
        if self._kept and self._kept.exists():
            rows = json.loads(self._kept.read_text(encoding="utf-8"))
            self._posts = {row["id"]: Post(**row) for row in rows}

    def _save(self) -> None:
        if self._kept:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            rows = [asdict(post) for post in self._posts.values()]
            self._kept.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def _shipped(now: datetime) -> list[Post]:
    """The shipped posts, the last one the newest; they are some days old so that they are no news."""
    rows = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["post"]
    first = now - timedelta(days=6 + 2 * len(rows))
    return [
        Post(
            number,
            row["title"],
            row["category"],
            row["body"].strip(),
            int((first + timedelta(days=2 * number)).timestamp()),
        )
        for number, row in enumerate(rows, 1)
    ]
