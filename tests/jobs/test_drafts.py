"""Drafts look like the article: its headings, lists and pictures, brought to the platform, and nothing that it refuses."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from PIL import Image

from bot.adapters import imaging
from bot.adapters.imaging import as_jpeg
from bot.adapters.site.body import markup
from bot.adapters.site.http import file_of
from bot.adapters.site.markup import lines as lines_of
from bot.adapters.site.markup import tree
from bot.adapters.wechat.errors import Busy
from bot.layout import page
from bot.simulator.account import Account as SimAccount
from bot.simulator.app import Simulator, serving
from bot.simulator.pictures import png
from bot.store import news
from jobs.drafts import Layout, make
from jobs.pictures import BODY_PICTURE
from tests.jobs.courier import platform_of
from tests.jobs.shelf import Account, Shelf, once
from tests.site.rules import fetcher
from tests.site.zblog import Answer, served


def made_of(kind: str, size: tuple[int, int] = (64, 48), colour: str = "#c03020", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA" if kind != "JPEG" else "RGB", size, colour).save(out, kind, **more)
    return out.getvalue()


PNG = png([bytes([90]) * 60] * 60, 60)
TAIL = "原文：{url}\n版权归原作者所有。"
BODY = """
<h2 class="big" id="top" onclick="alert(1)">一、园区概况</h2><script>alert(2)</script><style>p{color:red}</style>
<p style="position:fixed">厂房<b>一万平</b>，<a href="javascript:alert(3)">层高</a>八米 &lt;大车可进&gt;。</p><p><img src="/one.png"></p>
<form><input name="phone"><button>报名</button></form><iframe src="https://elsewhere.example"></iframe>
<ul><li>水电齐全</li><li>近高速</li></ul><p>扫码关注</p><p>联系园区<img src="/two.png"></p>
<p><img src="/gone.png"><img src="/huge.png"><img src="/some.webp"><img src="https://elsewhere.example/x.png"></p>
<p><img src="/broken.webp"></p>
<p>扫码加好友</p><p><img src="/qr.png"></p>
"""
TEXT = "一、园区概况\n厂房一万平，层高八米 <大车可进>。\n水电齐全\n近高速\n联系园区"
FILES = {
    "/one.png": PNG,
    "/two.png": PNG + b"2",
    "/huge.png": PNG + bytes(BODY_PICTURE),
    "/some.webp": made_of("WEBP"),
    "/broken.webp": made_of("WEBP")[:40],
    "/qr.png": PNG + b"3",
}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@dataclass
class Site:
    """A site with pictures, and which of them were asked for."""

    root: str
    asked: list[str]

    def layout(self, tail: str = TAIL, *cdn: str) -> Layout:
        return Layout(tail, partial(file_of, [fetcher(one) for one in (self.root, *cdn)]))

    def html(self) -> str:
        return markup(tree(BODY).body, self.root + "/post/1.html")


@pytest.fixture
def site() -> Iterator[Site]:
    asked: list[str] = []

    def answer(target: str, headers: dict[str, str]) -> Answer:
        asked.append(target)
        return Answer(FILES[target]) if target in FILES else Answer("", 404)

    with ExitStack() as stack:
        yield Site(stack.enter_context(served(answer)), asked)


@dataclass
class World:
    """The platform over HTTP."""

    platform: Any
    simulator: Simulator

    def draft(self, media_id: str) -> list[dict[str, Any]]:
        """As the platform keeps it."""
        items: list[dict[str, Any]] = self.platform._post("draft/get", {"media_id": media_id})["news_item"]
        return items

    def uploads(self) -> int:
        return len(self.simulator.media.pictures)


@pytest.fixture
def world(redis_url: str) -> Iterator[World]:
    account = SimAccount(kind="service", callback_url="http://127.0.0.1:1/wechat")
    simulator = Simulator(account)
    with serving(simulator) as url:
        yield World(platform_of(redis_url, url, account.app_id, account.app_secret), simulator)


def stories(shelf: Shelf, **more: object) -> Any:
    shelf.put(1, "chips", **more)
    with shelf.store() as session:
        return news.stories(session, [1])


def test_a_draft_keeps_headings_lists_bold_and_pictures_and_drops_the_rest(
    shelf: Shelf, site: Site, world: World
) -> None:
    found = stories(shelf, html=site.html(), body=TEXT)
    (kept,) = world.draft(make(world.platform, shelf.store, found, site.layout()))
    content = kept["content"]
    assert "<h2>一、园区概况</h2>" in content
    assert "<p>厂房<strong>一万平</strong>，层高八米 &lt;大车可进&gt;。</p>" in content
    assert "<ul><li>水电齐全</li><li>近高速</li></ul>" in content
    assert content.endswith("<p>原文：https://site.example/1</p><p>版权归原作者所有。</p>")
    for refused in ("script", "alert", "class=", "id=", "onclick", "javascript", "position", "form", "iframe", "扫码"):
        assert refused not in content
    assert kept["content_source_url"] == "https://site.example/1"


def test_pictures_are_moved_in_their_order_and_what_cannot_be_is_left_out(
    shelf: Shelf, site: Site, world: World
) -> None:
    found = stories(shelf, html=site.html(), body=TEXT)
    (kept,) = world.draft(make(world.platform, shelf.store, found, site.layout()))
    shown = [world.simulator.media.pictures[url].data for url in re.findall(r'<img src="([^"]+)"', kept["content"])]
    assert shown[:2] == [PNG, PNG + b"2"]
    assert [opened(data).format for data in shown[2:]] == ["JPEG", "JPEG"]  # too large, and a kind drafts do not show
    assert kept["content"].index("厂房") < kept["content"].index("<img") < kept["content"].index("水电")
    assert "/qr.png" not in site.asked
    assert world.simulator.media.permanent(kept["thumb_media_id"]).data == PNG


def test_pictures_of_the_hosts_that_are_named_come_along_and_no_others(shelf: Shelf, site: Site, world: World) -> None:
    with served(lambda target, _: Answer(FILES["/some.webp"] if target == "/a.webp" else "", 200)) as cdn:
        html = f'<p>厂房</p><p><img src="{cdn}/a.webp"></p><p><img src="https://elsewhere.example/x.png"></p>'
        (first, second) = (site.layout(TAIL, cdn), site.layout())
        found = stories(shelf, html=html, body="厂房")
        (without,) = world.draft(make(world.platform, shelf.store, found, second))
        (kept,) = world.draft(make(world.platform, shelf.store, found, first))
    assert (without["content"].count("<img"), kept["content"].count("<img")) == (0, 1)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "BMP"])
def test_any_usual_picture_becomes_a_small_jpeg(kind: str) -> None:
    shown = opened(as_jpeg(made_of(kind, (3000, 1500), "#ffffff00" if kind != "BMP" else "white"), BODY_PICTURE))
    assert (shown.format, shown.size, shown.getpixel((5, 5))) == ("JPEG", (1280, 640), (255, 255, 255))


def test_a_noisy_picture_gets_smaller_until_it_fits() -> None:
    noise = Image.effect_noise((1600, 1200), 120).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert 0 < len(as_jpeg(out.getvalue(), 120_000)) < 120_000
    assert as_jpeg(out.getvalue(), 10) == b""


def test_what_is_no_picture_or_says_it_is_a_monster_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (b"", b"<html>", made_of("GIF")[:30], made_of("WEBP")[:40], b"\x89PNG\r\n\x1a\n" + bytes(99)):
        assert as_jpeg(data, BODY_PICTURE) == b""
    monkeypatch.setattr(imaging, "MOST_PIXELS", 100)
    assert as_jpeg(made_of("GIF"), BODY_PICTURE) == b""


def test_a_picture_is_fetched_and_uploaded_once(shelf: Shelf, site: Site, world: World) -> None:
    found = stories(shelf, html=site.html(), body=TEXT)
    first = world.draft(make(world.platform, shelf.store, found, site.layout()))
    before, uploads = site.asked.count("/one.png"), world.uploads()
    again = world.draft(make(world.platform, shelf.store, found, site.layout()))
    assert (before, site.asked.count("/one.png"), world.uploads()) == (1, 1, uploads)
    assert [first[0][name] for name in ("content", "thumb_media_id")] == [
        again[0][name] for name in ("content", "thumb_media_id")
    ]


@pytest.mark.parametrize("call", ["picture", "material"])
def test_a_picture_the_platform_refuses_does_not_stop_the_draft(
    shelf: Shelf, site: Site, account: Account, call: str
) -> None:
    account.fails = once(call, Busy(-1, "busy"))
    found = stories(shelf, html=site.html(), body=TEXT)
    ((article,),) = (account.drafts[make(account, shelf.store, found, site.layout())],)
    assert article.content.count("<img") == (3 if call == "picture" else 4)
    assert article.thumb_media_id == "THUMB"


def test_without_known_looks_a_draft_has_paragraphs_under_the_articles_own_picture(
    shelf: Shelf, site: Site, world: World
) -> None:
    found = stories(shelf, picture=f"{site.root}/one.png")
    (kept,) = world.draft(make(world.platform, shelf.store, found, site.layout()))
    assert re.match(r'<p><img src="http://mmbiz[^>]+></p><p>第一段1</p><p>第二段</p>', kept["content"])
    assert world.simulator.media.permanent(kept["thumb_media_id"]).data == PNG


def test_without_any_picture_the_cover_is_our_own(shelf: Shelf, site: Site, world: World) -> None:
    found = stories(shelf, picture=f"{site.root}/gone.png")
    (kept,) = world.draft(make(world.platform, shelf.store, found, site.layout()))
    assert "<img" not in kept["content"]
    assert world.simulator.media.permanent(kept["thumb_media_id"]).filename == "cover.png"


def test_what_is_too_long_is_cut_to_what_a_draft_holds(shelf: Shelf, site: Site, world: World) -> None:
    body = "\n".join(f"第{number}段" + "长" * 90 for number in range(400))
    more = {"title": "题" * 60, "summary": "要" * 300, "author": "名" * 40, "url": "https://site.example/" + "a" * 1003}
    found = stories(shelf, body=body, **more)
    (kept,) = world.draft(make(world.platform, shelf.store, found, site.layout()))
    assert [len(kept[name]) for name in ("title", "digest", "author")] == [32, 120, 16]
    assert 19_000 - 1003 < len(kept["content"]) < 20_000
    assert kept["content"].endswith("<p>版权归原作者所有。</p>")
    assert kept["content_source_url"] == more["url"]


@pytest.mark.parametrize(
    "body", ["长" * 19_963, "长" * 19_964, "长" * 30_000, "&" * 30_000, "长" * 9_970 + "\n" + "短" * 9_985]
)
def test_a_draft_never_has_a_letter_too_many(shelf: Shelf, site: Site, world: World, body: str) -> None:
    found = stories(shelf, body=body)
    (kept,) = world.draft(make(world.platform, shelf.store, found, site.layout("{url}")))
    assert 9_900 < len(kept["content"]) < 20_000
    assert kept["content"].endswith("</p><p>https://site.example/1</p>")


def test_staff_paste_the_same_html(shelf: Shelf, site: Site) -> None:
    text = page(stories(shelf, html=site.html(), body=TEXT), TAIL)
    assert text.startswith("<h2>文章1</h2>\n<h2>一、园区概况</h2>")
    assert f'<img src="{site.root}/one.png"' in text
    assert "<li>近高速</li>" in text and text.endswith("<p>版权归原作者所有。</p>")
    assert "qr.png" not in text


@pytest.mark.parametrize(
    "html",
    [
        BODY,
        "a<b>b</b> <i>c</i><br>d<div>e<p>f",
        "<b><p>x</p> y</b><table><tr><td>1<td>2</table>",
        "<div>" * 5000 + "tief",
        "<ul><li>a<ul><li>b</ul><li><p>c</ul><img src='http://[x'>",
    ],
)
def test_the_lines_are_those_the_reader_gives_and_come_back_as_they_were_stored(html: str) -> None:
    from bot.adapters.site.body import blocks

    root = tree(html).body
    assert root is not None
    found = blocks(root, "https://site.example/1")
    squeezed = ["".join(line.split()) for line in lines_of(root)]
    assert [block.key for block in found if block.kind != "img"] == squeezed
    stored = markup(root, "https://site.example/1")
    assert markup(tree(stored).body, "") == stored
