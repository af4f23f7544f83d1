"""A random walk through the intake: `python -m tests.eval.walk 100000` says what went wrong, and how often (hopefully 0).

Watched after every message: no crash, a reply that is not empty and fits, no value changed that was neither asked for
nor cued nor chosen, never a second open lead of one follower; and every so often, that somebody who simply answers
what is asked still gets through.
"""

from __future__ import annotations

import copy
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import LeadRevised, LeadSubmitted
from bot.dialogue.inquiry import OPEN, SENT, Inquiry
from bot.dialogue.intake_age import aged
from bot.dialogue.intake_words import open_slot
from bot.dialogue.message import Content, Image, Location, Text
from bot.dialogue.reply import TEXT_LIMIT
from bot.understanding.reading import Reading
from config import texts
from tests.intake import plain_reader
from tests.intake.talking import FORM, Follower, Office, Understand, lookups_for

PLACES = ("昆山", "太仓", "常熟", "苏州", "常州", "无锡", "鼓楼")
NUMBERS = ("13800001234", "13900005678", "13700001111", "1380000123", "138000012345")
COMMANDS = [
    "取消",
    "算了不找了",
    "确认取消",
    "重填",
    "恢复",
    "撤销",
    "上一步",
    "跳过",
    "不方便说",
    "查看",
    "继续",
    "转人工",
    "删除我的信息",
    "确认删除我的信息",
    "先不删",
    "撤回同意",
    "不同意",
    "提交吧",
    "同意并提交",
    "确认提交",
    "继续填",
    "我要找厂房",
    "我要找厂房土地",
    "登记",
    "愿意",
    "暂时不用",
]
NOISE = [
    "你好",
    "谢谢",
    "好的",
    "嗯",
    "哦",
    "不对",
    "错了",
    "改一下",
    "不知道",
    "随便",
    "都可以",
    "不限",
    "光模块",
    "光模块产业链",
    "今天天气不错",
    "什么时候能看房？",
    "多少钱",
    "1",
    "2",
    "3",
    "4",
    "9",
    "？",
    "。",
    "。。。",
    "👍",
    "/微笑",
    "更多",
    "帮助",
    "最新文章",
    "订阅主题",
    "我的订阅",
    "是",
    "不是",
    "不用",
    "要",
    "无",
    "没有",
    "面积",
    "改电话",
    "改面积",
    "区域错了",
    "垃圾",
    "广告",
]
ANSWERS = {
    "deal": "租",
    "asset": "厂房",
    "area": "3000平",
    "region": "昆山",
    "use": "做注塑",
    "tax": "税收200万",
    "company": "苏州测试模具有限公司",
    "contact": "王总",
    "phone": "13800001234",
    "budget": "预算30元",
}


@dataclass
class Walk:
    """What was seen: `wrong` by kind, with the first example of each."""

    messages: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    leads: int = 0
    revisions: int = 0
    finished: int = 0

    def blame(self, kind: str, trace: list[str]) -> None:
        self.wrong[kind] += 1
        self.examples.setdefault(kind, " | ".join(trace[-8:]))


def walk(messages: int, seed: int = 1, understand: Understand = plain_reader.read) -> Walk:
    rng = random.Random(seed)
    seen = Walk()
    while seen.messages < messages:
        _one_follower(rng, min(rng.randint(20, 200), messages - seen.messages), seen, understand)
    return seen


def _one_follower(rng: random.Random, length: int, seen: Walk, understand: Understand) -> None:
    office = Office()
    person = Follower(
        lookups_for(understand, office, getattr(understand, "place", None)), office, openid=f"oWalk_{seen.messages}"
    )
    trace: list[str] = []
    for _ in range(length):
        seen.messages += 1
        content = Text(_plain_answer(person.conversation.inquiry)) if rng.random() < 0.4 else _content(rng)
        trace.append(getattr(content, "text", getattr(content, "label", "(picture)")))
        if rng.random() < 0.03:
            person.waits(timedelta(hours=rng.choice((1, 3, 23, 25, 60, 200))))
            trace.append("(time)")
        _one_message(person, content, seen, trace, understand)
        if rng.random() < 0.05 and not _gets_through(person):
            seen.blame("stuck", trace)
        if rng.random() < 0.01:
            for lead in office.leads.values():
                lead["open"] = False


def _one_message(person: Follower, content: Content, seen: Walk, trace: list[str], understand: Understand) -> None:
    before, known = person.conversation.inquiry, len(person.effects)
    had_lead = person.office.open_lead(person.openid) is not None
    try:
        reply = person.send(content)
    except Exception as error:  # the walk reports whatever goes wrong
        seen.blame(f"crash {type(error).__name__}: {error}", trace)
        person.conversation = Conversation()
        return
    if not reply.strip():
        seen.blame("empty reply", trace)
    if len(reply.encode()) > TEXT_LIMIT:
        seen.blame("too long a reply", trace)
    made = [effect for effect in person.effects[known:] if isinstance(effect, LeadSubmitted)]
    seen.leads += len(made)
    seen.revisions += sum(isinstance(effect, LeadRevised) for effect in person.effects[known:])
    if made and (had_lead or len(made) > 1):
        seen.blame("second lead", trace)
    aged_before = aged(before, FORM, person.at)
    for name in _overwritten(aged_before, person.conversation.inquiry, content, understand):
        seen.blame(f"unasked overwrite of {name}", trace)


def _overwritten(
    before: Inquiry | None, after: Inquiry | None, content: Content, understand: Understand
) -> Iterator[str]:
    """Keys whose value is another although nobody asked, cued or chose."""
    if before is None or after is None or before.began != after.began or before.number != after.number:
        return
    if not isinstance(content, Text | Location) or _steers(content):
        return
    slot = open_slot(before, FORM)
    text = content.text if isinstance(content, Text) else content.label
    reading = understand(text, slot.names[0] if slot else None)
    for name, old in before.answers.items():
        new = after.answers.get(name)
        if old.declined or new == old or (new is not None and new.value == old.value):
            continue
        if not _was_allowed(name, old.value, new.value if new else None, before, reading, slot.names if slot else ()):
            yield name


def _steers(content: Content) -> bool:
    """Commands may put the whole inquiry away or back."""
    return isinstance(content, Text) and (
        FORM.command(content.text) in ("restart", "undo", "cancel", "withdraw", "delete_data")
    )


def _was_allowed(name: str, old: Any, new: Any, before: Inquiry, reading: Reading, asked: tuple[str, ...]) -> bool:
    chosen = any(doubt.slot == name or doubt.about in ("changes", "resume") for doubt in before.doubts)
    sibling = any(FORM.slot(doubt.slot) is FORM.slot(name) for doubt in before.doubts if doubt.slot)
    grew = isinstance(old, list) and isinstance(new, list) and set(old) < set(new) and name in reading.adds
    shrank = name in reading.removes
    purged = name in FORM.personal and new is None
    negation = name == "negation"
    return chosen or sibling or grew or shrank or purged or negation or reading.corrects or name in asked


def _gets_through(person: Follower) -> bool:
    """A copy of the follower who only answers what is asked: do they reach the end?"""
    twin = copy.deepcopy(person.conversation)
    calm = Follower(person.lookups, copy.deepcopy(person.office), person.openid, person.at, twin)
    calm.lookups = lookups_for(person.lookups.understand, calm.office)
    for _ in range(30):
        inquiry = aged(calm.conversation.inquiry, FORM, calm.at)
        if inquiry is not None and inquiry.state == SENT and not (_open_doubts(inquiry) or inquiry.reopened):
            return True
        calm.say(_plain_answer(inquiry))
    return False


def _open_doubts(inquiry: Inquiry) -> bool:
    return any(doubt.about != "share" for doubt in inquiry.doubts)


def _plain_answer(inquiry: Inquiry | None) -> str:
    if inquiry is None or inquiry.state not in (OPEN, SENT):
        return "继续" if inquiry is not None and inquiry.state == "paused" else "我要找厂房"
    if inquiry.doubts:
        about = inquiry.doubts[0].about
        return {"erase": "2", "cancel": "2"}.get(about, "1")
    slot = open_slot(inquiry, FORM)
    return ANSWERS.get(slot.name, "没有") if slot else "同意并提交"


def _content(rng: random.Random) -> Content:
    kind = rng.random()
    if kind < 0.02:
        return Image("https://p.example", "m")
    if kind < 0.04:
        return Location(31.0, 120.0, f"江苏省{rng.choice(PLACES)}市某路")
    return Text(_text(rng))


def _text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.22:
        return rng.choice(COMMANDS)
    if kind < 0.42:
        return rng.choice(NOISE)
    if kind < 0.60:
        return rng.choice(list(ANSWERS.values()))
    if kind < 0.75:
        return rng.choice(
            (
                "面积改成{n}平",
                "不是昆山，是{p}",
                "电话打错了，应该是{t}",
                "还有{p}",
                "加上{p}",
                "不要{p}了",
                "补充：近高速",
            )
        ).format(n=rng.choice((500, 3000, 8000)), p=rng.choice(PLACES), t=rng.choice(NUMBERS))
    return "，".join(rng.sample(_parts(rng), rng.randint(1, 5)))


def _parts(rng: random.Random) -> list[str]:
    return [
        rng.choice(("想租", "要买", "找")) + rng.choice(("厂房", "仓库", "地", "研发楼")),
        rng.choice(PLACES),
        rng.choice(("3000平", "3000-5000平", "50亩", "1平", "8000㎡")),
        rng.choice(("做注塑", "做汽车零部件", "做食品")),
        rng.choice(("税收200万", "预算25元")),
        rng.choice(("苏州测试模具有限公司", "无")),
        rng.choice(("王总", "李工")),
        rng.choice(NUMBERS),
    ]


def report(seen: Walk, seconds: float) -> str:
    lines = [f"{seen.messages} messages, {seen.leads} leads, {seen.revisions} revisions, {seconds:.0f} s"]
    lines += [f"  {count} x {kind}: {seen.examples[kind]}" for kind, count in seen.wrong.most_common(20)]
    return "\n".join(
        lines
        if seen.wrong
        else [*lines, "no crash, no empty reply, no stuck state, no unasked overwrite, no second lead"]
    )


def real_reader() -> Understand:
    from bot.understanding.lexicon import Lexicon
    from bot.understanding.reader import Reader

    return Reader(Lexicon.from_folder(texts.HERE / "understanding"))


def main(arguments: list[str]) -> int:
    count = int(next((word for word in arguments if word.isdigit()), "100000"))
    understand = plain_reader.read if "--plain" in arguments else real_reader()
    began = time.monotonic()
    seen = walk(count, understand=understand)
    print(report(seen, time.monotonic() - began))
    return 1 if seen.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
