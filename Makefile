# make help says what there is.
VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: help install run test check eval bench bench-push bench-flood bench-search chaos chaos-push fuzz clean browser lock audit sbom deploy-check

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf 'make %-13s %s\n' "$$name" "$$what"; done

install: $(STAMP)  ## everything into .venv

$(STAMP): .ci/dev.lock
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r .ci/dev.lock
	touch $(STAMP)

run: install  ## the whole product on embedded defaults; Ctrl-C stops it
	$(PYTHON) -m bot run

check: install  ## formatting, types, the directions between folders, known dangers in the code
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/bandit --quiet --severity-level medium --recursive bot handlers jobs config

browser: install  ## find Chromium, or install Debian's, for the tests in a browser
	$(PYTHON) tests/browser/install.py

test: check browser  ## everything that must hold
	$(VENV)/bin/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lock: install  ## pin every package with its hashes, from requirements*.txt
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header requirements.txt --output-file .ci/runtime.lock
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header requirements-dev.txt --output-file .ci/dev.lock

audit: install  ## known holes and licences of the packages
	$(PYTHON) -m tests.supply audit

sbom: install  ## the list of all packages, for machines
	$(PYTHON) -m tests.supply sbom

deploy-check: install  ## docs/deploy.md on an empty Debian in a container; needs root, debootstrap and systemd-container
	$(PYTHON) -m tests.deploy

eval: install  ## how well messages, questions, stories and inquiries are understood
	$(PYTHON) -m tests.eval

bench: install  ## how fast the webhook is, next to things that do far less; ARGS="--articles 100000 --followers 50000 --big" takes long
	$(PYTHON) -m tests.bench $(ARGS)

bench-push: install  ## how fast pushes are planned and sent
	$(PYTHON) -W ignore -m tests.bench.push

bench-flood: install  ## what a flood of one follower costs the others
	$(PYTHON) -W ignore -m tests.bench.flood

chaos-push: install  ## kill everything during a push to 10 000; nobody may be reached twice
	$(PYTHON) -W ignore -m tests.chaos.push
	! $(PYTHON) -W ignore -m tests.chaos.push 400 4 2 --without-claiming

bench-search: install  ## how fast articles are found; SIZES="100000 1000000" takes a while
	$(PYTHON) -m tests.bench.search $(or $(SIZES),100000)

chaos: install  ## kill, fill, freeze and lie to everything; rolling restarts; nothing may be lost
	$(PYTHON) -W ignore -m tests.chaos --controls
	$(PYTHON) -W ignore -m tests.chaos --rolling --seconds 60

fuzz: install  ## a million harmful inputs
	$(PYTHON) -W ignore -m tests.fuzz

clean:  ## take away .venv, .data and the caches
	rm -rf $(VENV) .data .pytest_cache .mypy_cache .ruff_cache
