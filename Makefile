# make run: the whole product on embedded defaults. make test: everything that must hold.
VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: install run test check eval bench bench-push bench-flood bench-search chaos chaos-push fuzz clean browser lock audit sbom deploy-check

install: $(STAMP)

$(STAMP): .ci/dev.lock
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r .ci/dev.lock
	touch $(STAMP)

run: install
	$(PYTHON) -m bot run

check: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/bandit --quiet --severity-level medium --recursive bot handlers jobs config

browser: install
	$(PYTHON) tests/browser/install.py

test: check browser
	$(VENV)/bin/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

# Every package and its hashes, from the pins of requirements*.txt.
lock: install
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header requirements.txt --output-file .ci/runtime.lock
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header requirements-dev.txt --output-file .ci/dev.lock

audit: install
	$(PYTHON) -m tests.supply audit

sbom: install
	$(PYTHON) -m tests.supply sbom

# docs/deploy.md on an empty Debian in a container; needs root, debootstrap and systemd-container.
deploy-check: install
	$(PYTHON) -m tests.deploy

eval: install
	$(PYTHON) -m tests.eval

bench: install
	$(PYTHON) -m tests.bench

bench-push: install
	$(PYTHON) -W ignore -m tests.bench.push

# What a flood of one follower costs the others.
bench-flood: install
	$(PYTHON) -W ignore -m tests.bench.flood

chaos-push: install
	$(PYTHON) -W ignore -m tests.chaos.push
	! $(PYTHON) -W ignore -m tests.chaos.push 400 4 2 --without-claiming

# How fast articles are found; SIZES="100000 1000000" takes a while.
bench-search: install
	$(PYTHON) -m tests.bench.search $(or $(SIZES),100000)

chaos: install
	$(PYTHON) -W ignore -m tests.chaos --controls
	$(PYTHON) -W ignore -m tests.chaos --rolling --seconds 60

fuzz: install
	$(PYTHON) -W ignore -m tests.fuzz

clean:
	rm -rf $(VENV) .data .pytest_cache .mypy_cache .ruff_cache
