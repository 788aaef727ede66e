# SPDX-License-Identifier: MIT
#
# The commands, in front of CMake's presets. Each installs what it needs first (tools/setup).

SHELL := /bin/bash
PREFIX ?= /usr/local
ARGS ?=
sources = $(shell git ls-files -co --exclude-standard '*.cpp' '*.hpp')

# A build folder that was configured before `tools/setup --test` looks for what that has installed.
configure_again = @[ build/$(1)/build.ninja -nt build/.setup-test ] || \
    { cmake --preset $(1) && touch build/$(1)/build.ninja; }

.DEFAULT_GOAL := run
.NOTPARALLEL:
.SECONDARY:
.PHONY: run check test test-more test-dev test-release test-tsan test-aarch64 qemu-aarch64 test-release-clang test-boost \
    test-lto test-shared-hidden test-debug-containers test-valgrind coverage fuzz bench format tidy tidy-recent clean \
    python python-soak python-debug python-asan amqp-soak install reference dist packages

run: build/release/build.ninja
	cmake --build --preset release --target tendril-demo
	build/release/examples/tendril-demo $(ARGS)

# Before a commit: what needs no building, and the tests of what changed since main; ONLY_SAY=1 only says which.
ONLY_SAY ?=
check: build/.setup-test build/dev/build.ninja
	tools/check_style.py
	tools/check_layers.py
	tools/check_names.py
	tools/exports.py
	tools/check_links.py
	tools/check_commits.py
	tools/test_changed.py $(if $(ONLY_SAY),--print)

# What every change must pass, and what the CI runs besides.
test: test-dev test-release test-tsan test-aarch64
test-more: test-release-clang test-boost test-lto test-shared-hidden test-valgrind

test-dev test-release test-tsan test-release-clang test-boost test-lto test-shared-hidden test-valgrind test-debug-containers: test-%: build/.setup-test build/%/build.ninja
	$(call configure_again,$*)
	tools/timed "$* build" cmake --build --preset $*
	tools/timed "$* tests" ctest --preset $*

# The module for Python, in build/release/python, and its tests; with ONLY=test_pool those only.
python: build/.setup-test build/release/build.ninja
	$(call configure_again,release)
	cmake --build --preset release --target tendril_python
	ctest --preset release -L '^python$$' -R '$(ONLY)'

# Green threads of Python with kills, timeouts, errors, servers and forks at random, for SOAK_SECONDS, and again after
# tendril.patch(): nothing may grow.
SOAK_SECONDS ?= 600
python-soak: build/.setup-test build/release/build.ninja
	cmake --build --preset release --target tendril_python
	PYTHONPATH=build/release/python /usr/bin/python3 -B tests/python/soak.py $(SOAK_SECONDS)
	PYTHONPATH=build/release/python /usr/bin/python3 -B tests/python/soak.py --patch $(SOAK_SECONDS)

# The module for a debug interpreter (Debian: python3.11-dbg; installing it also brings python3 up to date), and its
# tests with a garbage collection at each allocation: a wrong reference count ends the interpreter there. Some hundred
# times slower, so a test that limits its time may fail. Not in .ci/run. DEBUG_PYTHON may be any other interpreter, also one
# of packages that `dpkg-deb -x` has put into a folder (python3.11{,-minimal,-dev,-dbg} and their libpython3.11-*), where
# include/python3.11d needs a link x86_64-linux-gnu -> ../x86_64-linux-gnu.
DEBUG_PYTHON ?= /usr/bin/python3.11-dbg
python-debug:
	@command -v $(DEBUG_PYTHON) >/dev/null || { echo "no $(DEBUG_PYTHON): apt-get install python3.11-dbg" >&2; exit 1; }
	cmake --preset release -B build/python-debug -D TENDRIL_PYTHON="$$(command -v $(DEBUG_PYTHON))" -D TENDRIL_BUILD_PYTHON=ON \
	    -D TENDRIL_BUILD_TESTS=OFF -D TENDRIL_BUILD_EXAMPLES=OFF -D TENDRIL_BUILD_PROGRAMS=OFF
	cmake --build build/python-debug --target tendril_python
	tools/python_debug_tests $(DEBUG_PYTHON) build/python-debug/python '$(ONLY)'

# The module with AddressSanitizer, and its tests, but for those that patch: that is refused under a sanitizer. Not in
# .ci/run.
python-asan:
	cmake --preset release -B build/python-asan -D TENDRIL_SANITIZE=address -D TENDRIL_BUILD_PYTHON=ON \
	    -D TENDRIL_BUILD_TESTS=OFF -D TENDRIL_BUILD_EXAMPLES=OFF -D TENDRIL_BUILD_PROGRAMS=OFF -D TENDRIL_BUILD_BENCH=OFF
	cmake --build build/python-asan --target tendril_python
	tools/python_debug_tests --asan /usr/bin/python3 build/python-asan/python '$(ONLY)'

# RabbitMQ, killed and started again under load, RESTARTS times on each backend.
RESTARTS ?= 20
amqp-soak: build/.setup-test build/release/build.ninja
	cmake --build --preset release --target amqp_broker_test
	TENDRIL_TEST_RESTARTS=$(RESTARTS) build/release/tests/integration/amqp/amqp_broker_test --gtest_filter='RealRestart.*'

# Which lines of each floor run in the tests. What an earlier run counted is forgotten.
coverage: build/.setup-test build/coverage/build.ninja
	cmake --build --preset coverage
	find build/coverage -name '*.gcda' -delete
	ctest --preset coverage
	tools/coverage.py build/coverage

# Every parser, or those that FUZZERS names, for SECONDS_EACH. Clang's libFuzzer is not to be had everywhere.
SECONDS_EACH ?= 20
FUZZERS ?=
fuzz: build/.setup-test
	@if printf 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' | \
	    clang++ -fsanitize=fuzzer -x c++ - -o build/.fuzzer-probe 2>/dev/null; then \
	    cmake --preset fuzz && tools/timed "fuzz build" cmake --build --preset fuzz && tools/fuzz build/fuzz $(SECONDS_EACH) $(FUZZERS); \
	else \
	    echo "not fuzzed: no libFuzzer for clang++"; \
	fi

# The cross compiler is not to be had everywhere; on aarch64 itself the other presets do its work. Looked for only once
# setup has been.
test-aarch64: build/.setup-test
	@if command -v aarch64-linux-gnu-g++ >/dev/null && command -v qemu-aarch64 >/dev/null; then \
	    $(MAKE) --no-print-directory qemu-aarch64; \
	else \
	    echo "not tested: aarch64 (no aarch64-linux-gnu-g++ or no qemu-aarch64)"; \
	fi

qemu-aarch64: build/aarch64/build.ninja
	tools/timed "aarch64 build" cmake --build --preset aarch64
	tools/timed "aarch64 tests" ctest --preset aarch64

# One table of tendril, the floor and the peers: medians of ROUNDS rounds, the systems taking turns. Builds what that
# needs and nothing else. ONLY=tendril leaves the others out and keeps no results: to see that all of it works. AGAINST is
# a file of results to compare with; OPTIONS go to bench/compare.
ROUNDS ?= 5
ONLY ?=
AGAINST ?=
OPTIONS ?=
bench: build/.setup-bench build/release/build.ninja
	cmake --preset release -D TENDRIL_BUILD_BENCH=ON
	cmake --build --preset release --target tendril_bench
	bench/compare build/release --rounds $(ROUNDS) $(if $(ONLY),--only $(ONLY)) $(if $(AGAINST),--against $(AGAINST)) $(OPTIONS)

format: build/.setup-test
	clang-format -i $(sources)

# Clang's compile commands, so that clang-tidy knows every flag in them; each source on its own and with nothing
# precompiled, which finds one that forgets an #include, or shadows a name. The tests are left out: GoogleTest's macros
# take most of the time and none of the findings. All of it keeps two cores busy for 20 minutes: the CI looks at the
# SOURCES that the last COMMITS changed last, or whose headers they changed.
COMMITS ?= 40
SOURCES ?= 16
tidy: tidied = /src/.*(?<!_test)(?<!_bench)\.cpp$$
tidy-recent: tidied = $(shell git log -$(COMMITS) --name-only --format= -- src | \
    sed -nE 's,_(test|bench)\.cpp$$,,; s,^(src/.*)\.[ch]pp$$,\1,p' | awk '!seen[$$0]++' | \
    while read -r name; do [ ! -e "$$name.cpp" ] || printf '/%s\\.cpp$$|\n' "$$name"; done | \
    head -n $(SOURCES) | tr -d '\n')/no_other
tidy tidy-recent: build/.setup-test
	cmake --preset release-clang -B build/tidy -D TENDRIL_UNITY=OFF -D TENDRIL_PRECOMPILE=OFF \
	    -D TENDRIL_BUILD_TESTS=OFF -D TENDRIL_BUILD_PYTHON=ON
	run-clang-tidy -quiet -p build/tidy '$(tidied)'

# The API reference with the guides, by Doxygen: build/reference/html/index.html.
reference:
	tools/reference.py

install: build/release/build.ninja
	cmake --build --preset release --target src/all programs/all src/python/all
	cmake --install build/release --prefix $(PREFIX)

# The archive of a release, of what git has at HEAD, into build/dist.
dist:
	tools/dist.py

# Shared libraries and Debian packages, into build/packages, and each of them used. Not in .ci/run. Besides what
# tools/setup has, lintian and mmdebstrap are used where they are installed.
packages: build/.setup-test
	tools/check_packages

clean:
	rm -rf build

build/%/build.ninja: CMakePresets.json | build/.setup-run
	cmake --preset $*
	@touch $@

build/.setup-%: tools/setup
	tools/setup --$*
	@mkdir -p build && touch $@
