"""The command line: `python -m bot COMMAND`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.commands import entries, logs
from config.settings import SettingsError
from config.texts import TextsError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what is wrong with the set-up is said in plain words, not as a traceback."""
    chosen = parser().parse_args(arguments)
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


Command = Callable[[argparse.Namespace], int]


@dataclass(frozen=True, slots=True)
class Takes:
    """One argument of a command, in argparse's own words."""

    name: str
    how: Mapping[str, Any]


def takes(name: str, **how: Any) -> Takes:
    return Takes(name, how)


def flag(name: str, told: str | None = None) -> Takes:
    return takes(name, action="store_true", help=told)


PUSH = ("list", "show", "approve", "hold", "cancel", "title", "drop", "preview", "publish", "arrived", "lost", "html")

COMMANDS: tuple[tuple[str, Command, str, tuple[Takes, ...]], ...] = (
    ("run", entries.run, "everything at once, on embedded defaults where the environment names nothing", ()),
    ("web", entries.web, "the webhook and the staff pages", ()),
    ("worker", entries.worker, "does what waits: notices, pushes, ingest", ()),
    ("clock", entries.clock, "says when; only enqueues", ()),
    ("migrate", entries.migrate, "bring the database up to date", ()),
    ("doctor", entries.doctor, "check this set-up and say what is missing", ()),
    ("ingest", entries.ingest, "take in new articles now", (flag("--all", "the whole site"),)),
    (
        "topics",
        entries.topics,
        "the topics and how many articles each has",
        (flag("--reassign", "let the rules look at every article again"),),
    ),
    (
        "article",
        entries.article,
        "store an article written here; the body is read from stdin",
        (takes("title"), *(takes(name, default="") for name in ("--category", "--url", "--picture"))),
    ),
    (
        "search",
        entries.search,
        "what a follower who writes this would get",
        (takes("text"), flag("--json"), flag("--explain")),
    ),
    (
        "eval-search",
        entries.eval_search,
        "index DOCS.jsonl in a temporary place and answer QUERIES.jsonl",
        (takes("docs", type=Path), takes("queries", type=Path)),
    ),
    ("calibrate", entries.calibrate, "measure on this index from when on the bot answers, and keep it", ()),
    ("reindex", entries.reindex, "build the article index anew beside the one that answers, and swap it in", ()),
    ("extract", entries.extract, "read messages (JSONL on stdin) into slots (JSONL on stdout)", ()),
    ("leads", entries.leads, "the leads", (flag("--json", "one lead a line, with its slots"),)),
    (
        "outbox",
        entries.outbox,
        "notices that could not be delivered",
        (flag("--retry", "send the dead ones again"),),
    ),
    (
        "quota",
        entries.quota,
        "what is used of the platform's daily quotas; clear sets them back, ten times a month",
        (takes("action", nargs="?", default="show", choices=["show", "clear"]),),
    ),
    (
        "qr",
        entries.qr,
        "a QR code with a scene: for a park, an exhibition, a colleague",
        (
            takes("action", choices=["make"]),
            takes("scene"),
            takes("--days", type=int, default=0, help="how long it lasts; 0 = for ever"),
        ),
    ),
    (
        "push",
        entries.push,
        f"what is pushed: {', '.join(PUSH)}",
        (
            takes("action", nargs="?", default="list", choices=PUSH),
            takes("number", nargs="?", type=int, default=0, help="of the broadcast; of the delivery for arrived, lost"),
            takes("text", nargs="?", default="", help="the new title, the article's number, or whom to show it"),
        ),
    ),
    ("rotate", entries.rotate, "seal everything anew after DATA_KEY was changed (the old key in DATA_KEYS_OLD)", ()),
    ("menu", entries.menu, "the account's menu", (takes("action", choices=["check", "sync", "show"]),)),
    (
        "demo",
        entries.demo,
        "invented followers and leads, for a look at a living staff desk",
        (flag("--remove", "take them away again"), flag("--yes", "also beside a real account")),
    ),
    (
        "backup",
        entries.backup,
        "everything the firm cannot get again, into one file",
        (takes("file", type=Path), flag("--conversations", "also what followers are in the middle of")),
    ),
    (
        "restore",
        entries.restore,
        "the database from such a file, without those who were erased since",
        (takes("file", type=Path), flag("--replace", "throw away what the database holds now")),
    ),
    (
        "staff",
        entries.staff,
        "accounts of the staff desk",
        (
            takes("action", choices=["add", "list", "reset", "disable"]),
            takes("name", nargs="?", default=""),
            takes("--role", choices=["agent", "manager", "admin"], default="", help="agent; the first is an admin"),
        ),
    ),
)
"""Name, what runs, what it is for, and what it takes."""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bot", description="A WeChat official account for industrial space.")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for name, command, told, arguments in COMMANDS:
        sub = commands.add_parser(name, help=told, description=told)
        sub.set_defaults(command=command)
        for one in arguments:
            sub.add_argument(one.name, **one.how)
    return made


if __name__ == "__main__":
    sys.exit(main())
