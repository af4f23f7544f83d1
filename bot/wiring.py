"""The composition root: which real thing stands behind each port. Nothing else knows what is real."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.adapters import asked
from bot.adapters.conversations import Conversations, Lost, Occupied, Pace, Replayed, Unavailable
from bot.adapters.holidays import is_workday
from bot.adapters.links import FormLinks, ReadingLinks
from bot.adapters.redis_scripts import TROUBLE, Client, connected
from bot.adapters.site.pages import Rules, Theme
from bot.adapters.tombstones import Tombstones
from bot.adapters.vault import Vault
from bot.adapters.wechat.callback import Callback, Refused
from bot.adapters.wechat.capabilities import Capabilities, Refusals, Standing
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.errors import PlatformError, Unsure
from bot.adapters.wechat.quota import Ledger
from bot.adapters.wechat.token import TokenStore
from bot.adapters.wechat.weblogin import WebLogin
from bot.answering import Answering, Router, Unfinished
from bot.deadline import Cut, Deadline, Send
from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import ArticleRead, Effect, PersonErased, Unfollowed
from bot.dialogue.form import Form
from bot.dialogue.lookups import Advisor, Articles, Lookups, OpenLead, Topic, WaitingNews
from bot.dialogue.message import Message, Other
from bot.dialogue.reply import Card, Reply, Words, tap
from bot.dialogue.transcript import readable
from bot.dialogue.wording import Heard, Wording
from bot.dialogue.worktime import Worktime
from bot.replies import OwnReplies, own_replies
from bot.search.articles import IndexedArticles
from bot.search.builder import Busy, Change, catch_up, place, rebuild, tidy
from bot.search.calibration import calibrate, grown_since_calibration
from bot.search.document import Document
from bot.search.duplicates import Story, Twins
from bot.search.finding import Tools
from bot.search.index import Index
from bot.search.synonyms import Synonyms
from bot.search.topics import Taxonomy
from bot.store import articles as stored
from bot.store import broadcasts, deliveries, effects, erasures, followers, leads, news, talks
from bot.store import migrate as migrations
from bot.store.base import Sessions, reading, sessions
from bot.store.lines import Threshold
from bot.store.patience import Away, Patience
from bot.store.routing import Routing, Rule
from bot.store.talklog import TalkLog
from bot.store.talks import Line
from bot.tagging import made_again
from bot.taking import Taker
from bot.understanding.lexicon import Lexicon
from bot.understanding.reader import Reader
from bot.vitals import Vitals
from config import texts
from config.settings import Settings
from config.texts import Texts

if TYPE_CHECKING:
    from dramatiq.brokers.redis import RedisBroker

    from bot.adapters.site.http import Fetcher
    from bot.adapters.site.other import OtherFeed
    from bot.adapters.site.site import Site

HOT_TOPICS = 4
READINGS_KEPT = 256
"""Several rows of the table look at the same message."""
REFRESH_S = 0.5
FIRST_LOOK_S = 60.0
REFRESH_MOST_S = 8.0
"""Between looks while they fail."""
BUSY = (Away, Lost, Occupied, Unavailable)
"""What a conversation cannot be had or kept for just now."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Front:
    """What a web process needs to answer the platform and staff.

    wake: tells a worker that there is something to do: notices, unless another job is named.
    refused, replayed, again: errors that mean a stranger, a forged repeat, and that the platform should ask again.
    """

    callback: Callback
    answering: Answering
    answer: Callable[[Message, str | None], Reply]
    apology: Words
    checks: Mapping[str, Callable[[], object]]
    made: Base
    library: Library
    lookups: Lookups
    replies: OwnReplies
    channels: tuple[str, ...]
    wake: Callable[..., object]
    refused: type[Exception] = Refused
    replayed: type[Exception] = Replayed
    again: tuple[type[Exception], ...] = (Cut, Occupied, Lost, Unfinished)


@dataclass(frozen=True, slots=True)
class Base:
    """What every process has: settings, data files, rows, Redis and the vault."""

    settings: Settings
    texts: Texts
    sessions: Sessions
    redis: Client
    vault: Vault


def base(settings: Settings) -> Base:
    return Base(
        settings,
        texts.read(settings.config_dir),
        sessions(settings.database_url),
        connected(settings.redis_url),
        Vault(settings.data_key, settings.old_data_keys),
    )


def migrate(settings: Settings) -> None:
    migrations.upgrade(settings.database_url)


def reader(own: str = "") -> Reader:
    """The understanding of inquiries, with the words of config/understanding."""
    folder = Path(own) / "understanding" if own else texts.HERE / "understanding"
    return Reader(Lexicon.from_folder(folder if folder.is_dir() else texts.HERE / "understanding"))


def front(settings: Settings, router: Router) -> Front:
    """Everything behind the webhook. Starts the thread that keeps index and news number fresh."""
    made = base(settings)
    library, replies = library_of(made), replies_of(made)
    patience = Patience()
    lookups = _patient(lookups_of(made, library, replies), patience)
    library.first_look()
    library.keep_fresh(replies.refresh)
    talk = TalkLog(made.sessions, made.vault)
    talk.keep_writing()
    triage = routing_of(made).triage
    channels, wake = channel_names(settings), partial(_wake, settings.redis_url)
    answering = Answering(
        conversations=conversations_of(made),
        router=router,
        lookups=lookups,
        profile=lambda openid: patience.ask(partial(_profile, made.sessions, openid)),
        commit=lambda message, done: patience.do(partial(_commit, made, channels, triage, wake, message, done)),
        note=partial(asked.entry, made.vault),
        heard=partial(_heard, talk),
    )
    deadline = Deadline(answering.answer, answering.conversations, _sender(account_of(made)), settings.threads * 2)
    wechat = settings.wechat
    return Front(
        callback=Callback(wechat.token, wechat.app_id, wechat.aes_key, wechat.mode, wechat.window),
        answering=answering,
        answer=deadline.answer,
        apology=Words(lookups.say("sorry")),
        checks={"redis": made.redis.ping, "database": partial(select_one, made.sessions)},
        made=made,
        library=library,
        lookups=lookups,
        replies=replies,
        channels=channels,
        wake=wake,
    )


def conversations_of(made: Base) -> Conversations:
    settings = made.settings
    pace = Pace(settings.follower_burst)
    return Conversations(made.redis, made.vault, settings.draft_kept, window=settings.wechat.window, pace=pace)


def form_of(made: Base) -> Form:
    """The inquiry, with the times for which drafts are kept as the environment says."""
    form, settings = Form.from_toml(made.texts["intake"]), made.settings
    times = replace(form.times, draft=settings.draft_kept, unconsented=settings.unconsented_kept)
    return replace(form, times=times)


def _patient(lookups: Lookups, patience: Patience) -> Lookups:
    """What asks the database, with an end to the waiting. Raises Away there."""
    waiting_news, open_lead = lookups.waiting_news, lookups.open_lead
    return replace(
        lookups,
        waiting_news=lambda openid: patience.ask(partial(waiting_news, openid)),
        open_lead=lambda openid, phones: patience.ask(partial(open_lead, openid, phones)),
    )


def _sender(account: Account) -> Send:
    """Customer-service messages for answers that came too late, within what the follower's windows hold."""

    def send(openid: str, reply: Reply) -> bool:
        if not account.rights.customer_messages or not isinstance(reply, Words | Card):
            return False
        window = account.ledger.spend(openid, datetime.now(UTC))
        if not window:
            return False
        try:
            if isinstance(reply, Card):
                account.platform.send_card(openid, reply)
            else:
                account.platform.send_text(openid, reply.text)
        except Unsure:
            return True  # twice would be worse than perhaps not at all
        except PlatformError as error:
            account.ledger.give_back(openid, window)
            account.ledger.correct(openid, error)
            return False
        return True

    return send


def replies_of(made: Base) -> OwnReplies:
    """What the firm says in its own words, as staff last changed it."""
    replies = own_replies(made.sessions, made.texts.files, _phrases(made.texts))
    with suppress(
        sa.exc.OperationalError, sa.exc.ProgrammingError
    ):  # a database that is not there yet has changed nothing
        replies.refresh()
    return replies


def lookups_of(made: Base, library: Library, replies: OwnReplies) -> Lookups:
    """What handlers may ask."""
    understand = reader(made.settings.config_dir)
    rights = Capabilities.of(made.settings.wechat.account)
    advisor = Advisor(**made.texts["firm"]["advisor"])
    topics = library.taxonomy.topics
    return Lookups(
        say=Wording(replies.phrases, _facts(made.texts, topics, advisor)),
        heard=Heard.of(made.texts["replies"]["heard"]),
        understand=lru_cache(READINGS_KEPT)(understand),
        wants_human=understand.wants_human,
        articles=library.articles,
        topics=topics,
        advisor=advisor,
        keywords=replies,
        menu=replies.says,
        form=form_of(made),
        latest_broadcast=lambda: library.latest_news,
        waiting_news=partial(_waiting_news, made.sessions, library.articles),
        open_lead=partial(_open_lead, made),
        hands_over=rights.hand_over,
        pushes=rights.pushes,
        firm=made.texts["firm"]["name"],
        site=made.texts["firm"]["site"] or made.settings.site_url,
        place=understand.place,
        page=links_of(made).to,
        trail=reading_links_of(made).to if keeps_readings(made) else lambda _, article: article.url,
    )


def worded(front: Front, text: str) -> str:
    """A phrase of staff as it would be said. Raises KeyError, ValueError, IndexError for braces that mean nothing."""
    facts = _facts(front.made.texts, front.lookups.topics, front.lookups.advisor)
    return Wording({**front.replies.phrases, "tried": text}, facts)("tried")


def links_of(made: Base) -> FormLinks:
    lasts = timedelta(hours=made.texts["intake"].get("page", {}).get("link_hours", 24))
    return FormLinks(made.vault, made.settings.public_url, lasts)


def reading_links_of(made: Base) -> ReadingLinks:
    return ReadingLinks(made.vault, made.settings.public_url)


def keeps_readings(made: Base) -> bool:
    """Whether the firm wants to know who opens which article."""
    return bool(made.texts["firm"].get("reading_links", True))


def note_reading(made: Base, openid: str, article: int) -> None:
    """On its way to the database by Redis, so that nobody waits for it. Raises what Redis raises while it is away."""
    message = Message(openid, "", datetime.now(UTC), f"read {article} {openid}", Other("page"))
    made.redis.rpush(asked.ASKED, asked.entry(made.vault, message, (ArticleRead(article),)))


@dataclass
class Library:
    """The articles of one process: the index, its taxonomy, and how it keeps up with the rows."""

    sessions: Sessions
    index: Index
    taxonomy: Taxonomy
    articles: IndexedArticles
    latest_news: int = 0

    def refresh(self) -> None:
        """Take in what changed, if this process may write, and see what any process has written."""
        with reading(self.sessions) as session:
            behind = stored.latest_seq(session) > place(self.index)
            self.latest_news = broadcasts.latest_news(session)
        taken = catch_up(self.index, self.changes) if behind else 0
        left = self.index.folder
        self.index.reload()
        if self.index.folder != left:
            tidy(self.index)  # the last one to leave a generation removes it
        if taken:
            self._keep_fit()

    def _keep_fit(self) -> None:
        """Beside the answers and the next look: it asks the index a thousand questions, or builds it anew."""
        work = self.renew if self.index.is_worn else self.calibrate if grown_since_calibration(self.index) else None
        if work:
            threading.Thread(target=work, name="library-work", daemon=True).start()

    def renew(self) -> None:
        """Build the index anew, without the texts that were replaced."""
        with suppress(Busy):
            rebuild(self.index, self.changes)

    def calibrate(self) -> None:
        calibrate(self.index, self.articles.tools, datetime.now(UTC))

    def first_look(self, patience: float = FIRST_LOOK_S) -> None:
        """After a change of the analysis the index is empty: fill it, or wait for the process that fills it, before
        anybody is answered. Where the rows cannot be had, answers begin with what there is."""
        until = time.monotonic() + patience
        try:
            self.refresh()
            while self._is_behind() and time.monotonic() < until:
                time.sleep(REFRESH_S)
                self.refresh()
            tidy(self.index)
        except Exception:
            log.exception("the index cannot be looked at before the start")

    def _is_behind(self) -> bool:
        with reading(self.sessions) as session:
            return stored.latest_seq(session) > place(self.index)

    def keep_fresh(self, *others: Callable[[], object]) -> None:
        """From now on, and whatever else is to be looked at as often."""
        threading.Thread(target=self._for_ever, args=others, name="library", daemon=True).start()

    def _for_ever(self, *others: Callable[[], object]) -> None:
        pause = REFRESH_S
        while True:
            try:
                for look in (self.refresh, *others):
                    look()
                pause = REFRESH_S
            except Exception:  # the next look may go better; answers go on with what there is
                log.exception("what is kept fresh cannot be refreshed")
                pause = min(REFRESH_MOST_S, pause * 2)
            time.sleep(pause)

    def changes(self, after: int, limit: int) -> list[Change]:
        with reading(self.sessions) as session:
            rows = stored.changed_since(session, after, limit)
            topics = stored.topics_of(session, [row.id for row in rows])
        return [Change(row.index_seq, row.id, _document(row, topics.get(row.id, ()))) for row in rows]


def library_of(made: Base) -> Library:
    taxonomy = Taxonomy.from_toml(made.texts["topics"])
    index = Index(Path(made.settings.data_dir) / "index")
    tools, pictures = search_tools(made.texts, taxonomy), topic_pictures(made.texts)
    articles = IndexedArticles(index, taxonomy.topics, tools, pictures=pictures)
    return Library(made.sessions, index, taxonomy, articles)


def topic_pictures(files: Texts) -> dict[str, str]:
    """By topic, for its articles that have none of their own."""
    return {row["key"]: row["picture"] for row in files["topics"]["topic"] if row.get("picture")}


def is_small_talk(heard: Heard, text: str) -> bool:
    """Whether a message is answered before anybody searches: a greeting, thanks, a command."""
    return any(heard(name, text) for name in _BEFORE_SEARCH) or sum(char.isalnum() for char in text) < 2


_BEFORE_SEARCH = (
    "help",
    "greeting",
    "thanks",
    "more",
    "related",
    "contact",
    "human",
    "qr",
    "mine",
    "topics",
    "unsubscribe_all",
)


def search_tools(files: Texts, taxonomy: Taxonomy) -> Tools:
    """What the search knows of the trade: other names for things, and terms it understands by their sound."""
    return Tools.of(Synonyms.from_toml(files["synonyms"]), taxonomy.terms)


def _document(row: stored.Article, topics: tuple[str, ...]) -> Document | None:
    if row.gone_at is not None or row.hidden_at is not None:
        return None
    return Document(
        id=row.id,
        title=row.title,
        body=row.body,
        published=row.published_at,
        category=row.category,
        topics=topics,
        url=row.url,
        picture=row.picture,
        summary=row.summary,
        duplicate_of=row.duplicate_of,
    )


def site_rules(made: Base) -> Rules:
    return Rules.from_toml(made.texts["site"])


def site_of(made: Base) -> Site | None:
    """The firm's site with what is known of its theme, or None where no address is given."""
    from bot.adapters.site.site import Site  # reading sites takes much code that only workers need

    settings = made.settings
    if not settings.site_url:
        return None
    with reading(made.sessions) as session:
        theme = stored.remembered(session, "theme").get("theme")
    return Site(_fetcher(made, settings.site_url), site_rules(made), Theme(**theme) if theme else None)


def other_feeds(made: Base) -> list[OtherFeed]:
    """The feeds that config/site.toml names beside the firm's site."""
    from bot.adapters.site.http import root
    from bot.adapters.site.other import OtherFeed

    cleaning = site_rules(made).cleaning
    rows = made.texts["site"].get("feed", [])
    return [
        OtherFeed(row["name"], row["url"], _fetcher(made, root(row["url"])), cleaning, row.get("category", ""))
        for row in rows
    ]


def pictures_of(made: Base, site: Site | None) -> Callable[[str], bytes] | None:
    """Files of the site, and of the hosts where it keeps its pictures, by their addresses."""
    from bot.adapters.site.http import file_of, root

    if site is None:
        return None
    hosts = made.texts["site"].get("picture_hosts", [])
    return partial(file_of, [site.fetcher, *(_fetcher(made, root(one)) for one in hosts)])


def _fetcher(made: Base, address: str) -> Fetcher:
    from bot.adapters.site.http import Fetcher

    rules, private = made.texts["site"], made.settings.site_private
    return Fetcher(
        address,
        rules["user_agent"],
        private=private,
        pause=0.0 if private else rules["seconds_between"],
        timeout=rules["timeout"],
        longest=rules["longest"],
        most_bytes=rules["most_bytes"],
    )


def own_page(made: Base, ending: str) -> stored.Article | None:
    """An article that staff wrote here, by the end of its address."""
    with reading(made.sessions) as session:
        return stored.own_page(session, ending)


def taker_of(made: Base, library: Library) -> Taker:
    """What takes in an article, whoever brings it: the site, a feed, staff."""
    twins = Twins(library.index)

    def same_story(article_id: int, content: stored.Content) -> int | None:
        near = twins.original_of(Story(article_id, content.title, content.body, content.published_at))
        with reading(made.sessions) as session:
            return stored.earlier_with(session, content.hash, article_id) or stored.still_here(session, near)

    threshold = Threshold(made.texts["site"]["boilerplate_from"])
    cleaning, now = site_rules(made).cleaning, partial(datetime.now, UTC)
    return Taker(made.sessions, cleaning, library.taxonomy.assign, same_story, now, threshold)


@dataclass(frozen=True, slots=True)
class Account:
    """The firm's account at the platform: its calls, what is left of them, and what it may do."""

    platform: Platform
    ledger: Ledger
    refusals: Refusals
    rights: Capabilities

    def standing(self) -> tuple[Standing, ...]:
        """What it may do now; refusals come and go while a process runs."""
        return Capabilities.of(self.rights.account).reduced_by(self.refusals.standing(datetime.now(UTC))).table()

    def is_allowed(self, right: str) -> bool:
        """Whether it may do this now, by the name of a right."""
        return any(one.allowed for one in self.standing() if one.right.name == right)


def web_login_of(made: Base, account: Account) -> WebLogin:
    wechat = made.settings.wechat
    return WebLogin(
        account.platform, wechat.open_base, made.settings.public_url, lambda: account.is_allowed("web_sign_in")
    )


def tag_of(made: Base, platform: Platform, topic: str) -> int:
    """The topic's tag at the platform, on all who follow it. Raises PlatformError."""
    names = {row["key"]: row["name"] for row in made.texts["topics"]["topic"]}
    return made_again(platform, made.sessions, topic, names.get(topic, topic))


def account_of(made: Base) -> Account:
    wechat = made.settings.wechat
    rights = Capabilities.of(wechat.account)
    ledger = Ledger(made.redis, wechat.app_id, rights.is_service)
    refusals = Refusals(made.redis, wechat.app_id)
    now = partial(datetime.now, UTC)
    counted, refused = ledger.watch(now), refusals.watch(now)

    def watch(call: str, error: PlatformError | None, seconds: float) -> None:
        counted(call, error, seconds)
        refused(call, error, seconds)

    platform = Platform(
        wechat.app_id, wechat.app_secret, wechat.api_base, _tokens(made), watch=watch, today=ledger.today(now)
    )
    return Account(platform, ledger, refusals, rights.reduced_by(refusals.standing(now())))


def worktime_of(made: Base) -> Worktime:
    return Worktime.from_toml(made.texts["duty"], is_workday)


def routing_of(made: Base) -> Routing:
    rules, worktime = made.texts["duty"]["routing"], worktime_of(made)
    return Routing(
        secrets=made.vault,
        score=made.texts["staff"]["score"],
        rules=[Rule.from_toml(row) for row in rules.get("rules", ())],
        most=rules["most"],
        on_duty=worktime.on_duty,
        today=worktime.today,
    )


def _tokens(made: Base) -> TokenStore:
    return TokenStore(made.redis, made.vault, made.settings.wechat.app_id)


def vitals_of(front: Front) -> Vitals:
    made = front.made
    return Vitals(made.sessions, made.redis, front.library.index, _tokens(made), partial(datetime.now, UTC))


def push_rules(made: Base) -> news.Rules:
    rules = made.texts["schedule"]["push"]
    days = {name: timedelta(days=rules[f"{name}_days"]) for name in ("backfill", "recent")}
    return news.Rules(rules["evidence"], days["backfill"], days["recent"], rules["most"])


def channel_names(settings: Settings) -> tuple[str, ...]:
    """Of the channels that are set up; the order is the order in which they are told."""
    staff = settings.staff
    addresses = {
        "wecom": staff.wecom_url,
        "dingtalk": staff.dingtalk_url,
        "feishu": staff.feishu_url,
        "mail": staff.smtp_url,
    }
    return tuple(name for name, address in addresses.items() if address)


def staff_channels(settings: Settings) -> dict[str, Any]:
    """The channels that are set up, by name, for whoever sends: the web processes only need to know their names."""
    from bot.adapters.staff.dingtalk import DingTalk
    from bot.adapters.staff.feishu import Feishu
    from bot.adapters.staff.mail import Mail
    from bot.adapters.staff.wecom import WeCom

    staff = settings.staff
    makers: dict[str, Callable[[], object]] = {
        "wecom": lambda: WeCom(staff.wecom_url),
        "dingtalk": lambda: DingTalk(staff.dingtalk_url, staff.dingtalk_secret),
        "feishu": lambda: Feishu(staff.feishu_url, staff.feishu_secret),
        "mail": lambda: Mail(staff.smtp_url, staff.mail_from, staff.mail_to),
    }
    return {name: makers[name]() for name in channel_names(settings)}


def _commit(
    made: Base,
    channels: tuple[str, ...],
    triage: effects.Triage,
    wake: Callable[[], object],
    message: Message,
    done: tuple[Effect, ...],
) -> None:
    now = datetime.now(UTC)
    committed = effects.commit(made.sessions, made.vault, message, done, channels, now, triage)
    if any(isinstance(effect, PersonErased | Unfollowed) for effect in done):
        bury(made, message.at)
    if committed.outbox_ids:
        wake()


def _heard(talk: TalkLog, message: Message, reply: Reply) -> None:
    """Both sides of one turn, as far as there is something to read in them."""
    for who, said in ((talks.FOLLOWER, readable(message.content)), (talks.BOT, readable(reply))):
        if said is not None:
            talk.note(Line(message.openid, message.at, who, *said))


def tombstones_of(made: Base) -> Tombstones:
    return Tombstones(Path(made.settings.data_dir), made.redis)


def forget(made: Base, conversations: Conversations, openid: str) -> None:
    """What is left to do after staff erased somebody from the database. Raises Unavailable."""
    bury(made, datetime.now(UTC) - timedelta(minutes=1))
    conversations.erase(openid)


def bury(made: Base, since: datetime) -> None:
    """Keep the stones of erasures since then outside of the database, too."""
    with reading(made.sessions) as session:
        stones = erasures.all_stones(session, since)
    tombstones_of(made).add(stones)


def _wake(redis_url: str, job: str = "notify") -> None:
    """Somebody should hear at once; where Redis is away the clock comes round anyway."""
    from bot.adapters.tasks import enqueue

    with suppress(*TROUBLE):
        enqueue(_broker(redis_url), job)


@cache
def _broker(redis_url: str) -> RedisBroker:
    from bot.adapters.tasks import build_broker  # loaded with the first lead, not before the first answer

    return build_broker(redis_url)


def _profile(sessions: Sessions, openid: str) -> Conversation:
    with reading(sessions) as session:
        known = followers.profile(session, openid)
    return Conversation(topics=known.topics, pace=known.pace, scene=known.scene)


def _waiting_news(sessions: Sessions, articles: Articles, openid: str) -> WaitingNews:
    with reading(sessions) as session:
        waiting = deliveries.waiting_news(session, openid, datetime.now(UTC))
    return WaitingNews(waiting.broadcasts, articles.get(waiting.articles), waiting.later)


def _open_lead(made: Base, openid: str, phones: tuple[str, ...]) -> OpenLead | None:
    with reading(made.sessions) as session:
        return leads.open_lead(session, made.vault, openid, phones, datetime.now(UTC))


def _phrases(files: Texts) -> dict[str, str]:
    return {**files["replies"]["phrases"], **files["intake"]["phrases"]}


def _facts(files: Texts, topics: tuple[Topic, ...], advisor: Advisor) -> dict[str, object]:
    hot = files["replies"]["phrases"]["separator"].join(tap(topic.name) for topic in topics[:HOT_TOPICS])
    return {
        "firm": files["firm"]["name"],
        "name": advisor.name,
        "phone": advisor.phone,
        "wechat": advisor.wechat,
        "hours": advisor.hours,
        "topic_taps": hot,
    }


def select_one(sessions: Sessions) -> None:
    """Asks the database something simple. Raises what the driver raises."""
    with reading(sessions) as session:
        session.execute(sa.text("SELECT 1"))
