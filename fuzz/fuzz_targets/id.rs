//! Global ids as clients send them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shotlist::graphql::id::{decode, encode};

fn text(tag: u8, id: i64) -> String {
    let mut out = Vec::new();
    encode(tag, id, &mut out);
    String::from_utf8(out).expect("an id is ASCII")
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(any) = std::str::from_utf8(bytes)
        && let Some((tag, id)) = decode(any)
    {
        assert!(id >= 0, "{any} is the id of no row: {id}");
        assert_eq!(text(tag, id), any, "an id has one spelling");
    }
    if let Some((&[tag, ref id @ ..], _)) = bytes.split_first_chunk::<9>() {
        let id = i64::from_le_bytes(*id) & i64::MAX;
        assert_eq!(decode(&text(tag, id)), Some((tag, id)));
    }
});
