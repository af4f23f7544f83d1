"""Articles, subscribers and an account for the tests of pushing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.adapters.wechat.client import DraftArticle, Tag
from bot.adapters.wechat.errors import PlatformError
from bot.adapters.wechat.quota import Ledger
from bot.adapters.wechat.windows import MESSAGE
from bot.dialogue.effects import TopicsChosen
from bot.dialogue.reply import Card
from bot.store import followers
from bot.store.articles import Article, ArticleTopic
from bot.store.base import Sessions
from bot.store.effects import commit
from tests.store.say import NOON, message

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, step: timedelta) -> None:
        self.now += step


@dataclass
class Account:
    """What arrives at followers' phones. `fails` is asked before each call: an error it gives is raised, `cut` ones
    after the call was done. A follower is told by tag only while they have it."""

    fails: Callable[[str], PlatformError | None] = lambda call: None
    cut: Callable[[str], PlatformError | None] = lambda call: None
    phones: dict[str, list[str]] = field(default_factory=dict)
    members: dict[int, set[str]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    drafts: dict[str, list[DraftArticle]] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    templates: dict[tuple[str, str], str] = field(default_factory=dict)
    previews: list[tuple[str, str]] = field(default_factory=list)

    def send_text(self, openid: str, text: str) -> None:
        self._call("send", lambda: self._arrive(openid, text))

    def send_card(self, openid: str, card: Card) -> None:
        self._call("send", lambda: self._arrive(openid, f"{card.title} {card.url}"))

    def send_template(
        self, openid: str, template_id: str, data: Mapping[str, str], url: str = "", client_msg_id: str = ""
    ) -> str:
        if (openid, client_msg_id) not in self.templates:
            self._call("template", lambda: self._by_template(openid, client_msg_id, f"{data} {url}"))
        return self.templates[openid, client_msg_id]

    def _by_template(self, openid: str, client_msg_id: str, text: str) -> None:
        self.templates[openid, client_msg_id] = str(3000 + len(self.templates))
        self._arrive(openid, text)

    def send_notice(self, openid: str, template_id: str, data: Mapping[str, str], page: str = "") -> None:
        self._call("notice", lambda: self._arrive(openid, f"{data} {page}"))

    def tags(self) -> Sequence[Tag]:
        return [Tag(id, name, len(self.members[id])) for id, name in self.names.items()]

    def create_tag(self, name: str) -> Tag:
        number = 100 + len(self.names)
        self.names[number], self.members[number] = name, set()
        return Tag(number, name)

    def tag(self, openids: Sequence[str], tag_id: int) -> None:
        self._call("tag", lambda: self.members[tag_id].update(openids))

    def untag(self, openids: Sequence[str], tag_id: int) -> None:
        self._call("untag", lambda: self.members[tag_id].difference_update(openids))

    def upload_image(self, image: bytes, filename: str) -> str:
        self._call("picture", lambda: None)
        return f"http://mmbiz.qpic.cn/{len(image)}"

    def add_material(self, kind: str, data: bytes, filename: str) -> str:
        self._call("material", lambda: None)
        return "THUMB"

    def add_draft(self, articles: Sequence[DraftArticle]) -> str:
        media_id = f"DRAFT{len(self.drafts)}"
        self._call("draft", lambda: self.drafts.update({media_id: list(articles)}))
        return media_id

    def mass_preview(self, media_id: str, openid: str = "", wechat_name: str = "") -> None:
        self._call("preview", lambda: self.previews.append((media_id, openid or wechat_name)))

    def mass_to_tag(self, tag_id: int, media_id: str, clientmsgid: str) -> str:
        from bot.adapters.wechat.errors import AlreadyDone

        if clientmsgid in self.jobs:
            error = AlreadyDone(45065, "clientmsgid exist")
            error.msg_id = self.jobs[clientmsgid]
            raise error
        self._call("mass", lambda: self._mass(tag_id, media_id, clientmsgid))
        return self.jobs[clientmsgid]

    def _mass(self, tag_id: int, media_id: str, clientmsgid: str) -> None:
        self.jobs[clientmsgid] = str(9000 + len(self.jobs))
        for openid in self.members[tag_id]:
            for article in self.drafts[media_id]:
                self._arrive(openid, f"{article.title} {article.content_source_url}")

    def mass_to_followers(self, openids: Sequence[str], media_id: str, clientmsgid: str) -> str:
        raise AssertionError("this account has no lists")

    def mass_status(self, msg_id: str) -> str:
        return "SENDING"

    def _call(self, name: str, done: Callable[[], object]) -> None:
        self.calls.append(name)
        if error := self.fails(name):
            raise error
        done()
        if error := self.cut(name):
            raise error

    def _arrive(self, openid: str, text: str) -> None:
        self.phones.setdefault(openid, []).append(text)


def once(name: str, *errors: PlatformError) -> Callable[[str], PlatformError | None]:
    """These errors for the first calls of this name, then none."""
    left: Iterator[PlatformError] = iter(errors)
    return lambda call: next(left, None) if call == name else None


@dataclass
class Shelf:
    """The database with articles and subscribers in it."""

    store: Sessions
    ledger: Ledger
    clock: Clock = field(default_factory=Clock)

    def put(self, id: int, *topics: str, ago: timedelta = HOUR, seen_after: timedelta = MINUTE, **more: object) -> None:
        """An article that came out `ago`, was seen `seen_after` that, and surely belongs to the topics."""
        published = self.clock.now - ago
        row = {
            "id": id, "title": f"文章{id}", "body": f"第一段{id}\n第二段", "summary": f"摘要{id}", "author": "编辑",
            "url": f"https://site.example/{id}", "picture": "", "published_at": published,
            "published_precision": "second", "first_seen_at": published + seen_after, "updated_at": published,
            "category": "", "tags": [], "content_hash": f"{id:064}", "source": "feed", "index_seq": id, **more,
        }  # fmt: skip
        score = row.pop("score", 0.9)
        with self.store.begin() as session:
            session.add(Article(**row))
            session.flush()
            session.add_all(ArticleTopic(article_id=id, topic=topic, score=score, by_staff=False) for topic in topics)

    def gone(self, id: int) -> None:
        with self.store.begin() as session:
            session.execute(sa.update(Article).where(Article.id == id).values(gone_at=self.clock.now))

    def subscribe(self, openid: str, *topics: str, ago: timedelta = DAY, pace: str = "") -> None:
        chosen = message(f"sub {openid} {topics} {self.clock.now}", openid, after=self.clock.now - NOON - ago)
        with self.store.begin() as session:
            followers.welcome(session, openid, self.clock.now - ago)
        commit(self.store, _NoSecrets(), chosen, (TopicsChosen(topics, pace),), ())
        self._silent(openid)

    def writes(self, openid: str, ago: timedelta = HOUR) -> None:
        """They wrote, so that their window is open."""
        at = self.clock.now - ago
        with self.store.begin() as session:
            followers.heard(session, openid, at)
        self.ledger.note_inbound(openid, MESSAGE, at)

    def _silent(self, openid: str) -> None:
        with self.store.begin() as session:
            session.execute(
                sa.update(followers.Follower).where(followers.Follower.openid == openid).values(heard_at=None)
            )


class _NoSecrets:
    """Subscribing seals nothing; it only hashes the message key."""

    def keyed_hash(self, value: str, purpose: str) -> str:
        return value[-64:]

    def seal(self, plain: bytes, purpose: str) -> bytes:
        raise NotImplementedError

    def open(self, sealed: bytes, purpose: str) -> bytes:
        raise NotImplementedError
