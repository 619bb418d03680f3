//! The one integration test binary: the real program on a real port, over SQLite and PostgreSQL.

#![allow(clippy::print_stdout, reason = "what a test measured is shown with its result")]

mod support;

mod browser;
mod canary;
mod catalog;
mod cli;
mod collation;
mod cut;
mod database;
mod faults;
mod guard;
mod hostile;
mod http;
mod imdb;
mod jsonl;
mod kept;
mod large;
mod lists;
mod literals;
mod load;
mod oracle;
mod paging;
mod plans;
mod protocol;
mod query;
mod schema;
mod socket;
mod sse;
mod statements;
mod tls;
