# One command each; every one sets up what it needs first, and a second run does only what is left.
#
#   make demo     parse the samples into out/ and say where they are
#   make test     all tests, but for those of vLLM where `make vllm-env` was not run
#   make check    lint, types, layers, generated docs, quick tests: before each commit, under two minutes

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
WEIGHTS := src/octavo/weights
VIEWER := src/octavo/renderers/_viewer/page.js
INSTALLED := $(VENV)/.installed
TESTS ?=
PYTEST := $(BIN)/python -m pytest

DEPLOY_TOOLS := .venvs/deploy/bin
SUPPLY_TOOLS := .venvs/supply/bin

.PHONY: help demo case test official-env official-check eval-check lowest-env clients-env tesseract-env vllm-env ray-env check lint lint-deploy image-check locks audit sbom fix unit weights page page-env page-check gallery samples golden wheel wheel-check docs bench bench-env bench-gpu bench-check bench-quality batch-check ray-check fuzz torture clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# With the proof page where it could be built.
ALL_FORMATS = --formats markdown,glmocr_json,report,crops,overlay$$(test ! -f $(VIEWER) || echo ,page)

demo: $(INSTALLED) ## parse the shipped samples into out/
	@$(BIN)/octavo parse samples/two-column-paper.pdf --output out $(ALL_FORMATS)
	@$(BIN)/octavo parse samples/bank-statement.pdf samples/receipt.jpg samples/fax.tiff --output out/more $(ALL_FORMATS)
	@test ! -f $(VIEWER) || echo "open out/two-column-paper.page.html in a browser: the pages beside what was read of them"

test: $(INSTALLED) official-env lowest-env clients-env page-env ## all tests; TESTS=tests/test_parse.py for some
	$(PYTEST) -m "not image and not whole" $(TESTS)

official-env: $(INSTALLED) ## the official SDK, to compare with: 0.1.5 and the image's 0.1.1 (200 and 370 MB)
	@PYTHON=$(BIN)/python tests/official/install_env.sh 0.1.5
	@PYTHON=$(BIN)/python tests/official/install_env.sh 0.1.1

official-check: $(INSTALLED) official-env ## profiles official and sdk on the public set and 60 made documents, with both SDKs (20 min)
	$(PYTEST) -m whole tests/official

clients-env: $(INSTALLED) ## client libraries of other servers, which the server's dialects are tried with (320 MB)
	@PYTHON=$(BIN)/python tests/clients/install_env.sh

eval-check: $(INSTALLED) ## conservation of text over all documents of ../shared/eval (6 min)
	$(PYTEST) -m whole tests/test_conservation.py

lowest-env: .venvs/lowest/aiohttp ## the lowest version of the HTTP library that is allowed, which refuses less by itself

.venvs/lowest/aiohttp: $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .venvs/lowest 'aiohttp==3.12.0'
	@touch $@

tesseract-env: ## Tesseract with its languages, and fonts to draw them, where Debian's packages may be installed (150 MB)
	@tests/tesseract/install.sh

vllm-env: ## the real vLLM for CPUs, which `make test` then uses (2.7 GB, needs Python 3.11)
	@tests/vllm/install_env.sh

check: lint unit ## what must be green before a commit

lint: $(INSTALLED) ## style, types, layers, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate_docs.py --check

lint-deploy: ## Dockerfile, shell scripts, workflows; skipped where their checkers cannot be installed
	@PYTHON="$$(scripts/find_python.sh)" scripts/lint_deploy.sh $(DEPLOY_TOOLS)

image-check: $(INSTALLED) ## build the worker's image on a stub of vLLM's, and the small one, and let them answer jobs (root, buildah, debootstrap, openssl; 10 min, then 6)
	$(PYTEST) -m image -s tests/image

LOCK := $(SUPPLY_TOOLS)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

locks: $(SUPPLY_TOOLS)/uv ## constraints.lock and the image's lock, with the hashes of all files of each version
	$(LOCK) --no-deps --upgrade constraints.txt --output-file constraints.lock
	$(LOCK) --upgrade --constraint constraints.txt deploy/requirements-worker.txt --output-file deploy/requirements-worker.lock
	$(LOCK) --upgrade --constraint constraints.txt deploy/requirements-serve.txt --output-file deploy/requirements-serve.lock

audit: $(INSTALLED) $(SUPPLY_TOOLS)/uv ## licences of what is installed, and known weaknesses of what is locked
	$(BIN)/python scripts/licences.py
	$(SUPPLY_TOOLS)/pip-audit --strict --require-hashes --disable-pip --requirement constraints.lock
	$(SUPPLY_TOOLS)/pip-audit --strict --require-hashes --disable-pip --requirement deploy/requirements-worker.lock
	$(SUPPLY_TOOLS)/pip-audit --strict --require-hashes --disable-pip --requirement deploy/requirements-serve.lock

sbom: $(INSTALLED) $(SUPPLY_TOOLS)/uv ## what the tree and the image are made of, as CycloneDX, in dist/
	@mkdir -p dist
	$(SUPPLY_TOOLS)/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible --output-file dist/octavo.cdx.json
	$(SUPPLY_TOOLS)/cyclonedx-py requirements deploy/requirements-worker.lock --pyproject pyproject.toml --output-reproducible --output-file dist/octavo-worker.cdx.json

$(SUPPLY_TOOLS)/uv: scripts/find_python.sh
	@"$$(scripts/find_python.sh)" -m venv .venvs/supply
	@$(SUPPLY_TOOLS)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 pip-audit==2.10.1 cyclonedx-bom==7.5.0
	@touch $@

fix: $(INSTALLED) ## format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

unit: $(INSTALLED) ## the quick tests
	$(PYTEST) -n auto -m "not slow and not official and not vllm and not image and not whole" $(TESTS)

weights: $(INSTALLED) ## the embedded networks, fetched and checked; nothing to do where they are right
	$(BIN)/python hatch_build.py weights

page: $(INSTALLED) ## the proof page, built into the package of web/ (Node.js 20.19 or newer)
	@$(BIN)/python hatch_build.py page

page-env: $(INSTALLED)
	@test -d web/node_modules/playwright-core || (cd web && npm ci --ignore-scripts --silent) \
	    || echo "the page is not tried in a browser here: Node.js 20.19 or newer, or its registry, is missing"

page-check: page-env $(INSTALLED) ## the proof page in a Chromium: 10,000 blocks, scans, a long job, by keyboard from file to export (5 min)
	$(BIN)/python bench/page.py

gallery: page page-env ## the pictures of README.md and docs/, drawn anew (Node.js, a Chromium; 2 min)
	$(BIN)/python scripts/make_gallery.py

samples: $(INSTALLED) ## draw the sample documents again
	$(BIN)/python samples/make_samples.py

case: $(INSTALLED) ## a small case of a page that reads wrongly: FILE=doc.pdf PAGE=3 BOX=100,200,900,400 NAME=case INTO=folder
	@$(BIN)/python scripts/make_case.py "$(FILE)" --page $(or $(PAGE),1) $(if $(BOX),--box $(BOX)) \
	    $(if $(NAME),--name "$(NAME)") $(if $(INTO),--into "$(INTO)")

golden: $(INSTALLED) ## write the golden outputs again; read the diff
	$(PYTEST) --golden tests/test_golden.py

FUZZ ?= 40
EACH ?= 60
fuzz: $(INSTALLED) ## every parser and random faults: FUZZ=40 times the tests' examples, then EACH=60 s a parser by coverage
	FUZZ=$(FUZZ) $(PYTEST) tests/test_fuzz.py tests/test_faults.py
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target .venvs/atheris 'atheris==3.0.0' \
	    || echo "atheris cannot be installed here: what goes by coverage is left out"
	@test ! -d .venvs/atheris/atheris || PYTHONPATH=.venvs/atheris $(BIN)/python bench/fuzz.py --seconds $(EACH)

torture: $(INSTALLED) ## hostile files, memory over 1,000 documents, processes killed at random; docs/reliability.md (an hour)
	$(BIN)/python bench/torture.py $(TORTURE)

ray-env: $(INSTALLED) .venvs/ray/.installed ## Ray, which `make test` then uses (500 MB)

.venvs/ray/.installed:
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .venvs/ray \
	    ray==2.60.0 attrs==26.1.0 filelock==4.3.1 fsspec==2026.9.0 jsonschema==4.26.0 jsonschema-specifications==2025.9.1 \
	    pandas==3.0.0 python-dateutil==2.9.0.post0 referencing==0.37.0 rpds-py==2026.9.1 six==1.17.0
	@touch $@

ray-check: ray-env ## a batch of 1,000 documents on two Ray nodes, one of them killed (10 min)
	cd tests && PYTHONPATH=../.venvs/ray ../$(BIN)/python ray_cluster.py --documents 1000

KILLED ?= --documents 150 --workers 4 --kills 30
batch-check: $(INSTALLED) ## batches whose processes are killed at random, on a folder and on a bucket (15 minutes)
	cd tests && ../$(BIN)/python killed_batch.py $(KILLED)
	cd tests && ../$(BIN)/python killed_batch.py $(KILLED) --bucket 2> /dev/null

wheel: $(INSTALLED) ## the wheel, in dist/
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

wheel-check: wheel ## install the wheel alone, in an environment of its own, and read a sample with it
	rm -rf build/wheel && $(BIN)/python -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt dist/*.whl
	build/wheel/venv/bin/octavo doctor
	build/wheel/venv/bin/octavo parse samples/bank-statement.pdf --output build/wheel/out --formats markdown,page
	@du -sh build/wheel/venv/lib/python*/site-packages dist/*.whl

bench-env: $(INSTALLED) ## the peers that `make bench` compares with (500 MB, cached)
	@PYTHON=$(abspath $(BIN))/python bench/install_peers.sh

BENCH := out/bench
DATA ?= ../shared/eval/public
$(BENCH)/report.pdf: bench/documents.py $(INSTALLED)
	$(BIN)/python bench/documents.py $(BENCH) $(addprefix --data ,$(wildcard $(DATA)))

bench: $(BENCH)/report.pdf ## throughput beside the peers that are installed, and what Octavo promises (10 minutes)
	$(BIN)/python bench/throughput.py --folder $(BENCH) --out $(BENCH)/throughput
	$(BIN)/python bench/throughput.py --folder $(BENCH) --out $(BENCH)/throughput-own --limit own --latencies 0.2
	$(BIN)/python bench/promises.py --folder $(BENCH)

bench-gpu: $(BENCH)/report.pdf ## layout, the whole chain, and both beside a model on a GPU, without real weights (torch, transformers; 15 minutes)
	$(BIN)/python bench/gpu.py --folder $(BENCH)

bench-check: $(BENCH)/report.pdf ## CPU in turns with the commit of bench/baseline.json; fails where it is 20 % more (10 min)
	$(BIN)/python bench/check.py --folder $(BENCH)

bench-quality: $(INSTALLED) ## text, order, tables and speed beside six readers on DATA (an hour, 1.5 GB once)
	@PYTHON=$(abspath $(BIN))/python bench/install_readers.sh
	HF_HUB_OFFLINE=1 DOCLING_ARTIFACTS=$(abspath .venvs/readers/docling-artifacts) $(BIN)/python bench/quality.py --data $(DATA)

docs: $(INSTALLED) ## write the generated pages of docs/ again
	$(BIN)/python scripts/generate_docs.py

clean: ## remove what these commands made, the environment too
	rm -rf $(VENV) .venvs out dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -rf $(dir $(VIEWER)) web/node_modules $(WEIGHTS)/*.onnx $(WEIGHTS)/*.txt $(WEIGHTS)/licences

# The environment: the package in place with its tools, and the networks, which the build hook brings. Without what they
# depend on: the lock has all of it, but for what the RunPod SDK wants and does not need (a FastAPI that vLLM forbids).
$(INSTALLED): pyproject.toml constraints.lock hatch_build.py $(WEIGHTS)/carriers.toml scripts/find_python.sh
	@python="$$(scripts/find_python.sh)" && test -x $(BIN)/python || "$$python" -m venv $(VENV)
	@echo "installing octavo and its tools into $(VENV) (about 400 MB, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement constraints.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@test -f $(VIEWER) || echo "without the proof page: it needs Node.js 20.19 or newer, and \`make page\` says what is missing"
	@touch $@
