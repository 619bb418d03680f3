//! The one integration test binary: the real program on a real port, over SQLite and PostgreSQL.

mod support;

mod browser;
mod catalog;
//mod cli;
//mod http;
mod oracle;
mod paging;
mod query;
mod schema;
mod statements;
