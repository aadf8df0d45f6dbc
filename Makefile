# `make` alone lists the targets.
SCENARIO ?= synthetic
WORKERS  ?= 2
PYTHON   ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.8
BIN := .venv/bin
ENV := .venv/.ready

# One thread a model fit and no spinning threads: see src/healthops/pipeline/environment.py.
export OMP_WAIT_POLICY = PASSIVE
export OMP_NUM_THREADS = 1
# uv reads its own variable; pip's serves where only that one is set.
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
endif

.DEFAULT_GOAL := help
.PHONY: help env reproduce test lab data check explain bench clean distclean lock

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo
	@echo "  SCENARIO=synthetic (default) needs no network; SCENARIO=public runs on real data of Peru,"
	@echo "  fetched from the folder in HEALTHOPS_MIRROR or from the network."

reproduce: $(ENV) ## make tables, models and reports of SCENARIO; what is up to date is left alone
	@$(BIN)/healthops run $(SCENARIO) --workers $(WORKERS)

test: $(ENV) ## run the tests, the linters and a smoke run of every notebook
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

env: $(ENV) ## make the environment .venv from requirements.lock

lab: $(ENV) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=notebooks

data: $(ENV) ## fetch the public data (from HEALTHOPS_MIRROR or the network) and check every hash
	$(BIN)/python -m healthops.pipeline.step healthops.data.fetch public

check: $(ENV) ## make SCENARIO from nothing twice, compare every byte, then the committed expectation
	$(BIN)/healthops check $(SCENARIO) --workers $(WORKERS)

explain: $(ENV) ## say what would run and why
	$(BIN)/healthops explain $(SCENARIO)

bench: $(ENV) ## measure speed (skill beside real teams: report 91 of SCENARIO=public; see benchmarks/README.md)
	$(BIN)/python -m benchmarks.run

clean: ## remove what runs of SCENARIO made (fetched data stays)
	rm -rf data/$(SCENARIO) models/$(SCENARIO) reports/$(SCENARIO) .build/$(SCENARIO) .check

distclean: ## remove everything that can be made again, the environment too
	rm -rf .venv .build .check && find data models reports -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +

lock: $(ENV) ## solve requirements.in again into requirements.lock
	@# torch is chosen anew: the version kept from the last lock lacks its label, and would bring CUDA's packages.
	$(BIN)/uv pip compile requirements.in --quiet --upgrade-package torch --python-version 3.11 --no-header --no-annotate \
	  --no-emit-find-links --no-emit-index-url -o requirements.lock
	@# uv writes the local label of a wheel from a folder (+cpu), which cannot be met elsewhere.
	sed -i 's/+cpu$$//' requirements.lock

$(ENV): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "healthops needs Python 3.11; $(PYTHON) is $$($(PYTHON) -V). Name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making the environment .venv from requirements.lock (about 3 GB; one minute on a fast network) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
