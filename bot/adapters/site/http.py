"""Polite requests to one site: same host, known addresses, small answers, one at a time, robots.txt obeyed."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import httpx

REDIRECTS = 3
TRIES = 3
LONGEST_PAUSE = 30.0


class SiteError(Exception):
    """The site cannot be read just now; a later run may."""


class Gone(SiteError):
    """The page is no longer there (404 or 410)."""


class Forbidden(SiteError):
    """We do not go there: another host, a private address, or robots.txt says no."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer. `validators` make the next request conditional; `changed` is False for 304."""

    url: str
    text: str
    validators: Mapping[str, str] = field(default_factory=dict)
    changed: bool = True


@dataclass
class Fetcher:
    """Requests below `root`. private: the site may live at a private address (tests, intranets)."""

    root: str
    agent: str
    private: bool = False
    pause: float = 0.5
    timeout: float = 15.0
    most_bytes: int = 4_000_000
    sleep: Callable[[float], None] = time.sleep
    _last: float = 0.0
    _robots: RobotFileParser | None = None

    def __post_init__(self) -> None:
        self._client = httpx.Client(
            timeout=self.timeout, headers={"User-Agent": self.agent, "Accept-Encoding": "gzip"}, trust_env=False
        )

    def get(self, url: str, validators: Mapping[str, str] | None = None) -> Page:
        """Raises Gone, Forbidden or SiteError."""
        address = urljoin(self.root + "/", url)
        if not self._allowed(address):
            raise Forbidden(f"robots.txt: {urlsplit(address).path}")
        return self._fetched(address, dict(validators or {}))

    def close(self) -> None:
        self._client.close()

    def _fetched(self, url: str, validators: Mapping[str, str]) -> Page:
        for tried in range(1, TRIES + 1):
            status, headers, body, url = self._followed(url, validators)
            if status == httpx.codes.NOT_MODIFIED:
                return Page(url, "", validators, changed=False)
            if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
                raise Gone(url)
            if status in (429, 500, 502, 503, 504) and tried < TRIES:
                self.sleep(min(LONGEST_PAUSE, _retry_after(headers, tried)))
                continue
            if status >= httpx.codes.BAD_REQUEST:
                raise SiteError(f"HTTP {status}: {url}")
            return Page(url, body.decode(_charset(headers), errors="replace"), _validators(headers))
        raise SiteError(url)

    def _followed(self, url: str, validators: Mapping[str, str]) -> tuple[int, httpx.Headers, bytes, str]:
        for _ in range(REDIRECTS + 1):
            self._check(url)
            status, headers, body = self._once(url, validators)
            if status not in (301, 302, 303, 307, 308) or "location" not in headers:
                return status, headers, body, url
            url = urljoin(url, headers["location"])
        raise SiteError(f"too many redirects: {url}")

    def _once(self, url: str, validators: Mapping[str, str]) -> tuple[int, httpx.Headers, bytes]:
        self._wait()
        try:
            with self._client.stream("GET", url, headers=dict(validators)) as answer:
                return answer.status_code, answer.headers, self._body(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SiteError(f"{type(error).__name__}: {url}") from None

    def _body(self, answer: httpx.Response) -> bytes:
        """Counted after decompression, piece by piece: a bomb is dropped before it is whole."""
        body = bytearray()
        for piece in answer.iter_bytes(65536):
            body += piece
            if len(body) > self.most_bytes:
                raise SiteError(f"more than {self.most_bytes} bytes: {answer.url}")
        return bytes(body)

    def _wait(self) -> None:
        left = self._last + self.pause - time.monotonic()
        if left > 0:
            self.sleep(left)
        self._last = time.monotonic()

    def _check(self, url: str) -> None:
        here, there = urlsplit(self.root), urlsplit(url)
        if there.scheme not in ("http", "https") or there.hostname != here.hostname or there.port != here.port:
            raise Forbidden(f"another host: {there.hostname}")
        if not self.private and not _is_public(there.hostname or "", there.port or 443):
            raise Forbidden(f"private address: {there.hostname}")

    def _allowed(self, url: str) -> bool:
        if self._robots is None:
            self._robots = RobotFileParser()
            try:
                _, _, body, _ = self._followed(self.root + "/robots.txt", {})
                self._robots.parse(body.decode(errors="replace").splitlines() if b"<" not in body[:50] else [])
            except SiteError:
                self._robots.parse([])
        return self._robots.can_fetch(self.agent, url)


def _is_public(host: str, port: int) -> bool:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise SiteError(f"no such host: {host}") from None
    return all(ipaddress.ip_address(address[4][0]).is_global for address in found)


def _retry_after(headers: httpx.Headers, tried: int) -> float:
    wanted = headers.get("retry-after", "")
    return float(wanted) if wanted.isdigit() else 2.0**tried


def _charset(headers: httpx.Headers) -> str:
    _, _, charset = headers.get("content-type", "").partition("charset=")
    return charset.strip('" ;') if charset.strip('" ;').lower() in ("gbk", "gb2312", "gb18030") else "utf-8"


def _validators(headers: httpx.Headers) -> dict[str, str]:
    pairs = {"If-None-Match": headers.get("etag"), "If-Modified-Since": headers.get("last-modified")}
    return {name: value for name, value in pairs.items() if value}
