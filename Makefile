# Two commands: `make demo` records a page, `make test` passes the tests. Both set up what they need.
PYTHON ?= python3
# Where it is set, as in many a container, each process of the hundreds that are started would compile all that is ours.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
PY := $(VENV)/bin/python
# A new environment's pip can't speak SOCKS, and ends where the shell names such a proxy.
PIP := $(if $(findstring socks,$(ALL_PROXY)$(all_proxy)),env -u ALL_PROXY -u all_proxy) $(PY) -m pip
READY := $(VENV)/.ready
# Tools run as modules: their launchers in $(VENV)/bin break where the folder's path holds a quotation mark.
# Two workers have recording browsers; of the others two wait while one works. WORKERS=0: one after the other.
# LESS=--no-browsers leaves out what needs one.
WORKERS ?= 6
LESS ?=
SPREAD = -n $(WORKERS) --dist loadscope --no-loadscope-reorder

.PHONY: demo test beside quick fast lint unit faults long load site films bench package deploy-check deploy deploy-faults openapi llms format lock browser clean help

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY) browser ## Record the bundled page for 10 s and print the result
	@$(PY) -m local record --seconds 10 --gentle

test: $(READY) browser ## Run lint, types, import rules and tests; takes minutes; make long has the whole stories
	@$(MAKE) --no-print-directory -j2 beside unit || { cat $(VENV)/lint.txt 2>/dev/null; exit 2; }

# What lint says stands in one piece between the tests' lines, and again at the end where it failed.
beside: $(READY) ## Run lint for make test and make quick, and print its output as one block
	@$(MAKE) --no-print-directory lint >$(VENV)/lint.txt 2>&1 || { cat $(VENV)/lint.txt; exit 2; }
	@cat $(VENV)/lint.txt
	@rm $(VENV)/lint.txt

quick: $(READY) ## Run the fast checks: lint, types, import rules, tests without browser or child process
	@$(MAKE) --no-print-directory -j2 beside fast || { cat $(VENV)/lint.txt 2>/dev/null; exit 2; }

# Half of their time they wait: for servers that drip, hang and come late.
fast: WORKERS = 4
fast: $(READY) ## Run the fast tests only
	$(PY) -m pytest -q --quick $(SPREAD)

lint: $(READY) ## Check lint, format, types and import rules
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()"

unit: $(READY) $(VENV)/.compiled $(if $(LESS),,browser) ## Run the tests only; LESS=--no-browsers skips tests with a browser
	$(PY) -m pytest $(LESS) -m 'not whole' $(SPREAD) --durations 10

RUNS ?= 1000
SEED ?= 0
faults: $(READY) ## Simulate faults at every call, on virtual time: make faults RUNS=10000 SEED=0
	$(PY) -m testing.faults --runs $(RUNS) --seed $(SEED)

# Most of them compute, and wait for nothing; one records.
long: WORKERS = 3
long: $(READY) browser ## Test whole stories: kills at every call, deployments of the packages, mutants of the laws, films, rushes, Node clients
	$(PY) -m pytest $(LESS) -m whole $$(grep -rl --include='*.py' 'mark\.whole' tests) $(SPREAD) --durations 10

load: $(READY) ## Start 1,000 recordings at once on the local cloud, in real time, at TRTC's documented limits
	$(PY) -m tests.load start

site: $(READY) ## Simulate a big site on virtual time: cost of a tick, latest starts and stops
	$(PY) -m tests.load site

films: $(READY) ## Make the corpus of films, check each, write the result to docs/film-check.md; takes minutes
	@$(PY) -m testing.films --write

bench: $(READY) browser package ## Measure cold starts, latency and CPU, and write docs/performance.md; takes minutes
	@$(PY) -m bench all

package: $(READY) ## Build the packages build/NAME.zip and build/NAME/; ALLOW_SLOW=1 without python3.10
	@$(PY) -m tools.package $(if $(ALLOW_SLOW),--allow-slow)

deploy-check: $(READY) ## Check the deployment without an account; DOTENV=.env checks your settings and writes build/serverless.yml; needs npm
	@$(PY) -m tools.deploy_check $(if $(DOTENV),--env "$(DOTENV)" --write build/serverless.yml)

deploy: package ## Deploy to your account: plan, ask once, apply, verify
	@$(PY) -m webrecord deploy

deploy-faults: $(READY) ## Test that `webrecord deploy` finishes after a kill at any call, on a local cloud; takes minutes
	@$(PY) -m tests.deploy.killed

openapi: $(READY) ## Write shared/http/description/openapi.json from the models
	@$(PY) -m tools.openapi

llms: $(READY) ## Write llms.txt from the documents
	@$(PY) -m tools.llms

format: $(READY) ## Format the code
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock: ## Renew requirements.txt and requirements-dev.txt from pyproject.toml; needs uv
	uv pip compile -q pyproject.toml --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header -o requirements.txt
	uv pip compile -q pyproject.toml --group dev --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header -o requirements-dev.txt

# The command line is installed with the locked setuptools, from here alone.
# --no-compile: of the official command line's modules, half of all there are, none is imported; the others are compiled
# on all processors at once.
# --no-deps: the lock is complete, and holds crcmod-plus where the COS SDK asks for crcmod, which has no wheel.
$(READY): requirements-dev.txt
	@sh tools/venv.sh "$(PYTHON)" $(VENV)
	$(PIP) install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements-dev.txt
	@$(PY) -m compileall -qq -j 0 -x '/(tests|tccli/services)/' $(VENV)/lib 2>/dev/null || true
	$(PIP) install -qq --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# In a fresh clone the tests are compiled once, not by each worker.
$(VENV)/.compiled: $(READY)
	@$(PY) -m pytest --collect-only -qq >/dev/null 2>&1 || true
	@touch $@

browser: ## Install a Chromium and a font if missing
	@sh tools/browser.sh

clean: ## Remove .venv, .local and build
	rm -rf $(VENV) .local build
