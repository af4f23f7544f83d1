"""QR codes with a scene made at the desk: at the platform's stand-in over HTTP, printed, and counted by who came."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
import segno
import sqlalchemy as sa

from bot import wiring
from bot.simulator.app import Simulator
from bot.store import codes, followers
from bot.store.base import reading
from bot.store.codes import Code
from tests.desk.people import Browser
from tests.desk.test_menus import built, front, sim, wang

__all__ = ["built", "front", "sim", "wang"]


@pytest.fixture(autouse=True)
def none_yet(front: wiring.Front) -> None:
    with front.made.sessions.begin() as session:
        session.execute(sa.delete(Code))


def made(front: wiring.Front) -> list[Code]:
    with reading(front.made.sessions) as session:
        return list(codes.listing(session))


def test_a_code_is_made_shown_and_counts_who_came(
    front: wiring.Front, wang: Browser, sim: tuple[Simulator, str]
) -> None:
    wang.post("/codes", scene="  上海 展会 ", days=30)
    (code,) = made(front)
    assert (code.scene, code.made_by) == ("上海 展会", "wang")
    assert code.expires_at is not None
    assert abs(code.expires_at - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=5)
    assert {one.scene for one in sim[0].qrcodes.values()} == {"上海 展会"}
    with front.made.sessions.begin() as session:
        followers.welcome(session, "oFromTheFair", datetime.now(UTC), "上海 展会")
    page = wang.see("/codes")
    assert "关注 1" in page and "线索 0" in page
    picture = wang.get(f"/codes/{code.id}.svg")
    wanted = io.BytesIO()
    segno.make(code.address, error="m", micro=False).save(wanted, kind="svg", scale=8, border=4, light="#fff")
    assert (picture.mimetype, picture.data) == ("image/svg+xml", wanted.getvalue())
    assert wang.get("/codes/999.svg").status_code == 404


def test_one_for_ever_and_one_that_is_over(front: wiring.Front, wang: Browser) -> None:
    wang.post("/codes", scene="1 号园区", days=0)
    assert made(front)[0].expires_at is None
    with front.made.sessions.begin() as session:
        session.execute(sa.update(Code).values(expires_at=datetime.now(UTC) - timedelta(days=1)))
    assert "已过期" in wang.see("/codes")


@pytest.mark.parametrize(
    "form", [{"scene": " ", "days": 7}, {"scene": "x" * 65, "days": 7}, {"scene": "x", "days": 31}]
)
def test_what_the_platform_would_not_take_is_not_asked_for(
    front: wiring.Front, wang: Browser, form: dict[str, object]
) -> None:
    wang.post("/codes", **form)
    assert "请填来源" in wang.see("/codes")
    assert made(front) == []


def test_what_the_platform_refuses_is_said(front: wiring.Front, wang: Browser, sim: tuple[Simulator, str]) -> None:
    sim[0].rights.allow("qrcode", allowed=False)
    try:
        wang.post("/codes", scene="x", days=0)
        page = wang.see("/codes")
    finally:
        sim[0].rights.allow("qrcode", allowed=True)
        front.made.redis.flushall()
    assert "微信没有做出二维码" in page
    assert "不能做带来源的二维码" in page, "the refusal is remembered"
    assert made(front) == []
