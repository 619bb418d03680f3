//! The nominations of the Academy Awards, as [DLu/oscar_data] has them: a line for each, its columns
//! parted by tabs, its lists by bars, without quoting.
//!
//! The data have IMDb's ids of films, people and companies, and films and people are found as
//! [`matching`](super::matching) tells. What else is decided here:
//!
//! - The year of an award is the first of the years honoured: 1927 for "1927/28". Without an id a film
//!   may be of either; a new one is of the first.
//! - A nominee without an id is a company where the data have an id of a company for the same name, or
//!   the name has a word that names companies have, such as "Inc."; and otherwise a person. People and
//!   companies without ids are told by their names among themselves, and kept apart from those with ids.
//! - A name with several ids (a pseudonym that two people share) names each of them.
//! - Several names of one id are one person; the most frequent one is shown, and the award keeps its own.
//! - The place of people and companies counts through both, so that the order of the nominees is kept.
//! - An award that is there is known by its category, its films and whom it names. It gets the words
//!   that it lacks, and becomes a win when the data say so.
//! - Nominations are no credits: those are not taken from them.
//! - Films and people that were taken out by hand stay out. A nomination does without them, and is left
//!   out where all that it names was.
//!
//! [DLu/oscar_data]: https://github.com/DLu/oscar_data

mod line;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::{
    award, award_company, award_person, award_production, company, external_id, person, production,
    production_source,
};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
};

use line::{FilmKey, Line, Nominee, is_id, parse};

use super::matching::{
    Films, Found, Kind, Known, Member, Named, Names, OnFilm, Space, on_film, role_of_category,
};
use super::report::{Counts, Report};
use super::{Input, on_trial};
use crate::catalog::write::Writer;
use crate::catalog::write::batch::{Ids, Rows};
use crate::catalog::{Catalog, collation, record};
use crate::error::Error;

const TITLES: Space = Space { catalog: "imdb", scope: "title" };
const PEOPLE: Space = Space { catalog: "imdb", scope: "name" };
const COMPANIES: Space = Space { catalog: "imdb", scope: "company" };
const BODY: &str = "Academy Awards";
/// Words that stand in names of companies.
const COMPANY_WORDS: &str = "academy agency america associates association bros brothers center
    centre co committee company companies consortium cooperative corp corporation department design
    digital division electric enterprises entertainment film films foundation fund gmbh government
    group guild inc incorporated industries institute international kg lab laboratories laboratory
    labs limited llc ltd manufacturing ministry motion museum office optical optics organization
    photophone pictures processing productions products research service services society sound
    studio studios systems technologies technology unit university video works";
/// Names that one note gives as examples.
const EXAMPLES: usize = 10;

const ATTRIBUTION: &str = "Academy Award data: DLu/oscar_data (BSD-2-Clause)";

/// The row of the source: the same as in the built-in catalogue.
fn source() -> record::Source {
    record::Source {
        key: "oscars".to_owned(),
        name: "Academy Award data".to_owned(),
        licence: Some("BSD-2-Clause".to_owned()),
        attribution: Some(ATTRIBUTION.to_owned()),
        url: Some("https://github.com/DLu/oscar_data".to_owned()),
        retrieved: None,
    }
}

fn kind_of_id(id: &str) -> Kind {
    if id.starts_with("co") { Kind::Company } else { Kind::Person }
}

/// Import the nominations, in one transaction. A trial undoes everything.
///
/// # Errors
/// A sentence about the line that is wrong, or the fault of the database.
pub async fn import(catalog: &Catalog, file: Input, dry_run: bool) -> Result<Report, Error> {
    let lines = parse(&file)?;
    drop(file);
    catalog
        .write(move |transaction| {
            Box::pin(on_trial(transaction, dry_run, async move |transaction| {
                let mut import = Import::new(transaction, &lines).await?;
                import.films(&lines).await?;
                import.find_nominees(transaction, &lines).await?;
                import.join(&lines);
                for line in &lines {
                    import.award(line).await?;
                }
                import.finish().await
            }))
        })
        .await
}

/// An award that is there.
struct There {
    row: award::Model,
    films: BTreeSet<i64>,
    people: BTreeSet<i64>,
    companies: BTreeSet<i64>,
    is_found: bool,
}

type AwardKey = (Option<i32>, Option<String>, Option<String>);

/// Whom an award names.
struct Link {
    kind: Kind,
    id: i64,
    /// As the award writes it, where that is not the name.
    name: Option<String>,
    position: i32,
}

struct Import<'a> {
    writer: Writer<'a>,
    source_id: i64,
    ids: Ids,
    rows: Rows,
    films: Films,
    /// Where each film of the data is.
    placed: HashMap<String, i64>,
    people: Names,
    companies: Names,
    /// The name that is shown for each id.
    shown: HashMap<String, String>,
    /// Which kinds of ids a name has.
    kinds: HashMap<String, BTreeSet<&'static str>>,
    awards: Vec<There>,
    by_key: HashMap<AwardKey, Vec<usize>>,
    namesakes: BTreeSet<String>,
    /// Ids of people who were taken out by hand.
    left_out: BTreeSet<String>,
    /// Names without ids that were taken for people, and for companies: all, and those made.
    nameless: [BTreeSet<String>; 2],
    guessed: [BTreeSet<String>; 2],
    notes: Vec<String>,
    award_counts: Counts,
    film_counts: Counts,
    person_counts: Counts,
    company_counts: Counts,
    id_counts: Counts,
}

impl<'a> Import<'a> {
    async fn new(transaction: &'a DatabaseTransaction, lines: &[Line]) -> Result<Self, Error> {
        let mut writer = Writer::new(transaction, "oscars");
        writer.lock().await?;
        let source_id = writer.source(&source()).await?;
        let films = || lines.iter().flat_map(|line| &line.films);
        let ids = films().filter_map(|film| film.id.clone()).collect();
        let titles = films().map(|film| collation::key(&film.title)).collect();
        let films = Films::read(transaction, TITLES, &ids, &titles).await?;
        let (awards, by_key) = awards(transaction).await?;

        let mut spellings: HashMap<&str, Vec<(&str, usize)>> = HashMap::new();
        let mut kinds: HashMap<String, BTreeSet<&'static str>> = HashMap::new();
        for nominee in lines.iter().flat_map(|line| &line.nominees) {
            for id in &nominee.ids {
                let kind = if kind_of_id(id) == Kind::Company { "co" } else { "nm" };
                kinds.entry(collation::key(&nominee.name)).or_default().insert(kind);
                let known = spellings.entry(id).or_default();
                // What several share is no name of any of them, unless they have no other.
                let weight = if nominee.ids.len() > 1 { 0 } else { 1 };
                match known.iter_mut().find(|(name, _)| *name == nominee.name) {
                    Some((_, count)) => *count += weight,
                    None => known.push((&nominee.name, weight)),
                }
            }
        }
        let shown = spellings.into_iter().filter_map(|(id, names)| {
            // The first of the most frequent ones.
            let (name, _) = names.into_iter().rev().max_by_key(|(_, count)| *count)?;
            Some((id.to_owned(), name.to_owned()))
        });
        Ok(Self {
            writer,
            source_id,
            ids: Ids::default(),
            rows: Rows::default(),
            films,
            placed: HashMap::new(),
            people: Names::default(),
            companies: Names::default(),
            shown: shown.collect(),
            kinds,
            awards,
            by_key,
            namesakes: BTreeSet::new(),
            left_out: BTreeSet::new(),
            nameless: [BTreeSet::new(), BTreeSet::new()],
            guessed: [BTreeSet::new(), BTreeSet::new()],
            notes: Vec::new(),
            award_counts: Counts::default(),
            film_counts: Counts::default(),
            person_counts: Counts::default(),
            company_counts: Counts::default(),
            id_counts: Counts::default(),
        })
    }

    /// What a nominee without an id is.
    fn kind_of(&self, nominee: &Nominee) -> Kind {
        let kinds = self.kinds.get(&collation::key(&nominee.name));
        match kinds.map(|kinds| (kinds.contains("nm"), kinds.contains("co"))) {
            Some((true, false)) => Kind::Person,
            Some((false, true)) => Kind::Company,
            _ => {
                let name = nominee.name.to_lowercase();
                let mut words = name.split(|it: char| !it.is_alphanumeric());
                let is_word = |word: &str| COMPANY_WORDS.split_whitespace().any(|it| it == word);
                if name.starts_with("the ") || name.contains('&') || words.any(is_word) {
                    Kind::Company
                } else {
                    Kind::Person
                }
            }
        }
    }

    /// Find or make every film.
    async fn films(&mut self, lines: &[Line]) -> Result<(), Error> {
        let mut order: Vec<&FilmKey> = Vec::new();
        let mut all: BTreeMap<&str, (Named, Vec<&Line>)> = BTreeMap::new();
        for line in lines {
            for film in &line.films {
                let (named, of) = all.entry(film.identity()).or_insert_with(|| {
                    order.push(film);
                    let named = Named {
                        title_key: collation::key(&film.title),
                        years: BTreeSet::new(),
                        id: film.id.clone(),
                        people: Vec::new(),
                    };
                    (named, Vec::new())
                });
                named.years.extend([line.years.0, line.years.1]);
                let role = role_of_category(&line.category);
                for nominee in &line.nominees {
                    let is_person = match nominee.ids.first() {
                        Some(id) => kind_of_id(id) == Kind::Person,
                        None => self.kind_of(nominee) == Kind::Person,
                    };
                    if is_person {
                        let role = role.map(str::to_owned);
                        named.people.push((collation::key(&nominee.name), role));
                    }
                }
                of.push(line);
            }
        }
        for film in order {
            let Some((named, lines)) = all.get(film.identity()) else { continue };
            self.film(film, named, lines).await?;
        }
        Ok(())
    }

    async fn film(&mut self, key: &FilmKey, named: &Named, lines: &[&Line]) -> Result<(), Error> {
        self.film_counts.read += 1;
        let place = lines.first().map(|line| line.place.clone()).unwrap_or_default();
        let title = &key.title;
        let found = self.films.find(named);
        let year = named.years.first().copied().unwrap_or_default();
        let mut note = |sentence: &str| {
            self.notes.push(format!("{place}: \"{title}\" ({year}) {sentence}"));
        };
        let id = match found {
            Found::One(id) => {
                let mut changed = false;
                if let Some(value) = named.id.as_deref()
                    && self.films.by_id(value).is_none()
                {
                    self.film_id(id, value);
                    changed = true;
                }
                let is_undated = |film: &Known| film.lacks("released", film.released_on.is_none());
                if self.films.get(id).is_some_and(is_undated) {
                    let released_on = year * 10_000;
                    self.writer.fill_release(id, released_on).await?;
                    self.writer.note_fields(id, self.source_id, &["released"]).await?;
                    if let Some(film) = self.films.get_mut(id) {
                        film.released_on = Some(released_on);
                    }
                    changed = true;
                }
                if changed {
                    self.film_counts.changed += 1;
                } else {
                    self.film_counts.unchanged += 1;
                }
                id
            }
            Found::Removed => {
                note("was taken out by hand: it was left out.");
                self.film_counts.quarantined += 1;
                return Ok(());
            }
            Found::Unclear(_) if named.id.is_none() && named.people.is_empty() => {
                note("may be any of several films of this title and year: it was left out.");
                self.film_counts.quarantined += 1;
                return Ok(());
            }
            Found::New | Found::Apart(_) | Found::Unclear(_) => {
                match found {
                    Found::Apart(_) => note(
                        "has nobody in common with the film of this title and year: it was added as another one.",
                    ),
                    Found::Unclear(_) => note(
                        "may be any of several films of this title and year: it was added as another one.",
                    ),
                    _ => {}
                }
                self.film_counts.new += 1;
                self.new_film(title, year, named, lines).await?
            }
        };
        self.placed.insert(key.identity().to_owned(), id);
        Ok(())
    }

    async fn new_film(
        &mut self,
        title: &str,
        year: i32,
        named: &Named,
        lines: &[&Line],
    ) -> Result<i64, Error> {
        let id = self.writer.next_id(&mut self.ids, "production").await?;
        let is = |word: &str| lines.iter().any(|line| line.canonical_category.contains(word));
        let format = match (is("SHORT"), is("DOCUMENTARY")) {
            (true, _) => "short",
            (false, true) => "documentary",
            (false, false) => "feature",
        };
        let released_on = Some(year * 10_000);
        self.rows.production.push(production::ActiveModel {
            id: Set(id),
            kind: Set(production::Kind::Film),
            format: Set(format.to_owned()),
            title: Set(Some(title.to_owned())),
            title_key: Set(Some(named.title_key.clone())),
            original_title: Set(None),
            synopsis: Set(None),
            released_on: Set(released_on),
            runtime_minutes: Set(None),
            is_adult: Set(false),
            rating_tenths: Set(None),
            rating_votes: Set(None),
        });
        self.rows.production_source.push(production_source::ActiveModel {
            id: NotSet,
            production_id: Set(id),
            source_id: Set(self.source_id),
            fields: Set(r#"["title","format","released"]"#.to_owned()),
        });
        let film = Known {
            kind: production::Kind::Film,
            title_key: named.title_key.clone(),
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
        if let Some(value) = &named.id {
            self.film_id(id, value);
        }
        Ok(id)
    }

    fn film_id(&mut self, id: i64, value: &str) {
        self.films.add_id(id, value);
        self.external_id(TITLES, value, (Some(id), None, None));
    }

    fn external_id(
        &mut self,
        space: Space,
        value: &str,
        (production_id, person_id, company_id): (Option<i64>, Option<i64>, Option<i64>),
    ) {
        self.id_counts.new += 1;
        self.rows.external_id.push(external_id::ActiveModel {
            id: NotSet,
            catalog: Set(space.catalog.to_owned()),
            scope: Set(space.scope.to_owned()),
            value: Set(value.to_owned()),
            production_id: Set(production_id),
            person_id: Set(person_id),
            company_id: Set(company_id),
            source_id: Set(self.source_id),
            is_canonical: Set(true),
        });
    }

    /// Read who may be meant.
    async fn find_nominees(
        &mut self,
        transaction: &DatabaseTransaction,
        lines: &[Line],
    ) -> Result<(), Error> {
        let nominees = || lines.iter().flat_map(|line| &line.nominees);
        let names: BTreeSet<_> = nominees()
            .map(|nominee| nominee.name.clone())
            .chain(self.shown.values().cloned())
            .collect();
        let ids = |prefix: &str| -> BTreeSet<String> {
            nominees().flat_map(|it| &it.ids).filter(|id| id.starts_with(prefix)).cloned().collect()
        };
        let films = || self.placed.values().filter_map(|id| self.films.get(*id));
        let people = films().flat_map(|film| &film.people).map(|member| member.id).collect();
        let companies = films().flat_map(|film| &film.companies).map(|member| member.id).collect();
        let (nm, co) = (ids("nm"), ids("co"));
        self.person_counts.read = nm.len() as u64;
        self.company_counts.read = co.len() as u64;
        let titles = self.placed.keys().filter(|key| is_id(key, "tt")).count() as u64;
        self.id_counts.read = titles + self.person_counts.read + self.company_counts.read;
        let (source, t) = (self.source_id, transaction);
        self.people =
            Names::read(t, Kind::Person, source, Some(PEOPLE), &names, &nm, &people).await?;
        self.companies =
            Names::read(t, Kind::Company, source, Some(COMPANIES), &names, &co, &companies).await?;
        Ok(())
    }

    fn names(&mut self, kind: Kind) -> &mut Names {
        match kind {
            Kind::Person => &mut self.people,
            Kind::Company => &mut self.companies,
        }
    }

    fn counts(&mut self, kind: Kind) -> &mut Counts {
        match kind {
            Kind::Person => &mut self.person_counts,
            Kind::Company => &mut self.company_counts,
        }
    }

    async fn new_nominee(&mut self, kind: Kind, name: &str) -> Result<i64, Error> {
        let (name_key, name, source_id) =
            (collation::key(name), name.to_owned(), Set(self.source_id));
        self.counts(kind).new += 1;
        let id = match kind {
            Kind::Person => {
                let id = self.writer.next_id(&mut self.ids, "person").await?;
                self.rows.person.push(person::ActiveModel {
                    id: Set(id),
                    name: Set(Some(name)),
                    name_key: Set(Some(name_key)),
                    born_on: Set(None),
                    died_on: Set(None),
                    source_id,
                });
                id
            }
            Kind::Company => {
                let id = self.writer.next_id(&mut self.ids, "company").await?;
                self.rows.company.push(company::ActiveModel {
                    id: Set(id),
                    name: Set(name),
                    name_key: Set(name_key),
                    kind: Set("other".to_owned()),
                    source_id,
                });
                id
            }
        };
        Ok(id)
    }

    /// Those on the films with the name, but for whom the first test drops.
    fn on_films(
        &self,
        kind: Kind,
        films: &[i64],
        name: &str,
        role: Option<&str>,
        open: bool,
    ) -> OnFilm {
        let films = films.iter().filter_map(|id| self.films.get(*id));
        let (members, names): (Vec<&Member>, _) = match kind {
            Kind::Person => (films.flat_map(|film| &film.people).collect(), &self.people),
            Kind::Company => (films.flat_map(|film| &film.companies).collect(), &self.companies),
        };
        // Those who have an id have another one; those without any are kept apart.
        let fits = |id: i64| !open || (!names.has_id(id) && !names.is_own(id));
        on_film(members.into_iter().filter(|member| fits(member.id)), name, role)
    }

    /// Give ids to those who are on the films for which they are nominated: whoever is on the most of
    /// them, of those with the name.
    fn join(&mut self, lines: &[Line]) {
        let mut tallies: BTreeMap<&str, BTreeMap<i64, BTreeSet<i64>>> = BTreeMap::new();
        for line in lines {
            let role = role_of_category(&line.category);
            for nominee in &line.nominees {
                for value in &nominee.ids {
                    let kind = kind_of_id(value);
                    let names = self.names(kind);
                    if names.by_id(value).is_some() || names.is_removed(value) {
                        continue;
                    }
                    for film in &line.films {
                        let Some(film) = self.placed.get(film.identity()).copied() else {
                            continue;
                        };
                        let shown = self.shown.get(value).unwrap_or(&nominee.name);
                        let mut on = self.on_films(kind, &[film], &nominee.name, role, true);
                        if on == OnFilm::Nobody {
                            on = self.on_films(kind, &[film], shown, role, true);
                        }
                        if let OnFilm::One(id) = on {
                            let tally = tallies.entry(value).or_default();
                            tally.entry(id).or_default().insert(film);
                        }
                    }
                }
            }
        }
        for (value, tally) in tallies {
            let kind = kind_of_id(value);
            // Whoever got another id meanwhile is somebody else.
            let open = tally.into_iter().filter(|(id, _)| !self.names(kind).has_id(*id));
            let most = open.max_by_key(|(id, films)| (films.len(), std::cmp::Reverse(*id)));
            if let Some((id, _)) = most {
                self.counts(kind).changed += 1;
                self.give_id(kind, id, value);
            }
        }
    }

    fn give_id(&mut self, kind: Kind, id: i64, value: &str) {
        self.names(kind).add_id(id, value);
        match kind {
            Kind::Person => self.external_id(PEOPLE, value, (None, Some(id), None)),
            Kind::Company => self.external_id(COMPANIES, value, (None, None, Some(id))),
        }
    }

    /// Whoever has the id.
    async fn with_id(&mut self, value: &str, nominee: &Nominee) -> Result<i64, Error> {
        let kind = kind_of_id(value);
        if let Some(id) = self.names(kind).by_id(value) {
            return Ok(id);
        }
        let shown = self.shown.get(value).cloned().unwrap_or_else(|| nominee.name.clone());
        if self.names(kind).others(&shown) > 0 {
            self.namesakes.insert(shown.clone());
        }
        let id = self.new_nominee(kind, &shown).await?;
        self.names(kind).add_name(id, &shown);
        self.names(kind).add_other(&shown);
        self.give_id(kind, id, value);
        Ok(id)
    }

    /// Whoever has the name, as far as it tells.
    async fn without_id(
        &mut self,
        kind: Kind,
        nominee: &Nominee,
        films: &[i64],
        role: Option<&str>,
    ) -> Result<i64, Error> {
        let of = usize::from(kind == Kind::Company);
        self.nameless[of].insert(nominee.name.clone());
        let own = self.names(kind).own_whatever(&nominee.name);
        if let OnFilm::One(id) = self.on_films(kind, films, &nominee.name, role, false) {
            return Ok(id);
        }
        if let Some(id) = own {
            return Ok(id);
        }
        if self.names(kind).others(&nominee.name) > 0 {
            self.namesakes.insert(nominee.name.clone());
        }
        self.guessed[of].insert(nominee.name.clone());
        let id = self.new_nominee(kind, &nominee.name).await?;
        self.names(kind).add_own(&nominee.name, id);
        Ok(id)
    }

    async fn links(&mut self, line: &Line, films: &[i64]) -> Result<Vec<Link>, Error> {
        let role = role_of_category(&line.category);
        let mut links: Vec<Link> = Vec::new();
        for nominee in &line.nominees {
            let mut found = Vec::new();
            for value in &nominee.ids {
                let kind = kind_of_id(value);
                if self.names(kind).is_removed(value) {
                    let Nominee { name, .. } = nominee;
                    self.notes.push(format!(
                        "{}: {name} was taken out by hand: the nomination does without.",
                        line.place
                    ));
                    self.left_out.insert(value.clone());
                    continue;
                }
                found.push((kind, self.with_id(value, nominee).await?));
            }
            if nominee.ids.is_empty() {
                let kind = self.kind_of(nominee);
                found.push((kind, self.without_id(kind, nominee, films, role).await?));
            }
            for (kind, id) in found {
                if links.iter().any(|link| (link.kind, link.id) == (kind, id)) {
                    let Nominee { name, .. } = nominee;
                    self.notes.push(format!(
                        "{}: {name} is named a second time in one nomination, under another name; there is one link.",
                        line.place
                    ));
                    continue;
                }
                let is_shown = self.names(kind).name_of(id) == Some(&nominee.name);
                let name = Some(nominee.name.clone()).filter(|_| !is_shown);
                let position = i32::try_from(links.len() + 1).unwrap_or(i32::MAX);
                links.push(Link { kind, id, name, position });
            }
        }
        for film in films {
            let Some(film) = self.films.get_mut(*film) else { continue };
            for link in &links {
                let (names, members) = match link.kind {
                    Kind::Person => (&self.people, &mut film.people),
                    Kind::Company => (&self.companies, &mut film.companies),
                };
                // As it is read the next time.
                let name = names.name_of(link.id).or(link.name.as_deref()).unwrap_or_default();
                members.push(Member {
                    id: link.id,
                    name_key: collation::key(name),
                    role: role.map(str::to_owned),
                });
            }
        }
        Ok(links)
    }

    async fn award(&mut self, line: &Line) -> Result<(), Error> {
        self.award_counts.read += 1;
        let mut films: Vec<i64> = Vec::new();
        for film in &line.films {
            if let Some(id) = self.placed.get(film.identity())
                && !films.contains(id)
            {
                films.push(*id);
            }
        }
        let links = self.links(line, &films).await?;
        let named_any = !line.films.is_empty() || !line.nominees.is_empty();
        if named_any && films.is_empty() && links.is_empty() {
            self.notes.push(format!("{}: all that it names was left out.", line.place));
            self.award_counts.quarantined += 1;
            return Ok(());
        }
        if let Some(index) = self.find_award(line, &films, &links) {
            return self.known_award(line, index).await;
        }
        self.award_counts.new += 1;
        let id = self.writer.next_id(&mut self.ids, "award").await?;
        let year = Set(Some(line.years.0));
        let status = if line.is_winner { "winner" } else { "nominee" };
        self.rows.award.push(award::ActiveModel {
            id: Set(id),
            body: Set(BODY.to_owned()),
            category: Set(Some(line.category.clone())),
            year: year.clone(),
            ceremony: Set(Some(line.ceremony)),
            status: Set(status.to_owned()),
            detail: Set(line.detail.clone()),
            source_id: Set(self.source_id),
            class: Set(Some(line.class.clone())),
            canonical_category: Set(Some(line.canonical_category.clone())),
            name: Set(line.name.clone()),
            note: Set(line.note.clone()),
            citation: Set(line.citation.clone()),
        });
        for (position, production_id) in (1..).zip(films) {
            self.rows.award_production.push(award_production::ActiveModel {
                id: NotSet,
                award_id: Set(id),
                production_id: Set(production_id),
                position: Set(position),
                year: year.clone(),
            });
        }
        for link in links {
            let (award_id, position, name) = (Set(id), Set(link.position), Set(link.name));
            match link.kind {
                Kind::Person => self.rows.award_person.push(award_person::ActiveModel {
                    id: NotSet,
                    award_id,
                    person_id: Set(link.id),
                    position,
                    year: year.clone(),
                    name,
                }),
                Kind::Company => self.rows.award_company.push(award_company::ActiveModel {
                    id: NotSet,
                    award_id,
                    company_id: Set(link.id),
                    position,
                    year: year.clone(),
                    name,
                }),
            }
        }
        Ok(())
    }

    /// The award that is there already: the one with the same words, or else one that lacks them.
    fn find_award(&mut self, line: &Line, films: &[i64], links: &[Link]) -> Option<usize> {
        let key = (Some(line.ceremony), Some(line.category.clone()), line.detail.clone());
        let of = |kind: Kind| -> BTreeSet<i64> {
            links.iter().filter(|link| link.kind == kind).map(|link| link.id).collect()
        };
        let (films, people, companies) =
            (films.iter().copied().collect(), of(Kind::Person), of(Kind::Company));
        let fits = |index: &&usize, lacking: bool| {
            let there = &self.awards[**index];
            let same = |known: &Option<String>, given: &Option<String>| {
                known == given || (lacking && known.is_none())
            };
            !there.is_found
                && there.films == films
                && there.people == people
                && there.companies == companies
                && same(&there.row.name, &line.name)
                && same(&there.row.note, &line.note)
                && same(&there.row.citation, &line.citation)
        };
        let some = self.by_key.get(&key)?;
        let found = some.iter().find(|index| fits(index, false));
        let found = *found.or_else(|| some.iter().find(|index| fits(index, true)))?;
        self.awards[found].is_found = true;
        Some(found)
    }

    /// Give an award that is there what it lacks.
    async fn known_award(&mut self, line: &Line, index: usize) -> Result<(), Error> {
        let row = &self.awards[index].row;
        let mut change = award::ActiveModel { id: Unchanged(row.id), ..Default::default() };
        let mut changed = false;
        let (class, canonical) = (Some(&line.class), Some(&line.canonical_category));
        macro_rules! fill {
            ($($field:ident: $value:expr,)+) => {
                $(
                    if let (None, Some(value)) = (&row.$field, $value) {
                        change.$field = Set(Some(value.clone()));
                        changed = true;
                    }
                )+
            };
        }
        fill! {
            class: class,
            canonical_category: canonical,
            name: line.name.as_ref(),
            note: line.note.as_ref(),
            citation: line.citation.as_ref(),
        }
        if line.is_winner && row.status != "winner" && row.source_id == self.source_id {
            change.status = Set("winner".to_owned());
            changed = true;
        }
        if changed {
            self.writer.change_award(change).await?;
            self.award_counts.changed += 1;
        } else {
            self.award_counts.unchanged += 1;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Report, Error> {
        self.writer.add(self.rows).await?;
        if self.writer.has_written() {
            self.writer.finish().await?;
        }
        let [people, companies] = &self.guessed;
        for (names, sentence) in [
            (companies, "have no id and were taken for companies"),
            (people, "have no id and were taken for people"),
            (
                &self.namesakes,
                "are also those of others who are not named on the same films, and stay apart from them",
            ),
        ] {
            if !names.is_empty() {
                let examples: Vec<_> = names.iter().take(EXAMPLES).map(String::as_str).collect();
                let dots = if names.len() > EXAMPLES { ", ..." } else { "" };
                let note =
                    format!("{} names {sentence}: {}{dots}", names.len(), examples.join(", "));
                self.notes.insert(0, note);
            }
        }
        let [people, companies] = &self.nameless;
        self.person_counts.read += people.len() as u64;
        self.company_counts.read += companies.len() as u64;
        self.person_counts.quarantined = self.left_out.len() as u64;
        self.id_counts.quarantined = self.left_out.len() as u64;
        for counts in [&mut self.person_counts, &mut self.company_counts, &mut self.id_counts] {
            let Counts { new, changed, quarantined, .. } = counts;
            counts.unchanged = counts.read.saturating_sub(*new + *changed + *quarantined);
        }
        let tables = [
            ("nominations", self.award_counts),
            ("films", self.film_counts),
            ("people", self.person_counts),
            ("companies", self.company_counts),
            ("ids", self.id_counts),
        ];
        Ok(Report {
            tables: tables.map(|(name, counts)| (name.to_owned(), counts)).into(),
            notes: self.notes,
            attribution: Some(ATTRIBUTION.to_owned()),
        })
    }
}

/// The awards of the Academy that are there, also by ceremony, category and detail.
async fn awards(
    transaction: &DatabaseTransaction,
) -> Result<(Vec<There>, HashMap<AwardKey, Vec<usize>>), Error> {
    let rows = award::Entity::find()
        .filter(award::Column::Body.eq(BODY))
        .order_by_asc(award::Column::Id)
        .all(transaction)
        .await?;
    let mut awards: Vec<_> = rows
        .into_iter()
        .map(|row| There {
            row,
            films: BTreeSet::new(),
            people: BTreeSet::new(),
            companies: BTreeSet::new(),
            is_found: false,
        })
        .collect();
    let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
    for (index, There { row, .. }) in awards.iter().enumerate() {
        let key = (row.ceremony, row.category.clone(), row.detail.clone());
        by_key.entry(key).or_default().push(index);
    }
    let places: HashMap<i64, usize> = awards.iter().map(|there| there.row.id).zip(0..).collect();
    macro_rules! links {
        ($($table:ident.$column:ident into $field:ident,)+) => {
            $(
                let query = $table::Entity::find()
                    .select_only()
                    .columns([$table::Column::AwardId, $table::Column::$column])
                    .join(JoinType::InnerJoin, $table::Relation::Award.def())
                    .filter(award::Column::Body.eq(BODY));
                let rows: Vec<(i64, i64)> = query.into_tuple().all(transaction).await?;
                for (award, id) in rows {
                    if let Some(place) = places.get(&award) {
                        awards[*place].$field.insert(id);
                    }
                }
            )+
        };
    }
    links! {
        award_production.ProductionId into films,
        award_person.PersonId into people,
        award_company.CompanyId into companies,
    }
    Ok((awards, by_key))
}
