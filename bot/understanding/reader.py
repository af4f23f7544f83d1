"""Reads one message: phones first, then money, area and equipment, names, places, and last the free words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from bot.understanding import area, money, phones, places, refusals, specs
from bot.understanding.articles import Articles
from bot.understanding.clauses import Scopes
from bot.understanding.commands import Commands
from bot.understanding.companies import Companies
from bot.understanding.corrections import Corrections
from bot.understanding.lexicon import Lexicon
from bot.understanding.likeness import likeness
from bot.understanding.needs import Needs
from bot.understanding.people import People
from bot.understanding.phones import Contacts
from bot.understanding.places import Places
from bot.understanding.reading import Reading, Value
from bot.understanding.text import Sheet, bare, plain, without_endless
from bot.understanding.trades import Trades
from bot.understanding.typos import Typos

Values = dict[str, Value]

MESSAGES_KEPT = 64
"""The same message is read for several rows of the table of routes, one after another."""

_OPEN = frozenset({"human", "delete_data"})
"""Commands that hold beside values: 转人工，我电话138…"""


class Reader:
    """Call it with a message and the slot just asked for. Safe to share between threads."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._gazetteer = lexicon.places
        self._plain = lru_cache(MESSAGES_KEPT)(self._put_right)
        self._command = lru_cache(MESSAGES_KEPT)(Commands(lexicon).read)
        self._articles = Articles(lexicon)
        self._companies = Companies(lexicon)
        self._people = People(lexicon)
        self._needs = Needs(lexicon)
        self._trades = Trades(lexicon)
        self._corrections = Corrections(lexicon)
        self._typos = Typos(lexicon.sounds, lexicon["characters"]["words"], lexicon["characters"]["real"])
        self._swaps = {ord(pair[0]): pair[1] for pair in lexicon["characters"]["swaps"]}

    def place(self, code: str) -> str:
        """The name of a place by its adcode."""
        return self._gazetteer.label(code)

    def wants_human(self, text: str) -> bool:
        """Whether the message has the command `human`, without reading the rest of it."""
        words = self._plain(text)
        return bool(bare(words)) and self._command(words, None)[0] == "human"

    def _put_right(self, text: str) -> str:
        """In plain characters, with slips by sound put right."""
        return without_endless(self._typos.put_right(plain(text, self._swaps)))

    def __call__(self, text: str, asked: str | None = None) -> Reading:
        sheet = Sheet(text, self._plain(text))
        if not bare(sheet.text):
            return Reading()
        command, is_whole = self._command(sheet.text, asked)
        if command and is_whole:
            return Reading(command=command)
        if not command and self._articles.are_asked_for(sheet.text):
            return Reading(article=True)
        return self._read(sheet, asked, command)

    def _read(self, sheet: Sheet, asked: str | None, command: str) -> Reading:
        scopes = Scopes(sheet.text)
        contacts = phones.read(sheet, asked)
        values: Values = _contact_values(contacts)
        values |= specs.read(sheet, scopes)
        values |= money.read(sheet, scopes, asked)
        wanted, problem = area.read(sheet, scopes, asked)
        values |= {"area": wanted} if wanted else {}
        problems = {"area": problem} if problem else {}
        problems |= {"mobile": contacts.problem} if contacts.problem else {}
        found = self._names_and_places(sheet, scopes, asked, values)
        self._free_words(sheet, scopes, asked, values)
        corrects = (
            self._corrections.are_made(sheet.text) or (found.replaced and bool(found.regions)) or contacts.replaced
        )
        return self._reading(sheet, values, found, command, corrects=corrects, problems=problems)

    def _names_and_places(self, sheet: Sheet, scopes: Scopes, asked: str | None, values: Values) -> Places:
        if company := self._companies.read(sheet, scopes):
            values["company"] = company
        contact = self._people.read_labelled(sheet)
        found = places.read(sheet, scopes, self._gazetteer, asked)
        if region := places.region_value(found):
            values["region"] = region
        if found.zones:
            values["zone"] = Value(list(found.zones), found.raw)
        contact = contact or self._people.read(sheet, bool(values.keys() & {"mobile", "landline", "wechat"}))
        if contact:
            values["contact"] = contact
        return found

    def _free_words(self, sheet: Sheet, scopes: Scopes, asked: str | None, values: Values) -> None:
        if deal := self._needs.deal(sheet, scopes, asked):
            values["deal"] = deal
        if assets := self._needs.assets(sheet, scopes, values.get("area")):
            values["asset"] = assets
        in_need = bool(values) or asked == "use"
        if use := self._trades.read(sheet, scopes, in_need=in_need):
            values["use"] = use
        self._bare_answer(sheet, asked, values)

    def _bare_answer(self, sheet: Sheet, asked: str | None, values: Values) -> None:
        """What was asked and not found may be the message as a whole."""
        if asked in values or asked not in ("company", "contact", "use"):
            return
        if asked == "use" and values.keys() - {"asset"}:
            return
        if values and places.grows(sheet.text):  # 加上常熟 adds to what was said before
            return
        reader: Any = {"company": self._companies, "contact": self._people, "use": self._trades}[asked]
        answer = reader.answer(sheet)
        if answer is not None:
            for other in ("use", "asset", "region", "contact") if asked == "company" else ():
                values.pop(other, None)
            values[asked] = answer

    def _reading(
        self, sheet: Sheet, values: Values, found: Places, command: str, *, corrects: bool, problems: dict[str, str]
    ) -> Reading:
        refused = None if corrects and found.replaced else refusals.read(sheet, found.refused_words)
        if refused is not None:
            values["negation"] = refused
        removes: dict[str, tuple[Any, ...]] = {}
        if found.refused:
            removes["region"] = tuple(found.refused)
        if found.refused_zones:
            removes["zone"] = tuple(found.refused_zones)
        adds = (
            frozenset(values.keys() & {"region", "zone", "mobile", "asset"})
            if places.grows(sheet.text)
            else frozenset()
        )
        if self._needs.supplies(sheet.text):
            values = {
                name: value
                for name, value in values.items()
                if name in ("mobile", "landline", "wechat", "contact", "company")
            }
        if any(value.is_known for value in values.values()) and command not in _OPEN:
            command = ""
        score = 0.0 if command else likeness(sheet.text, values, wants=self._needs.wants(sheet.text))
        return Reading(values, command, corrects and not command, adds, removes, False, score, problems)


def _contact_values(contacts: Contacts) -> Values:
    values: Values = {}
    for name, numbers in (("mobile", contacts.mobiles), ("landline", contacts.landlines)):
        if numbers:
            values[name] = Value([number for number, _ in numbers], "、".join(raw for _, raw in numbers))
    if contacts.wechat[0]:
        values["wechat"] = Value(contacts.wechat[0], contacts.wechat[1])
    return values
