"""The environment is read once and every mistake is named at once."""

from __future__ import annotations

import base64

import pytest

from config.settings import SettingsError, read

GOOD = {
    "WECHAT_APP_ID": "wx1234567890abcdef",
    "WECHAT_APP_SECRET": "not-a-real-secret",
    "WECHAT_TOKEN": "simtoken2026",
    "WECHAT_AES_KEY": "A" * 43,
    "SECRET_KEY": "0123456789abcdef",
    "DATA_KEY": base64.b64encode(bytes(32)).decode(),
}


def test_a_full_environment_is_read() -> None:
    settings = read({**GOOD, "WECHAT_ACCOUNT": "service", "PORT": "9000", "MAIL_TO": "a@e.example, b@e.example"})
    assert settings.wechat.account == "service"
    assert settings.port == 9000
    assert settings.staff.mail_to == ("a@e.example", "b@e.example")


def test_everything_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read({"WECHAT_MODE": "loud", "PORT": "ninety"})
    told = "\n".join(caught.value.mistakes)
    for name in (*GOOD, "WECHAT_MODE", "PORT"):
        assert name in told


def test_plain_mode_needs_no_aes_key() -> None:
    without = {name: value for name, value in GOOD.items() if name != "WECHAT_AES_KEY"}
    assert read({**without, "WECHAT_MODE": "plain"}).wechat.aes_key == ""


def test_secrets_do_not_show_in_a_printed_settings() -> None:
    printed = repr(read(GOOD))
    for name in ("WECHAT_APP_SECRET", "WECHAT_TOKEN", "SECRET_KEY"):
        assert GOOD[name] not in printed


@pytest.mark.parametrize("name", ["REDIS_URL", "DATABASE_URL", "SITE_URL", "SMTP_URL"])
def test_a_wrong_address_is_a_mistake(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read({**GOOD, name: "ftp://somewhere"})


def test_a_short_data_key_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match="DATA_KEY"):
        read({**GOOD, "DATA_KEY": base64.b64encode(bytes(16)).decode()})
