# The commands of the project. `make test` is everything that must pass.

.PHONY: run test lint schema bench-import

run:
	cargo run --release

test: lint
	cargo test --workspace --all-targets

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

# Rewrites the contract; a test fails while it is stale.
schema:
	cargo run --quiet -- schema > schema.graphql

# What importing IMDb's files costs, for data sets of so many titles: TITLES="200000 2000000".
TITLES ?= 200000
bench-import:
	cargo bench --bench import -- $(TITLES)
