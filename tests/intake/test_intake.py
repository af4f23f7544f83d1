"""Single rules of the intake that a whole talk would hide."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.dialogue.conversation import Conversation, Listing
from bot.dialogue.effects import ConsentWithdrawn, InquiryBegun, LeadRevised, LeadSubmitted
from bot.dialogue.inquiry import Answer, Inquiry
from bot.dialogue.intake_words import ask
from bot.dialogue.lookups import Article, Found
from bot.dialogue.message import Image, Location, Text, Voice
from bot.dialogue.reply import TEXT_LIMIT, tap
from handlers.intake import fresh, intake, question_again
from tests.intake.talking import FORM, START, Follower, Shelf, follower, readable

EVERYTHING = "想在昆山租3000平厂房，做注塑模具，税收200万，苏州测试模具有限公司，王总13800001234"


@dataclass
class Several(Shelf):
    """Finds the same articles whatever is said, none of them clearly."""

    articles: tuple[Article, ...]

    def search(self, text: str, limit: int = 30) -> Found:
        return Found(self.articles, answered="扩张" in text)

    def get(self, ids: tuple[int, ...]) -> tuple[Article, ...]:
        return tuple(article for article in self.articles if article.id in ids)


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
    assert talk.effects == [InquiryBegun()]
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


def test_the_same_phone_on_another_device_joins_the_lead() -> None:
    talk = handed_in()
    other = Follower(talk.lookups, talk.office, openid="oTest_second_device")
    other.say(EVERYTHING.replace("3000", "9000"))
    other.say("1")
    assert talk.office.created == 1
    assert isinstance(other.effects[-1], LeadSubmitted)
    lead = next(iter(talk.office.leads.values()))
    assert lead["slots"]["area"]["min"] == 9000


def test_whoever_types_a_phone_does_not_learn_of_the_lead_behind_it() -> None:
    talk = handed_in()
    other = Follower(talk.lookups, talk.office, openid="oTest_somebody_else")
    other.say(EVERYTHING)
    reply = other.say("1")
    assert talk.inquiry.number not in reply
    assert "之前登记过" not in reply
    assert "已更新" in other.say("面积改成7000平")


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


def test_even_an_absurdly_long_card_keeps_its_consent_line() -> None:
    """Cut values are better than a cut consent."""
    talk = follower()
    texts = {key.name: "长" * 60 for key in FORM.every_key() if key.kind == "text"}
    codes = [f"32{number:04d}" for number in range(40)]
    lists: dict[str, Any] = {
        "region": codes,
        "zone": ["某某经济技术开发区"] * 9,
        "negation": ["二手厂房"] * 20,
        "asset": ["factory"],
    }
    area = {"min": 3000, "max": 5000, "unit": "m2"}
    values = (
        texts | lists | {"deal": "rent", "area": area, "tax": area, "budget": area, "mobile": ["+8613800001234"] * 9}
    )
    inquiry = Inquiry(
        answers={name: Answer(value, "x") for name, value in values.items()}, at=talk.at, remarks=("备" * 200,) * 8
    )
    _, text = ask(inquiry, talk.lookups)
    assert "【隐私说明】" in text
    assert len(text.encode()) <= TEXT_LIMIT
    assert readable(text).endswith("回复 1 同意并提交，或直接说要改什么")


def test_the_notice_offers_the_rights_to_tap() -> None:
    talk = follower()
    reply = talk.say("要租厂房，13800001234")
    for right in ("查看", "撤回同意", "删除我的信息"):
        assert tap(right) in reply


def test_an_ambiguous_place_does_not_replace_a_clear_one_unasked() -> None:
    talk = follower()
    talk.say("想在昆山租3000平厂房")
    talk.say("鼓楼")
    reply = readable(talk.say("1"))
    assert talk.inquiry.slots["region"] == ["320583"]
    assert "之前记的是 昆山，改成 南京鼓楼区 吗" in reply
    talk.say("1")
    assert talk.inquiry.slots["region"] == ["320106"]


def test_a_greeting_after_a_pause_shows_where_we_were() -> None:
    talk = follower()
    talk.say("想在昆山租3000平厂房")
    talk.waits(timedelta(hours=3))
    reply = readable(talk.say("你好"))
    assert "上次登记到这里" in reply
    assert "1. 继续" in reply


def test_below_a_list_of_articles_the_choices_have_no_numbers() -> None:
    talk = follower()
    talk.say("我要找厂房土地")
    assert "1. <a" in question_again(talk.conversation, talk.lookups)
    listed = replace(talk.conversation, listing=Listing("光模块", (1, 2)))
    assert "1. <a" not in question_again(listed, talk.lookups)


def test_the_very_words_of_a_title_are_no_failed_answer() -> None:
    """Several articles have them, so none stands out; they are listed all the same, and the question is put again."""
    talk = follower()
    both = tuple(
        Article(n, f"人形机器人产能扩张：第{n}号简报", "", f"https://site.example/{n}", "", START) for n in (1, 2)
    )
    talk.lookups = replace(talk.lookups, articles=Several(both))
    talk.say("想在昆山租3000平厂房，做注塑")
    reply = readable(talk.say("人形机器人产能扩张"))
    assert talk.route == "article"
    assert "第1号简报" in reply
    assert "税收" in reply
    assert "没太明白" in talk.say("大概吧")


def test_no_tax_yet_is_a_value_and_no_phone_a_refusal() -> None:
    talk = follower()
    for text in ("想在昆山租3000平厂房，做注塑", "没有", "没有", "王总"):
        talk.say(text)
    assert talk.inquiry.slots["tax"] == {"min": 0, "max": 0, "unit": "wan/yr"}
    assert talk.inquiry.slots["company"] == ""
    assert "微信号" in talk.say("没有")
    assert "请核对" in talk.say("没有")
    reply = talk.say("1")
    assert "李顾问 400-000-0000" in reply


def test_a_wish_to_change_something_asks_what() -> None:
    talk = handed_in()
    reply = readable(talk.say("更正"))
    assert "要改哪一项" in reply
    assert "面积" in reply
    assert "现在记的是：3000㎡" in readable(talk.say("改面积"))
    assert "已更新" in talk.say("9000平")


def test_a_slot_named_in_a_command_is_a_change_not_a_restart() -> None:
    talk = follower()
    talk.say("想在昆山租3000平厂房")
    talk.say("重填面积")
    assert talk.inquiry.slots["region"] == ["320583"]
    assert talk.inquiry.reopened == "area"


@pytest.mark.parametrize("yes", ["取消", "确认取消", "确定取消", "是的，取消", "好的，取消", "取消吧", "确定不要了"])
def test_insisting_on_a_command_is_a_yes(yes: str) -> None:
    talk = follower()
    talk.say("想在昆山租3000平厂房")
    talk.say("取消")
    assert "登记取消了" in talk.say(yes)


@pytest.mark.parametrize("yes", ["删除我的信息", "确认删除", "确定删除", "是的，删除"])
def test_insisting_on_being_erased_is_a_yes(yes: str) -> None:
    talk = follower()
    talk.say("删除我的信息")
    assert "已经删除" in talk.say(yes)


def test_a_skipped_closed_question_leaves_everything_as_it_was() -> None:
    talk = follower()
    talk.say("想在昆山租3000平厂房")
    talk.say("太仓")
    assert "主要做什么" in talk.say("跳过")
    assert talk.inquiry.slots["region"] == ["320583"]


def test_several_numbers_choose_several_kinds() -> None:
    talk = follower()
    talk.say("我要找厂房土地")
    talk.say("1")
    talk.say("1、2")
    assert talk.inquiry.slots["asset"] == ["factory", "warehouse"]


def test_a_start_with_a_lead_in_hand_says_so() -> None:
    talk = handed_in()
    assert talk.inquiry.number in talk.say("我要找厂房土地")


def test_an_inquiry_cannot_be_blown_up() -> None:
    talk = follower()
    talk.say("我要找厂房")
    talk.say("做" + "注塑" * 900)
    talk.say("还有" + "昆山太仓常熟苏州" * 100)
    assert len(json.dumps(talk.inquiry.to_dict())) < 3000


def test_a_correction_that_names_a_slot_replaces_no_other() -> None:
    talk = follower()
    talk.say("想在昆山租3000平厂房")
    reply = readable(talk.say("地方改一下，改成湖州"))
    assert talk.inquiry.slots["region"] == ["330500"]
    assert talk.inquiry.slots["asset"] == ["factory"]
    assert "类型之前记的是 厂房，改成 土地 吗" in reply


def test_an_article_search_after_a_pause_is_just_that() -> None:
    talk = follower()
    talk.say("想在昆山租3000平厂房")
    talk.waits(timedelta(hours=3))
    talk.say("光模块")
    assert talk.route == "article"
    assert "use" not in talk.inquiry.slots


def test_a_yes_after_a_pause_is_no_consent() -> None:
    talk = follower()
    talk.say(EVERYTHING)
    talk.waits(timedelta(hours=3))
    assert "上次登记到这里" in talk.say("同意并提交")
    assert talk.effects == [InquiryBegun()]
    assert "请核对" in readable(talk.say("继续"))


def test_consent_can_be_withdrawn_in_a_sentence() -> None:
    talk = handed_in()
    talk.say("以后请不要再给我打电话了，谢谢")
    assert isinstance(talk.effects[-1], ConsentWithdrawn)


def test_another_slot_can_be_chosen_while_one_is_being_changed() -> None:
    talk = handed_in()
    talk.say("改面积")
    assert "「电话」现在记的是" in talk.say("改电话")
    assert "138 0000 1234" in talk.say("好的")


def test_a_draft_survives_a_form_that_lost_a_slot() -> None:
    talk = follower()
    talk.say("想在昆山租3000平厂房")
    talk.say("改面积")
    slots = tuple(slot for slot in FORM.slots if slot.name != "area")
    echo = tuple(name for name in FORM.echo if name != "area")
    talk.lookups = replace(talk.lookups, form=replace(FORM, slots=slots, echo=echo))
    assert "主要做什么" in talk.say("好的")
    assert "税收" in talk.say("做注塑")


def test_a_yes_to_a_card_without_the_current_notice_shows_the_notice_first() -> None:
    talk = follower()
    talk.say(EVERYTHING)
    talk.lookups = replace(talk.lookups, form=replace(FORM, notice="2027-01"))
    assert "【隐私说明】" in talk.say("1")
    assert talk.effects == [InquiryBegun()]
    talk.say("1")
    made = talk.effects[-1]
    assert isinstance(made, LeadSubmitted)
    assert made.consents["contact"]["notice"] == "2027-01"


def test_three_unreadable_replies_to_the_card_bring_the_menu() -> None:
    talk = follower()
    talk.say(EVERYTHING)
    replies = [talk.say(text) for text in ("垃圾", "广告位招租吗哈", "呵呵呵呵", "嘿嘿嘿")]
    assert any("帮助" in reply for reply in replies)
    assert "请核对" in replies[-1]


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
