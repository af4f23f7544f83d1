"""Write the packaged tables of bot/understanding/data anew: places by adcode, and characters by sound.

    python -m tests.eval.understanding_tables ADCODES.CSV DICT.TXT

ADCODES.CSV is the file of that name in the package cpca (MIT licence), DICT.TXT the word list of jieba (MIT licence);
pypinyin (MIT licence) must be importable. Needed only when places change: the bot itself reads the tables.
"""

from __future__ import annotations

import csv
import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "bot" / "understanding" / "data"
BOGUS = {"500200", "500100"}
KINDS = re.compile(
    r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|省|地区|新区|盟|市|区|县|旗"
    r"|((土家|布依|哈尼|朝鲜|柯尔克孜|维吾尔|蒙古|哈萨克|傈僳|景颇|达斡尔|鄂温克|鄂伦春|保安|东乡|撒拉|毛南|仫佬|纳西|拉祜|布朗|普米|各|苗|侗|藏|羌|彝|白|傣|壮|黎|瑶|回|满|畲|佤|锡伯|塔吉克|裕固|土|水|怒|独龙|仡佬)族?)+自治(州|县|旗))$"
)
# Changes of the administrative division since the table was made: old code -> new code and name ("" = gone).
CHANGED = {
    "330185": ("330112", "临安区"), "330103": ("", ""), "330104": ("", ""), "320684": ("320614", "海门区"),
    "320602": ("320613", "崇川区"), "320611": ("", ""), "371200": ("", ""), "371202": ("370116", "莱芜区"),
    "371203": ("370117", "钢城区"), "340203": ("340209", "弋江区"), "340208": ("", ""), "340221": ("340210", "湾沚区"),
    "340222": ("340212", "繁昌区"), "340225": ("340281", "无为市"), "330204": ("", ""), "330283": ("330213", "奉化区"),
    "331021": ("331083", "玉环市"), "360105": ("", ""), "370282": ("370215", "即墨区"), "510132": ("510118", "新津区"),
    "430124": ("430182", "宁乡市"), "340824": ("340882", "潜山市"), "341822": ("341882", "广德市"),
    "371626": ("371681", "邹平市"), "420821": ("420882", "京山市"), "421023": ("421088", "监利市"),
    "410381": ("410307", "偃师区"), "370125": ("370115", "济阳区"), "370181": ("370114", "章丘区"),
    "510124": ("510117", "郫都区"), "610125": ("610118", "鄠邑区"), "130283": ("130284", "滦州市"),
    "320621": ("320685", "海安市"), "350182": ("350112", "长乐区"), "350402": ("", ""), "350427": ("350405", "沙县区"),
    "350681": ("350604", "龙海区"), "350625": ("350605", "长泰区"), "370684": ("370614", "蓬莱区"), "370634": ("", ""),
    "371523": ("371503", "茌平区"), "360727": ("360783", "龙南市"), "360122": ("360112", "新建区"), "520221": ("520204", "水城区"),
}  # fmt: skip
ADDED = {
    "330113": "临平区", "330114": "钱塘区", "330383": "龙港市", "360113": "红谷滩区", "320571": "苏州工业园区",
    "440309": "龙华区", "440310": "坪山区", "440311": "光明区", "510185": "简阳市", "710000": "台湾省",
    "810000": "香港特别行政区", "820000": "澳门特别行政区",
}  # fmt: skip
USUAL = {"佛": "fo"}  # as in 佛山; the library says fu, as in 仿佛
GONE_FROM_LIST = {"320571"}  # a statistical code only; the park is a zone of 苏州


def rows(source: Path) -> dict[str, str]:
    """Adcode -> full name, down to districts and counties, as the division is today."""
    found: dict[str, str] = {}
    with source.open(encoding="utf-8") as lines:
        for code, name, *_ in csv.reader(lines):
            short = code[:6]
            if name in ("市辖区", "县") or "直辖" in name or short in BOGUS:
                continue
            short, name = CHANGED.get(short, (short, name))
            if short:
                found[short] = name
    return {code: name for code, name in sorted({**found, **ADDED}.items()) if code not in GONE_FROM_LIST}


def short_name(name: str) -> str:
    """昆山市 -> 昆山, 延边朝鲜族自治州 -> 延边; a single character keeps its kind (沛县, 郊区)."""
    short = KINDS.sub("", name)
    return short if len(short) >= 2 else name


def everyday_words(source: Path) -> set[str]:
    """Words that mean something else first: as a bare short name they are no place."""
    words = set()
    for line in source.read_text(encoding="utf-8").splitlines():
        word, count, kind = line.split(" ")
        is_name = kind in ("ns", "nr", "nrt", "nrfg", "nz", "nt", "x")
        if (not is_name and int(count) >= 30) or (kind in ("nz", "nr") and int(count) >= 600):
            words.add(word)
    return words


def write_places(source: Path, words: Path) -> None:
    everyday = everyday_words(words)
    lines = ["# adcode, name, short name, '*' = the short name is an everyday word and needs its kind (区, 县, 市)"]
    for code, name in rows(source).items():
        short = short_name(name)
        mark = "*" if short in everyday and not code.endswith("00") else ""
        lines.append("\t".join((code, name, short, mark)).rstrip())
    (DATA / "places.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_sounds() -> None:
    """Every common character under its most usual sound, without tones; near sounds stay apart here."""
    from pypinyin import Style, pinyin

    by_sound: dict[str, str] = defaultdict(str)
    names = "".join(line for line in (DATA / "places.tsv").read_text(encoding="utf-8"))
    common = {chr(c) for c in range(0x4E00, 0x9FA6) if _in_gb2312(chr(c))} | {c for c in names if "一" <= c <= "龥"}
    for char in sorted(common):
        by_sound[USUAL.get(char) or pinyin(char, style=Style.NORMAL)[0][0].replace("ü", "v")] += char
    lines = [f"{sound} {chars}" for sound, chars in sorted(by_sound.items())]
    (DATA / "sounds.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _in_gb2312(char: str) -> bool:
    try:
        return len(char.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


def write_soundalikes(words: Path) -> None:
    """Everyday words that sound like a place and share a character with it: never read as a typo (五金, 常说)."""
    from bot.understanding.gazetteer import DATA as SAME_FOLDER
    from bot.understanding.gazetteer import Gazetteer

    (SAME_FOLDER / "soundalikes.txt").write_text("", encoding="utf-8")
    with (DATA.parents[2] / "config" / "understanding" / "places.toml").open("rb") as file:
        places = Gazetteer.load(tomllib.load(file))
    found = set()
    for line in words.read_text(encoding="utf-8").splitlines():
        word, count, kind = line.split(" ")
        usual = int(count) >= 3 and (kind not in ("nr", "nrt", "nrfg") or int(count) >= 50)
        if usual and word not in places.names and places._sounding(word):
            found.add(word)
    (DATA / "soundalikes.txt").write_text("\n".join(sorted(found)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_places(Path(sys.argv[1]), Path(sys.argv[2]))
    write_sounds()
    write_soundalikes(Path(sys.argv[2]))
