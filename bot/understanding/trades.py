"""What will be made or done there: behind 做 and 用途：, or a clause that reads like a product."""

from __future__ import annotations

import re

from bot.understanding.clauses import PAST, REFUSED, REPLACED, Scopes
from bot.understanding.lexicon import Lexicon, either, longest_first
from bot.understanding.reading import Value
from bot.understanding.text import Sheet, bare

_STOP = r"，,。;；！!？?\n\x00"
_CUT = re.compile(
    r"\s(?=[一-龥]{1,4}[:：])|(?:的)?(?:需要|想要?|要(?!素)|找|求租|求购|租(?!赁设备)|大概|大约|面积|预算|税收|联系|电话|希望|打算|准备(?!材)|现在|目前|厂房|仓库|场地|车间|土地|用地|办公室?|公司$|的?企业$|的?厂家$|客户|有没有|有(?!机|色|源|轨)|没(?!药)|可以|能不能|能否|可不可以|行不行|吗|呢|吧|啊|哈|都|也|就|在(?!线|轨)|位于|用的?(?=$|[，,\s])|用途|这块|这一块|这方面|方面|相关|为主|之类|等等|等(?=$|[，,。\s])|那种|人数|员工|年产值|产值|投资|因为|所以|但是?|不(?!锈|干|饱|织)|搬|扩|入驻|落户|帮|谢|请|麻烦|你|您|我|他们|一年|每年|年(?!糕|产)|大(?=约|概)|附近|周边|地段|位置|最好|层高|承重|行车|消防|环评|污水|排污|对(?=层|消|环|电)|带(?!钢|材|锯)|然后|而且|并且|还|带一?点|刚|[一二三四五六七八九十百千万\d]+(?:个|名|人|平|亩|万))"
)
_TAIL = re.compile(
    r"(?:的|了|项目|行业|工艺|企业|公司|生意|业务|产品|方向|领域|为主|方面|类|这块|用|那种|这种|产业|之类|等|相关|一些|这些|吧|呢|啊|哈|和|及|与|、|以及|并|的话|线)+$"
)
_HEAD = re.compile(
    r"^(?:的是|的|是|一些|一点|些|点|个|一个|一家|一款|一种|了|过|高端|点儿|下|一下|[:：\s]|到|起|着|主要|专业|专门|新型的?)+"
)
_NO_TRADE = re.compile(
    r"^(?:什么|啥|哪|多大|多少|事|生意|贸易公司|项目|企业|工厂|厂房|仓库|厂|办公|研发|生产|加工|制造|一?下|好|的|人|饭|登记|决定|主|不|完|过|法|了|用途|业务|产品|东西|货物|货|场地|投资|出租|调研|介绍|推荐|预算|客户|准备|对接|得|梦|为|参考|推广|广告|中介|对|活动|计划|规划|短期|长期|过渡|自用|宿舍|员工|食堂|住宿|停车|环评|消防|安评|能评|分割|隔断|装修|二次|贷款|按揭|注册|执照|账|单|车|来|那个|这个|自己)$"
)
_NO_USE_CLAUSE = re.compile(
    r"政策|文章|资讯|新闻|行情|产业链(?!条)|交通|配套|周边|附近|层高|承重|联系|电话|地铁|高速|谢谢|你好|您好|员工|人数|入驻|看房|独栋|单层|标准厂房|产权|消防|环评|证|价格|租金|预算|税|以上|左右|要求|急|到期|公寓|停车|拎包|装修|毛坯|电梯|宿舍|食堂|可以|满意|合适|分割|注册|开票|中介|勿扰|扰|拆迁|搬迁|排污|污水|排放|指标|危化|甲|乙|丙|丁|地块|一手|二手|红本|单价|总价|首付|贷款|年限|产证"
)
_SPEC_WORDS = re.compile(r"环评|消防|排污|污水|排放")


class Trades:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["trades"]
        terms = longest_first([*words["heads"], *words["words"]])
        self._verb = re.compile(rf"(?<![叫当看装换])(?P<verb>{either(words['verbs'])})(?P<what>[^{_STOP}]{{1,40}})")
        self._label = re.compile(
            rf"(?:^|(?<=[\s{_STOP}、|]))(?:{longest_first(words['labels'])})\s?(?:[:：]|是(?=[^{_STOP}]))\s*(?P<what>[^{_STOP}]{{1,30}})"
        )
        self._term = re.compile(terms)
        self._ends = re.compile(rf"(?:{terms})(?:项目|产品|行业|工艺|生产线|产线|厂|线|业|企业)?$")
        self._never = re.compile(f"[{words['never_in']}]")
        self._clause = re.compile(rf"[^{_STOP}、|]+(?:、[^{_STOP}|、]+)*")
        self._before_asset = re.compile(
            rf"(?P<what>[A-Za-z0-9一-龥]{{0,8}}?(?:{terms}))(?:的|用的?|类|专用|行业的?|项目的?|企业的?)?(?=厂房|仓库|车间|场地|用地|项目|产线|生产线|生产(?=$|[{_STOP}])|企业(?!家)|厂(?=$|[{_STOP}]))"
        )

    def read(self, sheet: Sheet, scopes: Scopes, *, in_need: bool) -> Value | None:
        """`in_need`: the message is about a need, so that a bare product in it is what they make."""
        return (
            self._labelled(sheet)
            or self._after_verb(sheet, scopes)
            or (self._bare_clause(sheet, scopes) or self._of_asset(sheet, scopes) if in_need else None)
        )

    def answer(self, sheet: Sheet) -> Value | None:
        """The whole message as the answer to 主要做什么."""
        words = bare(sheet.rest)
        words = re.sub(r"^(?:我们|我司|我们?公司|我|咱们|主要|就|是|也|一般|大概|嗯+|额|呃|一直|目前|现在)+", "", words)
        words = re.sub(
            rf"^(?:{'|'.join(('主营', '从事', '生产', '做', '搞', '干', '用于', '用来', '经营', '主要是?', '是', '加工(?=[^，。]{2})'))})+(?:的是|的)?",
            "",
            words,
        )
        words = bare(_TAIL.sub("", bare(self._first_part(words))))
        if (
            not 2 <= len(words) <= 40
            or _NO_TRADE.match(words)
            or re.search(r"[吗？?]|怎么|什么|为什么|不知道|没想好|不方便|保密", words)
            or words.isdigit()
        ):
            return None
        return Value(words, words, 0.9 if self._term.search(words) else 0.7)

    def _first_part(self, words: str) -> str:
        parts = re.split(r"[，,。;；\n\x00]", words)
        cut = _CUT.search(parts[0])
        return parts[0][: cut.start()] if cut and cut.start() >= 2 else parts[0]

    def _labelled(self, sheet: Sheet) -> Value | None:
        for match in sheet.find(self._label):
            words = self._tidy(match["what"], cut=False)
            if words:
                return Value(words, match[0])
        return None

    def _after_verb(self, sheet: Sheet, scopes: Scopes) -> Value | None:
        doubtful: Value | None = None
        for match in sheet.find(self._verb):
            if scopes.role(match.start()) in (PAST, REPLACED, REFUSED) or self._is_question(sheet.left, match):
                continue
            words = self._tidy(match["what"])
            if not words:
                continue
            if self._term.search(words):
                return Value(words, match[0])
            doubtful = doubtful or Value(words, match[0], 0.7)
        return doubtful

    def _is_question(self, text: str, match: re.Match[str]) -> bool:
        before, what = text[max(0, match.start() - 3) : match.start()], match["what"]
        return bool(re.match(r"(?:什么|啥|哪)", what)) or before.endswith(
            ("能不能", "怎么", "叫", "小", "当", "照", "高", "定", "再", "别")
        )

    def _tidy(self, words: str, *, cut: bool = True) -> str:
        words = _HEAD.sub("", words.strip())
        if cut:
            words = self._cut(words)
        words = bare(_TAIL.sub("", bare(words)))
        if not 2 <= len(words) <= 24 or _NO_TRADE.match(words) or re.fullmatch(r"[\d.\s]+.?", words):
            return ""
        return words

    def _cut(self, words: str) -> str:
        words = re.split(r"\s+(?=[一-龥])", words)[0]
        for match in _CUT.finditer(words):
            if match.start() >= 2:
                return words[: match.start()]
            if match.start() == 0:
                return ""
        return words

    def _bare_clause(self, sheet: Sheet, scopes: Scopes) -> Value | None:
        for match in sheet.find(self._clause):
            for start, piece in _pieces(match):
                words = bare(piece)
                if not self._reads_like_a_product(words) or scopes.role(start) in (PAST, REFUSED, REPLACED):
                    continue
                tidied = bare(_TAIL.sub("", _HEAD.sub("", words)))
                if len(tidied) >= 2:
                    return Value(tidied, piece, 0.8)
        return None

    def _reads_like_a_product(self, words: str) -> bool:
        if not 2 <= len(words) <= 20 or not self._term.search(words):
            return False
        core = re.sub(r"(?:加|和|及|与|、|兼|/|\+|以及)", "", words)
        spec = _SPEC_WORDS.search(core)
        if spec and spec.start() >= 2:
            core = core[: spec.start()]
        if _NO_USE_CLAUSE.search(core) or self._never.search(core):
            return False
        return bool(self._ends.search(core)) or self._share(core) >= 0.6

    def _share(self, words: str) -> float:
        return sum(len(match[0]) for match in self._term.finditer(words)) / len(words)

    def _of_asset(self, sheet: Sheet, scopes: Scopes) -> Value | None:
        for match in sheet.find(self._before_asset):
            if scopes.role(match.start()) in (PAST, REFUSED, REPLACED):
                continue
            words = re.sub(r"^.*[要租找买想的个家建]", "", match["what"])
            words = re.sub(r"^(?:标准|独栋|单层|高标|一楼|层|间|栋|全新|做|是|搞)+", "", words)
            if (
                len(words) >= 2
                and not self._never.search(words)
                and not re.fullmatch(r"研发|生产|加工|仓储|制造|物流|设计|展示|培训|检测|测试", words)
            ):
                return Value(words, match[0], 0.8)
        return None


def _pieces(match: re.Match[str]) -> list[tuple[int, str]]:
    """A clause whole, then its parts between blanks."""
    whole = match[0]
    found = [(match.start(), whole)]
    if " " in whole.strip():
        position = match.start()
        for part in re.split(r"(\s+)", whole):
            if part.strip():
                found.append((position, part))
            position += len(part)
    return found
