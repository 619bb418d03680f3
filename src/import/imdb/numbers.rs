//! Sets of IMDb's ids, small enough for all of them.

/// Ids have seven digits and more.
const DIGITS_MIN: usize = 7;
const DIGITS_MAX: usize = 9;
/// Words of a block, which with its counts fills a line of the processor's cache.
const WORDS: usize = 6;

/// An id: its digits and their number. `tt0000001` and `tt10000000` differ in width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    value: u32,
    digits: u8,
}

impl Number {
    /// The id that stands behind a prefix such as `tt`; none where it is no such id.
    pub fn parse(prefix: &[u8; 2], id: &[u8]) -> Option<Self> {
        let digits = id.strip_prefix(prefix)?;
        let is_padded = digits.first() == Some(&b'0');
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
            || (is_padded && digits.len() > DIGITS_MIN)
        {
            return None;
        }
        let mut value = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value * 10 + u32::from(digit - b'0');
        }
        Some(Self { value, digits: u8::try_from(digits.len()).ok()? })
    }
}

/// A set of ids: a bit for each number, and counts to tell how many ids stand before one, in the
/// order of the files, which is that of their text.
#[derive(Debug, Default)]
pub struct Numbers {
    widths: [Width; DIGITS_MAX - DIGITS_MIN + 1],
}

/// Those of one number of digits.
#[derive(Debug, Default)]
struct Width {
    blocks: Vec<Block>,
    /// How many there are.
    count: u32,
}

#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Block {
    words: [u64; WORDS],
    /// How many stand before the block.
    before: u32,
    /// How many stand in the block before each of the words.
    within: [u16; WORDS],
}

/// Where a number stands: its block, the word in there, and the bit of it.
fn place(value: u32) -> (usize, usize, u64) {
    let word = value as usize / 64;
    (word / WORDS, word % WORDS, 1 << (value % 64))
}

impl Width {
    /// How many of this width are less.
    fn rank(&self, below: u32) -> u32 {
        let (block, word, bit) = place(below);
        let Some(block) = self.blocks.get(block) else {
            return self.count;
        };
        let last = block.words[word] & (bit - 1);
        block.before + u32::from(block.within[word]) + last.count_ones()
    }
}

impl Numbers {
    /// Put an id in. Returns whether it was not in.
    pub fn insert(&mut self, number: Number) -> bool {
        let blocks = &mut self.widths[usize::from(number.digits) - DIGITS_MIN].blocks;
        let (block, word, bit) = place(number.value);
        if blocks.len() <= block {
            blocks.resize(block + 1, Block::default());
        }
        let word = &mut blocks[block].words[word];
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Take an id out.
    pub fn remove(&mut self, number: Number) {
        let blocks = &mut self.widths[usize::from(number.digits) - DIGITS_MIN].blocks;
        let (block, word, bit) = place(number.value);
        if let Some(block) = blocks.get_mut(block) {
            block.words[word] &= !bit;
        }
    }

    /// Whether an id is in.
    pub fn contains(&self, number: Number) -> bool {
        let blocks = &self.widths[usize::from(number.digits) - DIGITS_MIN].blocks;
        let (block, word, bit) = place(number.value);
        blocks.get(block).is_some_and(|block| block.words[word] & bit != 0)
    }

    /// Count, once all are in.
    pub fn count(&mut self) -> u32 {
        let mut all = 0;
        for width in &mut self.widths {
            width.count = 0;
            for block in &mut width.blocks {
                block.before = width.count;
                for (word, within) in block.words.iter().zip(&mut block.within) {
                    *within = u16::try_from(width.count - block.before).unwrap_or_default();
                    width.count += word.count_ones();
                }
            }
            all += width.count;
        }
        all
    }

    /// How many ids stand before this one, as text. They must have been counted.
    pub fn rank(&self, number: Number) -> u32 {
        let (value, digits) = (number.value, usize::from(number.digits));
        let ranks = (DIGITS_MIN..).zip(&self.widths).map(|(width, ids)| {
            if width < digits {
                // A text stands after its own beginning.
                let beginning = value / 10_u32.pow(u32::try_from(digits - width).unwrap_or(0));
                ids.rank(beginning + 1)
            } else {
                ids.rank(value * 10_u32.pow(u32::try_from(width - digits).unwrap_or(0)))
            }
        });
        ranks.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Number, Numbers};

    #[test]
    fn ids_are_ranked_as_their_text() {
        let mut ids: Vec<String> = Vec::new();
        for value in [1, 2, 63, 64, 999_999, 1_000_000, 1_000_001, 9_999_998, 9_999_999] {
            ids.push(format!("tt{value:07}"));
        }
        for value in [10_000_000, 10_000_009, 10_000_010, 10_000_019, 99_999_989, 99_999_990] {
            ids.push(format!("tt{value}"));
        }
        ids.extend(["tt100000000", "tt100000001", "tt123456789"].map(str::to_owned));
        ids.sort();
        let parse = |id: &str| Number::parse(b"tt", id.as_bytes()).expect(id);
        let mut numbers = Numbers::default();
        for id in &ids {
            assert!(numbers.insert(parse(id)) && !numbers.insert(parse(id)));
        }
        assert_eq!(numbers.count() as usize, ids.len());
        for (place, id) in (0..).zip(&ids) {
            assert_eq!(numbers.rank(parse(id)), place, "{id}");
            assert!(numbers.contains(parse(id)));
        }
        assert!(!numbers.contains(parse("tt0000003")) && !numbers.contains(parse("tt999999999")));
        numbers.remove(parse("tt0000001"));
        numbers.remove(parse("tt0000003"));
        assert_eq!(numbers.count() as usize, ids.len() - 1);
        assert_eq!(numbers.rank(parse("tt0000002")), 0);
    }

    #[test]
    fn other_texts_are_no_ids() {
        for id in [
            "",
            "tt",
            "tt123456",
            "tt1234567890",
            "tt00000001",
            "nm0000001",
            "tt000000x",
            "TT0000001",
        ] {
            assert_eq!(Number::parse(b"tt", id.as_bytes()), None, "{id}");
        }
    }
}
