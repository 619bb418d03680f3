# The commands of the project. `make test` is everything that must pass.

.PHONY: run test lint schema bench bench-import bench-instructions bench-overload fuzz

run:
	cargo run --release

test: lint
	cargo test --test it protocol::every_audit -- --nocapture
	cargo test --workspace --all-targets

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

# Rewrites the contract; a test fails while it is stale.
schema:
	cargo run --quiet -- schema > schema.graphql

# What a request costs here and elsewhere, on a catalogue of so many productions: SIZE=1000000. It
# takes wrk, PostgreSQL and Node.js.
SIZE ?= 10000
bench:
	cargo bench --bench compare -- --productions $(SIZE)

# What importing IMDb's files costs, for data sets of so many titles: TITLES="200000 2000000".
TITLES ?= 200000
bench-import:
	cargo bench --bench import -- $(TITLES)

# How many instructions parsing, planning, binding and rendering take, beside the committed figures;
# a difference fails nothing. It takes valgrind.
bench-instructions:
	cargo bench --bench instructions

# What becomes of ten times as many requests as the server can serve; from this computer to itself,
# within four minutes.
bench-overload:
	cargo bench --bench overload

# Every fuzz target, for so many seconds each, from the corpus. What is found goes to fuzz/artifacts,
# and what the corpus grows by to fuzz/target. Without a sanitizer, the stable toolchain can do it:
# there is no unsafe code for one to watch.
SECONDS ?= 20
FUZZ_TARGETS = guard cursor id import_line socket_frame
fuzz:
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/target/corpus/$$target || exit 1; \
		CARGO_TARGET_DIR=fuzz/target cargo fuzz run $$target --sanitizer none --strip-dead-code=true \
			fuzz/target/corpus/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(SECONDS) -rss_limit_mb=2048 -timeout=10 || exit 1; \
	done
