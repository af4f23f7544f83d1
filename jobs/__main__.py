"""Puts the jobs together with the real things: what `python -m bot worker`, `clock` and `ingest` run."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial

from bot import wiring
from bot.adapters import asked
from bot.adapters.redis_scripts import TROUBLE
from bot.adapters.site.http import SiteError
from bot.adapters.site.site import Site
from bot.adapters.wechat import trouble
from bot.adapters.wechat.errors import PlatformError
from bot.store import outbox
from bot.store.clock import SharedClock
from bot.store.deliveries import Reach
from bot.store.outbox import Notice
from config.settings import Settings
from jobs import (
    answer,
    deliver,
    digest,
    doubts,
    follow,
    forget,
    handmade,
    housekeeping,
    ingest_here,
    mass,
    notify,
    previews,
    publish,
    release,
    remind,
    summary,
)
from jobs import asked as asking
from jobs import clock as ticking
from jobs import worker as working
from jobs.courier import Courier, Speed, Template, Wording
from jobs.drafts import Layout
from jobs.habits import Habits, quiet_hours
from jobs.mass import NO_LISTS, Lists
from jobs.notice import Writer
from jobs.remind import Reminder
from jobs.schedule import TABLE, Job
from jobs.schedule import jobs as scheduled

log = logging.getLogger(__name__)

_SENDING = threading.Lock()


@dataclass(frozen=True)
class Work:
    """The jobs of one process: a method for each of jobs.schedule.TABLE. wake: puts another job in the queue at once."""

    made: wiring.Base
    library: wiring.Library
    account: wiring.Account
    wake: Callable[[str], object]

    @cached_property
    def site(self) -> Site | None:
        """Kept: it knows robots.txt and the theme."""
        return wiring.site_of(self.made)

    @cached_property
    def now(self) -> SharedClock:
        """What pushing goes by: whether somebody sleeps, whose turn it is, what the platform still remembers."""
        return SharedClock(self.made.sessions)

    @cached_property
    def pictures(self) -> Callable[[str], bytes] | None:
        """Kept for the same reason."""
        return wiring.pictures_of(self.made, self.site)

    @property
    def topics(self) -> dict[str, str]:
        return {topic.key: topic.name for topic in self.library.taxonomy.topics}

    def notify(self) -> None:
        notify.deliver_due(
            self.made.sessions, self.made.vault, wiring.staff_channels(self.made.settings), self._writer()
        )

    def asked(self) -> None:
        asking.take_down(self.made.sessions, self.made.vault, lambda: asked.waiting(self.made.redis, self.made.vault))

    def answer(self) -> None:
        answer.answer_due(self.made.sessions, self.made.vault, self.account.platform, self.account.ledger)

    def remind(self) -> None:
        made, duty = self.made, self.made.texts["duty"]
        reminder = Reminder(
            made.sessions,
            wiring.routing_of(made),
            wiring.worktime_of(made),
            duty["escalation"],
            tuple(wiring.staff_channels(made.settings)),
        )
        if remind.remind(reminder, datetime.now(UTC)):
            self.wake("notify")

    def summary(self) -> None:
        channels = tuple(wiring.staff_channels(self.made.settings))
        if summary.summarise(self.made.sessions, wiring.worktime_of(self.made), channels, datetime.now(UTC)):
            self.wake("notify")

    def forget(self) -> None:
        forget.let_go_of_inquiries(
            wiring.conversations_of(self.made), wiring.form_of(self.made), partial(datetime.now, UTC)
        )

    def ingest(self) -> None:
        try:
            ingest_here.scheduled(self.made, self.site, self.library)
        except SiteError as error:
            log.warning("the site cannot be read just now", extra={"why": str(error)})
        self.library.refresh()
        self.wake("digest")

    def digest(self) -> None:
        rules, now = wiring.push_rules(self.made), self.now()
        if digest.plan(
            self.made.sessions, self.topics, now, reach=self.reach, rules=rules, habits=habits_of(self.made)
        ):
            self._announce(now)
            self.wake("deliver")

    @property
    def templates(self) -> dict[str, Template]:
        """Those that are set up: the id from the environment, the fields from config/schedule.toml."""
        settings, push = self.made.settings.wechat, self.made.texts["schedule"]["push"]
        ids = {"template": settings.news_template, "notice": settings.news_notice}
        return {name: Template(number, push[name]) for name, number in ids.items() if number}

    @property
    def reach(self) -> Reach:
        """How this account reaches followers one by one, best first."""
        rights, templates = self.account.rights, self.templates
        can = {
            "service": rights.customer_messages,
            "template": rights.templates and "template" in templates,
            "notice": rights.notices and "notice" in templates,
        }
        wanted = self.made.texts["schedule"]["push"]["channels"]
        return Reach(tuple(one for one in wanted if can[one]), self.made.settings.wechat.news_notice)

    def _announce(self, now: datetime) -> None:
        note = self.made.texts["staff"]["news"]["waits"]
        if release.announce(self.made.sessions, self.topics, wiring.staff_channels(self.made.settings), now, note):
            self.wake("notify")

    def deliver(self) -> None:
        sessions, platform, ledger = self.made.sessions, self.account.platform, self.account.ledger
        habits, now = habits_of(self.made), self.now()
        layout, told = self._layout(), self._draft_told()
        rights = self.account.rights
        previews.show_wanted(sessions, platform, layout, allowed=rights.mass_preview)
        release.release_due(sessions, self.reach, habits, now)
        if rights.customer_messages:
            doubts.settle(sessions, platform, ledger, self.now)
        self._one_by_one()
        handmade.deliver_due(sessions, platform, layout, told, wiring.staff_channels(self.made.settings), self.now)
        if rights.publish:
            publish.publish_due(sessions, platform, layout, self.now)
        if self._mass_sends and not habits.is_quiet(now):
            mass.deliver_due(sessions, platform, ledger, self.topics, layout, self.now, self._lists)

    def _layout(self) -> Layout:
        return Layout(wiring.tail_of(self.made), self.pictures)

    def _draft_told(self) -> handmade.Told:
        news = self.made.texts["staff"]["news"]
        return handmade.Told(news["drafted"], news["undrafted"])

    def _one_by_one(self) -> None:
        """One run a process at a time: it sends several at once by itself, and other jobs need threads, too."""
        if not _SENDING.acquire(blocking=False):
            return
        try:
            deliver.run(self._courier())
        finally:
            _SENDING.release()

    def _courier(self) -> Courier:
        made, push = self.made, self.made.texts["schedule"]["push"]
        return Courier(
            sessions=made.sessions,
            sender=self.account.platform,
            ledger=self.account.ledger,
            wording=Wording(
                made.texts["staff"]["news"], self.topics, self.templates, wiring.topic_pictures(made.texts)
            ),
            now=self.now,
            worker=uuid.uuid4().hex,
            channels=self.reach.channels,
            speed=Speed(push["at_once"], push["per_second"]),
            habits=habits_of(made),
            more=partial(self.wake, "deliver"),
            alarm=self._alarm,
        )

    def _alarm(self, error: PlatformError) -> None:
        """Staff hear of a kind of trouble once a day."""
        now = datetime.now(UTC)
        key = f"trouble:{error.code}:{error.call}:{now:%Y%m%d}"
        note = trouble.told(error, self.made.texts["desk"]["platform"])
        with self.made.sessions.begin() as session:
            channels = wiring.staff_channels(self.made.settings)
            told = outbox.add(session, Notice("trouble", key, note=note), channels, now) if channels else ()
        if told:
            self.wake("notify")

    def follow(self) -> None:
        if self.account.rights.tags:
            follow.bring_in_step(self.made.sessions, self.account.platform, self.now)

    def mass(self) -> None:
        if not self._mass_sends:
            if handmade.plan(self.made.sessions, self.now()):
                self.wake("deliver")
            return
        kind = "service" if self.account.rights.is_service else "subscription"
        every = timedelta(days=self.made.texts["schedule"]["push"][f"mass_days_{kind}"])
        now = self.now()
        habits = habits_of(self.made)
        if mass.plan(self.made.sessions, self.topics, self.account.ledger, now, every, habits, self._lists):
            self._announce(now)
            self.wake("deliver")

    @property
    def _mass_sends(self) -> bool:
        """To a tag, or to lists where there is no tag to be had."""
        rights = self.account.rights
        return rights.mass_to_tag and (rights.tags or rights.mass_to_followers)

    @property
    def _lists(self) -> Lists:
        """Only service accounts may send to followers by name."""
        below = self.made.texts["schedule"]["push"]["mass_list_below"]
        return Lists(below) if self.account.rights.mass_to_followers else NO_LISTS

    def housekeeping(self) -> None:
        kept = housekeeping.Kept(lost=self.made.settings.lost_lead_kept)
        now = datetime.now(UTC)
        housekeeping.tidy(self.made.sessions, self.made.vault, now, kept)
        wiring.bury(self.made, now - timedelta(days=2))

    def _writer(self) -> Writer:
        made = self.made
        titles = lambda ids: [article.title for article in self.library.articles.get(tuple(ids))]  # noqa: E731
        return Writer(
            made.texts["staff"], made.settings.public_url, wiring.reader(made.settings.config_dir).place, titles
        )


def worker(settings: Settings) -> int:
    """Work until stopped. Returns the exit status."""
    made = wiring.base(settings)
    library = wiring.library_of(made)
    library.keep_fresh()
    broker = working.build_broker(settings.redis_url)
    work = Work(made, library, wiring.account_of(made), partial(working.enqueue, broker))
    tasks: dict[str, Callable[[], object]] = {name: getattr(work, name) for name in TABLE}
    working.register(broker, tasks, _table(made))
    with suppress(*TROUBLE):
        work.wake("deliver")  # somebody may have died with it in their hands
    return working.main(broker)


def clock(settings: Settings) -> int:
    """Say when until stopped. Returns the exit status."""
    made = wiring.base(settings)
    broker = working.build_broker(settings.redis_url)
    return ticking.run(made.redis, _table(made), partial(working.enqueue, broker))


def habits_of(made: wiring.Base) -> Habits:
    """config/schedule.toml, with what the environment says instead."""
    settings, habits = made.settings, Habits.from_toml(made.texts["schedule"]["push"])
    if settings.preview_minutes is not None:
        minutes = timedelta(minutes=settings.preview_minutes)
        habits = replace(habits, preview=minutes, preview_at_once=minutes)
    return replace(habits, quiet=quiet_hours(settings.quiet_hours)) if settings.quiet_hours else habits


def _table(made: wiring.Base) -> tuple[Job, ...]:
    settings = made.settings
    return scheduled(made.texts["schedule"], {"ingest": settings.ingest_every, "digest": settings.digest_every})
