# Every target sets up what it needs by itself, in .venv: a machine with cargo and Python 3.11
# (or newer) is enough. Stamp files remember what is done already.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# Two jobs fit the smallest machine that we support; `make test JOBS=8` uses more.
JOBS ?= 2
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done; true)

VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

export VIRTUAL_ENV := $(VENV)
export CARGO_BUILD_JOBS := $(JOBS)
ifdef CI
# What makes the next build faster makes the only one slower.
export CARGO_INCREMENTAL := 0
endif
# The interpreter that the bindings are built for, the same in every build, so that cargo never
# rebuilds them because a shell's PATH differs.
export PYO3_PYTHON := $(CURDIR)/.venv/bin/python

# The MPI library, a dependency group of pyproject.toml: openmpi or mpich.
MPI ?= openmpi
# With more processes than cores, Open MPI wants to be told that this is meant; and that it may run
# as root, where it does.
MPI_SETTINGS := OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_ALLOW_RUN_AS_ROOT=1 \
	PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PATH=$(BIN):$$PATH

CRATES := --workspace --exclude distarray-python
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find crates -name '*.rs' -o -name Cargo.toml)
# The tests of arrays.
ARRAY_TESTS := $(addprefix python/distarray/tests/test_,$(addsuffix .py,\
	creation distarray dtypes indexing random reductions ufuncs))
# The tests of functions on engines.
CALL_TESTS := $(addprefix python/distarray/tests/test_,$(addsuffix .py,\
	apply distarray dtypes files proxies register))
# The tests that engines in other processes have to pass, too; some of them in `make test`.
MATRIX := $(addprefix python/distarray/tests/test_,$(addsuffix .py,\
	apply checkpoints communication_policy creation deferred distarray distribution dtypes \
	exact_sums failures file_safety files hdf5 hdf5_chunks indexing joining load_save mapped math \
	memory_limit netcdf object_stores outside products programs proxies random reductions register \
	round_trips scans ufuncs zarr))
SOME_OF_MATRIX := $(addprefix python/distarray/tests/test_,$(addsuffix .py,\
	apply creation files load_save random register))
ENGINE_EXAMPLES := $(basename $(notdir $(wildcard crates/engine/examples/*.rs)))

.PHONY: help
help: ## Print the targets.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- Set-up ------------------------------------------------------------------------------------

$(STAMPS)/venv:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with venv was found; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@command -v cargo >/dev/null || { echo "cargo was not found: install Rust (the version in Cargo.toml or newer)" >&2; exit 1; }
	@echo "== Creating .venv with $(PYTHON)"
	$(PYTHON) -m venv $(VENV)
	@# Dependency groups need pip 25.1.
	$(PIP) install --upgrade 'pip>=25.1'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/build-tools: pyproject.toml | $(STAMPS)/venv
	@echo "== Installing build tools"
	$(PIP) install --group build
	@touch $@

$(STAMPS)/lint-tools: pyproject.toml | $(STAMPS)/venv
	@echo "== Installing linters"
	$(PIP) install --group lint
	@touch $@

$(STAMPS)/extension: $(RUST_SOURCES) pyproject.toml $(STAMPS)/build-tools
	@echo "== Building the extension module (release)"
	$(BIN)/maturin develop --release --locked
	@touch $@

# The extras of pyproject.toml; the package itself is there already, so pip adds what they name.
$(STAMPS)/extra-%: pyproject.toml | $(STAMPS)/extension
	@echo "== Installing the extra '$*'"
	$(PIP) install 'distarray[$*]'
	@touch $@

.PHONY: build
build: $(STAMPS)/extension ## Build the package into .venv.

# ---- What people run ---------------------------------------------------------------------------

.PHONY: demo
demo: $(STAMPS)/extension $(STAMPS)/extra-demo ## Compute on a land mask of the Earth, beside NumPy.
	$(BIN)/python examples/land_mask.py

.PHONY: demo-mpi
demo-mpi: $(STAMPS)/extension $(STAMPS)/extra-demo $(STAMPS)/extra-mpi $(STAMPS)/group-$(MPI) ## The same on 5 MPI processes.
	$(MPI_SETTINGS) mpiexec -n 5 python examples/land_mask.py

# Loops written by hand, for the benchmarks to compare with.
$(STAMPS)/floor: $(shell find benchmarks/floor -name '*.rs' -o -name Cargo.toml) | $(STAMPS)/venv
	@echo "== Building the loops that the benchmarks compare with"
	cargo build --release --locked -p distarray-floor
	@touch $@

# The packages of a dependency group of pyproject.toml that the benchmarks need or compare with.
$(STAMPS)/group-%: pyproject.toml | $(STAMPS)/venv
	@echo "== Installing the dependency group '$*'"
	$(PIP) install --group $*
	@touch $@

.PHONY: bench
bench: $(STAMPS)/extension $(STAMPS)/group-bench $(STAMPS)/floor ## Print times and memory, beside NumPy's.
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

.PHONY: bench-peers
bench-peers: $(STAMPS)/group-peers bench ## The same, beside other packages, which it installs.

.PHONY: bench-mpi
bench-mpi: $(STAMPS)/extension $(STAMPS)/extra-mpi $(STAMPS)/group-$(MPI) ## Print times of MPI processes, beside mpi4py by hand.
	for n in 2 4; do $(MPI_SETTINGS) mpiexec -n $$n python -m benchmarks.processes redistribution; \
		$(BIN)/python -m benchmarks.processes threads $$n; done
	$(MPI_SETTINGS) mpiexec -n 5 python -m benchmarks.processes round-trip

.PHONY: bench-io
bench-io: $(STAMPS)/extension $(STAMPS)/extra-io ## Print times of saving and loading files, beside NumPy, h5py and zarr-python.
	$(BIN)/python -m benchmarks.io $(BENCH_ARGS)

.PHONY: docs
docs: $(STAMPS)/extension $(STAMPS)/extra-docs ## Build the documentation into docs/_build/html.
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

# ---- Checks ------------------------------------------------------------------------------------

.PHONY: test
test: lint test-rust test-python ## Run every check and every test, Rust and Python.

.PHONY: test-rust
test-rust: $(STAMPS)/venv ## Run the crates' tests and examples, and build their documentation.
	cargo test --locked $(CRATES)
	@# What people run is optimised: that must change no bit, and meet no other exception.
	cargo test --locked --release -p distarray-kernels --tests
	@for example in $(ENGINE_EXAMPLES); do \
		echo "== Running the example $$example"; \
		cargo run --locked --quiet -p distarray-engine --example $$example; done
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --workspace

.PHONY: test-python
test-python: $(STAMPS)/extension $(STAMPS)/extra-test $(STAMPS)/group-$(MPI) ## Run the package's tests and doctests.
	$(BIN)/python -m pytest $(PYTEST_ARGS)
	@echo "== Again with every operation carried out at once"
	DISTARRAY_DEFERRED=0 $(BIN)/python -m pytest $(PYTEST_ARGS) -m 'not processes' python/distarray/tests
	@echo "== Again with every operation put off, a thread for every engine, and tiny blocks"
	DISTARRAY_INLINE_BYTES=0 DISTARRAY_BLOCK=3 $(BIN)/python -m pytest $(PYTEST_ARGS) $(ARRAY_TESTS)
	@echo "== Again with nothing but bytes between functions on engines and the client"
	DISTARRAY_SHIP=1 $(BIN)/python -m pytest $(PYTEST_ARGS) $(CALL_TESTS)
	$(call on_processes,$(SOME_OF_MATRIX))

# Some tests on engines that are MPI processes: first of a client, then of a program that they all
# run. 7 is the most engines that a test uses.
define on_processes
@echo "== Again on MPI processes that work for a client"
$(MPI_SETTINGS) DISTARRAY_CONTEXT=mpi mpiexec -n 1 python -m pytest $(PYTEST_ARGS) $(1) \
	: -n 7 python -m distarray.apps.engine
@echo "== Again on MPI processes that all run the tests"
$(MPI_SETTINGS) DISTARRAY_CONTEXT=spmd PYTHONHASHSEED=0 mpiexec -n 7 python -m pytest \
	-q -p no:cacheprovider $(PYTEST_ARGS) $(1)
endef

.PHONY: test-all
test-all: test ## Run what `make test` leaves out, too: all tests on processes, two hosts, MPICH.
	DISTARRAY_TEST_ALL=1 cargo test --locked -p distarray-comm -p distarray-engine
	@echo "== Round trips: every dtype with every distribution, in every format"
	DISTARRAY_TEST_ALL=1 $(BIN)/python -m pytest $(PYTEST_ARGS) python/distarray/tests/test_round_trips.py
	$(MAKE) test-mpi
	$(MAKE) test-hosts
	$(MAKE) test-mpich
	$(MAKE) test-h5py-mpi

.PHONY: test-mpi
test-mpi: $(STAMPS)/extension $(STAMPS)/extra-test $(STAMPS)/group-$(MPI) ## Run all tests of arrays on MPI processes.
	DISTARRAY_TEST_ALL=1 $(BIN)/python -m pytest $(PYTEST_ARGS) -m processes python/distarray/tests
	$(call on_processes,$(MATRIX))

# Open MPI and MPICH can't live in one environment.
.PHONY: test-mpich
test-mpich: $(STAMPS)/venv ## The same with MPICH, in .venv-mpich.
	$(MAKE) VENV=$(CURDIR)/.venv-mpich MPI=mpich test-mpi

# h5py built for MPI, in .venv-h5py-mpi: from its sources, with the HDF5 and the Open MPI of Debian's
# libhdf5-openmpi-dev and openmpi-bin (python3-h5py-mpi itself may be for an older NumPy than ours). It
# is built without isolation because mpi4py would be built, too, which takes 20 GB of memory.
H5PY_MPI := $(CURDIR)/.venv-h5py-mpi
MISSING_FOR_H5PY_MPI = $(strip $(foreach each,mpicc.openmpi mpiexec.openmpi pkg-config,\
	$(if $(shell command -v $(each)),,$(each))) \
	$(if $(shell pkg-config --exists hdf5-openmpi 2>/dev/null && echo yes),,libhdf5-openmpi-dev))

$(H5PY_MPI)/stamps/h5py: pyproject.toml | $(STAMPS)/extension
	$(PYTHON) -m venv $(H5PY_MPI)
	$(H5PY_MPI)/bin/python -m pip install --quiet --upgrade 'pip>=25.1' 'setuptools>=77' wheel \
		'cython<4' pkgconfig 'numpy>=2' 'mpi4py>=4' cloudpickle 'pytest>=9' pytest-timeout hypothesis
	CC=mpicc.openmpi HDF5_MPI=ON HDF5_PKGCONFIG_NAME=hdf5-openmpi $(H5PY_MPI)/bin/python -m pip \
		install --quiet --no-cache-dir --no-build-isolation --no-deps --no-binary=h5py 'h5py>=3.10'
	echo $(CURDIR)/python > "$$($(H5PY_MPI)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/distarray.pth"
	@mkdir -p $(H5PY_MPI)/stamps && touch $@

H5PY_MPI_TESTS := $(addprefix python/distarray/tests/test_,$(addsuffix .py,hdf5 hdf5_chunks))
H5PY_MPI_SETTINGS := OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
	OMPI_MCA_rmaps_base_oversubscribe=1 PYTHONHASHSEED=0

.PHONY: test-h5py-mpi
ifeq ($(MISSING_FOR_H5PY_MPI),)
test-h5py-mpi: $(H5PY_MPI)/stamps/h5py ## Run tests of HDF5 with h5py built for MPI, in .venv-h5py-mpi.
	$(H5PY_MPI)/bin/python -m pytest -q -p no:cacheprovider $(H5PY_MPI_TESTS)
	$(H5PY_MPI_SETTINGS) DISTARRAY_CONTEXT=mpi mpiexec.openmpi -n 1 $(H5PY_MPI)/bin/python -m pytest \
		-q -p no:cacheprovider $(H5PY_MPI_TESTS) : -n 7 $(H5PY_MPI)/bin/python -m distarray.apps.engine
	$(H5PY_MPI_SETTINGS) DISTARRAY_CONTEXT=spmd mpiexec.openmpi -n 7 $(H5PY_MPI)/bin/python -m pytest \
		-q -p no:cacheprovider $(H5PY_MPI_TESTS)
else
test-h5py-mpi:
	@echo "== Skipped: the tests of h5py built for MPI need $(MISSING_FOR_H5PY_MPI)" >&2
	@echo "   (on Debian: apt-get install libhdf5-openmpi-dev libopenmpi-dev openmpi-bin pkg-config)" >&2
endif

.PHONY: test-hosts
test-hosts: $(STAMPS)/extension $(STAMPS)/extra-test $(STAMPS)/extra-demo $(STAMPS)/group-openmpi ## Run tests and the demo across two hosts, which it makes (needs root).
	DISTARRAY_TEST_HOSTS=1 $(BIN)/python -m pytest $(PYTEST_ARGS) -v python/distarray/tests/test_two_hosts.py

.PHONY: lint
lint: lint-rust lint-python ## Check format, lints, types and the extension's stub.

.PHONY: lint-rust
lint-rust: $(STAMPS)/lint-tools
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(BIN)/cargo-deny --locked check bans licenses sources

.PHONY: lint-python
lint-python: $(STAMPS)/extension $(STAMPS)/lint-tools $(STAMPS)/extra-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest distarray._core

.PHONY: fmt
fmt: $(STAMPS)/lint-tools ## Format everything and fix what the linters can fix.
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

# Miri interprets the crates without foreign calls: it finds undefined behaviour that tests miss.
.PHONY: miri
miri: ## Run the tests of meta and kernels under Miri (needs a nightly toolchain with miri).
	@cargo +nightly miri --version >/dev/null 2>&1 || { \
		echo "Miri needs a nightly toolchain with the miri component:" >&2; \
		echo "    rustup toolchain install nightly --component miri rust-src" >&2; exit 1; }
	MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES=4 cargo +nightly miri test --locked \
		-p distarray-meta -p distarray-kernels --lib --test views --test programs --test pairs

# What a target finds stays in fuzz/artifacts; what it has learnt, in fuzz/corpus.
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: ## Have headers of files read that nobody wrote, FUZZ_SECONDS a target (needs nightly and cargo-fuzz).
	@cargo +nightly fuzz --version >/dev/null 2>&1 || { \
		echo "Fuzzing needs a nightly toolchain and cargo-fuzz:" >&2; \
		echo "    rustup toolchain install nightly && cargo install cargo-fuzz --locked" >&2; exit 1; }
	for target in $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs))); do \
		mkdir -p fuzz/corpus/$$target; \
		cargo +nightly fuzz run $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=4096; done

.PHONY: clean
clean: ## Remove .venv and everything that was built.
	rm -rf .venv .venv-mpich .venv-h5py-mpi target docs/_build demo-output benchmarks/results fuzz/target fuzz/corpus fuzz/artifacts
	find python -name '__pycache__' -prune -exec rm -rf {} + -o -name '*.so' -exec rm {} +
