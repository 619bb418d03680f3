//! Cursors: opaque to clients, good for one list in one order with the same arguments.
//!
//! A cursor holds the values of the order's terms and the key of one row, so that the next page is
//! found by comparing, whatever is written meanwhile. A digest of the list keeps it from being used
//! for another one.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::declare::{Column, Constant, Relation, ValueKind};

/// First byte of every cursor; another one for another format.
const VERSION: u8 = 1;

/// The digest of a list without a filter: its relation, what it leads to, and its order.
pub fn digest(relation: &Relation, object: &str) -> u64 {
    let mut text = format!("{object} {}", relation.link);
    let names = |column: &Column| format!("{}.{}", column.table, column.name);
    for column in relation.parent.iter().chain(&relation.target) {
        let _ = write!(text, " {}", names(column));
    }
    for (column, value) in &relation.only {
        let _ = match value {
            Constant::Text(value) => write!(text, " {}={value}", names(column)),
            Constant::Int(value) => write!(text, " {}={value}", names(column)),
        };
    }
    if let Some(grouping) = relation.grouping {
        let _ = write!(text, " by {}", grouping.declared().name);
    }
    for term in &relation.order {
        let _ = write!(text, " {}{}", names(&term.column), if term.descending { "-" } else { "+" });
    }
    filtered(0xcbf2_9ce4_8422_2325, &text)
}

/// The digest of the same list with a filter, in canonical form.
pub fn filtered(digest: u64, filter: &str) -> u64 {
    // FNV-1a, 64 bits: the same on every machine and in every version of this program.
    filter
        .bytes()
        .fold(digest, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The cursor of a row: values of the order's terms, then the key.
pub fn encode(digest: u64, values: &[Value]) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&digest.to_le_bytes());
    for (index, value) in values.iter().enumerate() {
        let _ = write!(Text(&mut bytes), "{}{value}", if index == 0 { "" } else { "," });
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The values of a cursor, of these kinds, each perhaps nullable.
///
/// # Errors
/// A sentence that says why it is not a cursor of this list.
pub fn decode(
    text: &str,
    digest: u64,
    kinds: &[(ValueKind, bool)],
) -> Result<Vec<Value>, &'static str> {
    const FORGED: &str = "it is not a cursor of this catalogue";
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| FORGED)?;
    let (head, values) = bytes.split_at_checked(9).ok_or(FORGED)?;
    if head[0] != VERSION {
        return Err(FORGED);
    }
    if head[1..] != digest.to_le_bytes() {
        return Err("it belongs to another list, or to this one with other arguments");
    }
    let mut list = Vec::with_capacity(values.len() + 2);
    list.push(b'[');
    list.extend_from_slice(values);
    list.push(b']');
    let values: Vec<Value> = serde_json::from_slice(&list).map_err(|_| FORGED)?;
    let fits = |(value, (kind, nullable)): (&Value, &(ValueKind, bool))| match kind {
        _ if value.is_null() => *nullable,
        ValueKind::Int | ValueKind::Bool => value.is_i64(),
        ValueKind::Text => value.as_str().is_some_and(|text| !text.contains('\0')),
    };
    if values.len() != kinds.len() || !values.iter().zip(kinds).all(fits) {
        return Err(FORGED);
    }
    Ok(values)
}

/// Bytes as something to format into.
struct Text<'a>(&'a mut Vec<u8>);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
