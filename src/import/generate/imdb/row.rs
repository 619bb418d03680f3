//! The rows of each file for one id.

use std::fmt::Write;

use super::defect::{DEFECTS, Defect};
use super::text::{self, EPISODE, LATIN, Mechanical, REGIONS};
use super::world::{Credited, Entry, Purpose, Stream, World};
use super::{
    Akas, Churn, Crew, Dataset, DefectCount, Episodes, People, Principals, Ratings, Titles,
};

const NULL: &str = "\\N";
const GENRES: [&str; 27] = [
    "Action",
    "Adult",
    "Adventure",
    "Animation",
    "Biography",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Family",
    "Fantasy",
    "Film-Noir",
    "Game-Show",
    "History",
    "Horror",
    "Music",
    "Musical",
    "Mystery",
    "News",
    "Reality-TV",
    "Romance",
    "Sci-Fi",
    "Short",
    "Sport",
    "Talk-Show",
    "Thriller",
    "War",
];
const PROFESSIONS: [&str; 16] = [
    "actor",
    "actress",
    "director",
    "writer",
    "producer",
    "miscellaneous",
    "composer",
    "editor",
    "camera_department",
    "art_department",
    "sound_department",
    "music_department",
    "cinematographer",
    "production_designer",
    "stunts",
    "archive_footage",
];
/// The categories of those behind the camera, by how often they are credited.
const CREW: [&str; 8] = [
    "producer",
    "writer",
    "composer",
    "cinematographer",
    "editor",
    "director",
    "production_designer",
    "casting_director",
];
const JOBS: [(&str, &[&str]); 3] = [
    ("writer", &["written by", "screenplay", "story", "novel", "creator", "teleplay by"]),
    ("producer", &["producer", "producer", "executive producer", "line producer"]),
    ("cinematographer", &["director of photography"]),
];
const AKA_TYPES: [&str; 7] =
    ["alternative", "alternative", "working", "dvd", "festival", "tv", "video"];
const ATTRIBUTES: [&str; 5] =
    ["literal title", "transliterated title", "short title", "new title", "complete title"];
const AKAS: [u32; 16] = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 7];
/// The last year of releases that are not announcements.
const YEAR: u32 = 2026;
const SAMPLES_MAX: usize = 20;

/// Lines of one id.
#[derive(Default)]
pub struct Rows {
    pub text: String,
    /// Where each line starts, and what its key is beside the id.
    lines: Vec<(usize, u32)>,
}

impl Rows {
    pub fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Start a line.
    fn start(&mut self, prefix: &str, id: u32, key: u32) {
        self.lines.push((self.text.len(), key));
        push_id(&mut self.text, prefix, id);
    }

    fn end(&mut self) {
        self.text.push('\n');
    }

    fn tab(&mut self, field: &str) {
        self.text.push('\t');
        self.text.push_str(field);
    }

    fn tab_number(&mut self, number: Option<u32>) {
        self.text.push('\t');
        push_number(&mut self.text, number);
    }

    /// Append the last line again.
    fn repeat(&mut self) {
        if let Some((start, key)) = self.lines.last().copied() {
            self.lines.push((self.text.len(), key));
            self.text.extend_from_within(start..);
        }
    }

    /// The first line of each key.
    fn firsts(&self) -> impl Iterator<Item = (u32, &str)> {
        self.lines.iter().enumerate().filter_map(|(place, (start, key))| {
            let seen = self.lines[..place].iter().any(|(_, other)| other == key);
            let end = self.lines.get(place + 1).map_or(self.text.len(), |(start, _)| *start);
            (!seen).then(|| (*key, &self.text[*start..end]))
        })
    }
}

fn push_number(out: &mut String, number: Option<u32>) {
    // Writing to a string never fails.
    let _ = match number {
        Some(number) => write!(out, "{number}"),
        None => write!(out, "{NULL}"),
    };
}

fn push_id(out: &mut String, prefix: &str, id: u32) {
    let _ = write!(out, "{prefix}{id:07}");
}

/// Append items, or the null of the format when there are none.
fn push_list<T>(out: &mut String, items: &[T], mut push: impl FnMut(&mut String, &T)) {
    if items.is_empty() {
        out.push_str(NULL);
    }
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        push(out, item);
    }
}

/// What one file adds to the manifest.
#[derive(Default)]
pub struct Tally {
    pub rows: u64,
    pub bytes: u64,
    pub people: People,
    pub titles: Titles,
    pub akas: Akas,
    pub crew: Crew,
    pub episodes: Episodes,
    pub principals: Principals,
    pub ratings: Ratings,
    pub churn: Churn,
    defects: Vec<(u64, Vec<String>)>,
}

impl Tally {
    fn defect(&mut self, defect: Defect, key: impl FnOnce() -> String) {
        let place = defect as usize;
        if self.defects.len() <= place {
            self.defects.resize_with(place + 1, Default::default);
        }
        let (count, samples) = &mut self.defects[place];
        *count += 1;
        if samples.len() < SAMPLES_MAX {
            samples.push(key());
        }
    }

    /// The counts of the defects of a file.
    pub fn defects(&self, dataset: Dataset) -> impl Iterator<Item = DefectCount> {
        DEFECTS.iter().filter(move |(_, _, of)| *of == dataset).map(move |(defect, name, _)| {
            let (count, samples) = self.defects.get(*defect as usize).cloned().unwrap_or_default();
            let file = dataset.file();
            DefectCount { name: (*name).to_owned(), file, count, samples }
        })
    }

    /// Note how the lines of an id differ from those of the day before.
    pub fn compare(&mut self, before: &Rows, now: &Rows) {
        if before.text == now.text {
            return;
        }
        for (key, line) in now.firsts() {
            match before.firsts().find(|(other, _)| *other == key) {
                None => self.churn.new += 1,
                Some((_, other)) if other != line => self.churn.changed += 1,
                Some(_) => {}
            }
        }
        let gone = |(key, _): &(u32, &str)| !now.firsts().any(|(other, _)| other == *key);
        self.churn.gone += before.firsts().filter(gone).count() as u64;
    }
}

/// Append the rows of a file for one id, and count what is in them.
pub fn append(dataset: Dataset, world: &World, entry: &Entry, rows: &mut Rows, tally: &mut Tally) {
    let present = match dataset {
        Dataset::Names => world.person_present(entry.slot),
        _ => world.title_present(entry.slot),
    };
    if !present {
        return;
    }
    match dataset {
        Dataset::Names => person(world, entry, rows, tally),
        Dataset::Basics => title(world, entry, rows, tally),
        Dataset::Akas => akas(world, entry, rows, tally),
        Dataset::Crew => crew(world, entry, rows, tally),
        Dataset::Episodes => episode(world, entry, rows, tally),
        Dataset::Principals => principals(world, entry, rows, tally),
        Dataset::Ratings => rating(world, entry, rows, tally),
    }
}

fn title_key(entry: &Entry) -> String {
    format!("tt{:07}", entry.id)
}

/// What the title of an entry was made for; an unknown title has no defect but that.
fn defect_of(world: &World, entry: &Entry) -> Option<Defect> {
    world.title_defect(entry.slot).filter(|_| entry.real).map(|(defect, _)| defect)
}

/// Whether an unknown title has rows in the file of which this is the defect.
fn is_unknown(world: &World, entry: &Entry, defect: Defect) -> bool {
    !entry.real && world.title_defect(entry.slot).is_some_and(|(of, _)| of == defect)
}

/// Append the primary title.
fn primary_title(world: &World, slot: u32, out: &mut String) {
    if let Some(mechanical) = Mechanical::of(world, slot) {
        return mechanical.append("Episode", out);
    }
    let mut stream = world.stream(Purpose::Text, slot, world.retitled(slot));
    let Some((defect, _)) = world.title_defect(slot) else {
        let script = text::script(&mut stream);
        let words = 1 + stream.below(4);
        text::phrase(script, &mut stream, words, out);
        if stream.one_in(40) {
            let _ = write!(out, " {}", 2 + stream.below(4));
        }
        return;
    };
    let (before, between, after) = match defect {
        Defect::TitleNull => return out.push_str("NULL"),
        Defect::TitleNone => return out.push_str("None"),
        Defect::TitleNumber => return out.push_str("1984"),
        Defect::TitleLong => {
            let mut long = String::new();
            text::phrase(LATIN, &mut stream, 5_000, &mut long);
            return out.extend(long.chars().take(5_000));
        }
        Defect::UnbalancedQuote | Defect::ShiftedRow => ("\"", " ", ""),
        Defect::BackslashInside => ("", "\\", ""),
        Defect::BackslashLast => ("", " ", "\\"),
        Defect::LineSeparator => ("", "\u{2028}", ""),
        Defect::NextLine => ("", "\u{85}", ""),
        Defect::NoBreakSpace => ("", "\u{a0}", ""),
        Defect::JoinedEmoji => ("", " ", " \u{1f469}\u{200d}\u{1f680}"),
        Defect::CombiningAccent => ("Cafe\u{301} ", " ", ""),
        Defect::DirectionMark => ("\u{200f}", " ", "\u{200e}"),
        _ => ("", " ", ""),
    };
    let script = if defect == Defect::DirectionMark { text::HEBREW } else { LATIN };
    out.push_str(before);
    text::phrase(script, &mut stream, 1, out);
    out.push_str(between);
    text::phrase(script, &mut stream, 2, out);
    out.push_str(after);
}

/// Append the original title, which mostly is the primary one.
fn original_title(world: &World, slot: u32, out: &mut String) {
    let mut stream = world.stream(Purpose::Original, slot, 0);
    let mechanical = || Mechanical::of(world, slot).is_some();
    if !stream.one_in(8) || world.title_defect(slot).is_some() || mechanical() {
        return primary_title(world, slot, out);
    }
    let script = text::script(&mut stream);
    let words = 1 + stream.below(4);
    text::phrase(script, &mut stream, words, out);
}

fn title(world: &World, entry: &Entry, rows: &mut Rows, tally: &mut Tally) {
    if !entry.real {
        return;
    }
    let slot = entry.slot;
    let defect = defect_of(world, entry);
    let kind = world.kind(slot);
    let series = matches!(kind, "tvSeries" | "tvMiniSeries");
    let episode = kind == "tvEpisode";
    let mut stream = world.stream(Purpose::Facts, slot, 0);

    rows.start("tt", entry.id, 0);
    rows.tab(kind);
    rows.tab("");
    primary_title(world, slot, &mut rows.text);
    rows.tab("");
    original_title(world, slot, &mut rows.text);
    tally.titles.total += 1;
    *tally.titles.by_type.entry(kind.to_owned()).or_default() += 1;
    if let Some(defect) = defect.filter(|defect| defect.of_titles()) {
        tally.defect(defect, || title_key(entry));
    }
    if defect == Some(Defect::ShiftedRow) {
        rows.text.push_str("\t2019\t\\N\t\\N\tReality-TV\t\\N");
        return rows.end();
    }

    rows.tab(if !episode && !series && stream.one_in(40) { "1" } else { "0" });
    let span = if episode { 60 } else { 115 };
    let year = YEAR - stream.low(span);
    let known = !stream.one_in(12);
    let year =
        if defect == Some(Defect::YearInFuture) { Some(YEAR + 9) } else { known.then_some(year) };
    rows.tab_number(year);
    let ended = series && stream.below(10) < 4;
    let years = stream.low(20);
    rows.tab_number(year.filter(|_| ended).map(|year| (year + years).min(YEAR)));
    let (least, range, noted) = match kind {
        "short" | "tvShort" => (1, 40, 80),
        "tvEpisode" => (15, 50, 35),
        "videoGame" => (0, 1, 0),
        _ => (40, 120, 65),
    };
    let runtime = least + stream.below(range);
    let runtime = (stream.below(100) < noted).then_some(runtime);
    rows.tab_number(if defect == Some(Defect::RuntimeZero) { Some(0) } else { runtime });

    let mut genres = Vec::with_capacity(4);
    for _ in 0..stream.below(16).div_ceil(5) {
        let genre = stream.pick(&GENRES);
        if !genres.contains(&genre) {
            genres.push(genre);
        }
    }
    if defect == Some(Defect::UnknownGenre) {
        genres.truncate(2);
        genres.push("Cli-Fi");
    }
    genres.sort_unstable();
    tally.titles.genre_links += genres.len() as u64;
    rows.tab("");
    push_list(&mut rows.text, &genres, |out, genre| out.push_str(genre));
    rows.end();
    if defect == Some(Defect::DuplicateTitle) {
        rows.repeat();
        tally.titles.duplicates += 1;
    }
}

/// How many rows a title has after so many changes: one more or one fewer after each odd one.
fn toggled(count: u32, changes: u32, stream: &mut Stream) -> u32 {
    match (changes % 2, stream.one_in(2)) {
        (0, _) => count,
        (_, true) if count > 1 => count - 1,
        _ => count + 1,
    }
}

/// The numbers from 1 on; in the order of their digits where that is the defect.
fn orderings(count: u32, by_digits: bool) -> Vec<u32> {
    let mut orderings: Vec<u32> = (1..=count).collect();
    if by_digits {
        orderings.sort_by_key(u32::to_string);
    }
    orderings
}

fn akas(world: &World, entry: &Entry, rows: &mut Rows, tally: &mut Tally) {
    let defect = defect_of(world, entry);
    let unknown = is_unknown(world, entry, Defect::AkaOfUnknownTitle);
    if defect.is_some_and(Defect::isolated) || !entry.real && !unknown {
        return;
    }
    let mechanical = Mechanical::of(world, entry.slot);
    let mut stream = world.stream(Purpose::Akas, entry.slot, 0);
    let count = match (&mechanical, defect) {
        (_, Some(Defect::AkasOutOfOrder)) => 11,
        (_, Some(_)) => 3,
        (Some(_), None) if stream.one_in(2) => 1 + EPISODE.len() as u32,
        _ => stream.pick(&AKAS),
    };
    let count = toggled(count, world.aka_changed(entry.slot), &mut stream);
    let out_of_order = defect == Some(Defect::AkasOutOfOrder);
    if out_of_order {
        tally.defect(Defect::AkasOutOfOrder, || title_key(entry));
    }
    for ordering in orderings(count, out_of_order) {
        aka(world, entry, ordering, 0, mechanical.as_ref(), rows, tally);
        if ordering != 2 {
            continue;
        }
        let key = || format!("{}:2", title_key(entry));
        match defect {
            Some(Defect::DuplicateAka) => {
                rows.repeat();
                tally.akas.duplicates += 1;
                tally.defect(Defect::DuplicateAka, key);
            }
            Some(Defect::RepeatedAka) => {
                aka(world, entry, ordering, 1, None, rows, tally);
                tally.akas.repeated += 1;
                tally.defect(Defect::RepeatedAka, key);
            }
            _ => {}
        }
    }
    tally.akas.rows += rows.len() as u64;
}

/// Append an aka; other versions of it have another text.
fn aka(
    world: &World,
    entry: &Entry,
    ordering: u32,
    version: u32,
    mechanical: Option<&Mechanical>,
    rows: &mut Rows,
    tally: &mut Tally,
) {
    let slot = entry.slot;
    let key = || format!("{}:{ordering}", title_key(entry));
    let mut stream = world.stream(Purpose::Aka, slot, ordering + 1000 * version);
    rows.start("tt", entry.id, ordering);
    rows.tab_number(Some(ordering));
    rows.tab("");
    if !entry.real {
        tally.akas.of_unknown_title += 1;
        tally.defect(Defect::AkaOfUnknownTitle, key);
    }
    // Carriers of other defects stay free of this one.
    let defect = defect_of(world, entry).filter(|_| ordering == 2);
    if ordering == 1 || defect == Some(Defect::TwoOriginals) {
        match ordering {
            1 => original_title(world, slot, &mut rows.text),
            _ => {
                text::phrase(LATIN, &mut stream, 2, &mut rows.text);
                tally.defect(Defect::TwoOriginals, || title_key(entry));
            }
        }
        rows.text.push_str("\t\\N\t\\N\toriginal\t\\N\t1");
        return rows.end();
    }
    if let Some(mechanical) = mechanical
        && let Some((region, language, word)) = EPISODE.get(ordering as usize - 2)
    {
        mechanical.append(word, &mut rows.text);
        rows.tab(region);
        rows.tab(language);
        rows.text.push_str("\t\\N\t\\N\t0");
        return rows.end();
    }

    let region = stream.pick(&REGIONS);
    match (region.code, version) {
        ("US" | "XWW", 0) => primary_title(world, slot, &mut rows.text),
        _ => {
            let words = 1 + stream.below(3);
            text::phrase(region.script, &mut stream, words, &mut rows.text);
        }
    }
    match defect {
        Some(Defect::UnknownRegion) => {
            rows.tab("XQZ");
            tally.defect(Defect::UnknownRegion, key);
        }
        _ => rows.tab(region.code),
    }
    rows.tab(if stream.one_in(3) { region.language } else { NULL });
    let kind = match stream.below(100) {
        0..60 => "imdbDisplay",
        60..85 => NULL,
        _ => stream.pick(&AKA_TYPES),
    };
    match defect {
        Some(Defect::UnknownAkaType) => {
            rows.tab("imaxCut");
            tally.defect(Defect::UnknownAkaType, key);
        }
        _ if kind != NULL && stream.one_in(400) => {
            rows.tab("imdbDisplay\u{2}working");
            tally.akas.multi_typed += u64::from(entry.real);
        }
        _ => rows.tab(kind),
    }
    match stream.below(400) {
        0 => rows.tab("literal title\u{2}short title"),
        1..12 => rows.tab(stream.pick(&ATTRIBUTES)),
        _ => rows.tab(NULL),
    }
    rows.tab("0");
    rows.end();
}

/// A row of the principals, as far as others depend on it.
struct Credit {
    person: Credited,
    category: &'static str,
    /// What the character and the job are drawn by.
    role: (u32, u32),
}

/// The credits of a title in the order of billing.
fn cast(world: &World, slot: u32) -> Vec<Credit> {
    let defect = world.title_defect(slot).map(|(defect, _)| defect);
    if defect.is_some_and(Defect::isolated) {
        return Vec::new();
    }
    let mut facts = world.stream(Purpose::Cast, slot, 0);
    let drawn = 1 + facts.below(8) + facts.below(8);
    let base = match defect {
        Some(Defect::PrincipalsOutOfOrder) => 11,
        Some(_) => drawn.max(4),
        None => drawn,
    };
    let performers = (base * 3).div_ceil(5);
    let as_themselves = facts.one_in(4);
    let count = toggled(base, world.recast(slot), &mut facts);
    let series = world.numbering(slot).map(|numbering| numbering.series);
    let mut credits: Vec<Credit> = Vec::with_capacity(count as usize);
    for place in 0..count {
        let mut stream = world.stream(Purpose::Credit, slot, place);
        // Half of an episode's credits go to those who work on every episode.
        let company = series.filter(|_| stream.one_in(2));
        let (person, role) = match company {
            Some(series) => {
                let mut of_series = world.stream(Purpose::Company, series, place);
                (world.professional(&mut of_series), (series, place))
            }
            None => (world.person(&mut stream), (slot, place)),
        };
        let category = match place.checked_sub(performers) {
            None if as_themselves => "self",
            None if stream.one_in(50) => "archive_footage",
            None if stream.one_in(400) => "archive_sound",
            None => match world.person_id(person) % 5 {
                0..3 => "actor",
                _ => "actress",
            },
            Some(0) => "director",
            Some(1) => "writer",
            Some(_) => {
                let drawn = stream.below(12);
                CREW[(drawn % 8) as usize]
            }
        };
        // Some direct what they play in or write, and some have two jobs of one category.
        let of = |category: &str| credits.iter().find(|credit| credit.category == category);
        let again = match category {
            "director" if stream.one_in(20) => credits.first(),
            "writer" if stream.one_in(3) => of("director"),
            "producer" if stream.one_in(6) => of("writer"),
            "writer" if stream.one_in(8) => of("writer"),
            _ => None,
        };
        let person = again.map_or(person, |credit| credit.person);
        credits.push(Credit { person, category, role });
    }
    if let Some(lead) = credits.first_mut() {
        match defect {
            Some(Defect::UnknownPerson) => lead.person = world.unknown_person(slot),
            Some(Defect::UnknownPersonOfDay1) => lead.person = world.person_of_day_2(),
            Some(Defect::UnknownCategory) => lead.category = "intimacy_coordinator",
            _ => {}
        }
        // The crew file names known people.
        let unknown = matches!(lead.person, Credited::Unknown(_));
        if unknown && matches!(lead.category, "director" | "writer") {
            lead.category = "actor";
        }
    }
    credits
}

fn principals(world: &World, entry: &Entry, rows: &mut Rows, tally: &mut Tally) {
    let unknown = is_unknown(world, entry, Defect::PrincipalOfUnknownTitle);
    if !entry.real && !unknown {
        return;
    }
    let defect = defect_of(world, entry);
    let mut credits = cast(world, entry.slot);
    if !entry.real {
        credits.truncate(1);
    }
    let out_of_order = defect == Some(Defect::PrincipalsOutOfOrder);
    if out_of_order {
        tally.defect(Defect::PrincipalsOutOfOrder, || title_key(entry));
    }
    for ordering in orderings(credits.len() as u32, out_of_order) {
        let credit = &credits[ordering as usize - 1];
        let key = || format!("{}:{ordering}", title_key(entry));
        let characters = principal(world, entry, ordering, credit, rows, tally);
        let person_unknown = matches!(credit.person, Credited::Unknown(_));
        if !entry.real {
            tally.principals.of_unknown_title += 1;
            tally.defect(Defect::PrincipalOfUnknownTitle, key);
        } else if person_unknown {
            tally.principals.of_unknown_person += 1;
            tally.defect(Defect::UnknownPerson, key);
            if defect == Some(Defect::UnknownPersonOfDay1) {
                tally.defect(Defect::UnknownPersonOfDay1, key);
            }
        } else {
            tally.principals.characters += characters;
        }
        if credit.category == "intimacy_coordinator" {
            tally.defect(Defect::UnknownCategory, key);
        }
        match defect {
            Some(Defect::DuplicatePrincipal) if ordering == 2 => {
                rows.repeat();
                tally.principals.duplicates += 1;
                tally.defect(Defect::DuplicatePrincipal, key);
            }
            Some(Defect::RepeatedPrincipal) if ordering == 2 => {
                let mut stream = world.stream(Purpose::Choice, entry.slot, 0);
                let role = (entry.slot, 1000);
                let other = Credit { person: world.person(&mut stream), category: "actor", role };
                let characters = principal(world, entry, ordering, &other, rows, tally);
                tally.principals.characters += characters;
                tally.principals.repeated_characters += characters;
                tally.principals.repeated += 1;
                tally.defect(Defect::RepeatedPrincipal, key);
            }
            _ => {}
        }
    }
    tally.principals.rows += rows.len() as u64;
}

/// Append a row of the principals; gives the number of characters.
fn principal(
    world: &World,
    entry: &Entry,
    ordering: u32,
    credit: &Credit,
    rows: &mut Rows,
    tally: &mut Tally,
) -> u64 {
    let mut stream = world.stream(Purpose::Choice, credit.role.0, 1 + credit.role.1);
    rows.start("tt", entry.id, ordering);
    rows.tab_number(Some(ordering));
    rows.tab("");
    push_id(&mut rows.text, "nm", world.person_id(credit.person));
    rows.tab(credit.category);
    let key = || format!("{}:{ordering}", title_key(entry));

    rows.tab("");
    let jobs = JOBS.iter().find(|(category, _)| *category == credit.category);
    match jobs {
        Some(("writer", _)) if stream.one_in(40) => {
            rows.text.push_str("based on the novel \"");
            text::phrase(LATIN, &mut stream, 2, &mut rows.text);
            rows.text.push_str("\" by");
            tally.defect(Defect::QuotedJob, key);
        }
        Some((_, jobs)) if !stream.one_in(4) => rows.text.push_str(stream.pick(jobs)),
        _ => rows.text.push_str(NULL),
    }

    rows.tab("");
    let count = match credit.category {
        "self" => 1,
        "actor" | "actress" if stream.below(10) < 6 => match stream.below(40) {
            0 => 3,
            1..4 => 2,
            _ => 1,
        },
        _ => 0,
    };
    if count == 0 {
        rows.text.push_str(NULL);
    }
    for place in 0..count {
        rows.text.push_str(if place == 0 { "[\"" } else { "\",\"" });
        match (credit.category, stream.below(200)) {
            ("self", 0..150) => rows.text.push_str("Self"),
            ("self", _) => rows.text.push_str("Self - Host"),
            (_, 0) => {
                // A nickname, the quotes of which JSON escapes.
                text::phrase(LATIN, &mut stream, 1, &mut rows.text);
                rows.text.push_str(" \\\"Ace\\\" ");
                text::phrase(LATIN, &mut stream, 1, &mut rows.text);
                tally.defect(Defect::QuotedCharacter, key);
            }
            (_, 1) => rows.text.push_str("Narrator \\\\ Voice"),
            (_, draw) => {
                let script = if draw < 20 { text::script(&mut stream) } else { LATIN };
                match stream.one_in(2) {
                    true => text::name(script, &mut stream, &mut rows.text),
                    false => text::phrase(script, &mut stream, 2, &mut rows.text),
                }
            }
        }
    }
    if count > 0 {
        rows.text.push_str("\"]");
    }
    rows.end();
    count
}

fn crew(world: &World, entry: &Entry, rows: &mut Rows, tally: &mut Tally) {
    let unknown = is_unknown(world, entry, Defect::CrewOfUnknownTitle);
    if !entry.real && !unknown {
        return;
    }
    let defect = defect_of(world, entry);
    let credits = cast(world, entry.slot);
    let mut lists = [("director", Vec::new()), ("writer", Vec::new())];
    for (category, people) in &mut lists {
        for credit in credits.iter().filter(|credit| credit.category == *category) {
            if !people.contains(&credit.person) {
                people.push(credit.person);
            }
        }
    }
    // Those for whom there was no place among the principals.
    let mut stream = world.stream(Purpose::Crew, entry.slot, 0);
    let more = match stream.below(100) {
        _ if credits.is_empty() => 0,
        0 => 4,
        1..9 => 1,
        _ => 0,
    };
    for _ in 0..more {
        let person = world.person(&mut stream);
        let (_, people) = &mut lists[stream.below(2) as usize];
        if !people.contains(&person) {
            people.push(person);
        }
    }
    if defect == Some(Defect::CrewUnknownPerson) {
        lists[0].1.push(world.unknown_person(entry.slot));
        tally.defect(Defect::CrewUnknownPerson, || title_key(entry));
    }
    if !entry.real {
        tally.defect(Defect::CrewOfUnknownTitle, || title_key(entry));
    }

    rows.start("tt", entry.id, 0);
    let counts = [
        (&mut tally.crew.directors, &mut tally.crew.directors_dangling),
        (&mut tally.crew.writers, &mut tally.crew.writers_dangling),
    ];
    for ((category, people), (total, dangling)) in lists.iter().zip(counts) {
        rows.tab("");
        push_list(&mut rows.text, people, |out, person| {
            push_id(out, "nm", world.person_id(*person));
        });
        *total += people.len() as u64;
        for person in people {
            if !entry.real || matches!(person, Credited::Unknown(_)) {
                *dangling += 1;
            } else {
                let same =
                    |credit: &Credit| credit.person == *person && credit.category == *category;
                tally.crew.crew_only += u64::from(!credits.iter().any(same));
            }
        }
    }
    rows.end();
}

fn episode(world: &World, entry: &Entry, rows: &mut Rows, tally: &mut Tally) {
    let key = || title_key(entry);
    let (slot, defect) = (entry.slot, defect_of(world, entry));
    let numbering = match is_unknown(world, entry, Defect::EpisodeOfUnknownTitle) {
        // Like an episode of a series that stays.
        true => Some(world.spare_numbering()),
        false if entry.real => world.numbering(slot),
        false => None,
    };
    let Some(numbering) = numbering else { return };

    let parent = match defect {
        Some(Defect::ParentAbsent) => world.unknown_title(numbering.series),
        Some(Defect::ParentNoSeries) => world.title_id(world.film()),
        _ => world.title_id(numbering.series),
    };
    let absent = defect == Some(Defect::ParentAbsent) || !world.title_present(numbering.series);
    rows.start("tt", entry.id, 0);
    rows.tab("");
    push_id(&mut rows.text, "tt", parent);
    rows.tab_number(numbering.season);
    rows.tab_number(numbering.season.map(|_| numbering.number));
    rows.end();

    tally.episodes.rows += 1;
    if !entry.real {
        tally.episodes.of_unknown_title += 1;
        tally.defect(Defect::EpisodeOfUnknownTitle, key);
        return;
    }
    if absent {
        tally.episodes.parent_absent += 1;
        tally.defect(Defect::ParentAbsent, key);
    }
    match defect {
        Some(Defect::ParentNoSeries) => {
            tally.episodes.parent_no_series += 1;
            tally.defect(Defect::ParentNoSeries, key);
        }
        Some(Defect::SeasonZero) => tally.defect(Defect::SeasonZero, key),
        Some(Defect::EpisodeNumberRepeated) => tally.defect(Defect::EpisodeNumberRepeated, key),
        _ => {}
    }
    if numbering.season.is_none() {
        tally.defect(Defect::EpisodeUnnumbered, key);
    }
}

fn rating(world: &World, entry: &Entry, rows: &mut Rows, tally: &mut Tally) {
    let defect = defect_of(world, entry);
    let unknown = is_unknown(world, entry, Defect::RatingOfUnknownTitle);
    let duplicate = defect == Some(Defect::DuplicateRating);
    let mut stream = world.stream(Purpose::Rating, entry.slot, 0);
    let rated = stream.below(100) < 13 && entry.real && !defect.is_some_and(Defect::isolated);
    if !(rated || unknown || duplicate) {
        return;
    }
    let tenths = match stream.one_in(16) {
        true => 10 + stream.below(91),
        false => 100 - stream.below(23) - stream.below(23) - stream.below(22),
    };
    // A long tail: each step up is half as likely, and has four times the votes.
    let step = stream.halvings().min(9);
    let first_votes = 5 + stream.below(8 << (step * 2));
    let times = world.rated(entry.slot);
    let votes = first_votes.saturating_add(times.saturating_mul(1 + first_votes / 50));
    // As many votes as those pull it a little to either side.
    let tenths = (tenths + times % 3).min(100);
    rows.start("tt", entry.id, 0);
    let _ = write!(rows.text, "\t{}.{}", tenths / 10, tenths % 10);
    rows.tab_number(Some(votes));
    rows.end();
    tally.ratings.rows += 1;
    if unknown {
        tally.ratings.of_unknown_title += 1;
        tally.defect(Defect::RatingOfUnknownTitle, || title_key(entry));
        return;
    }
    tally.ratings.votes += u64::from(votes);
    if duplicate {
        rows.repeat();
        tally.ratings.rows += 1;
        tally.ratings.duplicates += 1;
        tally.defect(Defect::DuplicateRating, || title_key(entry));
    }
}

fn person(world: &World, entry: &Entry, rows: &mut Rows, tally: &mut Tally) {
    let slot = entry.slot;
    let key = || format!("nm{:07}", entry.id);
    let defect = world.person_defect(slot);
    let revised = world.revised(slot);
    if let Some(defect) = defect.filter(|defect| *defect != Defect::KnownForAbsent) {
        tally.defect(defect, key);
    }
    rows.start("nm", entry.id, 0);
    rows.tab("");
    match defect {
        Some(Defect::NameNull) => rows.text.push_str(NULL),
        Some(Defect::NameEmpty) => {}
        _ => {
            let mut stream = world.stream(Purpose::Person, slot, 0);
            let script = text::script(&mut stream);
            text::name(script, &mut stream, &mut rows.text);
        }
    }

    let mut stream = world.stream(Purpose::Life, slot, revised);
    let (known, dead) = (stream.below(100) < 12 || revised > 0, stream.one_in(4));
    let born = if defect == Some(Defect::BornEarly) { 525 } else { 1860 + stream.below(145) };
    let age = 30 + stream.below(65);
    let born_known = known || defect == Some(Defect::BornEarly);
    rows.tab_number(born_known.then_some(born));
    rows.tab_number(Some(born + age).filter(|year| known && *year < YEAR && (dead || born < 1920)));

    let mut stream = world.stream(Purpose::Profession, slot, revised);
    let mut professions = Vec::with_capacity(3);
    for _ in 0..stream.below(9).div_ceil(3) {
        let profession = stream.pick(&PROFESSIONS);
        if !professions.contains(&profession) {
            professions.push(profession);
        }
    }
    if defect == Some(Defect::UnknownProfession) {
        professions.truncate(2);
        professions.push("drone_pilot");
    }
    rows.tab("");
    if defect == Some(Defect::ProfessionEmpty) {
        professions.clear();
    } else {
        push_list(&mut rows.text, &professions, |out, profession| out.push_str(profession));
    }

    let mut stream = world.stream(Purpose::KnownFor, slot, 0);
    let most = if defect == Some(Defect::KnownForAbsent) { 3 } else { 4 };
    let mut ids = Vec::with_capacity(4);
    for _ in 0..stream.below(13).div_ceil(3).min(most) {
        let Some(title) = world.known_for(&mut stream) else { continue };
        let id = world.title_id(title);
        if ids.contains(&id) {
            continue;
        }
        ids.push(id);
        if !world.title_present(title) {
            tally.people.known_for_dangling += 1;
            tally.defect(Defect::KnownForAbsent, key);
        }
    }
    if defect == Some(Defect::KnownForAbsent) {
        ids.push(world.unknown_title(slot));
        tally.people.known_for_dangling += 1;
        tally.defect(Defect::KnownForAbsent, key);
    }
    rows.tab("");
    push_list(&mut rows.text, &ids, |out, id| push_id(out, "tt", *id));
    rows.end();
    tally.people.total += 1;
    tally.people.profession_links += professions.len() as u64;
    tally.people.known_for += ids.len() as u64;
}
