//! Cursors as clients send them: the first byte says what the list is ordered by, the rest is the
//! cursor; and once more with the rest as what a cursor holds, which chance would hardly encode.

#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use shotlist::graphql::cursor::{decode, encode};
use shotlist::graphql::declare::ValueKind;

/// What lists are ordered by, with the key behind it.
const ORDERS: [&[(ValueKind, bool)]; 5] = [
    &[(ValueKind::Int, false)],
    &[(ValueKind::Text, false), (ValueKind::Int, false)],
    &[(ValueKind::Int, true), (ValueKind::Int, false)],
    &[(ValueKind::Text, true), (ValueKind::Text, true), (ValueKind::Int, false)],
    &[
        (ValueKind::Bool, false),
        (ValueKind::Int, true),
        (ValueKind::Text, true),
        (ValueKind::Int, false),
    ],
];

const DIGEST: u64 = 0x0123_4567_89ab_cdef;

fn check(text: &str, digest: u64, kinds: &[(ValueKind, bool)]) {
    let Ok(values) = decode(text, digest, kinds) else { return };
    assert_eq!(values.len(), kinds.len());
    for (value, (kind, nullable)) in values.iter().zip(kinds) {
        match kind {
            _ if value.is_null() => assert!(nullable),
            ValueKind::Int | ValueKind::Bool => assert!(value.is_i64()),
            ValueKind::Text => assert!(!value.as_str().expect("a text").contains('\0')),
        }
    }
    let again = encode(digest, &values);
    assert_eq!(decode(&again, digest, kinds).as_ref(), Ok(&values));
    assert!(decode(&again, !digest, kinds).is_err(), "it is a cursor of another list, too");
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&order, rest)) = bytes.split_first() else { return };
    let kinds = ORDERS[usize::from(order) % ORDERS.len()];
    if let Ok(text) = std::str::from_utf8(rest) {
        let digest = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|held| Some(u64::from_le_bytes(*held.get(1..)?.first_chunk()?)));
        check(text, digest.unwrap_or(DIGEST), kinds);
    }
    let held = [&[1][..], &DIGEST.to_le_bytes(), rest].concat();
    check(&URL_SAFE_NO_PAD.encode(held), DIGEST, kinds);
});
