"""Each command with the real things it works on: what the table of `bot/__main__.py` calls."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from functools import partial

from bot import wiring
from bot.commands import conditional
from bot.commands import extract as reading
from bot.commands import leads as listed
from bot.commands import menu as menus
from bot.commands import outbox as notices
from bot.commands import push as pushes
from bot.commands import qr as codes
from bot.commands import quota as quotas
from bot.commands import rotate as sealing
from bot.commands import run as running
from bot.commands import search as searching
from bot.dialogue.wording import Heard
from bot.search.topics import Taxonomy
from config import texts
from config.settings import PLATFORM, Settings, read


def _settings() -> Settings:
    """The environment; where it names nothing, that of the `run` in this folder."""
    return read({**running.kept(os.environ), **os.environ})


def run(_chosen: argparse.Namespace) -> int:
    return running.run(os.environ)


def web(_chosen: argparse.Namespace) -> int:
    from bot.commands import web  # the server is loaded only by the process that serves

    return web.serve(_settings())


def worker(_chosen: argparse.Namespace) -> int:
    import jobs.__main__ as work

    return work.worker(_settings())


def clock(_chosen: argparse.Namespace) -> int:
    import jobs.__main__ as work

    return work.clock(_settings())


def migrate(_chosen: argparse.Namespace) -> int:
    wiring.migrate(_settings())
    return 0


def doctor(_chosen: argparse.Namespace) -> int:
    from bot.commands import checkup  # asks the platform: loaded only where it is wanted

    return checkup.doctor(_settings(), sys.stdout)


def ingest(chosen: argparse.Namespace) -> int:
    from jobs import ingest_here

    return ingest_here.ingest(_settings(), everything=chosen.all)


def topics(chosen: argparse.Namespace) -> int:
    from jobs import ingest_here

    return ingest_here.topics(_settings(), reassign=chosen.reassign)


def article(chosen: argparse.Namespace) -> int:
    from jobs import ingest_here

    body = sys.stdin.read()
    return ingest_here.article(_settings(), chosen.title, chosen.category, body, chosen.url, chosen.picture)


def search(chosen: argparse.Namespace) -> int:
    library = wiring.library_of(wiring.base(_settings()))
    return searching.search(library.articles, chosen.text, as_json=chosen.json, explain=chosen.explain, out=sys.stdout)


def eval_search(chosen: argparse.Namespace) -> int:
    files = texts.read(os.environ.get("CONFIG_DIR", ""))
    taxonomy = Taxonomy.from_toml(files["topics"])
    tools = wiring.search_tools(files, taxonomy)
    sayings, understand = Heard.of(files["replies"]["heard"]), wiring.reader(os.environ.get("CONFIG_DIR", ""))

    def heard(text: str) -> bool:
        """What other routes answer before anybody searches."""
        return wiring.is_small_talk(sayings, text) or understand.wants_human(text)

    return searching.eval_search(chosen.docs, chosen.queries, taxonomy, tools, heard, sys.stdout, sys.stderr)


def calibrate(_chosen: argparse.Namespace) -> int:
    library = wiring.library_of(wiring.base(_settings()))
    return searching.calibrate_index(library.articles, sys.stdout)


def reindex(_chosen: argparse.Namespace) -> int:
    library = wiring.library_of(wiring.base(_settings()))
    return searching.reindex(library.index, library.changes, sys.stdout)


def extract(_chosen: argparse.Namespace) -> int:
    return reading.extract(wiring.reader(), sys.stdin.buffer, sys.stdout, sys.stderr)


def leads(chosen: argparse.Namespace) -> int:
    made = wiring.base(_settings())
    return listed.leads(made.sessions, made.vault, sys.stdout, as_json=chosen.json)


def outbox(chosen: argparse.Namespace) -> int:
    settings = _settings()
    sessions = wiring.base(settings).sessions
    if not chosen.retry:
        return notices.outbox(sessions, sys.stdout)
    return notices.retry(sessions, sys.stdout, datetime.now(UTC), list(wiring.staff_channels(settings)))


def quota(chosen: argparse.Namespace) -> int:
    account, now = wiring.account_of(wiring.base(_settings())), datetime.now(UTC)
    return quotas.clear(account, now, sys.stdout) if chosen.action == "clear" else quotas.show(account, now, sys.stdout)


def qr(chosen: argparse.Namespace) -> int:
    made = wiring.base(_settings())
    return codes.make(wiring.account_of(made), made.sessions, chosen.scene, chosen.days, datetime.now(UTC), sys.stdout)


def push(chosen: argparse.Namespace) -> int:
    if chosen.action == "html":
        print(wiring.html_of(wiring.base(_settings()), chosen.number))
        return 0
    made = wiring.base(_settings())
    allowed = chosen.action == "publish" and wiring.account_of(made).is_allowed("publish")
    wanted = pushes.Wanted(chosen.action, chosen.number, chosen.text, allowed)
    return pushes.push(made.sessions, sys.stdout, wanted, datetime.now(UTC))


def backup(chosen: argparse.Namespace) -> int:
    from bot.commands import backup

    return backup.backup(_settings(), chosen.file, conversations=chosen.conversations)


def restore(chosen: argparse.Namespace) -> int:
    from bot.commands import backup

    return backup.restore(_settings(), chosen.file, replace=chosen.replace)


def rotate(_chosen: argparse.Namespace) -> int:
    settings = _settings()
    made = wiring.base(settings)
    return sealing.rotate(made.sessions, made.vault, settings.draft_kept.days, sys.stdout)


def menu(chosen: argparse.Namespace) -> int:
    made = wiring.base(_settings())
    shown, account = wiring.replies_of(made).now.menu, partial(wiring.account_of, made)
    known = conditional.Tags([row["key"] for row in made.texts["topics"]["topic"]], partial(wiring.tag_of, made))
    return menus.run(shown, account, chosen.action, sys.stdout, known)


def demo(chosen: argparse.Namespace) -> int:
    from bot.commands import demo

    settings = _settings()
    if settings.wechat.api_base == PLATFORM and not (chosen.yes or chosen.remove):
        print(
            "This set-up speaks to a real account. Invented leads beside real ones: only with --yes.", file=sys.stderr
        )
        return 2
    wiring.migrate(settings)
    made = wiring.base(settings)
    topics = [topic["key"] for topic in made.texts["topics"]["topic"]]
    act = demo.remove if chosen.remove else demo.demo
    place = wiring.reader(settings.config_dir).place
    return act(demo.Demo(made.sessions, made.vault, texts.one("demo"), topics, datetime.now(UTC), place), sys.stdout)


def staff(chosen: argparse.Namespace) -> int:
    from bot.commands.staff import staff  # knows about passwords: loaded only where it is wanted

    settings = _settings()
    wiring.migrate(settings)
    sessions = wiring.base(settings).sessions
    return staff(sessions, chosen.action, chosen.name, chosen.role, datetime.now(UTC), sys.stdout)
