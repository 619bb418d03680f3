//! Whether what a source names is there already.
//!
//! A list names films and people by words, and words are not identity: there are several "Wonder
//! Woman" and several "Michael Mann". So:
//!
//! - The id of another catalogue decides, where the source has one.
//! - Without one a film is the film of the same title (case and accents do not count) and the same
//!   year, to the year, that has somebody in common with it; the one with the most, if several have.
//!   Where there is only one film of this title and year, it is also enough that nothing speaks
//!   against it: that there is no role for which both name people. A film that has another id in the
//!   source's own id space is another film.
//! - Whoever a list names without an id is a person who is there only if that person is already
//!   credited on the very film, or named by an award for it. Otherwise it is a person of that source
//!   alone, one for each name: as far as the source tells people apart. The same name of other sources
//!   stays another person; no import joins two people because of their names. And where the catalogue
//!   has several people of the name from elsewhere, the source's word for it tells nothing: then there
//!   is one person for each film.
//!
//! What was done by hand wins: an id whose thing was taken out names nothing that may be brought back,
//! a locked field stays as it is, and so does a credit that was taken out.
//!
//! What follows: people may be there twice, once for each source, until an id joins them, and two
//! people of one name whom one list never tells apart are one person of that list. Lists that have ids
//! are best imported after those that have none: they find the people of the films and give them ids.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::{
    award, award_company, award_person, award_production, company, credit, external_id, field_lock,
    person, production, production_company, production_genre, retired,
};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
};

use crate::catalog::collation;
use crate::catalog::edit::{self, Entity};
use crate::error::Error;

/// Values that one statement compares with.
const VALUES: usize = 1000;

/// An id space of another catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    /// The catalogue.
    pub catalog: &'static str,
    /// Which of its ids.
    pub scope: &'static str,
}

/// Somebody or a company on a film.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its id.
    pub id: i64,
    /// Its name as it is compared.
    pub name_key: String,
    /// The role; none where that is not known.
    pub role: Option<String>,
}

/// A production that is there.
#[derive(Clone, Debug)]
pub struct Known {
    /// What it is: only films are found by their titles.
    pub kind: production::Kind,
    /// Its title as it is compared.
    pub title_key: String,
    /// The year of its release.
    pub released_on: Option<i32>,
    /// How many voted for it.
    pub rating_votes: Option<i32>,
    /// Whether it has a text.
    pub has_synopsis: bool,
    /// Whether it has genres.
    pub has_genres: bool,
    /// Its ids in the source's id space.
    pub ids: Vec<String>,
    /// The people on it.
    pub people: Vec<Member>,
    /// The companies behind it.
    pub companies: Vec<Member>,
    /// The fields that were set by hand.
    pub locks: HashSet<String>,
    /// The people whose credits on it were taken out by hand.
    pub taken_out: Vec<Member>,
}

impl Known {
    /// Whether the field may be filled in: it is missing, and nobody has set it by hand.
    pub fn lacks(&self, field: &str, is_missing: bool) -> bool {
        is_missing && !self.locks.contains(field)
    }

    /// Whether a credit of somebody of this name was taken out by hand.
    pub fn is_taken_out(&self, name: &str, role: &str) -> bool {
        let of_role = self.taken_out.iter().filter(|it| it.role.as_deref() == Some(role));
        on_film(of_role, name, Some(role)) != OnFilm::Nobody
    }

    /// The year of its release.
    pub fn year(&self) -> Option<i32> {
        self.released_on.map(|date| date / 10_000)
    }
}

/// A film as a source names it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its title as it is compared.
    pub title_key: String,
    /// The years in which it may have been released: as exact as the source is.
    pub years: BTreeSet<i32>,
    /// The source's id of it.
    pub id: Option<String>,
    /// The people on it: names as they are compared, and roles.
    pub people: Vec<(String, Option<String>)>,
}

/// Which film it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This one.
    One(i64),
    /// None that is there.
    New,
    /// None that is there, although these have the same title and year: others made them.
    Apart(Vec<i64>),
    /// One of these, or none.
    Unclear(Vec<i64>),
    /// One that was taken out by hand.
    Removed,
}

/// The productions that a source may mean.
pub struct Films {
    films: HashMap<i64, Known>,
    by_id: HashMap<String, i64>,
    by_title: HashMap<(String, i32), Vec<i64>>,
    /// Ids of what was taken out by hand.
    removed: HashSet<String>,
}

impl Films {
    /// Read those with one of these ids or of these titles.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn read(
        transaction: &DatabaseTransaction,
        space: Space,
        ids: &BTreeSet<String>,
        titles: &BTreeSet<String>,
    ) -> Result<Self, Error> {
        let mut found = BTreeSet::new();
        for some in chunks(ids) {
            let query = external_id::Entity::find()
                .select_only()
                .column(external_id::Column::ProductionId)
                .filter(external_id::Column::Catalog.eq(space.catalog))
                .filter(external_id::Column::Scope.eq(space.scope))
                .filter(external_id::Column::Value.is_in(some));
            let rows: Vec<Option<i64>> = query.into_tuple().all(transaction).await?;
            found.extend(rows.into_iter().flatten());
        }
        for some in chunks(titles) {
            let query = production::Entity::find()
                .select_only()
                .column(production::Column::Id)
                .filter(production::Column::Kind.eq(production::Kind::Film))
                .filter(production::Column::TitleKey.is_in(some));
            let rows: Vec<i64> = query.into_tuple().all(transaction).await?;
            found.extend(rows);
        }
        let mut films = Self {
            films: HashMap::new(),
            by_id: HashMap::new(),
            by_title: HashMap::new(),
            removed: removed(transaction, space, ids).await?,
        };
        for some in chunks(&found) {
            for (id, known) in productions(transaction, space, &some).await? {
                films.add(id, known);
            }
        }
        Ok(films)
    }

    /// Count in a film, one that was read or a new one.
    pub fn add(&mut self, id: i64, film: Known) {
        for value in &film.ids {
            self.by_id.insert(value.clone(), id);
        }
        if let (true, Some(year)) = (film.kind == production::Kind::Film, film.year()) {
            self.by_title.entry((film.title_key.clone(), year)).or_default().push(id);
        }
        self.films.insert(id, film);
    }

    /// Note that a film has an id in the source's id space.
    pub fn add_id(&mut self, id: i64, value: &str) {
        self.by_id.insert(value.to_owned(), id);
        if let Some(film) = self.films.get_mut(&id) {
            film.ids.push(value.to_owned());
        }
    }

    /// A film.
    pub fn get(&self, id: i64) -> Option<&Known> {
        self.films.get(&id)
    }

    /// A film, to note what it gets.
    pub fn get_mut(&mut self, id: i64) -> Option<&mut Known> {
        self.films.get_mut(&id)
    }

    /// The film with an id in the source's id space.
    pub fn by_id(&self, value: &str) -> Option<i64> {
        self.by_id.get(value).copied()
    }

    /// Which film it is.
    pub fn find(&self, named: &Named) -> Found {
        if let Some(id) = named.id.as_ref().and_then(|value| self.by_id(value)) {
            return Found::One(id);
        }
        if named.id.as_ref().is_some_and(|value| self.removed.contains(value)) {
            return Found::Removed;
        }
        let mut fitting = Vec::new();
        for year in &named.years {
            let some = self.by_title.get(&(named.title_key.clone(), *year));
            fitting.extend(some.into_iter().flatten().copied());
        }
        let films = fitting.iter().filter_map(|id| Some((*id, self.films.get(id)?)));
        let films: Vec<_> =
            films.filter(|(_, film)| named.id.is_none() || film.ids.is_empty()).collect();
        // Whoever took a credit out did not say that it is another film.
        let common = |film: &Known| {
            let is_on = |name: &String| {
                film.people.iter().chain(&film.taken_out).any(|member| member.name_key == *name)
            };
            named.people.iter().filter(|(name, _)| is_on(name)).count()
        };
        let counts: Vec<_> = films.iter().map(|(id, film)| (*id, common(film))).collect();
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
        let ids = |keep: &dyn Fn(usize) -> bool| -> Vec<i64> {
            counts.iter().filter(|(_, count)| keep(*count)).map(|(id, _)| *id).collect()
        };
        if most > 0 {
            return match *ids(&|count| count == most) {
                [id] => Found::One(id),
                ref several => Found::Unclear(several.to_vec()),
            };
        }
        let contradicts = |film: &Known| {
            named.people.iter().any(|(_, role)| {
                role.is_some() && film.people.iter().any(|member| member.role == *role)
            })
        };
        let open: Vec<_> = films.iter().filter(|(_, film)| !contradicts(film)).collect();
        match (&*films, &*open) {
            ([], _) => Found::New,
            ([_], [(id, _)]) => Found::One(*id),
            (_, []) => Found::Apart(ids(&|_| true)),
            _ => Found::Unclear(open.iter().map(|(id, _)| *id).collect()),
        }
    }
}

fn chunks<T: Clone>(values: &BTreeSet<T>) -> impl Iterator<Item = Vec<T>> {
    let mut values = values.iter();
    std::iter::from_fn(move || {
        let some: Vec<T> = values.by_ref().take(VALUES).cloned().collect();
        (!some.is_empty()).then_some(some)
    })
}

/// Those of the ids whose things were taken out by hand.
async fn removed(
    transaction: &DatabaseTransaction,
    space: Space,
    ids: &BTreeSet<String>,
) -> Result<HashSet<String>, Error> {
    let mut removed = HashSet::new();
    for some in chunks(ids) {
        let query = retired::Entity::find()
            .select_only()
            .column(retired::Column::Value)
            .filter(retired::Column::Catalog.eq(space.catalog))
            .filter(retired::Column::Scope.eq(space.scope))
            .filter(retired::Column::IsByHand.eq(true))
            .filter(retired::Column::Value.is_in(some));
        removed.extend(query.into_tuple::<String>().all(transaction).await?);
    }
    Ok(removed)
}

/// The productions with these keys, with what hangs on them.
async fn productions(
    transaction: &DatabaseTransaction,
    space: Space,
    keys: &[i64],
) -> Result<Vec<(i64, Known)>, Error> {
    let keys = || keys.iter().copied();
    let rows = production::Entity::find()
        .filter(production::Column::Id.is_in(keys()))
        .order_by_asc(production::Column::Id)
        .all(transaction)
        .await?;
    let mut all: Vec<_> = rows
        .into_iter()
        .map(|row| {
            let known = Known {
                kind: row.kind,
                title_key: row.title_key.unwrap_or_default(),
                released_on: row.released_on,
                rating_votes: row.rating_votes,
                has_synopsis: row.synopsis.is_some(),
                has_genres: false,
                ids: Vec::new(),
                people: Vec::new(),
                companies: Vec::new(),
                locks: HashSet::new(),
                taken_out: Vec::new(),
            };
            (row.id, known)
        })
        .collect();
    let places: HashMap<i64, usize> = all.iter().map(|(id, _)| *id).zip(0..).collect();

    let query = production_genre::Entity::find()
        .select_only()
        .column(production_genre::Column::ProductionId)
        .filter(production_genre::Column::ProductionId.is_in(keys()));
    let rows: Vec<i64> = query.into_tuple().all(transaction).await?;
    for place in rows.iter().filter_map(|id| places.get(id)) {
        all[*place].1.has_genres = true;
    }

    let query = external_id::Entity::find()
        .select_only()
        .columns([external_id::Column::ProductionId, external_id::Column::Value])
        .filter(external_id::Column::Catalog.eq(space.catalog))
        .filter(external_id::Column::Scope.eq(space.scope))
        .filter(external_id::Column::ProductionId.is_in(keys()));
    let rows: Vec<(i64, String)> = query.into_tuple().all(transaction).await?;
    for (id, value) in rows {
        if let Some(place) = places.get(&id) {
            all[*place].1.ids.push(value);
        }
    }

    let query = credit::Entity::find()
        .select_only()
        .columns([credit::Column::ProductionId, credit::Column::PersonId])
        .column(person::Column::NameKey)
        .column(credit::Column::Role)
        .join(JoinType::InnerJoin, credit::Relation::Person.def())
        .filter(credit::Column::ProductionId.is_in(keys()))
        .order_by_asc(credit::Column::Id);
    let mut people: Vec<(i64, i64, Option<String>, Option<String>)> =
        query.into_tuple().all(transaction).await?;
    let query = award_production::Entity::find()
        .select_only()
        .column(award_production::Column::ProductionId)
        .column(award_person::Column::PersonId)
        .column(person::Column::NameKey)
        .column(award::Column::Category)
        .join(JoinType::InnerJoin, award_production::Relation::Award.def())
        .join(JoinType::InnerJoin, award_person::Relation::Award.def().rev())
        .join(JoinType::InnerJoin, award_person::Relation::Person.def())
        .filter(award_production::Column::ProductionId.is_in(keys()))
        .order_by_asc(award_person::Column::Id);
    let rows: Vec<(i64, i64, Option<String>, Option<String>)> =
        query.into_tuple().all(transaction).await?;
    people.extend(rows.into_iter().map(|(production, id, name, category)| {
        (production, id, name, category.as_deref().and_then(role_of_category).map(str::to_owned))
    }));
    for (production, id, name, role) in people {
        if let (Some(place), Some(name_key)) = (places.get(&production), name) {
            all[*place].1.people.push(Member { id, name_key, role });
        }
    }

    let query = production_company::Entity::find()
        .select_only()
        .columns([production_company::Column::ProductionId, production_company::Column::CompanyId])
        .column(company::Column::NameKey)
        .join(JoinType::InnerJoin, production_company::Relation::Company.def())
        .filter(production_company::Column::ProductionId.is_in(keys()));
    let mut companies: Vec<(i64, i64, Option<String>)> =
        query.into_tuple().all(transaction).await?;
    let query = award_production::Entity::find()
        .select_only()
        .column(award_production::Column::ProductionId)
        .column(award_company::Column::CompanyId)
        .column(company::Column::NameKey)
        .join(JoinType::InnerJoin, award_production::Relation::Award.def())
        .join(JoinType::InnerJoin, award_company::Relation::Award.def().rev())
        .join(JoinType::InnerJoin, award_company::Relation::Company.def())
        .filter(award_production::Column::ProductionId.is_in(keys()));
    let rows: Vec<(i64, i64, Option<String>)> = query.into_tuple().all(transaction).await?;
    companies.extend(rows);
    for (production, id, name) in companies {
        if let (Some(place), Some(name_key)) = (places.get(&production), name) {
            all[*place].1.companies.push(Member { id, name_key, role: None });
        }
    }

    let query = field_lock::Entity::find()
        .filter(field_lock::Column::Entity.eq(Entity::Production.table()))
        .filter(field_lock::Column::EntityId.is_in(keys()));
    for lock in query.all(transaction).await? {
        let Some(place) = places.get(&lock.entity_id) else { continue };
        let film = &mut all[*place].1;
        if let Some((id, role)) = edit::credit_of_lock(&lock.field) {
            let name = person::Entity::find_by_id(id).one(transaction).await?;
            if let Some(name_key) = name.and_then(|person| person.name_key) {
                let role = Some(role.to_owned());
                film.taken_out.push(Member { id, name_key, role });
            }
        }
        film.locks.insert(lock.field);
    }
    Ok(all)
}

/// The role of those whom a category of an award names, where it is one.
pub fn role_of_category(category: &str) -> Option<&'static str> {
    match category.split([' ', '(']).next() {
        Some("ACTOR" | "ACTRESS") => Some("actor"),
        Some("DIRECTING") => Some("director"),
        _ => None,
    }
}

/// Which kind of row has names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// People.
    Person,
    /// Companies.
    Company,
}

/// The people, or the companies, that a source may mean.
#[derive(Default)]
pub struct Names {
    by_id: HashMap<String, i64>,
    /// The ids that those who may be meant have in the source's id space.
    ids: HashMap<i64, String>,
    /// Those of the source itself that are told by their names alone.
    own: HashMap<String, i64>,
    /// How many others have the name.
    others: HashMap<String, usize>,
    names: HashMap<i64, String>,
    /// Ids of those who were taken out by hand.
    removed: HashSet<String>,
}

/// A row with a name: its id, the name, and its source.
type NamedRow = (i64, Option<String>, i64);

impl Names {
    /// Read those with one of these names or ids, or with one of these keys.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn read(
        transaction: &DatabaseTransaction,
        kind: Kind,
        source_id: i64,
        space: Option<Space>,
        names: &BTreeSet<String>,
        ids: &BTreeSet<String>,
        keys: &BTreeSet<i64>,
    ) -> Result<Self, Error> {
        let mut all = Self::default();
        let mut named: Vec<NamedRow> = Vec::new();
        for some in chunks(names) {
            let (person, company) =
                (person::Column::Name.is_in(&some), company::Column::Name.is_in(&some));
            named.extend(named_rows(transaction, kind, person, company).await?);
        }
        if let Some(space) = space {
            use external_id::Column;
            if kind == Kind::Person {
                all.removed = removed(transaction, space, ids).await?;
            }
            let subject = match kind {
                Kind::Person => Column::PersonId,
                Kind::Company => Column::CompanyId,
            };
            let query = || {
                external_id::Entity::find()
                    .select_only()
                    .columns([subject, Column::Value])
                    .filter(Column::Catalog.eq(space.catalog))
                    .filter(Column::Scope.eq(space.scope))
            };
            let mut rows: Vec<(Option<i64>, String)> = Vec::new();
            for some in chunks(ids) {
                let query = query().filter(Column::Value.is_in(some));
                rows.extend(query.into_tuple::<(Option<i64>, String)>().all(transaction).await?);
            }
            let keys = keys.iter().copied().chain(named.iter().map(|(id, ..)| *id)).collect();
            for some in chunks(&keys) {
                let query = query().filter(subject.is_in(some));
                rows.extend(query.into_tuple::<(Option<i64>, String)>().all(transaction).await?);
            }
            for (id, value) in rows {
                if let Some(id) = id {
                    all.add_id(id, &value);
                }
            }
        }
        let told: BTreeSet<i64> = all.by_id.values().copied().collect();
        for some in chunks(&told) {
            let some = || some.iter().copied();
            let (person, company) =
                (person::Column::Id.is_in(some()), company::Column::Id.is_in(some()));
            for (id, name, _) in named_rows(transaction, kind, person, company).await? {
                all.names.extend(name.map(|name| (id, name)));
            }
        }
        for (id, name, source) in named {
            let Some(name) = name else { continue };
            all.names.insert(id, name.clone());
            if source == source_id && !all.ids.contains_key(&id) {
                all.own.entry(name).or_insert(id);
            } else {
                *all.others.entry(name).or_default() += 1;
            }
        }
        Ok(all)
    }

    /// Who has an id in the source's id space.
    pub fn by_id(&self, value: &str) -> Option<i64> {
        self.by_id.get(value).copied()
    }

    /// Whether whoever has the id was taken out by hand.
    pub fn is_removed(&self, value: &str) -> bool {
        self.removed.contains(value)
    }

    /// Whether the row has an id in the source's id space.
    pub fn has_id(&self, id: i64) -> bool {
        self.ids.contains_key(&id)
    }

    /// Note that a row has an id in the source's id space.
    pub fn add_id(&mut self, id: i64, value: &str) {
        self.by_id.insert(value.to_owned(), id);
        self.ids.entry(id).or_insert_with(|| value.to_owned());
    }

    /// The name of a row, as far as it is known here.
    pub fn name_of(&self, id: i64) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// The source's own one of this name, however many others have it.
    pub fn own_whatever(&self, name: &str) -> Option<i64> {
        self.own.get(name).copied()
    }

    /// Whether it is the source's own one of a name.
    pub fn is_own(&self, id: i64) -> bool {
        self.name_of(id).is_some_and(|name| self.own_whatever(name) == Some(id))
    }

    /// Note the name of a row.
    pub fn add_name(&mut self, id: i64, name: &str) {
        self.names.insert(id, name.to_owned());
    }

    /// How many of this name are there from elsewhere.
    pub fn others(&self, name: &str) -> usize {
        self.others.get(name).copied().unwrap_or_default()
    }

    /// Count in one more of this name who is told by an id.
    pub fn add_other(&mut self, name: &str) {
        *self.others.entry(name.to_owned()).or_default() += 1;
    }

    /// The source's own one of this name, if a name is enough to tell.
    pub fn own(&self, name: &str) -> Option<i64> {
        if self.others(name) > 1 { None } else { self.own.get(name).copied() }
    }

    /// Note the source's own one of a name.
    pub fn add_own(&mut self, name: &str, id: i64) {
        self.own.entry(name.to_owned()).or_insert(id);
        self.add_name(id, name);
    }
}

async fn named_rows(
    transaction: &DatabaseTransaction,
    kind: Kind,
    of_people: SimpleExpr,
    of_companies: SimpleExpr,
) -> Result<Vec<NamedRow>, Error> {
    let rows = match kind {
        Kind::Person => {
            use person::Column;
            let query = person::Entity::find()
                .select_only()
                .columns([Column::Id, Column::Name, Column::SourceId])
                .filter(of_people)
                .order_by_asc(Column::Id);
            query.into_tuple().all(transaction).await?
        }
        Kind::Company => {
            use company::Column;
            let query = company::Entity::find()
                .select_only()
                .columns([Column::Id, Column::Name, Column::SourceId])
                .filter(of_companies)
                .order_by_asc(Column::Id);
            query.into_tuple().all(transaction).await?
        }
    };
    Ok(rows)
}

/// Who of those on a film has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFilm {
    /// Nobody.
    Nobody,
    /// This one.
    One(i64),
    /// Several.
    Several,
}

/// Who of those on a film has this name: whoever has the role, if several do.
pub fn on_film<'a>(
    members: impl IntoIterator<Item = &'a Member>,
    name: &str,
    role: Option<&str>,
) -> OnFilm {
    let name_key = collation::key(name);
    let fitting: Vec<_> =
        members.into_iter().filter(|member| member.name_key == name_key).collect();
    let distinct = |of: &mut dyn Iterator<Item = &&Member>| -> BTreeSet<i64> {
        of.map(|member| member.id).collect()
    };
    let all = distinct(&mut fitting.iter());
    let with_role = distinct(
        &mut fitting.iter().filter(|member| role.is_some() && member.role.as_deref() == role),
    );
    match (all.len(), all.first(), with_role.len(), with_role.first()) {
        (0, ..) => OnFilm::Nobody,
        (1, Some(id), ..) | (_, _, 1, Some(id)) => OnFilm::One(*id),
        _ => OnFilm::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::{Films, Found, Known, Member, Named, OnFilm, on_film};
    use std::collections::{HashMap, HashSet};

    fn member(id: i64, name: &str, role: &str) -> Member {
        Member { id, name_key: name.to_owned(), role: Some(role.to_owned()) }
    }

    fn films(all: &[(i64, i32, Option<&str>, Vec<Member>)]) -> Films {
        let mut films = Films {
            films: HashMap::new(),
            by_id: HashMap::new(),
            by_title: HashMap::new(),
            removed: HashSet::from(["page-9".to_owned()]),
        };
        for (id, year, page, people) in all {
            let film = Known {
                kind: entity::production::Kind::Film,
                title_key: "carmen".to_owned(),
                released_on: Some(year * 10_000),
                rating_votes: None,
                has_synopsis: false,
                has_genres: false,
                ids: page.iter().map(|page| (*page).to_owned()).collect(),
                people: people.clone(),
                companies: Vec::new(),
                locks: HashSet::new(),
                taken_out: Vec::new(),
            };
            films.add(*id, film);
        }
        films
    }

    fn named(year: i32, id: Option<&str>, actors: &[&str]) -> Named {
        let people = actors.iter().map(|name| ((*name).to_owned(), Some("actor".to_owned())));
        Named {
            title_key: "carmen".to_owned(),
            years: [year].into(),
            id: id.map(str::to_owned),
            people: people.collect(),
        }
    }

    #[test]
    fn an_id_decides_then_title_year_and_people() {
        let two = films(&[
            (1, 1915, Some("page-1"), vec![member(10, "ann", "actor")]),
            (2, 1915, None, vec![member(20, "bob", "actor"), member(21, "cid", "actor")]),
        ]);
        assert_eq!(two.find(&named(1999, Some("page-1"), &["bob"])), Found::One(1));
        // What has another id is another film, whoever is in it.
        assert_eq!(two.find(&named(1915, Some("page-3"), &["ann"])), Found::Apart(vec![2]));
        assert_eq!(two.find(&named(1915, None, &["ann", "bob", "cid"])), Found::One(2));
        assert_eq!(two.find(&named(1915, None, &["ann", "bob"])), Found::Unclear(vec![1, 2]));
        assert_eq!(two.find(&named(1915, None, &["dan"])), Found::Apart(vec![1, 2]));
        assert_eq!(two.find(&named(1915, None, &[])), Found::Unclear(vec![1, 2]));
        assert_eq!(two.find(&named(1916, None, &["ann"])), Found::New);
        // Whoever took it out did not mean the others of its title.
        assert_eq!(two.find(&named(1915, Some("page-9"), &["ann"])), Found::Removed);
    }

    #[test]
    fn the_only_film_fits_unless_people_speak_against_it() {
        let one = films(&[(1, 1915, None, vec![member(10, "ann", "director")])]);
        assert_eq!(one.find(&named(1915, Some("page"), &["bob"])), Found::One(1));
        let one = films(&[(1, 1915, None, vec![member(10, "ann", "actor")])]);
        assert_eq!(one.find(&named(1915, Some("page"), &["bob"])), Found::Apart(vec![1]));
        assert_eq!(one.find(&named(1915, None, &[])), Found::One(1));
    }

    #[test]
    fn a_name_is_somebody_on_the_film_or_nobody() {
        let people =
            [member(1, "ann", "actor"), member(2, "ann", "writer"), member(3, "bob", "actor")];
        assert_eq!(on_film(&people, "Bob", Some("director")), OnFilm::One(3));
        assert_eq!(on_film(&people, "Ann", Some("actor")), OnFilm::One(1));
        assert_eq!(on_film(&people, "Ann", None), OnFilm::Several);
        assert_eq!(on_film(&people, "Cid", None), OnFilm::Nobody);
    }
}
