//! Titles and names of invented words, in ten scripts.

use std::array;
use std::sync::LazyLock;

use super::world::{Purpose, Stream, World};

/// The words of each script, some thousand.
static WORDS: LazyLock<[Vec<String>; 10]> = LazyLock::new(|| {
    array::from_fn(|script| {
        (0..GIVEN_NAMES + SURNAMES).map(|number| word(script, number)).collect()
    })
});
const TITLE_WORDS: u32 = 3000;
const GIVEN_NAMES: u32 = 600;
const SURNAMES: u32 = 9000;

/// A writing system, with syllables or characters to make words of.
pub struct Script {
    syllables: &'static str,
    /// How many of them make a word.
    length: (u32, u32),
    /// What stands between words.
    space: &'static str,
}

pub const LATIN: usize = 0;
pub const CYRILLIC: usize = 1;
pub const GREEK: usize = 2;
pub const HEBREW: usize = 3;
pub const ARABIC: usize = 4;
pub const DEVANAGARI: usize = 5;
pub const HAN: usize = 6;
pub const HANGUL: usize = 7;
pub const KANA: usize = 8;
pub const THAI: usize = 9;

pub const SCRIPTS: [Script; 10] = [
    Script {
        syllables: "ba be bo ca co da de di do el en fa fi ga go ha in ka ko la le li lo ma mi mo \
            na ne no ol pa ra re ri ro sa se si so ta te ti to va vi zu ché ñe ör ša å",
        length: (2, 3),
        space: " ",
    },
    Script {
        syllables: "ба ве го да же зи ка ло ма не по ру са то фи ха це ша эл юр як мы бо ни",
        length: (2, 3),
        space: " ",
    },
    Script {
        syllables: "αν βε γο δα ελ ζη θα κι λο μα νε ξα πο ρι σα τη φι χα ψυ ώρ",
        length: (2, 3),
        space: " ",
    },
    Script {
        syllables: "אב בר גל דן הר זכ חן טל יר כר לב מי נע סף עד פז צל קר רם שי תם",
        length: (1, 3),
        space: " ",
    },
    Script {
        syllables: "اب بر تم جل حم خا در را زي سل شم صا طي عم غا فر قل كم لا من نو هد وا يس",
        length: (1, 3),
        space: " ",
    },
    Script {
        syllables: "का खे गा घो चा जी टा डो ता दे ना पी बा भो मा या रा लो वी शा सा हो",
        length: (2, 3),
        space: " ",
    },
    Script {
        syllables: "山 水 火 木 金 土 日 月 天 地 人 大 小 中 白 黑 紅 春 秋 風 雨 雪 花 鳥 龍 海 夜 星 心 夢",
        length: (2, 3),
        space: "",
    },
    Script {
        syllables: "가 나 다 라 마 바 사 아 자 하 고 노 도 로 모 보 소 오 조 호 구 누 두 루 무 은 진 현",
        length: (2, 3),
        space: " ",
    },
    Script {
        syllables: "ア イ ウ エ オ カ キ ク ケ コ サ シ ス タ チ ツ テ ト の は ひ ふ ま み も や ゆ ラ リ ン",
        length: (2, 4),
        space: "",
    },
    Script {
        syllables: "กา ขา คำ งา จา ชา ดี ตา ทา นา บา ปา ผา มา ยา รา ลา วา สา หา อา ไฟ",
        length: (2, 3),
        space: "",
    },
];

#[derive(Clone, Copy)]
pub struct Region {
    pub code: &'static str,
    pub language: &'static str,
    pub script: usize,
}

/// Where akas are used; some codes are of no standard.
pub const REGIONS: [Region; 24] = [
    Region { code: "US", language: "en", script: LATIN },
    Region { code: "GB", language: "en", script: LATIN },
    Region { code: "FR", language: "fr", script: LATIN },
    Region { code: "DE", language: "de", script: LATIN },
    Region { code: "ES", language: "es", script: LATIN },
    Region { code: "BR", language: "pt", script: LATIN },
    Region { code: "PL", language: "pl", script: LATIN },
    Region { code: "HU", language: "hu", script: LATIN },
    Region { code: "TR", language: "tr", script: LATIN },
    Region { code: "CH", language: "gsw", script: LATIN },
    Region { code: "XWW", language: "en", script: LATIN },
    Region { code: "XEU", language: "en", script: LATIN },
    Region { code: "RU", language: "ru", script: CYRILLIC },
    Region { code: "UA", language: "uk", script: CYRILLIC },
    Region { code: "SUHH", language: "ru", script: CYRILLIC },
    Region { code: "GR", language: "el", script: GREEK },
    Region { code: "IL", language: "he", script: HEBREW },
    Region { code: "EG", language: "ar", script: ARABIC },
    Region { code: "IN", language: "hi", script: DEVANAGARI },
    Region { code: "CN", language: "cmn", script: HAN },
    Region { code: "HK", language: "yue", script: HAN },
    Region { code: "KR", language: "ko", script: HANGUL },
    Region { code: "JP", language: "ja", script: KANA },
    Region { code: "TH", language: "th", script: THAI },
];

/// The words for an episode that IMDb's files repeat for seven regions.
pub const EPISODE: [(&str, &str, &str); 7] = [
    ("FR", "fr", "Épisode"),
    ("DE", "de", "Folge"),
    ("ES", "es", "Episodio"),
    ("IT", "it", "Episodio"),
    ("PT", "pt", "Episódio"),
    ("JP", "ja", "エピソード"),
    ("IN", "hi", "एपिसोड"),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A word of a script: the same for the same number.
fn word(script: usize, number: u32) -> String {
    let Script { syllables, length, .. } = &SCRIPTS[script];
    let syllables: Vec<_> = syllables.split_whitespace().collect();
    let mut stream = Stream::of((u64::from(number) << 8) | script as u64);
    let count = length.0 + stream.below(length.1 - length.0 + 1);
    let text: String = (0..count).map(|_| stream.pick(&syllables)).collect();
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}

/// Append words of a script, some of them far likelier than others.
pub fn phrase(script: usize, stream: &mut Stream, words: u32, out: &mut String) {
    for place in 0..words {
        if place > 0 {
            out.push_str(SCRIPTS[script].space);
        }
        out.push_str(&WORDS[script][stream.low(TITLE_WORDS) as usize]);
    }
}

/// Append the name of a person.
pub fn name(script: usize, stream: &mut Stream, out: &mut String) {
    out.push_str(&WORDS[script][stream.low(GIVEN_NAMES) as usize]);
    out.push_str(SCRIPTS[script].space);
    out.push_str(&WORDS[script][(GIVEN_NAMES + stream.low(SURNAMES)) as usize]);
}

/// A script for a title or a name: mostly Latin.
pub fn script(stream: &mut Stream) -> usize {
    match stream.below(32) {
        place @ 0..=8 => place as usize + 1,
        _ => LATIN,
    }
}

/// How an episode without a title of its own is called.
pub enum Mechanical {
    Number { season: u32, number: u32 },
    Date { day: u32, month: u32, year: u32 },
}

impl Mechanical {
    pub fn of(world: &World, slot: u32) -> Option<Self> {
        let mut stream = world.stream(Purpose::Style, slot, 0);
        let style = stream.below(100);
        if style >= 50 || world.title_defect(slot).is_some() || world.retitled(slot) > 0 {
            return None;
        }
        let numbering = world.numbering(slot)?;
        match numbering.season {
            Some(season) if style < 40 => Some(Self::Number { season, number: numbering.number }),
            _ => Some(Self::Date {
                day: 1 + stream.below(28),
                month: stream.below(12),
                year: 1960 + stream.below(66),
            }),
        }
    }

    /// Append the title, with another word for the episode.
    pub fn append(&self, word: &str, out: &mut String) {
        use std::fmt::Write;
        // Writing to a string never fails.
        let _ = match self {
            Self::Number { season, number } => write!(out, "{word} #{season}.{number}"),
            Self::Date { day, month, year } => {
                write!(out, "{word} dated {day} {} {year}", MONTHS[*month as usize])
            }
        };
    }
}
