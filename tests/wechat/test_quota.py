"""What may still be sent, asked before sending and corrected by the platform's answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.redis_scripts import Client
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.errors import PlatformError, QuotaUsed
from bot.adapters.wechat.quota import CHINA, Ledger, next_day, next_month
from bot.adapters.wechat.token import TokenStore
from bot.adapters.wechat.windows import MESSAGE, MOMENT, Window, opened_by, window_key
from bot.dialogue.message import Click, Content, Follow, Location, Message, Other, Receipt, Scan, Text, Unfollow, View

from .conftest import SECRET, Api
from .sender import APP_ID

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
OPENID = "oSim"


@pytest.fixture
def ledger(client: Client) -> Ledger:
    return Ledger(client, APP_ID, is_service=False)


@pytest.fixture
def service(client: Client) -> Ledger:
    return Ledger(client, APP_ID, is_service=True)


def refused(code: int) -> PlatformError:
    return PlatformError(code, "x")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (Text("x"), MESSAGE),
        (Location(1, 2, ""), MESSAGE),
        (Follow(), MOMENT),
        (Scan("x"), MOMENT),
        (Click("K"), MOMENT),
        (View("u"), ""),
        (Unfollow(), ""),
        (Receipt("MASSSENDJOBFINISH"), ""),
        (Other("LOCATION"), ""),
    ],
)
def test_what_opens_which_window(content: Content, kind: str) -> None:
    window = opened_by(Message(OPENID, "gh", NOW, "k", content))
    assert (window.kind if window else "") == kind


def test_nobody_is_written_to_out_of_the_blue(ledger: Ledger) -> None:
    assert ledger.may_send(OPENID, NOW) == 0
    assert ledger.spend(OPENID, NOW) == ""


def test_five_messages_in_48_hours_after_a_word(ledger: Ledger) -> None:
    ledger.note_inbound(OPENID, MESSAGE, NOW)
    later = NOW + timedelta(hours=47)
    assert ledger.may_send(OPENID, later) == 5
    assert [ledger.spend(OPENID, later) for _ in range(6)] == ["m"] * 5 + [""]
    assert ledger.may_send(OPENID, later) == 0
    ledger.note_inbound(OPENID, MESSAGE, later)
    assert ledger.may_send(OPENID, later) == 5


def test_three_messages_in_the_minute_after_a_tap(ledger: Ledger) -> None:
    ledger.note_inbound(OPENID, MOMENT, NOW)
    assert ledger.may_send(OPENID, NOW + timedelta(seconds=50)) == 3
    assert ledger.may_send(OPENID, NOW + timedelta(seconds=56)) == 0
    assert ledger.spend(OPENID, NOW + timedelta(seconds=56)) == ""


def test_the_window_that_closes_first_is_used_first(ledger: Ledger) -> None:
    ledger.note_inbound(OPENID, MESSAGE, NOW)
    ledger.note_inbound(OPENID, MOMENT, NOW)
    assert ledger.may_send(OPENID, NOW) == 8
    assert [ledger.spend(OPENID, NOW) for _ in range(9)] == ["e"] * 3 + ["m"] * 5 + [""]


def test_after_48_hours_it_is_over(ledger: Ledger) -> None:
    ledger.note_inbound(OPENID, MESSAGE, NOW)
    assert ledger.may_send(OPENID, NOW + timedelta(hours=48)) == 0


def test_an_old_word_does_not_open_it_again(ledger: Ledger) -> None:
    ledger.note_inbound(OPENID, MESSAGE, NOW)
    ledger.spend(OPENID, NOW)
    ledger.note_inbound(OPENID, MESSAGE, NOW - timedelta(hours=1))
    assert ledger.may_send(OPENID, NOW) == 4


def test_what_was_not_sent_is_given_back(ledger: Ledger) -> None:
    ledger.note_inbound(OPENID, MESSAGE, NOW)
    ledger.give_back(OPENID, ledger.spend(OPENID, NOW))
    ledger.give_back(OPENID, "")
    ledger.give_back(OPENID, "m")
    assert ledger.may_send(OPENID, NOW) == 5


@pytest.mark.parametrize("code", [45047, 45015])
def test_the_platform_s_word_counts_more(ledger: Ledger, code: int) -> None:
    ledger.note_inbound(OPENID, MESSAGE, NOW)
    ledger.correct(OPENID, refused(code))
    assert ledger.may_send(OPENID, NOW) == 0
    ledger.note_inbound(OPENID, MESSAGE, NOW + timedelta(seconds=1))
    assert ledger.may_send(OPENID, NOW + timedelta(seconds=1)) == 5


def test_windows_do_not_stay_in_redis_for_ever(ledger: Ledger, client: Client) -> None:
    ledger.note_inbound(OPENID, MOMENT, NOW)
    assert 0 < client.ttl(window_key(OPENID)) <= 60
    ledger.note_inbound(OPENID, MESSAGE, NOW)
    ledger.note_inbound(OPENID, MOMENT, NOW)
    assert 48 * 3600 - 10 <= client.ttl(window_key(OPENID)) <= 48 * 3600
    ledger.correct("oUnknown", refused(45047))
    assert client.ttl(window_key("oUnknown")) > 0


def test_a_subscription_account_sends_once_a_day_by_beijing_time(ledger: Ledger) -> None:
    evening = datetime(2026, 11, 24, 23, 59, tzinfo=CHINA)
    assert ledger.spend_mass("tag:1", evening)
    assert not ledger.spend_mass("tag:2", evening)
    assert ledger.mass_left("tag:2", evening) == 0
    assert ledger.mass_turns(evening) == datetime(2026, 11, 25, tzinfo=CHINA)
    assert ledger.mass_left("tag:2", evening + timedelta(minutes=1)) == 1
    assert ledger.spend_mass("tag:2", (evening + timedelta(minutes=1)).astimezone(UTC))


def test_a_service_account_reaches_each_tag_four_times_a_month(service: Ledger) -> None:
    end = datetime(2026, 11, 30, 23, 59, tzinfo=CHINA)
    assert [service.spend_mass("tag:1", end) for _ in range(5)] == [True] * 4 + [False]
    assert service.mass_left("tag:2", end) == 4
    assert service.mass_turns(end) == datetime(2026, 12, 1, tzinfo=CHINA)
    assert service.mass_left("tag:1", end + timedelta(minutes=1)) == 4


def test_mass_sends_made_elsewhere_are_believed(ledger: Ledger) -> None:
    ledger.mass_used_up("tag:1", NOW)
    assert ledger.mass_left("tag:1", NOW) == 0
    ledger.give_back_mass("tag:1", NOW)
    assert ledger.mass_left("tag:1", NOW) == 1


def test_calls_are_counted_by_the_client_and_turn_at_midnight_in_beijing(
    api: Api, tokens: TokenStore, ledger: Ledger
) -> None:
    clock = [datetime(2026, 11, 24, 23, 59, tzinfo=CHINA)]
    platform = Platform(APP_ID, SECRET, api.url, tokens, today=ledger.today(lambda: clock[0]))
    api.answers["draft/add"] = [{"media_id": "D"}]
    platform.add_draft([])
    assert ledger.calls_left("draft/add", clock[0]) == 999
    assert {usage.name: usage.used for usage in ledger.usage(clock[0])} == {"draft/add": 1, "stable_token": 1}
    clock[0] += timedelta(minutes=1)
    assert ledger.calls_left("draft/add", clock[0]) == 1000


def test_a_used_up_day_is_remembered(api: Api, tokens: TokenStore, ledger: Ledger) -> None:
    platform = Platform(APP_ID, SECRET, api.url, tokens, watch=ledger.watch(lambda: NOW))
    api.answers["draft/add"] = [{"errcode": 45009, "errmsg": "reach max api daily quota limit"}]
    with pytest.raises(QuotaUsed):
        platform.add_draft([])
    assert ledger.calls_left("draft/add", NOW) == 0
    assert ledger.calls_left("draft/add", next_day(NOW)) == 1000


def test_an_account_s_own_limits_are_believed(ledger: Ledger) -> None:
    ledger.limited("draft/add", 5000, 4990, NOW)
    assert ledger.calls_left("draft/add", NOW) == 10
    assert ledger.calls_left("something/new", NOW) is None


def test_a_redis_that_is_away_spoils_no_send(api: Api, tokens: TokenStore) -> None:
    from bot.adapters.redis_scripts import connected

    away = Ledger(connected("redis://127.0.0.1:1/0"), APP_ID, is_service=False)
    clock = lambda: NOW  # noqa: E731
    platform = Platform(APP_ID, SECRET, api.url, tokens, watch=away.watch(clock), today=away.today(clock))
    platform.send_text("o", "x")
    assert not away.today(clock).may_ask("message/custom/send")


def counting(api: Api, tokens: TokenStore, ledger: Ledger, now: datetime = NOW) -> Platform:
    return Platform(APP_ID, SECRET, api.url, tokens, watch=ledger.watch(lambda: now), today=ledger.today(lambda: now))


def quota(limit: int, used: int) -> dict[str, object]:
    return {"quota": {"daily_limit": limit, "used": used, "remain": limit - used}}


def test_a_day_s_limit_is_asked_before_the_call_and_not_only_learnt_from_a_refusal(
    api: Api, tokens: TokenStore, ledger: Ledger
) -> None:
    api.answers["openapi/quota/get"] = [quota(2, 2)]
    ledger.limited("message/custom/send", 2, 0, NOW)
    platform = counting(api, tokens, ledger)
    for openid in ("o1", "o2"):
        platform.send_text(openid, "x")
    for openid in ("o3", "o4"):
        with pytest.raises(QuotaUsed) as caught:
            platform.send_text(openid, "x")
    assert (caught.value.code, caught.value.call) == (45009, "message/custom/send")
    assert api.paths().count("message/custom/send") == 2
    assert api.paths().count("openapi/quota/get") == 1
    counting(api, tokens, ledger, next_day(NOW)).send_text("o3", "x")


def test_a_large_account_may_do_more_than_a_new_one(api: Api, tokens: TokenStore, ledger: Ledger) -> None:
    api.answers["openapi/quota/get"] = [quota(1000, 100)]
    api.answers["freepublish/submit"] = [{"publish_id": "1"}]
    platform = counting(api, tokens, ledger)
    for _ in range(101):
        assert platform.publish("M") == "1"
    assert api.last("openapi/quota/get").json == {"cgi_path": "/cgi-bin/freepublish/submit"}
    assert ledger.calls_left("freepublish/submit", NOW) == 899


@pytest.mark.parametrize("answer", [{"errcode": 76021, "errmsg": "cgi_path not found"}, {"quota": {}}, quota(0, 0)])
def test_a_limit_that_cannot_be_looked_up_is_the_one_we_know(
    api: Api, tokens: TokenStore, ledger: Ledger, answer: dict[str, object]
) -> None:
    api.answers["openapi/quota/get"] = [answer]
    ledger.calls_used_up("draft/add", NOW)
    with pytest.raises(QuotaUsed):
        counting(api, tokens, ledger).add_draft([])
    assert "draft/add" not in api.paths()


def test_a_call_without_a_known_limit_stops_once_the_platform_says_so(
    api: Api, tokens: TokenStore, ledger: Ledger
) -> None:
    api.answers["openapi/quota/get"] = [{"errcode": 76021, "errmsg": "cgi_path not found"}]
    api.answers["tags/members/batchtagging"] = [{"errcode": 45009, "errmsg": "reach max api daily quota limit"}]
    platform = counting(api, tokens, ledger)
    for _ in range(3):
        with pytest.raises(QuotaUsed):
            platform.tag(["o1"], 100)
    assert api.paths().count("tags/members/batchtagging") == 1
    assert ledger.calls_left("tags/members/batchtagging", NOW) == 0
    assert ledger.calls_left("tags/members/batchtagging", next_day(NOW)) is None


def test_many_at_once_take_no_more_than_there_is(ledger: Ledger, service: Ledger) -> None:
    ledger.limited("message/template/send", 50, 0, NOW)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda one: one.take_call("message/template/send", NOW), [ledger, service] * 50))
    assert taken.count(True) == 50


def test_the_pace_is_shared(ledger: Ledger, service: Ledger) -> None:
    assert ledger.pace("send", per_second=10) == timedelta(0)
    wait = service.pace("send", per_second=10)
    assert timedelta(milliseconds=50) < wait <= timedelta(milliseconds=100)
    assert ledger.pace("other", per_second=10) == timedelta(0)


def test_a_pace_lets_a_burst_through(ledger: Ledger) -> None:
    waits = [ledger.pace("send", per_second=1, burst=5) for _ in range(6)]
    assert waits[:5] == [timedelta(0)] * 5
    assert waits[5] > timedelta(0)


@pytest.mark.parametrize(
    ("now", "turn"),
    [
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), datetime(2026, 12, 31, 16, 0, tzinfo=UTC)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), datetime(2027, 1, 31, 16, 0, tzinfo=UTC)),
    ],
)
def test_months_turn_in_beijing(now: datetime, turn: datetime) -> None:
    assert next_month(now) == turn


def test_a_window_lasts_as_long_as_its_kind() -> None:
    assert Window(MESSAGE, NOW).lasts == timedelta(hours=48)
    assert Window(MOMENT, NOW).lasts == timedelta(minutes=1)


def test_mass_sends_by_list_are_counted_for_each_follower_together_with_those_to_all(client: Client) -> None:
    ledger = Ledger(client, "wx-lists", is_service=True)
    month = datetime(2026, 11, 24, 12, tzinfo=CHINA)
    assert ledger.spend_mass("any", month)
    assert ledger.lists_left(month) == 3
    for _ in range(3):
        assert ledger.spend_each(["oA"], month) == ["oA"]
    assert ledger.spend_each(["oA", "oB"], month) == ["oB"]
    assert ledger.with_mass_left(["oA", "oB"], month) == ["oB"]
    assert ledger.mass_left("any", month) == 0
    assert not ledger.spend_mass("any", month)
    ledger.give_back_each(["oA", "oNever"], month)
    assert ledger.with_mass_left(["oA", "oNever"], month) == ["oA", "oNever"]
    assert ledger.spend_each(["oA"], month + timedelta(days=10)) == ["oA"]
    assert ledger.with_mass_left([], month) == []
    kept = b" ".join(part for key in client.scan_iter("*wx-lists*") for part in client.hgetall(key))
    assert b"oA" not in kept and b"to:" in kept


def test_a_list_that_was_given_back_leaves_its_send_to_tags_again(client: Client) -> None:
    ledger = Ledger(client, "wx-given-back", is_service=True)
    month = datetime(2026, 11, 24, 12, tzinfo=CHINA)
    ledger.spend_each(["oA", "oB"], month)
    ledger.spend_each(["oA"], month)
    assert ledger.mass_left("any", month) == 2
    ledger.give_back_each(["oA"], month)
    assert ledger.mass_left("any", month) == 3
    ledger.give_back_each(["oA", "oB", "oNever"], month)
    ledger.give_back_each(["oA"], month)
    assert ledger.mass_left("any", month) == 4
    assert [ledger.spend_mass("any", month) for _ in range(5)] == [True] * 4 + [False]
