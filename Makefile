# The verbs of the project. `make demo` and `make test` work from a bare clone.
VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin

.PHONY: demo test lint format docs clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Sets up, then runs the main job on the sample line: records -> checked graph -> answers.
demo: $(VENV)/installed
	$(BIN)/kg demo

test: $(VENV)/installed lint
	$(BIN)/python -m pytest

lint: $(VENV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Writes the generated pages of docs/reference.
docs: $(VENV)/installed
	$(BIN)/python -m kg.docs docs/reference

clean:
	rm -rf $(VENV) demo-line kg-store build dist
