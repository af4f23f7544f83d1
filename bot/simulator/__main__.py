"""`python -m bot.simulator`: the stand-in platform as a process of its own."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from types import FrameType

from bot.simulator.account import Account
from bot.simulator.app import server
from bot.simulator.world import Simulator


def main(environ: Mapping[str, str]) -> int:
    try:
        simulator = Simulator(Account.from_environ(environ))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    simulator.staff.put_rules(_robot_rules(environ))
    host, port = environ.get("SIM_HOST", "127.0.0.1"), int(environ.get("SIM_PORT", "8100"))
    running = server(simulator, host, port)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=simulator.check_url, name="url-check", daemon=True).start()
    sys.stdout.write(f"simulator: http://{host}:{running.server_port}/\n")
    sys.stdout.flush()
    try:
        running.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        running.server_close()
    return 0


def _robot_rules(environ: Mapping[str, str]) -> dict[str, object]:
    """Secrets make the robots ask for signatures."""
    names = {"dingtalk_secret": "SIM_DINGTALK_SECRET", "feishu_secret": "SIM_FEISHU_SECRET"}
    return {rule: environ[name] for rule, name in names.items() if environ.get(name)}


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(os.environ))
