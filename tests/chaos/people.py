"""Followers who ask, and prospects who hand in an inquiry and try again like people when something goes wrong."""

from __future__ import annotations

import itertools
import random
import re
import threading
import time
from dataclasses import dataclass, field

from tests.chaos.platform import Platform, Sent

QUESTIONS = ("光模块", "低空经济", "什么是链长制", "新能源汽车", "最新文章", "帮助", "联系方式")
REORDERED = 0.15
"""How often messages of a person arrive in another order, or at once."""
_NUMBER = re.compile(r"[A-Z]{0,2}\d{4}-[0-9A-Z]{4,8}")
_people = itertools.count(int(time.time()) % 100_000 * 1000)


@dataclass
class Crowd:
    """told: phone of a prospect -> the number they were told. tried: phones of everybody who began."""

    platform: Platform
    told: dict[str, str] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    pause: float = 0.4
    reordered: int = 0

    def live(self) -> None:
        while not self.stop.is_set():
            number = next(_people)
            if random.random() < 0.5:
                self._read(f"oReader{number:021d}")
            else:
                self._hand_in(f"oProspect{number:019d}", f"138{number % 10**8:08d}")

    def _read(self, openid: str) -> None:
        if random.random() < REORDERED:
            self.platform.say_together(openid, random.sample(QUESTIONS, 3))
            self.reordered += 3
            return
        for question in random.sample(QUESTIONS, 3):
            self.platform.say(openid, question)
            self._rest()

    def _hand_in(self, openid: str, phone: str) -> None:
        self.tried.add(phone)
        inquiry = f"想在昆山租3000平厂房，做注塑模具，税收200万，苏州测试模具有限公司，王总{phone}"
        if random.random() < REORDERED:  # the consent may be there before what it is for
            for said in self.platform.say_together(openid, (inquiry, "同意并提交")):
                self._note(said, phone)
            self.reordered += 2
        for _ in range(6):
            if self.stop.is_set() or phone in self.told:
                return
            card = self.platform.say(openid, inquiry)
            self._rest()
            if "请核对" not in card.heard:
                continue
            for _ in range(3):
                done = self.platform.say(openid, "同意并提交")
                self._rest()
                if self._note(done, phone):
                    return
                if done.heard and "抱歉" not in done.heard:
                    break

    def _note(self, said: Sent, phone: str) -> bool:
        """Whether it tells a number."""
        number = _NUMBER.search(said.heard)
        if "已提交" in said.heard and number:
            self.told[phone] = number[0]
            return True
        return False

    def _rest(self) -> None:
        time.sleep(self.pause * random.uniform(0.5, 1.5))
