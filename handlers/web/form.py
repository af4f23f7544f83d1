"""The inquiry as a web page at /form/…: opened from the chat by a sealed link, the same draft and the same lead."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from prometheus_client import Counter
from werkzeug.exceptions import TooManyRequests

from bot.dialogue import intake_page as page
from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import InquiryBegun
from bot.dialogue.form import Slot
from bot.dialogue.inquiry import SENT, Inquiry
from bot.dialogue.intake import begins
from bot.dialogue.intake_age import aged
from bot.dialogue.intake_page import Taken
from bot.dialogue.intake_steps import Said
from bot.dialogue.intake_words import notice_words
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Message, Other
from bot.dialogue.reply import SILENCE, Reply
from bot.dialogue.turn import Turn

log = logging.getLogger(__name__)

HANDED_IN = Counter("form_handed_in_total", "Inquiries handed in on the page, by what became of them", ["outcome"])

DRAFT = "page"
"""The message key of what is saved while they type (bot.answering.PAGE)."""

PER_LINK = "150 per minute"
PER_ADDRESS = "600 per minute"
"""A whole firm, or a town behind one mobile gateway, may share an address."""

COOKIE = "form"
LONGEST_FIELD, MOST_GIVEN = 240, 20
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # the address is the key to the draft
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Robots-Tag": "noindex",
}

OnPage = Callable[[Message, Callable[[Conversation, Lookups], Turn]], Reply]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FormPage:
    """looked, on_page: of bot.answering. whose: the follower a token is for. busy: what they raise under load.

    secure: reached by https, so that the cookie goes by nothing else.
    """

    lookups: Lookups = field(repr=False)
    looked: Callable[[str], Conversation]
    on_page: OnPage
    whose: Callable[[str, datetime], str | None]
    secret_key: str = field(repr=False)
    limiter_url: str = field(repr=False)
    busy: tuple[type[Exception], ...] = ()
    secure: bool = False
    now: Callable[[], datetime] = _now


def form_door(app: Flask, form: FormPage) -> None:
    door = Blueprint("form", __name__, url_prefix="/form", template_folder="templates", static_folder="static")
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=_storage(form.limiter_url),
        strategy="moving-window",
        key_prefix="form",
        in_memory_fallback_enabled=True,
    )
    shared = limiter.shared_limit(PER_ADDRESS, scope="form")
    own = limiter.limit(PER_LINK, key_func=lambda: request.view_args["token"][:64] if request.view_args else "")

    door.get("/<token>")(shared(own(_known(form, _shown))))
    door.post("/<token>/field")(shared(own(_known(form, _save))))
    door.post("/<token>")(shared(own(_known(form, _hand_in))))
    door.get("/<token>/done")(shared(own(_known(form, _done))))
    door.after_request(_with_headers)
    door.register_error_handler(TooManyRequests, lambda _: (_note(form, "slow"), 429))
    for kind in form.busy:
        door.register_error_handler(kind, lambda _: (_note(form, "busy"), 503))
    door.context_processor(lambda: {"say": form.lookups.say, "firm": form.lookups.firm, "asset": _asset})
    app.register_blueprint(door)


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that was opened with a good link. browser: the secret of the browser's cookie."""

    form: FormPage
    token: str
    openid: str
    at: datetime
    browser: str

    @property
    def lookups(self) -> Lookups:
        return self.form.lookups

    @property
    def sign(self) -> str:
        """Against forged forms: only a page of ours, in this browser, for this link, holds it."""
        words = f"{self.browser} {self.token}".encode()
        return hmac.new(f"form {self.form.secret_key}".encode(), words, hashlib.sha256).hexdigest()

    def draft(self, conversation: Conversation) -> Inquiry:
        return page.begun(conversation.inquiry, self.openid, self.at, self.lookups)

    def begun(self, conversation: Conversation, draft: Inquiry) -> tuple[InquiryBegun, ...]:
        """Where the page begins an inquiry; not where it goes on with one of the chat."""
        before = aged(conversation.inquiry, self.lookups.form, self.at)
        return (InquiryBegun(conversation.scene, conversation.shown),) if begins(before, draft, self.at) else ()

    def said(self, key: str, conversation: Conversation) -> Said:
        return Said("", self.at, key, self.openid, False, conversation.scene, conversation.shown)

    def message(self, key: str) -> Message:
        return Message(self.openid, "", self.at, key, Other("form"))


def _known(form: FormPage, view: Callable[[Opened], ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """The view for who comes with a good link, and for POSTs from a page of ours."""

    def guarded(token: str) -> ResponseReturnValue:
        at = form.now()
        openid = form.whose(token, at)
        if openid is None:
            log.warning("form refused", extra={"reason": "link"})
            return _note(form, "gone"), 404
        browser = request.cookies.get(COOKIE, "")
        g.new_browser = "" if browser else secrets.token_urlsafe(16)
        opened = Opened(form, token, openid, at, browser or g.new_browser)
        if request.method == "POST" and not hmac.compare_digest(
            opened.sign.encode(), request.form.get("sign", "").encode(errors="replace")
        ):
            log.warning("form refused", extra={"reason": "forged"})
            return _note(form, "gone"), 400
        g.secure = form.secure
        return view(opened)

    guarded.__name__ = view.__name__.strip("_")
    return guarded


def _shown(opened: Opened) -> ResponseReturnValue:
    conversation = opened.form.looked(opened.openid)
    return _page(opened, opened.draft(conversation))


def _save(opened: Opened) -> ResponseReturnValue:
    """One field, while they type. The answer says how it was understood."""
    name = request.form.get("name", "")
    taken: list[Taken] = []

    def work(conversation: Conversation, lookups: Lookups) -> Turn:
        draft = opened.draft(conversation)
        said = opened.said(f"{DRAFT}:{int(opened.at.timestamp())}", conversation)
        if request.form.get("clear"):
            draft = page.cleared(draft, name, lookups)
        pick = request.form.get("pick", 0, type=int)
        taken.append(page.written(draft, name, _given(name), _was(name), said, lookups, pick))
        return Turn(SILENCE, replace(conversation, inquiry=taken[0].inquiry), opened.begun(conversation, draft))

    try:
        opened.form.on_page(opened.message(DRAFT), work)
    except KeyError:
        return {"problem": ""}, 404
    except opened.form.busy:
        return {"problem": opened.lookups.say("page.save_failed")}, 503
    done = taken[0]
    return {"shown": _understood(done, opened.lookups), "problem": done.problem, "choices": list(done.choices)}


def _hand_in(opened: Opened) -> ResponseReturnValue:
    """Everything on the page once more, for browsers without scripts; then the same step as 同意并提交."""
    once = request.form.get("once", "")[:40]
    problems: dict[str, str] = {}
    drafts: list[Inquiry] = []

    def work(conversation: Conversation, lookups: Lookups) -> Turn:
        said = opened.said(f"form:{once}", conversation)
        draft, wrong = _filled(opened.draft(conversation), said, lookups)
        problems.clear()
        problems.update(wrong)
        drafts[:] = [draft]
        if _stays(draft, problems, lookups):
            return Turn(SILENCE, replace(conversation, inquiry=draft), opened.begun(conversation, draft))
        step = page.handed_in(draft, said, lookups, share=bool(request.form.get("share")))
        effects = (*opened.begun(conversation, draft), *step.effects)
        return Turn(step.reply, replace(conversation, inquiry=step.inquiry, misses=0), effects)

    try:
        reply = opened.form.on_page(opened.message(f"form:{once}"), work)
    except opened.form.busy:
        HANDED_IN.labels("busy").inc()
        return _page(opened, opened.draft(opened.form.looked(opened.openid)), note="page.busy_again"), 503
    if reply == SILENCE:
        HANDED_IN.labels("incomplete").inc()
        draft = drafts[0] if drafts else opened.draft(opened.form.looked(opened.openid))
        return _page(opened, draft, problems=problems, note=_why(draft, problems, opened.lookups)), 422
    HANDED_IN.labels("done").inc()
    return redirect(url_for("form.done", token=opened.token), 303)


def _done(opened: Opened) -> ResponseReturnValue:
    inquiry = opened.form.looked(opened.openid).inquiry
    if inquiry is None or inquiry.state != SENT:
        return redirect(url_for("form.shown", token=opened.token), 303)
    say, advisor = opened.lookups.say, opened.lookups.advisor
    name = "page.done" if _is_reachable(inquiry, opened.lookups) else "page.done_unreachable"
    said = say(name, number=inquiry.number, advisor=f"{advisor.name} {advisor.phone}")
    return render_template("form/note.html", title=say("page.done_title"), said=said, back=say("page.back"),
                           again=url_for("form.shown", token=opened.token))  # fmt: skip


def _filled(draft: Inquiry, said: Said, lookups: Lookups) -> tuple[Inquiry, dict[str, str]]:
    """All fields of the posted page, and what could not be understood by name."""
    problems: dict[str, str] = {}
    for name in _names(lookups):
        if name not in request.form and f"was.{name}" not in request.form:
            continue
        if request.form.get(f"clear.{name}"):
            draft = page.cleared(draft, name, lookups)
        taken = page.written(draft, name, _given(name), _was(name), said, lookups)
        draft = taken.inquiry
        if taken.problem:
            problems[name] = taken.problem + "　".join(taken.choices)
    return draft, problems


def _names(lookups: Lookups) -> Iterator[str]:
    slots: tuple[Slot, ...] = lookups.form.slots
    yield from (slot.name for slot in slots)
    yield page.REMARK


def _stays(draft: Inquiry, problems: Mapping[str, str], lookups: Lookups) -> bool:
    """Not to be handed in yet: no consent, something not understood, or something missing and not said so before."""
    lacks = page.missing(draft, lookups.form)
    return not request.form.get("agree") or bool(problems) or bool(lacks and not request.form.get("anyway"))


def _why(draft: Inquiry, problems: Mapping[str, str], lookups: Lookups) -> str:
    if problems:
        return next(iter(problems.values()))
    if not request.form.get("agree"):
        return lookups.say("page.agree_first")
    comma = lookups.form.words["comma"]
    return lookups.say("page.missing", labels=comma.join(page.missing(draft, lookups.form)))


def _page(opened: Opened, draft: Inquiry, *, problems: Mapping[str, str] | None = None, note: str = "") -> str:
    lookups = opened.lookups
    lead = lookups.open_lead(opened.openid)
    typed = request.form if request.method == "POST" else {}
    lacks = bool(page.missing(draft, lookups.form))
    return render_template(
        "form/form.html",
        fields=page.fields(draft, lookups),
        remark=draft.remarks[-1] if draft.remarks and typed else "",
        notice=page.on_a_page(notice_words(lookups)),
        number=lead.number if lead else "",
        shared="share" in draft.consents,
        problems=problems or {},
        note=lookups.say(note) if note.startswith("page.") else note,
        typed=typed,
        anyway=bool(typed) and lacks and not problems and bool(typed.get("agree")),
        once=secrets.token_urlsafe(12),
        opened=opened,
    )


def _note(form: FormPage, name: str) -> str:
    say = form.lookups.say
    return render_template(
        "form/note.html", title=say(f"page.{name}_title"), said=say(f"page.{name}"), back="", again=""
    )


def _understood(done: Taken, lookups: Lookups) -> str:
    if done.problem:
        return ""
    return lookups.say("page.understood", value=done.shown) if done.shown else lookups.say("page.saved")


def _given(name: str) -> list[str]:
    source = request.form.getlist("value" if "name" in request.form else name)
    return [value[:LONGEST_FIELD] for value in source[:MOST_GIVEN]]


def _was(name: str) -> str:
    return request.form.get("was" if "name" in request.form else f"was.{name}", "")[:LONGEST_FIELD]


def _is_reachable(inquiry: Inquiry, lookups: Lookups) -> bool:
    """Somebody who left a number of any kind can be reached: a slot that holds phones, by whichever of its keys."""
    slots: tuple[Slot, ...] = lookups.form.slots
    return any(slot.has_value(inquiry.answers) for slot in slots if any(key.kind == "phones" for key in slot.keys))


def _asset(name: str) -> str:
    """The address of a file of the page; it changes with its content."""
    return url_for("form.static", filename=name, v=_version(name))


@cache
def _version(name: str) -> str:
    return hashlib.sha256((Path(__file__).parent / "static" / name).read_bytes()).hexdigest()[:12]


def _with_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    versioned = request.endpoint == "form.static" and "v" in request.args
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-store"
    if g.get("new_browser"):
        response.set_cookie(
            COOKIE, g.new_browser, max_age=86400, path="/form", secure=g.get("secure", False), httponly=True,
            samesite="Lax",
        )  # fmt: skip
    return response


def _storage(url: str) -> str:
    """The address as the limits package spells it."""
    return f"redis+{url}" if url.startswith("unix:") else url
