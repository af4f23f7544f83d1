"""What the bot says by itself: keyword rules, welcome and menu, changed here and tried at once against a sentence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from string import Formatter
from typing import Any

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from bot.dialogue.reply import TEXT_LIMIT
from bot.dialogue.wording import plain
from bot.store import replies as store
from bot.store.base import reading
from bot.store.replies import MENU, RULES, WELCOME, Replies, Rule
from handlers.keywords import fits, is_open
from handlers.web.staff import words
from handlers.web.staff.desk import Tried
from handlers.web.staff.visit import SHANGHAI, Visit, to

TOP, SUBS = 3, 5
NAME_BYTES = (16, 60)
"""The platform's limits of a menu: entries, and bytes of a name at the bottom and above (reference §5)."""

LONGEST_WORD, MOST_WORDS = 30, 30
LONGEST_TRIED = 200
LONGEST_VALUE = 500
_APART = re.compile(r"[\n\r,，、;；]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu as it is edited. kind: say (as if the follower had said value), view (opens it), keep."""

    name: str = ""
    kind: str = "say"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    top: Entry
    subs: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried, and what came of it in words."""

    text: str
    at: str
    found: Tried
    route: str
    why: tuple[str, ...]


class Wrong(Exception):
    """What staff typed cannot be used. said: one of the texts `said`."""

    def __init__(self, said: str, **facts: object) -> None:
        super().__init__(said)
        self.said, self.facts = said, facts


def replies(visit: Visit) -> ResponseReturnValue:
    return _page(visit)


def try_out(visit: Visit) -> ResponseReturnValue:
    text = request.form.get("text", "").strip()[:LONGEST_TRIED]
    if not text:
        return to("replies")
    at = _moment(visit)
    now = _now(visit)
    found = visit.desk.replies.tried(text, at, now.keywords)
    why = tuple(_why(visit, found, now.rules, text, at))
    route = visit.desk.texts["routes"].get(found.route, found.route)
    return _page(visit, trial=Trial(text, request.form.get("at", ""), found, route, why))


def save_rule(visit: Visit) -> ResponseReturnValue:
    now = _now(visit)
    draft = _typed_rule()
    try:
        _check_rule(draft)
    except Wrong as wrong:
        return _page(visit, draft=draft, wrong=wrong), 422
    rules = [draft if rule.id == draft.id else rule for rule in now.rules]
    if draft.id == 0:
        rules.append(replace(draft, id=max((rule.id for rule in now.rules), default=0) + 1))
    return _kept(visit, RULES, _rules_value(rules), f"rule {draft.id or 'new'}: {draft.words[0]}")


def drop_rule(visit: Visit, number: int) -> ResponseReturnValue:
    rules = [rule for rule in _now(visit).rules if rule.id != number]
    return _kept(visit, RULES, _rules_value(rules), f"rule {number} dropped", "rule_dropped")


def save_welcome(visit: Visit) -> ResponseReturnValue:
    text = request.form.get("text", "").replace("\r", "").strip("\n")
    try:
        _check_welcome(visit, text)
    except Wrong as wrong:
        return _page(visit, welcome=text, wrong=wrong), 422
    return _kept(visit, WELCOME, {"text": text}, "welcome")


def save_menu(visit: Visit) -> ResponseReturnValue:
    now = _now(visit)
    columns = [_typed_column(place) for place in range(TOP)]
    says = dict(now.menu["says"])
    try:
        buttons = [_button(column, now, place, says) for place, column in enumerate(columns) if column.top.name]
        if not buttons:
            raise Wrong("menu_none")
    except Wrong as wrong:
        return _page(visit, columns=columns, wrong=wrong), 422
    answer = _kept(visit, MENU, {"button": buttons, "says": says}, "menu", "")
    return _in_force(visit, buttons) or answer


def as_shipped(visit: Visit, name: str) -> ResponseReturnValue:
    if name not in (RULES, WELCOME, MENU):
        abort(404)
    answer = _kept(visit, name, {}, f"{name} as shipped", "shipped_again")
    return (_in_force(visit, visit.desk.replies.shipped.menu["button"]) or answer) if name == MENU else answer


# --- keeping ----------------------------------------------------------------------------------------------------------


def _kept(
    visit: Visit, name: str, value: Mapping[str, Any], detail: str, said: str = "reply_saved"
) -> ResponseReturnValue:
    """The next version, unless somebody was faster than this page."""
    with visit.desk.sessions.begin() as db:
        mine = store.keep(db, name, request.form.get("version", -1, type=int), value, visit.name, visit.now)
        if mine:
            visit.note(db, "change replies", name, detail)
    if not mine:
        visit.say("reply_stale", "bad")
    elif said:
        visit.say(said)
    return to("replies")


def _in_force(visit: Visit, buttons: Sequence[Mapping[str, Any]]) -> ResponseReturnValue | None:
    """What was kept is what the platform gets; somebody else's version stays in force where this one came too late."""
    if _now(visit).menu["button"] != list(buttons):
        return None
    refused = visit.desk.replies.put_menu(buttons)
    if not refused:
        visit.say("menu_saved")
    elif refused == "not allowed":
        visit.say("menu_not_allowed")
    else:
        visit.say("menu_refused", "bad", reason=refused)
    return to("replies")


def _now(visit: Visit) -> Replies:
    with reading(visit.desk.sessions) as db:
        return store.current(db, visit.desk.replies.shipped)


def _page(
    visit: Visit,
    *,
    trial: Trial | None = None,
    draft: Rule | None = None,
    welcome: str | None = None,
    columns: Sequence[Column] = (),
    wrong: Wrong | None = None,
) -> str:
    """The page, with what was typed and why it could not be kept."""
    now = _now(visit)
    said = str(visit.desk.texts["said"][wrong.said]).format(**wrong.facts) if wrong else ""
    rules = [draft if draft and rule.id == draft.id else rule for rule in now.rules]
    return render_template(
        "staff/replies.html",
        rules=sorted(rules, key=lambda rule: (not rule.on, -rule.priority, rule.id)),
        draft=draft,
        fresh=draft if draft and draft.id == 0 else Rule(0, (), ""),
        welcome=now.welcome if welcome is None else welcome,
        columns=columns or _columns(now.menu),
        versions=now.versions,
        wrong=said,
        trial=trial,
    )


# --- rules ------------------------------------------------------------------------------------------------------------


def _typed_rule() -> Rule:
    given = [part.strip() for part in _APART.split(request.form.get("words", ""))]
    begin, end = request.form.get("begin", ""), request.form.get("end", "")
    return Rule(
        id=request.form.get("id", 0, type=int),
        words=tuple(dict.fromkeys(part[:LONGEST_WORD] for part in given if part))[:MOST_WORDS],
        answer=request.form.get("answer", "").replace("\r", "").strip(),
        match="exact" if request.form.get("match") == "exact" else "contains",
        priority=max(-999, min(999, request.form.get("priority", 0, type=int))),
        hours=f"{begin}-{end}" if begin or end else "",
        on=bool(request.form.get("on")),
    )


def _check_rule(rule: Rule) -> None:
    if not rule.words:
        raise Wrong("rule_words")
    if not rule.answer:
        raise Wrong("rule_answer")
    if len(rule.answer.encode()) > TEXT_LIMIT:
        raise Wrong("rule_long")
    try:
        times = [time.fromisoformat(part) for part in rule.hours.split("-")] if rule.hours else []
    except ValueError:
        raise Wrong("rule_hours") from None
    if len(times) not in (0, 2):
        raise Wrong("rule_hours")


def _rules_value(rules: Sequence[Rule]) -> dict[str, Any]:
    return {"rules": [rule.to_dict() for rule in rules]}


def _check_welcome(visit: Visit, text: str) -> None:
    if not text.strip():
        raise Wrong("rule_answer")
    try:
        names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
        odd = next((name for name in names if not name.isidentifier()), "")
        said = "" if odd else visit.desk.replies.worded(text)
    except (KeyError, ValueError) as unknown:
        raise Wrong("welcome_wrong", name=str(unknown).strip("'")) from None
    if odd or "" in names:
        raise Wrong("welcome_wrong", name=odd)
    if len(said.encode()) > TEXT_LIMIT:
        raise Wrong("rule_long")


# --- the menu ---------------------------------------------------------------------------------------------------------


def _columns(menu: Mapping[str, Any]) -> list[Column]:
    buttons = list(menu["button"])
    columns = [
        Column(_entry(one, menu), tuple(_entry(sub, menu) for sub in one.get("sub_button", ()))) for one in buttons
    ]
    filled = [Column(column.top, column.subs + (Entry(),) * (SUBS - len(column.subs))) for column in columns]
    return filled + [Column(Entry(), (Entry(),) * SUBS)] * (TOP - len(filled))


def _entry(button: Mapping[str, Any], menu: Mapping[str, Any]) -> Entry:
    match button.get("type", ""):
        case "click":
            return Entry(button["name"], "say", menu["says"].get(button["key"], ""))
        case "view":
            return Entry(button["name"], "view", button["url"])
        case "":
            return Entry(button["name"])
        case _:
            return Entry(button["name"], "keep")


def _typed_column(place: int) -> Column:
    return Column(_typed_entry(f"{place}"), tuple(_typed_entry(f"{place}.{sub}") for sub in range(SUBS)))


def _typed_entry(where: str) -> Entry:
    given = {
        part: request.form.get(f"{part}.{where}", "").strip()[:LONGEST_VALUE] for part in ("name", "kind", "value")
    }
    kind = given["kind"] if given["kind"] in ("say", "view", "keep") else "say"
    return Entry(given["name"], kind, given["value"])


def _button(column: Column, now: Replies, place: int, says: dict[str, str]) -> dict[str, Any]:
    subs = [entry for entry in column.subs if entry.name]
    if not subs:
        return _leaf(column.top, NAME_BYTES[0], now, (place,), says)
    _check_name(column.top, NAME_BYTES[0])
    leaves = [
        _leaf(entry, NAME_BYTES[1], now, (place, number), says)
        for number, entry in enumerate(column.subs)
        if entry.name
    ]
    return {"name": column.top.name, "sub_button": leaves}


def _leaf(entry: Entry, longest: int, now: Replies, where: tuple[int, ...], says: dict[str, str]) -> dict[str, Any]:
    _check_name(entry, longest)
    if entry.kind == "keep":
        return {**_at(now.menu["button"], where), "name": entry.name}
    if not entry.value:
        raise Wrong("menu_value", name=entry.name)
    if entry.kind == "view":
        if not entry.value.startswith(("https://", "http://")):
            raise Wrong("menu_url", name=entry.name)
        return {"type": "view", "name": entry.name, "url": entry.value}
    return {"type": "click", "name": entry.name, "key": _key(entry.value, says)}


def _check_name(entry: Entry, longest: int) -> None:
    if not entry.name or len(entry.name.encode()) > longest:
        raise Wrong("menu_name", name=entry.name)


def _key(sentence: str, says: dict[str, str]) -> str:
    """The key that says this sentence; a new one for a new sentence, for old keys keep what they said."""
    known = next((key for key, said in says.items() if said == sentence), "")
    key = known or f"SAY_{hashlib.sha256(sentence.encode()).hexdigest()[:10]}"
    says[key] = sentence
    return key


def _at(buttons: Sequence[Mapping[str, Any]], where: tuple[int, ...]) -> dict[str, Any]:
    """What stands at this place now, for kinds that are not edited here."""
    try:
        button = buttons[where[0]]
        return dict(button["sub_button"][where[1]] if len(where) > 1 else button)
    except (IndexError, KeyError):
        raise Wrong("menu_value", name="") from None


# --- trying -----------------------------------------------------------------------------------------------------------


def _why(visit: Visit, found: Tried, rules: Sequence[Rule], text: str, at: datetime) -> Iterator[str]:
    """Rules that match and which of them speaks; then what was read out of the sentence."""
    yield from _about_rules(visit, found, rules, plain(text), at)
    read = list(_about_reading(visit, found))
    yield from read or [visit.desk.texts["why"]["nothing"]]


def _about_rules(visit: Visit, found: Tried, rules: Sequence[Rule], text: str, at: datetime) -> Iterator[str]:
    texts = visit.desk.texts["why"]
    fitting = [rule for rule in rules if fits(rule.spoken, text)]
    able = [rule for rule in fitting if rule.on and is_open(rule.hours, at)]
    first = max(able, key=lambda rule: (rule.priority, rule.match == "exact"), default=None)
    for rule in fitting:
        said = visit.desk.texts["comma"].join(rule.words)
        if rule is first and found.route == "keyword":
            yield texts["rule"].format(words=said, match=texts[rule.match], priority=rule.priority)
        elif rule is first:
            yield texts["route"].format(words=said, route=visit.desk.texts["routes"].get(found.route, found.route))
        else:
            reason = texts["off"] if not rule.on else texts["lower"] if rule in able else texts["closed"]
            yield texts["other"].format(words=said, reason=reason.format(hours=rule.hours))


def _about_reading(visit: Visit, found: Tried) -> Iterator[str]:
    desk, texts, read = visit.desk, visit.desk.texts["why"], found.reading
    for name, value in read.values.items():
        if value.is_known:
            told = words.value(desk.form, name, value.value, desk.place)
            yield texts["value"].format(label=desk.labels.get(name, name), value=told)
    if read.command:
        yield texts["command"].format(command=read.command)
    if read.article:
        yield texts["article"]
    if read.inquiry >= 0.05:
        yield texts["inquiry"].format(percent=round(read.inquiry * 100))


def _moment(visit: Visit) -> datetime:
    """Now, or today at the time of day that was asked for."""
    try:
        wanted = time.fromisoformat(request.form.get("at", ""))
    except ValueError:
        return visit.now
    return datetime.combine(visit.today, wanted.replace(tzinfo=None), SHANGHAI)
