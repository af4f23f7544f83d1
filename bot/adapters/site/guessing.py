"""The article of a page whose theme nobody described: where most running text stands, under the page's own title."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.adapters.site.body import markup
from bot.adapters.site.dates import published
from bot.adapters.site.markup import BLOCKS, NEVER, lines, picture, text_of, tidy, tree
from bot.adapters.site.pages import UNDATED, FoundArticle, Rules, canonical, cleaned

LEAST = 30
"""Characters of running text below which a page shows no article."""
HEAD = 8
"""How many lines above the text may be the theme's: title, date, author, views."""

MOST_HEADINGS, LONGEST_HEADING = 500, 200
"""How many are looked at, and how many pieces of each: nested in each other they would take for ever."""

_HEADINGS = "h1,h2,h3,h4,[class*=title]"
_META = re.compile(
    r"^(作者|来源|时间|日期|发布(于|时间|日期|者)?|更新(时间)?|浏览|阅读|点击|人气|围观|热度|评论|分类|栏目|标签|编辑|关键词|admin|当前位置|您(现在)?的位置|首页\s*[>»/›|])",
    re.I,
)
_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_DATE_META = (
    "meta[property='article:published_time'],meta[name=pubdate],meta[itemprop=datePublished],meta[name='publishdate']"
)
_CRUMB = re.compile(r"(?:首页|主页)\s*[>»›/|→]+\s*([^。]{1,60})")
_BETWEEN = re.compile(r"\s*[>»›/|→]+\s*")
_NO_CATEGORY = ("正文", "文章", "内容", "详情", "文章正文", "正文内容", "浏览", "")
_CATEGORY = re.compile(r"(?:分类|栏目|频道)\s*[:：]\s*([^\s|,，/]{1,20})")
_AUTHOR = re.compile(r"(?:作者|发布者|编辑)\s*[:：]\s*([^\s|,，/]{1,20})")


def guessed(text: str, url: str, rules: Rules, now: datetime) -> FoundArticle | None:
    """The article of a page, or None where there is hardly any running text under a title."""
    parsed = tree(text)
    body = _container(parsed, rules) if parsed.body else None
    title = _title(parsed)
    if body is None or not title:
        return None
    found = list(_without_head(lines(body, _foreign(body, rules)), title))
    if sum(map(len, found)) < LEAST:
        found = _by_library(text)
    if sum(map(len, found)) < LEAST:
        return None
    return cleaned(_made(parsed, url, title, body, found, now), rules.cleaning)


def _made(
    parsed: LexborHTMLParser, url: str, title: str, body: LexborNode, found: Sequence[str], now: datetime
) -> FoundArticle:
    around = _near(lines(parsed.body) if parsed.body else [], title, found)
    when = _date(parsed, around, now)
    return FoundArticle(
        url=canonical(parsed, url),
        title=title,
        body="",
        published=when[0] if when else UNDATED,
        precision=when[1] if when else "unknown",
        category=_category(parsed, around, title),
        author=_first(_AUTHOR, around),
        picture=picture(body, url),
        source="guess",
        lines=tuple(found),
        html=markup(body, url),
    )


def completed(found: FoundArticle, text: str, now: datetime) -> FoundArticle:
    """With time, category and author as general sense finds them, where the theme's rules told none."""
    parsed = tree(text)
    if not found.lines or not parsed.body:
        return found
    around = _near(lines(parsed.body), found.title, found.lines)
    when = None if found.precision != "unknown" else _date(parsed, around, now)
    return replace(
        found,
        published=when[0] if when else found.published,
        precision=when[1] if when else found.precision,
        category=found.category or _category(parsed, around, found.title),
        author=found.author or _first(_AUTHOR, around),
    )


def _by_library(text: str) -> list[str]:
    import trafilatura  # tens of megabytes, for the rare page that nothing else can read

    found = trafilatura.extract(text, favor_precision=True, include_comments=False, deduplicate=False) or ""
    return [line for line in map(tidy, found.split("\n")) if line]


# Where the text stands: each block of running text speaks for the node it stands in, and half as much for the one above.


def _container(parsed: LexborHTMLParser, rules: Rules) -> LexborNode | None:
    assert parsed.body is not None  # noqa: S101 - the caller looked
    scores, nodes = Counter[int](), dict[int, LexborNode]()
    for block, size in _blocks(parsed.body):
        for node, part in _spoken_for(block, size):
            nodes[node.mem_id] = node
            scores[node.mem_id] += int(part * _weight(node, rules))
    best = max(scores, key=lambda one: scores[one], default=None)
    return nodes[best] if best is not None and scores[best] >= LEAST else None


def _spoken_for(block: LexborNode, size: int) -> Iterator[tuple[LexborNode, float]]:
    """A block of its own right counts for itself as well: some bodies are one block with line breaks."""
    if block.tag not in ("p", "li", "h2", "h3", "h4", "td", "dd", "blockquote"):
        yield block, size
    parent = block.parent
    if parent is not None and parent.tag != "html":
        yield parent, size
        if parent.parent is not None and parent.parent.tag not in ("html", None):
            yield parent.parent, size / 2


def _blocks(root: LexborNode) -> Iterator[tuple[LexborNode, int]]:
    """Every block with text of its own outside links, and how much."""
    sizes, nodes = Counter[int](), dict[int, LexborNode]()
    stack = [(root, root)]
    while stack:
        node, block = stack.pop()
        for child in node.iter(include_text=True):
            if child.is_text_node:
                nodes[block.mem_id] = block
                sizes[block.mem_id] += len(tidy(child.text_content or ""))
            elif child.is_element_node and child.tag not in NEVER and child.tag != "a":
                stack.append((child, child if child.tag in BLOCKS else block))
    return ((nodes[one], size) for one, size in sizes.items() if size >= 10)


def _weight(node: LexborNode, rules: Rules) -> float:
    words = _words(node)
    if words & rules.unlikely or node.tag in ("nav", "footer", "aside", "header"):
        return 0.3
    return 1.3 if words & rules.likely or node.tag in ("article", "main") else 1.0


def _words(node: LexborNode) -> set[str]:
    named = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
    return {word.lower() for word in _TOKEN.findall(named)} | set(named.lower().split())


# What stands in the same place and is not the text.


@dataclass(slots=True)
class _Told:
    """How many characters a node shows, and how many of them stand in links."""

    node: LexborNode
    above: int
    whole: int = 0
    linked: int = 0


def _foreign(body: LexborNode, rules: Rules) -> set[int]:
    """Parts of the container that are the theme's by their name, or are hardly more than links."""
    told = _told(body)
    whole = max(1, told[0].whole)
    return {one.node.mem_id for one in told[1:] if _is_foreign(one, rules, whole)}


def _is_foreign(told: _Told, rules: Rules, whole: int) -> bool:
    node, size = told.node, told.whole
    if node.tag in BLOCKS and _words(node) & rules.unlikely and size < whole * 0.5:
        return True
    return node.tag in ("ul", "ol", "nav", "footer", "aside", "div") and size > 0 and told.linked >= 0.7 * size


def _told(root: LexborNode) -> list[_Told]:
    """Every part that is read, the root first, each summed once: a page may be nested thousands deep."""
    found = [_Told(root, -1)]
    for at, one in enumerate(found):  # grows while it is walked
        for child in one.node.iter(include_text=True):
            if child.is_text_node:
                one.whole += len(tidy(child.text_content or ""))
            elif child.is_element_node and child.tag not in NEVER:
                found.append(_Told(child, at))
    for one in reversed(found[1:]):
        above = found[one.above]
        above.whole += one.whole
        above.linked += one.whole if one.node.tag == "a" else one.linked
    return found


def _without_head(found: Sequence[str], title: str) -> Sequence[str]:
    """Without the title and the date, author and views under it, where the text shares their container."""
    head = found[:HEAD]
    start = next((at + 1 for at, line in reversed(list(enumerate(head))) if line == title), 0)
    while start < min(len(found), HEAD) and _is_meta(found[start]):
        start += 1
    return found[start:]


def _is_meta(line: str) -> bool:
    if len(line) > 80 or line.endswith(("。", "！", "？")):
        return False
    return bool(_META.match(line)) or (len(line) < 50 and published(line, _NOW) is not None)


_NOW = datetime.fromisoformat("2100-01-01T00:00:00+08:00")


# Title, date, category and author.


def _title(parsed: LexborHTMLParser) -> str:
    document = text_of(parsed.css_first("title")) or _content(parsed, "meta[property='og:title']")
    headings = [node for node in parsed.css(_HEADINGS)[:MOST_HEADINGS] if not _leads_home(node)]
    fitting = [text for node in headings if len(text := text_of(node, LONGEST_HEADING)) > 3 and text in document]
    if fitting:
        return max(fitting, key=len)
    own = [" ".join(node.text(deep=False).split()) for node in headings]
    fitting = [text for text in own if len(text) > 3 and text in document]
    return max(fitting, key=len) if fitting else re.split(r"\s*[-_|–—]\s*", document)[0]


def _leads_home(node: LexborNode) -> bool:
    link = node.css_first("a")
    inside = (link.attributes.get("href") or "") if link else ""
    return bool(re.fullmatch(r"(https?://[^/]+)?/?(index\.(php|html))?/?", inside)) if link else False


def _near(whole: Sequence[str], title: str, inside: Sequence[str]) -> list[str]:
    """The lines near the title: from there to the text, the few before it, and the few after the text."""
    at = max((place for place, line in enumerate(whole) if line == title or line.startswith(title)), default=0)
    first = whole.index(inside[0], at) if inside and inside[0] in whole[at:] else at
    after = first + len(inside)
    return [*whole[at : first + 1][:HEAD], *whole[max(0, at - 3) : at], *whole[after : after + HEAD]]


def _date(parsed: LexborHTMLParser, around: Sequence[str], now: datetime) -> tuple[datetime, str] | None:
    told = [_content(parsed, _DATE_META)]
    node = parsed.css_first("time[datetime]")
    told += [node.attributes.get("datetime") or ""] if node else []
    short = [line for line in around if len(line) < 100]
    return next((when for text in (*told, *short) if text and (when := published(text, now))), None)


def _category(parsed: LexborHTMLParser, around: Sequence[str], title: str) -> str:
    """By its label, by the crumbs that lead here, or by a link to a category near the title."""
    if named := _first(_CATEGORY, around):
        return named
    whole = lines(parsed.body) if parsed.body else []
    if crumbs := _first(_CRUMB, whole):
        parts = [part for part in _BETWEEN.split(crumbs) if part not in _NO_CATEGORY and part not in title]
        if parts and not parts[-1].startswith(title[:8]):
            return parts[-1]
    for node in parsed.css("a[rel~=category],a[href*='categor'],a[href*='cate']"):
        text = text_of(node)
        if text and not _is_in_menu(node) and any(text in line for line in around if len(line) < 100):
            return text
    return ""


def _is_in_menu(node: LexborNode) -> bool:
    """Menus link to every category: theirs tell nothing about this article."""
    above: LexborNode | None = node.parent
    while above is not None and above.tag != "body":
        if above.tag in ("ul", "ol", "nav") or _words(above) & {"menu", "nav", "navbar", "header", "sidebar", "footer"}:
            return True
        above = above.parent
    return False


def _first(pattern: re.Pattern[str], around: Sequence[str]) -> str:
    return next((found[1] for line in around if len(line) < 120 and (found := pattern.search(line))), "")


def _content(parsed: LexborHTMLParser, selector: str) -> str:
    node = parsed.css_first(selector)
    return tidy(node.attributes.get("content") or "") if node else ""
