"""The environment, read once; everything missing or wrong is named in one error."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

MODES = ("plain", "compatible", "safe")
ACCOUNTS = ("subscription", "subscription-unverified", "service", "service-unverified")
PLATFORM = "https://api.weixin.qq.com"
OPEN_PLATFORM = "https://open.weixin.qq.com"
_QUIET = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


class SettingsError(Exception):
    """One or more settings are missing or wrong; `mistakes` names each with what would be right."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class WeChat:
    """The account. `mode` and `account` use the words of MODES and ACCOUNTS.

    open_base: where browsers inside WeChat are sent to prove whose they are.
    news_template, news_notice: ids of the templates that bring news; empty = those channels are not used.
    """

    app_id: str
    app_secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    mode: str
    account: str
    api_base: str
    window: timedelta
    news_template: str = ""
    news_notice: str = ""
    open_base: str = OPEN_PLATFORM


@dataclass(frozen=True, slots=True)
class StaffChannels:
    """Where staff are told; an empty address means the channel is off."""

    wecom_url: str = field(default="", repr=False)
    dingtalk_url: str = field(default="", repr=False)
    dingtalk_secret: str = field(default="", repr=False)
    feishu_url: str = field(default="", repr=False)
    feishu_secret: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    mail_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs from one installation to the next.

    preview_minutes, quiet_hours: instead of those of config/schedule.toml, where they are set.
    threads: messages in work at once in each of the `workers`, most of them waiting for something.
    own_cores: each of the `workers` stays on one core.
    trusted_proxies: how many proxies in front of us tell the caller's address (X-Forwarded-For).
    follower_burst: messages of one follower in 10 s. stranger_burst: refused requests of one address in a minute.
    data_key: 32 bytes; encrypts personal data at rest. old_data_keys: read but no longer written (rotation).
    """

    wechat: WeChat
    staff: StaffChannels
    redis_url: str = field(repr=False)
    database_url: str = field(repr=False)
    site_url: str
    site_private: bool
    public_url: str
    host: str
    port: int
    secret_key: str = field(repr=False)
    data_key: bytes = field(repr=False)
    old_data_keys: tuple[bytes, ...] = field(repr=False, default=())
    data_dir: str = ".data"
    config_dir: str = ""
    threads: int = 32
    workers: int = 2
    own_cores: bool = True
    trusted_proxies: int = 0
    follower_burst: int = 60
    stranger_burst: int = 120
    ingest_every: timedelta = timedelta(minutes=5)
    digest_every: timedelta = timedelta(minutes=5)
    preview_minutes: int | None = None
    quiet_hours: str = ""
    draft_kept: timedelta = timedelta(days=7)
    unconsented_kept: timedelta = timedelta(hours=24)
    lost_lead_kept: timedelta = timedelta(days=365)


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables. Raises SettingsError naming every mistake at once."""
    reader = _Reader(environ)
    settings = _settings(reader)
    if reader.mistakes:
        raise SettingsError(reader.mistakes)
    return settings


def _settings(env: _Reader) -> Settings:
    return Settings(
        wechat=_wechat(env),
        staff=_staff(env),
        redis_url=env.url("REDIS_URL", ("redis", "rediss", "unix", "redis+cluster"), "redis://127.0.0.1:6379/0"),
        database_url=env.url("DATABASE_URL", ("sqlite", "postgresql", "postgres"), "sqlite:///.data/bot.db"),
        site_url=env.url("SITE_URL", ("http", "https"), ""),
        site_private=env.flag("SITE_ALLOW_PRIVATE"),
        public_url=env.url("PUBLIC_URL", ("http", "https"), ""),
        host=env.text("HOST", "127.0.0.1"),
        port=env.number("PORT", 8000, 0, 65535),
        secret_key=env.secret("SECRET_KEY", 16),
        data_key=env.key("DATA_KEY"),
        old_data_keys=env.old_keys("DATA_KEYS_OLD"),
        data_dir=env.text("DATA_DIR", ".data"),
        config_dir=env.text("CONFIG_DIR", ""),
        threads=env.number("WEB_THREADS", 32, 1, 256),
        workers=env.number("WEB_WORKERS", 2, 1, 64),
        own_cores=env.flag("WEB_OWN_CORES", "1"),
        trusted_proxies=env.number("TRUSTED_PROXIES", 0, 0, 9),
        follower_burst=env.number("FOLLOWER_BURST", 60, 1, 100_000),
        stranger_burst=env.number("STRANGER_BURST", 120, 1, 1_000_000),
        ingest_every=timedelta(seconds=env.number("INGEST_SECONDS", 300, 1, 86400)),
        digest_every=timedelta(seconds=env.number("DIGEST_SECONDS", 300, 1, 86400)),
        preview_minutes=env.number("PREVIEW_MINUTES", 0, 0, 10_080) if env.text("PREVIEW_MINUTES", "") else None,
        quiet_hours=env.quiet("QUIET_HOURS"),
        draft_kept=timedelta(days=env.number("DRAFT_DAYS", 7, 1, 30)),
        unconsented_kept=timedelta(hours=env.number("UNCONSENTED_HOURS", 24, 1, 168)),
        lost_lead_kept=timedelta(days=env.number("LOST_LEAD_DAYS", 365, 1, 3650)),
    )


def _wechat(env: _Reader) -> WeChat:
    mode = env.choice("WECHAT_MODE", MODES, "safe")
    return WeChat(
        app_id=env.matching("WECHAT_APP_ID", r"wx[0-9a-zA-Z]{4,32}", "wx and the letters or digits after it"),
        app_secret=env.secret("WECHAT_APP_SECRET", 8),
        token=env.matching("WECHAT_TOKEN", r"[0-9A-Za-z]{3,32}", "3 to 32 letters or digits"),
        aes_key=env.aes_key("WECHAT_AES_KEY", required=mode != "plain"),
        mode=mode,
        account=env.choice("WECHAT_ACCOUNT", ACCOUNTS, "subscription"),
        api_base=env.url("WECHAT_API_BASE", ("http", "https"), PLATFORM),
        window=timedelta(seconds=env.number("WECHAT_WINDOW_SECONDS", 300, 10, 86400)),
        news_template=env.text("WECHAT_NEWS_TEMPLATE", ""),
        news_notice=env.text("WECHAT_NEWS_NOTICE", ""),
        open_base=env.url("WECHAT_OPEN_BASE", ("http", "https"), OPEN_PLATFORM),
    )


def _staff(env: _Reader) -> StaffChannels:
    return StaffChannels(
        wecom_url=env.url("WECOM_ROBOT_URL", ("http", "https"), ""),
        dingtalk_url=env.url("DINGTALK_ROBOT_URL", ("http", "https"), ""),
        dingtalk_secret=env.text("DINGTALK_SECRET", ""),
        feishu_url=env.url("FEISHU_ROBOT_URL", ("http", "https"), ""),
        feishu_secret=env.text("FEISHU_SECRET", ""),
        smtp_url=env.url("SMTP_URL", ("smtp", "smtps"), ""),
        mail_from=env.text("MAIL_FROM", ""),
        mail_to=tuple(part.strip() for part in env.text("MAIL_TO", "").split(",") if part.strip()),
    )


class _Reader:
    """Reads one variable after another and remembers what was wrong, so that all mistakes are told together."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.mistakes: list[str] = []

    def wrong(self, name: str, expected: str) -> None:
        state = "is wrong" if self.environ.get(name) else "is missing"
        self.mistakes.append(f"{name} {state}: expected {expected}")

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def matching(self, name: str, pattern: str, expected: str) -> str:
        value = self.text(name, "")
        if not re.fullmatch(pattern, value):
            self.wrong(name, expected)
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            self.wrong(name, "one of " + ", ".join(choices))
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"\d{1,9}", value) or not low <= int(value) <= high:
            self.wrong(name, f"a whole number from {low} to {high}")
            return default
        return int(value)

    def quiet(self, name: str) -> str:
        value = self.text(name, "")
        if value not in ("", "none") and not _QUIET.fullmatch(value):
            self.wrong(name, "like 22:00-08:00, or none")
            return ""
        return value

    def flag(self, name: str, default: str = "0") -> bool:
        return self.choice(name, ("0", "1"), default) == "1"

    def secret(self, name: str, length: int) -> str:
        value = self.text(name, "")
        if len(value) < length:
            self.wrong(name, f"at least {length} characters")
        return value

    def url(self, name: str, schemes: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value and urlsplit(value).scheme.split("+psycopg")[0] not in schemes:
            self.wrong(name, "an address that begins with " + " or ".join(f"{scheme}://" for scheme in schemes))
        return value.rstrip("/") if schemes[0].startswith("http") else value

    def aes_key(self, name: str, *, required: bool) -> str:
        value = self.text(name, "")
        if (value or required) and not re.fullmatch(r"[A-Za-z0-9]{43}", value):
            self.wrong(name, "the 43 letters and digits of EncodingAESKey")
        return value

    def key(self, name: str) -> bytes:
        return self._decoded(name, self.text(name, ""))

    def old_keys(self, name: str) -> tuple[bytes, ...]:
        return tuple(self._decoded(name, part.strip()) for part in self.text(name, "").split(",") if part.strip())

    def _decoded(self, name: str, value: str) -> bytes:
        try:
            raw = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != 32:
            self.wrong(name, "base64 of 32 random bytes")
        return raw
