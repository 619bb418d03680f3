//! From lines to rows: what the catalogue makes of what IMDb says, and what it cannot take.
//!
//! The rows of a thing depend on its lines and on which other things there are, and on nothing
//! else. So the same files give the same rows, whatever was imported before.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

use super::file::File;
use super::group::{Group, Part};
use super::numbers::{Number, Numbers};

/// How IMDb writes that a value is missing.
pub const MISSING: &str = "\\N";
/// What parts the items of `types` and `attributes`.
pub const ITEM_END: char = '\u{2}';
/// The largest season or episode number that the catalogue takes.
const PLACE_MAX: i32 = 999_998;

/// Longer than any word of a vocabulary, and what an index takes.
const WORD_BYTES_MAX: usize = 200;

/// IMDb's words for the types of titles, and the catalogue's: kind and format.
const FORMATS: &[(&str, i16, &str)] = &[
    ("movie", FILM, "feature"),
    ("short", FILM, "short"),
    ("tvMovie", FILM, "tv_movie"),
    ("tvShort", FILM, "tv_short"),
    ("tvSpecial", FILM, "tv_special"),
    ("tvPilot", FILM, "tv_pilot"),
    ("video", FILM, "video"),
    ("videoGame", FILM, "video_game"),
    ("tvSeries", SHOW, "series"),
    ("tvMiniSeries", SHOW, "mini_series"),
    ("tvEpisode", EPISODE, "episode"),
];
/// Value of `kind` for films.
pub const FILM: i16 = 1;
/// Value of `kind` for shows.
pub const SHOW: i16 = 2;
/// Value of `kind` for episodes.
pub const EPISODE: i16 = 3;

/// IMDb's word for a format of the catalogue.
pub fn title_type(format: &str) -> &str {
    let known = FORMATS.iter().find(|(_, _, ours)| *ours == format);
    known.map_or(format, |(word, _, _)| word)
}

/// Which things the files have.
#[derive(Debug, Default)]
pub struct World {
    /// Titles.
    pub titles: Numbers,
    /// Those of them that are shows.
    pub shows: Numbers,
    /// People.
    pub people: Numbers,
}

impl World {
    fn has_title(&self, id: impl AsRef<[u8]>) -> bool {
        title_number(id).is_some_and(|number| self.titles.contains(number))
    }

    fn has_show(&self, id: impl AsRef<[u8]>) -> bool {
        title_number(id).is_some_and(|number| self.shows.contains(number))
    }

    fn has_person(&self, id: impl AsRef<[u8]>) -> bool {
        person_number(id).is_some_and(|number| self.people.contains(number))
    }
}

/// The number in the id of a title.
pub fn title_number(id: impl AsRef<[u8]>) -> Option<Number> {
    Number::parse(b"tt", id.as_ref())
}

/// The number in the id of a person.
pub fn person_number(id: impl AsRef<[u8]>) -> Option<Number> {
    Number::parse(b"nm", id.as_ref())
}

/// A line that the catalogue cannot take as it is.
#[derive(Clone, Debug)]
pub struct Unfit<'a> {
    /// The file.
    pub file: File,
    /// The line, from 1.
    pub line: u64,
    /// Why: a kind of reason, and after a colon what it is about.
    pub reason: String,
    /// Whether it is taken but for that.
    pub is_loaded: bool,
    /// The line as it was read.
    pub raw: &'a str,
}

/// What is wrong with a line.
#[derive(Default)]
struct Reasons(String);

impl Reasons {
    fn add(&mut self, reason: &str, about: &str) {
        if !self.0.is_empty() {
            self.0.push_str("; ");
        }
        self.0.push_str(reason);
        if !about.is_empty() {
            self.0.push_str(": ");
            // Long enough to tell it, short enough to read it.
            self.0.extend(about.chars().take(80));
        }
    }

    /// The line is kept, if anything is wrong with it.
    fn keep<'a>(
        self,
        unfit: &mut Vec<Unfit<'a>>,
        file: File,
        line: u64,
        raw: &'a str,
        is_loaded: bool,
    ) {
        if !self.0.is_empty() {
            unfit.push(Unfit { file, line, reason: self.0, is_loaded, raw });
        }
    }
}

fn columns<'a, const N: usize>(line: &'a str, reasons: &mut Reasons) -> Option<[&'a str; N]> {
    let mut found = [""; N];
    let mut start = 0;
    let mut count = 0;
    for tab in memchr::memchr_iter(b'\t', line.as_bytes()).chain([line.len()]) {
        if count < N {
            found[count] = &line[start..tab];
        }
        count += 1;
        start = tab + 1;
    }
    if count == N {
        return Some(found);
    }
    reasons.add(&format!("not {N} columns"), &count.to_string());
    None
}

fn optional(value: &str) -> Option<&str> {
    (value != MISSING).then_some(value)
}

/// A whole number, written as numbers are: what comes out is what went in.
fn number(value: &str) -> Option<i32> {
    let is_plain = value.len() == 1 || !value.starts_with(['0', '+', '-']);
    value.parse().ok().filter(|_| is_plain && !value.starts_with(['+', '-']))
}

fn optional_number(
    name: &str,
    value: &str,
    allowed: impl Fn(i32) -> bool,
    reasons: &mut Reasons,
) -> Option<i32> {
    let value = optional(value)?;
    let found = number(value).filter(|number| allowed(*number));
    if found.is_none() {
        reasons.add(&format!("not a possible {name}"), value);
    }
    found
}

fn year(name: &str, value: &str, reasons: &mut Reasons) -> Option<i32> {
    let year = optional_number(name, value, |year| (1..=9999).contains(&year), reasons);
    year.map(|year| year * 10_000)
}

/// The items of a list, each once.
fn list<'a>(name: &str, value: &'a str, end: char, reasons: &mut Reasons) -> Vec<&'a str> {
    let Some(value) = optional(value) else {
        return Vec::new();
    };
    let mut items: Vec<&str> = Vec::new();
    for item in value.split(end) {
        if item.is_empty() {
            reasons.add(&format!("an empty item of {name}"), "");
        } else if item.len() > WORD_BYTES_MAX {
            reasons.add(&format!("too long an item of {name}"), item);
        } else if items.contains(&item) {
            reasons.add(&format!("repeated in {name}"), item);
        } else {
            items.push(item);
        }
    }
    items
}

/// The items of a list as a JSON array of strings.
fn json_list(value: &str) -> Cow<'static, str> {
    match optional(value) {
        None => Cow::Borrowed("[]"),
        // As nearly all of them are: a single item, since what parts items is not plain.
        Some(value) if is_plain(value) => Cow::Owned(format!("[\"{value}\"]")),
        Some(value) => Cow::Owned(serde_json::Value::from_iter(value.split(ITEM_END)).to_string()),
    }
}

/// Whether a text is what stands between the quotes of a JSON string.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' && byte != b'\\' && byte != b'"')
}

/// What title.basics says.
#[derive(Clone, Copy, Debug)]
pub struct Basics<'a> {
    /// Film, show or episode.
    pub kind: i16,
    /// The form, in the catalogue's words where it has one.
    pub format: &'a str,
    /// The title; only an episode may lack one.
    pub title: Option<&'a str>,
    /// The original title, where it differs.
    pub original_title: Option<&'a str>,
    /// For adults only.
    pub is_adult: bool,
    /// First release, a partial date.
    pub released_on: Option<i32>,
    /// End of a show's run, a partial date.
    pub ended_on: Option<i32>,
    /// Length in minutes.
    pub runtime_minutes: Option<i32>,
}

/// The kind and the format of a type of title. The words for types may grow without notice.
fn kind_and_format<'a>(word: &'a str, reasons: &mut Reasons) -> (i16, &'a str) {
    if let Some((_, kind, format)) = FORMATS.iter().find(|(theirs, _, _)| *theirs == word) {
        return (*kind, format);
    }
    if FORMATS.iter().any(|(_, _, ours)| *ours == word) {
        reasons.add("a titleType that is another one's word here", word);
    }
    let kind = match word {
        _ if word.ends_with("Episode") => EPISODE,
        _ if word.ends_with("Series") => SHOW,
        _ => FILM,
    };
    (kind, word)
}

/// What a line of title.basics says, with its genres; none where the line cannot be taken at all.
fn basics<'a>(line: &'a str, reasons: &mut Reasons) -> Option<(Basics<'a>, Vec<&'a str>)> {
    let [id, word, title, original, adult, start, end, runtime, genres] = columns(line, reasons)?;
    if title_number(id).is_none() {
        reasons.add("not the id of a title", id);
        return None;
    }
    if word.is_empty() || word == MISSING || word.len() > WORD_BYTES_MAX {
        reasons.add("not a titleType", word);
        return None;
    }
    let (kind, format) = kind_and_format(word, reasons);
    let (title, original) = (optional(title), optional(original));
    if title.is_none() && kind != EPISODE {
        reasons.add("no primaryTitle", "");
        return None;
    }
    if original.is_none() && title.is_some() {
        reasons.add("no originalTitle", "");
    }
    if adult != "0" && adult != "1" {
        reasons.add("isAdult is neither 0 nor 1", adult);
    }
    let mut ended_on = year("endYear", end, reasons);
    if ended_on.is_some() && kind != SHOW {
        reasons.add("an endYear of what is no series", end);
        ended_on = None;
    }
    let basics = Basics {
        kind,
        format,
        title,
        original_title: original.filter(|original| Some(*original) != title),
        is_adult: adult == "1",
        released_on: year("startYear", start, reasons),
        ended_on,
        runtime_minutes: optional_number("runtimeMinutes", runtime, |minutes| minutes > 0, reasons),
    };
    Some((basics, list("genres", genres, ',', reasons)))
}

/// The title that a line of title.basics brings, and whether it is a show; none where it brings none.
pub fn title_of(line: &str) -> Option<(Number, bool)> {
    let (basics, _) = basics(line, &mut Reasons::default())?;
    Some((title_number(line.split('\t').next()?)?, basics.kind == SHOW))
}

/// The person that a line of name.basics brings; none where it brings none.
pub fn person_of(line: &str) -> Option<Number> {
    columns::<6>(line, &mut Reasons::default()).and_then(|[id, ..]| person_number(id))
}

/// What makes an episode one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Episode<'a> {
    /// Id of the show, where there is one.
    pub show: Option<&'a str>,
    /// Season.
    pub season: Option<i32>,
    /// Number in the season.
    pub number: Option<i32>,
}

/// What title.ratings says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// The average, in tenths.
    pub tenths: i16,
    /// Votes.
    pub votes: i32,
}

/// A row of title.akas.
#[derive(Clone, Debug)]
pub struct Aka<'a> {
    /// Its `ordering`.
    pub position: i32,
    /// The title.
    pub text: &'a str,
    /// Region code.
    pub region: Option<&'a str>,
    /// Language code.
    pub language: Option<&'a str>,
    /// A JSON array.
    pub kinds: Cow<'static, str>,
    /// A JSON array.
    pub attributes: Cow<'static, str>,
    /// The original title.
    pub is_original: bool,
}

/// A credit: a row of title.principals, of title.crew, or of both.
#[derive(Clone, Debug)]
pub struct Credit<'a> {
    /// Id of the person.
    pub person: &'a str,
    /// The catalogue's word.
    pub role: &'static str,
    /// IMDb's word, where it is another one.
    pub category: Option<&'a str>,
    /// The job.
    pub job: Option<&'a str>,
    /// A JSON array.
    pub characters: &'a str,
    /// Its `ordering`; those of title.crew alone go on from there.
    pub position: i32,
    /// Whether title.principals has it.
    pub is_billed: bool,
    /// Its place among the directors or the writers of title.crew, from 1.
    pub crew_position: Option<i32>,
}

/// The role that a category is, and the category where the role does not tell it.
fn role_of(category: &str) -> (&'static str, Option<&str>) {
    match entity::credit::ROLES.iter().find(|role| **role == category) {
        Some(role) => (role, None),
        None if category == "actress" => ("actor", Some(category)),
        None => ("other", Some(category)),
    }
}

/// What the catalogue has of a title.
#[derive(Debug, Default)]
pub struct Title<'a> {
    /// Its own row; without one the title is not in the catalogue, and no other line is.
    pub basics: Option<Basics<'a>>,
    /// Its genres, in order.
    pub genres: Vec<&'a str>,
    /// What makes it an episode, if it is one.
    pub episode: Option<Episode<'a>>,
    /// Its rating.
    pub rating: Option<Rating>,
    /// Its other titles.
    pub akas: Vec<Aka<'a>>,
    /// Its credits.
    pub credits: Vec<Credit<'a>>,
    /// The lines that cannot be taken as they are.
    pub unfit: Vec<Unfit<'a>>,
}

/// Walk the lines of a part, keeping aside what is wrong with each and what is there twice.
/// `take` returns whether the line is taken.
fn each_line<'a>(
    part: &'a Part,
    file: File,
    unfit: &mut Vec<Unfit<'a>>,
    is_known: bool,
    mut take: impl FnMut(&'a str, &mut Reasons) -> bool,
) {
    for (place, (number, line)) in part.lines().enumerate() {
        let mut reasons = Reasons::default();
        let is_loaded = if part.raw_lines().take(place).any(|other| other == line.as_bytes()) {
            reasons.add("a repeated row", "");
            false
        } else if is_known {
            take(line, &mut reasons)
        } else {
            reasons.add("an unknown id", line.split('\t').next().unwrap_or_default());
            false
        };
        reasons.keep(unfit, file, number, line, is_loaded);
    }
}

/// What the catalogue makes of the lines about a title.
pub fn title<'a>(group: &'a Group, world: &World) -> Title<'a> {
    let mut title = Title::default();
    let Title { unfit, .. } = &mut title;
    let (mut row, mut genres) = (None, Vec::new());
    each_line(group.part(File::TitleBasics), File::TitleBasics, unfit, true, |line, reasons| {
        let found = basics(line, reasons);
        if row.is_some() && found.is_some() {
            reasons.add("a second row of one title", "");
            return false;
        }
        let Some((found, of)) = found else { return false };
        (row, genres) = (Some(found), of);
        true
    });
    let is_known = row.is_some();
    let is_episode = row.is_some_and(|basics| basics.kind == EPISODE);

    let mut episode = None;
    each_line(
        group.part(File::TitleEpisode),
        File::TitleEpisode,
        unfit,
        is_known,
        |line, reasons| {
            let Some([_, parent, season, number]) = columns(line, reasons) else { return false };
            if !is_episode {
                reasons.add("an episode's row of what is no episode", "");
                return false;
            }
            if episode.is_some() {
                reasons.add("a second row of one episode", "");
                return false;
            }
            let place = |number| (0..=PLACE_MAX).contains(&number);
            let show = optional(parent);
            match show {
                None => reasons.add("no parentTconst", ""),
                Some(show) if !world.has_title(show) => reasons.add("an unknown id", show),
                Some(show) if !world.has_show(show) => reasons.add("not a series", show),
                Some(_) => {}
            }
            episode = Some(Episode {
                show: show.filter(|show| world.has_show(show)),
                season: optional_number("seasonNumber", season, place, reasons),
                number: optional_number("episodeNumber", number, place, reasons),
            });
            true
        },
    );
    if is_episode {
        episode = Some(episode.unwrap_or_default());
    }

    let mut rating = None;
    each_line(
        group.part(File::TitleRatings),
        File::TitleRatings,
        unfit,
        is_known,
        |line, reasons| {
            let Some([_, average, votes]) = columns(line, reasons) else { return false };
            if rating.is_some() {
                reasons.add("a second row of one title", "");
                return false;
            }
            rating = parse_rating(average, votes);
            if rating.is_none() {
                reasons.add("not a rating", &format!("{average} of {votes}"));
            }
            rating.is_some()
        },
    );

    let mut akas = Vec::new();
    each_line(group.part(File::TitleAkas), File::TitleAkas, unfit, is_known, |line, reasons| {
        let Some([_, ordering, text, region, language, types, attributes, original]) =
            columns(line, reasons)
        else {
            return false;
        };
        let Some(position) = number(ordering).filter(|position| *position > 0) else {
            reasons.add("not an ordering", ordering);
            return false;
        };
        if text == MISSING {
            reasons.add("no title", "");
            return false;
        }
        if original != "0" && original != "1" {
            reasons.add("isOriginalTitle is neither 0 nor 1", original);
        }
        let mut code = |name: &str, value: &'a str| {
            let value = optional(value)?;
            if value.len() > WORD_BYTES_MAX {
                reasons.add(&format!("too long a {name}"), value);
            }
            Some(value).filter(|value| value.len() <= WORD_BYTES_MAX)
        };
        akas.push(Aka {
            position,
            text,
            region: code("region", region),
            language: code("language", language),
            kinds: json_list(types),
            attributes: json_list(attributes),
            is_original: original == "1",
        });
        true
    });

    let mut credits: Vec<Credit> = Vec::new();
    each_line(
        group.part(File::TitlePrincipals),
        File::TitlePrincipals,
        unfit,
        is_known,
        |line, reasons| {
            let Some([_, ordering, person, category, job, characters]) = columns(line, reasons)
            else {
                return false;
            };
            let Some(position) = number(ordering).filter(|position| *position > 0) else {
                reasons.add("not an ordering", ordering);
                return false;
            };
            if category.is_empty() || category == MISSING {
                reasons.add("no category", "");
                return false;
            }
            if !world.has_person(person) {
                reasons.add("an unknown id", person);
                return false;
            }
            let (role, category) = role_of(category);
            let characters = match optional(characters) {
                None => "[]",
                Some(list) if list != "[]" && is_json_list(list) => list,
                Some(other) => {
                    reasons.add("characters are no JSON list of names", other);
                    "[]"
                }
            };
            credits.push(Credit {
                person,
                role,
                category,
                job: optional(job),
                characters,
                position,
                is_billed: true,
                crew_position: None,
            });
            true
        },
    );

    let mut is_second = false;
    each_line(group.part(File::TitleCrew), File::TitleCrew, unfit, is_known, |line, reasons| {
        let Some([_, directors, writers]) = columns(line, reasons) else { return false };
        if is_second {
            reasons.add("a second row of one title", "");
            return false;
        }
        is_second = true;
        merge_crew("director", directors, world, &mut credits, reasons);
        merge_crew("writer", writers, world, &mut credits, reasons);
        true
    });
    title.basics = row;
    title.genres = genres;
    title.episode = episode;
    title.rating = rating;
    title.akas = akas;
    title.credits = credits;
    title
}

/// Find everybody in a list of title.crew among the credits, or put them behind the others.
fn merge_crew<'a>(
    role: &'static str,
    people: &'a str,
    world: &World,
    credits: &mut Vec<Credit<'a>>,
    reasons: &mut Reasons,
) {
    let Some(people) = optional(people) else { return };
    for (place, person) in (1..).zip(people.split(',')) {
        if !world.has_person(person) {
            reasons.add("an unknown id", person);
            continue;
        }
        let billed = credits.iter_mut().find(|credit| {
            credit.person == person
                && credit.role == role
                && credit.category.is_none()
                && credit.crew_position.is_none()
        });
        if let Some(billed) = billed {
            billed.crew_position = Some(place);
            continue;
        }
        let last = credits.iter().map(|credit| credit.position).max().unwrap_or_default();
        credits.push(Credit {
            person,
            role,
            category: None,
            job: None,
            characters: "[]",
            position: last.saturating_add(1),
            is_billed: false,
            crew_position: Some(place),
        });
    }
}

fn parse_rating(average: &str, votes: &str) -> Option<Rating> {
    let (whole, tenth) = average.split_once('.')?;
    let tenth = number(tenth).filter(|_| tenth.len() == 1)?;
    let tenths = number(whole)?.checked_mul(10)?.checked_add(tenth)?;
    let tenths = i16::try_from(tenths).ok().filter(|tenths| (10..=100).contains(tenths))?;
    Some(Rating { tenths, votes: number(votes).filter(|votes| *votes > 0)? })
}

/// Whether a text is a JSON array of strings.
fn is_json_list(text: &str) -> bool {
    // As nearly all of them are.
    if let Some(inner) = text.strip_prefix("[\"").and_then(|text| text.strip_suffix("\"]"))
        && is_plain(inner)
    {
        return true;
    }
    serde_json::from_str::<Vec<Cow<str>>>(text).is_ok()
}

/// What the catalogue has of a person.
#[derive(Debug, Default)]
pub struct Person<'a> {
    /// Whether the person is in the catalogue.
    pub is_known: bool,
    /// The name.
    pub name: Option<&'a str>,
    /// Birth, a partial date.
    pub born_on: Option<i32>,
    /// Death, a partial date.
    pub died_on: Option<i32>,
    /// Professions, in order.
    pub professions: Vec<&'a str>,
    /// Ids of titles, in order.
    pub known_for: Vec<&'a str>,
    /// The lines that cannot be taken as they are.
    pub unfit: Vec<Unfit<'a>>,
}

/// What the catalogue makes of the lines about a person.
pub fn person<'a>(group: &'a Group, world: &World) -> Person<'a> {
    let mut person = Person::default();
    let mut unfit = Vec::new();
    each_line(group.part(File::NameBasics), File::NameBasics, &mut unfit, true, |line, reasons| {
        let Some([id, name, born, died, professions, known_for]) = columns(line, reasons) else {
            return false;
        };
        if person_number(id).is_none() {
            reasons.add("not the id of a person", id);
            return false;
        }
        if person.is_known {
            reasons.add("a second row of one person", "");
            return false;
        }
        person.is_known = true;
        if name.is_empty() {
            reasons.add("an empty primaryName", "");
        }
        person.name = optional(name).filter(|name| !name.is_empty());
        person.born_on = year("birthYear", born, reasons);
        person.died_on = year("deathYear", died, reasons);
        person.professions = list("primaryProfession", professions, ',', reasons);
        person.known_for = list("knownForTitles", known_for, ',', reasons);
        person.known_for.retain(|title| {
            let is_known = world.has_title(title);
            if !is_known {
                reasons.add("an unknown id", title);
            }
            is_known
        });
        true
    });
    person.unfit = unfit;
    person
}

/// The bits of a hash that tell the lines; the others tell which of the things that they name are
/// there.
pub const OF_LINES: u64 = !0xff_ffff;

/// A hash for each part of a group, 0 where the part is empty: of its lines, and of which of the
/// things that they name are there. While it stays, so do the rows.
pub fn hashes(group: &Group, world: &World) -> [u64; 6] {
    let is_tab = |byte: &u8| *byte == b'\t';
    let is_comma = |byte: &u8| *byte == b',';
    let mut hashes = [0; 6];
    for (hash, (file, part)) in hashes.iter_mut().zip(group.files()) {
        if part.is_empty() {
            continue;
        }
        let mut there: u64 = 0;
        let mut see = |is_there: bool| {
            there = (there ^ (1 + u64::from(is_there))).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        };
        match file {
            File::TitleBasics => {}
            File::TitleAkas | File::TitleRatings => see(world.has_title(&group.key)),
            File::NameBasics => {
                for line in part.raw_lines() {
                    let titles = line.rsplit(is_tab).next().unwrap_or_default();
                    titles.split(is_comma).for_each(|title| see(world.has_title(title)));
                }
            }
            File::TitleEpisode => {
                see(world.has_title(&group.key));
                for line in part.raw_lines() {
                    let parent = line.split(is_tab).nth(1).unwrap_or_default();
                    see(world.has_title(parent));
                    see(world.has_show(parent));
                }
            }
            File::TitlePrincipals => {
                see(world.has_title(&group.key));
                for line in part.raw_lines() {
                    see(world.has_person(line.split(is_tab).nth(2).unwrap_or_default()));
                }
            }
            File::TitleCrew => {
                see(world.has_title(&group.key));
                for line in part.raw_lines() {
                    let people = line.split(is_tab).skip(1).flat_map(|list| list.split(is_comma));
                    people.for_each(|person| see(world.has_person(person)));
                }
            }
        }
        let lines = xxh3_64(part.bytes()) & OF_LINES;
        *hash = (lines | (there >> 40)).max(1);
    }
    hashes
}
