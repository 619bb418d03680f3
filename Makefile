# The commands of the project. `make test` is everything that must pass.

.PHONY: run test lint schema

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
