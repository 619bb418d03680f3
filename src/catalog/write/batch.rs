//! Writing many rows at once, also of what is there already.

use std::collections::HashMap;

use entity::{
    award, award_company, award_person, award_production, company, credit, episode, external_id,
    genre, person, production, production_company, production_genre, production_source, source,
};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, IntoActiveModel,
    QueryFilter, Statement,
};

use super::{Writer, json};
use crate::catalog::{collation, record};
use crate::error::{Error, Fault};

/// Rows of one statement. Few sizes make few texts, which are prepared once.
const SIZES: [usize; 4] = [256, 32, 4, 1];
/// So many new rows change what the best plan is.
const MANY: usize = 1000;
/// Ids that are taken from PostgreSQL at once.
const IDS: u32 = 100;

/// Ids for rows to come, of any tables.
#[derive(Default)]
pub struct Ids(HashMap<&'static str, Box<dyn Iterator<Item = i64> + Send>>);

/// Declares the rows to add, in the order in which they refer to each other.
macro_rules! rows {
    ($($table:ident)+) => {
        /// Rows to add.
        #[derive(Default)]
        pub struct Rows {
            $(
                #[doc = concat!("Of `", stringify!($table), "`.")]
                pub $table: Vec<$table::ActiveModel>,
            )+
        }

        impl Writer<'_> {
            /// Add rows.
            ///
            /// # Errors
            /// The fault of the database.
            pub async fn add(&mut self, rows: Rows) -> Result<(), Error> {
                $(
                    let many = rows.$table.len() >= MANY;
                    self.insert_many(stringify!($table), rows.$table).await?;
                    if many && self.transaction.get_database_backend() == DatabaseBackend::Postgres {
                        // SQLite does so when it closes.
                        let sql = concat!("ANALYZE ", stringify!($table));
                        self.transaction.execute_unprepared(sql).await?;
                    }
                )+
                Ok(())
            }
        }
    };
}

rows! {
    company person production production_source production_genre credit award award_production
    award_person award_company external_id
}

impl Writer<'_> {
    /// Keep everybody else from writing until the transaction ends.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn lock(&self) -> Result<(), Error> {
        if self.transaction.get_database_backend() == DatabaseBackend::Postgres {
            // SQLite's transaction has taken the write lock when it began.
            self.transaction
                .execute_unprepared("LOCK TABLE change IN SHARE ROW EXCLUSIVE MODE")
                .await?;
        }
        Ok(())
    }

    /// Whether anything was written.
    pub fn has_written(&self) -> bool {
        !self.written.is_empty()
    }

    /// The id for a row to come, which [`add`](Self::add) must be given then. No row has ever had it.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn next_id(&self, ids: &mut Ids, table: &'static str) -> Result<i64, Error> {
        if let Some(id) = ids.0.get_mut(table).and_then(Iterator::next) {
            return Ok(id);
        }
        let backend = self.transaction.get_database_backend();
        let mut taken: Box<dyn Iterator<Item = i64> + Send>;
        if backend == DatabaseBackend::Postgres {
            let sql = format!(
                "SELECT nextval(pg_get_serial_sequence('{table}', 'id')) FROM generate_series(1, {IDS})"
            );
            let rows = self.transaction.query_all_raw(Statement::from_string(backend, sql)).await?;
            let values: Result<Vec<i64>, _> =
                rows.iter().map(|row| row.try_get_by_index(0)).collect();
            taken = Box::new(values?.into_iter());
        } else {
            // The transaction has the write lock: nobody else takes any.
            let sql =
                format!("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{table}'");
            let row = self.transaction.query_one_raw(Statement::from_string(backend, sql)).await?;
            let last: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
            taken = Box::new(last + 1..);
        }
        let id = taken.next().ok_or_else(|| Fault::bug("a sequence gave no id"))?;
        ids.0.insert(table, taken);
        Ok(id)
    }

    async fn insert_many<A>(&mut self, table: &'static str, rows: Vec<A>) -> Result<(), Error>
    where
        A: ActiveModelTrait + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        let mut left = rows.len();
        if left == 0 {
            return Ok(());
        }
        *self.written.entry(table).or_default() += left as u64;
        let mut rows = rows.into_iter();
        while let Some(size) = SIZES.into_iter().find(|size| *size <= left) {
            let rows = rows.by_ref().take(size);
            A::Entity::insert_many(rows).exec_without_returning(self.transaction).await?;
            left -= size;
        }
        Ok(())
    }

    /// The source with the key of this record, which is added where there is none.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn source(&mut self, record: &record::Source) -> Result<i64, Error> {
        let query = source::Entity::find().filter(source::Column::Key.eq(&record.key));
        if let Some(row) = query.one(self.transaction).await? {
            return Ok(row.id);
        }
        self.put(record::Record::Source(record.clone())).await?;
        self.sources.get(&record.key)
    }

    /// The genre with this name, which is added where there is none.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn genre(&mut self, name: &str) -> Result<i64, Error> {
        let words: Vec<_> = name.split_whitespace().map(str::to_lowercase).collect();
        let key = words.join("-");
        let query = genre::Entity::find().filter(genre::Column::Key.eq(&key));
        if let Some(row) = query.one(self.transaction).await? {
            return Ok(row.id);
        }
        let name_key = collation::key(name);
        let row = genre::ActiveModel {
            id: NotSet,
            key: Set(key),
            name: Set(name.to_owned()),
            name_key: Set(name_key),
        };
        Ok(self.insert("genre", row).await?.id)
    }

    /// Give a production the text that it lacks.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn fill_synopsis(&mut self, id: i64, synopsis: String) -> Result<(), Error> {
        let row = production::ActiveModel {
            id: Unchanged(id),
            synopsis: Set(Some(synopsis)),
            ..Default::default()
        };
        row.update(self.transaction).await?;
        *self.written.entry("production").or_default() += 1;
        Ok(())
    }

    /// Give a production the release that it lacks, and every copy of it.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn fill_release(&mut self, id: i64, released_on: i32) -> Result<(), Error> {
        macro_rules! set {
            ($($table:ident by $column:ident,)+) => {
                $(
                    $table::Entity::update_many()
                        .col_expr($table::Column::ReleasedOn, Expr::value(released_on))
                        .filter($table::Column::$column.eq(id))
                        .exec(self.transaction)
                        .await?;
                )+
            };
        }
        set! {
            production by Id,
            production_genre by ProductionId,
            production_company by ProductionId,
            credit by ProductionId,
            episode by ProductionId,
        }
        *self.written.entry("production").or_default() += 1;
        Ok(())
    }

    /// Note that a source gave these fields of a production, beside those that it gave before.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn note_fields(
        &mut self,
        production_id: i64,
        source_id: i64,
        fields: &[&str],
    ) -> Result<(), Error> {
        use production_source::{ActiveModel, Column, Entity};
        let query = Entity::find()
            .filter(Column::ProductionId.eq(production_id))
            .filter(Column::SourceId.eq(source_id));
        let row = query.one(self.transaction).await?;
        let before = row.as_ref().map_or("[]", |row| &row.fields);
        let mut all: Vec<String> = serde_json::from_str(before).unwrap_or_default();
        for field in fields {
            if !all.iter().any(|known| known == field) {
                all.push((*field).to_owned());
            }
        }
        let fields = Set(json(&all));
        match row {
            Some(row) => {
                let row = ActiveModel { id: Unchanged(row.id), fields, ..Default::default() };
                row.update(self.transaction).await?;
                *self.written.entry("production_source").or_default() += 1;
            }
            None => {
                let row = ActiveModel {
                    id: NotSet,
                    production_id: Set(production_id),
                    source_id: Set(source_id),
                    fields,
                };
                self.insert("production_source", row).await?;
            }
        }
        Ok(())
    }

    /// Change an award: what is set, of the row whose id is.
    ///
    /// # Errors
    /// The fault of the database.
    pub async fn change_award(&mut self, row: award::ActiveModel) -> Result<(), Error> {
        row.update(self.transaction).await?;
        *self.written.entry("award").or_default() += 1;
        Ok(())
    }
}
