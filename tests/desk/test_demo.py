"""`python -m bot demo`: a living desk in a minute, and gone again without a trace."""

from __future__ import annotations

import io
from collections import Counter

import pytest
import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.commands.demo import FOLLOWERS, GIVEN_UP, OPENID, ROADS, SUBMITTED, Demo, demo, remove
from bot.store import articles, lead_events, talks
from bot.store.articles import Content
from bot.store.base import Sessions, reading
from bot.store.beginnings import Beginning
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.followers import Follower
from bot.store.leads import Lead, content
from bot.store.outbox import Outbox
from bot.store.questions import Question
from bot.store.talks import Talk
from config import texts
from tests.desk.people import Clock


def made(store: Sessions, secrets: Vault, clock: Clock) -> Demo:
    return Demo(store, secrets, texts.one("demo"), ["optical", "cnc", "nev"], clock())


@pytest.fixture
def shelf(store: Sessions, clock: Clock) -> None:
    with store.begin() as session:
        for number in range(6):
            found = Content(f"https://site.example/{number}.html", f"文章 {number}", f"内容 {number}", clock())
            article_id, _ = articles.upsert(session, found, clock())
            articles.set_topics(session, article_id, ((("optical", "cnc")[number % 2], 1.0, ""),))


def test_leads_of_all_states_with_a_true_history(store: Sessions, secrets: Vault, clock: Clock, shelf: None) -> None:
    out = io.StringIO()
    assert demo(made(store, secrets, clock), out) == 0
    assert "demo-chen" in out.getvalue()
    with reading(store) as session:
        leads = session.query(Lead).all()
        assert Counter(lead.state for lead in leads) == {state: count for state, (count, _) in ROADS.items()}
        for lead in leads:
            events = lead_events.of(session, lead.id)
            assert lead_events.projected(events) == lead.state
            assert [event.at for event in events] == sorted(event.at for event in events)
            assert events[-1].at <= clock()
            assert content(secrets, lead).slots["mobile"][0].startswith("+861380000")
        assert {(row.kind, row.state) for row in session.query(Outbox)} == {("human", "delivered")}
        assert Counter(row.state for row in session.query(Broadcast)) == {"held": 1, "done": 1}
        assert session.query(Delivery).count() > 20
        assert {row.answered for row in session.query(Question)} == {True, False}


def test_each_lead_comes_with_a_talk_that_led_to_it_and_articles_that_were_read(
    store: Sessions, secrets: Vault, clock: Clock, shelf: None
) -> None:
    demo(made(store, secrets, clock), io.StringIO())
    with reading(store) as session:
        begun = session.scalars(sa.select(Beginning)).all()
        assert len(begun) == SUBMITTED + GIVEN_UP
        for lead in session.query(Lead):
            told = talks.of(session, secrets, [lead.openid])
            lines = [line.text for _, line in told]
            if lead.state == "withdrawn":
                continue
            assert len(lines) > 10, lines
            assert len(lead.shown) == 3
            assert lead.number in "".join(lines), "the talk is that of this lead"
            assert not any("{" in line or "+86" in line for line in lines)
            assert [line.at for _, line in told] == sorted(line.at for _, line in told)
            assert told[-1][1].at <= clock()
            spoke = lead.owner in {line.who for _, line in told}
            assert spoke is ("contacted" in ROADS[lead.state][1])


def test_a_demo_without_articles_talks_of_none(store: Sessions, secrets: Vault, clock: Clock) -> None:
    demo(made(store, secrets, clock), io.StringIO())
    with reading(store) as session:
        lead = session.query(Lead).filter(Lead.state == "won").first()
        assert lead and lead.shown == []
        said = "".join(line.text for _, line in talks.of(session, secrets, [lead.openid]))
    assert "找到这些" not in said and "提交" in said


def test_it_is_made_once_and_can_be_taken_away(store: Sessions, secrets: Vault, clock: Clock, shelf: None) -> None:
    assert sum(count for count, _ in ROADS.values()) == SUBMITTED
    assert demo(made(store, secrets, clock), io.StringIO()) == 0
    assert demo(made(store, secrets, clock), io.StringIO()) == 1
    with store.begin() as session:
        session.add(Follower(openid="oReal", scene="", followed_at=clock()))
        assert session.query(Follower).filter(Follower.openid.startswith(OPENID)).count() == FOLLOWERS
    remove(made(store, secrets, clock), io.StringIO())
    with reading(store) as session:
        for table in (Lead, Question, Broadcast, Delivery, Talk, Beginning, Outbox):
            assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
        assert [row.openid for row in session.query(Follower)] == ["oReal"]
    clock.forward(minutes=1)
    assert demo(made(store, secrets, clock), io.StringIO()) == 0
