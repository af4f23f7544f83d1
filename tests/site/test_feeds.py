"""Feeds as data from outside: RSS and Atom are read, tricks are not played along with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.site.feeds import entries
from bot.adapters.site.http import SiteError
from bot.adapters.site.other import OtherFeed
from tests.site.rules import fetcher, rules
from tests.site.texts import post
from tests.site.zblog import Answer, feed, item, served

CLEANING = rules().cleaning
LONG = "园区里的一家企业搬进了新厂房，" * 6 + "大家都说好。"


def rss(body: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><item>{body}</item></channel></rss>'


def test_the_title_escaped_once_too_often_is_read_as_meant() -> None:
    found = entries(feed([item(post(1, title="A&B <对比>"), "http://s.example/1", f"<p>{LONG}</p>")], ""), CLEANING)
    assert [one.title for one in found] == ["A&B <对比>"]


def test_atom_is_read_too() -> None:
    text = f"""<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry>
<title>氢能装备进园区</title><link rel="alternate" href="https://other.example/1"/><updated>2026-09-21T10:03:00+08:00</updated>
<author><name>某某</name></author><category term="氢能"/><summary>摘要</summary><content type="html">&lt;p&gt;{LONG}&lt;/p&gt;</content>
</entry></feed>"""
    (found,) = entries(text, CLEANING)
    assert (found.title, found.body, found.url) == ("氢能装备进园区", LONG, "https://other.example/1")
    assert found.published == datetime(2026, 9, 21, 2, 3, tzinfo=UTC)
    assert (found.category, found.author) == ("氢能", "某某")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title><link>http://a/</link></item></channel></rss>',
            id="a file by entity",
        ),
        pytest.param(
            '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>',
            id="a billion laughs",
        ),
        pytest.param(
            '<?xml version="1.0"?><!DOCTYPE rss SYSTEM "http://evil.example/x.dtd"><rss></rss>', id="an outside DTD"
        ),
        pytest.param("http://169.254.169.254/latest/meta-data/", id="an address"),
        pytest.param("/etc/passwd", id="a file name"),
        pytest.param("<html><body>nothing here</body></html>", id="a page"),
        pytest.param("", id="nothing"),
        pytest.param(rss("<title>t</title>")[:-20], id="half a feed"),
    ],
)
def test_what_is_no_honest_feed_is_refused(text: str) -> None:
    with pytest.raises(SiteError):
        entries(text, CLEANING)


def test_script_style_and_forms_in_a_body_are_not_read() -> None:
    markup = f"<p>{LONG}</p><script>alert(1)</script><style>p{{}}</style><iframe src=x></iframe><form><input value=1>填表</form><p onclick='x()'>第二段。</p>"
    (found,) = entries(feed([item(post(1), "http://s.example/1", markup)], ""), CLEANING)
    assert found.body == f"{LONG}\n第二段。"


def test_characters_no_database_takes_are_left_out() -> None:
    (found,) = entries(
        rss(f"<title>光模块&#11;新\u200b闻</title><link>http://s.example/1</link><description>{LONG}</description>"),
        CLEANING,
    )
    assert found.title.replace(" ", "") == "光模块新闻"


def test_addresses_that_are_no_page_are_left_out(tmp_path: Path) -> None:
    items = [
        item(post(n), url, f"<p>{LONG}</p>")
        for n, url in enumerate(
            ("javascript:alert(1)", "file:///etc/passwd", "/a/1", "https://o.example/" + "x" * 2000)
        )
    ]
    with served(
        lambda target, headers: Answer(feed(items, "") if "feed" in target else "", 200 if "feed" in target else 404)
    ) as root:
        other = OtherFeed("业内", f"{root}/feed", fetcher(root), CLEANING, category="业内动态")
        found, _ = other.recent({})
    assert [(one.url, one.category) for one in found] == [(f"{root}/a/1", "业内动态")]


def test_a_feed_that_did_not_change_brings_nothing() -> None:
    def answer(target: str, headers: dict[str, str]) -> Answer:
        if "If-None-Match" in headers:
            return Answer("", 304)
        return Answer(feed([item(post(1), "/1", f"<p>{LONG}</p>")], ""), headers={"ETag": '"a"'})

    with served(answer) as root:
        other = OtherFeed("业内", f"{root}/feed", fetcher(root), CLEANING)
        found, validators = other.recent({})
        assert len(found) == 1
        assert other.recent(validators)[0] == []
