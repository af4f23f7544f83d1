"""A backup brings back every row, on either database; who was erased since stays erased, and nothing is pushed again."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa

from bot import wiring
from bot.adapters.conversations import Conversations
from bot.commands.backup import backup, restore
from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Asked, LeadSubmitted, PersonErased, TopicsChosen, Unfollowed
from bot.dialogue.reply import Words
from bot.store import articles, news, talks
from bot.store.articles import Content
from bot.store.backup import lines
from bot.store.broadcasts import plan
from bot.store.deliveries import Delivery
from bot.store.effects import commit
from bot.store.followers import Follower
from bot.store.leads import Lead
from bot.store.migrate import upgrade
from bot.store.news import Rules, candidates
from bot.store.outbox import Outbox
from bot.store.subscriptions import Subscription
from bot.store.talks import Line, Talk
from config.settings import Settings, read
from tests.store.say import inquiry, message

AES_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
NOW = datetime.now(UTC)
Set = Callable[[str], Settings]


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Set:
    """settings(database address)"""

    def made(url: str) -> Settings:
        return read(
            {
                "WECHAT_APP_ID": "wx1234567890abcdef",
                "WECHAT_APP_SECRET": "not-a-real-secret",
                "WECHAT_TOKEN": "token2026",
                "WECHAT_AES_KEY": AES_KEY,
                "SECRET_KEY": "backup-test-secret",
                "DATA_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                "REDIS_URL": redis_url,
                "DATABASE_URL": url,
                "DATA_DIR": str(tmp_path / "data"),
            }
        )

    return made


def lived(settings: Settings) -> wiring.Base:
    """A database in which something happened: leads, topics, articles that tell the same story, a push under way."""
    wiring.migrate(settings)
    made = wiring.base(settings)

    def happened(key: str, openid: str, *effects: Any) -> None:
        moment = message(key, openid)
        commit(made.sessions, made.vault, type(moment)(openid, "gh", NOW, key, moment.content), effects, ("wecom",))

    happened("m1", "oStays", inquiry("L-1", "+8613800001111"), TopicsChosen(("chips",)))
    happened("m2", "oErased", inquiry("L-2", "+8613800002222"), TopicsChosen(("chips",)))
    happened("m3", "oLeft", TopicsChosen(("chips",)), Asked("光模块", answered=True, shown=(1,)))
    with made.sessions.begin() as session:
        for number in (1, 2):
            content = Content(f"https://site.example/{number}", "芯片", "正文" * 90, NOW - timedelta(hours=1))
            article_id, _ = articles.upsert(session, content, NOW)
            articles.set_topics(session, article_id, (("chips", 1.0, "title: 芯片"),))
        session.execute(sa.text("UPDATE articles SET duplicate_of = 2 WHERE id = 1"))
        broadcast = plan(session, "news", "chips", "news:chips:2", [2], NOW)
        assert broadcast is not None
        session.add(Delivery(broadcast_id=broadcast.id, channel="service", openid="oStays", due_at=NOW))
    return made


def everything(url: str) -> list[Any]:
    """All rows of all tables, in an order of their own."""
    return sorted(line for line in lines(url, NOW) if line.startswith("["))


def run(command: Callable[..., int], *args: Any, **kwargs: Any) -> str:
    out = io.StringIO()
    assert command(*args, **kwargs, out=out) == 0, out.getvalue()
    return out.getvalue()


@pytest.fixture(params=["sqlite to sqlite", "sqlite to postgresql", "postgresql to sqlite", "postgresql to postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """From where, to where."""
    places = request.param.split(" to ")
    names = {"sqlite": f"sqlite:///{tmp_path / 'a.db'}", "postgresql": ""}
    if "postgresql" in places:
        names["postgresql"] = request.getfixturevalue("postgres_url")
    source, target = (names[place] for place in places)
    if source == target and places[0] == "sqlite":
        target = f"sqlite:///{tmp_path / 'b.db'}"
    return source, target


def test_every_row_comes_back_on_either_database(urls: tuple[str, str], settings: Set, tmp_path: Path) -> None:
    source, target = urls
    lived(settings(source)).sessions.kw["bind"].dispose()
    before, file = everything(source), tmp_path / "backup.gz"
    run(backup, settings(source), file, conversations=False)
    run(restore, settings(target), file, replace=True)
    ignored = ('["ingest_state"', '["deliveries"', '["broadcasts"', '["outbox"', '["news"')
    kept = lambda rows: [row for row in rows if not row.startswith(ignored)]  # noqa: E731
    assert kept(everything(target)) == kept(before)
    assert len([row for row in everything(target) if row.startswith('["outbox"')]) == 2
    again = wiring.base(settings(target))
    with again.sessions.begin() as session:  # numbers go on after the highest one
        articles.upsert(session, Content("https://site.example/9", "新", "文" * 90, NOW), NOW)
    again.sessions.kw["bind"].dispose()


def test_who_was_erased_or_left_since_does_not_come_back(settings: Set, tmp_path: Path) -> None:
    chosen = settings(f"sqlite:///{tmp_path / 'a.db'}")
    made, file = lived(chosen), tmp_path / "backup.gz"
    conversations = Conversations(made.redis, made.vault)
    for openid in ("oStays", "oErased", "oLeft"):
        with conversations.hold(openid, "k", None, timedelta(seconds=1)) as held:
            held.keep(Conversation(), Words("好"))
    run(backup, chosen, file, conversations=True)
    later = datetime.now(UTC) + timedelta(seconds=2)
    for key, openid, effect in (("e1", "oErased", PersonErased()), ("e2", "oLeft", Unfollowed())):
        gone = message(key, openid)
        wiring.commit(
            made, (), lambda _: False, lambda: None, type(gone)(openid, "gh", later, key, gone.content), (effect,)
        )
    made.redis.delete(*made.redis.keys("c:*"))
    (tmp_path / "a.db").unlink()  # the database is lost, with its stones
    for rest in tmp_path.glob("a.db-*"):
        rest.unlink()
    made.sessions.kw["bind"].dispose()
    told = run(restore, chosen, file, replace=False)
    assert "1 leads erased again" in told
    with wiring.base(chosen).sessions() as session:
        assert set(session.scalars(sa.select(Follower.openid))) == {"oStays"}
        assert set(session.scalars(sa.select(Lead.number))) == {"L-1"}
        assert set(session.scalars(sa.select(Subscription.openid))) == {"oStays"}
    assert [key.decode() for key in made.redis.keys("c:*")] == ["c:{oStays}"]
    made.redis.flushall()  # the file alone is enough
    run(restore, chosen, file, replace=True)
    with wiring.base(chosen).sessions() as session:
        assert set(session.scalars(sa.select(Lead.number))) == {"L-1"}


def test_nothing_is_pushed_a_second_time_and_no_lead_goes_untold(settings: Set, tmp_path: Path) -> None:
    chosen = settings(f"sqlite:///{tmp_path / 'a.db'}")
    made, file = lived(chosen), tmp_path / "backup.gz"
    with made.sessions.begin() as session:
        talks.answer(session, made.vault, Line("oStays", NOW, "li", "text", "周五看房？"))
    run(backup, chosen, file, conversations=False)
    with made.sessions() as session:
        assert candidates(session, "chips", Rules(), NOW)
    run(restore, chosen, file, replace=True)
    with made.sessions() as session:
        assert set(session.scalars(sa.select(Delivery.state))) == {"dropped"}
        assert candidates(session, "chips", Rules(), datetime.now(UTC)) == []
        assert session.scalar(sa.select(sa.func.count()).select_from(news.News)) == 0
        waiting = session.execute(sa.select(Outbox.state, Outbox.attempts)).all()
        assert set(waiting) == {("waiting", 1)}
        assert session.scalars(sa.select(Talk.state).where(Talk.who == "li")).all() == ["unsure"]


def test_a_full_database_is_not_thrown_away_unasked(settings: Set, tmp_path: Path) -> None:
    chosen = settings(f"sqlite:///{tmp_path / 'a.db'}")
    lived(chosen)
    file = tmp_path / "backup.gz"
    run(backup, chosen, file, conversations=False)
    assert restore(chosen, file, replace=False, out=io.StringIO()) == 2
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("harm", ["cut", "not ours", "short of a row", "noise"])
def test_a_damaged_backup_is_noticed_before_anything_is_lost(settings: Set, tmp_path: Path, harm: str) -> None:
    chosen = settings(f"sqlite:///{tmp_path / 'a.db'}")
    lived(chosen)
    file = tmp_path / "backup.gz"
    run(backup, chosen, file, conversations=False)
    whole = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    harmed = {
        "cut": file.read_bytes()[:-40],
        "not ours": gzip.compress(json.dumps({"other": 1}).encode()),
        "short of a row": gzip.compress("".join(whole[:3] + whole[4:]).encode()),
        "noise": b"\x00" * 500,
    }
    file.write_bytes(harmed[harm])
    before = everything(chosen.database_url)
    assert restore(chosen, file, replace=True, out=io.StringIO()) == 2
    assert everything(chosen.database_url) == before


def test_a_backup_of_an_older_version_is_migrated(settings: Set, tmp_path: Path) -> None:
    old, new = f"sqlite:///{tmp_path / 'old.db'}", f"sqlite:///{tmp_path / 'new.db'}"
    upgrade(old, "0001")
    from bot.store.base import engine

    with engine(old).begin() as connection:
        connection.execute(
            sa.text("INSERT INTO followers (openid, scene, followed_at) VALUES ('oOld', 'expo', '2026-01-01 00:00:00')")
        )
    file = tmp_path / "old.gz"
    with gzip.open(file, "wt", encoding="utf-8") as packed:
        packed.writelines(line + "\n" for line in lines(old, NOW))
    run(restore, settings(new), file, replace=False)
    with wiring.base(settings(new)).sessions() as session:
        known = session.get(Follower, "oOld")
        assert known is not None
        assert known.followed_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_backup_runs_while_somebody_writes(settings: Set, tmp_path: Path) -> None:
    chosen = settings(f"sqlite:///{tmp_path / 'a.db'}")
    made = lived(chosen)
    backed = lines(chosen.database_url, NOW)
    first = [next(backed) for _ in range(2)]
    commit(made.sessions, made.vault, message("late", "oLate"), (inquiry("L-9", "+8613800009999"),), ())
    assert "L-9" not in "".join([*first, *backed])
    assert isinstance(inquiry(), LeadSubmitted)
    assert redis.Redis.from_url(chosen.redis_url).ping()
