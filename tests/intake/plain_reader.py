"""A small, predictable reader, so that the dialogue's own tests do not depend on how well real Chinese is understood."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from bot.understanding.reading import Reading, Value

PLACES = {
    "昆山": "320583", "太仓": "320585", "常熟": "320581", "张家港": "320582", "苏州": "320500", "无锡": "320200", "江阴": "320281",
    "宜兴": "320282", "常州": "320400", "南通": "320600", "嘉兴": "330400", "平湖": "330482", "海宁": "330481", "嘉善": "330421",
    "湖州": "330500", "宁波": "330200", "慈溪": "330282", "杭州": "330100", "萧山": "330109", "合肥": "340100", "芜湖": "340200",
    "滁州": "341100", "武汉": "420100", "东莞": "441900", "佛山": "440600", "惠州": "441300", "松江": "310117", "嘉定": "310114",
    "青浦": "310118", "奉贤": "310120", "盐城": "320900",
}  # fmt: skip
NAMES = {code: name for name, code in PLACES.items()} | {"320106": "南京鼓楼区", "350102": "福州鼓楼区"}
COMMANDS = {
    "restart": ("重填", "重新来"),
    "cancel": ("取消", "算了不找了"),
    "back": ("上一步",),
    "skip": ("跳过", "不方便说", "先跳过", "先不说"),
    "confirm": ("确认提交", "提交吧"),
    "human": ("转人工",),
    "delete_data": ("请删除我的个人信息",),
    "resume": ("继续",),
    "show": ("查看", "看看我填的"),
}
_AREA = re.compile(r"(\d+)(?:[-到~](\d+))?(平|㎡|m2|方|亩)")
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_WRONG_PHONE = re.compile(r"(?<!\d)1[3-9]\d{7,8}(?!\d)|(?<!\d)1[3-9]\d{10}(?!\d)")


def read(text: str, asked: str | None = None) -> Reading:
    text = _digits(unicodedata.normalize("NFKC", text))
    command = next((name for name, ways in COMMANDS.items() if text.strip() in ways), "")
    if "文章" in text or command:
        return Reading(command=command, article="文章" in text)
    values = _values(text, asked)
    corrects = bool(re.search(r"改成|改为|错了|不对|应该是|不是.+是|换成", text))
    adds = frozenset(name for name in values if re.search(r"还有|加上|也可以", text))
    removes = _removes(text)
    for name, gone in removes.items():
        left = [code for code in values[name].value if code not in gone] if name in values else []
        values = {**values, name: Value(left, text)} if left else {k: v for k, v in values.items() if k != name}
    problems = _problems(text) if "mobile" not in values else {}
    score = min(1.0, 0.3 * len(values) + 0.4 * bool(re.search(r"找|要|租|买|需求", text))) if values else 0.0
    return Reading(values, "", corrects, adds, removes, False, score, problems)


def _digits(text: str) -> str:
    text = re.sub("([一二三五八])千平", lambda match: f"{'零一二三四五六七八'.index(match[1])}000平", text)
    text = text.replace("1万平", "10000平").replace("一万方", "10000平")
    return re.sub(r"(1\d\d)[ -](\d{4})[ -](\d{4})", r"\1\2\3", text)


def _values(text: str, asked: str | None) -> dict[str, Value]:
    found = _need(text, asked) | _person(text, asked)
    values = {name: Value(value, text) for name, value in found.items()}
    if "鼓楼" in text:
        options = (("南京鼓楼区", "320106"), ("福州鼓楼区", "350102"))
        values["region"] = Value(found.get("region", []), "鼓楼", 0.4, options)
    if found.get("area", {}).get("max") == 1:
        values["area"] = Value(found["area"], text, 0.3)
    return values


def _need(text: str, asked: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word, deal in (("租", "rent"), ("买", "buy")):
        if word in text:
            found["deal"] = deal
    assets = [
        v
        for w, v in (
            ("厂房", "factory"),
            ("仓库", "warehouse"),
            ("地", "land"),
            ("研发楼", "office"),
            ("办公楼", "office"),
        )
        if w in text
    ]
    if assets:
        found["asset"] = assets
    if area := _area(text, asked):
        found["area"] = area
    elsewhere = re.sub(r"[一-鿿]{2,16}(?:公司|模具厂)", "", text)
    places = sorted((elsewhere.index(name), code) for name, code in PLACES.items() if name in elsewhere)
    if places:
        found["region"] = [code for _, code in places]
    found |= _tax(text, asked)
    if use := re.search(r"做([一-鿿3][一-鿿A-Za-z]{1,9})|用途:(.+)", text):
        found["use"] = (use[1] or use[2]).removesuffix("的")
    if budget := re.search(r"预算(\d+)元", text):
        found["budget"] = {"min": int(budget[1]), "max": int(budget[1]), "unit": "CNY/m2/month"}
    return found


def _tax(text: str, asked: str | None) -> dict[str, Any]:
    if "没有税收" in text:
        return {"tax": {"min": 0, "max": 0, "unit": "wan/yr"}}
    match = re.search(r"税收(?:大概)?:?(\d+)万", text) or (asked == "tax" and re.fullmatch(r"(\d+)万?", text))
    unit = "wan/mu/yr" if "每亩" in text else "wan/yr"
    return {"tax": {"min": int(match[1]), "max": int(match[1]), "unit": unit}} if match else {}


def _area(text: str, asked: str | None) -> dict[str, Any] | None:
    match = _AREA.search(text)
    if match:
        low, high = int(match[1]), int(match[2] or match[1])
        return {"min": low, "max": high, "unit": "mu" if match[3] == "亩" else "m2"}
    bare = re.search(r"(?<!\d)\d{3,6}(?!\d)", text) if asked == "area" or "面积" in text else None
    return {"min": int(bare[0]), "max": int(bare[0]), "unit": "m2"} if bare else None


def _person(text: str, asked: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if company := re.search(r"[一-鿿]{2,16}(?:公司|模具厂)", text):
        found["company"] = company[0]
    elif asked == "company" and text.strip() in ("无", "没有", "还没注册"):
        found["company"] = ""
    if contact := re.search(r"[王李张刘陈周赵孙吴郑徐欧](?:阳)?(?:总|工|先生|女士|经理|主任|小姐)", text):
        found["contact"] = contact[0]
    phones = _PHONE.findall(text)
    if phones:
        found["mobile"] = [f"+86{number}" for number in phones]
    if wechat := re.search(r"微信\s*([a-z][a-z0-9_]{5,})", text):
        found["wechat"] = wechat[1]
    return found


def _removes(text: str) -> dict[str, tuple[Any, ...]]:
    match = re.search(r"不要(..)", text)
    return {"region": (PLACES[match[1]],)} if match and match[1] in PLACES else {}


def _problems(text: str) -> dict[str, str]:
    match = _WRONG_PHONE.search(text)
    return {"mobile": "short" if len(match[0]) < 11 else "long"} if match else {}
