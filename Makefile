# SPDX-License-Identifier: Apache-2.0
# Entry points for people; the work is done by CMake presets and the scripts in tools/.
JOBS ?= 2
SEED ?= 1
FUZZ_SECONDS ?= 30
API_SECONDS ?= 300
PREFIX ?= /usr/local
NICE := nice

.DEFAULT_GOAL := build
.PHONY: build programs install uninstall docs docs-reference docs-pictures setup test test-cluster demo demo-failure demo-k8s check \
  check-api lint header-check dev asan tsan fuzz sim bench clean

setup:
	@tools/setup

build: setup
	@cmake --preset release > /dev/null
	@$(NICE) cmake --build --preset release -j $(JOBS)

# The two programs without their tests.
programs: setup
	@cmake --preset release > /dev/null
	@$(NICE) cmake --build --preset release -j $(JOBS) --target leoflow leoflow-agent

# The programs, shell completions, a systemd unit and the pages, below PREFIX (and DESTDIR).
install: programs
	@tools/install --prefix $(PREFIX)

uninstall:
	@tools/install --prefix $(PREFIX) --remove

# The documentation as a static site in build/docs.
docs: setup
	@tools/docs site

# docs/reference, written anew from what the programs say; and the pictures of the case study.
docs-reference: programs
	@tools/docs reference

docs-pictures: programs
	@tools/docs pictures

test: build
	@tools/run-tests --build build --jobs $(JOBS)

# The tests that need a Kubernetes, and what that is made from: minutes, the first time.
test-cluster: programs
	@tools/setup --cluster
	@LEOFLOW_BUILD=$(CURDIR)/build LEOFLOW_CLUSTER=1 test/cluster/run

demo: programs
	@tools/demo

demo-failure: programs
	@tools/demo --failure

# With every task in a pod; FAILURE=1 for the other half of the case study.
demo-k8s: programs
	@[ -n "$$KUBECONFIG" ] || tools/setup --cluster
	@tools/demo --k8s $(if $(FAILURE),--failure)

dev: setup
	@cmake --preset dev > /dev/null
	@$(NICE) cmake --build --preset dev -j $(JOBS)

# Before a commit: format and clang-tidy on what changed, then all tests.
check: lint test

lint:
	@tools/setup --lint
	@cmake --preset dev > /dev/null
	@tools/lint build-dev

# Asks a server of its own everything that /openapi.json allows, for API_SECONDS.
check-api: build
	@tools/check-api --build build --seconds $(API_SECONDS)

header-check: setup
	@cmake --preset dev > /dev/null
	@$(NICE) cmake --build --preset dev -j $(JOBS) --target header_check

# Tests that go through gRPC's channels: it is not built with ThreadSanitizer, which sees races in every call of it.
tsan: export GTEST_FILTER = -AgentEndToEnd.*:PodEndToEnd.*:AgentTls.*:GrpcLink.*
asan tsan: setup
	@cmake --preset $@ > /dev/null
	@$(NICE) cmake --build --preset $@ -j $(JOBS)
	@LSAN_OPTIONS=suppressions=$(CURDIR)/test/sanitizers/lsan.supp \
	  TSAN_OPTIONS=suppressions=$(CURDIR)/test/sanitizers/tsan.supp \
	  ctest --test-dir build-$@ -j $(JOBS) --output-on-failure

fuzz:
	@tools/setup --lint
	@cmake --preset fuzz > /dev/null
	@$(NICE) cmake --build --preset fuzz -j $(JOBS) --target fuzzers
	@tools/run-fuzzers build-fuzz $(FUZZ_SECONDS)

# Replays one seed of the simulation: make sim SEED=17
sim: build
	@LEOFLOW_SIM_SEED=$(SEED) build/test/leoflow_sim_test

bench: setup
	@cmake --preset release -DLEOFLOW_BENCH=ON > /dev/null
	@$(NICE) cmake --build --preset release -j $(JOBS)
	@bench/run

clean:
	@rm -rf build build-dev build-asan build-tsan build-fuzz
