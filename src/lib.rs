//! Shotlist: a film and television catalogue, served with GraphQL.
//!
//! The layers, each of which knows only those before it:
//!
//! - `entity` (a crate): the tables. `migration` (a crate): their history, alone.
//! - [`catalog`]: connections, transactions, reads, writes. Usable without a server.
//! - [`import`]: data into the catalogue.
//! - [`graphql`]: the schema's declarations, the compiler of operations, the executor.
//! - [`http`]: the server, which knows no films.
//! - [`config`], [`secret`], [`telemetry`], [`cli`]: the program around it.
//!
//! What always holds:
//!
//! - A request costs as many statements as its document has lists, however many rows it returns.
//! - A page is a page in SQL: what is not shown is not read.
//! - SQLite and PostgreSQL give the same answers.
//! - Values of a request are bound, never part of a statement's text.
//! - A client sees no cause of a fault, only a code, a sentence and the id of its request.

pub mod catalog;
pub mod cli;
pub mod config;
pub mod error;
pub mod graphql;
pub mod http;
pub mod import;
mod pem;
pub mod secret;
pub mod telemetry;
