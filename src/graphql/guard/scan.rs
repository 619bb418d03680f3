//! The text of a document, before the parser sees it.
//!
//! One pass over the bytes, without a copy and without recursion. The parser has limits of its own,
//! but it stops at them with an error of its grammar, after it has built a tree of what came before;
//! they are the second fence (see [`fences`]), and no document that this one lets through meets them.

use std::ops::Range;

use apollo_compiler::parser::Parser;

use super::Limits;

/// What there is of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Tokens; what GraphQL ignores (white space, commas, comments) is none. What begins no token
    /// counts as one.
    pub tokens: u64,
    /// How deep braces, brackets and parentheses nest, whether or not each fits its other half.
    pub nesting: u64,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Count the tokens of a text.
pub fn scan(text: &str) -> Scan {
    let (mut found, mut open) = (Scan::default(), 0_u64);
    for token in tokens(text) {
        found.tokens += 1;
        match text.as_bytes()[token.start] {
            b'{' | b'[' | b'(' => {
                open += 1;
                found.nesting = found.nesting.max(open);
            }
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// Where the tokens of a text stand, by the lexical grammar of the specification (section 2.1).
pub fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            let rest = &bytes[at..];
            let start = at;
            at += match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                    at += 1;
                    continue;
                }
                b'#' => {
                    at += length_of(rest, |byte| !matches!(byte, b'\n' | b'\r'));
                    continue;
                }
                _ if rest.starts_with(BYTE_ORDER_MARK) => {
                    at += BYTE_ORDER_MARK.len();
                    continue;
                }
                b'"' => string(rest),
                b'.' if rest.starts_with(b"...") => 3,
                b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                    length_of(rest, |byte| byte == b'_' || byte.is_ascii_alphanumeric())
                }
                b'-' | b'0'..=b'9' => number(rest),
                // A character that begins no token is one, however many bytes it has; what
                // punctuates has one.
                _ => 1 + length_of(&rest[1..], |byte| byte & 0xc0 == 0x80),
            };
            return Some(start..at);
        }
        None
    })
}

/// The parser, with limits that no document within the guard's reaches: a token has a byte at least,
/// and what recurses in the parser has a brace, a bracket or a parenthesis.
pub fn fences(limits: &Limits) -> Parser {
    let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(2);
    Parser::new().token_limit(size(limits.document_bytes)).recursion_limit(size(limits.nesting))
}

/// How many bytes from the start are of a kind.
fn length_of(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !is(*byte)).unwrap_or(bytes.len())
}

/// The length of a string. A line's end does not end it here: the parser refuses such a string,
/// mostly, but goes on to look for its end, and so must this.
fn string(bytes: &[u8]) -> usize {
    if bytes.starts_with(br#"""""#) {
        let mut at = 3;
        while at < bytes.len() {
            at += match &bytes[at..] {
                [b'"', b'"', b'"', ..] => return at + 3,
                [b'\\', b'"', b'"', b'"', ..] => 4,
                _ => 1,
            };
        }
        return bytes.len();
    }
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    bytes.len()
}

/// The length of a number: sign, digits, fraction, exponent.
fn number(bytes: &[u8]) -> usize {
    let digits = |at: usize| length_of(bytes.get(at..).unwrap_or_default(), |b| b.is_ascii_digit());
    let mut end = usize::from(bytes[0] == b'-');
    end += digits(end);
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digits(end + 1 + sign) > 0 {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use apollo_parser::{Lexer, TokenKind};
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// What the parser's own lexer counts, and whether it found everything right.
    fn lexed(text: &str) -> (u64, bool) {
        let (tokens, errors) = Lexer::new(text).lex();
        let ignored = [TokenKind::Whitespace, TokenKind::Comment, TokenKind::Comma, TokenKind::Eof];
        let tokens = tokens.iter().filter(|token| !ignored.contains(&token.kind()));
        (tokens.count() as u64, errors.is_empty())
    }

    const TOKENS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "!",
        "$",
        "&",
        "...",
        ":",
        "=",
        "@",
        "|",
        "name",
        "_",
        "e1",
        "0",
        "-0",
        "17",
        "-3.25",
        "1e9",
        "6.02E+23",
        "\"\"",
        "\"a # {[( \\\" \\\\\"",
        "\"é🎬\"",
        "\"\"\"\"\"\"",
        "\"\"\"a \"\" \\\"\"\" {\n\"\"\"",
        "\"\"\"\\\"\"\"",
    ];
    const IGNORED: &[&str] = &[" ", "\t", "\n", "\r\n", ",", "# \"{[( é\n", "\u{feff}", ", ,"];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn tokens_are_those_of_the_lexer(
            parts in prop::collection::vec((select(TOKENS), select(IGNORED)), 0..60),
        ) {
            let text: String = parts.iter().flat_map(|(token, gap)| [*token, *gap]).collect();
            let (tokens, is_right) = lexed(&text);
            prop_assert!(is_right || text.contains(r#""""\""""#), "{text}");
            if is_right {
                prop_assert_eq!(scan(&text).tokens, tokens, "{}", text);
            }
        }

        #[test]
        fn whatever_the_lexer_takes_has_as_many_tokens(text in "[{}()\\[\\]:!$@|&a1.e+\\-\" \n#,\\\\\u{e9}\u{feff}]{0,24}") {
            let found = scan(&text);
            let (tokens, is_right) = lexed(&text);
            if is_right {
                prop_assert_eq!(found.tokens, tokens, "{}", text);
            }
            prop_assert!(found.nesting <= found.tokens);
        }
    }

    #[test]
    fn nesting_is_the_deepest_place() {
        for (text, nesting) in [
            ("", 0),
            ("{a(b: [1, {c: 2}])}", 4),
            ("{} {} {{}}", 2),
            ("}}}}{", 1),
            ("\"{{{\" # [[[\n(", 1),
            ("\"\n{{\" {", 1),
            ("\"\"\"{{{\n\"\"\"", 0),
        ] {
            assert_eq!(scan(text).nesting, nesting, "{text}");
        }
    }

    #[test]
    fn a_string_without_an_end_is_one_token() {
        for text in ["\"", "\"a", "\"a\nb", "\"a\\", "\"\"\"", "\"\"\"a\"\"", "\"\"\"a\\\"\"\""] {
            assert_eq!(scan(text).tokens, 1, "{text}");
        }
    }
}
