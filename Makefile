# The verbs of the project. `make demo` and `make test` work from a bare clone.
VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin
MORPH ?= .morph

.PHONY: demo test lint format docs ontology clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Sets up, then runs the main job on the sample line: records -> checked graph -> answers.
demo: $(VENV)/installed
	$(BIN)/kg demo

test: $(VENV)/installed $(MORPH)/installed lint
	KG_MORPH=$(MORPH)/bin/python $(BIN)/python -m pytest -n auto --dist loadfile

# The other engine for our mappings needs older versions of what we use, so it lives on its own; beside it, the
# official schemas of the Asset Administration Shell, which that version of another library still brings.
$(MORPH)/installed:
	$(PYTHON) -m venv $(MORPH)
	$(MORPH)/bin/pip install --quiet --disable-pip-version-check 'morph-kgc>=2.10,<3'
	$(MORPH)/bin/pip install --quiet --disable-pip-version-check --no-deps 'basyx-python-sdk==1.0.0'
	touch $@

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

# Reasons over the whole vocabulary (HermiT, minutes, 2 GB) and checks our terms; upstream files in ../shared.
UPSTREAM ?= ../shared/ontologies
ontology: $(VENV)/installed
	$(BIN)/kg ontology classify --from $(UPSTREAM) --if-possible
	$(BIN)/kg ontology report --from $(UPSTREAM) --venv $(VENV)/emmocheck

clean:
	rm -rf $(VENV) $(MORPH) demo-line kg-store build dist
