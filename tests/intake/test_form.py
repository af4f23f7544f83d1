"""The form as data: complete, in order, and refused by name where it cannot work."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest

from bot.dialogue.form import Form
from bot.dialogue.inquiry import Answer
from bot.dialogue.intake_labels import echoed, shown, slot_shown
from tests.intake.talking import FORM, load

SCHEMA = Path(__file__).resolve().parents[2].parent / "shared" / "intake" / "SCHEMA.md"
NOT_SLOTS = {"op", "cmd", "intent"}


def place(code: str) -> str:
    return {"320583": "昆山", "320585": "太仓"}.get(code, code)


def test_the_slots_are_asked_in_the_agreed_order() -> None:
    asked = [slot.name for slot in FORM.slots if slot.asked]
    assert asked == ["deal", "asset", "area", "region", "use", "tax", "company", "contact", "phone"]


def test_every_key_of_the_annotation_scheme_has_a_slot() -> None:
    if not SCHEMA.exists():
        pytest.skip("the annotation scheme is not on this machine")
    rows = re.findall(r"^\| ([a-z_0-9, ]+?) \|", SCHEMA.read_text(encoding="utf-8"), re.M)
    keys = {key.strip() for row in rows for key in row.split(",")} - NOT_SLOTS - {"key"}
    assert keys == {key.name for key in FORM.every_key()}


def test_personal_questions_come_last() -> None:
    asked = [slot.personal for slot in FORM.slots if slot.asked]
    assert asked == sorted(asked)
    assert FORM.personal == {"company", "contact", "mobile", "landline", "wechat"}


def test_the_next_question_is_the_first_empty_slot() -> None:
    answers = {"deal": Answer("rent"), "area": Answer({"min": 1, "max": 2, "unit": "m2"})}
    due = FORM.next_due(answers)
    assert due is not None
    assert due.name == "asset"


def test_a_zone_answers_the_region_and_a_wechat_id_the_phone() -> None:
    answers = {"zone": Answer(["长三角"]), "wechat": Answer("abcd_1234")}
    open_ones = [slot.name for slot in FORM.slots if slot.asked and not slot.is_answered(answers)]
    assert "region" not in open_ones
    assert "phone" not in open_ones


def test_land_is_bought_unless_they_said_otherwise() -> None:
    assert FORM.with_implied({"asset": Answer(["land"])})["deal"].value == "buy"
    assert FORM.with_implied({"asset": Answer(["land"]), "deal": Answer("rent")})["deal"].value == "rent"
    assert "deal" not in FORM.with_implied({"asset": Answer(["factory", "land"])})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("area", {"min": 3000, "max": 5000, "unit": "m2"}, "3000–5000㎡"),
        ("area", {"min": 50, "max": 50, "unit": "mu"}, "50亩"),
        ("area", {"min": None, "max": 2000, "unit": "m2"}, "2000㎡以内"),
        ("area", {"min": 2000, "max": None, "unit": "m2"}, "2000㎡以上"),
        ("tax", {"min": 0, "max": 0, "unit": "wan/yr"}, "税收暂无"),
        ("tax", {"min": 30.5, "max": 30.5, "unit": "wan/mu/yr"}, "税收30.5万/亩/年"),
        ("budget", {"min": 1.2, "max": 1.2, "unit": "CNY/m2/day"}, "预算1.2元/㎡/天"),
        ("region", ["320583", "320585"], "昆山、太仓"),
        ("asset", ["factory", "office"], "厂房、办公研发"),
        ("deal", "either", "都可以"),
        ("mobile", ["+8613800001234"], "138 0000 1234"),
        ("landline", ["+8651257700000"], "051257700000"),
        ("company", "", "公司暂无"),
        ("height_m", 8.0, "层高8米"),
        ("negation", ["二手厂房"], "不要二手厂房"),
        ("contact", '<a href="x">王</a>', "＜a href=＂x＂＞王＜/a＞"),
    ],
)
def test_values_read_as_people_write_them(name: str, value: object, words: str) -> None:
    assert echoed(FORM, name, value, place) == words


def test_an_overlong_value_is_cut_for_show() -> None:
    assert len(shown(FORM, "use", "注" * 500, place)) == 40


def test_a_declined_slot_shows_their_own_words_or_that_it_is_empty() -> None:
    area, tax = FORM.slot("area"), FORM.slot("tax")
    assert area is not None
    assert tax is not None
    assert slot_shown(FORM, area, {"area": Answer(None, "还没定")}, place) == "还没定"
    assert slot_shown(FORM, tax, {"tax": Answer(None)}, place) == "未填"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("面积", "area"),
        ("改电话", "phone"),
        ("手机号错了", "phone"),
        ("我想改一下公司名称", None),
        ("我要改公司", "company"),
    ],
)
def test_a_slot_named_without_a_value_is_meant_to_change(text: str, name: str | None) -> None:
    slot = FORM.wants_changed(text)
    assert (slot.name if slot else None) == name


def test_a_form_that_cannot_work_is_refused_by_name() -> None:
    data = copy.deepcopy(load("intake"))
    data["slot"][2]["question"] = ""
    with pytest.raises(ValueError, match="slot area needs question"):
        Form.from_toml(data)
    data = copy.deepcopy(load("intake"))
    data["slot"][2]["kind"] = "rnage"
    with pytest.raises(ValueError, match="rnage"):
        Form.from_toml(data)
    data = copy.deepcopy(load("intake"))
    data["echo"].append("colour")
    with pytest.raises(ValueError, match="colour"):
        Form.from_toml(data)


def test_every_phrase_the_intake_says_exists_and_every_phrase_is_said() -> None:
    code = "".join(
        path.read_text(encoding="utf-8") for path in (Path(__file__).parents[2] / "bot" / "dialogue").glob("intake*.py")
    )
    named = set(re.findall(r'"intake\.([a-z_.]+)"', code)) | set(re.findall(r'_nothing\(\w+, "(\w+)"\)', code))
    named |= set(re.findall(r'say\(talk, "(\w+)"', code))
    known = {name.removeprefix("intake.") for name in load("intake")["phrases"] if name.startswith("intake.")}
    built = ("problem.", "consents_", "cancel_", "erase_", "resume_", "share_", "example", "again")
    assert named <= known
    assert {name for name in known - named if not name.startswith(built)} == set()
