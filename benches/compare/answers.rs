//! Whether an answer is the right one: the values in it, whatever they are called and however they
//! nest.

use serde_json::Value;

use crate::support::Result;

/// The values of an answer of plain SQL.
pub fn expected(text: &str) -> Result<Vec<String>> {
    let mut leaves = Vec::new();
    collect(&serde_json::from_str(text)?, &mut leaves);
    Ok(leaves)
}

/// The data of an answer of a server; an error of any kind is one.
pub fn data(status: u16, body: &str) -> Result<Value> {
    let start: String = body.chars().take(500).collect();
    let wrong = |what: &str| format!("{what}: {status} {start}");
    if status != 200 {
        return Err(wrong("it was refused").into());
    }
    let mut answer: Value =
        serde_json::from_str(body).map_err(|error| wrong(&format!("it is no JSON, {error}")))?;
    if answer.get("errors").is_some() {
        return Err(wrong("it has errors").into());
    }
    match answer.get_mut("data") {
        Some(data) if !data.is_null() => Ok(data.take()),
        _ => Err(wrong("it has no data").into()),
    }
}

/// The first difference, in words.
pub fn difference(data: &Value, expected: &[String]) -> Option<String> {
    let mut leaves = Vec::new();
    collect(data, &mut leaves);
    if leaves == expected {
        return None;
    }
    let place = leaves.iter().zip(expected).take_while(|(one, other)| one == other).count();
    let around = |values: &[String]| {
        let from = place.saturating_sub(2).min(values.len());
        values[from..values.len().min(place + 4)].join(" | ")
    };
    Some(format!(
        "value {} of {} (of {} in SQL) differs: {} (in SQL: {})",
        place + 1,
        leaves.len(),
        expected.len(),
        around(&leaves),
        around(expected),
    ))
}

/// The values in the order of the document.
fn collect(value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, leaves)),
        Value::Object(members) => members.values().for_each(|member| collect(member, leaves)),
        // Large numbers may come as text, and words of an enum in capitals.
        Value::String(text)
            if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
        {
            leaves.push(text.to_ascii_lowercase());
        }
        Value::String(text) => leaves.push(text.clone()),
        other => leaves.push(other.to_string()),
    }
}
