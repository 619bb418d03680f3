//! The film lists of Wikipedia, as [prust/wikipedia-movie-data] has them: JSON arrays of films.
//!
//! Films and people are found as [`matching`](super::matching) tells; the id of a film is the name of
//! its page. What else is decided here:
//!
//! - Entries of several titles or years may name the same page: a page about a series, a film shown
//!   again in 3D, a link to a namesake. Then the page, and the text that comes from it, is that of the
//!   one entry whose year the text names, and nobody's where that is not one.
//! - A film of which several that are there may be meant is added as a film of its own if its page or
//!   its people tell it apart the next time, and left out if not. Both are in the notes.
//! - The lists have films only. Their form is that of a genre that is one (`Short`, `Documentary`), and
//!   a feature otherwise.
//! - A cast is made of links and words, some of which are no names, such as "(voices)". What has no
//!   capital letter or starts with a bracket is left out, with a note.
//! - Thumbnails are left out: many are not free.
//!
//! [prust/wikipedia-movie-data]: https://github.com/prust/wikipedia-movie-data

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::{credit, external_id, person, production, production_genre, production_source};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::DatabaseTransaction;
use serde::Deserialize;

use super::matching::{Films, Found, Kind, Known, Member, Named, Names, OnFilm, Space, on_film};
use super::report::{Counts, Report};
use super::{Input, on_trial};
use crate::catalog::write::Writer;
use crate::catalog::write::batch::{Ids, Rows};
use crate::catalog::{Catalog, collation, record};
use crate::error::Error;

const PAGES: Space = Space { catalog: "wikipedia", scope: "en" };
const ACTOR: &str = "actor";
/// Names that one note gives as examples.
const EXAMPLES: usize = 10;

/// The row of the source: the same as in the built-in catalogue.
fn source() -> record::Source {
    record::Source {
        key: "wikipedia".to_owned(),
        name: "Wikipedia film lists".to_owned(),
        licence: Some("CC BY-SA 4.0".to_owned()),
        attribution: Some(ATTRIBUTION.to_owned()),
        url: Some("https://github.com/prust/wikipedia-movie-data".to_owned()),
        retrieved: None,
    }
}

const ATTRIBUTION: &str = "Film data from Wikipedia (en.wikipedia.org), CC BY-SA 4.0, via prust/wikipedia-movie-data (MIT)";

/// A film of the lists.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    title: String,
    year: i32,
    #[serde(default)]
    cast: Vec<String>,
    #[serde(default)]
    genres: Vec<String>,
    href: Option<String>,
    extract: Option<String>,
    #[serde(rename = "thumbnail")]
    _thumbnail: Option<String>,
    #[serde(rename = "thumbnail_width")]
    _thumbnail_width: Option<u32>,
    #[serde(rename = "thumbnail_height")]
    _thumbnail_height: Option<u32>,
    /// File and number within it, for notes.
    #[serde(skip)]
    place: String,
}

/// Read every file; nothing is written before all of them are read.
fn parse(files: &[Input]) -> Result<Vec<Entry>, Error> {
    let mut all = Vec::new();
    for Input { name, text } in files {
        let entries: Vec<Entry> = serde_json::from_str(text)
            .map_err(|error| Error::refused(format!("{name} is no list of films: {error}")))?;
        for (number, mut entry) in (1..).zip(entries) {
            entry.place = format!("{name}, film {number}");
            if entry.title.trim().is_empty() {
                return Err(Error::refused(format!("{}: the title is empty", entry.place)));
            }
            if !(1..=9999).contains(&entry.year) {
                let Entry { place, year, .. } = entry;
                return Err(Error::refused(format!("{place}: {year} is no year from 1 to 9999")));
            }
            entry.href = entry.href.filter(|href| !href.is_empty()).map(|href| page_name(&href));
            entry.extract = entry.extract.filter(|text| !text.trim().is_empty());
            all.push(entry);
        }
    }
    Ok(all)
}

/// The name of a page as it is kept: what is written in percents in addresses is itself here.
fn page_name(href: &str) -> String {
    let mut bytes = Vec::with_capacity(href.len());
    let mut rest = href.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |digit: &u8| char::from(*digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                bytes.push(hex(high).unwrap_or_default() * 16 + hex(low).unwrap_or_default());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| href.to_owned())
}

/// Whether a word of a cast names somebody.
fn is_name(word: &str) -> bool {
    let word = word.trim();
    let capital = |letter: char| letter.is_alphabetic() && !letter.is_lowercase();
    let inner_dot = word.trim_matches('.').contains('.');
    word.contains(char::is_alphabetic)
        && !word.starts_with(['(', '[', ')', ']'])
        && (word.contains(capital) || inner_dot)
}

fn form(genres: &[String]) -> &'static str {
    let has = |name: &str| genres.iter().any(|genre| genre == name);
    if has("Short") {
        "short"
    } else if has("Documentary") {
        "documentary"
    } else {
        "feature"
    }
}

/// Take the page and the text from the entries whose page is another's.
fn settle_pages(entries: &mut [Entry], notes: &mut Vec<String>) {
    let mut sharers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if let Some(page) = &entry.href {
            sharers.entry(page.clone()).or_default().push(index);
        }
    }
    let mut taken = Vec::new();
    for (page, sharers) in sharers {
        let film = |index: usize| (collation::key(&entries[index].title), entries[index].year);
        let films: BTreeSet<_> = sharers.iter().map(|index| film(*index)).collect();
        if films.len() < 2 {
            continue;
        }
        let told: BTreeSet<_> = sharers
            .iter()
            .filter(|index| {
                let entry = &entries[**index];
                let year = entry.year.to_string();
                entry.extract.as_ref().is_some_and(|text| text.contains(&year))
            })
            .map(|index| film(*index))
            .collect();
        let others: Vec<_> = sharers
            .into_iter()
            .filter(|index| told.len() != 1 || !told.contains(&film(*index)))
            .collect();
        taken.extend(others.into_iter().map(|index| (index, page.clone())));
    }
    taken.sort();
    for (index, page) in taken {
        let entry = &mut entries[index];
        notes.push(format!(
            "{}: the page {page} of \"{}\" ({}) is that of other films too; neither it nor its text was taken.",
            entry.place, entry.title, entry.year
        ));
        entry.href = None;
        entry.extract = None;
    }
}

/// Import the lists, in one transaction. A trial undoes everything.
///
/// # Errors
/// A sentence about a file that is no list, or the fault of the database.
pub async fn import(catalog: &Catalog, files: Vec<Input>, dry_run: bool) -> Result<Report, Error> {
    let mut entries = parse(&files)?;
    drop(files);
    let mut notes = Vec::new();
    settle_pages(&mut entries, &mut notes);
    catalog
        .write(move |transaction| {
            Box::pin(on_trial(transaction, dry_run, async move |transaction| {
                let mut import = Import::new(transaction, &entries, notes).await?;
                for entry in &entries {
                    import.film(entry).await?;
                }
                import.finish().await
            }))
        })
        .await
}

/// What a production gets.
#[derive(Default)]
struct Gift {
    /// The row of a new one.
    row: Option<production::ActiveModel>,
    synopsis: Option<String>,
    released_on: Option<i32>,
    fields: Vec<&'static str>,
}

struct Import<'a> {
    writer: Writer<'a>,
    source_id: i64,
    ids: Ids,
    rows: Rows,
    films: Films,
    people: Names,
    genres: HashMap<String, i64>,
    gifts: BTreeMap<i64, Gift>,
    /// Names of one other person, and of several.
    namesakes: BTreeSet<String>,
    ambiguous: BTreeSet<String>,
    notes: Vec<String>,
    film_counts: Counts,
    person_counts: Counts,
    credit_counts: Counts,
    genre_counts: Counts,
    page_counts: Counts,
}

impl<'a> Import<'a> {
    async fn new(
        transaction: &'a DatabaseTransaction,
        entries: &[Entry],
        notes: Vec<String>,
    ) -> Result<Self, Error> {
        let mut writer = Writer::new(transaction, "wikipedia");
        writer.lock().await?;
        let source_id = writer.source(&source()).await?;
        let mut genres = HashMap::new();
        for name in entries.iter().flat_map(|entry| &entry.genres) {
            if !genres.contains_key(name) {
                genres.insert(name.clone(), writer.genre(name).await?);
            }
        }
        let pages = entries.iter().filter_map(|entry| entry.href.clone()).collect();
        let titles = entries.iter().map(|entry| collation::key(&entry.title)).collect();
        let films = Films::read(transaction, PAGES, &pages, &titles).await?;
        let names: BTreeSet<_> = entries
            .iter()
            .flat_map(|entry| &entry.cast)
            .filter(|word| is_name(word))
            .map(|name| name.trim().to_owned())
            .collect();
        let (ids, keys) = (BTreeSet::new(), BTreeSet::new());
        let people =
            Names::read(transaction, Kind::Person, source_id, None, &names, &ids, &keys).await?;
        let person_counts = Counts { read: names.len() as u64, ..Counts::default() };
        Ok(Self {
            writer,
            source_id,
            ids: Ids::default(),
            rows: Rows::default(),
            films,
            people,
            genres,
            gifts: BTreeMap::new(),
            namesakes: BTreeSet::new(),
            ambiguous: BTreeSet::new(),
            notes,
            film_counts: Counts::default(),
            person_counts,
            credit_counts: Counts::default(),
            genre_counts: Counts::default(),
            page_counts: Counts::default(),
        })
    }

    fn note(&mut self, entry: &Entry, sentence: &str) {
        let Entry { place, title, year, .. } = entry;
        self.notes.push(format!("{place}: \"{title}\" ({year}) {sentence}"));
    }

    fn leave_out(&mut self, entry: &Entry) {
        self.film_counts.quarantined += 1;
        self.credit_counts.quarantined += entry.cast.len() as u64;
        self.genre_counts.quarantined += entry.genres.len() as u64;
    }

    async fn film(&mut self, entry: &Entry) -> Result<(), Error> {
        self.film_counts.read += 1;
        self.credit_counts.read += entry.cast.len() as u64;
        self.genre_counts.read += entry.genres.len() as u64;
        self.page_counts.read += u64::from(entry.href.is_some());
        let mut named = Named {
            title_key: collation::key(&entry.title),
            years: [entry.year].into(),
            id: entry.href.clone(),
            people: entry
                .cast
                .iter()
                .filter(|word| is_name(word))
                .map(|name| (collation::key(name), Some(ACTOR.to_owned())))
                .collect(),
        };
        let mut extract = entry.extract.as_ref();
        if self.is_page_of_another(&named, entry.year) {
            self.note(entry, "has the page of another film; neither it nor its text was taken.");
            self.page_counts.quarantined += 1;
            named.id = None;
            extract = None;
        }
        let found = self.films.find(&named);
        let id = match &found {
            Found::One(id) => *id,
            Found::Removed => {
                self.note(entry, "was taken out by hand: it was left out.");
                self.page_counts.quarantined += 1;
                self.leave_out(entry);
                return Ok(());
            }
            Found::Unclear(_) if named.id.is_none() && named.people.is_empty() => {
                self.note(
                    entry,
                    "may be any of several films of this title and year: it was left out.",
                );
                self.leave_out(entry);
                return Ok(());
            }
            Found::New | Found::Apart(_) | Found::Unclear(_) => self.new_film(entry).await?,
        };
        match found {
            Found::Apart(_) => self.note(
                entry,
                "has nobody in common with the film of this title and year: it was added as another one.",
            ),
            Found::Unclear(_) => self.note(
                entry,
                "may be any of several films of this title and year: it was added as another one.",
            ),
            Found::One(_) | Found::New | Found::Removed => {}
        }
        let changed = self.give(id, entry, named.id.as_deref(), extract).await?;
        self.cast(id, entry).await?;
        let counts = &mut self.film_counts;
        *match (found, changed) {
            (Found::One(_), true) => &mut counts.changed,
            (Found::One(_), false) => &mut counts.unchanged,
            _ => &mut counts.new,
        } += 1;
        Ok(())
    }

    /// Whether the film that has the page is another one: of another year, or of another title and
    /// other people.
    fn is_page_of_another(&self, named: &Named, year: i32) -> bool {
        let film = named.id.as_deref().and_then(|page| self.films.by_id(page));
        film.and_then(|id| self.films.get(id)).is_some_and(|film| {
            let common = || {
                let names = named.people.iter().map(|(name, _)| name);
                names.clone().any(|name| film.people.iter().any(|it| it.name_key == *name))
            };
            film.year().is_some_and(|known| known != year)
                || (film.title_key != named.title_key && !common())
        })
    }

    async fn new_film(&mut self, entry: &Entry) -> Result<i64, Error> {
        let id = self.writer.next_id(&mut self.ids, "production").await?;
        let title_key = collation::key(&entry.title);
        let released_on = Some(entry.year * 10_000);
        let row = production::ActiveModel {
            id: Set(id),
            kind: Set(production::Kind::Film),
            format: Set(form(&entry.genres).to_owned()),
            title: Set(Some(entry.title.clone())),
            title_key: Set(Some(title_key.clone())),
            original_title: Set(None),
            synopsis: Set(None),
            released_on: Set(released_on),
            runtime_minutes: Set(None),
            is_adult: Set(false),
            rating_tenths: Set(None),
            rating_votes: Set(None),
        };
        let fields = vec!["title", "format", "released"];
        self.gifts.insert(id, Gift { row: Some(row), fields, ..Gift::default() });
        let film = Known {
            kind: production::Kind::Film,
            title_key,
            released_on,
            rating_votes: None,
            has_synopsis: false,
            has_genres: false,
            ids: Vec::new(),
            people: Vec::new(),
            companies: Vec::new(),
            locks: HashSet::new(),
            taken_out: Vec::new(),
        };
        self.films.add(id, film);
        Ok(id)
    }

    /// Give a film what it lacks, and tell whether that was anything.
    async fn give(
        &mut self,
        id: i64,
        entry: &Entry,
        page: Option<&str>,
        extract: Option<&String>,
    ) -> Result<bool, Error> {
        let mut changed = false;
        if let Some(page) = page {
            if self.films.by_id(page).is_none() {
                self.films.add_id(id, page);
                self.rows.external_id.push(external_id::ActiveModel {
                    id: NotSet,
                    catalog: Set(PAGES.catalog.to_owned()),
                    scope: Set(PAGES.scope.to_owned()),
                    value: Set(page.to_owned()),
                    production_id: Set(Some(id)),
                    person_id: Set(None),
                    company_id: Set(None),
                    source_id: Set(self.source_id),
                    is_canonical: Set(true),
                });
                self.page_counts.new += 1;
                changed = true;
            } else {
                self.page_counts.unchanged += 1;
            }
        }
        let Some(film) = self.films.get_mut(id) else { return Ok(changed) };
        if film.lacks("released", film.released_on.is_none()) {
            film.released_on = Some(entry.year * 10_000);
            let gift = self.gifts.entry(id).or_default();
            gift.released_on = film.released_on;
            gift.fields.push("released");
            changed = true;
        }
        if let Some(extract) = extract.filter(|_| film.lacks("synopsis", !film.has_synopsis)) {
            film.has_synopsis = true;
            let gift = self.gifts.entry(id).or_default();
            gift.synopsis = Some(extract.clone());
            gift.fields.push("synopsis");
            changed = true;
        }
        if entry.genres.is_empty() || !film.lacks("genres", !film.has_genres) {
            self.genre_counts.unchanged += entry.genres.len() as u64;
            return Ok(changed);
        }
        film.has_genres = true;
        let Known { kind, released_on, rating_votes, .. } = *film;
        self.gifts.entry(id).or_default().fields.push("genres");
        let mut given = BTreeSet::new();
        for name in &entry.genres {
            let Some(genre_id) = self.genres.get(name).copied() else { continue };
            if given.insert(genre_id) {
                self.rows.production_genre.push(production_genre::ActiveModel {
                    id: NotSet,
                    production_id: Set(id),
                    genre_id: Set(genre_id),
                    position: Set(i32::try_from(given.len()).unwrap_or(i32::MAX)),
                    released_on: Set(released_on),
                    kind: Set(kind),
                    rating_votes: Set(rating_votes),
                });
            }
        }
        self.genre_counts.new += given.len() as u64;
        self.genre_counts.unchanged += (entry.genres.len() - given.len()) as u64;
        Ok(true)
    }

    async fn cast(&mut self, id: i64, entry: &Entry) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for (position, name) in (1..).zip(&entry.cast) {
            if !is_name(name) {
                self.note(entry, &format!("has \"{name}\" in its cast, which is no name."));
                self.credit_counts.quarantined += 1;
                continue;
            }
            let name = name.trim();
            if !seen.insert(name) {
                self.note(entry, &format!("has {name} in its cast twice: there is one credit."));
                self.credit_counts.unchanged += 1;
                continue;
            }
            let Some(film) = self.films.get(id) else { continue };
            let released_on = film.released_on;
            if film.is_taken_out(name, ACTOR) {
                self.note(entry, &format!("had {name} taken out of its cast by hand."));
                self.credit_counts.quarantined += 1;
                continue;
            }
            let person_id = match on_film(&film.people, name, Some(ACTOR)) {
                OnFilm::One(person) => {
                    let is_there = |member: &Member| {
                        member.id == person && member.role.as_deref() == Some(ACTOR)
                    };
                    if film.people.iter().any(is_there) {
                        self.credit_counts.unchanged += 1;
                        continue;
                    }
                    person
                }
                // One of them has the lists' credit.
                OnFilm::Several
                    if self
                        .people
                        .own_whatever(name)
                        .is_some_and(|own| film.people.iter().any(|member| member.id == own)) =>
                {
                    self.credit_counts.unchanged += 1;
                    continue;
                }
                OnFilm::Several => {
                    self.note(
                        entry,
                        &format!(
                            "already names several people called {name}: the credit was left out."
                        ),
                    );
                    self.credit_counts.quarantined += 1;
                    continue;
                }
                OnFilm::Nobody => self.person(name).await?,
            };
            self.credit_counts.new += 1;
            self.rows.credit.push(credit::ActiveModel {
                id: NotSet,
                production_id: Set(id),
                person_id: Set(person_id),
                role: Set(ACTOR.to_owned()),
                category: Set(None),
                is_billed: Set(true),
                crew_position: Set(None),
                job: Set(None),
                characters: Set("[]".to_owned()),
                position: Set(position),
                released_on: Set(released_on),
                source_id: Set(self.source_id),
            });
            if let Some(film) = self.films.get_mut(id) {
                let role = Some(ACTOR.to_owned());
                film.people.push(Member { id: person_id, name_key: collation::key(name), role });
            }
        }
        Ok(())
    }

    /// Somebody whom only the lists name.
    async fn person(&mut self, name: &str) -> Result<i64, Error> {
        match self.people.others(name) {
            0 => {}
            1 => drop(self.namesakes.insert(name.to_owned())),
            _ => drop(self.ambiguous.insert(name.to_owned())),
        }
        if let Some(id) = self.people.own(name) {
            return Ok(id);
        }
        let id = self.writer.next_id(&mut self.ids, "person").await?;
        self.rows.person.push(person::ActiveModel {
            id: Set(id),
            name_key: Set(Some(collation::key(name))),
            name: Set(Some(name.to_owned())),
            born_on: Set(None),
            died_on: Set(None),
            source_id: Set(self.source_id),
        });
        self.person_counts.new += 1;
        self.people.add_own(name, id);
        Ok(id)
    }

    async fn finish(mut self) -> Result<Report, Error> {
        for (id, gift) in self.gifts {
            if let Some(mut row) = gift.row {
                row.synopsis = Set(gift.synopsis);
                self.rows.production.push(row);
                let fields = serde_json::Value::from(gift.fields).to_string();
                self.rows.production_source.push(production_source::ActiveModel {
                    id: NotSet,
                    production_id: Set(id),
                    source_id: Set(self.source_id),
                    fields: Set(fields),
                });
                continue;
            }
            if let Some(synopsis) = gift.synopsis {
                self.writer.fill_synopsis(id, synopsis).await?;
            }
            if let Some(released_on) = gift.released_on {
                self.writer.fill_release(id, released_on).await?;
            }
            self.writer.note_fields(id, self.source_id, &gift.fields).await?;
        }
        self.writer.add(self.rows).await?;
        if self.writer.has_written() {
            self.writer.finish().await?;
        }
        for (names, sentence) in [
            (
                self.namesakes,
                "are also those of one person from elsewhere each, who is not credited on these films; the lists' own people of these names stay apart",
            ),
            (
                self.ambiguous,
                "are those of several people from elsewhere each: the lists have one person of the name for each film",
            ),
        ] {
            if !names.is_empty() {
                let examples: Vec<_> = names.iter().take(EXAMPLES).map(String::as_str).collect();
                let dots = if names.len() > EXAMPLES { ", ..." } else { "" };
                let note =
                    format!("{} names {sentence}: {}{dots}", names.len(), examples.join(", "));
                // It is about all files, and the most important one.
                self.notes.insert(0, note);
            }
        }
        let people = &mut self.person_counts;
        people.unchanged = people.read.saturating_sub(people.new);
        let tables = [
            ("films", self.film_counts),
            ("people", self.person_counts),
            ("credits", self.credit_counts),
            ("genres", self.genre_counts),
            ("pages", self.page_counts),
        ];
        Ok(Report {
            tables: tables.map(|(name, counts)| (name.to_owned(), counts)).into(),
            notes: self.notes,
            attribution: Some(ATTRIBUTION.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{is_name, page_name};

    #[test]
    fn pages_are_called_by_their_names() {
        assert_eq!(page_name("Molly%27s_Game"), "Molly's_Game");
        assert_eq!(page_name("Caf%C3%A9"), "Café");
        assert_eq!(page_name("100%_Wolf"), "100%_Wolf");
        assert_eq!(page_name("50%2"), "50%2");
        assert_eq!(page_name("%FF"), "%FF");
    }

    #[test]
    fn words_of_a_cast_that_name_nobody_are_told_apart() {
        for name in ["Al Pacino", "will.i.am", "U2", "Mýa", "muMs da Schemer", "三船敏郎"] {
            assert!(is_name(name), "{name}");
        }
        for word in [".", "(voices)", "[a]", "&", "and", "voices of", "nominee)", "?", ""] {
            assert!(!is_name(word), "{word}");
        }
    }
}
