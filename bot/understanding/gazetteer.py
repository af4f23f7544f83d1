"""Names of places in a text: provinces, cities, districts, towns, zones; short names, doubles, and names by sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.understanding import sounds
from bot.understanding.sounds import near
from bot.understanding.text import TAKEN

DATA = Path(__file__).parent / "data"

# Where one short name means several places and nothing else in the message tells them apart, the first of these
# provinces wins; places in several of the leading group are asked about.
_HOME = ("32", "31", "33", "34", "44", "11", "12", "50", "51", "42", "37", "35", "43", "41", "36", "61", "13", "21")


@dataclass(frozen=True, slots=True)
class Hit:
    """A place found at a position. `codes`: what it may be; `zone`: its name if it has no code of its own."""

    start: int
    end: int
    codes: tuple[str, ...]
    zone: str = ""
    by_sound: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    codes: tuple[str, ...]
    zone: str = ""


@dataclass(slots=True)
class Gazetteer:
    """All names, ready to be looked up."""

    names: dict[str, _Entry] = field(default_factory=dict)
    weak: dict[str, tuple[str, ...]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    sounds: dict[str, str] = field(default_factory=dict)
    by_sound: dict[tuple[str, ...], str] = field(default_factory=dict)
    not_by_sound: frozenset[str] = frozenset()
    _sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """First two characters -> lengths of the names that begin so, longest first."""

    @classmethod
    def load(cls, extra: Mapping[str, Any]) -> Gazetteer:
        """The packaged tables with the names of config/understanding/places.toml."""
        made = cls(asked=frozenset(extra.get("ambiguous", ())))
        made._add_table(_rows(), frozenset(extra.get("bare", ())), frozenset(extra.get("never_bare", ())))
        made._add_extra(extra)
        made._add_sizes()
        made._add_sounds()
        return made

    def label(self, code: str) -> str:
        """昆山 for 320583, 南京鼓楼区 for 320106."""
        return self.labels.get(code, code)

    def find(self, text: str) -> list[Hit]:
        """Every place in the text, longest names first, from left to right."""
        hits: list[Hit] = []
        position = 0
        while position < len(text):
            hit = self._at(text, position, hits[-1] if hits else None)
            if hit is None or self._hides_a_city(text, hit):
                position += 1
                continue
            hits += [hit] if hit.codes or hit.zone else []
            position = hit.end
        return hits

    def _hides_a_city(self, text: str, hit: Hit) -> bool:
        """改成武汉 is 武汉, not the county 成武."""
        if hit.zone or any(_is_city(code) for code in hit.codes):
            return False
        inner = (self._at(text, start, None) for start in range(hit.start + 1, hit.end))
        return any(other and other.end > hit.end and any(map(_is_city, other.codes)) for other in inner)

    def find_by_sound(self, text: str, taken: Iterable[Hit]) -> list[Hit]:
        """Names written with other characters of the same sound: 苏洲, 昆三."""
        blocked = {position for hit in taken for position in range(hit.start, hit.end)}
        hits: list[Hit] = []
        heard = [self.sounds.get(char, "") for char in text]
        for start in range(len(text) - 1):
            for size in (3, 2):
                if (
                    start + size > len(text)
                    or (*heard[start : start + size],) not in self.by_sound
                    or blocked & set(range(start, start + size))
                ):
                    continue
                name = self._sounding(text[start : start + size])
                if name:
                    entry = self.names[name]
                    hits.append(Hit(start, start + size, entry.codes, entry.zone, by_sound=True))
                    blocked |= set(range(start, start + size))
                    break
        return hits

    def _sounding(self, window: str) -> str:
        if window in self.not_by_sound:
            return ""
        key = tuple(self.sounds.get(char, "") for char in window)
        name = self.by_sound.get(key, "")
        return name if name and any(a == b for a, b in zip(name, window, strict=True)) else ""

    def _at(self, text: str, start: int, last: Hit | None) -> Hit | None:
        for size in self._sizes.get(text[start : start + 2], ()):
            name = text[start : start + size]
            entry = self.names.get(name)
            if entry is not None and not _is_part_of_word(text, start, start + size):
                if self._splits(text, start, size):
                    continue
                return Hit(start, start + size, entry.codes, entry.zone)
            if last is not None and name in self.weak and (gap := _gap(text, last.end, start)):
                inner = tuple(code for code in self.weak[name] if any(gap(code, near) for near in last.codes))
                if inner and not _is_part_of_word(text, start, start + size):
                    return Hit(start, start + size, inner)
        return None

    def _splits(self, text: str, start: int, size: int) -> bool:
        """赣州南康 is 赣州 and 南康, not 赣州南: a shorter name, and behind it one inside that reaches further."""
        for shorter in self._sizes.get(text[start : start + 2], ()):
            outer = self.names.get(text[start : start + shorter]) if shorter < size else None
            if outer is None or not outer.codes:
                continue
            inner = self._at(text, start + shorter, Hit(start, start + shorter, outer.codes))
            if inner and inner.end > start + size and any(_within(a, b) for a in inner.codes for b in outer.codes):
                return True
        return False

    # --- building -----------------------------------------------------------------------------------------------------

    def _add_table(
        self, rows: Iterable[tuple[str, str, str, bool]], bare: frozenset[str], never: frozenset[str]
    ) -> None:
        every: dict[str, list[str]] = {}
        weak: dict[str, list[str]] = {}
        for code, name, short, everyday in rows:
            every.setdefault(name, []).append(code)
            is_weak = short in never or (everyday and short not in bare)
            if short != name:
                (weak if is_weak else every).setdefault(short, []).append(code)
                self.labels[code] = short
            else:
                self.labels[code] = name
        self.names = {name: _Entry(tuple(codes)) for name, codes in every.items()}
        self.weak = {name: tuple(codes) for name, codes in weak.items()}
        self._tell_doubles_apart(every)

    def _tell_doubles_apart(self, every: Mapping[str, list[str]]) -> None:
        """Labels of places that share a name carry their city."""
        for name, codes in every.items():
            for code in codes if len(codes) > 1 else ():
                city = self.labels.get(code[:4] + "00", "")
                if not code.endswith("00") and self.labels[code] in (name, name[:-1]) and city:
                    self.labels[code] = f"{city}{name}"

    def _add_extra(self, extra: Mapping[str, Any]) -> None:
        for group in ("towns", "nicknames"):
            for code, names in extra.get(group, {}).items():
                for name in names:
                    known = self._codes(name) if len(name) > 2 else ()
                    zone = name if group == "towns" and name.endswith(_ZONE_ENDS) else ""
                    self.names[name] = _Entry((code, *(other for other in known if other != code)), zone)
        for name, codes in extra.get("ambiguous", {}).items():
            self.names[name] = _Entry(tuple(codes))
            for code in codes:
                self._label_with_city(code, name)
        for word in extra.get("no_places", ()):
            self.names[word] = _Entry(())
        for name, zone in extra.get("zones", {}).items():
            self.names[name] = _Entry((zone["code"],) if zone["code"] else (), zone["name"])

    def _codes(self, name: str) -> tuple[str, ...]:
        return self.names[name].codes if name in self.names else self.weak.get(name, ())

    def _label_with_city(self, code: str, name: str) -> None:
        city = self.labels.get(code[:4] + "00", "")
        if city and not code.endswith("00") and not self.labels[code].startswith(city):
            kind = "" if name.endswith("区") else "区"
            self.labels[code] = f"{city}{name if name in self.labels[code] else self.labels[code]}{kind}"

    def _add_sizes(self) -> None:
        sizes: dict[str, set[int]] = {}
        for name in (*self.names, *self.weak):
            sizes.setdefault(name[:2], set()).add(len(name))
        self._sizes = {start: tuple(sorted(found, reverse=True)) for start, found in sizes.items()}

    def _add_sounds(self) -> None:
        self.sounds = {char: near(sound) for char, sound in sounds.usual().items()}
        self.not_by_sound = frozenset((DATA / "soundalikes.txt").read_text(encoding="utf-8").split())
        for name, entry in sorted(
            self.names.items(), key=lambda item: not item[1].codes or not _is_city(item[1].codes[0])
        ):
            if 2 <= len(name) <= 3 and len(entry.codes) == 1 and _is_known_well(entry.codes[0]):
                self.by_sound.setdefault(tuple(self.sounds.get(char, char) for char in name), name)


_ZONE_ENDS = ("高新区", "科技城", "知识城", "科学城", "保税区", "新站")
"""A town of this kind is a zone as well; an economic development zone is only part of its city."""


def best(codes: tuple[str, ...], context: Iterable[str]) -> tuple[str, ...]:
    """Which of several places is meant: the one inside a city named beside it, a city before a district, home first."""
    if len(codes) < 2:
        return codes
    inside = tuple(code for code in codes if any(_within(code, outer) for outer in context))
    if inside:
        codes = inside
    whole = tuple(code for code in codes if code.endswith("00"))
    if whole and not inside:
        return (
            whole[-1:] if len(whole) > 1 and whole[0].endswith("0000") and whole[-1][:2] != whole[0][:2] else whole[:1]
        )
    order = sorted(codes, key=lambda code: _HOME.index(code[:2]) if code[:2] in _HOME else len(_HOME))
    return tuple(order[:1])


def _rows() -> Iterator[tuple[str, str, str, bool]]:
    with (DATA / "places.tsv").open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                code, name, short, *mark = line.rstrip("\n").split("\t")
                yield code, name, short, bool(mark)


def _within(code: str, outer: str) -> bool:
    trimmed = outer.rstrip("0") if len(outer.rstrip("0")) > 2 else outer[:2]
    trimmed = outer[:2] if outer.endswith("0000") else outer[:4] if outer.endswith("00") else outer
    return code != outer and code.startswith(trimmed)


within = _within


def _gap(text: str, end: int, start: int) -> Callable[[str, str], bool] | None:
    """How an everyday word right behind a place must belong to it: inside it (滁州来安), or beside it (全椒、来安)."""
    between = text[end:start].strip("市省区县 ")
    if between.strip("的-·/(（") == "":
        return _within
    return _beside if between in ("、", "和", "或", "或者", "跟", "与", "/", "，", ",") else None


def _beside(code: str, other: str) -> bool:
    return code[:4] == other[:4] or (_is_city(code) and code[:2] == other[:2])


def _is_city(code: str) -> bool:
    return code.endswith("00")


# A name that is the beginning or end of another word: 上海路, 南通道, 大连接.
_LONGER = {
    "上海": ("浦", "滩"), "南通": ("道", "过", "信"), "大连": ("接", "续", "锁"), "中山": ("路", "装"), "海南": ("岛", ""),
    "北京": ("时间",), "长春": ("藤",), "东营": ("盘",), "日照": ("时间", "强"), "吉林": (), "常州": (), "金华": ("火",),
    "三明": ("治",), "太原": (), "包头": ("巾",), "黄山": (), "宁德": ("时代",), "安阳": (), "保定": ("期",), "沪": ("指", "深", "铜", "牌", "市"),
    "杭州": (), "金山": ("词", "软"), "华东": ("师", "理工", "重机"), "华中": ("科技大", "数控"), "华南": ("理工", "城"), "张江": ("河",), "平湖": (), "光谷": (),
}  # fmt: skip


def _is_part_of_word(text: str, start: int, end: int) -> bool:
    after = text[end : end + 3]
    if after[:1] in ("路", "街", "道") and after[1:2] not in ("边", "口") and text[end - 1] not in "市区县":
        return not after.startswith(("街道", "路上"))
    return any(tail and after.startswith(tail) for tail in _LONGER.get(text[start:end], ()))


def _is_known_well(code: str) -> bool:
    return code.endswith("00") or code[:2] in ("31", "32", "33", "34", "44") or code[:4] in ("4201", "5101", "3702")


__all__ = ["TAKEN", "Gazetteer", "Hit", "best", "within"]
