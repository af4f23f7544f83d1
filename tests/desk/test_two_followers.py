"""Two followers leave the same phone: through the webhook, the form page and the desk, on both databases."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from bot import wiring
from bot.store import leads, staff
from bot.store.base import reading
from bot.store.leads import Lead
from bot.store.talks import Talk
from config.settings import read
from handlers.routes import answer
from handlers.web.main import make
from jobs.answer import answer_due
from tests.conftest import redis_server
from tests.desk.people import PASSWORD, Browser
from tests.transcripts.conftest import AES_KEY, APP_ID, TOKEN
from tests.transcripts.phone import Phone
from tests.waiting import eventually

SITE = "http://localhost"
NEED = "想在昆山租3217平厂房，做搪瓷，税收200万，苏州测试模具有限公司，欧阳先生13800001234"
OTHER = "想在太仓买8000平厂房，做压铸，税收300万，太仓测试压铸有限公司，李工13800001234，13800005678"


@dataclass
class Firm:
    """The whole front, the phones of two followers, a manager at the desk, and what the platform was sent."""

    front: wiring.Front
    app: Flask
    first: Phone = field(init=False)
    second: Phone = field(init=False)
    wang: Browser = field(init=False)
    sent: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        client, number = self.app.test_client(), next(_numbers)
        self.first = Phone(client, TOKEN, AES_KEY, APP_ID, f"oFirst_with_the_same_phone_{number}")
        self.second = Phone(client, TOKEN, AES_KEY, APP_ID, f"oSecond_with_the_same_phone_{number}")
        self.wang = Browser(self.app)
        assert self.wang.sign_in("wang").status_code == 303

    def send_text(self, openid: str, text: str) -> None:
        self.sent.append((openid, text))

    def leads(self) -> list[Lead]:
        with reading(self.front.made.sessions) as session:
            return list(session.scalars(sa.select(Lead)))

    def slots(self) -> dict[str, object]:
        (lead,) = self.leads()
        return dict(leads.content(self.front.made.vault, lead).slots)

    def heard(self, phone: Phone, words: str) -> str:
        """The answer, once what was said can be read at the desk."""
        before, said = self._lines(phone), phone.say(words)
        assert eventually(lambda: self._lines(phone) == before + 2)
        return said.text

    def _lines(self, phone: Phone) -> int:
        with reading(self.front.made.sessions) as session:
            return session.scalar(sa.select(sa.func.count()).where(Talk.openid == phone.openid)) or 0

    def page(self) -> str:
        found = self.leads()
        return self.wang.see(f"/leads/{found[0].number}") if found else ""

    def answers(self, text: str, seen: str = "") -> str:
        """Somebody answers on the page they see (now, or `seen` before); what the desk says to that."""
        number = self.leads()[0].number
        page = seen or self.wang.get(f"/leads/{number}").text
        to = re.search(r'name="to" value="([^"]+)"', page)
        answered = self.wang.act(number, "answer", text=text, **({"to": to[1]} if to else {}))
        account = wiring.account_of(self.front.made)
        answer_due(self.front.made.sessions, self.front.made.vault, self, account.ledger)
        return self.page() if answered.status_code == 303 else answered.text


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[wiring.Front]:
    folder = tmp_path_factory.mktemp("firm")
    url = f"sqlite:///{folder / 'bot.db'}" if request.param == "sqlite" else _database_of(request)
    with redis_server(folder) as redis_url:
        settings = read(
            {
                "WECHAT_APP_ID": APP_ID,
                "WECHAT_APP_SECRET": "not-a-real-secret",
                "WECHAT_TOKEN": TOKEN,
                "WECHAT_AES_KEY": AES_KEY,
                "WECHAT_ACCOUNT": "service",
                "SECRET_KEY": "a secret of these tests",
                "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
                "REDIS_URL": redis_url,
                "DATABASE_URL": url,
                "DATA_DIR": str(folder),
                "PUBLIC_URL": SITE,
                "WECOM_ROBOT_URL": "http://127.0.0.1:9/robot",
            }
        )
        wiring.migrate(settings)
        made = wiring.front(settings, answer)
        with made.made.sessions.begin() as session:
            staff.add(session, "wang", "manager", datetime.now(UTC))
            account = staff.by_name(session, "wang")
            assert account is not None
            staff.choose_password(session, account, PASSWORD, 0)
        with closing(made):
            yield made


def _database_of(request: pytest.FixtureRequest) -> str:
    import psycopg

    server = str(request.getfixturevalue("_postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE two_followers")
    return server.replace("/postgres?", "/two_followers?")


@pytest.fixture(scope="module")
def app(front: wiring.Front) -> Flask:
    return make(front)


@pytest.fixture
def firm(front: wiring.Front, app: Flask) -> Firm:
    with front.made.sessions.begin() as session:
        session.execute(sa.delete(Lead))
    return Firm(front, app)


_numbers = itertools.count(1)


@pytest.fixture
def joined(firm: Firm) -> Firm:
    for phone, need in ((firm.first, NEED), (firm.second, OTHER)):
        assert "请核对" in firm.heard(phone, need)
        assert "编号" in firm.heard(phone, "提交")
    assert len(firm.leads()) == 1
    return firm


def test_an_answer_goes_to_whoever_wrote_last_and_staff_see_to_whom(joined: Firm) -> None:
    page = joined.page()
    assert "客户 1" in page
    assert "最近说话的是 客户 2" in page
    assert "机器人 → 客户 1" in page
    for own in ("苏州测试模具有限公司", "太仓测试压铸有限公司", "客户 1：欧阳先生", "客户 2：李工"):
        assert own in page
    assert "13800001234" not in page.replace(" ", "")
    assert "已发出" in joined.answers("您好，太仓有房")
    assert joined.sent == [(joined.second.openid, "您好，太仓有房")]
    joined.heard(joined.first, "转人工")
    assert "最近说话的是 客户 1" in joined.page()
    assert "wang → 客户 1" in joined.answers("您好，昆山也有")
    assert joined.sent[1:] == [(joined.first.openid, "您好，昆山也有")]


def test_an_answer_to_one_does_not_reach_the_other_who_spoke_meanwhile(joined: Firm) -> None:
    seen = joined.wang.get(f"/leads/{joined.leads()[0].number}").text
    joined.heard(joined.first, "转人工")
    page = joined.answers("只给李工看的价格", seen)
    assert "换了一位客户在说话" in page
    assert ">只给李工看的价格</textarea>" in page
    assert joined.sent == []


def test_who_unfollowed_is_not_answered(joined: Firm) -> None:
    joined.second.event("unsubscribe")
    assert "最近说话的是 客户 1" in joined.page()
    joined.answers("您好")
    assert [openid for openid, _ in joined.sent] == [joined.first.openid]
    joined.first.event("unsubscribe")
    assert "对方已取消关注" in joined.page()


def test_nobody_learns_by_a_phone_what_somebody_else_left_with_it(joined: Firm) -> None:
    joined.front.answering.conversations.erase(joined.second.openid)
    shown = joined.second.say("查看我的登记").text
    assert "李工" in shown, shown
    link = joined.front.lookups.page(joined.second.openid, datetime.now(UTC))
    page = joined.app.test_client().get(link.removeprefix(SITE)).text
    assert "8000" in page
    for text in (shown, page):
        for secret in ("欧阳", "苏州测试模具", "搪瓷", "3217", joined.leads()[0].number):
            assert secret not in text


def test_who_is_erased_takes_only_what_is_theirs(joined: Firm) -> None:
    joined.second.say("删除我的信息")
    assert "已经删除" in joined.second.say("1").text
    assert (joined.slots()["contact"], joined.slots()["mobile"]) == ("欧阳先生", ["+8613800001234"])
    page = joined.page()
    for theirs in ("李", "5678", "太仓", "客户 2"):
        assert theirs not in page
    assert "想在昆山租3217平厂房" in page
    assert "其中一位" in page
    joined.first.say("删除我的信息")
    assert "已经删除" in joined.first.say("1").text
    assert joined.leads() == []


def test_staff_erase_one_of_them_or_all(joined: Firm) -> None:
    number = joined.leads()[0].number
    page = joined.wang.get(f"/leads/{number}").text
    one = re.search(r'<option value="([^"]+)">只删客户 1', page)
    assert one
    joined.wang.post(f"/leads/{number}/erase", number=number, who="somebody who left meanwhile")
    assert "刚刚有变动" in joined.page()
    joined.wang.post(f"/leads/{number}/erase", number=number, who=one[1])
    assert "线索为其他客户保留" in joined.page()
    assert joined.slots()["contact"] == "李工"
    assert joined.wang.post(f"/leads/{number}/erase", number=number).status_code == 303
    assert joined.leads() == []
