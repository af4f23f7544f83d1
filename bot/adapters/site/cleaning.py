"""What belongs to an article and what the firm puts under every one: contact block, copyright, share bar, credits."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_URL = re.compile(r"https?://\S+|www\.\S+", re.I)
_DIGITS = re.compile(r"\d+")
_SENTENCE = re.compile(r"[^。！？!?…]*(?:[。！？!?]|…{1,2})+[”’」』\"）)]*|[^.]*?[A-Za-z0-9)]\.(?=\s|$)")
_CLAUSE = re.compile(r".*[，,；;、：:]")
EDGE_TOP, EDGE_BOTTOM = 3, 12
"""How many lines at the beginning and at the end of a body can be the firm's: those are counted."""
LONGEST_EDGE = 200
LONGEST_CREDIT, LONGEST_CONTACT = 100, 80
BEGINNING, LONGEST_LINE = 10_000, 1_000
"""Characters of a body, and of one line in it, that are looked at for whole sentences."""


@dataclass(frozen=True)
class Cleaning:
    """The patterns of config/site.toml.

    cut: from such a line on nothing belongs to the body. drop: such a line does not. contact: nor does this one, which
    begins a contact block. erase: such pieces inside a line. prefix: everything up to here, near the beginning.
    """

    cut: re.Pattern[str]
    drop: re.Pattern[str]
    contact: re.Pattern[str]
    erase: re.Pattern[str]
    prefix: re.Pattern[str]
    summary_length: int

    @classmethod
    def from_toml(cls, data: Mapping[str, Any]) -> Cleaning:
        cut, drop, contact, erase = (_any(data[name]) for name in ("cut_from", "drop_lines", "contact_lines", "erase"))
        return cls(cut, drop, contact, erase, re.compile(data["drop_before"]), data["summary_length"])

    def body(self, raw: Sequence[str], learned: Container[str] = (), title: str = "") -> str:
        """The lines that belong to the article, one a line. `learned`: keys of lines that stand on many articles."""
        kept = [line for line in (self._tidied(line) for line in self._before_cut(raw)) if line]
        kept = [line for line in kept if not self._dropped(line)]
        bare = _trimmed(self._unprefixed(kept, title), learned)
        return "\n".join(bare or kept)

    def summary(self, body: str) -> str:
        return summary(body, self.summary_length)

    def _before_cut(self, raw: Sequence[str]) -> Sequence[str]:
        end = next((at for at, line in enumerate(raw) if self.cut.search(line)), len(raw))
        begin = self._contact_block(raw[:end])
        return raw[:begin]

    def _contact_block(self, raw: Sequence[str]) -> int:
        """Where the contact block at the end begins: at its first line, unless the article goes on after it."""
        is_text = (not _is_short(line) and not self._is_contact(line) for line in reversed(raw))
        after_text = len(raw) - next((at for at, yes in enumerate(is_text) if yes), len(raw))
        return next((at for at in range(after_text, len(raw)) if self._is_contact(raw[at])), len(raw))

    def _dropped(self, line: str) -> bool:
        return (len(line) <= LONGEST_CREDIT and bool(self.drop.search(line))) or self._is_contact(line)

    def _is_contact(self, line: str) -> bool:
        return len(line) <= LONGEST_CONTACT and bool(self.contact.search(line))

    def _tidied(self, line: str) -> str:
        return self.erase.sub("", line).strip()

    def _unprefixed(self, kept: list[str], title: str) -> list[str]:
        """Without what portals put before a collected article, and without its title said once more."""
        seen = 0
        for at, line in enumerate(kept):
            if found := self.prefix.search(line):
                rest = line[found.end() :].strip()
                kept = [*([rest] if rest else []), *kept[at + 1 :]]
                break
            seen += len(line)
            if seen > 400:
                break
        return kept[1:] if len(kept) > 1 and title and key(kept[0]) == key(title) else kept


def key(line: str) -> str:
    """What makes two lines the same boilerplate: addresses, numbers and spacing do not count."""
    plain = unicodedata.normalize("NFKC", line).lower()
    plain = _DIGITS.sub("0", _URL.sub("u", plain)).replace(" ", "")
    return hashlib.blake2b(plain.encode(), digest_size=10).hexdigest()


def edges(raw: Sequence[str]) -> dict[str, str]:
    """The lines that could be the firm's own, by their keys."""
    return {key(line): line for line in (*raw[:EDGE_TOP], *raw[-EDGE_BOTTOM:]) if len(line) <= LONGEST_EDGE}


def trimmed(body: str, learned: Container[str]) -> str:
    """A body that was stored before these lines were learned, without them."""
    return "\n".join(_trimmed(body.split("\n"), learned)) or body


def summary(body: str, length: int) -> str:
    """The first whole sentences that fit into `length` characters; of a body that has none its beginning."""
    kept = ""
    for sentence in _sentences(body):
        if len(kept) + len(sentence) <= length:
            kept += sentence
        elif kept:
            break
    return kept or _beginning(body.replace("\n", " "), length)


def _sentences(body: str) -> list[str]:
    """Whole sentences of its beginning; a heading or a piece without an end is none."""
    begun = (line[:LONGEST_LINE] for line in body[:BEGINNING].split("\n"))
    return [found.strip() for line in begun for found in _SENTENCE.findall(line) if len(found.strip()) > 1]


def _beginning(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    clause = _CLAUSE.match(text[: length - 1])
    return (clause[0][:-1] if clause and len(clause[0]) > length // 3 else text[: length - 1]) + "…"


def _trimmed(kept: list[str], learned: Container[str]) -> list[str]:
    """Learned lines go at the two ends only: the same heading in the middle of many articles is theirs."""
    first, last = 0, len(kept)
    while last > first and key(kept[last - 1]) in learned:
        last -= 1
    while first < min(last, EDGE_TOP) and key(kept[first]) in learned:
        first += 1
    return kept[first:last]


def _is_short(line: str) -> bool:
    return len(line) <= 50 or (len(line) <= 90 and not line.endswith(("。", "！", "？", "”")))


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in patterns) or "(?!)", re.I)
