//! A first load: everything at once, into tables that nobody reads yet.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::bulk::{ALL, Cell, Id, Sink};
use super::compose::{self, Person, Title, Unfit, World};
use super::existing::{Existing, IMDB, Known};
use super::file::{File, Inputs, Scope};
use super::group::{Group, Groups, text};
use super::numbers::{Number, Numbers};
use super::progress::Progress;
use super::spool::Spool;
use super::tally::Tally;
use super::{ATTRIBUTION, LICENCE, URL};
use crate::catalog::collation;
use crate::error::Error;

/// Read which things there are, but for those that were taken out by hand: whatever names those is
/// looked at again when they return.
///
/// # Errors
/// What is wrong with a file.
pub fn scan(
    inputs: &Inputs,
    removed: &[(Scope, Number)],
    progress: &Progress,
) -> Result<World, Error> {
    let mut world = World::default();
    for file in [File::TitleBasics, File::NameBasics] {
        let input = inputs.get(file);
        let mut lines = input.lines()?;
        let bar = progress.bar(&format!("{} (ids)", file.name()), input.bytes);
        while lines.is_some() {
            let line = text(lines.line());
            if file == File::NameBasics {
                if let Some(person) = compose::person_of(line) {
                    world.people.insert(person);
                }
            } else if let Some((title, is_show)) = compose::title_of(line)
                && world.titles.insert(title)
                && is_show
            {
                world.shows.insert(title);
            }
            bar.at(lines.bytes_read(), lines.number());
            lines.advance()?;
        }
        bar.done();
    }
    for (scope, number) in removed {
        match scope {
            Scope::Name => world.people.remove(*number),
            Scope::Title => {
                world.titles.remove(*number);
                world.shows.remove(*number);
            }
        }
    }
    Ok(world)
}

/// The row ids of things with an id of IMDb's.
struct Ids {
    /// The id before those of new things.
    base: i64,
    known: HashMap<Number, Known>,
}

impl Ids {
    /// Where a thing's row is or will be; none where it was taken out by hand.
    fn get(&self, number: Number, all: &Numbers) -> Option<i64> {
        match self.known.get(&number) {
            None => Some(self.base + 1 + i64::from(all.rank(number))),
            Some(Known::Here(id) | Known::Retired(id)) => Some(*id),
            Some(Known::Removed) => None,
        }
    }
}

/// Words that become rows when they are first seen.
struct Words {
    table: Id,
    ids: HashMap<String, i64>,
    keys: HashSet<String>,
    last: i64,
}

/// Loads what the files say of things that are new; of the others it is set aside.
pub struct Loader<'a, S> {
    sink: S,
    world: &'a mut World,
    source_id: i64,
    titles: Ids,
    people: Ids,
    genres: Words,
    professions: Words,
    seasons: HashMap<(i64, i32), i64>,
    /// Row ids of things that are there and are no shows.
    no_shows: HashSet<i64>,
    fields: HashMap<u32, String>,
    /// The last id of each table.
    last: Vec<i64>,
    set_aside: &'a mut Spool,
    tally: &'a mut Tally,
}

impl<'a, S: Sink> Loader<'a, S> {
    /// A loader into a sink.
    pub fn new(
        sink: S,
        world: &'a mut World,
        existing: Existing,
        set_aside: &'a mut Spool,
        tally: &'a mut Tally,
    ) -> Self {
        world.titles.count();
        world.people.count();
        let last = ALL.iter().map(|table| existing.last(*table));
        let words = |table, ids, keys| Words { table, keys, ids, last: existing.last(table) };
        Self {
            sink,
            world,
            source_id: existing.source_id.unwrap_or(existing.last(Id::Source) + 1),
            titles: Ids { base: existing.last(Id::Production), known: existing.titles.clone() },
            people: Ids { base: existing.last(Id::Person), known: existing.people.clone() },
            genres: words(Id::Genre, existing.genres.clone(), existing.genre_keys.clone()),
            professions: words(Id::Profession, existing.professions.clone(), HashSet::new()),
            seasons: existing.seasons.clone(),
            no_shows: existing
                .titles
                .values()
                .filter_map(|known| match known {
                    Known::Here(id) if !existing.shows.contains(id) => Some(*id),
                    _ => None,
                })
                .collect(),
            fields: HashMap::new(),
            last: last.collect(),
            set_aside,
            tally,
        }
    }

    /// Load everything. Returns the id of the source.
    ///
    /// # Errors
    /// What is wrong with a file, or the fault of the database.
    pub fn load(
        mut self,
        inputs: &Inputs,
        is_new_source: bool,
        progress: &Progress,
    ) -> Result<i64, Error> {
        if is_new_source {
            self.sink.row(
                Id::Source,
                &[
                    self.source_id.into(),
                    IMDB.into(),
                    "IMDb".into(),
                    LICENCE.into(),
                    ATTRIBUTION.into(),
                    URL.into(),
                ],
            )?;
        }
        for scope in Scope::ALL {
            let mut groups = Groups::read(inputs, scope)?;
            let bars = progress.bars(inputs, scope.files());
            let mut group = groups.group();
            while groups.next(&mut group)? {
                self.tally.read(&group);
                if self.is_known(&group) {
                    self.set_aside.push(&group)?;
                } else if scope == Scope::Name {
                    self.person(&group)?;
                } else {
                    self.title(&group)?;
                }
                bars.at(&groups);
            }
            bars.done();
        }
        self.sink.flush()?;
        Ok(self.source_id)
    }

    fn is_known(&self, group: &Group) -> bool {
        let known = match group.scope {
            Scope::Name => {
                compose::person_number(&group.key).and_then(|id| self.people.known.get(&id))
            }
            Scope::Title => {
                compose::title_number(&group.key).and_then(|id| self.titles.known.get(&id))
            }
        };
        matches!(known, Some(Known::Here(_) | Known::Removed))
    }

    fn next(&mut self, table: Id) -> i64 {
        let last = &mut self.last[table as usize];
        *last += 1;
        *last
    }

    fn person(&mut self, group: &Group) -> Result<(), Error> {
        let person = compose::person(group, self.world);
        self.record(group, &person.unfit)?;
        self.tally.new_lines(group, &person.unfit);
        let number = compose::person_number(&group.key).filter(|_| person.is_known);
        let Some(id) = number.and_then(|id| self.people.get(id, &self.world.people)) else {
            return Ok(());
        };
        let Person { name, born_on, died_on, professions, known_for, .. } = person;
        let key = name.map(collation::key);
        self.sink.row(
            Id::Person,
            &[
                id.into(),
                name.into(),
                key.as_deref().into(),
                born_on.into(),
                died_on.into(),
                self.source_id.into(),
            ],
        )?;
        self.external_id(Scope::Name, &group.key, None, Some(id))?;
        for (position, profession) in (1_i64..).zip(professions) {
            let profession = self.word(profession, |loader| &mut loader.professions)?;
            let row = self.next(Id::PersonProfession);
            let cells = [row, id, profession, position].map(Cell::from);
            self.sink.row(Id::PersonProfession, &cells)?;
        }
        for (position, title) in (1_i64..).zip(known_for) {
            let Some(title) = self.title_id(title) else { continue };
            let row = self.next(Id::KnownFor);
            self.sink.row(Id::KnownFor, &[row, id, title, position].map(Cell::from))?;
        }
        Ok(())
    }

    fn title_id(&self, id: &str) -> Option<i64> {
        self.titles.get(compose::title_number(id)?, &self.world.titles)
    }

    fn person_id(&self, id: &str) -> Option<i64> {
        self.people.get(compose::person_number(id)?, &self.world.people)
    }

    fn title(&mut self, group: &Group) -> Result<(), Error> {
        let title = compose::title(group, self.world);
        self.record(group, &title.unfit)?;
        self.tally.new_lines(group, &title.unfit);
        let Some((basics, id)) = title.basics.zip(self.title_id(&group.key)) else {
            return Ok(());
        };
        let released_on: Cell = basics.released_on.into();
        let key = basics.title.map(collation::key);
        let source_id: Cell = self.source_id.into();
        let kind: Cell = basics.kind.into();
        let votes: Cell = title.rating.map(|rating| rating.votes).into();
        self.sink.row(
            Id::Production,
            &[
                id.into(),
                kind,
                basics.format.into(),
                basics.title.into(),
                key.as_deref().into(),
                basics.original_title.into(),
                released_on,
                basics.runtime_minutes.into(),
                basics.is_adult.into(),
                title.rating.map(|rating| rating.tenths).into(),
                votes,
            ],
        )?;
        self.external_id(Scope::Title, &group.key, Some(id), None)?;
        let row = self.next(Id::ProductionSource);
        let mask = given(&title);
        let fields = self.fields.entry(mask).or_insert_with(|| names(mask));
        self.sink.row(
            Id::ProductionSource,
            &[row.into(), id.into(), source_id, fields.as_str().into()],
        )?;
        for (position, genre) in (1_i64..).zip(&title.genres) {
            let genre = self.word(genre, |loader| &mut loader.genres)?;
            let row = self.next(Id::ProductionGenre);
            self.sink.row(
                Id::ProductionGenre,
                &[row.into(), id.into(), genre.into(), position.into(), released_on, kind, votes],
            )?;
        }
        match basics.kind {
            compose::SHOW => self.sink.row(Id::Show, &[id.into(), basics.ended_on.into()])?,
            compose::EPISODE => self.episode(id, &title, released_on)?,
            _ => {}
        }
        for aka in &title.akas {
            let row = self.next(Id::TitleName);
            self.sink.row(
                Id::TitleName,
                &[
                    row.into(),
                    id.into(),
                    aka.text.into(),
                    aka.region.into(),
                    aka.language.into(),
                    aka.is_original.into(),
                    aka.position.into(),
                    source_id,
                    (&*aka.kinds).into(),
                    (&*aka.attributes).into(),
                ],
            )?;
        }
        for credit in &title.credits {
            let Some(person) = self.person_id(credit.person) else { continue };
            let row = self.next(Id::Credit);
            self.sink.row(
                Id::Credit,
                &[
                    row.into(),
                    id.into(),
                    person.into(),
                    credit.role.into(),
                    credit.category.into(),
                    credit.job.into(),
                    credit.characters.into(),
                    credit.position.into(),
                    credit.is_billed.into(),
                    credit.crew_position.into(),
                    released_on,
                    source_id,
                ],
            )?;
        }
        Ok(())
    }

    fn episode(&mut self, id: i64, title: &Title, released_on: Cell) -> Result<(), Error> {
        let episode = title.episode.unwrap_or_default();
        let show = episode.show.and_then(|show| self.title_id(show));
        // What another source has as a film has no episodes here.
        let show = show.filter(|show| !self.no_shows.contains(show));
        let season = match show.zip(episode.season) {
            None => None,
            Some((show, number)) => Some(match self.seasons.get(&(show, number)) {
                Some(season) => *season,
                None => {
                    let season = self.next(Id::Season);
                    self.seasons.insert((show, number), season);
                    self.sink.row(Id::Season, &[season.into(), show.into(), number.into()])?;
                    season
                }
            }),
        };
        self.sink.row(
            Id::Episode,
            &[
                id.into(),
                show.into(),
                episode.season.into(),
                episode.number.into(),
                released_on,
                season.into(),
            ],
        )
    }

    fn external_id(
        &mut self,
        scope: Scope,
        key: &str,
        production: Option<i64>,
        person: Option<i64>,
    ) -> Result<(), Error> {
        let row = self.next(Id::ExternalId);
        self.sink.row(
            Id::ExternalId,
            &[
                row.into(),
                IMDB.into(),
                scope.name().into(),
                key.into(),
                production.into(),
                person.into(),
                self.source_id.into(),
            ],
        )
    }

    /// The row of a word, made where it is new.
    fn word(&mut self, word: &str, words: impl Fn(&mut Self) -> &mut Words) -> Result<i64, Error> {
        let words = words(self);
        if let Some(id) = words.ids.get(word) {
            return Ok(*id);
        }
        words.last += 1;
        let (id, table) = (words.last, words.table);
        words.ids.insert(word.to_owned(), id);
        if table == Id::Profession {
            let name = word.replace('_', " ");
            self.sink.row(table, &[id.into(), word.into(), name.as_str().into()])?;
            return Ok(id);
        }
        let key = free_key(word, &words.keys);
        words.keys.insert(key.clone());
        let name_key = collation::key(word);
        self.sink
            .row(table, &[id.into(), key.as_str().into(), word.into(), name_key.as_str().into()])?;
        Ok(id)
    }

    /// Keep what was said of a thing: its hashes, and the lines that could not be taken.
    fn record(&mut self, group: &Group, unfit: &[Unfit]) -> Result<(), Error> {
        let hashes = hash_bytes(group, self.world);
        self.sink.row(
            Id::ImportRecord,
            &[
                self.source_id.into(),
                group.scope.name().into(),
                group.key.as_str().into(),
                hashes[..group.parts.len() * 8].into(),
            ],
        )?;
        for line in unfit {
            let row = self.next(Id::Quarantine);
            self.sink.row(
                Id::Quarantine,
                &[
                    row.into(),
                    self.source_id.into(),
                    group.scope.name().into(),
                    group.key.as_str().into(),
                    line.file.name().into(),
                    i64::try_from(line.line).unwrap_or(i64::MAX).into(),
                    line.reason.as_str().into(),
                    line.is_loaded.into(),
                    line.raw.into(),
                ],
            )?;
        }
        Ok(())
    }
}

/// The hashes of a group, eight bytes for each part.
pub fn hash_bytes(group: &Group, world: &World) -> [u8; 48] {
    let mut bytes = [0; 48];
    for (place, hash) in bytes.chunks_mut(8).zip(compose::hashes(group, world)) {
        place.copy_from_slice(&hash.to_le_bytes());
    }
    bytes
}

/// The fields of a production that IMDb can give, by the names of the catalogue's data format.
pub const FIELDS: [&str; 14] = [
    "format",
    "title",
    "original_title",
    "adult",
    "released",
    "runtime_minutes",
    "rating_tenths",
    "rating_votes",
    "genres",
    "ended",
    "show",
    "season",
    "episode",
    "titles",
];

/// Those that stand in the production's own row.
pub const OWN_FIELDS: u32 = 0xff;

/// Which of the fields it gave.
pub fn given(title: &Title) -> u32 {
    let Some(basics) = &title.basics else { return 0 };
    let episode = title.episode.unwrap_or_default();
    let given = [
        true,
        basics.title.is_some(),
        basics.original_title.is_some(),
        true,
        basics.released_on.is_some(),
        basics.runtime_minutes.is_some(),
        title.rating.is_some(),
        title.rating.is_some(),
        !title.genres.is_empty(),
        basics.ended_on.is_some(),
        episode.show.is_some(),
        episode.season.is_some(),
        episode.number.is_some(),
        !title.akas.is_empty(),
    ];
    (0..).zip(given).fold(0, |mask, (bit, is_given)| mask | u32::from(is_given) << bit)
}

/// The names of fields in alphabetical order, as a JSON array.
pub fn names(mask: u32) -> String {
    let names = (0..).zip(FIELDS).filter(|(bit, _)| mask & (1 << bit) != 0);
    let names: BTreeSet<&str> = names.map(|(_, name)| name).collect();
    serde_json::Value::from_iter(names).to_string()
}

/// A key that a word can have: kebab-case.
fn slug(word: &str) -> String {
    let mut slug = String::new();
    for letter in collation::key(word).chars() {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A key that no other word has.
pub fn free_key(word: &str, taken: &HashSet<String>) -> String {
    let slug = slug(word);
    let mut key = slug.clone();
    let mut number = 2;
    while taken.contains(&key) || key.is_empty() {
        key = format!("{slug}-{number}");
        number += 1;
    }
    key
}
