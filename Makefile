# make              everything, into build/
# make run          installs what is missing, builds, starts all
# make demo         the same with two weeks of a sample shop, from an empty build/demo
# make check        unit tests        make test    those, end-to-end, and the browser
# make bench        every figure      make bench-detection  those of detection, make ablation by detector
#                                     make bench-capacity   a site of 250,000 metrics, 20 minutes
# make fuzz    every parser, FUZZ_S seconds each
# make install      DESTDIR=, PREFIX=
# SANITIZE=address,undefined, CC=clang, WERROR=1, DEBUG=1, V=1 (show commands) as wanted.

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all run demo test units check check-valgrind e2e bench bench-detection bench-capacity ablation fuzz install \
        clean statsd-reference FORCE

SANITIZE ?=
WERROR ?=
DEBUG ?=
V ?=
FUZZ_S ?= 20
# End-to-end tests mostly wait: more of them than cores may run at a time.
E2E_JOBS ?= 12
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := gcc
endif

comma := ,
BUILD ?= build$(if $(SANITIZE),/sanitize-$(subst $(comma),-,$(SANITIZE)))
OBJ := $(BUILD)/obj

PACKAGES := libuv hiredis msgpack gsl libconfig libmicrohttpd jansson libcurl cairo libcrypto glib-2.0
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
            -Wwrite-strings -Wvla $(if $(WERROR),-Werror)
SANITIZER := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
CFLAGS ?= -O2 -g
HARDENING := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
DEBUGGING := $(if $(DEBUG)$(SANITIZE),-DRIDGELINE_DEBUG)
STDFLAGS := -std=c11 -D_GNU_SOURCE -fno-math-errno -Iinclude -I. $(WARNINGS) $(SANITIZER) $(HARDENING) $(DEBUGGING)
# Asked for when first needed: `make run` installs the packages before.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)
say = @$(if $(V),:,echo '  $(1)  $(@:$(BUILD)/%=%)')
Q := $(if $(V),,@)
LINK = $(Q)$(CC) $(SANITIZER) -Wl,--as-needed $(LDFLAGS) -o $@

objects = $(patsubst %.c,$(OBJ)/%.o,$(filter %.c,$(1))) $(patsubst %.S,$(OBJ)/%.o,$(filter %.S,$(1)))
pick = $(filter $(foreach f,$(2),$(1)/$(f).c),$(wildcard $(1)/*.c))

# Pure modules do no I/O: unit tests link them without hiredis and libuv, which proves it.
PURE_SRC := $(call pick,lib,hash records_pack series rollup rollup_fold coarse_means history_means keys glob \
                        glob_compile units units_retention units_shard options conf conf_cross conf_errors \
                        conf_source conf_value conf_text conf_fixed conf_rules conf_resolve overrides anomaly \
                        anomaly_outline budget channels zone calendar calendar_read calendar_time alerts mutes \
                        conf_lists incident forecast limit learned_limit absence envelope ticket desk receipt roster \
                        graph_url marks_member member)
IO_SRC := $(filter-out $(PURE_SRC),$(wildcard lib/*.c))
ENGINE_SRC := $(wildcard analyzer/engine/*.c analyzer/detectors/*.c analyzer/skyline/*.c)
PARTS_SRC := $(call pick,horizon,carbon_line carbon_name carbon_pickle pickle pickle_heap pickle_text number \
                          skyline_msgpack frame queue queue_blocks queue_send queue_write spool spool_open spool_get \
                          spool_bytes spool_segment mark_points table names senders intake intake_ahead \
                          intake_statsd statsd_line statsd_pool statsd_timer statsd_set statsd_table statsd_flush) \
             $(call pick,analyzer,wheel tail pace ledger lag delay episodes option_sets blackout) \
             $(call pick,roomba,plan) \
             $(call pick,webapp,ring query guard why merge spread past lanes spark_slots preview_spans preview_ask \
                         find join branch names_list http chart_lanes chart_means incidents_csv thin points \
                         normal_choices) \
             $(call pick,alerter,parts kinship grouping metrics incidents incidents_member head concern subject \
                                 message message_value message_text message_html routing groups limiter backoff chart) \
             $(call pick,alerter/channels,harmless parcel channel webhook slack pagerduty alertmanager mail syslog \
                                          nagios exec) \
             $(call pick,cli,csv import_merge openings inputs labels score whisper pass shop health_line)

# How messages are made and sent: for the alerter, and for `ridgeline test-channel`.
CHANNELS_SRC := $(call pick,alerter,site message message_value message_text message_html) \
                $(wildcard alerter/channels/*.c)

LIB_PURE := $(BUILD)/libpure.a
LIB_IO := $(BUILD)/libio.a
LIB_ENGINE := $(BUILD)/libengine.a
LIB_PARTS := $(BUILD)/libparts.a
LIB_CHANNELS := $(BUILD)/libchannels.a
LIBS := $(LIB_CHANNELS) $(LIB_IO) $(LIB_PURE) $(LIB_ENGINE)

PROGRAM_DIRS := $(patsubst %/main.c,%,$(wildcard $(addsuffix /main.c,horizon roomba analyzer alerter webapp cli)))
program = $(BUILD)/$(if $(filter cli,$(1)),ridgeline,$(1))
PROGRAMS := $(foreach d,$(PROGRAM_DIRS),$(call program,$(d)))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
BENCH := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c)) $(BUILD)/bench/horizon_null
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

all: $(PROGRAMS)

define link_program
$(call program,$(1)): $(call objects,$(wildcard $(1)/*.c $(1)/*.S)) $(LIBS)
	$$(call say,LD)
	$$(LINK) $$^ $$(PKG_LIBS) -lm -lpthread
endef
$(foreach d,$(PROGRAM_DIRS),$(eval $(call link_program,$(d))))

# Changes when the compiler or its flags do, so that no object of another kind is kept. Without a file between: several
# make may run here at a time.
FLAGS := $(OBJ)/flags
FLAGS_NOW = echo '$(CC) $(filter-out -Werror,$(STDFLAGS)) $(CFLAGS)'
$(FLAGS): FORCE
	@mkdir -p $(@D)
	@$(FLAGS_NOW) | cmp -s - $@ || $(FLAGS_NOW) >$@

$(OBJ)/%.o: %.c $(FLAGS)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(STDFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The page and its charts, carried inside the webapp as they are and compressed.
ASSETS := $(shell sed -n 's/^ASSET(.*, "\(.*\)")$$/\1/p' webapp/assets.def)
GZIPPED := $(foreach f,$(ASSETS),$(OBJ)/gz/$(patsubst /%,%,$(f)).gz)

$(OBJ)/webapp/assets.o: webapp/assets.S webapp/assets.def $(ASSETS) $(GZIPPED)
	@mkdir -p $(@D)
	$(call say,AS)
	$(Q)$(CC) -c -Wa,-I$(OBJ) -o $@ $<

$(OBJ)/gz/usr/%.gz: /usr/%
	@mkdir -p $(@D)
	$(Q)gzip -9nc $< >$@

$(OBJ)/gz/%.gz: %
	@mkdir -p $(@D)
	$(Q)gzip -9nc $< >$@

$(LIB_PURE): $(call objects,$(PURE_SRC))
$(LIB_IO): $(call objects,$(IO_SRC))
$(LIB_ENGINE): $(call objects,$(ENGINE_SRC))
$(LIB_PARTS): $(call objects,$(PARTS_SRC))
$(LIB_CHANNELS): $(call objects,$(CHANNELS_SRC))
$(BUILD)/lib%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/tests/%: $(OBJ)/tests/unit/%.o $(LIB_PARTS) $(LIB_PURE) $(LIB_ENGINE)
	@mkdir -p $(@D)
	$(call say,LD)
	$(LINK) $^ $(shell pkg-config --libs criterion msgpack gsl libconfig jansson glib-2.0 libcrypto cairo) -lm

$(BUILD)/bench/%: $(OBJ)/bench/%.o $(LIB_PARTS) $(LIBS)
	@mkdir -p $(@D)
	$(call say,LD)
	$(LINK) $^ $(PKG_LIBS) -lm -lpthread

# Horizon without Redis, to measure what a line costs: no part of what is shipped.
NULL_SRC := $(filter-out horizon/link.c,$(wildcard horizon/*.c)) bench/null/link.c
$(BUILD)/bench/horizon_null: $(call objects,$(NULL_SRC)) $(LIBS)
	@mkdir -p $(@D)
	$(call say,LD)
	$(LINK) $^ $(PKG_LIBS) -lm -lpthread

# Fuzzers: libFuzzer needs clang, and every object under its instrumentation, which is compiled once for all of them.
FUZZ_CFLAGS = -std=c11 -D_GNU_SOURCE -Iinclude -I. -g -O1 -fno-sanitize-recover=all $(PKG_CFLAGS) -DRIDGELINE_DEBUG
FUZZ_OBJECTS := $(patsubst %.c,$(OBJ)/fuzz/%.o,$(PURE_SRC) $(ENGINE_SRC) $(PARTS_SRC))

$(OBJ)/fuzz/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/%: $(OBJ)/fuzz/tests/fuzz/%.o $(FUZZ_OBJECTS)
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)clang -fsanitize=fuzzer,address,undefined -o $@ $^ \
	  $(shell pkg-config --libs msgpack gsl libconfig jansson glib-2.0 libcrypto cairo) -lm

deps-%:
	@packaging/install-deps.sh $*

run: deps-run
	@$(MAKE) --no-print-directory all
	$(BUILD)/ridgeline run --settings settings.conf --state-dir state

demo: deps-run
	@$(MAKE) --no-print-directory all
	@mkdir -p $(BUILD)/demo
	@flock -n $(BUILD)/demo/lock true || { echo "a demo runs already in $(BUILD)/demo" >&2; exit 1; }
	@flock $(BUILD)/demo/children.lock true # a killed one's Redis would take the new one's socket with it
	@rm -rf $(BUILD)/demo
	$(BUILD)/ridgeline demo --settings packaging/demo.conf --state-dir $(BUILD)/demo

units: $(UNIT)

check: $(UNIT)
	@tests/run-unit.sh $(UNIT)

check-valgrind: $(UNIT)
	@tests/run-unit.sh --valgrind $(UNIT)

# StatsD itself, which the end-to-end tests compare horizon with.
STATSD := build/npm/node_modules/statsd
statsd-reference: $(STATSD)/stats.js
$(STATSD)/stats.js:
	npm install --prefix build/npm --omit=optional --ignore-scripts --no-audit --no-fund --no-save statsd@0.9.0

e2e: all statsd-reference
	RIDGELINE_BUILD=$(abspath $(BUILD)) /usr/bin/python3 -m pytest -q -p no:cacheprovider -n $(E2E_JOBS) tests/e2e

test: deps-test
	@$(MAKE) --no-print-directory all check
	@$(MAKE) --no-print-directory e2e

bench: all $(BENCH)
	RIDGELINE_BUILD=$(abspath $(BUILD)) bench/run.sh

# DATA= and TOOLS= say where labelled data and NAB's scorer are.
bench-detection: $(BUILD)/ridgeline $(BUILD)/bench/bench_synthetic $(BUILD)/bench/bench_skyline
	RIDGELINE_BUILD=$(abspath $(BUILD)) bench/detection.sh

# What sites of three sizes cost, how late their points are judged, and how soon again after a kill. Takes 20 GiB of
# memory, and 30 of disk.
bench-capacity: all
	RIDGELINE_BUILD=$(abspath $(BUILD)) /usr/bin/python3 bench/capacity.py --metrics 50000,125000 --seconds 60 --flat
	RIDGELINE_BUILD=$(abspath $(BUILD)) /usr/bin/python3 bench/capacity.py --metrics 250000 --seconds 300 --rewrite

# What each detector adds: builds the product once for each, without it.
ablation:
	bench/ablation.sh

fuzz: $(FUZZ)
	@tests/run-fuzz.sh $(FUZZ_S) $(FUZZ)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/ridgeline $(DESTDIR)$(PREFIX)/share/ridgeline
	install -m 755 $(BUILD)/ridgeline $(DESTDIR)$(PREFIX)/bin/ridgeline
	install -m 755 $(filter-out %/ridgeline,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/lib/ridgeline/
	install -d $(DESTDIR)$(PREFIX)/lib/nagios/plugins
	ln -sf ../../../bin/ridgeline $(DESTDIR)$(PREFIX)/lib/nagios/plugins/check_ridgeline
	install -m 644 settings.conf packaging/demo.conf $(DESTDIR)$(PREFIX)/share/ridgeline/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 644 packaging/systemd/ridgeline.target $(DESTDIR)$(PREFIX)/lib/systemd/system/
	sed 's|@LIBEXEC@|$(PREFIX)/lib/ridgeline|' packaging/systemd/ridgeline@.service \
	  >$(DESTDIR)$(PREFIX)/lib/systemd/system/ridgeline@.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/ridgeline@.service

clean:
	rm -rf build

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
