"""Decisions about pushes at the desk: each once, logged, refused when too late or not theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.vault import Vault
from bot.adapters.wechat.capabilities import Capabilities
from bot.dialogue.effects import Reported
from bot.dialogue.message import Receipt
from bot.store import articles, broadcasts, deliveries
from bot.store.articles import Content
from bot.store.base import Sessions, reading
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.effects import commit
from handlers.web.staff import Desk
from tests.desk.conftest import make_desk
from tests.desk.people import Browser, Clock, Office
from tests.store.say import message


@pytest.fixture
def waiting(store: Sessions, clock: Clock) -> int:
    with store.begin() as session:
        ids = [
            articles.upsert(session, Content(f"https://site.example/{n}.html", f"文章 {n}", f"x{n}", clock()), clock())[
                0
            ]
            for n in range(2)
        ]
        made = broadcasts.plan(session, "news", "robot", "key", ids, clock(), timedelta(minutes=30))
        assert made is not None
        return made.id


def row(store: Sessions, number: int) -> Broadcast:
    with reading(store) as session:
        return session.get_one(Broadcast, number)


def test_a_push_is_looked_at_changed_and_approved(waiting: int, wang: Browser, store: Sessions, office: Office) -> None:
    assert "自动发出" in wang.see("/pushes") and "文章 1" in wang.see("/pushes")
    wang.post(f"/pushes/{waiting}/retitle", title="本周\n要闻")
    wang.post(f"/pushes/{waiting}/drop_article", article=row(store, waiting).articles[0])
    wang.post(f"/pushes/{waiting}/approve")
    after = row(store, waiting)
    assert (after.state, after.title, len(after.articles), after.decided_by) == ("approved", "本周 要闻", 1, "wang")
    assert [one.act for one in office.log() if one.act.startswith("push")] == [
        "push retitle",
        "push drop",
        "push approve",
    ]
    wang.post(f"/pushes/{waiting}/cancel")
    assert "来不及了" in wang.see("/pushes")
    assert row(store, waiting).state == "approved"


@pytest.mark.parametrize(("kind", "longest"), [("news", 64), ("mass", 32), ("draft", 32)])
def test_a_title_is_no_longer_than_what_it_stands_over(
    waiting: int, wang: Browser, store: Sessions, kind: str, longest: int
) -> None:
    with store.begin() as session:
        session.get_one(Broadcast, waiting).kind = kind
    assert f'maxlength="{longest}" value=""' in wang.get("/pushes").text
    wang.post(f"/pushes/{waiting}/retitle", title="长" * 99)
    assert len(row(store, waiting).title) == longest


@pytest.mark.parametrize(("act", "state"), [("hold", "held"), ("cancel", "cancelled")])
def test_a_push_is_held_or_cancelled(waiting: int, wang: Browser, store: Sessions, act: str, state: str) -> None:
    wang.post(f"/pushes/{waiting}/{act}")
    assert row(store, waiting).state == state
    wang.see("/pushes")


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("refused 45003", "微信不接受这条内容，请检查标题和正文。 （45003）"),
        ("verified", "认证的账号才能预览。"),
        ("what an older version kept", "what an older version kept"),
    ],
)
def test_a_preview_that_failed_says_why_in_their_language(
    waiting: int, wang: Browser, store: Sessions, kept: str, told: str
) -> None:
    with store.begin() as session:
        broadcasts.previewed(session, waiting, kept)
    assert f"上次预览没发成：{told}".replace(" ", "") in wang.see("/pushes").replace(" ", "")


def test_a_preview_is_asked_for_somebody(waiting: int, wang: Browser, store: Sessions) -> None:
    wang.post(f"/pushes/{waiting}/preview", to=" ")
    assert row(store, waiting).preview_to == ""
    wang.post(f"/pushes/{waiting}/preview", to="wangxm2026")
    assert row(store, waiting).preview_to == "wangxm2026"
    assert wang.post("/pushes/99/preview", to="x").status_code == 404


def test_an_agent_only_looks(waiting: int, li: Browser, store: Sessions) -> None:
    assert "批准，发出" not in li.see("/pushes")
    assert li.post(f"/pushes/{waiting}/approve").status_code == 403
    assert row(store, waiting).state == "waiting"


# Publishing


@pytest.fixture
def may() -> list[str]:
    """What the account has the right to; a test may change it."""
    return ["publish"]


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def desk(store: Sessions, secrets: Vault, redis_url: str, clock: Clock, may: list[str], woken: list[str]) -> Desk:
    made = make_desk(store, secrets, redis_url, clock)
    standing = lambda: Capabilities.of("service" if "publish" in may else "service-unverified").table()  # noqa: E731
    made = replace(made, html_of=lambda number: f"<h2>{number}</h2>" if number < 99 else "")
    return replace(made, account=standing, wake=lambda job="notify": woken.append(job))


@pytest.fixture
def gone(waiting: int, store: Sessions) -> int:
    """A push that went out."""
    with store.begin() as session:
        session.get_one(Broadcast, waiting).state = "done"
    return waiting


def publication(store: Sessions, number: int) -> Delivery:
    with reading(store) as session:
        return deliveries.publications(session, [number])[number]


def tell(store: Sessions, secrets: Vault, status: str) -> None:
    """The platform's event on publish_id 22476."""
    item = {"idx": "1", "article_url": "https://mp.weixin.qq.com/s/x"}
    info = {"publish_id": "22476", "publish_status": status, "article_detail": {"count": "1", "item": [item]}}
    said = message(f"p{status}", "oHelper", Receipt("PUBLISHJOBFINISH", {"PublishEventInfo": info}))
    commit(store, secrets, said, (Reported("PUBLISHJOBFINISH", {"PublishEventInfo": info}),), ())


def hand_in(store: Sessions, number: int) -> None:
    with store.begin() as session:
        row = session.get_one(Delivery, publication(store, number).id)
        row.state, row.msg_id = "sent", "22476"


def test_a_push_is_published_by_who_is_sure_and_its_end_is_seen(
    gone: int, wang: Browser, store: Sessions, secrets: Vault, office: Office, woken: list[str]
) -> None:
    assert "发布到公众号主页" in wang.see("/pushes")
    wang.post(f"/pushes/{gone}/publish")
    assert "请先勾选" in wang.see("/pushes")
    assert office.log("push publish") == []
    wang.post(f"/pushes/{gone}/publish", sure="1")
    assert woken == ["deliver"]
    assert publication(store, gone).state == "planned"
    assert "等待提交" in wang.see("/pushes")
    wang.post(f"/pushes/{gone}/publish", sure="1")
    assert "已经提交过" in wang.see("/pushes")
    assert [one.target for one in office.log("push publish")] == [str(gone)]
    hand_in(store, gone)
    page = wang.see("/pushes")
    assert "微信审核中" in page and "确认发布" not in page
    tell(store, secrets, "0")
    page = wang.get("/pushes").text
    assert "已发布" in page and 'href="https://mp.weixin.qq.com/s/x"' in page


def test_why_it_was_not_published_is_said_and_it_can_be_asked_for_again(
    gone: int, wang: Browser, store: Sessions, secrets: Vault
) -> None:
    wang.post(f"/pushes/{gone}/publish", sure="1")
    hand_in(store, gone)
    tell(store, secrets, "4")
    page = wang.see("/pushes")
    assert "没有发布成（微信审核没有通过）" in page and "再发布一次" in page
    wang.post(f"/pushes/{gone}/publish", sure="1")
    assert publication(store, gone).state == "planned"


def test_only_managers_of_an_account_that_may_can_publish(
    gone: int, wang: Browser, li: Browser, store: Sessions, may: list[str]
) -> None:
    assert "发布到公众号主页" not in li.see("/pushes")
    assert li.post(f"/pushes/{gone}/publish", sure="1").status_code == 403
    may.clear()
    assert "发布到公众号主页" not in wang.see("/pushes")
    wang.post(f"/pushes/{gone}/publish", sure="1")
    assert "没有发布权限" in wang.see("/pushes")
    with reading(store) as session:
        assert deliveries.publications(session, [gone]) == {}


# By hand


def test_a_push_can_be_taken_away_to_paste_it(waiting: int, li: Browser, wang: Browser, store: Sessions) -> None:
    assert f"/pushes/{waiting}.html" in wang.get("/pushes").text
    with store.begin() as session:
        session.get_one(Broadcast, waiting).state = "failed"
    assert f"/pushes/{waiting}.html" in li.get("/pushes").text
    answer = li.get(f"/pushes/{waiting}.html")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=push-{waiting}.html"
    assert f"<h2>{waiting}</h2>" in answer.text and '<meta charset="utf-8">' in answer.text
    assert li.get("/pushes/99.html").status_code == 404
