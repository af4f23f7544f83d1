"""Runs the sample site."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from werkzeug.serving import make_server

from bot.samplesite.app import create_app
from bot.samplesite.posts import Posts

if __name__ == "__main__":
    kept = Path(os.environ.get("DATA_DIR", ".data")) / "samplesite.json"
    port = int(os.environ.get("SAMPLE_PORT", "8200"))
    app = create_app(Posts(kept), api=os.environ.get("SAMPLE_API", "0") == "1")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()
