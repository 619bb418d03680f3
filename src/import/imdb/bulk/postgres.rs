//! Rows into PostgreSQL: COPY in its binary format.
//!
//! Source: PostgreSQL documentation, COPY, "Binary Format".

use tokio::sync::mpsc::Sender;

use super::{ALL, Cell, Id, Kind, Sink, TABLES};
use crate::error::{Error, Fault};

/// Signature, flags, and the length of an extension that is not there.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// Bytes of one COPY.
const COPY_BYTES: usize = 1 << 20;

/// The rows of one COPY.
pub struct Copy {
    /// The table.
    pub table: Id,
    /// What COPY reads.
    pub bytes: Vec<u8>,
}

/// Encodes rows, for whoever has the connection.
pub struct PostgresSink {
    send: Sender<Copy>,
    waiting: Vec<Vec<u8>>,
}

impl PostgresSink {
    /// A sink into a channel.
    pub fn new(send: Sender<Copy>) -> Self {
        Self { send, waiting: TABLES.iter().map(|_| Vec::new()).collect() }
    }

    fn send(&mut self, table: Id) -> Result<(), Error> {
        let mut bytes = std::mem::take(&mut self.waiting[table as usize]);
        bytes.extend_from_slice(&TRAILER);
        // Whoever has the connection knows better why it went away.
        self.send
            .blocking_send(Copy { table, bytes })
            .map_err(|_| Fault::bug("nobody takes the rows".to_owned()).into())
    }
}

/// The statement that takes what is encoded.
pub fn copy_statement(table: Id) -> String {
    let table = table.table();
    let columns: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
    format!("COPY {} ({}) FROM STDIN (FORMAT binary, FREEZE)", table.name, columns.join(", "))
}

fn put(bytes: &mut Vec<u8>, value: &[u8]) {
    // Lines are far shorter than what 31 bits count.
    bytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or_default().to_be_bytes());
    bytes.extend_from_slice(value);
}

impl Sink for PostgresSink {
    fn row(&mut self, table: Id, cells: &[Cell<'_>]) -> Result<(), Error> {
        let bytes = &mut self.waiting[table as usize];
        if bytes.is_empty() {
            bytes.reserve(COPY_BYTES + COPY_BYTES / 8);
            bytes.extend_from_slice(HEADER);
        }
        let columns = table.table().columns;
        bytes.extend_from_slice(&i16::try_from(columns.len()).unwrap_or_default().to_be_bytes());
        for (cell, (name, kind)) in cells.iter().zip(columns) {
            let narrow = || Fault::bug(format!("{name} does not fit its column"));
            match (*cell, kind) {
                (Cell::Null, _) => bytes.extend_from_slice(&(-1_i32).to_be_bytes()),
                (Cell::Int(value), Kind::Big) => put(bytes, &value.to_be_bytes()),
                (Cell::Int(value), Kind::Int) => {
                    put(bytes, &i32::try_from(value).map_err(|_| narrow())?.to_be_bytes());
                }
                (Cell::Int(value), Kind::Small) => {
                    put(bytes, &i16::try_from(value).map_err(|_| narrow())?.to_be_bytes());
                }
                (Cell::Bool(value), Kind::Bool) => put(bytes, &[value.into()]),
                (Cell::Text(text), Kind::Text) => put(bytes, text.as_bytes()),
                (Cell::Bytes(value), Kind::Bytes) => put(bytes, value),
                _ => return Err(narrow().into()),
            }
        }
        if bytes.len() >= COPY_BYTES { self.send(table) } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        for table in ALL {
            if !self.waiting[*table as usize].is_empty() {
                self.send(*table)?;
            }
        }
        Ok(())
    }
}
