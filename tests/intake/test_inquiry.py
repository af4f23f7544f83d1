"""The inquiry as it is stored: small JSON, the same after a round trip, and a number people can read out."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.dialogue.conversation import Conversation
from bot.dialogue.inquiry import IDLE, Answer, Doubt, Inquiry, lead_number
from tests.intake.talking import follower

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def full() -> Inquiry:
    talk = follower()
    talk.say("想在昆山租3000平厂房，做注塑模具，税收200万，苏州测试模具有限公司，王总13800001234，预算25元")
    return talk.inquiry


def test_an_inquiry_is_the_same_after_a_round_trip_through_json() -> None:
    doubt = Doubt(
        "which", "region", (("南京鼓楼区", ["320106"]), ("都不是", None)), "鼓楼", "k", grows=True, text="t", tries=1
    )
    inquiry = replace(
        full(),
        doubts=(doubt,),
        remarks=("近高速",),
        undo={"deal": Answer("rent", "租", "k0", 0.9)},
        undo_at=AT,
        failures=2,
    )
    assert Inquiry.from_dict(json.loads(json.dumps(inquiry.to_dict()))) == inquiry


def test_every_value_keeps_its_words_its_message_and_its_confidence() -> None:
    area = full().answers["area"]
    assert area.raw
    assert area.key
    assert area.confidence == 1.0


def test_a_full_inquiry_is_small() -> None:
    stored = zlib.compress(json.dumps(Conversation(inquiry=full()).to_dict(), ensure_ascii=False).encode())
    assert len(stored) < 1000


def test_data_of_another_version_is_a_fresh_start() -> None:
    assert Inquiry.from_dict({"v": 99, "answers": "?"}) == Inquiry(state=IDLE)
    assert Inquiry.from_dict({"answers": {"deal": "rent"}}) == Inquiry(state=IDLE)


def test_a_lead_number_comes_from_the_message_and_the_day_in_china() -> None:
    number = lead_number("24001-1700000000-o1", AT)
    assert re.fullmatch(r"L1124-[2-9A-HJ-NP-Z]{4}", number)
    assert number == lead_number("24001-1700000000-o1", AT)
    assert number != lead_number("24002-1700000000-o1", AT)
    assert lead_number("k", AT.replace(hour=17)).startswith("L1125-")


def test_remarks_are_few_and_short() -> None:
    inquiry = Inquiry()
    for number in range(50):
        inquiry = inquiry.with_remark(f"{number}" * 300)
    assert len(inquiry.remarks) == 8
    assert max(map(len, inquiry.remarks)) == 200


def test_times_survive_to_the_second() -> None:
    inquiry = replace(full(), at=AT + timedelta(seconds=7))
    assert Inquiry.from_dict(inquiry.to_dict()).at == AT + timedelta(seconds=7)
