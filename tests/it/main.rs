//! The one integration test binary: the real program on a real port, over SQLite and PostgreSQL.

#![allow(clippy::print_stdout, reason = "what a test measured is shown with its result")]

mod support;

mod browser;
mod catalog;
mod cli;
mod collation;
mod database;
mod http;
mod imdb;
mod jsonl;
mod large;
mod lists;
mod oracle;
mod paging;
mod plans;
mod query;
mod schema;
mod statements;
