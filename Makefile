# Everything from a fresh clone: each target does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FILE ?= fixtures/_plans/flask/before.Dockerfile
CONTEXT ?= $(wildcard $(dir $(FILE))context)
WORKERS ?= 2

.PHONY: demo test test-engine engine-table lint bench clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

demo: $(VENV)/installed  ## print a hardening diff: make demo FILE=path/to/Dockerfile
	@$(BIN)/hardenfile diff --unsafe $(if $(CONTEXT),--context $(CONTEXT)) $(FILE)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint  ## every test but those that need a container engine
	$(BIN)/pytest -n $(WORKERS) -q -m "not engine"

test-engine: $(VENV)/installed  ## build and run images; needs docker; TABLE=file writes what each was and became
	$(BIN)/pytest -q -m engine -ra tests/engine

engine-table: $(VENV)/installed  ## the same, and its table into the page of add-user
	$(MAKE) test-engine TABLE=$(VENV)/engine.md
	$(BIN)/python -m tests.engine.table $(VENV)/engine.md transforms/add_user/README.md

bench: $(VENV)/installed  ## ratios against other tools on the same files: make bench FILES=folder
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python tests/bench.py $(FILES)

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
