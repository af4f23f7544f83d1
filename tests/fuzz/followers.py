"""What followers write: how it is understood, what is found for it, and every route that may answer it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from bot import wiring
from bot.dialogue.conversation import Conversation
from bot.dialogue.message import (
    Click,
    Follow,
    Image,
    Link,
    Location,
    Message,
    Other,
    Receipt,
    Scan,
    Text,
    Unfollow,
    Video,
    View,
    Voice,
)  # fmt: skip
from handlers.routes import answer
from tests.fuzz.shapes import pieces
from tests.fuzz.target import Target

WRITTEN = (
    "光模块", "更多", "第2篇", "想在昆山租3000平厂房，做注塑模具，税收200万，苏州测试模具有限公司，王总13800001234", "同意并提交",
    "电话改成13900001234", "预算每平20到25块，要5吨行车，层高8米以上", "不要苏州，改太仓或者昆山", "买地50亩", "订阅光模块", "转人工", "撤回授权", "删除我的信息",
    "3000", "1", "是", "不填", "上一步", "从头来", "最新文章", "帮助", "联系方式", "退订", "低空经济园区落户哪里", "跳过", "租", "没有公司，个人",
    "微信同号", "021-65430000转8001", "一千二百万左右", "两三千平", "苏州工业园区", "不同意", "改一下面积", "只要上海以外的",
)  # fmt: skip
ASKED = (None, "deal", "asset", "area", "region", "use", "company", "contact", "mobile", "price", "tax")
PHRASES = (
    *WRITTEN, "，", "。", "\n", " ", "、", "或者", "不要", "除了", "改成", "到", "至少", "以上", "左右", "亩", "平", "㎡", "万", "亿", "元/平", "/天", "/月",
    "13800001234", "1380000 1234", "王总", "女士", "有限公司", "昆山", "太仓", "江苏省", "厂房", "土地", "仓库", "0", "3000", "3,000", "1e5", "½", "三",
    "١٢٣", "\u200b", "\ud83c\udfed", "<a href=\"x\">y</a>", "]]>", "{name}", "%s", "/:微笑", "[捂脸]", "9" * 60,
)  # fmt: skip
SAID = pieces(PHRASES, 12)


SEEDS = tuple(text.encode() for text in WRITTEN)


def from_followers(front: wiring.Front) -> list[Target]:
    def found(data: bytes) -> None:
        front.lookups.articles.search(data.decode("utf-8", "replace"))

    return [
        understanding(),
        Target("followers: search", found, SEEDS, 25, SAID),
        Target("followers: every route", _routes(front), SEEDS, 40, SAID),
    ]


def understanding() -> Target:
    reader = wiring.reader()

    def understood(data: bytes) -> None:
        """The first byte says what was asked before."""
        repr(reader(data[1:].decode("utf-8", "replace"), ASKED[data[0] % len(ASKED)] if data else None))

    asked = tuple(bytes([at]) + one for one in SEEDS for at in (0, 3, 8))
    shape = st.tuples(st.binary(min_size=1, max_size=1), SAID).map(b"".join)
    return Target("followers: understanding", understood, asked, 40, shape, guided=True)


def _routes(front: wiring.Front) -> Any:
    before, number = [Conversation()], [0]
    lookups = replace(front.lookups, latest_broadcast=lambda: 0)

    def written(data: bytes) -> None:
        """A conversation that goes on for 25 messages, of all kinds."""
        number[0] += 1
        words = data.decode("utf-8", "replace")
        message = Message("oFuzz", "gh", datetime.now(UTC), f"k{number[0]}", _content(number[0], words))
        _, turn = answer(message, before[0], lookups)
        assert turn.reply is not None
        before[0] = turn.conversation if number[0] % 25 else Conversation()
        kept = turn.conversation.to_dict()
        assert Conversation.from_dict(kept).to_dict() == kept

    return written


def _content(number: int, words: str) -> Any:
    """Mostly what is typed; now and then anything else the platform brings."""
    if number % 3:
        return Text(words)
    others = (
        Voice("M", words), Location(31.0, 121.0, words), Image("M", words), Link(words, words, words), Video("M"),
        Click(words), Follow(words), Scan(words), View(words), Other(words), Unfollow(), Text(words, menu_id=words[:20]),
        Receipt("MASSSENDJOBFINISH", {"MsgID": words, "Status": words}), Receipt(words, {words: words}),
    )  # fmt: skip
    return others[number // 3 % len(others)]
