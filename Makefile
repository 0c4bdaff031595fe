# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#
# The front door: each target sets up what it needs. The build itself is CMake's, see CMakePresets.json.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules --no-print-directory

JOBS ?= $(shell tools/jobs)
PREFIX ?= /usr/local
ARGS ?=
mend := Mend the first error shown. If it is not yours: make clean, then again.

release := build/release
program := $(release)/bin/chimaera

.PHONY: help demo build test check bench install format clean setup configure

help: ## say what there is
	@echo "make TARGET, with JOBS=n compilers at a time ($(JOBS) here):"
	@sed -nE 's/^([a-z]+):.*## (.*)/  \1\t\2/p' Makefile | expand -t 12

demo: setup configure ## install what is missing, build, run the main job on real records (ARGS=FILE: on that file)
	@tools/step build "building the program and its modules" "$(mend)" \
	  cmake --build $(release) -j $(JOBS) --target chimaera chi_modules
	@$(program) demo $(ARGS)

build: setup configure ## the program, build/release/bin/chimaera, its modules, and all tests
	@tools/step build "building release" "$(mend)" \
	  cmake --build $(release) -j $(JOBS)

test: build ## install what is missing, build, run all tests
	@tools/setup build test
	@tools/count_lines tasks/TASK_NAME 80 examples/smallest_module 59
	@STEP_SHOW=1 tools/step test "running the tests" \
	  "Run one test alone: ctest --test-dir $(release) --output-on-failure -R NAME" \
	  ctest --preset release -j 2

check: ## what CI wants beyond the tests: sanitizers, clang, fuzzing, style (some 30 minutes)
	@tools/setup build test check
	@JOBS=$(JOBS) tools/check $(ARGS)

bench: build ## the benchmark table, rivals included
	@tools/setup build test bench
	@$(program) bench all $(ARGS)

install: build ## copy library, headers, modules and program below PREFIX (/usr/local)
	@tools/step install "installing to $(PREFIX)" \
	  "Is $(PREFIX) yours to write? Else: make install PREFIX=folder, or as root." \
	  cmake --install $(release) --prefix $(PREFIX)

format: ## put all C++ in the project's form
	@tools/setup check
	@tools/check_format --fix

clean: ## remove all that was built
	rm -rf build

setup:
	@tools/setup build

configure: setup
	@[[ -f $(release)/build.ninja ]] || \
	  tools/step configure "configuring release" "$(mend)" cmake --preset release
