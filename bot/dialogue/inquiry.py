"""One factory or land inquiry as it is taken down: answers, doubts, consents; JSON in, JSON out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bot.dialogue.worktime import SHANGHAI

VERSION = 1
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

OPEN, PAUSED, SENT, IDLE = "open", "paused", "sent", "idle"
"""Being filled; put aside until 继续; handed in (still correctable); nothing but an open yes/no or an undo."""

REMARKS, REMARK_LENGTH = 8, 200
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters and digits that nobody mixes up when reading a number out on the phone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A value in the form that `Reading.values` gives it, with its raw words, source message and confidence.

    `None` as value: declined. The empty string is a value: there is no company yet.
    """

    value: Any = None
    raw: str = ""
    key: str = ""
    confidence: float = 1.0

    @property
    def declined(self) -> bool:
        return self.value is None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A closed question with numbered choices; (label, value) each, a `None` value means: leave things as they are.

    about: which, really, change, changes (these write values); cancel, erase, resume, share, stuck (these steer).
    slot: the answer the values are for. grows: the chosen value joins a list instead of replacing it.
    text: the message that waits for the answer, to be read afterwards. tries: how often it was passed over.
    cued: the message was a correction or the answer to this slot's question, so that the choice may replace.
    """

    about: str
    slot: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    raw: str = ""
    key: str = ""
    grows: bool = False
    text: str = ""
    tries: int = 0
    cued: bool = False

    @property
    def writes(self) -> bool:
        return self.about in ("which", "really", "change", "changes")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """No step counter: what to ask next is derived from the answers on every turn.

    at: the last message of the inquiry. began: the first.
    reopened: a filled slot that is being asked once more (上一步, 改面积). last: the slot written most recently.
    failed, failures: how often the slot asked now could not be read.
    notice: version of the privacy notice shown. consents: contact and share, each with notice, at, key.
    share_asked: the second consent was asked for; a no is not asked again.
    number: the lead's, once handed in. undo: the answers 重填 put away, and when.
    """

    state: str = OPEN
    answers: Mapping[str, Answer] = field(default_factory=dict)
    at: datetime = NEVER
    began: datetime = NEVER
    reopened: str = ""
    last: str = ""
    failed: str = ""
    failures: int = 0
    doubts: tuple[Doubt, ...] = ()
    remarks: tuple[str, ...] = ()
    notice: str = ""
    consents: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    share_asked: bool = False
    number: str = ""
    undo: Mapping[str, Answer] = field(default_factory=dict)
    undo_number: str = ""
    undo_at: datetime | None = None

    @property
    def slots(self) -> dict[str, Any]:
        """The plain values, for the lead."""
        return {name: answer.value for name, answer in self.answers.items() if not answer.declined}

    def with_answer(self, name: str, answer: Answer) -> Inquiry:
        return replace(self, answers={**self.answers, name: answer}, last=name)

    def without(self, names: Iterable[str]) -> Inquiry:
        gone = set(names)
        return replace(self, answers={name: answer for name, answer in self.answers.items() if name not in gone})

    def with_remark(self, text: str) -> Inquiry:
        if not text or text in self.remarks:
            return self
        return replace(self, remarks=(*self.remarks, text[:REMARK_LENGTH])[-REMARKS:])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, small: message keys are listed once, defaults are left out."""
        keys = list(dict.fromkeys(answer.key for answer in (*self.answers.values(), *self.undo.values())))
        facts: dict[str, Any] = {
            "state": self.state if self.state != OPEN else "",
            "keys": keys,
            "answers": _answers_out(self.answers, keys),
            "at": int(self.at.timestamp()),
            "began": int(self.began.timestamp()),
            "reopened": self.reopened,
            "last": self.last,
            "failed": self.failed,
            "failures": self.failures,
            "doubts": [_doubt_out(doubt) for doubt in self.doubts],
            "remarks": list(self.remarks),
            "notice": self.notice,
            "consents": {name: dict(consent) for name, consent in self.consents.items()},
            "share_asked": self.share_asked,
            "number": self.number,
            "undo": _answers_out(self.undo, keys),
            "undo_number": self.undo_number,
            "undo_at": int(self.undo_at.timestamp()) if self.undo_at else 0,
        }
        return {"v": VERSION, **{name: fact for name, fact in facts.items() if fact}}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Inquiry:
        """From stored data; data of a version we do not know is a fresh start, never an error for the follower."""
        if facts.get("v") != VERSION:
            return cls(state=IDLE)
        keys = facts.get("keys", [])
        return cls(
            state=facts.get("state", OPEN),
            answers=_answers_in(facts.get("answers", {}), keys),
            at=_moment(facts.get("at", 0)),
            began=_moment(facts.get("began", 0)),
            reopened=facts.get("reopened", ""),
            last=facts.get("last", ""),
            failed=facts.get("failed", ""),
            failures=facts.get("failures", 0),
            doubts=tuple(_doubt_in(doubt) for doubt in facts.get("doubts", ())),
            remarks=tuple(facts.get("remarks", ())),
            notice=facts.get("notice", ""),
            consents=facts.get("consents", {}),
            share_asked=facts.get("share_asked", False),
            number=facts.get("number", ""),
            undo=_answers_in(facts.get("undo", {}), keys),
            undo_number=facts.get("undo_number", ""),
            undo_at=_moment(facts["undo_at"]) if facts.get("undo_at") else None,
        )


def lead_number(message_key: str, at: datetime) -> str:
    """The lead's number, e.g. L1124-7F3K: the day in China and four signs made from the message key."""
    mixed = int.from_bytes(hashlib.sha256(message_key.encode()).digest()[:8], "big")
    signs = ""
    for _ in range(4):
        mixed, place = divmod(mixed, len(_ALPHABET))
        signs += _ALPHABET[place]
    return f"L{at.astimezone(SHANGHAI):%m%d}-{signs}"


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _answers_out(answers: Mapping[str, Answer], keys: list[str]) -> dict[str, list[Any]]:
    return {
        name: [answer.value, answer.raw, keys.index(answer.key), answer.confidence] for name, answer in answers.items()
    }


def _answers_in(facts: Mapping[str, list[Any]], keys: list[str]) -> dict[str, Answer]:
    return {name: Answer(value, raw, keys[key], sure) for name, (value, raw, key, sure) in facts.items()}


def _doubt_out(doubt: Doubt) -> list[Any]:
    options = [list(option) for option in doubt.options]
    return [doubt.about, doubt.slot, options, doubt.raw, doubt.key, doubt.grows, doubt.text, doubt.tries, doubt.cued]


def _doubt_in(facts: list[Any]) -> Doubt:
    about, slot, options, raw, key, grows, text, tries, cued = facts
    return Doubt(about, slot, tuple((label, value) for label, value in options), raw, key, grows, text, tries, cued)
