"""Menus edited at the desk: mini programs, menus for some, all seen in force at the platform's stand-in over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import wiring
from bot.simulator.app import Account, Simulator, serving
from bot.store import replies, staff, subscriptions, tags
from bot.store.base import reading
from config.settings import read
from handlers.routes import answer
from handlers.web.main import make
from tests.conftest import redis_server
from tests.desk.people import PASSWORD, Browser, words
from tests.form.conftest import environ
from tests.transcripts.conftest import APP_ID

SECRET = "not-a-real-secret"
MINI = "wx0000000000000001 pages/map/index https://site.example/map"
SAYS = {"name.0": "找文章", "kind.0": "say", "value.0": "最新文章"}


@pytest.fixture(scope="module")
def sim() -> Iterator[tuple[Simulator, str]]:
    made = Simulator(Account(app_id=APP_ID, app_secret=SECRET, kind="service", callback_url=""))
    with serving(made) as address:
        yield made, address


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, sim: tuple[Simulator, str]) -> Iterator[wiring.Front]:
    folder: Path = tmp_path_factory.mktemp("menus")
    with redis_server(folder) as url:
        more = {"WECHAT_API_BASE": sim[1], "WECHAT_ACCOUNT": "service", "WECHAT_APP_SECRET": SECRET}
        settings = read({**environ(folder, url), **more})
        wiring.migrate(settings)
        front = wiring.front(settings, answer)
        with front.made.sessions.begin() as session:
            staff.add(session, "wang", "manager", datetime.now(UTC))
            account = staff.by_name(session, "wang")
            assert account is not None
            staff.choose_password(session, account, PASSWORD, 0)
        with closing(front):
            yield front


@pytest.fixture
def front(built: wiring.Front, sim: tuple[Simulator, str]) -> wiring.Front:
    with built.made.sessions.begin() as session:
        session.execute(sa.delete(replies.OwnReply))
    built.made.redis.flushall()
    sim[0].clear()
    return built


@pytest.fixture
def wang(front: wiring.Front) -> Browser:
    browser = Browser(make(front))
    assert browser.sign_in("wang").status_code == 303
    return browser


def kept(front: wiring.Front) -> dict[str, Any]:
    with reading(front.made.sessions) as session:
        return dict(replies.current(session, front.replies.shipped).menu)


def test_an_entry_opens_a_mini_program(front: wiring.Front, wang: Browser, sim: tuple[Simulator, str]) -> None:
    typed = {**SAYS, "name.1": "地图", "kind.1": "mini", "value.1": MINI}
    assert wang.post("/replies/menu", version=0, **typed).status_code == 303
    assert "菜单已保存并生效" in wang.see("/replies")
    in_force = sim[0].menus.seen_by(None)
    assert in_force[1] | {"sub_button": []} == {
        "type": "miniprogram", "name": "地图", "appid": "wx0000000000000001", "pagepath": "pages/map/index",
        "url": "https://site.example/map", "sub_button": [],
    }  # fmt: skip
    page = wang.get("/replies").text
    assert f'value="{MINI}"' in page
    assert '<option value="mini" selected>' in page


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("wx0000000000000001 pages/map/index", "三样"),
        ("0000000000000001 pages/map/index https://site.example/", "三样"),
        ("wx0000000000000001 pages/map/index javascript:alert(1)", "开头"),
        ("wx0000000000000001 pages/map/index http://[", "开头"),
        ("wx0000000000000001 pages/map/index https://site.example/ more", "三样"),
    ],
)
def test_a_mini_program_takes_three_things(wang: Browser, value: str, said: str) -> None:
    answered = wang.post("/replies/menu", version=0, **SAYS, **{"name.1": "地图", "kind.1": "mini", "value.1": value})
    assert answered.status_code == 422
    assert said in answered.text
    assert value.split()[0] in answered.text, "what was typed stays"


def test_some_followers_get_a_menu_of_their_own(front: wiring.Front, wang: Browser, sim: tuple[Simulator, str]) -> None:
    wang.post("/replies/menu", version=0, **SAYS)
    only = {"name.0": "我的园区", "kind.0": "view", "value.0": "https://site.example/mine", "platform": "ios"}
    assert wang.post("/replies/menu/1", version=1, **only).status_code == 303
    assert "菜单已保存并生效" in wang.see("/replies")
    (menu,) = sim[0].menus.conditional
    assert menu["button"][0]["name"] == "我的园区"
    assert menu["matchrule"]["client_platform_type"] == "1"
    assert kept(front)["conditional"] == [
        {"platform": "ios", "button": [{"type": "view", "name": "我的园区", "url": "https://site.example/mine"}]}
    ]
    assert "苹果手机" in wang.see("/replies")
    changed = {**only, "name.0": "园区", "platform": "android"}
    wang.post("/replies/menu/1", version=2, **changed)
    (menu,) = sim[0].menus.conditional
    assert (menu["button"][0]["name"], menu["matchrule"]["client_platform_type"]) == ("园区", "2")
    assert sim[0].menus.seen_by(None)[0]["name"] == "找文章"
    wang.post("/replies/menu/1/drop", version=3)
    assert sim[0].menus.conditional == []
    assert "conditional" not in kept(front)


def test_a_tag_that_is_not_there_changes_nothing_and_is_said(wang: Browser, sim: tuple[Simulator, str]) -> None:
    wang.post("/replies/menu/1", version=0, **SAYS, tag="园区业主")
    assert "公众号上还没有「园区业主」这个标签" in wang.see("/replies")
    assert sim[0].menus.conditional == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "请选给谁看"),
        ({"platform": "nokia"}, "请选给谁看"),
        ({"topic": "no-such-topic"}, "请选给谁看"),
        ({"topic": "optical", "tag": "业主"}, "只能选一个"),
    ],
)
def test_a_menu_for_some_says_for_whom(wang: Browser, front: wiring.Front, more: dict[str, str], said: str) -> None:
    if more.get("topic") == "optical":
        more = {**more, "topic": front.lookups.topics[0].key}
    answered = wang.post("/replies/menu/1", version=0, **SAYS, **more)
    assert answered.status_code == 422
    assert said in answered.text
    assert "conditional" not in kept(front)


def test_menus_for_some_lead_to_three_sites_at_most(wang: Browser, front: wiring.Front) -> None:
    for number in range(1, 5):
        only = {"name.0": "网站", "kind.0": "view", "value.0": f"https://site{number}.example/", "platform": "ios"}
        answered = wang.post(f"/replies/menu/{number}", version=number - 1, **only)
    assert answered.status_code == 422
    assert "最多指向 3 个不同的网站" in answered.text
    assert len(kept(front)["conditional"]) == 3


def test_of_two_who_change_a_menu_one_is_told(wang: Browser, front: wiring.Front) -> None:
    wang.post("/replies/menu/1", version=0, **SAYS, platform="ios")
    wang.post("/replies/menu/1", version=0, **{**SAYS, "name.0": "别的"}, platform="ios")
    assert "刚才有同事也改了" in wang.see("/replies")
    assert kept(front)["conditional"][0]["button"][0]["name"] == "找文章"


def test_lines_under_an_entry_without_a_name_are_not_lost_in_silence(wang: Browser, front: wiring.Front) -> None:
    lines = {"name.1.0": "园区地图", "kind.1.0": "view", "value.1.0": "https://site.example/map"}
    answered = wang.post("/replies/menu", version=0, **SAYS, **lines)
    assert answered.status_code == 422
    assert "「园区地图」上面的一级菜单还没有名称" in words(answered)
    assert 'value="https://site.example/map"' in answered.text, "what was typed stays"


def test_a_menu_for_a_topic_does_not_wait_until_all_its_followers_have_the_tag(
    wang: Browser, front: wiring.Front, sim: tuple[Simulator, str]
) -> None:
    topic = front.lookups.topics[0].key
    with front.made.sessions.begin() as session:
        subscriptions.choose(session, "oFollows", (topic,), datetime.now(UTC))
    assert wang.post("/replies/menu/1", version=0, **SAYS, topic=topic).status_code == 303
    assert sim[0].menus.conditional[0]["matchrule"]["tag_id"]
    with front.made.sessions.begin() as session:
        assert tags.known(session) == [topic], "so that the job of tags takes it up"
        assert session.scalars(sa.select(tags.TagMember)).all() == []
        subscriptions.choose(session, "oFollows", (), datetime.now(UTC))
        tags.lost(session, topic)


def test_there_is_no_menu_beyond_the_next_one(wang: Browser) -> None:
    assert wang.post("/replies/menu/2", version=0, **SAYS, platform="ios").status_code == 404
    assert wang.post("/replies/menu/0", version=0, **SAYS, platform="ios").status_code == 404
    assert wang.post("/replies/menu/1/drop", version=0).status_code == 404


def test_menus_of_config_are_shown_and_kept_until_they_are_changed() -> None:
    shipped = replies.Shipped(
        (), "", {"button": [], "says": {}, "conditional": [{"tag": "业主", "button": [{"name": "x"}]}]}
    )
    assert replies.as_shipped(shipped).menu["conditional"] == shipped.menu["conditional"]
    assert replies._menu({"button": [], "says": {}}, shipped.menu)["conditional"] == shipped.menu["conditional"]
    assert "conditional" not in replies._menu({"button": [], "says": {}, "conditional": []}, shipped.menu)
