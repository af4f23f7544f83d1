# make run: the whole product on embedded defaults. make test: everything that must hold.
VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: install run test check eval bench clean browser

install: $(STAMP)

$(STAMP): requirements.txt requirements-dev.txt
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $(STAMP)

run: install
	$(PYTHON) -m bot run

check: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

browser: install
	$(PYTHON) tests/browser/install.py

test: check browser
	$(VENV)/bin/pytest

eval: install
	$(PYTHON) -m tests.eval

bench: install
	$(PYTHON) -m tests.bench

clean:
	rm -rf $(VENV) .data .pytest_cache .mypy_cache .ruff_cache
