# Two commands: `make run` does the main job, `make test` runs every gate.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SHELL  := /bin/bash

.PHONY: run test gates install install-test clean manual screenshots bench

run: install
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then $(BIN)/orfeas sample && $(BIN)/orfeas; else $(BIN)/orfeas demo --out out; fi

test: install-test
	@packaging/check.sh

install: $(VENV)/.installed

install-test: $(VENV)/.installed-test
	@packaging/system_packages.sh --test
	@packaging/test_readers.sh $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt
	@packaging/system_packages.sh
	@packaging/make_venv.sh $(PYTHON) $(VENV) .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt
	@packaging/system_packages.sh
	@packaging/make_venv.sh $(PYTHON) $(VENV) '.[test]'
	@touch $(VENV)/.installed $@

manual: install
	$(BIN)/orfeas manual --write

screenshots: install-test
	$(BIN)/python packaging/make_screenshots.py

clean:
	rm -rf $(VENV) build dist out .coverage* .pytest_cache .ruff_cache .hypothesis
