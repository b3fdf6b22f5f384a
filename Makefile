# Ignition. `make demo` and `make test` do everything on a fresh Debian machine with git, make, Maven and a JDK 25.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
export JAVA_HOME := $(shell scripts/find-jdk)
MVN := mvn -q

.PHONY: help demo test nightly fuzz bench bench-native build guest images setup unit e2e format clean

help: ## Shows this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: build images ## Runs nginx as a sleeping microVM and explains each step
	scripts/demo

test: setup jdk guest images ## All tests: unit tests here, end-to-end tests with real guests (in the lab where there is no KVM)
	guest/test
	mvn verify

unit: setup jdk ## Unit tests only
	mvn test

nightly: setup jdk guest ## The long form of the tests; writes the table in docs/reliability.md
	scripts/nightly

fuzz: setup jdk ## Coverage-guided fuzzing, FUZZ_SECONDS=60 for each of six targets
	scripts/fuzz --seconds $${FUZZ_SECONDS:-60}

bench: build images ## Wakes, boots, suspends, bursts, density, throughput beside QEMU microvm, in the lab (docs/performance.md)
	benchmarks/lab

bench-native: setup jdk ## Restore against a C program, and microbenchmarks, on this machine (docs/performance.md)
	$(MVN) test-compile -pl benchmarks -am
	benchmarks/native

build: setup jdk guest ## Kernel, init and Java
	$(MVN) package -DskipTests
	@for verb in version daemon; do IGNITION_AOT=wait bin/ignition $$verb --help >/dev/null; done

guest: setup ## Guest kernel and init (cached by content in ~/.cache/ignition)
	@mkdir -p target/guest
	@kernel=$$(guest/kernel/build | tail -n 1) && ln -sfn "$$kernel" target/guest/vmlinux
	@init=$$(guest/init/build | tail -n 1) && ln -sfn "$$init" target/guest/initramfs.cpio

images: setup ## OCI images for demo and tests, from Debian packages (cached by recipe)
	e2e/images/registry prepare

setup: ## Installs the Debian packages that are missing
	@scripts/setup

format: jdk ## Formats the Java sources
	$(MVN) spotless:apply

clean: ## Removes what was built here; the caches stay
	$(MVN) clean
	rm -rf target

.PHONY: jdk
jdk:
	@scripts/find-jdk >/dev/null
