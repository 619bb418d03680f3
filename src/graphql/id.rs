//! Global ids: opaque to clients, one for each row, for ever.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The global id of a row: the tag of its table, then the row's id, seven bits a byte, the lowest
/// first.
pub fn encode(tag: u8, id: i64, out: &mut Vec<u8>) {
    let mut bytes = [tag; 11];
    let mut length = 1;
    let mut rest = id.cast_unsigned();
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        bytes[length] = if rest == 0 { low } else { low | 0x80 };
        length += 1;
        if rest == 0 {
            break;
        }
    }
    let mut text = [0; 16];
    // 11 bytes make 15 characters at most.
    let written = URL_SAFE_NO_PAD.encode_slice(&bytes[..length], &mut text).unwrap_or_default();
    out.extend_from_slice(&text[..written]);
}

/// The tag and the row's id of a global id; none where the text is not one.
pub fn decode(text: &str) -> Option<(u8, i64)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (&tag, rest) = bytes.split_first()?;
    let (&last, _) = rest.split_last()?;
    // One spelling for each id: no empty high bytes, and no more than 63 bits.
    if rest.len() > 9 || last & 0x80 != 0 || (last == 0 && rest.len() > 1) {
        return None;
    }
    let mut id = 0;
    for (index, byte) in rest.iter().enumerate() {
        if index + 1 < rest.len() && byte & 0x80 == 0 {
            return None;
        }
        id |= i64::from(byte & 0x7f) << (7 * index);
    }
    Some((tag, id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(tag: u8, id: i64) -> String {
        let mut out = Vec::new();
        encode(tag, id, &mut out);
        String::from_utf8(out).expect("base64 is ASCII")
    }

    proptest! {
        #[test]
        fn ids_come_back(tag: u8, id in 0..i64::MAX) {
            prop_assert_eq!(decode(&text(tag, id)), Some((tag, id)));
        }

        #[test]
        fn whatever_decodes_has_one_spelling(any in "[A-Za-z0-9_-]{0,16}") {
            if let Some((tag, id)) = decode(&any) {
                prop_assert_eq!(text(tag, id), any);
            }
        }
    }

    #[test]
    fn ids_are_for_ever() {
        assert_eq!(text(1, 1), "AQE");
        assert_eq!(text(2, 300), "AqwC");
        assert_eq!(text(1, i64::MAX), "Af__________fw");
    }
}
