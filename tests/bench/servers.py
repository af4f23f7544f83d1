"""Which WSGI server carries the webhook: the same Flask echo on granian and gunicorn, in turn, on this machine.

    python -m tests.bench.servers [rounds]

Needs `wrk` (Debian's package). Prints requests/s and p99 of each round and the median ratio.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import time
from urllib.request import urlopen

from flask import Flask, request

from tests.conftest import free_port

SECONDS = 4
COMMANDS = {
    "granian": "granian --interface wsgi --workers 2 --blocking-threads 8 --no-ws --log-level error --port {port} tests.bench.servers:app",
    "gunicorn": "gunicorn -k gthread --workers 2 --threads 8 --log-level error -b 127.0.0.1:{port} tests.bench.servers:app",
}

app = Flask(__name__)


@app.post("/wechat")
def echo() -> bytes:
    return request.get_data()


@app.get("/")
def home() -> str:
    return "ok"


def measure(server: str) -> tuple[float, str]:
    """Requests per second and p99 of one server, fresh for each round."""
    port = free_port()
    command = [sys.executable, "-m", *COMMANDS[server].format(port=port).split()]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait(port)
        script = "tests/bench/post.lua"
        load = ["wrk", "-t1", "-c16", f"-d{SECONDS}s", "--latency", "-s", script, f"http://127.0.0.1:{port}/wechat"]
        told = subprocess.run(load, capture_output=True, text=True, check=True).stdout
    finally:
        process.terminate()
        process.wait()
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    p99 = re.search(r"99%\s+(\S+)", told)
    assert rate and p99, told
    return float(rate[1]), p99[1]


def _wait(port: int) -> None:
    for _ in range(100):
        try:
            urlopen(f"http://127.0.0.1:{port}/", timeout=1).read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


def main() -> int:
    if not shutil.which("wrk"):
        print("install wrk first")
        return 1
    ratios = []
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        (fast, fast99), (slow, slow99) = measure("granian"), measure("gunicorn")
        ratios.append(fast / slow)
        print(f"round {number + 1}: granian {fast:8.0f}/s p99 {fast99:>8}   gunicorn {slow:8.0f}/s p99 {slow99:>8}")
    print(f"median ratio granian/gunicorn {statistics.median(ratios):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
