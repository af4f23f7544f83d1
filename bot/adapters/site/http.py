"""Polite requests to one site: same host, checked addresses, small answers, one at a time, robots.txt obeyed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

import httpx
from protego import Protego

from bot.adapters.site.addresses import Forbidden, Resolve, SiteError, resolved, transport
from bot.adapters.site.hrefs import joined
from bot.adapters.site.unpacking import TooMuch, decoded, unpacked

__all__ = ["Fetcher", "Forbidden", "Gone", "Later", "Page", "SiteError", "TooMuch"]

REDIRECTS = 4
TRIES = 3
LONGEST_PAUSE = 30.0
LONGEST_WAIT = 86400.0
ROBOTS_KEPT = 86400.0
ROBOTS_BYTES = 512_000
IN_TROUBLE = (429, 500, 502, 503, 504)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Gone(SiteError):
    """The page is no longer there (404 or 410)."""


class Later(SiteError):
    """The site asks to be left alone for so many `seconds`."""

    def __init__(self, told: str, seconds: float) -> None:
        super().__init__(told)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Page:
    """An answer. `validators` make the next request conditional; `changed` is False for 304."""

    url: str
    text: str
    validators: Mapping[str, str] = field(default_factory=dict)
    changed: bool = True


@dataclass
class Fetcher:
    """Requests to the host of `root`. private: the site may live at a private address (tests, intranets).

    pause: seconds between two requests; robots.txt may ask for more. timeout: seconds without a byte; longest: seconds
    for a whole answer. most_bytes: counted after decompression.
    """

    root: str
    agent: str
    private: bool = False
    pause: float = 0.5
    timeout: float = 15.0
    longest: float = 60.0
    most_bytes: int = 4_000_000
    sleep: Callable[[float], None] = time.sleep
    resolve: Resolve = resolved
    _last: float = -math.inf
    _robots: Protego | None = None
    _robots_at: float = -math.inf

    def __post_init__(self) -> None:
        self.root = self.root.rstrip("/")
        self._client = httpx.Client(
            timeout=self.timeout,
            headers={"User-Agent": self.agent, "Accept-Encoding": "gzip"},
            trust_env=False,
            transport=transport(private=self.private, resolve=self.resolve),
        )

    def get(self, url: str, validators: Mapping[str, str] | None = None, *, tries: int = TRIES) -> Page:
        """Raises Gone, Forbidden, Later, or another SiteError."""
        return self._fetched(self._allowed(url), dict(validators or {}), tries)

    def file(self, url: str) -> bytes:
        """What lies there, as it is: a picture. Asked for once. Raises Gone, Forbidden, or another SiteError."""
        status, _, body, at = self._followed(self._allowed(url), {})
        if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
            raise Gone(at)
        if status != httpx.codes.OK:
            raise SiteError(f"HTTP {status}: {at}")
        return body

    def is_ours(self, url: str) -> bool:
        """Whether an address lies at this site, whichever of http and https it is written with."""
        return _place(url) == _place(self.root)

    def close(self) -> None:
        self._client.close()

    def _fetched(self, url: str, validators: Mapping[str, str], tries: int) -> Page:
        for tried in range(1, max(1, tries) + 1):
            status, headers, body, at = self._followed(url, validators)
            if status == httpx.codes.NOT_MODIFIED:
                return Page(at, "", validators, changed=False)
            if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
                raise Gone(at)
            if status == httpx.codes.OK:
                return Page(at, decoded(body, headers.get("content-type", "")), _validators(headers))
            if status not in IN_TROUBLE:
                raise SiteError(f"HTTP {status}: {at}")
            self._hold(status, headers, at, tried, tries)
        raise SiteError(f"still in trouble after {tries} tries: {url}")

    def _hold(self, status: int, headers: httpx.Headers, url: str, tried: int, tries: int) -> None:
        """Wait as long as the site asks, or as is decent, before the next try. Raises Later if that is long."""
        wanted = _retry_after(headers)
        if wanted is not None and (wanted > LONGEST_PAUSE or tried == tries):
            raise Later(f"HTTP {status}: {url}", min(wanted, LONGEST_WAIT))
        if tried < tries:
            self.sleep(2.0**tried if wanted is None else wanted)

    def _followed(self, url: str, validators: Mapping[str, str]) -> tuple[int, httpx.Headers, bytes, str]:
        for _ in range(REDIRECTS + 1):
            self._check(url)
            status, headers, body = self._once(url, validators)
            if status not in (301, 302, 303, 307, 308) or "location" not in headers:
                return status, headers, body, url
            url = joined(url, headers["location"])
        raise SiteError(f"too many redirects: {url}")

    def _once(self, url: str, validators: Mapping[str, str]) -> tuple[int, httpx.Headers, bytes]:
        self._wait()
        try:
            with self._client.stream("GET", url, headers=dict(validators)) as answer:
                return answer.status_code, answer.headers, self._body(answer)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise SiteError(f"{type(error).__name__}: {url}") from None

    def _body(self, answer: httpx.Response) -> bytes:
        until = time.monotonic() + self.longest

        def in_time() -> None:
            if time.monotonic() > until:
                raise SiteError(f"not whole after {self.longest:.0f} s: {answer.url}")

        coding = answer.headers.get("content-encoding", "")
        return unpacked(answer.iter_raw(), coding, self.most_bytes, in_time)

    def _wait(self) -> None:
        left = self._last + self.pause - time.monotonic()
        if left > 0:
            self.sleep(left)
        self._last = time.monotonic()

    def _allowed(self, url: str) -> str:
        """The address, quoted; it lies at this site, and robots.txt has nothing against it."""
        address = joined(self.root + "/", quote(url, safe="%/:=&?~#+!$,;'@()*[]"))
        self._check(address)
        if not self._rules().can_fetch(address, self.agent):
            raise Forbidden(f"robots.txt: {urlsplit(address).path}")
        return address

    def _check(self, url: str) -> None:
        if not self.is_ours(url):
            raise Forbidden(f"another host: {url[:200]}")

    def _rules(self) -> Protego:
        """robots.txt, read anew once a day: none means all is allowed, a site in trouble is asked for nothing more."""
        if self._robots is None or time.monotonic() - self._robots_at > ROBOTS_KEPT:
            self._robots = Protego.parse(self._robots_text())
            self._robots_at = time.monotonic()
            asked = self._robots.crawl_delay(self.agent) or 0.0
            self.pause = max(self.pause, min(float(asked), LONGEST_PAUSE))
        return self._robots

    def _robots_text(self) -> str:
        try:
            status, headers, body, _ = self._followed(self.root + "/robots.txt", {})
        except Forbidden:
            return ""  # sent to another host for it: this one has no rules of its own
        if status in IN_TROUBLE:
            wanted = _retry_after(headers)
            raise SiteError(f"HTTP {status}: robots.txt") if wanted is None else Later("robots.txt", wanted)
        return decoded(body[:ROBOTS_BYTES], "") if status == httpx.codes.OK and b"<" not in body[:50] else ""


def file_of(fetchers: Sequence[Fetcher], url: str) -> bytes:
    """A file by its address, from whichever of these hosts it lies at. Raises SiteError."""
    mine = next((one for one in fetchers if one.is_ours(joined(fetchers[0].root + "/", url))), None)
    if mine is None:
        raise Forbidden(f"another host: {url[:200]}")
    return mine.file(url)


def root(url: str) -> str:
    """The site an address lies at."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _place(url: str) -> tuple[str, int | str] | None:
    """Host and port; the standard ports count as one, so that http may lead to https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username or parts.password:
        return None
    return parts.hostname, "standard" if port in (None, _DEFAULT_PORTS[parts.scheme]) else port or 0


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds, whether the header gives seconds or a date; None where it says nothing sensible."""
    wanted = headers.get("retry-after", "").strip()
    if wanted.isdigit() and len(wanted) < 10:
        return float(wanted)
    try:
        when = parsedate_to_datetime(wanted).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _validators(headers: httpx.Headers) -> dict[str, str]:
    pairs = {"If-None-Match": headers.get("etag"), "If-Modified-Since": headers.get("last-modified")}
    return {name: value for name, value in pairs.items() if value}
