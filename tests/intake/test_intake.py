"""Single rules of the intake that a whole talk would hide."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import LeadRevised, LeadSubmitted
from bot.dialogue.message import Image, Location, Text, Voice
from bot.dialogue.reply import TEXT_LIMIT
from handlers.intake import fresh, intake, question_again
from tests.intake.talking import Follower, follower, readable

EVERYTHING = "想在昆山租3000平厂房，做注塑模具，税收200万，苏州测试模具有限公司，王总13800001234"


def handed_in() -> Follower:
    talk = follower()
    talk.say(EVERYTHING)
    talk.say("1")
    return talk


def test_ordinary_chat_begins_no_inquiry() -> None:
    talk = follower()
    for text in ("光模块", "你好", "谢谢", "好的", "今天天气不错"):
        talk.say(text)
        assert talk.route != "intake"
    assert talk.conversation.inquiry is None


def test_a_location_counts_as_a_region() -> None:
    talk = follower()
    talk.say("我要找厂房")
    reply = talk.send(Location(31.3, 120.9, "江苏省苏州市昆山市花桥镇"))
    assert talk.route == "intake"
    assert "320583" in talk.inquiry.slots["region"]
    assert "昆山" in reply


def test_a_location_without_an_inquiry_is_for_others() -> None:
    talk = follower()
    talk.send(Location(31.3, 120.9, "昆山市"))
    assert talk.route == "media"


def test_a_picture_leaves_the_question_open() -> None:
    talk = follower()
    talk.say("我要找厂房")
    reply = talk.send(Image("https://p.example", "m"))
    assert talk.route == "media"
    assert "租还是买" in reply


def test_a_heard_voice_is_read_like_a_text() -> None:
    talk = follower()
    talk.send(Voice("m", "想在昆山租3000平厂房"))
    assert talk.inquiry.slots["region"] == ["320583"]


def test_a_question_rests_with_the_draft() -> None:
    talk = follower()
    talk.say("我要找厂房")
    soon, late = talk.at + timedelta(minutes=5), talk.at + timedelta(hours=2)
    assert "租还是买" in question_again(talk.conversation, talk.lookups, soon)
    assert question_again(talk.conversation, talk.lookups, late) == ""
    assert question_again(Conversation(), talk.lookups) == ""


def test_personal_values_go_after_a_day_without_consent_even_when_others_answer() -> None:
    talk = follower()
    talk.say("要租厂房，王总13800001234")
    later = fresh(talk.conversation, talk.lookups, talk.at + timedelta(hours=25))
    assert later.inquiry is not None
    assert "13800001234" not in json.dumps(later.to_dict())
    assert later.inquiry.slots["deal"] == "rent"
    assert fresh(talk.conversation, talk.lookups, talk.at + timedelta(days=8)).inquiry is None
    assert fresh(talk.conversation, talk.lookups, talk.at + timedelta(hours=1)) is talk.conversation


def test_a_card_must_have_been_shown_with_the_notice_before_a_yes_counts() -> None:
    talk = follower()
    talk.say("要租厂房，3000平")
    reply = readable(talk.say("提交吧"))
    assert talk.effects == []
    assert "还差 区域、用途" in reply


@pytest.mark.parametrize("text", ["1", "同意并提交", "确认提交", "好的", "同意"])
def test_an_explicit_yes_at_the_card_hands_it_in_once(text: str) -> None:
    talk = follower()
    talk.say(EVERYTHING)
    talk.say(text)
    talk.say("确认提交")
    made = [effect for effect in talk.effects if isinstance(effect, LeadSubmitted)]
    assert len(made) == 1
    assert made[0].consents["contact"]["notice"] == talk.lookups.form.notice
    assert "share" not in made[0].consents
    assert made[0].slots["mobile"] == ["+8613800001234"]


@pytest.mark.parametrize("text", ["光模块", "你好", "不", "面积", "1380000123"])
def test_anything_else_at_the_card_is_no_consent(text: str) -> None:
    talk = follower()
    talk.say(EVERYTHING)
    talk.say(text)
    assert not any(isinstance(effect, LeadSubmitted) for effect in talk.effects)


@pytest.mark.parametrize(
    ("text", "given"), [("愿意", True), ("1", True), ("好的", False), ("谢谢", False), ("2", False)]
)
def test_sharing_needs_its_own_plain_yes(text: str, given: bool) -> None:
    talk = handed_in()
    talk.say(text)
    shared = [e for e in talk.effects if isinstance(e, LeadRevised) and "share" in e.consents]
    assert bool(shared) is given


def test_the_same_phone_on_another_device_revises_the_lead() -> None:
    talk = handed_in()
    other = Follower(talk.lookups, talk.office, openid="oTest_second_device")
    other.say(EVERYTHING.replace("3000", "9000"))
    other.say("1")
    assert talk.office.created == 1
    assert isinstance(other.effects[-1], LeadRevised)
    assert other.effects[-1].changed == ("area",)


def test_a_correction_finds_the_lead_when_the_conversation_is_gone() -> None:
    talk = handed_in()
    talk.conversation = Conversation()
    reply = talk.say("面积改成8000平")
    assert "已更新" in reply
    lead = next(iter(talk.office.leads.values()))
    assert lead["slots"]["area"]["min"] == 8000
    assert lead["slots"]["contact"] == "王总"


def test_a_new_need_after_the_lead_is_closed_is_a_new_inquiry() -> None:
    talk = handed_in()
    for lead in talk.office.leads.values():
        lead["open"] = False
    reply = talk.say("想在常熟租6000平仓库")
    assert "常熟 · 仓库" in readable(reply)
    assert talk.inquiry.number == ""


def test_long_numbers_never_enter_a_remark() -> None:
    talk = follower()
    talk.say("我要找厂房")
    talk.say("身份证是320583199001011234这个")
    assert talk.inquiry.remarks
    assert "3205831990" not in json.dumps(talk.inquiry.to_dict())


def test_the_fullest_card_fits_one_text() -> None:
    talk = follower()
    talk.say(EVERYTHING)
    for number in range(12):
        reply = talk.say(f"备注：{'很长的备注' * 20}{number}")
        assert len(reply.encode()) <= TEXT_LIMIT
        assert "回复 1" in readable(reply)


def test_a_stale_share_question_is_not_answered_by_a_later_one() -> None:
    talk = handed_in()
    talk.waits(timedelta(hours=2))
    talk.say("1")
    assert not any(isinstance(effect, LeadRevised) for effect in talk.effects)


def test_the_handler_leaves_an_empty_text_alone() -> None:
    talk = follower()
    talk.say("我要找厂房")
    talk.send(Text("   "))
    assert talk.route != "intake"
    assert intake.__doc__
