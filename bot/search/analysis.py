"""Text to terms: normal form, Chinese words and character pairs; the same for articles and for messages."""

from __future__ import annotations

import re
import unicodedata

import rjieba

VERSION = 1
"""Part of an index's name: another analysis means another index."""

TITLE_WEIGHT = 4
"""Times a title is repeated in the one text field; fields of their own with a boost ruin the ranking."""

_RUN = re.compile(r"[一-鿿]+|[a-z0-9][a-z0-9.+#-]*")
_STOP = frozenset(
    {
        "的",
        "了",
        "是",
        "在",
        "和",
        "与",
        "有",
        "吗",
        "呢",
        "吧",
        "啊",
        "呀",
        "请",
        "请问",
        "问",
        "一下",
        "什么",
        "怎么",
        "怎样",
        "如何",
        "哪些",
        "哪个",
        "我",
        "你",
        "您",
        "想",
        "看",
        "看看",
        "找",
        "给",
        "发",
        "关于",
        "文章",
        "资讯",
        "新闻",
        "一篇",
        "几篇",
        "这",
        "那",
        "也",
        "就",
        "都",
        "还",
        "把",
        "对",
        "为",
        "让",
    }
)
_POLITE = re.compile(
    r"^(请问|麻烦|你好|您好|我想|想|帮我|给我|能不能|可以|有没有|有无|看看|看下|找找|找|发我|发|来)+|(谢谢|多谢|吗|呢|吧|啊|的?(文章|资讯|新闻|内容|消息|信息|资料))+[。？?！!~]*$"
)


def plain(text: str) -> str:
    """Half width, lower case; the advertising law's 蕞 read as the 最 it stands for."""
    return unicodedata.normalize("NFKC", text).lower().replace("蕞", "最")


def asked(text: str) -> str:
    """What a message asks for, without the politeness around it."""
    words = plain(text).strip()
    bare = _POLITE.sub("", words).strip(" ,，。？?！!~")
    return bare or words


def words(text: str) -> list[str]:
    return [
        word
        for word in (part.strip() for part in rjieba.cut(plain(text)))
        if _RUN.fullmatch(word) and word not in _STOP
    ]


def pairs(text: str) -> list[str]:
    """Character pairs of Chinese runs; they find terms the dictionary does not know, like 光模块."""
    runs = (run for run in _RUN.findall(plain(text)) if run[0] >= "一")
    return [run[at : at + 2] for run in runs for at in range(len(run) - 1)]


def runs(text: str) -> list[str]:
    """The unbroken pieces of a message, for finding them word for word."""
    return [run for run in _RUN.findall(plain(text)) if len(run) >= 2]
