# make TARGET [PYTHON=/path/to/python]    what the targets do: make help
# Each target sets up what it needs in .venv-3.13 or .venv-3.11, and again only after pyproject.toml has changed.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
FOUND := $(shell sh .ci/find_python.sh $(PYTHON))
$(if $(FOUND),,$(error no usable Python))
INTERPRETER := $(word 2,$(FOUND))
VENV := .venv-$(firstword $(FOUND))
endif
PY := $(VENV)/bin/python
LINT := .venv-lint/bin/python
PIP_INSTALL := -m pip install --quiet --no-input --disable-pip-version-check

.PHONY: help
help:
	@sed -n 's/^##  //p' Makefile

##  demo         render the demo sequence, with its sound, to build/demo.mp4
.PHONY: demo
demo: $(VENV)/has-blender
	$(PY) render_scripts/render_batch.py assets/demo --output build/demo --overwrite
	cp build/demo/V0-Demo/XTalker_demo.mp4 build/demo.mp4
	@echo "The demo is build/demo.mp4."

##  test         run every test but the slow ones
.PHONY: test
test: $(VENV)/has-test
	$(PY) -m pytest -q

##  test-slow    run the slow tests
.PHONY: test-slow
test-slow: $(VENV)/has-test
	$(PY) -m pytest -q -m slow

##  lint         ruff and pyright
.PHONY: lint
lint: .venv-lint/has-lint
	$(LINT) -m ruff check
	$(LINT) -m ruff format --check
	$(LINT) -m pyright --pythonpath $(LINT)

##  bench        measure, and print the figures as ratios
.PHONY: bench
bench: $(VENV)/has-test
	$(PY) -m tests.bench

##  extension    build the installable zips of the extension into dist/
.PHONY: extension
extension: $(VENV)/has-blender
	$(PY) render_scripts/build_extension.py --output dist

##  assets       build the default head, the demo and the README's pictures anew (needs flite, and torch on Python 3.11)
.PHONY: assets
assets: $(VENV)/has-test
	$(PY) assets/source/build_head.py
	$(PY) assets/source/build_demo.py
	$(PY) assets/source/build_reference.py
	$(PY) assets/source/build_pictures.py
	$(PY) assets/source/build_file_pictures.py

##  clean        remove all that these targets made
.PHONY: clean
clean:
	rm -rf build dist .venv-3.13 .venv-3.11 .venv-lint xtalker.egg-info .pytest_cache .ruff_cache .hypothesis
	find xtalker_addon render_scripts tests -name __pycache__ -prune -exec rm -rf {} +

# Editable, so that an edit of the code needs no new set-up. A venv whose interpreter has gone is made anew.
$(VENV)/has-blender: pyproject.toml .ci/check_libraries.py
	@echo "Setting up $(VENV) with Blender as a module (some 400 MB to download the first time)"
	@$(PY) -m pip --version >/dev/null 2>&1 || $(INTERPRETER) -m venv --clear $(VENV)
	$(PY) $(PIP_INSTALL) --editable '.[blender]'
	$(PY) .ci/check_libraries.py
	@touch $@

# The independent FLAME layer of the tests. Only torch's CPU build will do: the usual one brings gigabytes of CUDA.
# flame-pytorch comes without its dependencies, whose exact versions of 2020 nothing here can run on.
$(VENV)/has-test: $(VENV)/has-blender
	$(PY) $(PIP_INSTALL) --editable '.[test,batch]'
	@if $(PY) $(PIP_INSTALL) 'torch==2.13.0+cpu' 2>/dev/null; then \
	    $(PY) $(PIP_INSTALL) --editable '.[verify]' && $(PY) $(PIP_INSTALL) --no-deps flame-pytorch==0.0.1; \
	else \
	    echo "No CPU build of torch 2.13.0 for $(VENV): the tests against the independent FLAME layer will be skipped."; \
	fi
	@touch $@

.venv-lint/has-lint: pyproject.toml
	@$(LINT) -m pip --version >/dev/null 2>&1 || $(INTERPRETER) -m venv --clear .venv-lint
	$(LINT) $(PIP_INSTALL) --editable '.[lint]'
	@touch $@
