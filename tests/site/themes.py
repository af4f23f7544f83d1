"""Themes for the tests, each with markup of its own; `tpure` and `default` are built like the real ones, the rest are
made up and appear in no rule."""

from __future__ import annotations

import html
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tests.site.texts import SHANGHAI, Post

NAME = "某某产业园区网"
CONTACT = (
    "某某顾问微信号",
    "产业招商/厂房土地租售:400 000 0000",
    "或微信/手机:13800001234",
    "请说明您的需求、用途、税收、公司、联系人、手机号,以便快速帮您对接资源。",
    "长按/扫一扫加某某顾问的微信号",
)
UNUSUAL = ("对接专员小某：一三八零零零零", "园区资料请留言索取，我们会在两个工作日内回复您的来信。", "欢迎莅临考察")
"""A contact block no rule knows: only counting tells."""
LEAKS = (
    "微信号",
    "13800001234",
    "版权",
    "扫一扫",
    "分享给",
    "上一篇",
    "相关文章",
    "对接专员",
    "资料请留言",
    "莅临考察",
    "转载",
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a theme is given: the article, its neighbours, and addresses."""

    post: Post
    others: list[Post]
    url: Callable[[int], str]
    now: datetime
    contact: tuple[str, ...] = CONTACT

    @property
    def title(self) -> str:
        return html.escape(self.post.title)

    def content(self, tag: str = "p", indent: str = "　　") -> str:
        """What the editor wrote, the contact block under it."""
        picture = f'<p><img src="{self.post.picture}" alt=""></p>' if self.post.picture else ""
        own = "".join(f"<{tag}>{indent}{html.escape(one)}</{tag}>" for one in self.post.paragraphs)
        contact = f"<p>{'<br/>'.join(self.contact)}</p>" if self.post.contact and self.contact else ""
        return picture + own + self.post.extra + contact

    def day(self, form: str = "%Y-%m-%d %H:%M:%S") -> str:
        return self.post.posted.astimezone(SHANGHAI).strftime(form)

    @property
    def ago(self) -> str:
        """As tpure says it, rounded."""
        return ago(self.post.posted, self.now)

    def related(self) -> str:
        return "".join(f'<li><a href="{self.url(one.id)}">{one.title}</a></li>' for one in self.others)


def ago(posted: datetime, now: datetime) -> str:
    seconds = (now - posted).total_seconds()
    local = posted.astimezone(SHANGHAI)
    for unit, size, form in (("年", 31536000, "%Y-%m-%d"), ("个月", 2592000, "%m-%d"), ("周", 604800, "%m-%d")):
        if seconds >= size:
            return f"{round(seconds / size)}{unit}前 ({local.strftime(form)})"
    for unit, size in (("天", 86400), ("小时", 3600), ("分钟", 60), ("秒", 1)):
        if seconds >= size:
            return f"{round(seconds / size)}{unit}前"
    return "刚刚"


def _frame(page: Page, main: str, head: str = "", title: str = "") -> str:
    """Header, navigation, a side bar with the same lists on every page, and a foot."""
    hot = "".join(f'<li><a href="{page.url(one.id)}">{one.title}</a></li>' for one in page.others[:3])
    return f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title or page.title + " - " + NAME}</title>
{head}<script>var a = "正文不在这里";</script><style>p{{color:red}}</style></head><body>
<div class="header"><h1 class="logo"><a href="/">{NAME}</a></h1><ul class="menu"><li><a href="/">首页</a></li><li><a href="/cate-1.html">产业观察</a></li><li><a href="/cate-2.html">招商政策</a></li></ul></div>
{main}
<div class="sidebar"><dl><dt>热门阅读</dt><dd><ul>{hot}</ul></dd></dl><dl><dt>关于我们</dt><dd>本站专注产业园区招商，为企业选址提供一站式服务，累计服务企业超过千家，欢迎来电咨询合作事宜。</dd></dl></div>
<div class="footer"><p>Copyright {NAME} 保留所有权利。备案号：某ICP备00000000号</p></div></body></html>"""


def _copyright(page: Page) -> str:
    address = page.url(page.post.id)
    return (
        f"<p>扫一扫关注公众号</p><p>扫描二维码推送至手机访问。</p><p>版权声明：本文由<strong>{NAME}</strong>发布，如需转载请注明出处。"
        f'</p><p>本文链接：<a href="{address}">{address}</a></p>'
    )


def _pager(page: Page) -> str:
    before, after = page.others[0], page.others[-1]
    return f'<p>上一篇：<a href="{page.url(before.id)}">{before.title}</a></p><p>下一篇：<a href="{page.url(after.id)}">{after.title}</a></p>'


def tpure(page: Page) -> str:
    cate = f'<a href="/cate.html">{page.post.category}</a>'
    tags = "".join(f'<a href="/t">{tag}</a>' for tag in page.post.tags)
    related = "".join(
        f'<div class="relate"><h3><a href="{page.url(one.id)}">{one.title}</a></h3><p>　　{one.paragraphs[0]}</p></div>'
        for one in page.others
    )
    return _frame(
        page,
        f"""<div class="sitemap">当前位置：<a href="/">首页</a> &gt; {cate} &gt; 正文内容</div><div class="content"><div class="block">
<div class="post"><h1>{page.title}</h1><div class="info"><span class="user"><a href="/?auth=1">{page.post.author}</a></span><span class="date">{page.ago}</span><span class="cate">{cate}</span><span class="view">9</span></div>
<div class="single viewall">{page.content()}<div class="copynotice"><div class="copynoticetxt">{_copyright(page)}</div></div><div class="tags">{tags}</div><div class="sharebox"><div class="label">分享给朋友：</div><a href="#">微博</a></div></div>
<div class="pages"><a href="/cate.html" class="backlist">返回列表</a>{_pager(page)}</div></div>
<div class="block"><h4>“{page.title}” 的相关文章</h4>{related}</div></div></div>""",
        head=f'<link rel="canonical" href="{page.url(page.post.id)}">',
    )


def default(page: Page) -> str:
    tags = "".join(f'<a href="/t">{tag}</a>' for tag in page.post.tags)
    return _frame(
        page,
        f"""<div class="post single"><h2 class="post-title">{page.title}<span class="post-date">{page.day()}</span></h2>
<div class="post-body">{page.content()}</div><p class="post-tags">{tags}</p>
<p class="post-footer">作者:{page.post.author} <small>|</small> 分类:{page.post.category} <small>|</small> 浏览:8</p></div>""",
        title=f"{NAME}-{page.title}",
    )


def lakeside(page: Page) -> str:
    """Like tpure in the hard thing: copyright and share bar stand inside the container of the text, unclassed."""
    return _frame(
        page,
        f"""<div class="crumbs"><a href="/">首页</a> &gt; <a href="/c">{page.post.category}</a> &gt; 正文</div>
<div class="wrap"><div class="art"><h1 class="art-tit">{page.title}</h1><p class="art-inf"><span>{page.post.author}</span> <span>{page.ago}</span> <span>阅读 233</span></p>
<div class="art-txt">{page.content()}<div>{_copyright(page)}</div><div><span>分享给朋友：</span><a href="#">微博</a> <a href="#">QQ</a></div></div>
<div class="art-nav">{_pager(page)}</div></div><div class="art-more"><h3>相关文章</h3><ul>{page.related()}</ul></div></div>""",
    )


def terrace(page: Page) -> str:
    """Title, date and text share one container; the text is one block with line breaks."""
    text = "<br>".join(f"　　{html.escape(one)}" for one in page.post.paragraphs)
    contact = "<br>".join(page.contact) if page.post.contact else ""
    return _frame(
        page,
        f"""<table><tr><td class="leftside"><div class="newsbox"><h2>{page.title}</h2><div class="time">发布时间：{page.day("%Y年%m月%d日 %H:%M")} 来源：本站 浏览：88次</div>
<div id="zoom">{text}{page.post.extra}<br>{contact}</div><div class="bdsharebuttonbox"><a href="#">分享</a></div><div class="nearby">{_pager(page)}</div></div></td></tr></table>""",
    )


def harbour(page: Page) -> str:
    """HTML5, with an article element, JSON dates, and a related list with extracts inside the article."""
    related = "".join(
        f'<section class="card"><a href="{page.url(one.id)}"><b>{one.title}</b></a><p>{one.paragraphs[0][:60]}……</p></section>'
        for one in page.others[:4]
    )
    return _frame(
        page,
        f"""<nav aria-label="breadcrumb" class="breadcrumb"><a href="/">首页</a> / <a href="/c">{page.post.category}</a></nav>
<main><article class="entry"><header><h1>{page.title}</h1><time datetime="{page.post.posted.isoformat()}">{page.day("%m月%d日")}</time> · {page.post.author}</header>
<div class="entry-content prose">{page.content(indent="")}<aside class="declare"><p>版权声明：本文由{NAME}发布。</p></aside></div>
<footer class="entry-footer">标签：<a href="/t">招商</a></footer><section class="recommend"><h2>相关推荐</h2>{related}</section></article></main>""",
        head=f'<meta property="article:published_time" content="{page.post.posted.isoformat()}">',
    )


def canal(page: Page) -> str:
    """Nothing but div and span, names that tell nothing, paragraphs as divs."""
    return _frame(
        page,
        f"""<div class="a1"><div class="b7"><div class="c2">您现在的位置：<a href="/">首页</a> » <a href="/c">{page.post.category}</a> » 正文</div>
<div class="d4 title-x">{page.title}</div><div class="d5"><span>作者：{page.post.author}</span><span>日期：{page.day("%Y/%m/%d")}</span></div>
<div class="e9">{page.content(tag="div")}</div><div class="f3"><span>版权声明：转载请注明出处</span></div></div><div class="g1"><div>相关文章</div><ul>{page.related()}</ul></div></div>""",
    )


def orchard(page: Page) -> str:
    """The firm's lines stand above the text, too, and every paragraph is a span in a paragraph."""
    text = "".join(
        f'<p style="text-indent:2em"><span style="font-size:16px">{html.escape(one)}</span></p>'
        for one in page.post.paragraphs
    )
    contact = "".join(f"<p><strong>{one}</strong></p>" for one in page.contact) if page.post.contact else ""
    return _frame(
        page,
        f"""<div class="main-left"><div class="show"><h1>{page.title}</h1><div class="show-info"><em>{page.day("%Y-%m-%d")}</em><em>{page.post.category}</em></div>
<div class="show-con"><p>欢迎关注某某产业园区网，最新资讯第一时间送达。</p>{text}{page.post.extra}{contact}<p>本文链接：{page.url(page.post.id)}</p><p>（全文完）</p></div>
<div class="show-tag"><a href="/t">招商</a></div><div class="cmt"><h3>网友评论</h3><p>路人甲：写得很好，学习了，希望多出这样的文章，给我们这些小企业指一条明路。</p></div></div></div>""",
    )


def summit(page: Page) -> str:
    """Everything the firm wants to say stands in one container with the text, without any name."""
    contact = "".join(f"<p>{one}</p>" for one in page.contact) if page.post.contact else ""
    text = "".join(f"<p>{html.escape(one)}</p>" for one in page.post.paragraphs)
    return _frame(
        page,
        f"""<section id="page"><div id="article-{page.post.id}" class="post-{page.post.id} hentry"><h1>{page.title}</h1><p>{page.day("%Y-%m-%d %H:%M")}　栏目：{page.post.category}　编辑：{page.post.author}</p>
{text}{page.post.extra}{contact}<p>版权声明：本文由{NAME}发布，如需转载请注明出处。</p><p>分享到：<a href="#">微信</a></p>{_pager(page)}<h3>相关文章</h3><ul>{page.related()}</ul></div></section>""",
    )


KNOWN = {"tpure": tpure, "default": default}
UNSEEN = {
    "lakeside": lakeside, "terrace": terrace, "harbour": harbour, "canal": canal, "orchard": orchard, "summit": summit,
}  # fmt: skip
THEMES: dict[str, Callable[[Page], str]] = {**KNOWN, **UNSEEN}


def neighbours(of: Post, every: list[Post], count: int = 6) -> list[Post]:
    """Random on every request, as tpure's related list is."""
    others = [one for one in every if one.id != of.id] or [of]
    return random.sample(others, min(count, len(others)))
