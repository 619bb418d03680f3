//! What "by name" and "by title" mean: the same on every database.
//!
//! Databases differ in how they order text, and the same database from one system to the next. So
//! the order is computed here, once, when a name is written, and stored beside it: databases only
//! compare bytes.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters of a text that count: an index takes no longer ones.
const LETTERS_MAX: usize = 400;

/// The key by which a text is ordered, compared byte by byte; only its beginning counts.
///
/// Case and accents do not count (`Émile` stands beside `emile`), compatibility forms are what they
/// stand for (`Ⅱ` is `ii`), white space at the ends is dropped, and leading articles are kept. Scripts
/// follow one another as in Unicode: Latin, Greek, Cyrillic, ..., Han by radical and stroke.
///
/// Source: Unicode Standard Annex 15, normalization form KD.
pub fn key(text: &str) -> String {
    prefix(text.trim_end())
}

/// What the keys of all texts that start with this one start with: unlike in a key, white space at
/// the end counts.
pub fn prefix(text: &str) -> String {
    let text = text.trim_start();
    if text.is_ascii() {
        // Such letters stand for themselves.
        return text[..text.len().min(LETTERS_MAX)].to_ascii_lowercase();
    }
    let plain = text.nfkd().filter(|letter| !is_combining_mark(*letter));
    plain.flat_map(char::to_lowercase).take(LETTERS_MAX).collect()
}

/// The least key above all that start with a prefix, but for those of the last code point of
/// Unicode, which is no letter.
pub fn after_prefix(prefix: &str) -> String {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // Those from D800 to DFFF are no letters.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            letters.push(next);
            return letters.into_iter().collect();
        }
    }
    char::MAX.to_string()
}

#[cfg(test)]
mod tests {
    use super::{after_prefix, key};

    #[test]
    fn what_starts_with_a_prefix_ends_before_the_next_one() {
        assert_eq!(after_prefix("ab"), "ac");
        assert_eq!(after_prefix("a\u{D7FF}"), "a\u{E000}");
        assert_eq!(after_prefix("a\u{10FFFF}"), "b");
        assert_eq!(after_prefix(""), "\u{10FFFF}");
        for (prefix, name) in [("zo", "zoë"), ("七", "七人の侍"), ("", "zz")] {
            assert!(prefix <= name && *name < *after_prefix(prefix), "{prefix}");
        }
    }

    #[test]
    fn case_and_accents_do_not_count() {
        assert_eq!(key("Amélie"), key("AMELIE"));
        assert_eq!(key(" Ⅱ "), "ii");
        assert_eq!(key("ＷＡＬＬ"), "wall");
        assert_eq!(key("Ёлки"), key("елки"));
    }

    #[test]
    fn titles_stand_in_the_order_of_their_keys() {
        let titles =
            ["13th", "A Beautiful Mind", "amélie", "Heat", "The Wire", "Ωmega", "Ёлки", "七人の侍"];
        let mut sorted = titles.to_vec();
        sorted.sort_by_key(|title| key(title));
        assert_eq!(sorted, titles);
    }
}
