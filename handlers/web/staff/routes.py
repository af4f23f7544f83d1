"""WHO MAY DO WHAT at the desk: one row for each page and each button. The page to read first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask.typing import ResponseReturnValue

from handlers.web.staff import (
    accounts,
    articles,
    changes,
    codes,
    export,
    figures,
    leads,
    me,
    pages,
    pushes,
    replies,
    talk,
    wechat,
)

View = Callable[..., ResponseReturnValue]
"""Takes the Visit and what the path holds."""


@dataclass(frozen=True, slots=True)
class Route:
    """role: the least one that may come in. Anything that changes or reveals something is a POST."""

    method: str
    path: str
    name: str
    role: str
    view: View

    @property
    def options(self) -> dict[str, Any]:
        return {"endpoint": self.name, "methods": [self.method]}


def _lead(method: str, act: str, role: str, view: View) -> Route:
    return Route(method, f"/leads/<number>/{act}", act, role, view)


def _push(act: str, view: View) -> Route:
    return Route("POST", f"/pushes/<int:number>/{act}", act, "manager", view)


ROUTES = (
    Route("GET", "/", "home", "agent", leads.home),
    # Leads. An agent meets those without an owner and their own; what is not theirs is not there (404).
    Route("GET", "/leads", "leads", "agent", leads.listed),
    Route("POST", "/leads", "search", "agent", leads.searched),
    Route("GET", "/board", "board", "agent", leads.board),
    Route("GET", "/leads/<number>", "lead", "agent", leads.lead),
    Route("POST", "/export", "export", "agent", export.export),
    Route("POST", "/export/full", "export_full", "manager", export.export_full),
    _lead("POST", "claim", "agent", changes.claim),
    _lead("POST", "move", "agent", changes.move),
    _lead("POST", "note", "agent", changes.note),
    _lead("POST", "plan", "agent", changes.plan),
    _lead("POST", "reveal", "agent", changes.reveal),
    _lead("POST", "answer", "agent", talk.answer),
    _lead("POST", "merge", "agent", changes.merge),
    _lead("POST", "assign", "manager", changes.assign),
    _lead("POST", "erase", "manager", changes.erase),
    # Followers who asked for a person, with or without an inquiry
    Route("GET", "/callers", "callers", "agent", talk.callers),
    Route("GET", "/callers/<int:caller_id>", "caller", "agent", talk.caller),
    Route("POST", "/callers/<int:caller_id>/answer", "answer_caller", "agent", talk.answer_caller),
    # What else is going on
    Route("GET", "/questions", "questions", "agent", pages.questions),
    Route("GET", "/articles", "articles", "agent", articles.articles),
    Route("POST", "/articles", "write_article", "manager", articles.write),
    Route("POST", "/articles/<int:number>/topic", "decide_topic", "manager", articles.decide),
    Route("POST", "/articles/<int:number>/reword", "reword_article", "manager", articles.reword),
    Route("POST", "/articles/<int:number>/hide", "hide_article", "manager", articles.hide),
    Route("POST", "/articles/<int:number>/show", "show_article", "manager", articles.show),
    Route("GET", "/pushes", "pushes", "agent", pushes.pushes),
    Route("GET", "/pushes/<int:number>.html", "push_html", "agent", pushes.as_html),
    _push("approve", pushes.approve),
    _push("hold", pushes.hold),
    _push("cancel", pushes.cancel),
    _push("retitle", pushes.retitle),
    _push("drop_article", pushes.drop_article),
    _push("preview", pushes.preview),
    _push("publish", pushes.publish),
    Route("POST", "/deliveries/<int:number>/settle", "settle_delivery", "manager", pushes.settle),
    Route("GET", "/codes", "codes", "manager", codes.codes),
    Route("POST", "/codes", "make_code", "manager", codes.make),
    Route("GET", "/codes/<int:number>.svg", "code_picture", "manager", codes.picture),
    Route("GET", "/figures", "figures", "manager", figures.figures_page),
    Route("POST", "/figures", "export_figures", "manager", figures.download),
    Route("GET", "/outbox", "outbox", "manager", pages.outbox),
    Route("POST", "/outbox", "retry", "manager", pages.retry),
    Route("GET", "/account", "account", "manager", pages.account),
    Route("GET", "/log", "log", "manager", pages.log),
    # What the bot says by itself
    Route("GET", "/replies", "replies", "manager", replies.replies),
    Route("POST", "/replies/try", "try_reply", "manager", replies.try_out),
    Route("POST", "/replies/rule", "save_rule", "manager", replies.save_rule),
    Route("POST", "/replies/rule/<int:number>/drop", "drop_rule", "manager", replies.drop_rule),
    Route("POST", "/replies/welcome", "save_welcome", "manager", replies.save_welcome),
    Route("POST", "/replies/menu", "save_menu", "manager", replies.save_menu),
    Route("POST", "/replies/menu/<int:number>", "save_menu_of_some", "manager", replies.save_menu_of_some),
    Route("POST", "/replies/menu/<int:number>/drop", "drop_menu_of_some", "manager", replies.drop_menu_of_some),
    Route("POST", "/replies/<name>/shipped", "as_shipped", "manager", replies.as_shipped),
    # Oneself
    Route("GET", "/me", "me", "agent", me.me),
    Route("POST", "/me/password", "password", "agent", me.password),
    Route("POST", "/me/away", "away", "agent", me.away),
    Route("POST", "/me/totp", "totp", "agent", me.offer),
    Route("GET", "/me/totp.svg", "totp_picture", "agent", me.picture),
    Route("POST", "/me/totp/on", "totp_on", "agent", me.turn_on),
    Route("POST", "/me/totp/off", "totp_off", "agent", me.turn_off),
    Route("POST", "/me/wechat", "bind_wechat", "agent", wechat.bind),
    Route("POST", "/me/wechat/off", "unbind_wechat", "agent", wechat.unbind),
    Route("POST", "/me/sessions/<int:session_id>/end", "end_session", "agent", me.end_session),
    Route("POST", "/out", "out", "agent", me.out),
    # Others
    Route("GET", "/people", "people", "admin", accounts.people),
    Route("POST", "/people", "add_person", "admin", accounts.add),
    Route("POST", "/people/<name>/role", "role", "admin", accounts.role),
    Route("POST", "/people/<name>/reset", "reset", "admin", accounts.reset),
    Route("POST", "/people/<name>/disable", "disable", "admin", accounts.disable),
)

NAV: tuple[tuple[str, str], ...] = (
    ("leads", "agent"),
    ("callers", "agent"),
    ("questions", "agent"),
    ("articles", "agent"),
    ("pushes", "agent"),
    ("codes", "manager"),
    ("figures", "manager"),
    ("replies", "manager"),
    ("outbox", "manager"),
    ("account", "manager"),
    ("log", "manager"),
    ("people", "admin"),
)
"""The menu: names of routes, and who sees them. What they are called stands in config/desk.toml, nav."""

BEFORE_OWN_PASSWORD = frozenset({"me", "password", "out"})
"""All that is open to somebody who came in with a password that we made up."""
