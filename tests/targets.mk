# SPDX-License-Identifier: MIT
# What tests beyond the suite: a part of the Makefile, and read where it is there (a build in a
# container asks for the packages before it has the sources).
.PHONY: isa aarch64 reference reference-double reference-float gradcheck core-tests fuzz fuzzers
.PHONY: torture resume power faults soak polled bench

isa:
	@MAKE="$(MAKE)" JOBS=$(JOBS) tests/check.sh $(addprefix isa-,$(or $(ISAS),x86-64-v2 x86-64-v3 x86-64-v4))
isa-%:
	@$(MAKE) VARIANT=release ISA=$* test

# Cross-built, the core's tests under qemu-user: hours on two processors. TESTS_AARCH64=... some.
aarch64:
	@MAKE="$(MAKE)" tests/aarch64.sh $(TESTS_AARCH64)

# Two programs from one source, the core in double and in float, against the same numbers.
reference:
	@MAKE="$(MAKE)" JOBS=$(JOBS) REFERENCE="$(REFERENCE)" \
		tests/check.sh reference-double reference-float
reference-double:
	@$(MAKE) VARIANT=double ISA= build/double/run_reference
	@build/double/run_reference $(REFERENCE)
reference-float:
	@$(MAKE) VARIANT=release ISA= build/release/run_reference
	@build/release/run_reference $(REFERENCE)

# In double: that the backward pass is the derivative of the forward's, also on each example job.
gradcheck:
	@$(MAKE) VARIANT=double ISA= core-tests
core-tests: $(filter $(B)/tests/core/% $(B)/tests/api/test_gradcheck,$(TESTS))
	@tests/run.sh $^

fuzz:
	@$(MAKE) VARIANT=fuzz fuzzers
	@for f in $(FUZZERS:$(B)/%=%); do mkdir -p build/fuzz/corpus/$$f; \
	seeds=tests/fuzz/corpus/$${f#fuzz_}; [ -d $$seeds ] || seeds=; \
	echo "$$f: $(FUZZ_SECONDS) s"; \
	build/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -print_final_stats=0 \
		build/fuzz/corpus/$$f $$seeds || exit 1; done
fuzzers: $(FUZZERS)

LONG = env SPIKED_BIN=$(CURDIR)/$(B)/spiked TEST_TIMEOUT=100000
SOAK_MINUTES ?= 30
torture: build $(B)/tests/e2e/test_kills
	@$(LONG) TORTURE_KILLS=1000 tests/run.sh $(B)/tests/e2e/test_kills
resume: build $(B)/tests/e2e/test_resume
	@$(LONG) KILL_POINTS=50 tests/run.sh $(B)/tests/e2e/test_resume
# Forty tearings of each crash instead of one.
power: $(B)/tests/server/test_store_power
	@$(LONG) POWER_SEEDS=40 tests/run.sh $<
faults: $(B)/tests/server/test_store_faults
	@$(LONG) FAULT_EVERY=1 tests/run.sh $<
soak: build $(B)/tests/e2e/test_soak
	@$(LONG) SOAK_MINUTES=$(SOAK_MINUTES) $(B)/tests/e2e/test_soak
polled: build $(B)/bench_http
	@tests/bench/polled.sh $(B)
bench: $(BENCHES)
	@tests/bench/run.sh $(B)/bench_train $(B)/bench
