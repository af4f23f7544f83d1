"""Company names: by their endings, behind 我们是 and 公司：, and as the bare answer to the question."""

from __future__ import annotations

import re

from bot.understanding.clauses import PAST, REPLACED, Scopes
from bot.understanding.gazetteer import Gazetteer
from bot.understanding.lexicon import Lexicon, either, longest_first
from bot.understanding.reading import Value
from bot.understanding.text import Sheet, Span, bare
from bot.understanding.vocabulary import Vocabulary

_NAME = r"一-龥A-Za-z0-9（）()&·\-"
_CUE = re.compile(
    r".*(?:我们?公司(?:名称|名字|名|全称|抬头)?(?:现在?|后来)?(?:改)?(?:叫做?|是|为|就是)?|现在?叫|更名为|改名叫?|全名(?:叫|是)?|全称(?:叫|是|为)?|敝公司|敝司|我公司|应为|应该是|应是|改成|改为|更正为|写的是|请问|您好|我司(?:叫做?|是|为)?|公司(?:名称|名字|名|全称)?(?:叫做?|就是|是|为)|(?:公司|企业|单位)(?:名称|名字|名|全称)[是为叫]?|名字叫做?|名称|叫做|我们(?:这边)?(?:是|叫)|我们(?=[一-龥]{2,4}(?:市|省))|我这边是|这边是|这里是|我是|本人是|来自于?|代表|单位(?:是|为|叫)?|企业(?:是|为|叫)|东家是|抬头(?:是|为)?|开票|(?<![一-龥])(?:是|叫|为|我们?)|的(?=[一-龥（）()]{4,}))"
)
_OTHERS = re.compile(
    r"(?:供应商|客户|配套|供货|隔壁|房东|业主|中介|竞争|像|类似|比如|附近有|靠近|挨着|旁边是?|给|跟|和|与|卖给|服务于?|认识|朋友在|老东家|前东家|以前在|之前在|租的|租了|介绍的?|推荐的?|知道)\s?[^，,。;；\n是]{0,2}$"
)
_AFTER_OTHERS = re.compile(
    r"^(?:的?(?:供应商|配套|客户|隔壁|旁边|附近|边上|对面|厂房(?:出租|转让)|介绍|推荐|怎么样|靠谱吗|产业链|经销商|代理商|下游|上游|体系内|房子|地块|那种|一样|股票|上市|建厂|在(?:建|扩)))"
)
_LABEL = re.compile(
    r"(?:^|(?<=[\s，,。;；\n\x00、|]))(?:公司|企业|单位|厂|工厂|申请|客户|承租)(?:名称|全称|名字|名|方|单位|抬头)?\s?[:：]\s*(?P<name>[^，,。;；\n\x00]{2,40}?)(?=\s*(?:$|[，,。;；\n\x00]|\s{1,}[一-龥]+[:：]|\s))"
)
_SAID = re.compile(
    r"(?:我们?公司|我司|公司|企业|单位|厂子?)(?:名称|名字|名|全称)?(?:叫做|叫|改成|改为|换成|应该是|名?是|为)\s*(?P<name>[一-龥A-Za-z0-9（）()&·]{2,24})(?=$|[，,。;；\n\s\x00])"
)
_WE_ARE = re.compile(
    r"(?:我们|咱们|我们这边|这边|这里|我)(?:公司)?(?:是|叫)\s*(?P<name>[一-龥A-Za-z0-9（）()&·]{2,16}?)(?:的)?(?=$|[，,。;；\n\s\x00]|想|要|准备|打算|需要)"
)
_NOT_NAME = re.compile(
    r"^(?:叫|做|放|存|卖|帮|给|加工|搞|生产|在|从|想|要|一家|一个|个|外资|国企|民企|央企|上市|新|初创|没|无|还|暂|刚|已|专|主|负责|独资|合资|规上|高新|注册|总部|什么|哪|老|小|大型|世界|中外|个体|位于|开|租|买|不|有|属于|成立|苏州的|外地|本地|私营|民营|国有|港资|台资|日资|德资|美资|家)"
)
_TIDY_EDGES = re.compile(
    r"^(?:我们?公司|我们?厂|我司|我们|我|公司|单位|企业|本公司|集团)?(?:的)?(?:名称|名字|全称|全名|名|抬头)?(?:就?叫做?|就?是|为|[:：])?\s*|^叫做?(?=[一-龥]{4})|^.{0,8}写的是|(?:就是我们|这个公司|哈|啊|吧|哦|呢|的)$"
)
_TALK = re.compile(
    r"[这那您你吗呢吧啊]|保密|涉及|不方便|透露|(?:我|我们|他)(?:们)?(?:是|在|的)|[在没不都就想要说][一-龥]{0,3}的$|[了着]$"
)
_BRACKETS = {"(": ")", "（": "）"}


class Companies:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["companies"]
        self._places: Gazetteer = lexicon.places
        self._strong = re.compile(
            f"(?:{longest_first(words['strong'])})(?:[（(][一-龥]{{2,6}}[）)])?(?:[一-龥]{{2,4}}分公司)?"
        )
        self._weak = re.compile(f"(?:{longest_first(words['weak'])})")
        self._tail = re.compile(f"(?:{longest_first(words['tails'])})$")
        self._known = re.compile(longest_first(words["known"]))
        self._generic = frozenset(words["generic"])
        self._none = re.compile(either(words["none"]))
        self._none_answer = re.compile(either(words["none_answer"]))
        titles = longest_first(lexicon["people"]["titles"])
        self._person_first = re.compile(f"[一-龥]{{1,3}}(?:{titles})")
        trades = lexicon["trades"]
        self._trades = Vocabulary(trades["terms"])

    def read(self, sheet: Sheet, scopes: Scopes) -> Value | None:
        """The company, "" for said to be none yet; every name found is masked, also those of others."""
        if match := self._none.search(sheet.left):
            sheet.take(match.span())
            return Value("", sheet.said[match.start() : match.end()])
        found = [
            value
            for value in (self._labelled(sheet), self._by_ending(sheet, scopes), self._said(sheet, scopes))
            if value
        ]
        if not found:
            lone = self._alone(sheet)
            found = [lone] if lone else []
        return found[0] if found else None

    def answer(self, sheet: Sheet) -> Value | None:
        """The whole message as the answer to the question; a place in it belongs to the name (杭州天辰, 正阳塑胶)."""
        words = bare(_TIDY_EDGES.sub("", bare(sheet.rest if re.search(r"\d{5}", sheet.text) else sheet.text)))
        words = bare(_TIDY_EDGES.sub("", words))
        if self._none_answer.search(words) and not self._strong.search(words):
            return Value("", sheet.said.strip())
        if not words or re.fullmatch(
            r"(?:没有?|无|暂无|还没有?|没注册|未注册|没呢|个人|没有公司|还没|个体|none|no)(?:呢|的|啊|哈|吧)?", words
        ):
            return Value("", sheet.said.strip()) if words else None
        if (
            not 2 <= len(words) <= 40
            or re.search(r"[吗？?，,。\n]|怎么|什么|为什么|\d{4,}", words)
            or _NOT_NAME.match(words)
            or _TALK.search(words)
        ):
            return None
        return Value(words, words, 0.8)

    def _labelled(self, sheet: Sheet) -> Value | None:
        match = _LABEL.search(sheet.left)
        if match is None or _NOT_NAME.match(match["name"]) or match["name"] in self._generic:
            return None
        return self._taken(sheet, match.span("name"))

    def _said(self, sheet: Sheet, scopes: Scopes) -> Value | None:
        for pattern, sure in ((_SAID, True), (_WE_ARE, False)):
            for match in list(sheet.find(pattern)):
                name = match["name"]
                if _NOT_NAME.match(name) or name in self._generic or scopes.role(match.start("name")) == REPLACED:
                    continue
                if (sure and self._looks_said(name)) or self._looks_short(name):
                    return self._taken(sheet, match.span("name"))
        return None

    def _looks_said(self, name: str) -> bool:
        return (
            not re.search(r"[的了吗呢找租买]|做|生产", name)
            and self._trades.share(name) < 1
            and len(name) >= 2
            and not self._places.find(name[:2] if len(name) <= 3 else "")
        )

    def _looks_short(self, name: str) -> bool:
        """恒泰科技: an ending of its kind with a name of its own before it; or a firm everybody knows."""
        if self._known.fullmatch(name):
            return True
        tail = self._tail.search(name)
        if tail is None or re.search(r"[的了找租买想要做]", name) or self._trades.share(name) == 1:
            return False
        stem = name[: tail.start()]
        own = self._without_place(stem)
        return 2 <= len(own) <= 6 and own not in self._generic and not self._trades.share(own)

    def _without_place(self, stem: str) -> str:
        hits = self._places.find(stem)
        if hits and hits[0].start == 0:
            end = hits[0].end
            return stem[end:].lstrip("市省区县")
        return stem

    def _alone(self, sheet: Sheet) -> Value | None:
        """恒泰科技 王总 138…: a short name standing alone."""
        for match in re.finditer(
            r"(?:^|(?<=[\s，,。;；、|/\x00]))[一-龥A-Za-z（）()]{4,14}(?=$|[\s，,。;；、|/\x00])", sheet.left
        ):
            name = match[0]
            if (
                self._looks_short(name)
                and not _NOT_NAME.match(name)
                and (self._known.fullmatch(name) or self._is_contact_near(sheet))
            ):
                return self._taken(sheet, match.span())
        return None

    def _is_contact_near(self, sheet: Sheet) -> bool:
        return bool(self._person_first.search(sheet.left)) or sheet.left != sheet.text

    def _by_ending(self, sheet: Sheet, scopes: Scopes) -> Value | None:
        kept: Value | None = None
        for match in list(self._strong.finditer(sheet.left)):
            kept = self._named(sheet, scopes, match, strong=True) or kept
        for match in list(self._weak.finditer(sheet.left)) if kept is None else []:
            kept = kept or self._named(sheet, scopes, match, strong=False)
        return kept

    def _named(self, sheet: Sheet, scopes: Scopes, ending: re.Match[str], *, strong: bool) -> Value | None:
        start = self._start(sheet.left, ending.start())
        stem = sheet.left[start : ending.start()]
        if not self._is_name(sheet.left, stem, ending, strong=strong):
            return None
        span = (start, ending.end())
        before, after = sheet.text[max(0, start - 8) : start], sheet.text[ending.end() : ending.end() + 8]
        others = _OTHERS.search(before) or _AFTER_OTHERS.search(after)
        role = scopes.role(start)
        value = self._taken(sheet, span)
        return None if others or role in (PAST, REPLACED) else value

    def _is_name(self, text: str, stem: str, ending: re.Match[str], *, strong: bool) -> bool:
        own = self._without_place(stem)
        if strong:
            return len(stem) >= 2 and own not in ("", *self._generic - {"", "科技", "投资", "贸易", "物流", "设计"})
        if ending[0] in ("厂", "中心", "实验室", "工厂"):
            placed = own != stem
            rest = text[ending.end() : ending.end() + 1]
            return (
                placed
                and len(own) >= 3
                and rest not in ("房", "区", "家", "长", "子", "里", "内", "地")
                and not re.search(r"[的做找租买建开想要盖办搞弄]|有(?![色机限为])", own)
            )
        return (
            len(own) >= 2
            and own not in self._generic
            and not re.search(
                r"[的找租买吗可个投我俺咱你他]|^[村镇乡县市区队][里上]|公司|能(?=[做办过有提给用租停放进])|这|那|一家|几家|哪|什么|注册|代表",
                own,
            )
            and not re.search(r"(?:贵|我|本|该|敝|你们|您|请问)$|^[做搞弄开]", own)
            and not self._is_generic_chain(own)
        )

    def _is_generic_chain(self, own: str) -> bool:
        """新能源公司, 做电子商务的科技公司 name a kind, not a firm."""
        splits = ((own[:at], own[at:]) for at in range(1, len(own)))
        return self._trades.share(own) == 1 or any(a in self._generic and b in self._generic for a, b in splits)

    def _start(self, text: str, end: int) -> int:
        """Walk left to where the name begins: a mark, a cue like 我们是, a person, or a place that begins the name."""
        start = end
        while start > 0 and end - start < 30 and re.match(f"[{_NAME}]", text[start - 1]):
            start -= 1
        start = self._inside_brackets(text, start, end)
        cue = _CUE.match(text[start:end])
        if cue and cue.end() < end - start:
            start += cue.end()
        return self._after_strangers(text, start, end)

    def _inside_brackets(self, text: str, start: int, end: int) -> int:
        """A bracket that closes without having been opened, or the other way round, does not belong to the name."""
        stem = text[start:end]
        for opened, closed in _BRACKETS.items():
            if stem.count(opened) > stem.count(closed):
                return start + stem.rindex(opened) + 1
            if stem.count(closed) > stem.count(opened):
                return start + stem.index(closed) + 1
        return start

    def _after_strangers(self, text: str, start: int, end: int) -> int:
        """王总苏州恒泰…, 做注塑苏州恒泰…: the place begins the name when something else stands before it."""
        stem = text[start:end]
        for hit in self._places.find(stem):
            before = stem[: hit.start]
            if not before or len(stem) - hit.end < 2 or before.endswith(("(", "（")):
                continue
            if (
                self._person_first.search(before)
                or re.search(r"我|想|要|找|做|租|在|平|房|库|地$", before)
                or self._trades.share(before) > 0
            ):
                return start + hit.start
        if match := re.match(r"(?:在|和|与|给|跟|去|到|请|帮|我)(?=[一-龥]{3})", stem):
            return start + match.end()
        return start

    def _taken(self, sheet: Sheet, span: Span) -> Value:
        raw = sheet.take_name(span)
        return Value(raw.strip(" .。"), raw)
