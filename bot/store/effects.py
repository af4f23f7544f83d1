"""Makes the effects of one turn rows, all in one transaction, and only once however often the message comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.dialogue import message as said
from bot.dialogue.effects import (
    ArticleRead,
    Asked,
    ConsentWithdrawn,
    Effect,
    Followed,
    HumanWanted,
    InquiryBegun,
    LeadRevised,
    LeadSubmitted,
    NewsShown,
    Noted,
    PersonErased,
    Reported,
    TopicsChosen,
    Unfollowed,
)
from bot.dialogue.message import Message
from bot.store import (
    beginnings,
    consents,
    deliveries,
    erasures,
    followers,
    inbox,
    leads,
    outbox,
    questions,
    readings,
    reply_news,
    reports,
    subscriptions,
    talks,
)
from bot.store.base import Sessions
from bot.store.lead_events import LeadEvent
from bot.store.outbox import WORDS, Notice
from bot.store.secrets import Secrets

HUMAN_PAUSE = timedelta(minutes=2)
"""Staff are told once, not with every message of somebody who asks for a person again and again."""

_OPENS_WINDOW = (said.Text, said.Image, said.Voice, said.Video, said.Location, said.Link)
"""What the platform counts as a message of the user, and so as the start of 48 hours (reference §4.1)."""


Triage = Callable[[Session, LeadEvent], None]
"""What is done at once with a lead that came in or changed: how promising it is, and whose it is (routing.py)."""


def _untouched(_session: Session, _event: LeadEvent) -> None:
    """Nobody looks at it yet."""


@dataclass(frozen=True, slots=True)
class Committed:
    """outbox_ids: notices that now wait for a worker. repeated: the message had left its rows before."""

    outbox_ids: tuple[int, ...] = ()
    repeated: bool = False


@dataclass(slots=True)
class _Scribe:
    """Writes the effects of one message."""

    session: Session
    secrets: Secrets
    message: Message
    channels: tuple[str, ...]
    now: datetime
    triage: Triage
    outbox_ids: list[int] = field(default_factory=list)

    def tell(self, notice: Notice) -> None:
        """Due at once by our own clock: a message from a clock that runs ahead must not keep staff waiting."""
        self.outbox_ids += outbox.add(self.session, notice, self.channels, self.now)


def commit(
    sessions: Sessions,
    secrets: Secrets,
    message: Message,
    effects: tuple[Effect, ...],
    channels: Iterable[str],
    now: datetime | None = None,
    triage: Triage = _untouched,
) -> Committed:
    """Rows for all effects, or for none. Raises reply_news.NewsTaken where news of the reply went out meanwhile.

    now: what our own clock says; the time of the message where none is given.
    """
    if not effects:
        return Committed()
    with sessions.begin() as session:
        if not inbox.is_first(session, leads.message_hash(secrets, message.key), message.at):
            _show_again(session, message, effects)
            return Committed(repeated=True)
        scribe = _Scribe(session, secrets, message, tuple(channels), now or message.at, triage)
        if isinstance(message.content, _OPENS_WINDOW):
            followers.heard(session, message.openid, message.at)
        for effect in effects:
            _write(scribe, effect)
        return Committed(tuple(scribe.outbox_ids))


def take_down(sessions: Sessions, secrets: Secrets, noted: Sequence[tuple[Message, tuple[Noted, ...]]]) -> int:
    """Rows for what was noted with answers; one transaction. Returns how many; nobody who left is among them."""
    with sessions.begin() as session:
        hashed = {leads.message_hash(secrets, message.key): (message, notes) for message, notes in noted}
        new = inbox.first_ones(session, {name: message.at for name, (message, _) in hashed.items()})
        stones = erasures.stones(session, secrets, {hashed[name][0].openid for name in new})
        fresh = [hashed[name] for name in new if not _is_gone(hashed[name][0], stones)]
        every = [(message, one) for message, notes in fresh for one in notes]
        questions.ask_all(session, [(said.openid, one, said.at) for said, one in every if isinstance(one, Asked)])
        beginnings.note_all(session, [(one, said.at) for said, one in every if isinstance(one, InquiryBegun)])
        followers.heard_all(session, _heard([message for message, _ in fresh]))
        readings.note_all(session, [(m.openid, one.article, m.at) for m, one in every if isinstance(one, ArticleRead)])
        return len(every)


def _heard(messages: Iterable[Message]) -> dict[str, datetime]:
    """When each of them wrote last; what was done on a page is no message."""
    heard: dict[str, datetime] = {}
    for message in messages:
        if isinstance(message.content, _OPENS_WINDOW):
            heard[message.openid] = max(message.at, heard.get(message.openid, message.at))
    return heard


def _is_gone(message: Message, stones: Mapping[str, datetime]) -> bool:
    return message.openid in stones and message.at <= stones[message.openid]


def _write(scribe: _Scribe, effect: Effect) -> None:  # noqa: C901 - one line for each kind of effect
    session, openid, at = scribe.session, scribe.message.openid, scribe.message.at
    match effect:
        case Followed(scene=scene):
            followers.welcome(session, openid, at, scene)
        case Unfollowed():
            erasures.leave(session, scribe.secrets, openid, at)
        case TopicsChosen(topics=topics, pace=pace):
            _choose(scribe, topics, pace)
        case LeadSubmitted():
            _tell_of_lead(scribe, leads.submit(session, scribe.secrets, scribe.message, effect))
        case LeadRevised():
            _tell_of_lead(scribe, leads.revise(session, scribe.secrets, scribe.message, effect))
        case ConsentWithdrawn():
            _withdraw(scribe)
        case PersonErased():
            _erase(scribe)
        case HumanWanted(text=text):
            _call_human(scribe, text)
        case Asked():
            questions.ask(session, openid, effect, at)
        case InquiryBegun():
            beginnings.note_all(session, [(effect, at)])
        case ArticleRead(article=article):
            readings.note_all(session, [(openid, article, at)])
        case NewsShown():
            reply_news.shown(session, openid, effect, at)
        case Reported(event=event, fields=fields):
            _report(session, scribe.message, event, fields)


def _show_again(session: Session, message: Message, effects: tuple[Effect, ...]) -> None:
    """A message worked on twice (its first answer never got out) may show other news the second time."""
    for effect in effects:
        if isinstance(effect, NewsShown):
            reply_news.shown(session, message.openid, effect, message.at)


def _choose(scribe: _Scribe, topics: tuple[str, ...], pace: str) -> None:
    followers.welcome(scribe.session, scribe.message.openid, scribe.message.at)
    subscriptions.choose(scribe.session, scribe.message.openid, topics, scribe.message.at, pace)


def _tell_of_lead(scribe: _Scribe, event: LeadEvent | None) -> None:
    if event is not None:
        if event.kind in ("submitted", "revised", "parted"):
            scribe.triage(scribe.session, event)
        kind = "lead" if event.kind == "submitted" else event.kind
        scribe.tell(Notice(kind, f"{event.lead_id}:{event.seq}", event.lead_id))


def _withdraw(scribe: _Scribe) -> None:
    """Notices that wait are stopped; staff who heard of the lead already hear that they must stop, too."""
    session, at = scribe.session, scribe.message.at
    talks.drop_pending(session, scribe.message.openid)
    for event in leads.withdraw(session, scribe.secrets, scribe.message.openid, at):
        told = outbox.was_told(session, event.lead_id)
        if event.kind == "withdrawn":
            outbox.drop_for_lead(session, [event.lead_id], at)
        if told:
            _tell_of_lead(scribe, event)


def _erase(scribe: _Scribe) -> None:
    """Owners are told by number only: they must delete what they copied."""
    gone = erasures.erase(scribe.session, scribe.secrets, scribe.message.openid, scribe.message.at)
    for number in gone.numbers:
        scribe.tell(Notice("erased", f"erased:{number}", note=number))
    for event in gone.left:
        _tell_of_lead(scribe, event)


def _call_human(scribe: _Scribe, text: str) -> None:
    session, message = scribe.session, scribe.message
    if outbox.is_recent(session, "human", message.openid, scribe.now - HUMAN_PAUSE):
        return
    words = scribe.secrets.seal(text.encode(), WORDS)
    key = f"human:{leads.message_hash(scribe.secrets, message.key)}"
    scribe.tell(Notice("human", key, openid=message.openid, sealed=words))


def _report(session: Session, message: Message, event: str, fields: Mapping[str, object]) -> None:
    reporter = _REPORTERS.get(event.upper())
    if reporter is not None:
        reporter(session, message, fields)


def _mass_report(session: Session, _message: Message, fields: Mapping[str, object]) -> None:
    status = str(fields.get("Status", ""))
    ok = status.replace(" ", "").lower() == "sendsuccess"
    names = {"total": "TotalCount", "filtered": "FilterCount", "sent": "SentCount", "failed": "ErrorCount"}
    figures = {name: _number(fields.get(spelled)) for name, spelled in names.items()}
    reports.reported(session, _msg_id(fields), figures, ok=ok, error="" if ok else status)


def _template_report(session: Session, message: Message, fields: Mapping[str, object]) -> None:
    status = str(fields.get("Status", ""))
    ok = status.strip().lower() == "success"
    reports.template_reported(session, message.openid, _msg_id(fields), ok=ok, error=status, at=message.at)


def _publish_report(session: Session, message: Message, fields: Mapping[str, object]) -> None:
    info = _inside(fields.get("PublishEventInfo"))
    ok = str(info.get("publish_status", "")) == "0"
    items = _inside(info.get("article_detail")).get("item")
    urls = [str(_inside(item).get("article_url", "")) for item in (items if isinstance(items, list) else [items])]
    error = "" if ok else f"{deliveries.PUBLISH_STATUS}{info.get('publish_status', '?')}"
    number = str(info.get("publish_id", ""))
    reports.published(session, number, ok=ok, url=urls[0] if ok else "", error=error, at=message.at)


def _consent_report(session: Session, message: Message, fields: Mapping[str, object]) -> None:
    for name in ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent"):
        for each in _listed(fields.get(name)):
            template, said = str(each.get("TemplateId", "")), str(each.get("SubscribeStatusString", ""))
            if template and said == "accept":
                consents.accept(session, message.openid, template)
            elif template:
                consents.clear(session, message.openid, template)


def _notice_report(session: Session, message: Message, fields: Mapping[str, object]) -> None:
    for each in _listed(fields.get("SubscribeMsgSentEvent")):
        ok = str(each.get("ErrorCode", "")) == "0"
        error = f"{each.get('ErrorCode', '')} {each.get('ErrorStatus', '')}".strip()
        reports.notice_reported(session, message.openid, ok=ok, error=error, at=message.at)


_REPORTERS: Mapping[str, Callable[[Session, Message, Mapping[str, object]], None]] = {
    "MASSSENDJOBFINISH": _mass_report,
    "TEMPLATESENDJOBFINISH": _template_report,
    "PUBLISHJOBFINISH": _publish_report,
    "SUBSCRIBE_MSG_POPUP_EVENT": _consent_report,
    "SUBSCRIBE_MSG_CHANGE_EVENT": _consent_report,
    "SUBSCRIBE_MSG_SENT_EVENT": _notice_report,
}


def _msg_id(fields: Mapping[str, object]) -> str:
    return str(fields.get("MsgID") or fields.get("MsgId") or "")


def _inside(node: object) -> Mapping[str, object]:
    return node if isinstance(node, Mapping) else {}


def _listed(node: object) -> list[Mapping[str, object]]:
    found = _inside(node).get("List")
    return [_inside(each) for each in (found if isinstance(found, list) else [found])]


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else None
