//! What "by name" and "by title" mean: the same on every database.
//!
//! Databases differ in how they order text, and the same database from one system to the next. So
//! the order is computed here, once, when a name is written, and stored beside it: databases only
//! compare bytes.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The key by which a text is ordered, compared byte by byte.
///
/// Case and accents do not count (`Émile` stands beside `emile`), compatibility forms are what they
/// stand for (`Ⅱ` is `ii`), white space at the ends is dropped, and leading articles are kept. Scripts
/// follow one another as in Unicode: Latin, Greek, Cyrillic, ..., Han by radical and stroke.
///
/// Source: Unicode Standard Annex 15, normalization form KD.
pub fn key(text: &str) -> String {
    let plain = text.trim().nfkd().filter(|letter| !is_combining_mark(*letter));
    plain.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::key;

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
