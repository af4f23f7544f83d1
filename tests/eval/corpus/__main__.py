"""`python -m tests.eval.corpus [N] [SEED] [--held-out]`: generated messages, a JSON object a line."""

from __future__ import annotations

import json
import sys

from tests.eval.corpus.messages import generated

if __name__ == "__main__":
    count, seed = [*(int(word) for word in sys.argv[1:] if word.isdigit()), 1000, 1][:2]
    for row in generated(count, seed, held_out="--held-out" in sys.argv):
        print(json.dumps(row, ensure_ascii=False))
