# SPDX-License-Identifier: MIT
# Everything is built in build/<variant>/ by one set of rules. Sources and tests are found, not
# listed: a new file needs no change here. `make help` says what can be asked for.

VERSION := 0.1.0
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/sh

# ---- what may be set on the command line ---------------------------------------------------
ifeq ($(origin CC),default)
CC := gcc
endif
VARIANT ?= release
# Instruction set: empty is the compiler's own baseline; otherwise as in `make ISA=x86-64-v3`.
ISA ?=
WERROR ?= $(if $(filter true 1,$(CI)),1,)
V ?=
PREFIX ?= /usr/local
DESTDIR ?=
REFERENCE ?= tests/vectors/reference
CHART_JS ?= /usr/share/javascript/chart.js/chart.min.js
FUZZ_SECONDS ?= 10
CLANG ?= clang-14
CLANG_FORMAT ?= clang-format-14
export VARIANT ISA WERROR V CC CLANG CLANG_FORMAT

# ---- variants ------------------------------------------------------------------------------
VARIANT_CC := $(CC)
ifneq ($(filter release double,$(VARIANT)),)
OPT := -O3 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
OPT += $(if $(filter double,$(VARIANT)),-DSNN_DOUBLE)
else ifeq ($(VARIANT),asan)
OPT := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
# gcc's flow analysis sees through instrumented code badly; the release build has these warnings.
OPT += $(if $(findstring clang,$(CC)),,-Wno-restrict -Wno-format-truncation \
	-Wno-stringop-overflow -Wno-stringop-truncation -Wno-maybe-uninitialized)
else ifeq ($(VARIANT),tsan)
VARIANT_CC := $(CLANG)
OPT := -O1 -fno-omit-frame-pointer -fsanitize=thread
else ifeq ($(VARIANT),fuzz)
VARIANT_CC := $(CLANG)
OPT := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined
OPT += -fno-sanitize-recover=all
else
$(error VARIANT is '$(VARIANT)', want release, double, asan, tsan or fuzz)
endif
B := build/$(VARIANT)$(if $(ISA),-$(ISA))
Q := $(if $(V),,@)

# ---- flags ---------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum \
	-Wimplicit-fallthrough $(if $(WERROR),-Werror)
MATH := -fno-math-errno -fno-trapping-math
HARDEN := -fstack-protector-strong -fPIE
# Debian keeps the serial HDF5 in folders of its own.
HDF5_FLAGS := $(shell pkg-config --cflags-only-I hdf5-serial 2>/dev/null)
HDF5_LIBS := $(shell pkg-config --libs hdf5-serial 2>/dev/null)
ALL_CPPFLAGS := -I. $(HDF5_FLAGS:-I%=-isystem %) -D_GNU_SOURCE -DSPIKED_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS := -std=c17 $(OPT) -g $(MATH) $(if $(ISA),-march=$(ISA)) $(HARDEN) $(WARN) $(CFLAGS)
ALL_LDFLAGS := $(OPT) -g -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(LDFLAGS)
ISA_NAME = $(or $(ISA),$(subst _,-,$(firstword $(subst -, ,$(shell $(VARIANT_CC) -dumpmachine)))))
ifndef REVISION
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
endif

# The files whose arithmetic wants fused multiply-add; elsewhere the same bits from any compiler.
KERNELS := core/math/% core/surrogate/% core/neuron/% core/optim/%
# The files that know the revision: only these are compiled again after a commit.
REVISION_FILES := server/main.c server/version.c server/ctl/main.c
file_flags = -ffp-contract=$(if $(filter $(KERNELS),$1),fast,off) \
	$(if $(filter core/%,$1),-Wdouble-promotion) $(if $(filter tests/%,$1),$(TEST_CFLAGS)) \
	$(if $(filter core/kernel/dispatch.c,$1),-D'SNN_KERNEL_LEVELS(X)=$(LEVEL_ROWS)') \
	$(if $(filter $(REVISION_FILES),$1),-DSPIKED_REVISION='"$(REVISION)"')

# ---- kernels -------------------------------------------------------------------------------
# Compiled once per level of instruction sets, each time with the functions that core/kernel/kernels.h
# lists under other names; core/kernel/dispatch.c calls the best that the processor has. With ISA=...
# there is that one alone.
KERNEL_SRC := core/kernel/table.c core/diag/gather.c core/math/pool.c core/math/slide.c core/math/spikes.c core/math/vec.c core/surrogate/gradient.c core/neuron/coupled.c \
	core/neuron/euler.c core/neuron/euler_back.c core/neuron/fractional.c core/neuron/fractional_back.c core/neuron/snntorch.c \
	core/optim/adam.c core/optim/sgd.c
LEVELS := base $(if $(ISA),,$(if $(filter x86_64%,$(shell $(VARIANT_CC) -dumpmachine)),v2 v3 v4))
LEVEL_ROWS := $(patsubst %,X(%),$(LEVELS))
level_isa = $(ISA_NAME)$(if $(filter-out base,$1),-$1)
# gcc and clang would use half of a 512-bit register unless told. gcc 12's AddressSanitizer puts
# 64-byte vectors at 32-byte places where it watches for use after return (its bug 110027).
level_flags = $(if $(filter-out base,$1),-march=x86-64-$1) \
	$(if $(filter v4,$1)$(filter x86-64-v4,$(ISA)),-mprefer-vector-width=512) \
	$(if $(filter asan,$(VARIANT)),$(if $(findstring clang,$(CC)),,--param asan-use-after-return=0)) \
	-DSNN_KERNEL_ISA='"$(level_isa)"' -include $(B)/kernels_$1.h

# ---- sources -------------------------------------------------------------------------------
found = $(sort $(shell find $1 -name '$2' 2>/dev/null))
objects = $(patsubst %,$(B)/obj/%.o,$(basename $1))

CORE_ASM := $(call found,core,*.S)
API_ASM := $(call found,api,*.S)
# What those include.
BLOBS := $(sort $(shell find core api/openapi -type f ! -name '*.[chS]' ! -name '*.md' 2>/dev/null))
CORE_SRC := $(filter-out $(KERNEL_SRC),$(call found,core,*.c))
CTL_SRC := $(call found,server/ctl,*.c)
SRV_SRC := $(filter-out server/main.c $(CTL_SRC),$(call found,server,*.c))
API_SRC := $(call found,api,*.c)
WEB_FILES := $(sort $(shell find api/web api/examples -type f ! -name '*.md' ! -path 'api/examples/*/*'))
MIGRATIONS := $(sort $(wildcard migrations/*.sql))
TESTS_SRC := $(call found,tests,*.c)
REFERENCE_SRC := $(filter-out %/test_%,$(filter tests/reference/%,$(TESTS_SRC)))
BENCH_SRC := $(filter tests/bench/%,$(TESTS_SRC))
FUZZ_SRC := $(filter tests/fuzz/fuzz_%,$(TESTS_SRC))
TEST_SRC := $(foreach f,$(TESTS_SRC),$(if $(filter test_%,$(notdir $f)),$f))
# A browser takes long to start, and what it does to the daemon other tests do too.
TEST_SRC := $(filter-out $(if $(filter asan tsan,$(VARIANT)),tests/e2e/web/%),$(TEST_SRC))
# What is left beside the tests helps them: tests/support/ and any folder's own helpers.
SUPPORT_SRC := $(filter-out $(REFERENCE_SRC) $(BENCH_SRC) tests/fuzz/% $(TEST_SRC),$(TESTS_SRC))

CORE_LIBS := -lopenblas $(HDF5_LIBS) -lz -lnettle -lm -lpthread
SERVER_LIBS := -lmicrohttpd -ljansson -lsqlite3 -lcurl -lpthread
# Allocations of the project's own code go through tests/support/oom.c, which can refuse them.
WRAPPED := malloc calloc realloc aligned_alloc posix_memalign strdup strndup
# The same for files, by tests/support/iofail.c.
WRAPPED_FILES := open fopen fdopen fclose read __read_chk fread __fread_chk write pwrite fwrite \
	fflush fsync ftruncate rename mkdir link
comma := ,
WRAP := $(patsubst %,-Wl$(comma)--wrap=%,$(WRAPPED) $(WRAPPED_FILES))

LIBS := $(B)/libapi.a $(B)/libsrv.a $(B)/libsnn.a
TESTS := $(patsubst %.c,$(B)/%,$(TEST_SRC))
SCRIPTS := $(call found,tests,test_*.sh)
BENCHES := $(patsubst tests/bench/%.c,$(B)/%,$(filter tests/bench/bench_%,$(BENCH_SRC)))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/%,$(FUZZ_SRC))
PROGRAMS := $(if $(wildcard server/main.c),$(B)/spiked) $(if $(CTL_SRC),$(B)/spikectl)

# ---- rules ---------------------------------------------------------------------------------
.PHONY: build test-programs
build: $(PROGRAMS) $(LIBS)
	@:

# A stamp changes only when its text does: what depends on it follows the flags and the file list.
.PHONY: FORCE
FORCE:
define stamp
@mkdir -p $(@D)
@printf '%s\n' "$$STAMP" | cmp -s - $@ || printf '%s\n' "$$STAMP" >$@
endef
$(B)/flags: export STAMP = $(VARIANT_CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)
$(B)/flags: FORCE ; $(stamp)
$(B)/revision: export STAMP = $(REVISION)
$(B)/revision: FORCE ; $(stamp)
$(B)/sources: export STAMP = $(CORE_SRC) $(KERNEL_SRC) $(CORE_ASM) $(SRV_SRC) $(API_SRC) $(API_ASM) $(CTL_SRC) $(TESTS_SRC) \
	$(MIGRATIONS) $(WEB_FILES)
$(B)/sources: FORCE ; $(stamp)

define compile
@mkdir -p $(@D)
$(if $(Q),@echo "  CC    $<  ($(notdir $(B)))")
$(Q)$(VARIANT_CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(call file_flags,$<) -MMD -MP -c -o $@ $<
endef
define archive
@mkdir -p $(@D)
@rm -f $@
$(Q)$(AR) rcsD $@ $(filter %.o,$^)
endef
define link
@mkdir -p $(@D)
$(if $(Q),@echo "  LD    $@")
$(Q)$(VARIANT_CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) \
	-Wl,--start-group $(filter %.a,$^) -Wl,--end-group
endef

$(B)/obj/%.o: %.c Makefile $(B)/flags ; $(compile)
$(B)/obj/%.o: %.S Makefile $(B)/flags $(BLOBS)
	@mkdir -p $(@D)
	$(Q)$(VARIANT_CC) $(ALL_CPPFLAGS) $(OPT) -g -Wa,--noexecstack -c -o $@ $<
$(B)/obj/%.o: $(B)/%.c Makefile $(B)/flags ; $(compile)
$(call objects,$(REVISION_FILES)): $(B)/revision

$(B)/kernels_%.h: core/kernel/kernels.h Makefile
	@mkdir -p $(@D)
	@{ sed -nE 's/^ +[VF]\(([a-z_]+, )?(snn_[a-z0-9_]+),.*/#define \2 \2_$*/p' $<; \
	echo '#define snn_kernel_table snn_kernel_table_$*'; } >$@
define kernel_rule
$$(B)/obj/%.$1.o: %.c Makefile $$(B)/flags $$(B)/kernels_$1.h
	@mkdir -p $$(@D)
	$$(if $$(Q),@echo "  CC    $$<  ($$(notdir $$(B)), $1)")
	$$(Q)$$(VARIANT_CC) $$(ALL_CPPFLAGS) $$(ALL_CFLAGS) $$(call file_flags,$$<) \
		$$(call level_flags,$1) -MMD -MP -c -o $$@ $$<
endef
$(foreach l,$(LEVELS),$(eval $(call kernel_rule,$l)))
KERNEL_OBJECTS := $(foreach l,$(LEVELS),$(patsubst %.c,$(B)/obj/%.$l.o,$(KERNEL_SRC)))

# migrations/NNNN_what.sql become byte arrays: a string literal would have a length limit.
$(B)/migrations.c: $(MIGRATIONS) Makefile $(B)/sources
	@mkdir -p $(@D)
	@{ printf '/* Generated from migrations/ by the Makefile. */\n'; \
	printf '#include "server/migrate.h"\n\n#include <stddef.h>\n\n'; \
	for f in $(MIGRATIONS); do printf 'static const char sql_%s[] = {\n' $$(basename $$f .sql); \
	od -An -v -tx1 $$f | sed -E "s/ +(..)/'\\\\x\1',/g"; printf '0};\n\n'; done; \
	printf 'const struct srv_migration srv_migrations[] = {\n'; \
	for f in $(MIGRATIONS); do n=$$(basename $$f .sql); v=$$(expr $${n%%_*} + 0); \
	printf '    {%s, "%s", sql_%s},\n' $$v $$n $$n; done; \
	printf '    {0, NULL, NULL},\n};\nconst size_t srv_migration_count = %s;\n' $(words $(MIGRATIONS)); } >$@

# The dashboard: its own files, the examples it offers, and Debian's Chart.js.
$(CHART_JS):
	@echo "$@ is missing: want Debian's libjs-chart.js (make deps)"; exit 1
$(B)/web.c: api/embed.sh $(WEB_FILES) $(CHART_JS) $(B)/sources
	@mkdir -p $(@D)
	@api/embed.sh $(B)/web $(foreach f,$(WEB_FILES),/web/$(patsubst api/%,%,$(f:api/web/%=%))=$f) \
		/web/chart.js=$(CHART_JS) >$@

$(B)/libsnn.a: $(call objects,$(CORE_SRC) $(CORE_ASM)) $(KERNEL_OBJECTS) $(B)/sources ; $(archive)
$(B)/libsrv.a: $(call objects,$(SRV_SRC) $(if $(wildcard server/migrate.h),migrations.c)) \
	$(B)/sources ; $(archive)
$(B)/libapi.a: $(call objects,$(API_SRC) $(API_ASM) web.c) $(B)/sources ; $(archive)
$(B)/libctl.a: $(call objects,$(filter-out server/ctl/main.c,$(CTL_SRC))) $(B)/sources ; $(archive)
$(B)/libtests.a: $(call objects,$(SUPPORT_SRC)) $(B)/sources ; $(archive)

$(B)/spiked: $(call objects,server/main.c) $(LIBS)
	$(link) $(CORE_LIBS) $(SERVER_LIBS)
$(B)/spikectl: $(call objects,$(CTL_SRC)) $(B)/sources
	$(link) -lcurl -ljansson -lm
# A test gets its own folder's helpers whole; from the other folders' it takes what it still lacks.
helpers = $(call objects,$(foreach f,$(SUPPORT_SRC),$(if $(filter $(dir $1),$(dir $f)),$f)))
.SECONDEXPANSION:
# It trains the networks of the benchmarks.
$(B)/tests/core/train/test_calls: $(call objects,tests/bench/workload.c)
$(TESTS): $(B)/tests/%: $(B)/obj/tests/%.o $$(call helpers,tests/$$*) $(LIBS) $(B)/libctl.a \
	$(B)/libtests.a
	$(link) $(WRAP) $(CORE_LIBS) $(SERVER_LIBS) -lcmocka
$(B)/run_reference: $(call objects,$(REFERENCE_SRC)) $(B)/libsnn.a $(B)/sources
	$(link) $(CORE_LIBS) -ljansson
$(BENCHES): $(B)/%: $(B)/obj/tests/bench/%.o \
	$(call objects,$(filter-out tests/bench/bench_%,$(BENCH_SRC))) $(LIBS)
	$(link) $(CORE_LIBS) $(SERVER_LIBS)
$(FUZZERS): $(B)/%: $(B)/obj/tests/fuzz/%.o $(call objects,$(filter-out $(FUZZ_SRC),$(filter tests/fuzz/%,$(TESTS_SRC)))) $(LIBS)
	$(link) -fsanitize=fuzzer $(CORE_LIBS) $(SERVER_LIBS)

# Keep objects: make would take those of the tests for intermediate files.
.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

test-programs: build $(TESTS) $(BENCHES)
	@:

# ---- tests ---------------------------------------------------------------------------------
.PHONY: test asan tsan lint format format-check check openapi
JOBS ?= $(shell nproc)
asan_ENV := ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
	UBSAN_OPTIONS=print_stacktrace=1
tsan_ENV := TSAN_OPTIONS=ignore_noninstrumented_modules=1
test: test-programs
	@env SPIKED_BIN=$(CURDIR)/$(B)/spiked SPIKECTL_BIN=$(CURDIR)/$(B)/spikectl \
		BENCH_BIN=$(CURDIR)/$(B)/bench_train $($(VARIANT)_ENV) tests/run.sh $(TESTS) $(SCRIPTS)
asan tsan:
	@$(MAKE) VARIANT=$@ test
# The longer ones: fuzz, torture, bench...
-include tests/targets.mk

# The document that is committed is the one that the tables give: a test compares them.
openapi: $(B)/tests/api/test_openapi
	@$(B)/tests/api/test_openapi >/dev/null 2>&1; cp build/openapi.json api/openapi.json

lint:
	@tests/run.sh $(sort $(wildcard tests/lint/*.sh))
format-check:
	@tests/run.sh tests/lint/format.sh
format:
	@find core server api tests -name '*.[ch]' -exec $(CLANG_FORMAT) -i {} +

check: deps-check
	@MAKE="$(MAKE)" JOBS=$(JOBS) tests/check.sh build lint test gradcheck reference asan tsan

# ---- the machine ---------------------------------------------------------------------------
.PHONY: deps deps-check
BUILD_PACKAGES := gcc make pkg-config libc6-dev libmicrohttpd-dev libjansson-dev libsqlite3-dev \
	libcurl4-openssl-dev libopenblas-pthread-dev libhdf5-dev zlib1g-dev nettle-dev libjs-chart.js \
	ca-certificates curl
CHECK_PACKAGES := $(BUILD_PACKAGES) libcmocka-dev clang-14 libclang-rt-14-dev \
	clang-format-14 universal-ctags dataset-fashion-mnist python3-numpy python3-h5py openssl \
	chromium chromium-driver
# Asks apt for nothing that is there, and says what it is going to ask for. An old package list may
# name files that the mirror no longer has: then it is fetched anew, once.
APT_FLAGS := -y -q --no-install-recommends -o Dpkg::Use-Pty=0
define install_packages
@missing=; for p in $(PACKAGES); do \
status=$$(dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null); \
[ "$$status" = installed ] || missing="$$missing $$p"; done; \
[ -n "$$missing" ] || exit 0; \
command -v apt-get >/dev/null || \
{ echo "No apt-get here. Wanted, by Debian's names:$$missing"; exit 1; }; \
echo "Going to install with apt-get:$$missing"; \
sudo=; [ "$$(id -u)" -eq 0 ] || sudo=sudo; \
apt="$$sudo env DEBIAN_FRONTEND=noninteractive apt-get"; \
[ -n "$$(find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null)" ] || $$apt update -q; \
$$apt install $(APT_FLAGS) $$missing || \
{ $$apt update -q && $$apt install $(APT_FLAGS) $$missing; }
endef
# promtool out of its package, which installed whole would start a server. A test does without it.
define fetch_promtool
@[ -x build/tools/promtool ] || ! command -v apt-get >/dev/null || { \
echo "Going to fetch from prometheus's package, into build/tools/: promtool"; \
mkdir -p build/tools/deb; \
(cd build/tools/deb && apt-get download -q prometheus 2>&1 && dpkg-deb -x prometheus_*.deb . && \
mv usr/bin/promtool ..) || echo "No promtool: a test does without"; rm -rf build/tools/deb; }
endef
deps: PACKAGES := $(BUILD_PACKAGES)
deps: ; $(install_packages)
deps-check: PACKAGES := $(CHECK_PACKAGES)
deps-check:
	$(install_packages)
	$(fetch_promtool)

# ---- use -----------------------------------------------------------------------------------
.PHONY: demo run install install-unit docker docker-check clean help
demo: deps
	@$(MAKE) -j$(JOBS) VARIANT=release ISA= build
	@tests/e2e/demo.sh build/release
run: build
	@mkdir -p data
	$(B)/spiked --listen 127.0.0.1:8080 --data-dir data
install: build
	install -D -m 755 $(if $(STRIP),-s) $(B)/spiked $(DESTDIR)$(PREFIX)/bin/spiked
	install -D -m 755 $(if $(STRIP),-s) $(B)/spikectl $(DESTDIR)$(PREFIX)/bin/spikectl
	@$(MAKE) install-unit
install-unit:
	@mkdir -p $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local|$(PREFIX)|' server/spiked.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/spiked.service
docker:
	docker build -t spiked:$(VERSION) --build-arg REVISION=$(REVISION) $(DOCKER_FLAGS) \
		-f docker/Dockerfile .
docker-check: docker
	@docker/check.sh spiked:$(VERSION)
clean:
	rm -rf build

define HELP
make deps          install what a build needs (apt-get; says what first)
make build         build/release/spiked and build/release/spikectl
make run           build, then serve 127.0.0.1:8080 with the folder data/
make demo          deps, build, and a digits job from submission to weights
make install       into PREFIX=$(PREFIX), with a systemd unit (DESTDIR is honoured; STRIP=1)
make check         everything below that CI runs; ends with "N passed, N failed"
make test          build and run every test program
make asan          the same under AddressSanitizer and UndefinedBehaviorSanitizer
make tsan          the same under ThreadSanitizer (clang)
make gradcheck     the core's tests in double: gradients against differences of the loss
make reference     the core against the numbers in REFERENCE=DIR, in double and float
make lint          layers, sizes, banned calls, headers, format
make openapi       api/openapi.json anew, from the tables
make format        clang-format every source; format-check only looks
make fuzz          each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)
make isa           the suite, built for each of ISAS="x86-64-v2 x86-64-v3 x86-64-v4" alone
make aarch64       cross-built for aarch64, the core's tests under qemu-user (TESTS_AARCH64=some)
make torture       kill the daemon a thousand times under load: nothing lost, doubled or stuck
make resume        kill a training job at fifty points: the same bits each time
make power         cut the power at every sync of a store's life, forty ways each
make faults        fail each call on the database's files and for its memory, one after the other
make soak          SOAK_MINUTES=30 of jobs, streams and polls: no leak, no idle work (1440: a day)
make polled        how long 1,000 polls a second take while every processor trains
make bench         the training benchmarks and sweeps: JSON lines, a table, plots
make docker        the image spiked:$(VERSION); DOCKER_FLAGS=... for docker build
make docker-check  the same, then run it, hardened, with jobs and restarts (docker/check.sh)
make clean         remove build/

CC=clang-14 another compiler; ISA=x86-64-v3 an instruction set (build/release-x86-64-v3/);
WERROR=1 warnings are errors; V=1 show the commands; -j2 two at a time
endef
export HELP
help:
	@printf '%s\n' "$$HELP"
