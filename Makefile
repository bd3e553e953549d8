# gatewitness.  Targets: demo test check evaluate lab as-was soak bench bench-live bench-attacks bench-ledger fuzz conformance cuts ledger-chaos sinks-chaos sinks-cost fleet-load goldens install deb deb-test cross bench-cross firmware bundle firmware-test firmware-power-test firmware-update-test clean (default: the program).
# Plain make, no configure: CC, CFLAGS, LDFLAGS, DESTDIR, PREFIX and V=1 work as everywhere.

CC ?= gcc
CFLAGS ?= -O3 -g -flto=auto
PREFIX ?= /usr/local
B ?= build
VERSION := 0.1.0
NDPI ?= yes
HTTP ?= yes
MQTT ?= yes
KAFKA ?= yes

# The order of the strata: a file includes only from its own folder and from folders to its left.
LAYERS := base packet flow tls session detect pipeline ledger sink sensor cmd main
PURE := base packet flow tls session detect

WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wsign-compare -Wconversion -Wvla -Wswitch-enum \
	-Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Isrc -DGATEWITNESS_VERSION='"$(VERSION)"' -ffp-contract=off $(WARN) $(CFLAGS) $(SAN)
LIBS := -lpcap -lssl -lcrypto -ljansson -lmaxminddb -lsqlite3 -lzstd -lz -lseccomp -lmicrohttpd
ifeq ($(NDPI),yes)
LIBS += -lndpi
CLASSIFY := src/flow/classify.c
else
ALL_CFLAGS += -DWITHOUT_NDPI
CLASSIFY := src/flow/classify_none.c
endif

LEFT_OUT :=
ifeq ($(HTTP),yes)
LIBS += -lcurl
else
ALL_CFLAGS += -DWITHOUT_CURL
LEFT_OUT += $(addprefix src/sink/,http.c batch.c body.c sender_webhook.c sender_splunk.c sender_elastic.c sender_clickhouse.c)
LEFT_OUT += tests/unit/sink_batch.c tests/unit/sink_body.c
endif
ifeq ($(MQTT),yes)
LIBS += -lmosquitto
else
ALL_CFLAGS += -DWITHOUT_MOSQUITTO
LEFT_OUT += src/sink/sender_mqtt.c src/sink/mqtt.c src/sink/answers.c
endif
ifeq ($(KAFKA),yes)
LIBS += -lrdkafka
else
ALL_CFLAGS += -DWITHOUT_RDKAFKA
LEFT_OUT += src/sink/sender_kafka.c
endif

# Beside core.a, because what they call allocates.
EDGE := src/base/crypt.c $(CLASSIFY)
CORE := $(filter-out $(EDGE) src/flow/classify%.c,$(sort $(foreach d,$(PURE),$(wildcard src/$d/*.c)))) $(sort $(wildcard src/pipeline*.c))
WORLD := $(filter-out $(LEFT_OUT),$(sort $(wildcard src/ledger/*.c src/sink/*.c src/sensor/*.c src/cmd/*.c)))
UNIT := $(filter-out $(LEFT_OUT),$(sort $(wildcard tests/unit/*.c)))
FUZZ := $(sort $(wildcard tests/fuzz/*.c))
LABELLED := $(sort $(wildcard tests/world/*.c))
FUZZ_MAIN := tests/fuzz/main/run_seeds.c

obj = $(patsubst %.c,$(B)/%.o,$(1))

ifneq ($(V),1)
Q := @
say = @printf '  %-5s %s\n' $(1) $(2);
endif

$(B)/gatewitness: $(call obj,src/main.c) $(B)/world.a $(call obj,$(EDGE)) $(B)/core.a
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/core.a: $(call obj,$(CORE))
$(B)/world.a: $(call obj,$(WORLD))
$(B)/%.a:
	$(call say,AR,$@) rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/world.a $(call obj,$(EDGE)) $(B)/core.a
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

$(B)/tests/unit/world_%: $(B)/tests/unit/world_%.o $(call obj,$(filter-out tests/world/main.c,$(LABELLED))) \
		$(B)/world.a $(call obj,$(EDGE)) $(B)/core.a
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(call obj,$(FUZZ_MAIN)) $(B)/world.a $(call obj,$(EDGE)) $(B)/core.a
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/tests/fuzz/main/cuts: $(call obj,tests/fuzz/pipeline.c tests/fuzz/main/run_cuts.c) $(B)/world.a $(call obj,$(EDGE)) $(B)/core.a
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/tests/world/world: $(call obj,$(LABELLED)) $(B)/world.a $(call obj,$(EDGE)) $(B)/core.a
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# A sender without a sensor, for its tests against receivers.
$(B)/tests/sink/drive: $(call obj,tests/sink/drive.c tests/sink/keep.c) $(B)/world.a $(call obj,$(EDGE)) $(B)/core.a
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# A broker that speaks Kafka, for the same.
$(B)/tests/sink/brokers: $(call obj,tests/sink/brokers.c)
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lrdkafka

# The sensor with a tap that tries what it may not.
$(B)/tests/live/try: $(call obj,tests/live/try.c src/main.c) $(B)/world.a $(call obj,$(EDGE)) $(B)/core.a
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--wrap=duty_begin -o $@ $^ $(LIBS)

# The sensor with a clock that a test can step.
$(B)/tests/soak/clock: $(call obj,tests/soak/clock.c src/main.c) $(B)/world.a $(call obj,$(EDGE)) $(B)/core.a
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--wrap=clock_gettime,--wrap=time,--wrap=ring_take -o $@ $^ $(LIBS)

-include $(wildcard $(patsubst %.c,$(B)/%.d,src/main.c $(CORE) $(WORLD) $(EDGE) $(UNIT) $(FUZZ) $(FUZZ_MAIN) $(LABELLED) tests/fuzz/main/run_cuts.c tests/sink/drive.c tests/sink/keep.c tests/sink/brokers.c tests/live/try.c tests/soak/clock.c))
.SECONDARY:

# The two commands of README: each sets up all that it needs.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

demo:
	@tests/setup.sh build
	@$(MAKE) --no-print-directory -j2
	@tests/demo/run.sh $(B)/gatewitness

test:
	@tests/setup.sh build test
	@$(MAKE) --no-print-directory -j2 $(B)/gatewitness $(B)/tests/world/world $(B)/tests/live/try
	@$(MAKE) --no-print-directory -j2 B=$(B)/san CFLAGS='-O1 -g' SAN='$(SANITIZE)' $(B)/san/gatewitness $(B)/san/tests/sink/drive $(B)/san/tests/sink/brokers units fuzzers
	@tests/run.sh $(B)

# Real gateways, people and an intruder in network namespaces, the sensor live on the mirror port: four minutes.
lab:
	@tests/setup.sh build
	@$(MAKE) --no-print-directory -j2
	@GATEWITNESS=$(B)/gatewitness tests/lab/run.sh $(B)/lab || [ $$? -eq 77 ]

# Roles killed, disk full, interface gone, clock stepped, hostile frames, under load; a night is SOAK_MINUTES=600, and SOAK="SEED EVENT..." repeats a part.
SOAK_MINUTES ?= 3
soak:
	@tests/setup.sh build test
	@$(MAKE) --no-print-directory -j2 $(B)/tests/soak/clock
	@tests/soak/run.sh $(B) $(SOAK_MINUTES) $(SOAK) || [ $$? -eq 77 ]

units: $(patsubst %.c,$(B)/%,$(UNIT))
fuzzers: $(patsubst %.c,$(B)/%,$(FUZZ)) $(B)/tests/fuzz/main/cuts

# The house: layers, purity, form, warnings of two compilers, static analysis.
check:
	@tests/setup.sh build check
	@LAYERS='$(LAYERS)' tests/check/layers.sh
	@tests/check/reads.sh
	@$(MAKE) --no-print-directory -j2 B=$(B)/gcc CC=gcc CFLAGS='-O2 -Werror' $(B)/gcc/gatewitness
	@$(MAKE) --no-print-directory -j2 B=$(B)/clang CC=clang CFLAGS='-O2 -Werror' $(B)/clang/gatewitness
	@tests/check/pure.sh $(B)/gcc/core.a src/base/crypt.h src/flow/classify.h
	@tests/check/format.sh
	@tests/check/static.sh

CORPUS ?= ../shared/corpus
conformance: $(B)/gatewitness
	@tests/conformance/run.sh $(B)/gatewitness $(CORPUS)

# Every capture of the corpus, cut at every byte of its head and at 200 places, under the sanitizers: half an hour.
cuts:
	@$(MAKE) --no-print-directory -j2 B=$(B)/san CFLAGS='-O1 -g' SAN='$(SANITIZE)' $(B)/san/tests/fuzz/main/cuts
	@find $(CORPUS) -name '*.pcap*' | sort | xargs tests/bad/cut.sh $(B)/san

# A ledger whose writer is killed at so many moments (500: half a minute of CPU), and each of the 78,000 bytes of a sealed day
# flipped, verified and flipped back (eight minutes of CPU).
KILLS ?= 500
ledger-chaos: $(B)/tests/unit/world_chaos $(B)/tests/unit/ledger_flip
	@KILLS=$(KILLS) $(B)/tests/unit/world_chaos
	@FLIP_STEP=1 $(B)/tests/unit/ledger_flip

# What hunt --as-was finds in a ledger is what live found: goldens, the demo, and a day of each attack of the catalogue (ten minutes).
as-was: $(B)/gatewitness $(B)/tests/world/world
	@CATALOGUE=yes tests/ledger/run.sh $(B)/gatewitness $(B)/tests/world/world

# All ways in which what is sent can be lost: CHAOS=10 is 200 couriers killed of each kind of sink, 100,000 alerts at once; half an
# hour.  In memory where a power cut is at every byte of a file: there a disk is asked to sync ten thousand times.
CHAOS ?= 10
CHAOS_UNITS := sensor_post sink_outbox sink_mqtt sink_kafka sink_command
sinks-chaos: $(addprefix $(B)/tests/unit/,$(CHAOS_UNITS)) $(B)/tests/sink/drive $(B)/tests/sink/brokers $(B)/gatewitness
	@tests/setup.sh build test
	@for test in $(CHAOS_UNITS); do TMPDIR=/dev/shm CHAOS=$(CHAOS) QUEUE_ROUNDS=$(CHAOS) $(B)/tests/unit/$$test || exit 1; done
	@ROUNDS=$$((2 * $(CHAOS))) tests/sink/syslog.sh $(B)/gatewitness
	@for test in over_http over_tls kafka_sasl to_clickhouse chaos; do KILLS=$$((20 * $(CHAOS))) GATEWITNESS=$(B)/gatewitness \
		python3 tests/sink/$$test.py $(B)/tests/sink/drive $$((300 * $(CHAOS))) || exit 1; done

# What it costs: events a second and a core, of files, of Kafka and of ClickHouse, and a courier's memory while nobody takes anything.
sinks-cost: $(B)/tests/sink/drive $(B)/tests/sink/brokers $(B)/gatewitness
	@tests/setup.sh build test
	@GATEWITNESS=$(B)/gatewitness python3 tests/sink/cost.py $(B)/tests/sink/drive
FLEET ?= 20 1000 3
fleet-load:
	@tests/setup.sh test
	@python3 tests/sink/fleet_load.py $(FLEET)

# Rewrites the expected lines of the golden captures; read the difference before committing it.
goldens: $(B)/gatewitness
	@tests/golden/run.sh $(B)/gatewitness --write

# Minutes of coverage-guided fuzzing for each target: make fuzz MINUTES=10
MINUTES ?= 1
fuzz:
	@tests/setup.sh build check
	@B=$(B)/fuzz MINUTES=$(MINUTES) LIBS='$(LIBS)' tests/fuzz/main/libfuzzer.sh

# Labelled worlds against the detectors: what is found, how soon, and what is alerted without cause.
SEEDS ?= 20
evaluate: $(B)/tests/world/world
	@$(B)/tests/world/world evaluate --seeds $(SEEDS) $(WORLDS)
evaluate-quick: $(B)/tests/world/world
	@$(B)/tests/world/world evaluate --seeds 3 --days 14 --clean-users 200 $(WORLDS)

bench:
	@tests/setup.sh build bench
	@$(MAKE) --no-print-directory -j2 $(B)/gatewitness $(B)/tests/world/world
	@tests/bench/run.sh $(B)

# Loss and CPU a packet, live on a veth pair of its own: two minutes, as root.
bench-live:
	@tests/setup.sh build test bench
	@$(MAKE) --no-print-directory -j2 $(B)/gatewitness
	@tests/bench/live.sh $(B) || [ $$? -eq 77 ]

# Attacks on the sensor: cost a packet, memory, known clients kept: minutes.
bench-attacks:
	@tests/setup.sh build bench
	@$(MAKE) --no-print-directory -j2 $(B)/gatewitness
	@tests/bench/attacks.sh $(B)

# The same of the ledger: make bench-ledger LEDGER_SESSIONS=10000000
bench-ledger:
	@tests/setup.sh build bench ledger
	@$(MAKE) --no-print-directory -j2 $(B)/gatewitness $(B)/tests/world/world
	@LEDGER_SESSIONS=$(LEDGER_SESSIONS) tests/bench/ledger.sh $(B)

# The program, its pages, completions and configuration.  RUN: what runs a program of another processor.
SYSCONFDIR ?= /etc
COMPLETIONS ?= $(PREFIX)/share/bash-completion/completions
install: $(B)/gatewitness
	install -D -m 755 $(B)/gatewitness $(DESTDIR)$(PREFIX)/bin/gatewitness
	$(Q)firmware/install.sh "$(RUN) $(B)/gatewitness" "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)" "$(COMPLETIONS)"

# The Debian package: make deb, or make deb ARCH=arm64.
deb:
	@tests/setup.sh build deb $(if $(ARCH),cross)
	@mkdir -p $(B)
	@firmware/deb.sh $(B) $(VERSION) $(ARCH)
	@tests/install/package.sh $(B)/gatewitness_$(VERSION)_$(or $(ARCH),$$(dpkg --print-architecture)).deb

# The package in a fresh Debian 12: installed, used live under systemd, removed, purged; as root.  ARCH=arm64 in a chroot.
deb-test:
	@tests/setup.sh fresh
	@$(MAKE) --no-print-directory deb ARCH=$(ARCH)
	@tests/install/fresh.sh $(B)/gatewitness_$(VERSION)_$(or $(ARCH),$$(dpkg --print-architecture)).deb $(B)

# An image for a board, from Debian's packages: make firmware BOARD=virt (or rock-pi-e, uefi, rpi4); SITE=DIR lays a site's own files in it.
BOARD ?= virt
firmware:
	@firmware/build.sh --ask $(BOARD)
	@tests/setup.sh firmware
	@$(MAKE) --no-print-directory deb ARCH=arm64
	@firmware/build.sh $(BOARD) $(B) $(VERSION) $(B)/gatewitness_$(VERSION)_arm64.deb

# A signed update of the image that was built: make bundle (KEY_DIR: cert.pem and key.pem).
bundle:
	@tests/setup.sh firmware
	@firmware/bundle.sh $(B)/firmware/$(BOARD) $(VERSION)

# The image in QEMU: configured, attacked, misconfigured, and a tap in it taken over (BOOTS="direct uboot uefi"; EPISODE=600: ten
# minutes of a night in real time besides); then power cuts, then updates, an hour each (CUTS, WAY=uboot|uefi).
CUTS ?= 20
WAY ?= uboot
BOOTS ?= direct
EPISODE ?= 0
in_qemu = tests/setup.sh qemu firmware && { [ -e $(B)/firmware/virt/gatewitness-virt.img ] || $(MAKE) --no-print-directory firmware BOARD=virt; } && \
	GATEWITNESS=$(B)/gatewitness
firmware-test: $(B)/gatewitness $(B)/tests/world/world
	@tests/setup.sh cross && firmware/sysroot.sh arm64 $(B)/sysroot-arm64
	@$(MAKE) --no-print-directory -j2 B=$(B)/try-arm64 CC="aarch64-linux-gnu-gcc --sysroot=$(CURDIR)/$(B)/sysroot-arm64" CFLAGS=-O1 \
		$(B)/try-arm64/tests/live/try
	@$(in_qemu) WORLD=$(CURDIR)/$(B)/tests/world/world TRY=$(B)/try-arm64/tests/live/try EPISODE=$(EPISODE) QEMU_BOOTS="$(BOOTS)" \
		firmware/test/run.sh $(B)/firmware/virt || [ $$? -eq 77 ]
firmware-power-test: $(B)/gatewitness
	@$(in_qemu) CUTS=$(CUTS) firmware/test/power.sh $(B)/firmware/virt || [ $$? -eq 77 ]
firmware-update-test: $(B)/gatewitness
	@$(in_qemu) firmware/test/update.sh $(B)/firmware/virt $(WAY) || [ $$? -eq 77 ]

# Other processors, by QEMU's user mode: both, or make cross ARCH=armhf.
cross:
	@tests/setup.sh build test cross
	@$(MAKE) --no-print-directory -j2 $(B)/gatewitness
	@for arch in $(or $(ARCH),arm64 armhf); do CORPUS=$(CORPUS) tests/cross/run.sh $$arch $(B) || exit 1; done

# Instructions a packet there and here, counted by QEMU.
bench-cross:
	@tests/setup.sh build bench cross count
	@$(MAKE) --no-print-directory -j2 $(B)/gatewitness
	@tests/cross/instructions.sh $(or $(ARCH),arm64) $(B)

clean:
	rm -rf build

.DEFAULT_GOAL := $(B)/gatewitness
.PHONY: demo test lab as-was soak units fuzzers check conformance cuts ledger-chaos sinks-chaos sinks-cost fleet-load goldens fuzz evaluate evaluate-quick bench bench-live bench-attacks bench-ledger install deb deb-test cross bench-cross firmware bundle firmware-test firmware-power-test firmware-update-test clean
