"""Our adapter against the simulator, which was written from the reference and knows nothing of our code."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from flask import Flask, Response, request
from werkzeug.serving import make_server

from bot.adapters.redis_scripts import Client
from bot.adapters.wechat.callback import Callback, Refused
from bot.adapters.wechat.client import DraftArticle, Platform
from bot.adapters.wechat.errors import (
    AlreadyDone,
    Busy,
    NeedsOperator,
    NoRight,
    PlatformError,
    QuotaUsed,
    RecipientLost,
    TokenRefused,
    Unsure,
    known_codes,
    reaction_to,
)
from bot.adapters.wechat.quota import Ledger
from bot.adapters.wechat.token import TokenStore
from bot.adapters.wechat.windows import opened_by
from bot.dialogue.message import (
    Click,
    Content,
    Follow,
    Image,
    Link,
    Location,
    Message,
    Receipt,
    Scan,
    Text,
    View,
    Voice,
)
from bot.dialogue.reply import SILENCE, Card, Reply, Words
from bot.simulator.account import Account
from bot.simulator.app import Simulator, serving

from .test_errors import WHAT_NEXT

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
OPENID = "oSim_user_0001"


class Sim:
    """The simulator's control API."""

    def __init__(self, url: str, account: Account) -> None:
        self.url, self.account = url, account

    def post(self, path: str, /, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/sim/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def fault(self, kind: str, path: str = "*", /, **more: Any) -> None:
        self.post("faults", kind=kind, path=f"/cgi-bin/{path}" if path != "*" else path, **more)


@pytest.fixture(params=["service"])
def sim(request: pytest.FixtureRequest) -> Iterator[Sim]:
    account = Account(kind=request.param, callback_url="http://127.0.0.1:1/wechat")
    simulator = Simulator(account)
    simulator.knobs.settings.push_jobs = False
    with serving(simulator) as url:
        yield Sim(url, account)


@pytest.fixture
def platform(sim: Sim, tokens: TokenStore) -> Platform:
    return Platform(sim.account.app_id, sim.account.app_secret, sim.url, tokens, timeout=2.0, sleep=lambda _: None)


# --- calls -----------------------------------------------------------------------------------------------------------


def test_every_call_we_make_is_understood(sim: Sim, platform: Platform) -> None:
    openids = sim.post("followers", count=3, windows=True)["openids"]
    platform.check_token()
    platform.send_text(openids[0], "厂房 🏭")
    platform.send_card(openids[0], Card("t", "d", "https://e.com/p.jpg", "https://e.com"))
    platform.send_menu(openids[0], "h", {"1": "a"}, "t")
    platform.typing(openids[0])
    tag = platform.create_tag("光通信")
    assert tag.id in {known.id for known in platform.tags()}
    platform.tag(openids, tag.id)
    platform.untag(openids[:1], tag.id)
    assert platform.user(openids[1]).tags == (tag.id,)
    page = platform.followers()
    assert set(openids) <= set(page.openids)
    assert page.next == "" or platform.followers(page.next).openids == ()
    assert platform.menu() is None
    platform.create_menu({"button": [{"type": "click", "name": "找厂房", "key": "K"}]})
    assert platform.menu() is not None
    assert platform.shown_menu()["is_menu_open"]
    assert platform.add_conditional_menu(
        {"button": [{"type": "click", "name": "x", "key": "K"}], "matchrule": {"tag_id": str(tag.id)}}
    )
    platform.delete_menu()
    ticket, address = platform.qr_code("expo26", timedelta(days=7))
    assert ticket
    assert address.startswith("http")
    assert platform.callback_ips()
    assert platform.quota("/cgi-bin/message/custom/send").used >= 1
    platform.clear_quota()


def test_a_draft_goes_its_whole_way(sim: Sim, platform: Platform) -> None:
    openids = sim.post("followers", count=3)["openids"]
    tag = platform.create_tag("x")
    platform.tag(openids, tag.id)
    picture = platform.upload_image(JPEG, "图.jpg")
    cover = platform.add_material("image", JPEG, "cover.jpg")
    article = DraftArticle("题", f'<p>文</p><img src="{picture}">', cover, "作者", "摘要", "https://e.com")
    draft = platform.add_draft([article])
    platform.mass_preview(draft, openid=openids[0])
    job = platform.mass_to_tag(tag.id, draft, "b1-1")
    with pytest.raises(AlreadyDone) as done:
        platform.mass_to_tag(tag.id, draft, "b1-1")
    assert done.value.msg_id == job
    sim.post("settle")
    assert platform.mass_status(job) == "SEND_SUCCESS"
    assert platform.mass_to_followers(openids[:2], platform.add_draft([article]), "b1-2")
    published = platform.publish(platform.add_draft([article]))
    sim.post("settle")
    assert platform.published(published).status in (0, 1)
    platform.delete_draft(platform.add_draft([article]))


def test_our_ledger_and_the_platform_agree_on_windows(sim: Sim, platform: Platform, client: Client) -> None:
    """As many as the ledger lets through are taken, and the next one is refused."""
    (openid,) = sim.post("followers", count=1, windows=True)["openids"]
    ledger = Ledger(client, sim.account.app_id, is_service=True)
    now = datetime.now(UTC)
    ledger.note_inbound(openid, "m", now)
    sent = 0
    while ledger.spend(openid, now):
        platform.send_text(openid, "x")
        sent += 1
    assert sent == 5
    with pytest.raises(RecipientLost) as lost:
        platform.send_text(openid, "x")
    assert (lost.value.code, lost.value.why) == (45047, "window")


@pytest.mark.parametrize("sim", ["subscription-unverified"], indirect=True)
def test_rights_are_refused_by_name(sim: Sim, platform: Platform) -> None:
    for call in (lambda: platform.send_text("o", "x"), platform.tags, lambda: platform.publish("m")):
        with pytest.raises(NoRight):
            call()


# --- every return code -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(set(known_codes()) - {0}))
def test_every_return_code_brings_its_reaction(sim: Sim, platform: Platform, code: int) -> None:
    platform.check_token()
    sim.fault("error", "message/custom/typing", code=code, times=0)
    does = reaction_to(code).does
    try:
        platform.typing(OPENID)
    except PlatformError as error:
        assert isinstance(error, WHAT_NEXT[does])
        assert error.code == code
        assert error.rid
    else:
        assert does in ("ok", "ignore")


@pytest.mark.parametrize(
    ("code", "calls"), [(-1, 3), (268487001, 3), (40001, 2), (42001, 2), (45009, 1), (45002, 1), (48001, 1), (43004, 1)]
)
def test_each_reaction_asks_as_often_as_it_should(sim: Sim, platform: Platform, code: int, calls: int) -> None:
    platform.check_token()
    sim.fault("error", "getcallbackip", code=code, times=0)
    with pytest.raises(PlatformError):
        platform.callback_ips()
    wire = requests.get(f"{sim.url}/sim/wire?path=/cgi-bin/getcallbackip", timeout=5).json()["items"]
    assert len(wire) == calls


@pytest.mark.parametrize("kind", ["slow", "cut", "refuse", "http", "garbage"])
def test_a_send_that_got_no_answer_is_unsure(sim: Sim, platform: Platform, kind: str) -> None:
    (openid,) = sim.post("followers", count=1, windows=True)["openids"]
    platform.check_token()
    sim.fault(kind, "message/custom/send", code=502, seconds=2.5)
    with pytest.raises(Unsure):
        platform.send_text(openid, "x")


@pytest.mark.parametrize("kind", ["cut", "refuse", "http", "garbage"])
def test_a_question_that_got_no_answer_is_asked_again(sim: Sim, platform: Platform, kind: str) -> None:
    sim.fault(kind, "getcallbackip", code=502, times=2)
    assert platform.callback_ips()


def test_stolen_and_expired_tokens_are_renewed(sim: Sim, platform: Platform) -> None:
    platform.check_token()
    for _ in range(3):
        platform.callback_ips()
        sim.post("steal-token")
    assert platform.callback_ips()
    sim.post("clock", move=7300)
    assert platform.callback_ips()


def test_an_address_that_is_not_listed_is_named(sim: Sim, platform: Platform) -> None:
    sim.post("knobs", ip_listed=False)
    with pytest.raises(NeedsOperator) as refused:
        platform.check_token()
    assert refused.value.ip == "127.0.0.1"


def test_a_used_up_quota_says_so(sim: Sim, platform: Platform) -> None:
    sim.post("quota", path="/cgi-bin/getcallbackip", limit=1, used=1)
    with pytest.raises(QuotaUsed):
        platform.callback_ips()


def test_a_wrong_secret_is_for_the_operator(sim: Sim, tokens: TokenStore) -> None:
    wrong = Platform(sim.account.app_id, "wrong" * 6, sim.url, tokens)
    with pytest.raises(NeedsOperator):
        wrong.callback_ips()


def test_a_platform_that_is_gone_is_busy(tokens: TokenStore, sim: Sim) -> None:
    gone = Platform(sim.account.app_id, sim.account.app_secret, "http://127.0.0.1:1", tokens, sleep=lambda _: None)
    with pytest.raises((Busy, TokenRefused)):
        gone.callback_ips()


# --- callbacks -------------------------------------------------------------------------------------------------------


class Door:
    """A bot of ten lines with our callback: remembers messages, answers what it was told to."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        self.got: list[Message] = []
        self.reply: Reply = Words("好的 ]]> 🏭")

    def app(self) -> Flask:
        app = Flask("door")
        app.add_url_rule("/wechat", view_func=self.view, methods=["GET", "POST"])
        return app

    def view(self) -> Response:
        try:
            if request.method == "GET":
                return Response(self.callback.verify_url(request.args, datetime.now(UTC)))
            opened = self.callback.open(request.args, request.get_data(), datetime.now(UTC))
        except Refused as refused:
            return Response(status=refused.status)
        self.got.append(opened.message)
        return Response(opened.seal(self.reply))


@pytest.fixture(params=["safe", "compatible", "plain"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Sim, Door]]:
    mode = request.param
    account = Account(mode=mode, kind="service")
    door = Door(Callback(account.token, account.app_id, account.aes_key, mode, timedelta(minutes=5)))
    server = make_server("127.0.0.1", 0, door.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    account = Account(mode=mode, kind="service", callback_url=f"http://127.0.0.1:{server.server_port}/wechat")
    with serving(Simulator(account)) as url:
        yield Sim(url, account), door
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_simulator_accepts_our_address_and_our_answers(both: tuple[Sim, Door]) -> None:
    sim, door = both
    assert sim.post("check-url")["ok"]
    sim.post("followers", openid=OPENID)
    for reply in (door.reply, Card("题]]>", "述", "https://e.com/p.jpg", "https://e.com/?a=1&b=2"), SILENCE):
        door.reply = reply
        answer = sim.post(f"followers/{OPENID}/send", kind="text", text="hi \x1d ]] 🏭")
        assert answer["answered"], answer
        assert not answer["problems"], answer
        assert answer["tries"] == 1
    assert [message.content for message in door.got] == [Text("hi  ]] 🏭")] * 3
    assert len({message.key for message in door.got}) == 3


def test_what_followers_do_arrives_as_what_it_is(both: tuple[Sim, Door]) -> None:
    sim, door = both
    sim.post("followers", openid=OPENID)
    sim.post(f"followers/{OPENID}/follow", scene="expo26")
    sim.post(f"followers/{OPENID}/scan", scene="park1")
    for kind, nodes in {
        "image": {"PicUrl": "http://x/0", "MediaId": "M"},
        "voice": {"MediaId": "V", "Format": "amr"},
        "location": {"Location_X": "31.2", "Location_Y": "121.4", "Scale": "16", "Label": "人民广场"},
        "link": {"Title": "T", "Description": "D", "Url": "https://e.com"},
    }.items():
        sim.post(f"followers/{OPENID}/send", kind=kind, **nodes)
    sim.post(f"followers/{OPENID}/event", event="CLICK", EventKey="MENU_HELP")
    sim.post(f"followers/{OPENID}/event", event="VIEW", EventKey="https://e.com/")
    kinds: list[type[Content]] = [Follow, Scan, Image, Voice, Location, Link, Click, View]
    assert [type(message.content) for message in door.got] == kinds
    assert door.got[0].content == Follow("expo26")
    assert door.got[1].content == Scan("park1")
    windows = [opened_by(message) for message in door.got]
    assert "".join(window.kind if window else "-" for window in windows) == "eemmmme-"


def test_job_events_arrive_as_receipts(both: tuple[Sim, Door], client: Client) -> None:
    from bot.adapters.vault import Vault

    sim, door = both
    tokens = TokenStore(client, Vault(b"k" * 32), sim.account.app_id)
    platform = Platform(sim.account.app_id, sim.account.app_secret, sim.url, tokens)
    openids = sim.post("followers", count=2)["openids"]
    cover = platform.add_material("image", JPEG, "cover.jpg")
    draft = platform.add_draft([DraftArticle("题", "<p>文</p>", cover)])
    job = platform.mass_to_followers(openids, draft, "b1")
    sim.post("settle")
    receipts = [message.content for message in door.got if isinstance(message.content, Receipt)]
    assert [receipt.event for receipt in receipts] == ["MASSSENDJOBFINISH"]
    assert receipts[0].fields["MsgID"] == job
    assert receipts[0].fields["Status"] == "send success"
