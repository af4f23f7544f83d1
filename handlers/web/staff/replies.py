"""What the bot says by itself: keyword rules, welcome and menu, changed here and tried at once against a sentence."""

from __future__ import annotations

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
from handlers.web.staff import menus, words
from handlers.web.staff.desk import Tried
from handlers.web.staff.menus import Audience, Column, Wrong
from handlers.web.staff.visit import SHANGHAI, Visit, counted, to

LONGEST_WORD, MOST_WORDS = 30, 30
LONGEST_TRIED = 200
MOST_MENUS = 10
"""Menus for some followers; the platform takes more, but nobody keeps an eye on more."""

_APART = re.compile(r"[\n\r,，、;；]+")


@dataclass(frozen=True, slots=True)
class MenuForm:
    """One menu to edit. number: 0 is that of all, the last one is empty."""

    number: int
    whose: Audience
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried, and what came of it in words."""

    text: str
    at: str
    found: Tried
    route: str
    why: tuple[str, ...]


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
    """The menu of all."""
    now, typed = _now(visit), menus.typed_columns()
    says = dict(now.menu["says"])
    try:
        buttons = menus.buttons_of(typed, now.menu["button"], says)
    except Wrong as wrong:
        return _page(visit, typed={0: MenuForm(0, Audience(), typed)}, wrong=wrong), 422
    return _menu_kept(visit, {**now.menu, "button": buttons, "says": says}, "menu")


def save_menu_of_some(visit: Visit, number: int) -> ResponseReturnValue:
    """The menu of followers of a topic, with a tag or on a phone system; the one after the last is a new one."""
    now, typed = _now(visit), menus.typed_columns()
    others, says = list(now.menu.get("conditional", ())), dict(now.menu["says"])
    if not 1 <= number <= min(len(others) + 1, MOST_MENUS):
        abort(404)
    before = others[number - 1]["button"] if number <= len(others) else ()
    try:
        whose = menus.typed_audience(visit.desk.topics)
        others[number - 1 : number] = [{**whose.rules, "button": menus.buttons_of(typed, before, says)}]
        menus.check_domains(others)
    except Wrong as wrong:
        told = Audience(*(request.form.get(name, "") for name in ("topic", "tag", "platform")))
        return _page(visit, typed={number: MenuForm(number, told, typed)}, wrong=wrong), 422
    return _menu_kept(visit, {**now.menu, "conditional": others, "says": says}, f"menu {number} of some")


def drop_menu_of_some(visit: Visit, number: int) -> ResponseReturnValue:
    now = _now(visit)
    others = list(now.menu.get("conditional", ()))
    if not 1 <= number <= len(others):
        abort(404)
    del others[number - 1]
    return _menu_kept(visit, {**now.menu, "conditional": others}, f"menu {number} of some dropped")


def as_shipped(visit: Visit, name: str) -> ResponseReturnValue:
    if name not in (RULES, WELCOME, MENU):
        abort(404)
    answer = _kept(visit, name, {}, f"{name} as shipped", "shipped_again")
    return (_in_force(visit, visit.desk.replies.shipped.menu) or answer) if name == MENU else answer


# --- keeping ----------------------------------------------------------------------------------------------------------


def _kept(
    visit: Visit, name: str, value: Mapping[str, Any], detail: str, said: str = "reply_saved"
) -> ResponseReturnValue:
    """The next version, unless somebody was faster than this page."""
    with visit.desk.sessions.begin() as db:
        mine = store.keep(db, name, request.form.get("version", -1, type=counted), value, visit.name, visit.now)
        if mine:
            visit.note(db, "change replies", name, detail)
    if not mine:
        visit.say("reply_stale", "bad")
    elif said:
        visit.say(said)
    return to("replies")


def _menu_kept(visit: Visit, menu: Mapping[str, Any], detail: str) -> ResponseReturnValue:
    answer = _kept(visit, MENU, menu, detail, "")
    return _in_force(visit, menu) or answer


def _in_force(visit: Visit, menu: Mapping[str, Any]) -> ResponseReturnValue | None:
    """What was kept is what the platform gets; somebody else's version stays in force where this one came too late."""
    now = _now(visit).menu
    if any(list(now.get(part, ())) != list(menu.get(part, ())) for part in ("button", "conditional")):
        return None
    said, fact = visit.desk.replies.put_menu(menu)
    visit.say(said, "bad" if fact else "good", fact=fact)
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
    typed: Mapping[int, MenuForm] | None = None,
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
        menus=_menus(now.menu, typed or {}),
        topics=visit.desk.topics,
        platforms=menus.PLATFORMS,
        most_menus=MOST_MENUS,
        versions=now.versions,
        wrong=said,
        trial=trial,
    )


def _menus(menu: Mapping[str, Any], typed: Mapping[int, MenuForm]) -> list[MenuForm]:
    """The menu of all, those of some, and an empty one to add; what was typed instead of what is kept."""
    others, says = list(menu.get("conditional", ())), menu["says"]
    every = [(Audience(), menu["button"]), *((Audience.of(one), one["button"]) for one in others), (Audience(), ())]
    kept = [MenuForm(number, whose, menus.columns(made, says)) for number, (whose, made) in enumerate(every)]
    return [typed.get(one.number, one) for one in kept]


# --- rules ------------------------------------------------------------------------------------------------------------


def _typed_rule() -> Rule:
    given = [part.strip() for part in _APART.split(request.form.get("words", ""))]
    begin, end = request.form.get("begin", ""), request.form.get("end", "")
    return Rule(
        id=request.form.get("id", 0, type=counted),
        words=tuple(dict.fromkeys(part[:LONGEST_WORD] for part in given if part))[:MOST_WORDS],
        answer=request.form.get("answer", "").replace("\r", "").strip(),
        match="exact" if request.form.get("match") == "exact" else "contains",
        priority=max(-999, min(999, request.form.get("priority", 0, type=counted))),
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
