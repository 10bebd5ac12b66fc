# One command to see it: `make demo`. One command to trust it: `make test`. Only Python 3.11 and make are needed.

SHELL := /bin/bash
PYTHON ?= python3
UV_HOME := .uv
UV := $(shell command -v uv 2>/dev/null || echo $(UV_HOME)/bin/uv)

export UV_COMPILE_BYTECODE = 1
export UV_PYTHON_DOWNLOADS = never
export RASA_TELEMETRY_ENABLED = false
export PTB_TIMEDELTA = true

SERVICE := .venv/.installed
RASA := nlu/.venv/.installed
RUN := .venv/bin

.PHONY: demo test test-parts test-scenes test-roads test-browser check lint model browser install train nlu-report nlu-table bench bench-booking bench-takeover clean

demo: install
	@$(RUN)/promeneurs demo

# The tests that need no model run beside its training and the tests that do: on two cores, half the wait.
# Those that talk to the service mostly wait, for Telegram's pace or for a lease to end: two of them at once.
BROWSER := tests/browser
SCENES := tests/test_conversations.py tests/test_nlu_parse.py tests/test_learning.py
ROADS := tests/test_kill.py tests/test_telegram.py
AT_ONCE := --numprocesses=2 --dist=worksteal

test: lint browser
	$(MAKE) --jobs=2 --output-sync=line test-parts test-scenes test-roads test-browser

test-parts: install
	$(RUN)/python -m pytest $(patsubst %,--ignore=%,$(BROWSER) $(SCENES) $(ROADS))

test-scenes: model
	$(RUN)/python -m pytest $(AT_ONCE) $(SCENES)

test-roads: model
	$(RUN)/python -m pytest $(AT_ONCE) $(ROADS)

test-browser: model browser
	$(RUN)/python -m pytest $(BROWSER)

check: lint model

lint: install
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

model: install
	$(RUN)/promeneurs train
	$(RUN)/python -m tests.rasa_data

install: $(SERVICE) $(RASA)

# Finds a Chromium for the browser tests, or installs one where it may.
browser: install
	@$(RUN)/python -m tests.browser.finding

train: install
	$(RUN)/promeneurs train

nlu-report: install # per intent, confusions, calibration, in reports/nlu/
	$(RUN)/promeneurs train
	PYTHONPATH=. OMP_NUM_THREADS=1 nlu/.venv/bin/python -W ignore -m nlu.evaluate --report reports/nlu \
		--model $$($(RUN)/python -c "from pathlib import Path; from bot import training; print(training.model_path(Path('var')))")
	@test -f reports/nlu/pipelines.md || $(MAKE) nlu-table

nlu-table: install # the pipelines compared, in reports/nlu/pipelines.md; an hour or more, for DIET
	PYTHONPATH=. OMP_NUM_THREADS=1 nlu/.venv/bin/python -W ignore -m nlu.table

bench: install
	$(RUN)/promeneurs train
	$(RUN)/python -m bench

bench-booking: install # races and free slots; ROUNDS=10000 for all of them
	$(RUN)/python -m bench.booking --rounds $(or $(ROUNDS),1000)

bench-takeover: install # twenty advisers press Prendre at once, on both databases
	$(RUN)/python -m bench.takeover --rounds $(or $(ROUNDS),1000)

clean:
	rm -rf .venv nlu/.venv $(UV_HOME) var reports

$(UV_HOME)/bin/uv:
	@echo "uv manque : il est installé dans $(UV_HOME)."
	$(PYTHON) -m venv $(UV_HOME)
	$(UV_HOME)/bin/pip install --quiet --disable-pip-version-check uv

$(SERVICE): $(UV) pyproject.toml uv.lock
	$(UV) sync --frozen --python $(PYTHON)
	@touch $@

$(RASA): $(UV) nlu/pyproject.toml nlu/uv.lock
	cd nlu && $(abspath $(UV)) sync --frozen --python $(PYTHON)
	@touch $@
