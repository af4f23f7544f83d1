"""A message as it was meant: homophones (光膜块) and typed pinyin (guangmokuai) read as terms the index knows."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, product
from typing import NamedTuple

import tantivy

from bot.search.analysis import pairs, sound_code, sounding, words
from bot.search.index import HEARD, View
from bot.search.plain import plain
from bot.understanding import sounds

LONGEST_TERM = 9
RARE = 3
"""A character pair in fewer articles than this, and its sound in many more, may be a slip."""
LOOKED_AT = 16
"""Articles by sound in which the right spelling is looked for."""
KNOWN_COSTS = 0.6
"""What a term of the trade is worth less where the article at hand does not have it."""
UNITS = 24
"""Characters or syllables of a message that are looked at."""
_SPLITS = 6

_HAN = re.compile(r"[一-鿿]+")
_PIECE = re.compile(r"[一-鿿]+|[a-z]+|[^一-鿿a-z]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A character or a typed syllable: how it was said, and the codes of the sounds it may stand for."""

    said: str
    codes: tuple[str, ...]
    typed: bool = False


Parsed = tuple[tuple[Unit, ...], str]
"""A run of units, or what stands between two of them."""


@dataclass(frozen=True, slots=True)
class Respelled:
    """`changed`: characters that were read anew; `typed`: whether pinyin was among them."""

    text: str
    changed: int
    typed: bool


class Speller:
    """`known` are terms of the trade: they are understood also where no single article tells."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known: dict[str, list[str]] = defaultdict(list)
        for term in dict.fromkeys(map(plain, known)):
            codes = sounding(term)
            if 2 <= len(term) <= LONGEST_TERM and not _HAN.search(codes) and _HAN.fullmatch(term):
                self._known[codes].append(term)

    def respelled(self, text: str, view: View) -> Respelled | None:
        """The plain text with what looks like a slip read anew; None where nothing does or nothing better is known."""
        parsed = [(self._run(units, view) if units else None, gap) for units, gap in _parsed(text, view)]
        runs = [run for run, _ in parsed if run]
        if not any(any(run.doubtful) for run in runs):
            return None
        readings = [_read(parsed, evidence) for evidence in _evidence(text, runs, view)]
        votes = Counter(reading.text for reading in readings)
        best = max(readings, key=lambda reading: reading.score + 0.02 * votes[reading.text], default=None)
        if best is None or not best.changed:
            return None
        typed = any(unit.typed for run in runs for unit in run.units)
        return Respelled(" ".join(best.text.split()), best.changed, typed)

    def _run(self, units: tuple[Unit, ...], view: View) -> _Run:
        doubtful = _doubtful(units, view)
        chains = tuple(_chains(units, doubtful))
        windows = [window for chain in chains for window in chain]
        known = tuple(
            (window, term)
            for window in windows
            for term in self._known_terms(units[window.at : window.at + window.size], window.codes, view)
        )
        return _Run(units, doubtful, chains, known)

    def _known_terms(self, window: Sequence[Unit], codes: str, view: View) -> Iterable[Term]:
        for term in self._known.get(codes, ()):
            if all(view.having("pairs", pair) for pair in pairs(term)):
                yield from _worth(window, term, KNOWN_COSTS)


def _read(parsed: Sequence[tuple[_Run | None, str]], evidence: Evidence) -> _Reading:
    """The whole message as one article would have it spelled."""
    parts = [_read_run(run, evidence) if run else _Reading(gap, 0.0, 0) for run, gap in parsed]
    score, changed = sum(part.score for part in parts), sum(part.changed for part in parts)
    return _Reading("".join(part.text for part in parts), score, changed)


def _read_run(run: _Run, evidence: Evidence) -> _Reading:
    """The best way to cut the run into terms and single characters; from right to left."""
    terms = _terms(run, evidence)
    best = [_Reading("", 0.0, 0)] * (len(run.units) + 1)
    for at in range(len(run.units) - 1, -1, -1):
        unit = run.units[at]
        best[at] = best[at + 1].after(unit.said, -1.0 if unit.typed else evidence.literal(run, at), 0)
        for size, term in terms.get(at, ()):
            reading = best[at + size].after(*term)
            if reading.score > best[at].score:
                best[at] = reading
    return best[0]


def _terms(run: _Run, evidence: Evidence) -> dict[int, list[tuple[int, Term]]]:
    """What may stand at each place: known terms, and what the article has that sounds the same."""
    terms: dict[int, list[tuple[int, Term]]] = defaultdict(list)
    for window, term in run.known:
        terms[window.at].append((window.size, term))
    for chain in run.chains:
        for window in chain:
            spellings = evidence.spellings(window.codes)
            if not spellings:
                break
            for spelled in spellings:
                terms[window.at] += [(window.size, term) for term in run.worth(window, spelled)]
    return terms


Term = tuple[str, float, int]
"""A term read for some units: as written, what that is worth, and how many units are read anew."""


@dataclass(frozen=True, slots=True)
class Window:
    """Units `at` to `at + size` of a run, and the sounds they may stand for."""

    at: int
    size: int
    codes: str


Chain = tuple[Window, ...]
"""Windows of which each begins with the one before: where that is not heard, they are not, either."""


def _chains(units: tuple[Unit, ...], doubtful: tuple[bool, ...]) -> Iterable[Chain]:
    for at in range(len(units)):
        windows = [
            Window(at, size, codes)
            for size in range(2, min(LONGEST_TERM, len(units) - at) + 1)
            if any(doubtful[at : at + size])
            for codes in _spelled(units[at : at + size])
        ]
        if all(len(unit.codes) == 1 for unit in units[at : at + LONGEST_TERM]):
            yield tuple(windows)
        else:
            yield from ((window,) for window in windows)


class _Reading(NamedTuple):
    text: str
    score: float
    changed: int

    def after(self, before: str, score: float, changed: int) -> _Reading:
        return _Reading(before + self.text, self.score + score, self.changed + changed)


@dataclass(frozen=True, slots=True)
class _Run:
    units: tuple[Unit, ...]
    doubtful: tuple[bool, ...]
    chains: tuple[Chain, ...]
    known: tuple[tuple[Window, Term], ...]
    _worth: dict[tuple[int, str], tuple[Term, ...]] = field(default_factory=dict)

    def worth(self, window: Window, spelled: str) -> tuple[Term, ...]:
        """What it tells that an article spells the window like this; most articles spell it alike."""
        found = self._worth.get((window.at, spelled))
        if found is None:
            units = self.units[window.at : window.at + window.size]
            found = self._worth[window.at, spelled] = tuple(_worth(units, spelled, 0.0))
        return found


@dataclass(frozen=True, slots=True)
class Evidence:
    """An article that sounds like the message: its text, and how that sounds."""

    content: str
    heard: str

    def spellings(self, codes: str) -> list[str]:
        """The ways in which the article writes what sounds so."""
        found: list[str] = []
        place = self.heard.find(codes)
        while place >= 0 and len(found) < 3:
            found.append(self.content[place : place + len(codes)])
            place = self.heard.find(codes, place + 1)
        return list(dict.fromkeys(found))

    def literal(self, run: _Run, at: int) -> float:
        """What a character left as it is tells for this article: something where it stands there with its neighbour."""
        pair = "".join([unit.said for unit in run.units[at : at + 2]])
        if len(pair) == 2 and pair in self.content:
            return 0.5
        return -0.3 if run.doubtful[at] else 0.0


def _worth(window: Sequence[Unit], term: str, less: float) -> Iterable[Term]:
    """Long terms over short ones, the very sound over a near one; nothing where too much would change."""
    if len(term) != len(window) or not _HAN.fullmatch(term):
        return
    written = [(unit.said, char) for unit, char in zip(window, term, strict=True) if not unit.typed]
    differing = sum(said != char for said, char in written)
    typed = len(window) - len(written)
    if differing > len(written) // 2 or not (differing or typed):
        return
    strays = sum(_strays(unit, char) for unit, char in zip(window, term, strict=True))
    spelled = f" {term} " if typed == len(window) else term
    yield spelled, len(window) - 0.5 - strays - less, differing + typed


def _strays(unit: Unit, char: str) -> float:
    """How far a character is from what was said."""
    if unit.said == char:
        return 0.0
    said = unit.said if unit.typed else sounds.usual().get(unit.said, "")
    if said == sounds.usual().get(char):
        return 0.0 if unit.typed else 0.1
    return 0.2 if said in sounds.others().get(char, ()) else 0.4


def _evidence(text: str, runs: Sequence[_Run], view: View) -> list[Evidence]:
    """The articles that sound most like the doubtful parts and have the rest of the words."""
    heard: dict[str, None] = {}
    for run in runs:
        for at, (left, right) in enumerate(pairwise(run.units)):
            if any(run.doubtful[max(0, at - 1) : at + 3]):
                heard |= dict.fromkeys(a + b for a, b in product(left.codes, right.codes))
    if not heard:
        return []
    weights = {("sounds", pair): 1.0 for pair in list(heard)[:UNITS]}
    weights |= {("words", word): 0.5 for word in words(text)[:UNITS]}
    looked_for, _ = view.by_worth(weights)
    clauses = view.any_weighted(looked_for, weights)
    near = view.best(tantivy.Query.boolean_query(clauses), LOOKED_AT)
    return [Evidence(hit.content[:HEARD], hit.heard) for hit in near]


def _doubtful(units: tuple[Unit, ...], view: View) -> tuple[bool, ...]:
    """Doubtful are typed syllables, and characters that make a pair hardly any article has but many sound like."""
    doubtful = [unit.typed for unit in units]
    for at, (left, right) in enumerate(pairwise(units)):
        if left.typed or right.typed:
            continue
        literal = view.having("pairs", left.said + right.said)
        if literal < RARE and view.having("sounds", left.codes[0] + right.codes[0]) > 3 * literal:
            doubtful[at] = doubtful[at + 1] = True
    return tuple(doubtful)


def _spelled(window: Sequence[Unit]) -> list[str]:
    """Every sequence of codes the window may stand for; few, as few syllables have two readings."""
    if all(len(unit.codes) == 1 for unit in window):
        return ["".join([unit.codes[0] for unit in window])]
    found = [""]
    for unit in window:
        found = [before + code for before in found for code in unit.codes][:16]
    return found


def _parsed(text: str, view: View) -> list[Parsed]:
    """The text as runs of units and, between them, what is no sound: (units, "") or ((), gap)."""
    parsed: list[Parsed] = []
    pieces = _PIECE.findall(text)
    for at, piece in enumerate(pieces):
        units = _units(piece, pieces, at, view)
        if not units:
            parsed.append(((), piece))
        elif parsed and parsed[-1][0] and len(parsed[-1][0]) + len(units) <= UNITS:
            parsed[-1] = (parsed[-1][0] + units, "")
        elif len(parsed) > 1 and parsed[-1][1].strip(" '") == "" and units[0].typed and _ends_typed(parsed[-2]):
            parsed.pop()
            parsed[-1] = (parsed[-1][0] + units, "")
        else:
            parsed.append((units[:UNITS], ""))
    return parsed


def _ends_typed(run: Parsed) -> bool:
    return bool(run[0]) and run[0][-1].typed


def _units(piece: str, pieces: Sequence[str], at: int, view: View) -> tuple[Unit, ...]:
    if "一" <= piece[0] <= "鿿":
        codes = [(char, sounding(char)) for char in piece]
        return tuple(Unit(char, (code,)) for char, code in codes) if all(a != b for a, b in codes) else ()
    if not ("a" <= piece[0] <= "z") or (view.having("words", piece) and not _all_typed(pieces)):
        return ()
    syllables = _best_split(piece, view)
    if len(syllables) == 1 and not _has_company(pieces, at):
        return ()
    return tuple(Unit(syllable, _typed_codes(syllable), typed=True) for syllable in syllables)


def _has_company(pieces: Sequence[str], at: int) -> bool:
    """A single syllable is pinyin only beside other syllables or right beside characters."""
    beside = [pieces[place] for place in (at - 1, at + 1) if 0 <= place < len(pieces)]
    further = [pieces[place] for place in (at - 2, at + 2) if 0 <= place < len(pieces)]
    return any("一" <= piece[0] <= "鿿" for piece in beside) or any(splits(piece) for piece in further)


def _all_typed(pieces: Sequence[str]) -> bool:
    """Whether several Latin words make up the message and all of them are syllables: xin neng yuan."""
    latin = [piece for piece in pieces if "a" <= piece[0] <= "z"]
    return len(latin) > 1 and all(map(splits_exactly, latin))


def _best_split(piece: str, view: View) -> tuple[str, ...]:
    if piece in _syllables():
        return (piece,)
    return max(splits(piece), key=lambda split: _familiar(split, view) - len(split), default=())


def _familiar(split: tuple[str, ...], view: View) -> float:
    """How much the neighbouring syllables of a split are heard in the index; one inside seldom begins with a vowel."""
    vowels = sum(syllable[0] in "aoe" for syllable in split[1:])
    heard = [
        sum(view.having("sounds", a + b) for a, b in product(_typed_codes(left), _typed_codes(right)))
        for left, right in pairwise(split)
    ]
    return sum(math.log1p(count) if count else -3.0 for count in heard) / max(1, len(heard)) - 2 * vowels


@cache
def _typed_codes(syllable: str) -> tuple[str, ...]:
    """The codes a typed syllable may stand for: its own, and those of characters that are read so elsewhere."""
    usual, others = sounds.usual(), sounds.others()
    elsewhere = [usual[char] for char, readings in others.items() if syllable in readings and char in usual]
    codes = [sound_code(sound) for sound in (syllable, *elsewhere)]
    return tuple(dict.fromkeys(code for code in codes if code))


@cache
def _syllables() -> frozenset[str]:
    return frozenset(sound for sound in sounds.usual().values() if set(sound) & set("aeiouv")) | {"lue", "nue"}


def splits(word: str) -> list[tuple[str, ...]]:
    """The ways a Latin word falls into syllables; a last one that is only begun is left away."""
    found: list[tuple[str, ...]] = []
    _split(word, (), found)
    if found:
        return found
    begun = [word[:-cut] for cut in (1, 2) if len(word) - cut >= 4]
    return next((whole for whole in map(splits_exactly, begun) if whole), [])


def splits_exactly(word: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    _split(word, (), found)
    return found


def _split(rest: str, before: tuple[str, ...], found: list[tuple[str, ...]]) -> None:
    if not rest:
        found.append(before)
        return
    for size in range(min(6, len(rest)), 0, -1):
        if len(found) >= _SPLITS:
            return
        if rest[:size] in _syllables():
            _split(rest[size:], (*before, rest[:size].replace("lue", "lve").replace("nue", "nve")), found)
