"""The command line: `python -m bot COMMAND`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot import wiring
from bot.commands import conditional, logs, menu, outbox, push, qr, quota
from bot.commands import run as running
from bot.commands import search as searching
from bot.commands.extract import extract
from bot.commands.leads import leads
from bot.commands.rotate import rotate
from bot.dialogue.wording import Heard
from bot.search.topics import Taxonomy
from config import texts
from config.settings import PLATFORM, Settings, SettingsError, read
from config.texts import TextsError

PUSH = ("list", "show", "approve", "hold", "cancel", "title", "drop", "preview", "publish", "arrived", "lost", "html")
Command = Callable[[argparse.Namespace], int]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what is wrong with the set-up is said in plain words, not as a traceback."""
    chosen = _parser().parse_args(arguments)
    logs.set_up()
    command: Command = chosen.command
    try:
        return command(chosen)
    except SettingsError as error:
        print("The environment is not complete:", *error.mistakes, sep="\n  ", file=sys.stderr)
        return 2
    except TextsError as error:
        print(f"A data file cannot be read: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="A WeChat official account for industrial space."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, told: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=told, description=told)
        sub.set_defaults(command=command)
        return sub

    add("run", _run, "everything at once, on embedded defaults where the environment names nothing")
    add("web", _web, "the webhook and the staff pages")
    add("worker", _worker, "does what waits: notices, pushes, ingest")
    add("clock", _clock, "says when; only enqueues")
    add("migrate", _migrate, "bring the database up to date")
    add("doctor", _doctor, "check this set-up and say what is missing")
    add("ingest", _ingest, "take in new articles now").add_argument("--all", action="store_true", help="the whole site")
    topics = add("topics", _topics, "the topics and how many articles each has")
    topics.add_argument("--reassign", action="store_true", help="let the rules look at every article again")
    typed = add("article", _article, "store an article written here; the body is read from stdin")
    typed.add_argument("title")
    for name in ("category", "url", "picture"):
        typed.add_argument(f"--{name}", default="")
    search = add("search", _search, "what a follower who writes this would get")
    search.add_argument("text")
    search.add_argument("--json", action="store_true")
    search.add_argument("--explain", action="store_true")
    evaluated = add("eval-search", _eval_search, "index DOCS.jsonl in a temporary place and answer QUERIES.jsonl")
    evaluated.add_argument("docs", type=Path)
    evaluated.add_argument("queries", type=Path)
    add("calibrate", _calibrate, "measure on this index from when on the bot answers, and keep it")
    add("reindex", _reindex, "build the article index anew beside the one that answers, and swap it in")
    add("extract", _extract, "read messages (JSONL on stdin) into slots (JSONL on stdout)")
    leads = add("leads", _leads, "the leads")
    leads.add_argument("--json", action="store_true", help="one lead a line, with its slots")
    undelivered = add("outbox", _outbox, "notices that could not be delivered")
    undelivered.add_argument("--retry", action="store_true", help="send the dead ones again")
    limits = add(
        "quota", _quota, "what is used of the platform's daily quotas; clear sets them back, ten times a month"
    )
    limits.add_argument("action", nargs="?", default="show", choices=["show", "clear"])
    code = add("qr", _qr, "a QR code with a scene: for a park, an exhibition, a colleague")
    code.add_argument("action", choices=["make"])
    code.add_argument("scene")
    code.add_argument("--days", type=int, default=0, help="how long it lasts; 0 = for ever")
    push = add(
        "push", _push, "what is pushed: list, show, approve, hold, cancel, title, drop, preview, publish, arrived, lost"
    )
    push.add_argument("action", nargs="?", default="list", choices=PUSH)
    push.add_argument(
        "number", nargs="?", type=int, default=0, help="of the broadcast; of the delivery for arrived, lost"
    )
    push.add_argument("text", nargs="?", default="", help="the new title, the article's number, or whom to show it")
    add("rotate", _rotate, "seal everything anew after DATA_KEY was changed (the old key in DATA_KEYS_OLD)")
    menu = add("menu", _menu, "the account's menu")
    menu.add_argument("action", choices=["check", "sync", "show"])
    shown = add("demo", _demo, "invented followers and leads, for a look at a living staff desk")
    shown.add_argument("--remove", action="store_true", help="take them away again")
    shown.add_argument("--yes", action="store_true", help="also beside a real account")
    kept = add("backup", _backup, "everything the firm cannot get again, into one file")
    kept.add_argument("file", type=Path)
    kept.add_argument("--conversations", action="store_true", help="also what followers are in the middle of")
    back = add("restore", _restore, "the database from such a file, without those who were erased since")
    back.add_argument("file", type=Path)
    back.add_argument("--replace", action="store_true", help="throw away what the database holds now")
    people = add("staff", _staff, "accounts of the staff desk")
    people.add_argument("action", choices=["add", "list", "reset", "disable"])
    people.add_argument("name", nargs="?", default="")
    people.add_argument(
        "--role", choices=["agent", "manager", "admin"], default="", help="agent; the first is an admin"
    )
    return parser


def _settings() -> Settings:
    """The environment; where it names nothing, that of the `run` in this folder."""
    return read({**running.kept(os.environ), **os.environ})


def _run(_chosen: argparse.Namespace) -> int:
    return running.run(os.environ)


def _web(_chosen: argparse.Namespace) -> int:
    from bot.commands import web  # the server is loaded only by the process that serves

    return web.serve(_settings())


def _worker(_chosen: argparse.Namespace) -> int:
    import jobs.__main__ as work

    return work.worker(_settings())


def _clock(_chosen: argparse.Namespace) -> int:
    import jobs.__main__ as work

    return work.clock(_settings())


def _migrate(_chosen: argparse.Namespace) -> int:
    wiring.migrate(_settings())
    return 0


def _doctor(_chosen: argparse.Namespace) -> int:
    from bot.commands import checkup  # asks the platform: loaded only where it is wanted

    return checkup.doctor(_settings(), sys.stdout)


def _ingest(chosen: argparse.Namespace) -> int:
    from jobs import ingest_here

    return ingest_here.ingest(_settings(), everything=chosen.all)


def _topics(chosen: argparse.Namespace) -> int:
    from jobs import ingest_here

    return ingest_here.topics(_settings(), reassign=chosen.reassign)


def _article(chosen: argparse.Namespace) -> int:
    from jobs import ingest_here

    body = sys.stdin.read()
    return ingest_here.article(_settings(), chosen.title, chosen.category, body, chosen.url, chosen.picture)


def _search(chosen: argparse.Namespace) -> int:
    library = wiring.library_of(wiring.base(_settings()))
    return searching.search(library.articles, chosen.text, as_json=chosen.json, explain=chosen.explain, out=sys.stdout)


def _eval_search(chosen: argparse.Namespace) -> int:
    files = texts.read(os.environ.get("CONFIG_DIR", ""))
    taxonomy = Taxonomy.from_toml(files["topics"])
    tools = wiring.search_tools(files, taxonomy)
    heard = partial(wiring.is_small_talk, Heard.of(files["replies"]["heard"]))
    return searching.eval_search(chosen.docs, chosen.queries, taxonomy, tools, heard, sys.stdout, sys.stderr)


def _calibrate(_chosen: argparse.Namespace) -> int:
    library = wiring.library_of(wiring.base(_settings()))
    return searching.calibrate_index(library.articles, sys.stdout)


def _reindex(_chosen: argparse.Namespace) -> int:
    library = wiring.library_of(wiring.base(_settings()))
    return searching.reindex(library.index, library.changes, sys.stdout)


def _extract(_chosen: argparse.Namespace) -> int:
    return extract(wiring.reader(), sys.stdin.buffer, sys.stdout, sys.stderr)


def _leads(chosen: argparse.Namespace) -> int:
    made = wiring.base(_settings())
    return leads(made.sessions, made.vault, sys.stdout, as_json=chosen.json)


def _outbox(chosen: argparse.Namespace) -> int:
    settings = _settings()
    sessions = wiring.base(settings).sessions
    if not chosen.retry:
        return outbox.outbox(sessions, sys.stdout)
    return outbox.retry(sessions, sys.stdout, datetime.now(UTC), list(wiring.staff_channels(settings)))


def _quota(chosen: argparse.Namespace) -> int:
    account, now = wiring.account_of(wiring.base(_settings())), datetime.now(UTC)
    return quota.clear(account, now, sys.stdout) if chosen.action == "clear" else quota.show(account, now, sys.stdout)


def _qr(chosen: argparse.Namespace) -> int:
    made = wiring.base(_settings())
    return qr.make(wiring.account_of(made), made.sessions, chosen.scene, chosen.days, datetime.now(UTC), sys.stdout)


def _push(chosen: argparse.Namespace) -> int:
    if chosen.action == "html":
        import jobs.__main__ as work

        print(work.html(_settings(), chosen.number))
        return 0
    made = wiring.base(_settings())
    allowed = chosen.action == "publish" and wiring.account_of(made).is_allowed("publish")
    wanted = push.Wanted(chosen.action, chosen.number, chosen.text, allowed)
    return push.push(made.sessions, sys.stdout, wanted, datetime.now(UTC))


def _backup(chosen: argparse.Namespace) -> int:
    from bot.commands import backup

    return backup.backup(_settings(), chosen.file, conversations=chosen.conversations)


def _restore(chosen: argparse.Namespace) -> int:
    from bot.commands import backup

    return backup.restore(_settings(), chosen.file, replace=chosen.replace)


def _rotate(_chosen: argparse.Namespace) -> int:
    settings = _settings()
    made = wiring.base(settings)
    return rotate(made.sessions, made.vault, settings.draft_kept.days, sys.stdout)


def _menu(chosen: argparse.Namespace) -> int:
    made = wiring.base(_settings())
    menus, account = wiring.replies_of(made).now.menu, partial(wiring.account_of, made)
    known = conditional.Tags([row["key"] for row in made.texts["topics"]["topic"]], partial(wiring.tag_of, made))
    return menu.run(menus, account, chosen.action, sys.stdout, known)


def _demo(chosen: argparse.Namespace) -> int:
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


def _staff(chosen: argparse.Namespace) -> int:
    from bot.commands.staff import staff  # knows about passwords: loaded only where it is wanted

    settings = _settings()
    wiring.migrate(settings)
    sessions = wiring.base(settings).sessions
    return staff(sessions, chosen.action, chosen.name, chosen.role, datetime.now(UTC), sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
