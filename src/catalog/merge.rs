//! Bringing the records of a file into a catalogue that may know some of them already.
//!
//! A thing is recognised by the ids that other catalogues give it; what has none in the file, by
//! what is written of it. What is there stays as it is: only what is not known is filled in, and
//! rows that stand there in the same words are not written again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Debug;

use entity::production::Kind;
use entity::{
    award, award_company, award_person, award_production, company, credit, episode, external_id,
    field_lock, genre, known_for, person, person_profession, person_source, production,
    production_company, production_genre, production_source, profession, retired, shot,
    shot_director, show, source, title_name, video,
};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DatabaseBackend,
    DatabaseTransaction, EntityTrait, Iterable, PrimaryKeyToColumn, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Statement, Value,
};

use super::edit::{self, Entity};
use super::record::{
    Award, Company, Credit, Episode, ExternalId, KnownFor, Lock, Person, Production,
    ProductionCompany, Record, Removed, Shot, Show, Source, Sources, Subject, Title, Video,
};
use super::write::{Placed, Writer, date, json, refuse_unknown};
use super::{collation, date as dates};
use crate::error::Error;

/// A record with the number of its line.
pub type Line = (usize, Record);

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there.
    New,
    /// It was there, and lacked something that it has now.
    Filled,
    /// It was there.
    Unchanged,
}

impl Outcome {
    fn filled(is_filled: bool) -> Self {
        if is_filled { Self::Filled } else { Self::Unchanged }
    }
}

/// Write the records of one file, in their order, telling what became of each.
///
/// # Errors
/// The line and what is wrong with it, or the fault of the database.
pub async fn file(
    lines: Vec<Line>,
    writer: &mut Writer<'_>,
    tell: &mut (dyn FnMut(&'static str, Outcome) + Send),
) -> Result<(), Error> {
    writer.next_file();
    let mut merge = Merge {
        known: Vec::new(),
        ids: HashMap::new(),
        removed: HashSet::new(),
        old: HashSet::new(),
        filled: HashSet::new(),
        set: HashMap::new(),
        taken_out: HashSet::new(),
        added: HashSet::new(),
        grown: BTreeSet::new(),
        rows: HashMap::new(),
        writer,
    };
    merge.recognise(&lines).await?;
    let known = std::mem::take(&mut merge.known);
    for ((number, record), known) in lines.into_iter().zip(known) {
        let name = name_of(&record);
        let outcome = merge.put(record, known).await;
        tell(name, outcome.map_err(|error| at(number, error))?);
    }
    // Whoever gives their lists compares all of them again, whatever else differs by then.
    let grown: Vec<i64> = std::mem::take(&mut merge.grown).into_iter().collect();
    edit::read_productions_again(merge.transaction(), &grown).await
}

fn at(line: usize, error: Error) -> Error {
    use crate::error::FaultClass;
    match error {
        Error::Refused(sentence) => Error::Refused(format!("line {line}: {sentence}")),
        Error::Database(fault) if fault.class == FaultClass::Constraint => {
            Error::Refused(format!("line {line}: a rule of the catalogue forbids it: {fault}"))
        }
        fault @ Error::Database(_) => fault,
    }
}

/// The `type` of a record.
fn name_of(record: &Record) -> &'static str {
    match record {
        Record::Source(_) => "source",
        Record::Genre(_) => "genre",
        Record::Profession(_) => "profession",
        Record::Company(_) => "company",
        Record::Person(_) => "person",
        Record::Film(_) => "film",
        Record::Show(_) => "show",
        Record::Episode(_) => "episode",
        Record::Season(_) => "season",
        Record::Credit(_) => "credit",
        Record::ProductionCompany(_) => "production_company",
        Record::Shot(_) => "shot",
        Record::Video(_) => "video",
        Record::Award(_) => "award",
        Record::ExternalId(_) => "external_id",
        Record::Title(_) => "title",
        Record::KnownFor(_) => "known_for",
        Record::Lock(_) => "lock",
        Record::Removed(_) => "removed",
    }
}

/// What has a key of its own in a file and an id in other catalogues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Group {
    Production,
    Person,
    Company,
}

/// The catalogue, the scope and the value.
type Id = (String, String, String);

/// One of those that may be meant.
struct Candidate {
    id: i64,
    /// All that is written of it.
    exact: String,
    /// What it is recognised by, if it has enough for that.
    main: Option<String>,
}

/// A record that no other catalogue knows.
struct Unnamed {
    line: usize,
    key: String,
    exact: String,
    main: Option<String>,
    /// Where its candidates are.
    place: String,
}

/// What a record says of a production.
struct Seen<'r> {
    kind: Kind,
    shared: &'r Production,
    /// The show, of an episode.
    show: Option<i64>,
    /// What only its kind has: all of it, and the part that it is recognised by.
    all: String,
    main: String,
}

impl<'r> Seen<'r> {
    fn new(kind: Kind, shared: &'r Production) -> Self {
        Self { kind, shared, show: None, all: String::new(), main: String::new() }
    }
}

/// A production, a person on it and the role.
type CreditKey = (i64, i64, String);

/// A group of rows of one table: those below one row.
type Place = (&'static str, i64, String);

struct Merge<'w, 't> {
    writer: &'w mut Writer<'t>,
    /// The row of each line that is there already.
    known: Vec<Option<i64>>,
    /// What the ids of the file name in the catalogue.
    ids: HashMap<Id, (Group, i64)>,
    /// Which of them name what was taken out by hand.
    removed: HashSet<Id>,
    /// What was there before this file.
    old: HashSet<(Group, i64)>,
    /// The fields of it that this file filled in.
    filled: HashSet<(Group, i64, &'static str)>,
    /// How many credits on it were set by hand, and no record has been found to mean them.
    set: HashMap<CreditKey, usize>,
    /// Credits on it that were taken out by hand, and those that this file added.
    taken_out: HashSet<CreditKey>,
    added: HashSet<CreditKey>,
    /// Productions on it to whose lists this file added.
    grown: BTreeSet<i64>,
    /// Rows that are there and that no record has been found to say: what they say, and their ids,
    /// the last first.
    rows: HashMap<Place, HashMap<String, Vec<i64>>>,
}

/// What is written of something, to be compared.
fn words(of: impl Debug) -> String {
    format!("{of:?}")
}

fn cannot_tell(unnamed: &Unnamed, count: usize) -> Error {
    let Unnamed { line, key, .. } = unnamed;
    Error::refused(format!(
        "line {line}: \"{key}\" may be one of {count} things in the catalogue: an external_id would tell which"
    ))
}

/// Find each record among its candidates: first by all that is written of it, then, where one
/// record and one candidate remain, by the main part of it. Of those that are written of in the
/// same words, the first is the first.
fn assign(
    unnamed: Vec<(usize, Unnamed)>,
    candidates: &HashMap<String, Vec<Candidate>>,
    taken: &mut HashSet<i64>,
    known: &mut [Option<i64>],
) -> Result<(), Error> {
    type Alike = Vec<(usize, Unnamed)>;
    let grouped = |unnamed: Alike, by: fn(&Unnamed) -> Option<&String>| {
        let mut groups: Vec<Alike> = Vec::new();
        let mut places: HashMap<(String, String), usize> = HashMap::new();
        for (index, one) in unnamed {
            let Some(words) = by(&one) else { continue };
            let place = places.entry((one.place.clone(), words.clone())).or_insert(groups.len());
            if *place == groups.len() {
                groups.push(Vec::new());
            }
            groups[*place].push((index, one));
        }
        groups
    };
    let mut remaining = Vec::new();
    for group in grouped(unnamed, |one| Some(&one.exact)) {
        let (_, first) = &group[0];
        let fitting = candidates[&first.place].iter().filter(|it| it.exact == first.exact);
        let fitting: Vec<i64> = fitting.map(|it| it.id).filter(|id| !taken.contains(id)).collect();
        if fitting.len() > group.len() {
            return Err(cannot_tell(first, fitting.len()));
        }
        let mut fitting = fitting.into_iter();
        for (index, one) in group {
            match fitting.next() {
                Some(id) => {
                    taken.insert(id);
                    known[index] = Some(id);
                }
                None => remaining.push((index, one)),
            }
        }
    }
    for group in grouped(remaining, |one| one.main.as_ref()) {
        let (index, first) = &group[0];
        let fitting = candidates[&first.place].iter().filter(|it| it.main == first.main);
        let fitting: Vec<i64> = fitting.map(|it| it.id).filter(|id| !taken.contains(id)).collect();
        match (&fitting[..], group.len()) {
            ([], _) => {}
            (&[id], 1) => {
                taken.insert(id);
                known[*index] = Some(id);
            }
            (several, _) => return Err(cannot_tell(first, several.len())),
        }
    }
    Ok(())
}

impl Merge<'_, '_> {
    fn transaction(&self) -> &DatabaseTransaction {
        self.writer.transaction
    }

    /// Rows of a table with a value in a column, by their ids.
    async fn with<E, V>(&self, column: E::Column, value: V) -> Result<Vec<E::Model>, Error>
    where
        E: EntityTrait<PrimaryKey: PrimaryKeyToColumn<Column = E::Column>>,
        V: Into<Value>,
    {
        let mut rows = E::find().filter(column.eq(value));
        for key in E::PrimaryKey::iter() {
            rows = rows.order_by_asc(key.into_column());
        }
        Ok(rows.all(self.transaction()).await?)
    }

    /// Find out which records are there already, before anything is written.
    async fn recognise(&mut self, lines: &[Line]) -> Result<(), Error> {
        self.known = vec![None; lines.len()];
        let mut sources: HashMap<&str, i64> = HashMap::new();
        for (index, (_, record)) in lines.iter().enumerate() {
            self.known[index] = match record {
                Record::Source(it) => self
                    .with::<source::Entity, _>(source::Column::Key, it.key.as_str())
                    .await?
                    .first()
                    .map(|row| row.id),
                Record::Genre(it) => self
                    .with::<genre::Entity, _>(genre::Column::Key, it.key.as_str())
                    .await?
                    .first()
                    .map(|row| row.id),
                Record::Profession(it) => self
                    .with::<profession::Entity, _>(profession::Column::Key, it.key.as_str())
                    .await?
                    .first()
                    .map(|row| row.id),
                _ => continue,
            };
            if let (Record::Source(it), Some(id)) = (record, self.known[index]) {
                sources.insert(&it.key, id);
            }
        }

        let mut ids: HashMap<(Group, &str), Vec<Id>> = HashMap::new();
        for (_, record) in lines {
            let Record::ExternalId(it) = record else { continue };
            let subject = match &it.of {
                Subject::Production(key) => (Group::Production, key.as_str()),
                Subject::Person(key) => (Group::Person, key.as_str()),
                Subject::Company(key) => (Group::Company, key.as_str()),
            };
            let id = (it.catalog.clone(), it.scope.clone(), it.value.clone());
            ids.entry(subject).or_default().push(id);
        }
        let removed = lines.iter().filter_map(|(_, record)| match record {
            Record::Removed(it) => Some(removed_id(it)),
            _ => None,
        });
        let removed: Vec<Id> = removed.collect();
        self.look_up(ids.values().flatten().chain(&removed)).await?;

        let companies = self.by_ids(Group::Company, lines, &ids)?;
        self.recognise_companies(lines, &ids, companies, &sources).await?;
        let people = self.by_ids(Group::Person, lines, &ids)?;
        self.recognise_people(lines, &ids, people, &sources).await?;
        let mut productions = self.by_ids(Group::Production, lines, &ids)?;
        let mut company_ids = HashMap::new();
        let mut show_ids = HashMap::new();
        for ((_, record), known) in lines.iter().zip(&self.known) {
            if let (Record::Company(it), Some(id)) = (record, known) {
                company_ids.insert(it.key.as_str(), *id);
            }
        }
        // What is not there yet is named by a row that never is.
        let id_of = |ids: &HashMap<&str, i64>, key: &Option<String>| {
            key.as_deref().map(|key| ids.get(key).copied().unwrap_or_default())
        };
        self.recognise_productions(
            lines,
            &ids,
            &mut productions,
            &sources,
            |record| match record {
                Record::Film(it) => Some(Seen::new(Kind::Film, &it.production)),
                Record::Show(it) => {
                    let service = id_of(&company_ids, &it.service);
                    let all = words((&it.ended, service, &it.based_on, &it.premise));
                    Some(Seen { all, ..Seen::new(Kind::Show, &it.production) })
                }
                _ => None,
            },
        )
        .await?;
        for ((_, record), known) in lines.iter().zip(&self.known) {
            if let (Record::Show(it), Some(id)) = (record, known) {
                show_ids.insert(it.production.key.as_str(), *id);
            }
        }
        self.recognise_productions(lines, &ids, &mut productions, &sources, |record| {
            let Record::Episode(it) = record else { return None };
            let show = id_of(&show_ids, &it.show);
            let main = words((show, it.season, it.episode));
            let all = main.clone();
            Some(Seen { show, all, main, ..Seen::new(Kind::Episode, &it.production) })
        })
        .await
    }

    /// Look ids up, those of one scope at once.
    async fn look_up(&mut self, ids: impl Iterator<Item = &Id>) -> Result<(), Error> {
        let mut scopes: HashMap<(&str, &str), Vec<&str>> = HashMap::new();
        for (catalog, scope, value) in ids {
            scopes.entry((catalog, scope)).or_default().push(value);
        }
        let backend = self.transaction().get_database_backend();
        let values_of = if backend == DatabaseBackend::Postgres {
            "SELECT json_array_elements_text(CAST($3::text AS json))"
        } else {
            "SELECT value FROM json_each($3)"
        };
        let sql = |table: &str| {
            format!(
                "SELECT * FROM {table} WHERE catalog = $1 AND scope = $2 AND value IN ({values_of})"
            )
        };
        for ((catalog, scope), values) in scopes {
            for values in values.chunks(5_000) {
                let values = serde_json::Value::from(values).to_string();
                let statement = |table| {
                    let values = [catalog.into(), scope.into(), values.as_str().into()];
                    Statement::from_sql_and_values(backend, sql(table), values)
                };
                let out = retired::Entity::find().from_raw_sql(statement("retired"));
                for row in out.all(self.transaction()).await?.into_iter().filter(|it| it.is_by_hand)
                {
                    self.removed.insert((row.catalog, row.scope, row.value));
                }
                let found = external_id::Entity::find().from_raw_sql(statement("external_id"));
                for row in found.all(self.transaction()).await? {
                    let of = match (row.production_id, row.person_id, row.company_id) {
                        (Some(id), ..) => (Group::Production, id),
                        (_, Some(id), _) => (Group::Person, id),
                        (.., Some(id)) => (Group::Company, id),
                        _ => continue,
                    };
                    self.ids.insert((row.catalog, row.scope, row.value), of);
                }
            }
        }
        Ok(())
    }

    /// Recognise those of a group by their ids. Gives the rows that they are.
    fn by_ids(
        &mut self,
        group: Group,
        lines: &[Line],
        ids: &HashMap<(Group, &str), Vec<Id>>,
    ) -> Result<HashSet<i64>, Error> {
        let mut taken = HashSet::new();
        for (index, (line, record)) in lines.iter().enumerate() {
            let Some(key) = key_of(record).filter(|(of, _)| *of == group).map(|(_, key)| key)
            else {
                continue;
            };
            let mut found: Option<(i64, &Id)> = None;
            for id in ids.get(&(group, key)).into_iter().flatten() {
                let Some((of, row)) = self.ids.get(id).copied() else { continue };
                let (catalog, scope, value) = id;
                if of != group {
                    return Err(Error::refused(format!(
                        "line {line}: the id {catalog}:{scope}:{value} of \"{key}\" is the id of something else in the catalogue"
                    )));
                }
                match found {
                    Some((other, (catalog_2, scope_2, value_2))) if other != row => {
                        return Err(Error::refused(format!(
                            "line {line}: \"{key}\" is two things in the catalogue: {catalog_2}:{scope_2}:{value_2} is the id of one, {catalog}:{scope}:{value} of the other"
                        )));
                    }
                    _ => found = Some((row, id)),
                }
            }
            self.known[index] = found.map(|(row, _)| row);
            taken.extend(self.known[index]);
        }
        Ok(taken)
    }

    async fn recognise_companies(
        &mut self,
        lines: &[Line],
        ids: &HashMap<(Group, &str), Vec<Id>>,
        mut taken: HashSet<i64>,
        sources: &HashMap<&str, i64>,
    ) -> Result<(), Error> {
        let mut unnamed = Vec::new();
        let mut candidates: HashMap<String, Vec<Candidate>> = HashMap::new();
        for (index, (line, record)) in lines.iter().enumerate() {
            let Record::Company(it) = record else { continue };
            if ids.contains_key(&(Group::Company, it.key.as_str())) {
                continue;
            }
            if !candidates.contains_key(&it.name) {
                let found = self.with::<company::Entity, _>(company::Column::Name, &*it.name);
                let found = found.await?.into_iter().map(|row| Candidate {
                    id: row.id,
                    exact: words((&row.kind, Some(row.source_id))),
                    main: None,
                });
                candidates.insert(it.name.clone(), found.collect());
            }
            let source = sources.get(it.source.as_str());
            unnamed.push((
                index,
                Unnamed {
                    line: *line,
                    key: it.key.clone(),
                    exact: words((&it.kind, source)),
                    main: None,
                    place: it.name.clone(),
                },
            ));
        }
        assign(unnamed, &candidates, &mut taken, &mut self.known)
    }

    async fn recognise_people(
        &mut self,
        lines: &[Line],
        ids: &HashMap<(Group, &str), Vec<Id>>,
        mut taken: HashSet<i64>,
        sources: &HashMap<&str, i64>,
    ) -> Result<(), Error> {
        let mut unnamed = Vec::new();
        let mut candidates: HashMap<String, Vec<Candidate>> = HashMap::new();
        for (index, (line, record)) in lines.iter().enumerate() {
            let Record::Person(it) = record else { continue };
            if ids.contains_key(&(Group::Person, it.key.as_str())) {
                continue;
            }
            let place = words(&it.name);
            if !candidates.contains_key(&place) {
                let found = match &it.name {
                    Some(name) => person::Column::Name.eq(name.as_str()),
                    None => person::Column::Name.is_null(),
                };
                let found = person::Entity::find().filter(found);
                let found = found.order_by_asc(person::Column::Id).all(self.transaction()).await?;
                let found = found.into_iter().map(|row| {
                    let born = row.born_on.map(dates::text);
                    let main = (&born, Some(row.source_id));
                    Candidate {
                        id: row.id,
                        exact: words((main, row.died_on.map(dates::text))),
                        main: row.name.is_some().then(|| words(main)),
                    }
                });
                candidates.insert(place.clone(), found.collect());
            }
            let main = (&it.born, sources.get(it.source.as_str()));
            unnamed.push((
                index,
                Unnamed {
                    line: *line,
                    key: it.key.clone(),
                    exact: words((main, &it.died)),
                    main: it.name.is_some().then(|| words(main)),
                    place,
                },
            ));
        }
        assign(unnamed, &candidates, &mut taken, &mut self.known)
    }

    /// Recognise the productions of which something is seen.
    async fn recognise_productions<'l>(
        &mut self,
        lines: &'l [Line],
        ids: &HashMap<(Group, &str), Vec<Id>>,
        taken: &mut HashSet<i64>,
        sources: &HashMap<&str, i64>,
        see: impl Fn(&'l Record) -> Option<Seen<'l>>,
    ) -> Result<(), Error> {
        let mut unnamed = Vec::new();
        let mut candidates: HashMap<String, Vec<Candidate>> = HashMap::new();
        for (index, (line, record)) in lines.iter().enumerate() {
            let Some(seen) = see(record) else { continue };
            let it = seen.shared;
            if ids.contains_key(&(Group::Production, it.key.as_str())) {
                continue;
            }
            let source = it.sources.0.iter().find_map(|(key, _)| sources.get(key.as_str()));
            let place = words((seen.kind, &it.title, seen.show, source));
            if !candidates.contains_key(&place) {
                let found = self.productions_like(&seen, source.copied()).await?;
                candidates.insert(place.clone(), found);
            }
            let main = words((&it.released, &seen.main));
            let rest = (&it.original_title, &it.synopsis, &it.format, it.runtime_minutes);
            let rating = (it.adult, it.rating_tenths, it.rating_votes);
            unnamed.push((
                index,
                Unnamed {
                    line: *line,
                    key: it.key.clone(),
                    exact: words((&main, rest, rating, &seen.all)),
                    main: Some(main),
                    place,
                },
            ));
        }
        assign(unnamed, &candidates, taken, &mut self.known)
    }

    /// Productions of the kind, title and show of one, with a source that it has too.
    async fn productions_like(
        &self,
        seen: &Seen<'_>,
        source: Option<i64>,
    ) -> Result<Vec<Candidate>, Error> {
        let mut of_source = Query::select();
        of_source.column(production_source::Column::ProductionId).from(production_source::Entity);
        let of_source = match source {
            Some(id) => {
                of_source.and_where(production_source::Column::SourceId.eq(id));
                production::Column::Id.in_subquery(of_source)
            }
            None if seen.shared.sources.is_empty() => {
                production::Column::Id.not_in_subquery(of_source)
            }
            // It has sources, and the catalogue knows none of them.
            None => return Ok(Vec::new()),
        };
        let mut found = production::Entity::find()
            .filter(production::Column::Kind.eq(seen.kind))
            .filter(match &seen.shared.title {
                Some(title) => production::Column::Title.eq(title.as_str()),
                None => production::Column::Title.is_null(),
            })
            .filter(of_source);
        if seen.kind == Kind::Episode {
            let mut of_show = Query::select();
            of_show.column(episode::Column::ProductionId).from(episode::Entity);
            of_show.and_where(match seen.show {
                Some(id) => episode::Column::ShowId.eq(id),
                None => episode::Column::ShowId.is_null(),
            });
            found = found.filter(production::Column::Id.in_subquery(of_show));
        }
        let rows = found.order_by_asc(production::Column::Id).all(self.transaction()).await?;
        let mut candidates = Vec::with_capacity(rows.len());
        for row in rows {
            let (mut all, mut main) = (String::new(), String::new());
            match seen.kind {
                Kind::Film => {}
                Kind::Show => {
                    let show = show::Entity::find_by_id(row.id).one(self.transaction()).await?;
                    if let Some(show) = show {
                        let ended = show.ended_on.map(dates::text);
                        all = words((ended, show.service_id, &show.based_on, &show.premise));
                    }
                }
                Kind::Episode => {
                    let it = episode::Entity::find_by_id(row.id).one(self.transaction()).await?;
                    if let Some(it) = it {
                        all = words((it.show_id, it.season_number, it.episode_number));
                        main = all.clone();
                    }
                }
            }
            let main = words((row.released_on.map(dates::text), &main));
            let rest = (&row.original_title, &row.synopsis, &row.format, row.runtime_minutes);
            let rating = (row.is_adult, row.rating_tenths, row.rating_votes);
            candidates.push(Candidate {
                id: row.id,
                exact: words((&main, rest, rating, all)),
                main: Some(main),
            });
        }
        Ok(candidates)
    }

    async fn put(&mut self, record: Record, known: Option<i64>) -> Result<Outcome, Error> {
        if let Some(id) = known {
            if let Some((group, _)) = key_of(&record) {
                self.old.insert((group, id));
            }
            return match record {
                Record::Source(it) => self.source(id, it).await,
                Record::Genre(it) => {
                    self.writer.genres.put(&it.key, id).map(|()| Outcome::Unchanged)
                }
                Record::Profession(it) => {
                    self.writer.professions.put(&it.key, id).map(|()| Outcome::Unchanged)
                }
                Record::Company(it) => self.company(id, &it),
                Record::Person(it) => self.person(id, it).await,
                Record::Film(it) => {
                    refuse_unknown(&it.unknown)?;
                    self.production(id, Kind::Film, it.production, Own::Film).await
                }
                Record::Show(it) => {
                    refuse_unknown(&it.unknown)?;
                    self.production(id, Kind::Show, it.production.clone(), Own::Show(&it)).await
                }
                Record::Episode(it) => {
                    refuse_unknown(&it.unknown)?;
                    let production = it.production.clone();
                    self.production(id, Kind::Episode, production, Own::Episode(&it)).await
                }
                other => self.writer.put(other).await.map(|()| Outcome::New),
            };
        }
        let is_there = match &record {
            Record::Season(_) => {
                let count = |writer: &Writer<'_>| writer.written.get("season").copied();
                let before = count(self.writer);
                self.writer.put(record).await?;
                let is_new = count(self.writer) != before;
                return Ok(if is_new { Outcome::New } else { Outcome::Unchanged });
            }
            Record::KnownFor(it) => return self.known_for(it).await,
            Record::Credit(it) => self.has_credit(it).await?,
            Record::ProductionCompany(it) => self.has_production_company(it).await?,
            Record::Shot(it) => self.has_shot(it).await?,
            Record::Video(it) => self.has_video(it).await?,
            Record::Award(it) => self.has_award(it).await?,
            Record::ExternalId(it) => self.has_external_id(it)?,
            Record::Title(it) => self.has_title(it).await?,
            Record::Lock(it) => self.has_lock(it).await?,
            Record::Removed(it) => self.has_removed(it),
            _ => false,
        };
        if is_there {
            return Ok(Outcome::Unchanged);
        }
        if let Record::Removed(it) = &record {
            self.removed.insert(removed_id(it));
        }
        self.writer.put(record).await?;
        Ok(Outcome::New)
    }

    /// The fields of a thing that were set by hand.
    async fn locks(&self, entity: &str, id: i64) -> Result<HashSet<String>, Error> {
        let locks = field_lock::Entity::find()
            .filter(field_lock::Column::Entity.eq(entity))
            .filter(field_lock::Column::EntityId.eq(id));
        let locks = locks.all(self.transaction()).await?;
        Ok(locks.into_iter().map(|lock| lock.field).collect())
    }

    fn wrote(&mut self, table: &'static str) {
        *self.writer.written.entry(table).or_default() += 1;
    }

    async fn source(&mut self, id: i64, it: Source) -> Result<Outcome, Error> {
        self.writer.sources.put(&it.key, id)?;
        let Some(row) = source::Entity::find_by_id(id).one(self.transaction()).await? else {
            return Ok(Outcome::Unchanged);
        };
        let retrieved = date(it.retrieved.as_ref())?;
        let locks = self.locks("source", id).await?;
        let mut fill = Fill::new(&locks);
        let row = source::ActiveModel {
            id: Unchanged(id),
            licence: fill.field("licence", &row.licence, &it.licence),
            attribution: fill.field("attribution", &row.attribution, &it.attribution),
            url: fill.field("url", &row.url, &it.url),
            retrieved_on: fill.field("retrieved", &row.retrieved_on, &retrieved),
            ..Default::default()
        };
        let is_filled = !fill.filled.is_empty();
        if is_filled {
            row.update(self.transaction()).await?;
            self.wrote("source");
        }
        Ok(Outcome::filled(is_filled))
    }

    /// Nothing of a company can be unknown.
    fn company(&mut self, id: i64, it: &Company) -> Result<Outcome, Error> {
        self.writer.sources.get(&it.source)?;
        self.writer.companies.put(&it.key, id)?;
        Ok(Outcome::Unchanged)
    }

    async fn person(&mut self, id: i64, it: Person) -> Result<Outcome, Error> {
        let source_id = self.writer.sources.get(&it.source)?;
        self.writer.people.put(&it.key, id)?;
        let Some(row) = person::Entity::find_by_id(id).one(self.transaction()).await? else {
            return Ok(Outcome::Unchanged);
        };
        let (born, died) = (date(it.born.as_ref())?, date(it.died.as_ref())?);
        let locks = self.locks("person", id).await?;
        let mut fill = Fill::new(&locks);
        let mut new = person::ActiveModel {
            id: Unchanged(id),
            name: fill.field("name", &row.name, &it.name),
            born_on: fill.field("born", &row.born_on, &born),
            died_on: fill.field("died", &row.died_on, &died),
            ..Default::default()
        };
        if let Set(Some(name)) = &new.name {
            new.name_key = Set(Some(collation::key(name)));
        }
        let (mut filled, differing) = (fill.filled, fill.differing);
        if !filled.is_empty() {
            new.update(self.transaction()).await?;
            self.wrote("person");
        }
        let there = person_profession::Column::PersonId;
        let there = self.with::<person_profession::Entity, _>(there, id).await?;
        let mut position = there.iter().map(|row| row.position).max().unwrap_or_default();
        for key in &it.professions {
            let profession_id = self.writer.professions.get(key)?;
            let is_there = there.iter().any(|row| row.profession_id == profession_id);
            if is_there || locks.contains("professions") {
                continue;
            }
            position += 1;
            let row = person_profession::ActiveModel {
                id: NotSet,
                person_id: Set(id),
                profession_id: Set(profession_id),
                position: Set(position),
            };
            self.writer.insert("person_profession", row).await?;
            filled.insert("professions");
        }
        let there = person_source::Column::PersonId;
        let there = self.with::<person_source::Entity, _>(there, id).await?;
        let there = there.into_iter().map(|row| (row.source_id, (row.id, row.fields))).collect();
        let mut facts = self.facts(&it.sources, &there, &filled, &differing)?;
        let is_named = facts.iter().any(|fact| fact.source_id == source_id);
        if source_id != row.source_id && !is_named && !filled.is_empty() {
            // The record's own source gave what was lacking.
            let all = filled.iter().map(|field| (*field).to_owned()).collect();
            let sources = Sources(vec![(it.source.clone(), all)]);
            facts.extend(self.facts(&sources, &there, &filled, &differing)?);
        }
        self.filled.extend(filled.iter().map(|field| (Group::Person, id, *field)));
        let mut is_filled = !filled.is_empty();
        for Fact { id: row_id, source_id, fields } in facts {
            is_filled = true;
            match row_id {
                Some(row_id) => {
                    let row = person_source::ActiveModel {
                        id: Unchanged(row_id),
                        fields: Set(fields),
                        ..Default::default()
                    };
                    row.update(self.transaction()).await?;
                    self.wrote("person_source");
                }
                None => {
                    let row = person_source::ActiveModel {
                        id: NotSet,
                        person_id: Set(id),
                        source_id: Set(source_id),
                        fields: Set(fields),
                    };
                    self.writer.insert("person_source", row).await?;
                }
            }
        }
        Ok(Outcome::filled(is_filled))
    }

    /// What is to be written of sources: what they gave just now, and of those that are new to a
    /// thing, what it has as they say it.
    fn facts(
        &self,
        sources: &Sources,
        there: &HashMap<i64, (i64, String)>,
        filled: &HashSet<&'static str>,
        differing: &HashSet<&'static str>,
    ) -> Result<Vec<Fact>, Error> {
        let mut facts = Vec::new();
        for (key, fields) in &sources.0 {
            let source_id = self.writer.sources.get(key)?;
            match there.get(&source_id) {
                Some((id, text)) => {
                    let mut all: Vec<String> = serde_json::from_str(text).unwrap_or_default();
                    let before = all.len();
                    for field in fields.iter().filter(|field| filled.contains(field.as_str())) {
                        if !all.contains(field) {
                            all.push(field.clone());
                        }
                    }
                    if all.len() > before {
                        facts.push(Fact { id: Some(*id), source_id, fields: json(&all) });
                    }
                }
                None => {
                    let same = fields.iter().filter(|field| !differing.contains(field.as_str()));
                    let same: Vec<String> = same.cloned().collect();
                    if !same.is_empty() || fields.is_empty() {
                        facts.push(Fact { id: None, source_id, fields: json(&same) });
                    }
                }
            }
        }
        Ok(facts)
    }

    async fn production(
        &mut self,
        id: i64,
        kind: Kind,
        it: Production,
        own: Own<'_>,
    ) -> Result<Outcome, Error> {
        let Some(row) = production::Entity::find_by_id(id).one(self.transaction()).await? else {
            return Ok(Outcome::Unchanged);
        };
        if row.kind != kind {
            let kind = match row.kind {
                Kind::Film => "a film",
                Kind::Show => "a show",
                Kind::Episode => "an episode",
            };
            return Err(Error::refused(format!("\"{}\" is {kind} in the catalogue", it.key)));
        }
        let locks = self.locks("production", id).await?;
        let mut fill = Fill::new(&locks);
        let released = date(it.released.as_ref())?;
        let rating = |tenths: Option<i16>, votes: Option<i32>| tenths.zip(votes);
        let (old, new) = (
            rating(row.rating_tenths, row.rating_votes),
            rating(it.rating_tenths, it.rating_votes),
        );
        let mut active = production::ActiveModel {
            id: Unchanged(id),
            title: fill.field("title", &row.title, &it.title),
            original_title: fill.field("original_title", &row.original_title, &it.original_title),
            synopsis: fill.field("synopsis", &row.synopsis, &it.synopsis),
            released_on: fill.field("released", &row.released_on, &released),
            runtime_minutes: fill.field(
                "runtime_minutes",
                &row.runtime_minutes,
                &it.runtime_minutes,
            ),
            ..Default::default()
        };
        // One without the other would say nothing.
        if !locks.contains("rating_votes") && fill.takes("rating_tenths", &old, &new) {
            active.rating_tenths = Set(it.rating_tenths);
            active.rating_votes = Set(it.rating_votes);
            fill.filled.insert("rating_votes");
        } else if new.is_some() && old != new {
            fill.differing.extend(["rating_tenths", "rating_votes"]);
        }
        if row.format != it.format {
            fill.differing.insert("format");
        }
        if row.is_adult != it.adult {
            fill.differing.insert("adult");
        }
        if let Set(Some(title)) = &active.title {
            active.title_key = Set(Some(collation::key(title)));
        }
        let is_dated = active.released_on.is_set();
        let released_on = row.released_on.or(released.filter(|_| is_dated));
        let is_rated = active.rating_votes.is_set();
        let votes = if is_rated { it.rating_votes } else { row.rating_votes };
        if !fill.filled.is_empty() {
            active.update(self.transaction()).await?;
            *self.writer.written.entry("production").or_default() += 1;
        }
        if is_dated {
            self.date_copies(id, released_on).await?;
        }
        if is_rated {
            production_genre::Entity::update_many()
                .col_expr(production_genre::Column::RatingVotes, Expr::value(votes))
                .filter(production_genre::Column::ProductionId.eq(id))
                .exec(self.transaction())
                .await?;
        }
        let (mut filled, mut differing) = (fill.filled, fill.differing);
        match own {
            Own::Film => {}
            Own::Show(it) => self.show(id, it, &locks, &mut filled, &mut differing).await?,
            Own::Episode(it) => {
                self.episode(id, it, &locks, &mut filled, &mut differing).await?;
            }
        }
        let there = production_genre::Column::ProductionId;
        let there = self.with::<production_genre::Entity, _>(there, id).await?;
        let mut position = there.iter().map(|row| row.position).max().unwrap_or_default();
        for key in &it.genres {
            let genre_id = self.writer.genres.get(key)?;
            let is_there = there.iter().any(|row| row.genre_id == genre_id);
            if is_there || locks.contains("genres") {
                continue;
            }
            position += 1;
            let row = production_genre::ActiveModel {
                id: NotSet,
                production_id: Set(id),
                genre_id: Set(genre_id),
                position: Set(position),
                released_on: Set(released_on),
                kind: Set(kind),
                rating_votes: Set(votes),
            };
            self.writer.insert("production_genre", row).await?;
            filled.insert("genres");
            self.grown.insert(id);
        }
        let there = production_source::Column::ProductionId;
        let there = self.with::<production_source::Entity, _>(there, id).await?;
        let there = there.into_iter().map(|row| (row.source_id, (row.id, row.fields))).collect();
        self.filled.extend(filled.iter().map(|field| (Group::Production, id, *field)));
        let mut is_filled = !filled.is_empty();
        let facts = self.facts(&it.sources, &there, &filled, &differing)?;
        for Fact { id: row_id, source_id, fields } in facts {
            is_filled = true;
            match row_id {
                Some(row_id) => {
                    let row = production_source::ActiveModel {
                        id: Unchanged(row_id),
                        fields: Set(fields),
                        ..Default::default()
                    };
                    row.update(self.transaction()).await?;
                    self.wrote("production_source");
                }
                None => {
                    let row = production_source::ActiveModel {
                        id: NotSet,
                        production_id: Set(id),
                        source_id: Set(source_id),
                        fields: Set(fields),
                    };
                    self.writer.insert("production_source", row).await?;
                }
            }
        }
        self.writer.productions.put(&it.key, Placed { id, kind, released_on })?;
        Ok(Outcome::filled(is_filled))
    }

    /// Link tables carry the date of their production.
    async fn date_copies(&mut self, id: i64, released_on: Option<i32>) -> Result<(), Error> {
        let value = || Expr::value(released_on);
        let transaction = self.transaction();
        episode::Entity::update_many()
            .col_expr(episode::Column::ReleasedOn, value())
            .filter(episode::Column::ProductionId.eq(id))
            .exec(transaction)
            .await?;
        credit::Entity::update_many()
            .col_expr(credit::Column::ReleasedOn, value())
            .filter(credit::Column::ProductionId.eq(id))
            .exec(transaction)
            .await?;
        production_genre::Entity::update_many()
            .col_expr(production_genre::Column::ReleasedOn, value())
            .filter(production_genre::Column::ProductionId.eq(id))
            .exec(transaction)
            .await?;
        production_company::Entity::update_many()
            .col_expr(production_company::Column::ReleasedOn, value())
            .filter(production_company::Column::ProductionId.eq(id))
            .exec(transaction)
            .await?;
        Ok(())
    }

    async fn show(
        &mut self,
        id: i64,
        it: &Show,
        locks: &HashSet<String>,
        filled: &mut HashSet<&'static str>,
        differing: &mut HashSet<&'static str>,
    ) -> Result<(), Error> {
        let service_id = self.writer.companies.get_opt(it.service.as_ref())?;
        let ended = date(it.ended.as_ref())?;
        let Some(row) = show::Entity::find_by_id(id).one(self.transaction()).await? else {
            return Ok(());
        };
        let mut fill = Fill::new(locks);
        let row = show::ActiveModel {
            production_id: Unchanged(id),
            ended_on: fill.field("ended", &row.ended_on, &ended),
            service_id: fill.field("service", &row.service_id, &service_id),
            based_on: fill.field("based_on", &row.based_on, &it.based_on),
            premise: fill.field("premise", &row.premise, &it.premise),
        };
        if !fill.filled.is_empty() {
            row.update(self.transaction()).await?;
            *self.writer.written.entry("show").or_default() += 1;
        }
        filled.extend(fill.filled);
        differing.extend(fill.differing);
        Ok(())
    }

    async fn episode(
        &mut self,
        id: i64,
        it: &Episode,
        locks: &HashSet<String>,
        filled: &mut HashSet<&'static str>,
        differing: &mut HashSet<&'static str>,
    ) -> Result<(), Error> {
        let show_id = match &it.show {
            Some(key) => Some(self.writer.production(key, Kind::Show, "a show")?),
            None => None,
        };
        let Some(row) = episode::Entity::find_by_id(id).one(self.transaction()).await? else {
            return Ok(());
        };
        let mut fill = Fill::new(locks);
        let mut new = episode::ActiveModel {
            production_id: Unchanged(id),
            show_id: fill.field("show", &row.show_id, &show_id),
            season_number: fill.field("season", &row.season_number, &it.season),
            episode_number: fill.field("episode", &row.episode_number, &it.episode),
            ..Default::default()
        };
        let show_id = if new.show_id.is_set() { show_id } else { row.show_id };
        let number = if new.season_number.is_set() { it.season } else { row.season_number };
        let (is_filled, is_placed) =
            (!fill.filled.is_empty(), new.show_id.is_set() || new.season_number.is_set());
        filled.extend(fill.filled);
        differing.extend(fill.differing);
        if is_placed && let Some((show_id, number)) = show_id.zip(number) {
            new.season_id = Set(Some(self.writer.season(show_id, number).await?));
        }
        if is_filled {
            new.update(self.transaction()).await?;
            self.wrote("episode");
        }
        Ok(())
    }

    /// Whether something that a record names was there before this file.
    fn is_old(&self, group: Group, id: i64) -> bool {
        self.old.contains(&(group, id))
    }

    /// Take a row that says this from those of a place, if there is one.
    fn take(&mut self, place: &Place, words: &str) -> Option<i64> {
        self.rows.get_mut(place)?.get_mut(words)?.pop()
    }

    fn keep(&mut self, place: Place, rows: Vec<(i64, String)>) {
        let mut said: HashMap<String, Vec<i64>> = HashMap::new();
        for (id, words) in rows.into_iter().rev() {
            said.entry(words).or_default().push(id);
        }
        self.rows.insert(place, said);
    }

    /// Note which credits of a production were set or taken out by hand.
    async fn credits_by_hand(&mut self, id: i64, rows: &[credit::Model]) -> Result<(), Error> {
        let ids = credit::Entity::find()
            .select_only()
            .column(credit::Column::Id)
            .filter(credit::Column::ProductionId.eq(id));
        let locks = field_lock::Entity::find()
            .filter(field_lock::Column::Entity.eq(Entity::Credit.table()))
            .filter(field_lock::Column::EntityId.in_subquery(ids.into_query()));
        let locks = locks.all(self.transaction()).await?;
        let is_set = |row: &&credit::Model| locks.iter().any(|lock| lock.entity_id == row.id);
        for row in rows.iter().filter(is_set) {
            *self.set.entry((id, row.person_id, row.role.clone())).or_default() += 1;
        }
        for field in self.locks(Entity::Production.table(), id).await? {
            if let Some((person_id, role)) = edit::credit_of_lock(&field) {
                self.taken_out.insert((id, person_id, role.to_owned()));
            }
        }
        Ok(())
    }

    async fn has_credit(&mut self, it: &Credit) -> Result<bool, Error> {
        let id = self.writer.productions.get(&it.production)?.id;
        let person_id = self.writer.people.get(&it.person)?;
        let source_id = self.writer.sources.get(&it.source)?;
        if !self.is_old(Group::Production, id) {
            return Ok(false);
        }
        let place = ("credit", id, String::new());
        if !self.rows.contains_key(&place) {
            let rows = self.with::<credit::Entity, _>(credit::Column::ProductionId, id).await?;
            self.credits_by_hand(id, &rows).await?;
            let rows = rows.into_iter().map(|row| {
                let what = (&row.role, &row.category, &row.job, &row.characters);
                let place = (row.position, row.is_billed, row.crew_position);
                (row.id, words((row.person_id, what, place, row.source_id)))
            });
            self.keep(place.clone(), rows.collect());
        }
        let what = (&it.role, &it.category, &it.job, json(&it.characters));
        let where_ = (it.position, it.billed, it.crew_position);
        let is_there = self.take(&place, &words((person_id, what, where_, source_id))).is_some();
        let key = (id, person_id, it.role.clone());
        if is_there || self.taken_out.contains(&key) {
            return Ok(true);
        }
        // Set by hand, it no longer says what the record says.
        if let Some(count) = self.set.get_mut(&key).filter(|count| **count > 0) {
            *count -= 1;
            return Ok(true);
        }
        self.added.insert(key);
        self.grown.insert(id);
        Ok(false)
    }

    /// A company has a role in a production once.
    async fn has_production_company(&mut self, it: &ProductionCompany) -> Result<bool, Error> {
        let id = self.writer.productions.get(&it.production)?.id;
        let company_id = self.writer.companies.get(&it.company)?;
        self.writer.sources.get(&it.source)?;
        if !self.is_old(Group::Production, id) {
            return Ok(false);
        }
        let place = ("production_company", id, String::new());
        if !self.rows.contains_key(&place) {
            let column = production_company::Column::ProductionId;
            let rows = self.with::<production_company::Entity, _>(column, id).await?;
            let rows = rows.into_iter().map(|row| (row.id, words((row.company_id, &row.role))));
            self.keep(place.clone(), rows.collect());
        }
        Ok(self.take(&place, &words((company_id, &it.role))).is_some())
    }

    async fn has_title(&mut self, it: &Title) -> Result<bool, Error> {
        let id = self.writer.productions.get(&it.production)?.id;
        let source_id = self.writer.sources.get(&it.source)?;
        if !self.is_old(Group::Production, id) {
            return Ok(false);
        }
        let place = ("title_name", id, String::new());
        if !self.rows.contains_key(&place) {
            let column = title_name::Column::ProductionId;
            let rows = self.with::<title_name::Entity, _>(column, id).await?;
            let rows = rows.into_iter().map(|row| {
                let what = (&row.text, &row.region, &row.language, &row.kinds, &row.attributes);
                (row.id, words((what, row.is_original, row.position, row.source_id)))
            });
            self.keep(place.clone(), rows.collect());
        }
        let (kinds, attributes) = (json(&it.kinds), json(&it.attributes));
        let what = (&it.text, &it.region, &it.language, kinds, attributes);
        let what = words((what, it.original, it.position, source_id));
        let is_there = self.take(&place, &what).is_some();
        if !is_there {
            self.grown.insert(id);
        }
        Ok(is_there)
    }

    async fn has_video(&mut self, it: &Video) -> Result<bool, Error> {
        let id = self.writer.productions.get(&it.production)?.id;
        let publisher_id = self.writer.companies.get_opt(it.publisher.as_ref())?;
        let source_id = self.writer.sources.get(&it.source)?;
        if !self.is_old(Group::Production, id) {
            return Ok(false);
        }
        let place = ("video", id, String::new());
        if !self.rows.contains_key(&place) {
            let rows = self.with::<video::Entity, _>(video::Column::ProductionId, id).await?;
            let rows = rows.into_iter().map(|row| {
                let what = (&row.kind, &row.title, &row.description);
                (row.id, words((what, row.publisher_id, row.source_id)))
            });
            self.keep(place.clone(), rows.collect());
        }
        let what = (&it.kind, &it.title, &it.description);
        Ok(self.take(&place, &words((what, publisher_id, source_id))).is_some())
    }

    async fn has_shot(&mut self, it: &Shot) -> Result<bool, Error> {
        let film_id = self.writer.production(&it.film, Kind::Film, "a film")?;
        let episode_id = match &it.episode {
            Some(key) => Some(self.writer.production(key, Kind::Episode, "an episode")?),
            None => None,
        };
        let directors = it.directors.iter().map(|key| self.writer.people.get(key));
        let directors: Vec<i64> = directors.collect::<Result<_, _>>()?;
        let source_id = self.writer.sources.get(&it.source)?;
        if !self.is_old(Group::Production, film_id) {
            return Ok(false);
        }
        let place = ("shot", film_id, String::new());
        if !self.rows.contains_key(&place) {
            let mut rows = Vec::new();
            for row in self.with::<shot::Entity, _>(shot::Column::FilmId, film_id).await? {
                let directors = shot_director::Entity::find()
                    .filter(shot_director::Column::ShotId.eq(row.id))
                    .order_by_asc(shot_director::Column::Position)
                    .order_by_asc(shot_director::Column::Id)
                    .all(self.transaction())
                    .await?;
                let directors: Vec<i64> = directors.iter().map(|row| row.person_id).collect();
                let what = (&row.title, &row.description, directors);
                let place = (row.position, row.starts_at_ms, row.ends_at_ms);
                rows.push((row.id, words((row.episode_id, what, place, row.source_id))));
            }
            self.keep(place.clone(), rows);
        }
        let what = (&it.title, &it.description, directors);
        let where_ = (it.position, it.starts_at_ms, it.ends_at_ms);
        match self.take(&place, &words((episode_id, what, where_, source_id))) {
            Some(id) => self.writer.shots.put(&it.key, id).map(|()| true),
            None => Ok(false),
        }
    }

    async fn has_award(&mut self, it: &Award) -> Result<bool, Error> {
        let productions = it.production.iter().chain(&it.productions);
        let productions = productions.map(|key| Ok(self.writer.productions.get(key)?.id));
        let productions: Vec<i64> = productions.collect::<Result<_, Error>>()?;
        let people =
            it.people.iter().map(|one| Ok((self.writer.people.get(one.key())?, one.name())));
        let people: Vec<(i64, Option<&String>)> = people.collect::<Result<_, Error>>()?;
        let companies =
            it.companies.iter().map(|one| Ok((self.writer.companies.get(one.key())?, one.name())));
        let companies: Vec<(i64, Option<&String>)> = companies.collect::<Result<_, Error>>()?;
        let source_id = self.writer.sources.get(&it.source)?;
        if productions.iter().any(|id| !self.is_old(Group::Production, *id)) {
            return Ok(false);
        }
        // Those of no production are looked for among those of the body.
        let place = match productions.first() {
            Some(id) => ("award", *id, String::new()),
            None => ("award", 0, it.body.clone()),
        };
        if !self.rows.contains_key(&place) {
            let mut found = award::Entity::find().order_by_asc(award::Column::Id);
            let first = award_production::Column::Position.eq(1);
            let link = award_production::Entity::find()
                .select_only()
                .column(award_production::Column::AwardId);
            found = match productions.first() {
                Some(id) => {
                    let link = link.filter(award_production::Column::ProductionId.eq(*id));
                    found.filter(award::Column::Id.in_subquery(link.filter(first).into_query()))
                }
                None => found
                    .filter(award::Column::Id.not_in_subquery(link.into_query()))
                    .filter(award::Column::Body.eq(it.body.as_str())),
            };
            let mut rows = Vec::new();
            for row in found.all(self.transaction()).await? {
                let people: Vec<(i64, Option<String>)> = award_person::Entity::find()
                    .select_only()
                    .columns([award_person::Column::PersonId, award_person::Column::Name])
                    .filter(award_person::Column::AwardId.eq(row.id))
                    .order_by_asc(award_person::Column::Position)
                    .order_by_asc(award_person::Column::Id)
                    .into_tuple()
                    .all(self.transaction())
                    .await?;
                let companies: Vec<(i64, Option<String>)> = award_company::Entity::find()
                    .select_only()
                    .columns([award_company::Column::CompanyId, award_company::Column::Name])
                    .filter(award_company::Column::AwardId.eq(row.id))
                    .order_by_asc(award_company::Column::Position)
                    .order_by_asc(award_company::Column::Id)
                    .into_tuple()
                    .all(self.transaction())
                    .await?;
                let productions: Vec<i64> = award_production::Entity::find()
                    .select_only()
                    .column(award_production::Column::ProductionId)
                    .filter(award_production::Column::AwardId.eq(row.id))
                    .order_by_asc(award_production::Column::Position)
                    .order_by_asc(award_production::Column::Id)
                    .into_tuple()
                    .all(self.transaction())
                    .await?;
                let what = (&row.body, &row.category, row.year, row.ceremony, &row.status);
                let words_of =
                    (&row.class, &row.canonical_category, &row.name, &row.note, &row.citation);
                let links = (productions, people, companies);
                rows.push((row.id, words((what, links, &row.detail, words_of, row.source_id))));
            }
            self.keep(place.clone(), rows);
        }
        let what = (&it.body, &it.category, it.year, it.ceremony, &it.status);
        let words_of = (&it.class, &it.canonical_category, &it.name, &it.note, &it.citation);
        let links = (productions, people, companies);
        let it = words((what, links, &it.detail, words_of, source_id));
        Ok(self.take(&place, &it).is_some())
    }

    fn has_external_id(&self, it: &ExternalId) -> Result<bool, Error> {
        self.writer.sources.get(&it.source)?;
        let of = match &it.of {
            Subject::Production(key) => (Group::Production, self.writer.productions.get(key)?.id),
            Subject::Person(key) => (Group::Person, self.writer.people.get(key)?),
            Subject::Company(key) => (Group::Company, self.writer.companies.get(key)?),
        };
        let id = (it.catalog.clone(), it.scope.clone(), it.value.clone());
        match self.ids.get(&id) {
            None if self.removed.contains(&id) => {
                let (catalog, scope, value) = id;
                Err(Error::refused(format!(
                    "{catalog}:{scope}:{value} was taken out by hand: `edit unlock` lets it return"
                )))
            }
            None => Ok(false),
            Some(known) if *known == of => Ok(true),
            Some(_) => {
                let (catalog, scope, value) = id;
                Err(Error::refused(format!(
                    "{catalog}:{scope}:{value} is the id of something else in the catalogue"
                )))
            }
        }
    }

    /// Whether a lock is there, or is on something that keeps the value that it had before.
    async fn has_lock(&self, it: &Lock) -> Result<bool, Error> {
        let (people, productions) = (&self.writer.people, &self.writer.productions);
        if let (Some(production), Some(person), Some(role)) = (&it.production, &it.person, &it.role)
        {
            if let Some(field) = &it.field {
                Entity::Credit.check_lock(field)?;
            }
            let key = (productions.get(production)?.id, people.get(person)?, role.clone());
            let is_kept = self.is_old(Group::Production, key.0) && !self.added.contains(&key);
            if is_kept && (it.field.is_some() || self.is_credited(&key).await?) {
                return Ok(true);
            }
        }
        let (target, field) = self.writer.lock_target(it).await?;
        let group = match target.entity {
            Entity::Production if it.role.is_none() => Some(Group::Production),
            Entity::Person => Some(Group::Person),
            _ => None,
        };
        let is_kept = group.is_some_and(|group| {
            let is_filled = |field: &str| {
                let mut filled = self.filled.iter();
                filled.any(|(of, id, name)| (*of, *id, *name) == (group, target.id, field))
            };
            self.is_old(group, target.id) && !is_filled(&field)
        });
        Ok(is_kept || self.locks(target.entity.table(), target.id).await?.contains(&field))
    }

    async fn is_credited(
        &self,
        (production_id, person_id, role): &CreditKey,
    ) -> Result<bool, Error> {
        let credits = credit::Entity::find()
            .filter(credit::Column::ProductionId.eq(*production_id))
            .filter(credit::Column::PersonId.eq(*person_id))
            .filter(credit::Column::Role.eq(role.as_str()));
        Ok(credits.one(self.transaction()).await?.is_some())
    }

    /// Whether that is known, or the thing is there all the same.
    fn has_removed(&self, it: &Removed) -> bool {
        let id = removed_id(it);
        self.removed.contains(&id) || self.ids.contains_key(&id)
    }

    /// What a person is known for besides what is there.
    async fn known_for(&mut self, it: &KnownFor) -> Result<Outcome, Error> {
        let person_id = self.writer.people.get(&it.person)?;
        if !self.is_old(Group::Person, person_id) {
            self.writer.put(Record::KnownFor(it.clone())).await?;
            return Ok(Outcome::New);
        }
        let there = self.with::<known_for::Entity, _>(known_for::Column::PersonId, person_id);
        let there = there.await?;
        let mut position = there.iter().map(|row| row.position).max().unwrap_or_default();
        let is_known = !there.is_empty();
        let mut is_filled = false;
        for key in &it.productions {
            let production_id = self.writer.productions.get(key)?.id;
            if there.iter().any(|row| row.production_id == production_id) {
                continue;
            }
            position += 1;
            let row = known_for::ActiveModel {
                id: NotSet,
                person_id: Set(person_id),
                production_id: Set(production_id),
                position: Set(position),
            };
            self.writer.insert("known_for", row).await?;
            is_filled = true;
        }
        match is_filled && !is_known {
            true => Ok(Outcome::New),
            false => Ok(Outcome::filled(is_filled)),
        }
    }
}

fn removed_id(it: &Removed) -> Id {
    (it.catalog.clone(), it.scope.clone(), it.value.clone())
}

/// What only one kind of productions has.
enum Own<'r> {
    Film,
    Show(&'r Show),
    Episode(&'r Episode),
}

/// What is to be written of what a source gave: into a row, or into a new one.
struct Fact {
    id: Option<i64>,
    source_id: i64,
    fields: String,
}

/// Fills in what is not known and was not set by hand.
struct Fill<'l> {
    locks: &'l HashSet<String>,
    filled: HashSet<&'static str>,
    /// What a record says otherwise than the catalogue.
    differing: HashSet<&'static str>,
}

impl<'l> Fill<'l> {
    fn new(locks: &'l HashSet<String>) -> Self {
        Self { locks, filled: HashSet::new(), differing: HashSet::new() }
    }

    fn field<T>(
        &mut self,
        name: &'static str,
        old: &Option<T>,
        new: &Option<T>,
    ) -> ActiveValue<Option<T>>
    where
        T: Clone + PartialEq,
        Option<T>: Into<Value>,
    {
        if self.takes(name, old, new) { Set(new.clone()) } else { NotSet }
    }

    /// Whether the new value is to be filled in.
    fn takes<T: PartialEq>(
        &mut self,
        name: &'static str,
        old: &Option<T>,
        new: &Option<T>,
    ) -> bool {
        if new.is_none() || old == new {
            return false;
        }
        let takes = old.is_none() && !self.locks.contains(name);
        if takes {
            self.filled.insert(name);
        } else {
            self.differing.insert(name);
        }
        takes
    }
}

/// The group and the key of a record that other catalogues may know.
fn key_of(record: &Record) -> Option<(Group, &str)> {
    match record {
        Record::Company(it) => Some((Group::Company, &it.key)),
        Record::Person(it) => Some((Group::Person, &it.key)),
        Record::Film(it) => Some((Group::Production, &it.production.key)),
        Record::Show(it) => Some((Group::Production, &it.production.key)),
        Record::Episode(it) => Some((Group::Production, &it.production.key)),
        _ => None,
    }
}
