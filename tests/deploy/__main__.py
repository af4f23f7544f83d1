"""`make deploy-check`: docs/deploy.md followed block by block on an empty Debian, then upgraded while followers write.

Also runs the steps of the Dockerfile without Docker. Needs root, debootstrap and systemd-container; takes some minutes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.deploy import dockerfile
from tests.deploy.debian import Machine, Missing, booted, fresh_root
from tests.transcripts.phone import Answer, Phone

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "deploy.md"
TOKEN, AES_KEY, APP_ID = "simtoken2026", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "wx1234567890abcdef"
SETTINGS = {
    "WECHAT_APP_ID": APP_ID,
    "WECHAT_APP_SECRET": "not-a-real-secret",
    "WECHAT_TOKEN": TOKEN,
    "WECHAT_AES_KEY": AES_KEY,
}
UPGRADE = "## Upgrade"
WRITERS = 12
PAUSE = 0.25
"""Seconds between two messages of one follower: more than six a second are taken for a flood (FOLLOWER_BURST)."""


class Overhttps:
    """What the phone speaks through: nginx with the machine's own certificate."""

    def __init__(self) -> None:
        self.client = httpx.Client(base_url="https://127.0.0.1", verify=False, timeout=10)

    def post(self, path: str, *, query_string: dict[str, str], data: bytes, content_type: str) -> object:
        answer = self.client.post(path, params=query_string, content=data, headers={"Content-Type": content_type})
        return type(
            "Response",
            (),
            {"status_code": answer.status_code, "status": str(answer.status_code), "data": answer.content},
        )


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        subprocess.run(["git", "clone", "--quiet", "--bare", str(ROOT), str(source)], check=True)
        try:
            with booted(fresh_root("machine"), {source: "/source"}) as machine:
                _install(machine)
                _share_cores(machine)
                _talk(machine)
                _upgrade(machine)
            dockerfile.build(ROOT)
        except Missing as reason:
            print(f"not checked: {reason}")
            return 2
    print("deployed, answered, upgraded under load; the Dockerfile's steps build")
    return 0


def blocks(text: str) -> list[str]:
    """The bash blocks of a guide, in order."""
    return re.findall(r"```bash\n(.*?)```", text, re.S)


def _install(machine: Machine) -> None:
    for block in blocks(GUIDE.read_text(encoding="utf-8").split(UPGRADE)[0]):
        _run(machine, block)
        if "env.example" in block:
            _run(
                machine,
                "\n".join(
                    f"sed -i 's|^{name}=.*|{name}={value}|' /etc/park-bot/env" for name, value in SETTINGS.items()
                ),
            )
    print(_run(machine, "systemd-analyze security --no-pager park-bot-worker | tail -1").strip())


def _share_cores(machine: Machine) -> None:
    """The sandbox lets each web process choose its core, and the two groups see each other."""
    seen = "for one in $(pgrep -f 'bot web'); do grep -s Cpus_allowed_list /proc/$one/status || true; done"
    bound = Counter(re.findall(r":\s*(\d+)$", _run(machine, seen), re.M))
    print(f"web processes by core: {dict(bound)}")
    assert (os.cpu_count() or 1) < 2 or (len(bound) > 1 and max(bound.values()) - min(bound.values()) <= 1), bound


def _talk(machine: Machine) -> None:
    phone = Phone(Overhttps(), TOKEN, AES_KEY, APP_ID, "oSim_deployed_1")  # type: ignore[arg-type]
    _expect(phone.event("subscribe", EventKey=""), "欢迎")
    _expect(phone.say("想在昆山租3000平厂房做注塑，王先生 13800001234"), "昆山")
    outside = httpx.get("https://127.0.0.1/metrics", verify=False)
    assert outside.status_code == 404, outside.status_code
    told = _run(machine, "park-bot leads --json; park-bot migrate; journalctl --no-pager -u 'park-bot-*' -o cat")
    assert "13800001234" not in told, "a phone number is in the log"


def _upgrade(machine: Machine) -> None:
    """Followers go on writing while both process groups are restarted in turn."""
    (block,) = blocks(GUIDE.read_text(encoding="utf-8").split(UPGRADE)[1])
    stop, counted = threading.Event(), []
    writers = [threading.Thread(target=_write, args=(number, stop, counted)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(2)
    _run(machine, block)
    time.sleep(2)
    stop.set()
    for writer in writers:
        writer.join()
    failed = [one for one in counted if one]
    print(f"upgrade under load: {len(counted)} messages, {len(failed)} unanswered")
    assert counted and not failed, failed[:3]


def _write(number: int, stop: threading.Event, counted: list[str]) -> None:
    phone = Phone(Overhttps(), TOKEN, AES_KEY, APP_ID, f"oSim_writer_{number}")  # type: ignore[arg-type]
    while not stop.is_set():
        try:
            answer = phone.say("帮助")
            counted.append("" if answer.text else "no words")
        except (AssertionError, httpx.HTTPError) as error:
            counted.append(f"{type(error).__name__}: {error}")
        time.sleep(PAUSE)


def _run(machine: Machine, block: str) -> str:
    done = machine.run(block, {"REPOSITORY": "/source"})
    if done.returncode:
        raise SystemExit(f"failed with {done.returncode}:\n{block}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def _expect(answer: Answer, words: str) -> None:
    assert words in answer.text, f"expected {words}, heard {answer}"


if __name__ == "__main__":
    sys.exit(main())
