"""Leads as staff read them: values in words, covered where they are not to be seen yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from bot.dialogue import intake_labels
from bot.dialogue.form import Form, Key, Slot
from bot.dialogue.masking import masked_name, masked_phone, masked_text
from bot.dialogue.scoring import Score, score
from bot.store.lead_content import Content
from bot.store.leads import Lead
from handlers.web.staff.desk import Desk
from handlers.web.staff.visit import SHANGHAI

NEED = ("deal", "asset", "area")
WHERE = ("region", "zone")
CONTACT = ("company", "contact", "mobile", "landline", "wechat")
NUMBERS = frozenset({"mobile", "landline", "wechat"})
"""Seen in full only by asking for them, which is logged."""

PHONES = ("mobile", "landline")


@dataclass(frozen=True, slots=True)
class Line:
    """name: the slot. calls: addresses to call, once a phone may be seen."""

    name: str
    label: str
    value: str
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One lead for a page. near: it is the reader's own, or they are a manager. revealed: numbers are in full."""

    lead: Lead
    state: str
    score: Score
    lines: tuple[Line, ...]
    remarks: tuple[str, ...]
    due: date | None
    near: bool
    revealed: bool

    def line(self, *names: str) -> str:
        return " ".join(line.value for line in self.lines if line.name in names)

    @property
    def need(self) -> str:
        return self.line(*NEED)

    @property
    def where(self) -> str:
        return self.line(*WHERE)

    @property
    def asked(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.name not in CONTACT)

    @property
    def contact(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.name in CONTACT)

    @property
    def has_number(self) -> bool:
        return any(line.name in NUMBERS for line in self.lines)


def card(
    desk: Desk, lead: Lead, content: Content, *, near: bool, revealed: bool = False, due: date | None = None
) -> Card:
    revealed = revealed and lead.state != "withdrawn"  # who took their consent back is not to be called
    covered = _covers(near=near, revealed=revealed)
    lines = tuple(_line(desk, name, value, covered) for name, value in _sorted(desk.form, content.slots))
    return Card(
        lead=lead,
        state=state(desk, lead.state),
        score=score(desk.score, content.slots),
        lines=tuple(line for line in lines if line.value),
        remarks=content.remarks if revealed else tuple(masked_text(remark) for remark in content.remarks),
        due=due,
        near=near,
        revealed=revealed,
    )


def state(desk: Desk, name: str) -> str:
    return str(desk.texts["states"].get(name, name))


def moment(now: Callable[[], datetime], at: datetime | date) -> Markup:
    """A time of the day today, otherwise the date, in China; for machines in full."""
    if not isinstance(at, datetime):
        near = at.year == now().astimezone(SHANGHAI).year
        return Markup("<time datetime={0}>{1}</time>").format(at.isoformat(), f"{at:%m-%d}" if near else at.isoformat())
    here, today = at.astimezone(SHANGHAI), now().astimezone(SHANGHAI)
    pattern = "%H:%M" if here.date() == today.date() else "%m-%d %H:%M" if here.year == today.year else "%Y-%m-%d"
    whole = f"{here:%Y-%m-%d %H:%M:%S}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(here.isoformat(), whole, f"{here:{pattern}}")


def device(texts: Mapping[str, Mapping[str, str]], agent: str) -> str:
    """What somebody signed in with, as they would call it: 苹果手机 · 微信."""
    found = [
        next((name for sign, name in texts[part].items() if sign in agent), "") for part in ("systems", "browsers")
    ]
    return " · ".join(part for part in found if part) or texts["systems"]["else"]


def value(form: Form, name: str, worth: Any, place: Callable[[str], str]) -> str:
    """One value of a lead in words."""
    key, slot = form.key(name), form.slot(name)
    if key is None or slot is None:
        return str(worth)
    return _worded(form, slot, key, worth, place)


def _worded(form: Form, slot: Slot, key: Key, worth: Any, place: Callable[[str], str]) -> str:
    parts = worth if isinstance(worth, list | tuple) else [worth]
    comma = form.words["comma"]
    match key.kind:
        case "one" | "several":
            labels = {choice.value: choice.label for choice in slot.choices}
            return comma.join(labels.get(part, str(part)) for part in parts)
        case "range":
            return intake_labels.ranged(form, worth)
        case "places":
            return comma.join("/".join(place(code) for code in str(part).split("|")) for part in parts)
        case "phones":
            return comma.join(intake_labels.phone(str(part)) for part in parts)
        case "number":
            return f"{worth:g}{key.unit}"
        case _:
            return comma.join(str(part).replace("|", "/") for part in parts) or form.words["none"]


def _line(desk: Desk, name: str, worth: Any, covered: Mapping[str, Callable[[str], str]]) -> Line:
    cover = covered.get(name)
    if cover is None:
        calls = tuple(f"tel:{phone}" for phone in worth) if name in PHONES else ()
        return Line(name, desk.labels.get(name, name), value(desk.form, name, worth, desk.place), calls)
    parts: Sequence[Any] = worth if isinstance(worth, list | tuple) else [worth]
    return Line(name, desk.labels.get(name, name), desk.form.words["comma"].join(cover(str(part)) for part in parts))


def _covers(*, near: bool, revealed: bool) -> dict[str, Callable[[str], str]]:
    covers: dict[str, Callable[[str], str]] = {}
    if not revealed:
        covers |= {"mobile": masked_phone, "landline": masked_phone, "wechat": lambda text: masked_name(text, 2)}
    if not near:
        covers |= {"contact": masked_name, "company": lambda text: masked_name(text, 4)}
    return covers


def _sorted(form: Form, slots: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """In the order of the form; what it does not know comes last. What was declined is not there."""
    order = {key.name: place for place, key in enumerate(form.every_key())}
    given = [(name, worth) for name, worth in slots.items() if worth is not None]
    return sorted(given, key=lambda pair: order.get(pair[0], len(order)))
