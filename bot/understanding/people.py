"""What the person is called: 王总, 周工, 免贵姓欧阳, Kevin; never the beginning of an ordinary word."""

from __future__ import annotations

import re

from bot.understanding.lexicon import Lexicon, longest_first
from bot.understanding.reading import Value
from bot.understanding.text import TAKEN, Sheet, bare

_LATIN = r"(?!(?:Contact|Tel|Phone|Attn|Mobile|Dear|Hi|Hello)\b)[A-Z][a-zA-Z]{1,11}(?:[ .][A-Z][a-zA-Z]{1,11})?"
_CUE = r"(?:(?:换成|联系|找|打给|给)?我?(?:们)?(?:的)?(?:同事|助理|助手|朋友|合伙人|秘书|老公|老婆|爱人|司机)|联系人|联络人|联系|对接人|负责人|姓名|称呼|名字|经办人|收件人|联系我|This is|this is|I am|I'm|My name is|my name is|我(?:就)?是|我(?:就)?叫|本人|叫我|喊我|称呼我|叫|找|敝姓|我姓|是|贵姓|免贵)(?:姓名|人|名|是|叫|为|就是)?\s?[:：]?\s*"
_OTHERS = re.compile(
    r"(?:你们|您们|他们|贵司|贵公司|你家|那边|之前|上次|昨天|前几天|刚才|认识|(?<!我)朋友|听|问|帮|给|转给|转告|通知)(?:公司|那边|那里)?的?(?:一?个)?$|(?:跟|和|与|找过|联系过|加了|问了|问过|见过)$"
)
_OTHERS_AFTER = re.compile(
    r"^(?:[，, ]?(?:您|你)好|好[，,！!]|介绍|推荐|说|在吗|在不在|那边|的朋友|给的|发的|联系过|跟我说|告诉)"
)
_STARTS = re.compile(
    r"(?:^|[\s，,。;；:：、/|（(\x00\d\n是找叫姓我系人司厂集团院所部给请的成为换我们呼]|(?:同事|助理|秘书|爱人|老公|老婆|合伙人|小舅子|领导))$"
)


_ANSWER_PARTS = re.compile(r"[，,。;；、（(）)\s]+(?![A-Z])|的(?=[一-龥]{2,3}$)|部(?=[一-龥]{2,3}$)")


class People:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["people"]
        doubles = longest_first(words["double_surnames"])
        self._surname = f"(?:{doubles}|[{words['surnames']}])"
        self._titles = longest_first(words["titles"])
        self._not_names = frozenset(words["not_names"]["words"])
        self._not_title = dict(words["not_title"])
        self._titled = re.compile(
            f"(?P<who>(?!(?<=[换改变])成)(?:[小老阿]?{self._surname})[一-龥]{{0,2}}?)(?P<title>{self._titles})"
        )
        self._latin_titled = re.compile(
            rf"(?<![A-Za-z])(?P<name>(?:Mr|Ms|Mrs|Miss)\.? ?[A-Z][a-z]+|{_LATIN} ?(?:总|经理|先生|女士|小姐|老师|工|姐|哥))"
        )
        self._family = re.compile(
            f"(?:我?姓|免贵姓?|本人姓)\\s?(?P<name>{doubles}|[一-龥])(?![一-龥]*名[:：])(?:[，, ]*(?:名|单名|叫)(?P<given>[一-龥]{{1,3}})(?=$|[，,。\\s\\x00]))?"
        )
        self._cued = re.compile(
            rf"(?P<cue>{_CUE})(?P<name>{self._surname}[一-龥]{{1,2}}|[小老阿][一-龥]|{_LATIN})(?=$|[，,。;；\s\n\x00（(/、！!？?…~]|电话|手机|联系|微信|号码|想|要|的(?:电话|手机)|\d|吧|就行|即可|就好|就可以|对接|沟通|负责)"
        )
        self._labelled = re.compile(
            r"(?:联系人|联络人|对接人|负责人|姓名|称呼|名字|经办人|咨询人|接洽人|担当者?|报名|对接|Attn|Contact|attn|contact)(?:\s?[:：.]|改[成为]|换[成为]|变更[成为])\s*(?:我们?的?|我司|公司)?(?:同事|助理|助手|秘书|合伙人|爱人|老公|老婆|(?:采购|行政|工程|人事|基建|业务|财务|运营|项目)部?的?)?(?P<name>[一-龥]{1,6}(?:·[一-龥]+)?|(?:M(?:r|s|rs)\.? ?)?[A-Za-z]{2,12}(?: [A-Za-z]{2,12})?)"
        )
        self._by_phone = re.compile(
            f"(?:^|(?<=[\\s，,。;；、\\x00/|]))(?P<name>{self._surname}[一-龥]{{1,2}}|[小老阿]{self._surname}|{_LATIN})(?=[\\s，,:：、/|]*(?:的?(?:电话|手机号?|微信|号码|联系方式|tel|Tel|TEL))?[\\s:：是]*\\x00)|(?<=\\x00)[\\s，,（(]*(?P<after>{self._surname}[一-龥]{{1,2}}|{self._surname}$|[小老]{self._surname}|{_LATIN})(?=[）)]?(?:$|[，,。;；\\s\\n！!？?…]))"
        )
        self._by_role = re.compile(
            rf"(?:我是|我叫|本人)?[一-龥]{{0,4}}(?:经理|总监|主管|助理|秘书|负责人|采购部?|行政部?|专员|部长|人事部?|工程部|基建部)(?P<name>{self._surname}[一-龥]{{1,2}}|{doubles}|{_LATIN})(?=$|[\\s，,。;；:：\\x00！!？?])"
        )
        self._takes_over = re.compile(
            f"(?:^|(?<=[，,。\\s由让]))(?P<name>[小老阿]{self._surname}|{self._surname}[一-龥]{{1,2}})(?=(?:来|去)?(?:[和跟与]你们?)?(?:对接|跟进|接洽))"
        )
        self._latin_signed = re.compile(
            r"(?:[Rr]egards|[Tt]hanks|[Bb]est|[Cc]heers)[,，\\s]+(?P<name>[A-Z][a-z]{1,11})|(?P<self>[A-Z][a-z]{1,11}) here\\b"
        )
        self._behind = re.compile(rf"[\s，,、]+(?P<name>{self._surname}[一-龥]{{1,2}})(?=$|[\s，,。\x00])")
        self._whole = re.compile(
            f"(?:[小老阿大]?{self._surname}[一-龥]{{0,2}}(?:{self._titles})?|[小老阿][一-龥]|[A-Za-z]{{2,12}}(?: [A-Za-z]{{2,12}})?\\s?(?:总|经理|先生|女士|小姐|老师|工|姐|哥)?|[一-龥]{{2,4}}(?:{self._titles})|[一-龥]{{2,4}}·[一-龥]{{2,6}})"
        )

    def read_labelled(self, sheet: Sheet) -> Value | None:
        """联系人：龙文斌 is a person before 龙文 is a place."""
        return self._label(sheet) or self._after_cue(sheet, only_sure=True)

    def read(self, sheet: Sheet, phone_given: bool) -> Value | None:
        return (
            self._family_name(sheet)
            or self._in_role(sheet)
            or self._with_title(sheet)
            or self._after_cue(sheet)
            or self._behind_company(sheet)
            or (self._beside_phone(sheet) if phone_given else None)
        )

    def answer(self, sheet: Sheet) -> Value | None:
        """The whole message as the answer to 怎么称呼您."""
        words = bare(sheet.rest)
        words = re.sub(
            r"^(?:你好|您好)?[，, ]*(?:我?是|我?叫|叫我|我的名字是?|喊我|称呼我|可以叫我|您?叫我|就叫我?|名字是?|姓名|联系人|本人|找|联系)[:： ]*",
            "",
            words,
        )
        return next((value for part in _ANSWER_PARTS.split(words) if (value := self._whole_answer(part))), None)

    def _whole_answer(self, words: str) -> Value | None:
        words = bare(re.sub(r"(?:就行|就可以|就好|即可|就行了|吧|哈|啊|好了|可以|呢|哦|喽)+了?$", "", words))
        if words in self._not_names or not self._whole.fullmatch(words) or self._places_like(words):
            return None
        return Value(words, words, 0.9)

    def _places_like(self, words: str) -> bool:
        return bool(re.search(r"[厂租买房库找平亩]|不|没有", words))

    def _label(self, sheet: Sheet) -> Value | None:
        for match in sheet.find(self._labelled):
            name = match["name"]
            if re.match(r"电话|手机|方式|号码|无|没有|同上", name):
                continue
            if (titled := self._titled.match(name)) and titled.end() == len(name):
                return self._taken(sheet, match.span("name"))
            name = re.sub(r"(?:电话|手机|联系|微信|号码|吧|哈|就行|就好).*$", "", name)
            return self._taken(sheet, (match.start("name"), match.start("name") + len(name))) if name else None
        return None

    def _family_name(self, sheet: Sheet) -> Value | None:
        for match in sheet.find(self._family):
            sure = "我" in match[0] or "免贵" in match[0] or "本人" in match[0]
            if match["name"] in "名氏什啥甚写" or not (sure or re.match(self._surname, match["name"])):
                continue
            titled = self._titled.match(sheet.left, match.start("name"))
            if titled and self._is_title(sheet.left, titled):
                return self._taken(sheet, titled.span())
            given = match["given"]
            if given:
                sheet.take(match.span())
                full = given if given.startswith(match["name"]) else match["name"] + given
                return Value(full, match[0])
            return self._full_name(sheet, match["name"]) or self._taken(sheet, match.span("name"))
        return None

    def _full_name(self, sheet: Sheet, family: str) -> Value | None:
        """复姓上官，上官婉: the family name and then the whole."""
        whole = re.search(rf"(?<=[，,。、\s]){family}[一-龥]{{1,2}}(?=$|[，,。、!！\s\x00])", sheet.left)
        return self._taken(sheet, whole.span()) if whole and whole[0] not in self._not_names else None

    def _with_title(self, sheet: Sheet) -> Value | None:
        for match in sheet.find(self._latin_titled):
            return self._taken(sheet, match.span("name"))
        for match in sheet.find(self._titled):
            if self._is_person(sheet.left, match):
                return self._taken(sheet, match.span())
        return None

    def _is_person(self, text: str, match: re.Match[str]) -> bool:
        before, after = text[max(0, match.start() - 10) : match.start()], text[match.end() : match.end() + 6]
        if match[0] in self._not_names or not self._is_title(text, match):
            return False
        if _OTHERS.search(before) or _OTHERS_AFTER.match(after):
            return False
        weak = match["title"] in (
            "工",
            "生",
            "总",
            "科",
            "董",
            "导",
            "队",
            "太",
            "采购",
            "行政",
            "助理",
            "主管",
            "会计",
            "人",
            "伯",
            "叔",
        )
        begins = bool(_STARTS.search(before)) or not before
        ends = not after or bool(
            re.match(
                r"[\s，,。;；:：、/|（()）\x00\d！!？?…~～.]|电话|手机|联系|微信|号|的|就|吧|想|要|找|来|需|租|您|可|请|负责|对接|跟进|接洽|处理|说|在|打|加|，|公|我|看|这|做|苏|有",
                after,
            )
        )
        return begins and (ends or not weak)

    def _is_title(self, text: str, match: re.Match[str]) -> bool:
        after = text[match.end() : match.end() + 1]
        return not (after and after in self._not_title.get(match["title"], ""))

    def _after_cue(self, sheet: Sheet, *, only_sure: bool = False) -> Value | None:
        for match in sheet.find(self._cued):
            strong = re.match(
                r"联系人|联系我|[Tt]his is|I am|I'm|[Mm]y name|联络|对接|负责|姓名|称呼|名字|经办|收件|我(?:就)?叫|叫我|喊我|本人",
                match["cue"],
            )
            name = match["name"]
            if name in self._not_names or re.search(r"[的了租买找房厂库做平亩间]", name) or (only_sure and not strong):
                continue
            if (
                strong
                or name[0] in "小老阿"
                or (match["cue"].startswith("找") and len(name) == 3)
                or (name[0].isascii() and re.match(r"我(?:就)?是|找|联系|[Tt]his|I", match["cue"]))
                or (len(name) >= 2 and TAKEN in sheet.left[match.end() : match.end() + 8])
            ):
                return self._taken(sheet, match.span("name"))
        return None

    def _in_role(self, sheet: Sheet) -> Value | None:
        """我是运营总监高勇, 采购部欧阳, Lucy here."""
        for pattern in (self._by_role, self._takes_over, self._latin_signed):
            for match in sheet.find(pattern):
                group = "self" if match.groupdict().get("self") else "name"
                if match[group] not in self._not_names and not re.search(r"[的了租买找房厂库]", match[group]):
                    return self._taken(sheet, match.span(group))
        return None

    def _behind_company(self, sheet: Sheet) -> Value | None:
        """某某公司 王建: a name right behind the company's."""
        for _, end in sheet.names:
            match = self._behind.match(sheet.left, end)
            if match and match["name"] not in self._not_names:
                return self._taken(sheet, match.span("name"), 0.8)
        return None

    def _beside_phone(self, sheet: Sheet) -> Value | None:
        for match in sheet.find(self._by_phone):
            group = "name" if match["name"] else "after"
            if match[group] not in self._not_names and not re.search(
                r"[的了租买找房厂库仓标做平亩万谢急打]|电话|手机|联系|方便|微信", match[group]
            ):
                return self._taken(sheet, match.span(group), 0.8)
        return None

    def _taken(self, sheet: Sheet, span: tuple[int, int], confidence: float = 1.0) -> Value:
        raw = sheet.take(span)
        return Value(raw, raw, confidence)
