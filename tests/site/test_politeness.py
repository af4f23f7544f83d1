"""Requests to the site: polite, bounded, to the one host, to no address inside, whatever the answers try."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import chain, repeat

import httpcore
import pytest

from bot.adapters.site.addresses import is_public
from bot.adapters.site.http import Fetcher, Forbidden, Gone, Later, SiteError, TooMuch
from tests.site.rules import fetcher
from tests.site.zblog import Answer, served

CAP = 200_000


@pytest.fixture
def serve() -> Callable[[Callable[[str, dict[str, str]], Answer]], str]:
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(served(answer))  # type: ignore[misc]


def page(answer: Answer) -> Callable[[str, dict[str, str]], Answer]:
    return lambda target, headers: Answer("", 404) if target == "/robots.txt" else answer


Serve = Callable[[Callable[[str, dict[str, str]], Answer]], str]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.5", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "2002:a00:1::", "::127.0.0.1", "255.255.255.255", "240.0.0.1",
    ],
)  # fmt: skip
def test_addresses_inside_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "223.5.5.5", "2400:3200::1", "::ffff:223.5.5.5"])
def test_addresses_outside_are_known(address: str) -> None:
    assert is_public(address)


def test_a_site_at_a_private_address_is_not_asked(serve: Serve) -> None:
    asked: list[str] = []
    root = serve(lambda target, headers: asked.append(target) or Answer("hello"))  # type: ignore[func-returns-value]
    with pytest.raises(Forbidden):
        fetcher(root, private=False).get("/")
    assert asked == []


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when asked and private a moment later is asked once for each connection, no more."""
    connected: list[str] = []

    def connect(self: object, host: str, port: int, *args: object, **options: object) -> object:
        connected.append(host)
        raise httpcore.ConnectError("no network in a test")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    answers = chain([["223.5.5.5"], ["127.0.0.1"]], repeat(["10.0.0.1"]))
    rebinding = fetcher("http://site.example", private=False, resolve=lambda host, port: next(answers))
    with pytest.raises(SiteError):
        rebinding.get("/")
    for _ in range(2):
        with pytest.raises(Forbidden):
            rebinding.get("/")
    assert connected == ["223.5.5.5"]


def test_a_name_with_one_private_address_among_public_ones_is_refused(serve: Serve) -> None:
    root = serve(page(Answer("secret")))
    port = root.rsplit(":", 1)[1]
    mixed = fetcher(f"http://site.example:{port}", private=False, resolve=lambda host, port: ["223.5.5.5", "127.0.0.1"])
    with pytest.raises(Forbidden):
        mixed.get("/")


def test_a_pinned_connection_still_names_the_site(serve: Serve) -> None:
    heard: list[str] = []
    root = serve(lambda target, headers: heard.append(headers["Host"]) or Answer("hello"))  # type: ignore[func-returns-value]
    port = root.rsplit(":", 1)[1]
    pinned = fetcher(f"http://site.example:{port}", resolve=lambda host, port: ["127.0.0.1"])
    assert pinned.get("/").text == "hello"
    assert set(heard) == {f"site.example:{port}"}


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/", "http://169.254.169.254/latest/meta-data/", "http://localhost/", "http://evil.example/",
        "//evil.example/", "file:///etc/passwd", "http://user@127.0.0.1/", "http://127.0.0.1:99999/", "ftp://127.0.0.1/",
        "http://[::1]/",
    ],
)  # fmt: skip
def test_a_redirect_leads_nowhere_else(serve: Serve, location: str) -> None:
    root = serve(page(Answer("", 302, {"Location": location})))
    with pytest.raises(Forbidden):
        fetcher(root).get("/a")


def test_a_redirect_at_the_site_is_followed_and_a_loop_is_left(serve: Serve) -> None:
    def answer(target: str, headers: dict[str, str]) -> Answer:
        match target:
            case "/robots.txt":
                return Answer("", 404)
            case "/old":
                return Answer("", 301, {"Location": "/new"})
            case "/new":
                return Answer("here")
        return Answer("", 302, {"Location": target + "x"})

    polite = fetcher(serve(answer))
    found = polite.get("/old")
    assert (found.text, found.url.endswith("/new")) == ("here", True)
    with pytest.raises(SiteError, match="redirects"):
        polite.get("/loop")


def test_another_host_is_not_asked_at_all(serve: Serve) -> None:
    polite = fetcher(serve(page(Answer("hello"))))
    for url in ("http://evil.example/", "https://127.0.0.1:1/", "gopher://127.0.0.1/"):
        with pytest.raises(Forbidden):
            polite.get(url)


def bomb(megabytes: int) -> bytes:
    return gzip.compress(b"\0" * (megabytes << 20))


def test_a_huge_body_is_dropped(serve: Serve) -> None:
    with pytest.raises(TooMuch):
        fetcher(serve(page(Answer(b"a" * (CAP + 1)))), most_bytes=CAP).get("/")


def test_a_compressed_bomb_never_unfolds(serve: Serve) -> None:
    import tracemalloc

    root = serve(page(Answer(bomb(64), headers={"Content-Encoding": "gzip"})))
    polite = fetcher(root, most_bytes=CAP)
    tracemalloc.start()
    with pytest.raises(TooMuch):
        polite.get("/")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd", "deflate, gzip"])
def test_codings_nobody_asked_for_are_refused(serve: Serve, coding: str) -> None:
    root = serve(page(Answer(gzip.compress(bomb(16)), headers={"Content-Encoding": coding})))
    with pytest.raises(SiteError):
        fetcher(root, most_bytes=CAP).get("/")


@pytest.mark.parametrize("body", [gzip.compress("正文".encode() * 9000)[:-400], b"not gzip at all"])
def test_a_cut_or_broken_compressed_body_is_no_page(serve: Serve, body: bytes) -> None:
    with pytest.raises(SiteError):
        fetcher(serve(page(Answer(body, headers={"Content-Encoding": "gzip"})))).get("/")


@pytest.mark.parametrize(("coding", "packed"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_pages_are_read(serve: Serve, coding: str, packed: Callable[[bytes], bytes]) -> None:
    root = serve(page(Answer(packed("正文".encode()), headers={"Content-Encoding": coding})))
    assert fetcher(root).get("/").text == "正文"


def test_a_body_that_breaks_off_is_no_page(serve: Serve) -> None:
    root = serve(page(Answer("half", headers={"Content-Length": "5000", "Connection": "close"})))
    with pytest.raises(SiteError):
        fetcher(root, timeout=1.0).get("/")


def test_an_answer_that_drips_is_given_up(serve: Serve) -> None:
    slow = fetcher(serve(page(Answer("hello"))), longest=-1.0)
    with pytest.raises(SiteError, match="not whole"):
        slow.get("/")


def test_gbk_pages_are_read_as_such(serve: Serve) -> None:
    declared = '<html><head><meta charset="gb2312"></head>产业链</html>'.encode("gb18030")
    polite = fetcher(serve(page(Answer(declared, headers={"Content-Type": "text/html"}))))
    assert "产业链" in polite.get("/").text


def test_requests_keep_their_distance(serve: Serve) -> None:
    slept: list[float] = []
    polite = fetcher(serve(page(Answer("hello"))), pause=30.0, sleep=slept.append)
    for _ in range(3):
        polite.get("/")
    assert len(slept) == 3 and all(29 < one <= 30 for one in slept)  # robots.txt was the first of four


def test_robots_txt_is_obeyed_wildcards_delay_and_all(serve: Serve) -> None:
    rules = "User-agent: *\nDisallow: /zb_system/\nDisallow: /*?id=\nCrawl-delay: 7\n"
    asked: list[str] = []

    def answer(target: str, headers: dict[str, str]) -> Answer:
        asked.append(target)
        return Answer(rules if target == "/robots.txt" else "hello")

    slept: list[float] = []
    polite = fetcher(serve(answer), sleep=slept.append)
    assert polite.get("/index.php").text == "hello"
    for path in ("/zb_system/api.php", "/?id=5"):
        with pytest.raises(Forbidden):
            polite.get(path)
    assert asked == ["/robots.txt", "/index.php"]
    assert polite.pause == 7.0 and slept


def test_a_site_whose_robots_txt_is_in_trouble_is_left_alone(serve: Serve) -> None:
    polite = fetcher(serve(lambda target, headers: Answer("", 503) if target == "/robots.txt" else Answer("hello")))
    with pytest.raises(SiteError):
        polite.get("/")


def test_retry_after_is_respected_in_seconds_and_as_a_date(serve: Serve) -> None:
    slept: list[float] = []
    answers = iter([Answer("", 503, {"Retry-After": "7"}), Answer("hello")])
    root = serve(lambda target, headers: Answer("", 404) if target == "/robots.txt" else next(answers))
    assert fetcher(root, sleep=slept.append).get("/").text == "hello"
    assert slept == [7.0]
    tomorrow = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    with pytest.raises(Later) as later:
        fetcher(serve(page(Answer("", 429, {"Retry-After": tomorrow})))).get("/")
    assert 7000 < later.value.seconds <= 7200


def test_trouble_is_tried_again_a_few_times_and_not_for_ever(serve: Serve) -> None:
    asked: list[str] = []

    def answer(target: str, headers: dict[str, str]) -> Answer:
        asked.append(target)
        return Answer("", 404 if target == "/robots.txt" else 500)

    with pytest.raises(SiteError):
        fetcher(serve(answer)).get("/")
    assert asked.count("/") == 3


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_told_apart_from_trouble(serve: Serve, status: int) -> None:
    with pytest.raises(Gone):
        fetcher(serve(page(Answer("", status)))).get("/")


def test_a_page_that_did_not_change_is_not_sent_again(serve: Serve) -> None:
    def answer(target: str, headers: dict[str, str]) -> Answer:
        if target == "/robots.txt":
            return Answer("", 404)
        if headers.get("If-None-Match") == '"1"':
            return Answer("", 304, {"ETag": '"1"'})
        return Answer("hello", headers={"ETag": '"1"', "Last-Modified": "Mon, 23 Nov 2026 06:00:00 GMT"})

    polite = fetcher(serve(answer))
    first = polite.get("/")
    assert first.changed and first.validators == {
        "If-None-Match": '"1"', "If-Modified-Since": "Mon, 23 Nov 2026 06:00:00 GMT",
    }  # fmt: skip
    assert not polite.get("/", first.validators).changed


def test_http_may_lead_to_https_of_the_same_host_and_to_no_other_port() -> None:
    ours = Fetcher("http://news.site.example", "test")
    assert ours.is_ours("https://news.site.example/a") and ours.is_ours("http://news.site.example:80/a")
    for url in (
        "http://news.site.example:8080/",
        "http://site.example/",
        "http://x@news.site.example/",
        "//news.site.example",
    ):
        assert not ours.is_ours(url)
