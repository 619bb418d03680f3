//! Changes by hand. What is set by hand is locked: no import changes it until it is unlocked.

use std::time::{SystemTime, UNIX_EPOCH};

use entity::{
    change, credit, external_id, field_lock, import_record, import_run, known_for, person,
    person_source, production, production_source, retired, source,
};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement,
};
use serde_json::Value;

use super::{collation, date};
use crate::error::Error;

/// What can be changed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A film, a show or an episode.
    Production,
    /// A person.
    Person,
    /// A credit.
    Credit,
}

impl Entity {
    /// The name of its table.
    pub fn table(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Person => "person",
            Self::Credit => "credit",
        }
    }

    /// The fields that can be set, by the names of the catalogue's data format.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Production => &[
                "title",
                "original_title",
                "synopsis",
                "format",
                "released",
                "runtime_minutes",
                "adult",
            ],
            Self::Person => &["name", "born", "died"],
            Self::Credit => &["job"],
        }
    }

    /// Further fields that imports fill in.
    fn filled(self) -> &'static [&'static str] {
        match self {
            Self::Production => &[
                "rating_tenths",
                "rating_votes",
                "genres",
                "ended",
                "service",
                "based_on",
                "premise",
                "show",
                "season",
                "episode",
                "titles",
                "credits",
            ],
            Self::Person => &["professions", "known_for"],
            Self::Credit => &[],
        }
    }

    /// That a field can be locked.
    ///
    /// # Errors
    /// A sentence about those that can be.
    pub(super) fn check_lock(self, field: &str) -> Result<(), Error> {
        let allowed = [self.fields(), self.filled()].concat();
        if allowed.contains(&field) {
            return Ok(());
        }
        Err(Error::refused(format!(
            "a {} has no field \"{field}\" that can be locked: those are {}",
            self.table(),
            allowed.join(", ")
        )))
    }
}

/// A row that is changed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// What it is.
    pub entity: Entity,
    /// Its row id.
    pub id: i64,
}

/// The row id of what was taken out of another catalogue than this one.
pub(super) const NO_ROW: i64 = 0;

fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// Find what an id of another catalogue names: `tt0111161`, `nm0000151`, or `CATALOG:SCOPE:VALUE`.
/// None where there is no such id.
///
/// # Errors
/// The fault of the database.
pub async fn find(connection: &impl ConnectionTrait, text: &str) -> Result<Option<Target>, Error> {
    let (catalog, scope, value) = key(text);
    let found = external_id::Entity::find()
        .filter(external_id::Column::Catalog.eq(catalog))
        .filter(external_id::Column::Scope.eq(scope))
        .filter(external_id::Column::Value.eq(value))
        .one(connection)
        .await?;
    Ok(found.and_then(|row| match (row.production_id, row.person_id) {
        (Some(id), _) => Some(Target { entity: Entity::Production, id }),
        (_, Some(id)) => Some(Target { entity: Entity::Person, id }),
        _ => None,
    }))
}

/// Whether a row is in the catalogue.
///
/// # Errors
/// The fault of the database.
pub async fn is_there(connection: &impl ConnectionTrait, row: Target) -> Result<bool, Error> {
    let found = match row.entity {
        Entity::Production => production::Entity::find_by_id(row.id).count(connection).await?,
        Entity::Person => person::Entity::find_by_id(row.id).count(connection).await?,
        Entity::Credit => credit::Entity::find_by_id(row.id).count(connection).await?,
    };
    Ok(found > 0)
}

/// Catalogue, id space and value of an id of another catalogue.
fn key(text: &str) -> (&str, &str, &str) {
    let mut parts = text.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(catalog), Some(scope), Some(value)) => (catalog, scope, value),
        _ if text.starts_with("nm") => ("imdb", "name", text),
        _ => ("imdb", "title", text),
    }
}

async fn record(
    transaction: &DatabaseTransaction,
    actor: &str,
    target: Target,
    action: &str,
    fields: &[String],
) -> Result<(), Error> {
    change::ActiveModel {
        id: NotSet,
        at_ms: Set(now()),
        actor: Set(actor.to_owned()),
        entity: Set(target.entity.table().to_owned()),
        entity_id: Set((target.id != NO_ROW).then_some(target.id)),
        action: Set(action.to_owned()),
        fields: Set(Value::from(fields).to_string()),
    }
    .insert(transaction)
    .await?;
    Ok(())
}

/// The lock of a production for a credit that was taken out.
pub(crate) fn lock_of_credit(person_id: i64, role: &str) -> String {
    format!("credit:{person_id}:{role}")
}

/// The person and the role of the credit that was taken out, where a lock is for one.
pub(crate) fn credit_of_lock(field: &str) -> Option<(i64, &str)> {
    let (person, role) = field.strip_prefix("credit:")?.split_once(':')?;
    Some((person.parse().ok()?, role))
}

/// Lock a field, or with the [lock of a credit](lock_of_credit) what was taken out.
pub(super) async fn lock(
    transaction: &DatabaseTransaction,
    actor: &str,
    target: Target,
    field: &str,
) -> Result<(), Error> {
    unlock_rows(transaction, target, Some(field)).await?;
    field_lock::ActiveModel {
        id: NotSet,
        entity: Set(target.entity.table().to_owned()),
        entity_id: Set(target.id),
        field: Set(field.to_owned()),
        actor: Set(actor.to_owned()),
        at_ms: Set(now()),
    }
    .insert(transaction)
    .await?;
    Ok(())
}

async fn unlock_rows(
    transaction: &DatabaseTransaction,
    target: Target,
    field: Option<&str>,
) -> Result<u64, Error> {
    let mut rows = field_lock::Entity::delete_many()
        .filter(field_lock::Column::Entity.eq(target.entity.table()))
        .filter(field_lock::Column::EntityId.eq(target.id));
    if let Some(field) = field {
        rows = rows.filter(field_lock::Column::Field.eq(field));
    }
    Ok(rows.exec(transaction).await?.rows_affected)
}

fn gone() -> Error {
    Error::refused("it is not in the catalogue any more")
}

/// Set fields of a row, and lock them. No value stands for "not known".
///
/// # Errors
/// A sentence about a field or a value, or the fault of the database.
pub async fn set(
    transaction: &DatabaseTransaction,
    actor: &str,
    target: Target,
    values: &[(String, Option<String>)],
) -> Result<(), Error> {
    let allowed = target.entity.fields();
    for (field, value) in values {
        if !allowed.contains(&field.as_str()) {
            return Err(Error::refused(format!(
                "a {} has no field \"{field}\" that can be set: those are {}",
                target.entity.table(),
                allowed.join(", ")
            )));
        }
        if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
            return Err(Error::refused(format!(
                "{field} is blank: no value stands for \"not known\""
            )));
        }
        if values.iter().filter(|(other, _)| other == field).count() > 1 {
            return Err(Error::refused(format!("{field} is set twice")));
        }
    }
    match target.entity {
        Entity::Production => set_production(transaction, target.id, values).await?,
        Entity::Person => set_person(transaction, target.id, values).await?,
        Entity::Credit => {
            let row = credit::Entity::find_by_id(target.id).one(transaction).await?;
            let mut row: credit::ActiveModel = row.ok_or_else(gone)?.into();
            for (_, value) in values {
                row.job = Set(value.clone());
            }
            row.update(transaction).await?;
        }
    }
    let fields: Vec<String> = values.iter().map(|(field, _)| field.clone()).collect();
    for field in &fields {
        lock(transaction, actor, target, field).await?;
    }
    record(transaction, actor, target, "update", &fields).await
}

fn parse_date(value: Option<&String>) -> Result<Option<i32>, Error> {
    value.map(|text| date::parse(text).map_err(Error::Refused)).transpose()
}

async fn set_production(
    transaction: &DatabaseTransaction,
    id: i64,
    values: &[(String, Option<String>)],
) -> Result<(), Error> {
    let old = production::Entity::find_by_id(id).one(transaction).await?.ok_or_else(gone)?;
    let mut row = production::ActiveModel { id: Unchanged(id), ..old.clone().into() };
    for (field, value) in values {
        let value = value.clone();
        match field.as_str() {
            "title" => {
                if value.is_none() && old.kind != production::Kind::Episode {
                    return Err(Error::refused("only an episode may lack a title"));
                }
                row.title_key = Set(value.as_deref().map(collation::key));
                row.title = Set(value);
            }
            "original_title" => row.original_title = Set(value),
            "synopsis" => row.synopsis = Set(value),
            "format" => {
                let format = value.ok_or_else(|| Error::refused("a format cannot be missing"))?;
                row.format = Set(format);
            }
            "released" => {
                let released_on = parse_date(value.as_ref())?;
                row.released_on = Set(released_on);
                // Link tables carry it beside their key.
                for table in ["credit", "production_genre", "production_company", "episode"] {
                    let sql =
                        format!("UPDATE {table} SET released_on = $1 WHERE production_id = $2");
                    let values = [released_on.into(), id.into()];
                    let backend = transaction.get_database_backend();
                    let statement = Statement::from_sql_and_values(backend, sql, values);
                    transaction.execute_raw(statement).await?;
                }
            }
            "runtime_minutes" => {
                let minutes = value.map(|value| {
                    let minutes = value.parse().ok().filter(|minutes: &i32| *minutes > 0);
                    minutes.ok_or_else(|| {
                        Error::refused(format!("\"{value}\" is not a number of minutes"))
                    })
                });
                row.runtime_minutes = Set(minutes.transpose()?);
            }
            _ => {
                row.is_adult = Set(match value.as_deref() {
                    Some("true") => true,
                    Some("false") => false,
                    _ => return Err(Error::refused("adult is true or false")),
                });
            }
        }
    }
    row.update(transaction).await?;
    Ok(())
}

async fn set_person(
    transaction: &DatabaseTransaction,
    id: i64,
    values: &[(String, Option<String>)],
) -> Result<(), Error> {
    let row = person::Entity::find_by_id(id).one(transaction).await?;
    let mut row: person::ActiveModel = row.ok_or_else(gone)?.into();
    for (field, value) in values {
        match field.as_str() {
            "name" => {
                row.name_key = Set(value.as_deref().map(collation::key));
                row.name = Set(value.clone());
            }
            "born" => row.born_on = Set(parse_date(value.as_ref())?),
            _ => row.died_on = Set(parse_date(value.as_ref())?),
        }
    }
    row.update(transaction).await?;
    Ok(())
}

/// Note that what an id of another catalogue named was taken out by hand.
pub(super) async fn retire(
    transaction: &DatabaseTransaction,
    [catalog, scope, value]: [String; 3],
    target: Target,
) -> Result<(), Error> {
    // It may have left before: then it had a row id, and may have come back with another source.
    let before = retired::Entity::find().filter(with_id(&catalog, &scope, &value));
    let before = before.one(transaction).await?;
    let entity_id = match &before {
        Some(row) if target.id == NO_ROW => row.entity_id,
        _ => target.id,
    };
    if let Some(row) = before {
        retired::Entity::delete_by_id(row.id).exec(transaction).await?;
    }
    retired::ActiveModel {
        id: NotSet,
        catalog: Set(catalog),
        scope: Set(scope),
        value: Set(value),
        entity: Set(target.entity.table().to_owned()),
        entity_id: Set(entity_id),
        is_by_hand: Set(true),
        at_ms: Set(now()),
    }
    .insert(transaction)
    .await?;
    Ok(())
}

fn with_id(catalog: &str, scope: &str, value: &str) -> Condition {
    retired::Column::Catalog
        .eq(catalog)
        .and(retired::Column::Scope.eq(scope))
        .and(retired::Column::Value.eq(value))
        .into_condition()
}

/// Take a row out. No import brings it back that names it by one of its ids of other catalogues;
/// nothing tells what it is when one names it otherwise.
///
/// # Errors
/// A sentence when others still name it, or the fault of the database.
pub async fn delete(
    transaction: &DatabaseTransaction,
    actor: &str,
    target: Target,
) -> Result<(), Error> {
    if target.entity == Entity::Credit {
        let row = credit::Entity::find_by_id(target.id).one(transaction).await?;
        let row = row.ok_or_else(gone)?;
        let of = Target { entity: Entity::Production, id: row.production_id };
        lock(transaction, actor, of, &lock_of_credit(row.person_id, &row.role)).await?;
        credit::Entity::delete_by_id(target.id).exec(transaction).await?;
        return record(transaction, actor, target, "delete", &[]).await;
    }
    let column = match target.entity {
        Entity::Person => external_id::Column::PersonId,
        _ => external_id::Column::ProductionId,
    };
    let ids = external_id::Entity::find().filter(column.eq(target.id));
    for id in ids.order_by_asc(external_id::Column::Id).all(transaction).await? {
        retire(transaction, [id.catalog, id.scope, id.value], target).await?;
    }
    refuse_what_is_named(transaction, target).await?;
    unlock_rows(transaction, target, None).await?;
    // Given back, it is named again.
    read_again(transaction, that_name(target)).await?;
    let deleted = match target.entity {
        Entity::Person => person::Entity::delete_by_id(target.id).exec(transaction).await,
        _ => production::Entity::delete_by_id(target.id).exec(transaction).await,
    };
    if deleted?.rows_affected == 0 {
        return Err(gone());
    }
    record(transaction, actor, target, "delete", &[]).await
}

/// Refuse to take out what others name that do not go with it.
async fn refuse_what_is_named(
    transaction: &DatabaseTransaction,
    target: Target,
) -> Result<(), Error> {
    let names: &[(&str, &str)] = match target.entity {
        Entity::Person => {
            &[("shot", "shot_director WHERE person_id"), ("award", "award_person WHERE person_id")]
        }
        _ => &[
            ("episode", "episode WHERE show_id"),
            ("shot", "shot WHERE film_id"),
            ("shot", "shot WHERE episode_id"),
            ("award", "award_production WHERE production_id"),
        ],
    };
    let mut found: Vec<String> = Vec::new();
    for (what, rows) in names {
        let sql = format!("SELECT count(*) FROM {rows} = $1");
        let backend = transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, [target.id.into()]);
        let row = transaction.query_one_raw(statement).await?;
        let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        if count > 0 {
            found.push(format!("{count} {what}{}", if count == 1 { "" } else { "s" }));
        }
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(Error::refused(format!(
            "it cannot be taken out before what names it: {}",
            found.join(", ")
        ))),
    }
}

/// Give fields back to the sources: the next import of IMDb's files sets them again, others fill in
/// what is missing. Without fields, all.
///
/// # Errors
/// A sentence when nothing is locked, or the fault of the database.
pub async fn unlock(
    transaction: &DatabaseTransaction,
    actor: &str,
    target: Target,
    fields: &[String],
) -> Result<(), Error> {
    let locked = field_lock::Entity::find()
        .filter(field_lock::Column::Entity.eq(target.entity.table()))
        .filter(field_lock::Column::EntityId.eq(target.id))
        .order_by_asc(field_lock::Column::Field)
        .all(transaction)
        .await?;
    let mut unlocked: Vec<String> = locked.into_iter().map(|lock| lock.field).collect();
    if let Some(field) = fields.iter().find(|field| !unlocked.contains(field)) {
        let locked = match unlocked.is_empty() {
            true => "nothing is".to_owned(),
            false => format!("those are {}", unlocked.join(", ")),
        };
        return Err(Error::refused(format!("{field} is not locked: {locked}")));
    }
    unlocked.retain(|field| fields.is_empty() || fields.contains(field));
    if unlocked.is_empty() {
        return Err(Error::refused("nothing of it is locked"));
    }
    for field in &unlocked {
        unlock_rows(transaction, target, Some(field)).await?;
    }
    let of = match target.entity {
        Entity::Credit => {
            let row = credit::Entity::find_by_id(target.id).one(transaction).await?;
            let id = row.map_or(0, |row| row.production_id);
            Target { entity: Entity::Production, id }
        }
        _ => target,
    };
    let column = match of.entity {
        Entity::Person => external_id::Column::PersonId,
        _ => external_id::Column::ProductionId,
    };
    let ids = external_id::Entity::find().filter(column.eq(of.id)).all(transaction).await?;
    for id in ids {
        let sources = read_again(transaction, is_of(&id.scope, &id.value)).await?;
        for source_id in sources {
            give_back(transaction, of, source_id, &unlocked).await?;
        }
    }
    record(transaction, actor, target, "update", &unlocked).await
}

/// Let something that was taken out come back with the next import, all its ids with it. Returns
/// whether it was out.
///
/// # Errors
/// The fault of the database.
pub async fn restore(
    transaction: &DatabaseTransaction,
    actor: &str,
    which: Which<'_>,
) -> Result<bool, Error> {
    let by_hand = retired::Column::IsByHand.eq(true);
    let of_row = |target: Target| {
        let of = retired::Column::Entity.eq(target.entity.table());
        of.and(retired::Column::EntityId.eq(target.id)).into_condition()
    };
    let which_it_is = match which {
        Which::Key(text) => {
            let (catalog, scope, value) = key(text);
            with_id(catalog, scope, value)
        }
        Which::Row(target) => of_row(target),
    };
    let named = retired::Entity::find().filter(which_it_is).filter(by_hand.clone());
    let Some(named) = named.one(transaction).await? else {
        if let Which::Key(text) = which {
            let (_, scope, value) = key(text);
            read_again(transaction, is_of(scope, value)).await?;
        }
        return Ok(false);
    };
    let entity =
        if named.entity == Entity::Person.table() { Entity::Person } else { Entity::Production };
    let target = Target { entity, id: named.entity_id };
    let ids = if target.id == NO_ROW {
        // What never was in this catalogue has no row id to come back with.
        retired::Entity::delete_by_id(named.id).exec(transaction).await?;
        vec![named]
    } else {
        let of_it = of_row(target).add(by_hand);
        let ids = retired::Entity::find().filter(of_it.clone()).all(transaction).await?;
        retired::Entity::update_many()
            .col_expr(retired::Column::IsByHand, Expr::value(false))
            .filter(of_it)
            .exec(transaction)
            .await?;
        ids
    };
    for id in ids {
        read_again(transaction, is_of(&id.scope, &id.value)).await?;
    }
    record(transaction, actor, target, "restore", &[]).await?;
    Ok(true)
}

/// What names a thing that was taken out.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// An id of another catalogue, as [`find`] takes it.
    Key(&'a str),
    /// The row that it was.
    Row(Target),
}

/// Whether a record is of a thing that has this id.
fn is_of(scope: &str, value: &str) -> SimpleExpr {
    import_record::Column::Scope.eq(scope).and(import_record::Column::Key.eq(value))
}

/// Have what was read of some things read again. Returns the sources that had read it.
async fn read_again(
    transaction: &DatabaseTransaction,
    which: SimpleExpr,
) -> Result<Vec<i64>, Error> {
    // Records are found by source first.
    let all = source::Entity::find().select_only().column(source::Column::Id).into_query();
    let which = import_record::Column::SourceId.in_subquery(all).and(which);
    let sources: Vec<i64> = import_record::Entity::find()
        .select_only()
        .column(import_record::Column::SourceId)
        .distinct()
        .filter(which.clone())
        .into_tuple()
        .all(transaction)
        .await?;
    import_record::Entity::update_many()
        .col_expr(import_record::Column::Hashes, Expr::value(Vec::<u8>::new()))
        .filter(which)
        .exec(transaction)
        .await?;
    import_run::Entity::update_many()
        .col_expr(import_run::Column::Status, Expr::value("outdated"))
        .filter(import_run::Column::SourceId.is_in(sources.clone()))
        .exec(transaction)
        .await?;
    Ok(sources)
}

/// Have what was read of some productions read again.
pub(super) async fn read_productions_again(
    transaction: &DatabaseTransaction,
    productions: &[i64],
) -> Result<(), Error> {
    // Far fewer than a statement may have values.
    for some in productions.chunks(500) {
        let of = external_id::Column::ProductionId.is_in(some.iter().copied());
        read_again(transaction, of_those("title", of)).await?;
    }
    Ok(())
}

/// Records of those of a scope whose ids these are.
fn of_those(scope: &str, ids: SimpleExpr) -> SimpleExpr {
    let ids = external_id::Entity::find()
        .select_only()
        .column(external_id::Column::Value)
        .filter(external_id::Column::Scope.eq(scope))
        .filter(ids)
        .into_query();
    import_record::Column::Scope.eq(scope).and(import_record::Column::Key.in_subquery(ids))
}

/// Records of what names a thing: with the thing go the rows by which it does.
fn that_name(target: Target) -> SimpleExpr {
    match target.entity {
        Entity::Person => {
            let credits = credit::Entity::find()
                .select_only()
                .column(credit::Column::ProductionId)
                .filter(credit::Column::PersonId.eq(target.id));
            of_those("title", external_id::Column::ProductionId.in_subquery(credits.into_query()))
        }
        _ => {
            let people = known_for::Entity::find()
                .select_only()
                .column(known_for::Column::PersonId)
                .filter(known_for::Column::ProductionId.eq(target.id));
            of_those("name", external_id::Column::PersonId.in_subquery(people.into_query()))
        }
    }
}

/// Let a source have fields again.
async fn give_back(
    transaction: &DatabaseTransaction,
    target: Target,
    source_id: i64,
    fields: &[String],
) -> Result<(), Error> {
    let add = |text: &str| {
        let mut all: Vec<String> = serde_json::from_str(text).unwrap_or_default();
        for field in fields {
            if target.entity.fields().contains(&field.as_str()) && !all.contains(field) {
                all.push(field.clone());
            }
        }
        Value::from(all).to_string()
    };
    match target.entity {
        Entity::Person => {
            let row = person_source::Entity::find()
                .filter(person_source::Column::PersonId.eq(target.id))
                .filter(person_source::Column::SourceId.eq(source_id))
                .one(transaction)
                .await?;
            let owner = person::Entity::find_by_id(target.id).one(transaction).await?;
            let is_own = owner.is_some_and(|person| person.source_id == source_id);
            match row {
                Some(row) => {
                    let fields = Set(add(&row.fields));
                    let row =
                        person_source::ActiveModel { id: Unchanged(row.id), fields, ..row.into() };
                    row.update(transaction).await?;
                }
                None if is_own => {}
                None => {
                    let row = person_source::ActiveModel {
                        id: NotSet,
                        person_id: Set(target.id),
                        source_id: Set(source_id),
                        fields: Set(add("[]")),
                    };
                    row.insert(transaction).await?;
                }
            }
        }
        _ => {
            let row = production_source::Entity::find()
                .filter(production_source::Column::ProductionId.eq(target.id))
                .filter(production_source::Column::SourceId.eq(source_id))
                .one(transaction)
                .await?;
            match row {
                Some(row) => {
                    let fields = Set(add(&row.fields));
                    let row = production_source::ActiveModel {
                        id: Unchanged(row.id),
                        fields,
                        ..row.into()
                    };
                    row.update(transaction).await?;
                }
                None => {
                    let row = production_source::ActiveModel {
                        id: NotSet,
                        production_id: Set(target.id),
                        source_id: Set(source_id),
                        fields: Set(add("[]")),
                    };
                    row.insert(transaction).await?;
                }
            }
        }
    }
    Ok(())
}
