"""The draft box, and the published articles that come out of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint, wanted
from bot.simulator.errors import Fail
from bot.simulator.sanitise import kept
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

# The console takes 8 articles in one draft; the API page gives no number.
MOST_ARTICLES = 8
MB = 1 << 20
# field: (longest, code when longer, counted in bytes)
LIMITS = {
    "title": (32, 45003, False),
    "author": (16, 45110, False),
    "digest": (120, 45004, False),
    "content_source_url": (1024, 45005, True),
}


@dataclass(slots=True)
class Draft:
    """A draft or, once published or sent, the articles made of it. Each article has its own public key."""

    media_id: str
    articles: list[Json]
    updated: int
    keys: list[str] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)

    def cards(self) -> list[Json]:
        """The articles as a chat shows them."""
        return [
            {
                "title": article["title"],
                "description": article["digest"],
                "url": article_url(key),
                "picture": article["thumb_url"],
                "source": article.get("content_source_url", ""),
            }
            for key, article in zip(self.keys, self.articles, strict=True)
        ]


def article_url(key: str) -> str:
    return f"http://mp.weixin.qq.com/s/{key}"


class Drafts:
    """The box, and everything that left it, by article key and by article_id."""

    def __init__(self) -> None:
        self.box: dict[str, Draft] = {}
        self.out: dict[str, Draft] = {}
        self.by_article_id: dict[str, Draft] = {}
        self._numbers = itertools.count(1)

    def add(self, articles: list[Json], now: int) -> Draft:
        number = next(self._numbers)
        keys = [f"sim{number:06d}a{index}" for index in range(1, len(articles) + 1)]
        draft = Draft(f"DRAFT_{number:08d}_{now:x}", articles, now, keys)
        self.box[draft.media_id] = draft
        self.out.update(dict.fromkeys(keys, draft))
        return draft

    def get(self, media_id: object) -> Draft:
        draft = self.box.get(media_id) if isinstance(media_id, str) else None
        if draft is None:
            raise Fail(40007)
        return draft

    def publish(self, draft: Draft) -> str:
        """Out of the box; gives the article_id."""
        self.box.pop(draft.media_id, None)
        article_id = f"ART_{draft.media_id}"
        self.by_article_id[article_id] = draft
        return article_id

    def published(self, article_id: object) -> list[Json]:
        draft = self.by_article_id.get(article_id) if isinstance(article_id, str) else None
        if draft is None:
            raise Fail(53600)
        return draft.cards()


def add(sim: Simulator, call: Call) -> Json:
    articles = wanted(call.literal_body, "articles", list)
    if not articles:
        raise Fail(44003)
    if len(articles) > MOST_ARTICLES:
        raise Fail(45008)
    checked = [_checked(sim, article) for article in articles]
    return {"media_id": sim.drafts.add(checked, sim.clock.stamp()).media_id}


def _checked(sim: Simulator, article: object) -> Json:
    if not isinstance(article, dict):
        raise Fail(45162)
    _within_limits(article)
    if article.get("article_type", "news") == "newspic":
        return _picture_article(sim, article)
    thumb = sim.media.permanent(article.get("thumb_media_id"))
    content = _content(sim, article)
    digest = article.get("digest") or _plain(content)[:54]
    return article | {"content": content, "digest": digest, "thumb_url": thumb.url or f"/media/{thumb.media_id}"}


def _within_limits(article: Json) -> None:
    if not article.get("title"):
        raise Fail(45003)
    for name, (longest, code, in_bytes) in LIMITS.items():
        value = str(article.get(name) or "")
        if (len(value.encode()) if in_bytes else len(value)) > longest:
            raise Fail(code)
    source = article.get("content_source_url")
    if source and not str(source).startswith(("http://", "https://")):
        raise Fail(41039)


def _content(sim: Simulator, article: Json) -> str:
    content = article.get("content")
    if not isinstance(content, str) or not content.strip():
        raise Fail(44003)
    if len(content) >= 20_000 or len(content.encode()) >= MB:
        raise Fail(45002)
    return kept(content, sim.media.pictures)


def _picture_article(sim: Simulator, article: Json) -> Json:
    images = article.get("image_info", {}).get("image_list", [])
    if not 1 <= len(images) <= 20:
        raise Fail(45008)
    found = [sim.media.permanent(image.get("image_media_id")) for image in images]
    return article | {
        "digest": article.get("digest", ""),
        "content": article.get("content", ""),
        "thumb_url": found[0].url,
    }


def _plain(content: str) -> str:
    out, inside = [], False
    for char in content:
        inside = char == "<" or (inside and char != ">")
        if not inside and char != ">":
            out.append(char)
    return "".join(out).strip()


def get(sim: Simulator, call: Call) -> Json:
    return {"news_item": _items(sim.drafts.get(call.body.get("media_id")))}


def _items(draft: Draft, *, no_content: bool = False) -> list[Json]:
    left_out = {"content"} if no_content else set()
    return [
        {name: value for name, value in article.items() if name not in left_out} | {"url": article_url(key)}
        for key, article in zip(draft.keys, draft.articles, strict=True)
    ]


def update(sim: Simulator, call: Call) -> Json:
    body = call.literal_body
    draft = sim.drafts.get(body.get("media_id"))
    index = wanted(body, "index", int, 40114)
    if not 0 <= index < len(draft.articles):
        raise Fail(40114)
    article = wanted(body, "articles", dict, 45166)
    if not article.get("content"):
        raise Fail(45166)
    draft.articles[index] = _checked(sim, article)
    draft.updated = sim.clock.stamp()
    return {}


def delete(sim: Simulator, call: Call) -> Json:
    draft = sim.drafts.get(call.body.get("media_id"))
    del sim.drafts.box[draft.media_id]
    return {}


def count(sim: Simulator, _call: Call) -> Json:
    return {"total_count": len(sim.drafts.box)}


def batch_get(sim: Simulator, call: Call) -> Json:
    offset, number = call.field("offset", int), call.field("count", int)
    if not 1 <= number <= 20:
        raise Fail(40007)
    drafts = sorted(sim.drafts.box.values(), key=lambda draft: -draft.updated)
    no_content = bool(call.body.get("no_content"))
    shown = [
        {
            "media_id": draft.media_id,
            "content": {"news_item": _items(draft, no_content=no_content)},
            "update_time": draft.updated,
        }
        for draft in drafts[offset : offset + number]
    ]
    return {"total_count": len(drafts), "item_count": len(shown), "item": shown}


ENDPOINTS = (
    Endpoint("/cgi-bin/draft/add", "POST", add, "draft", 1000),
    Endpoint("/cgi-bin/draft/get", "POST", get, "draft", 500),
    Endpoint("/cgi-bin/draft/update", "POST", update, "draft", 1000),
    Endpoint("/cgi-bin/draft/delete", "POST", delete, "draft", 1000),
    Endpoint("/cgi-bin/draft/count", "GET", count, "draft", 1000),
    Endpoint("/cgi-bin/draft/batchget", "POST", batch_get, "draft", 1000),
)
