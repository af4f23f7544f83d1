"""What each kind of account may do, in words staff understand; what the platform refuses is remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.redis_scripts import Client, connected
from bot.adapters.wechat.capabilities import ACCOUNTS, RIGHTS, Capabilities, Refusals, right_of
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.errors import NoRight
from bot.adapters.wechat.token import TokenStore
from config.settings import ACCOUNTS as CONFIGURED

from .conftest import SECRET, Api
from .sender import APP_ID

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
EVERYONE = {"replies", "material", "drafts", "shown_menu"}
VERIFIED = EVERYONE | {
    "menu", "customer_messages", "hand_over", "publish", "users", "tags", "mass_to_tag", "mass_preview",
}  # fmt: skip
SERVICE = VERIFIED | {"mass_to_followers", "templates", "notices", "qr_codes", "web_sign_in"}


@pytest.mark.parametrize(
    ("account", "rights"),
    [
        ("subscription-unverified", EVERYONE),
        ("service-unverified", EVERYONE),
        ("subscription", VERIFIED),
        ("service", SERVICE),
    ],
)
def test_rights_by_kind_of_account(account: str, rights: set[str]) -> None:
    capabilities = Capabilities.of(account)
    assert {right.name for right in RIGHTS if capabilities.may(right.name)} == rights
    assert set(capabilities) == rights
    assert ("qr_codes" in capabilities) is ("qr_codes" in rights)
    for standing in capabilities.table():
        assert bool(standing.reason) is not standing.allowed


def test_the_kinds_are_those_of_the_settings() -> None:
    assert set(ACCOUNTS) == set(CONFIGURED)
    with pytest.raises(ValueError, match="kind"):
        Capabilities.of("personal")
    with pytest.raises(KeyError):
        Capabilities.of("service").may("fly")


def test_every_right_has_a_property_of_its_name() -> None:
    capabilities = Capabilities.of("service")
    for right in RIGHTS:
        assert getattr(capabilities, right.name, True) is True


def test_unverified_accounts_push_nothing() -> None:
    assert not Capabilities.of("subscription-unverified").pushes
    assert Capabilities.of("subscription").pushes
    assert not Capabilities.of("subscription").is_service
    assert Capabilities.of("service-unverified").is_service


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("message/mass/sendall", "mass_to_tag"),
        ("message/mass/send", "mass_to_followers"),
        ("tags/members/batchtagging", "tags"),
        ("menu/create", "menu"),
        ("getcallbackip", None),
    ],
)
def test_which_right_a_call_needs(call: str, name: str | None) -> None:
    right = right_of(call)
    assert (right.name if right else None) == name


def test_a_refusal_is_remembered_with_when_and_which_call(api: Api, tokens: TokenStore, client: Client) -> None:
    refusals = Refusals(client, APP_ID)
    platform = Platform(APP_ID, SECRET, api.url, tokens, watch=refusals.watch(lambda: NOW))
    api.answers["freepublish/submit"] = [{"errcode": 48001, "errmsg": "api unauthorized rid: 6aac005a-01"}]
    with pytest.raises(NoRight):
        platform.publish("D")
    (refusal,) = Refusals(client, APP_ID).standing(NOW + timedelta(hours=1))
    assert (refusal.call, refusal.at) == ("freepublish/submit", NOW)
    reduced = Capabilities.of("subscription").reduced_by((refusal,))
    assert not reduced.publish
    assert reduced.drafts
    (row,) = [standing for standing in reduced.table() if standing.right.name == "publish"]
    assert "freepublish/submit" in row.reason
    assert "2026-11-24" in row.reason
    assert Refusals(client, APP_ID).standing(NOW + timedelta(days=2)) == ()
    assert len(refusals.all()) == 1


def test_a_refusal_is_forgotten_when_the_call_goes_through(api: Api, tokens: TokenStore, client: Client) -> None:
    refusals = Refusals(client, APP_ID)
    platform = Platform(APP_ID, SECRET, api.url, tokens, watch=refusals.watch(lambda: NOW))
    api.answers["tags/get"] = [{"errcode": 48001, "errmsg": "x"}, {"tags": []}]
    with pytest.raises(NoRight):
        platform.tags()
    platform.tags()
    assert refusals.all() == ()


def test_without_redis_nothing_counts_as_refused() -> None:
    assert Refusals(connected("redis://127.0.0.1:1/0"), APP_ID).standing(NOW) == ()
