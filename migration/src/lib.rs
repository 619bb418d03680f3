//! The history of the database schema: one file each for SQLite and PostgreSQL and step.
//!
//! A step that has been released is never edited. It does not see the entities, which may change
//! after it: a migration is history. Breaking changes go in three releases: expand, move, contract.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};

/// The ordered list of steps.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Step {
                name: "m0001_catalog",
                sqlite: include_str!("sql/0001_catalog.sqlite.sql"),
                postgres: include_str!("sql/0001_catalog.postgres.sql"),
            }),
            Box::new(Step {
                name: "m0002_lists",
                sqlite: include_str!("sql/0002_lists.sqlite.sql"),
                postgres: include_str!("sql/0002_lists.postgres.sql"),
            }),
            Box::new(Step {
                name: "m0003_imports",
                sqlite: include_str!("sql/0003_imports.sqlite.sql"),
                postgres: include_str!("sql/0003_imports.postgres.sql"),
            }),
            Box::new(Step {
                name: "m0004_awards",
                sqlite: include_str!("sql/0004_awards.sqlite.sql"),
                postgres: include_str!("sql/0004_awards.postgres.sql"),
            }),
            Box::new(Step {
                name: "m0005_ranking",
                sqlite: include_str!("sql/0005_ranking.sqlite.sql"),
                postgres: include_str!("sql/0005_ranking.postgres.sql"),
            }),
            Box::new(Step {
                name: "m0006_changes",
                sqlite: include_str!("sql/0006_changes.sqlite.sql"),
                postgres: include_str!("sql/0006_changes.postgres.sql"),
            }),
            Box::new(Step {
                name: "m0007_row_ids",
                sqlite: include_str!("sql/0007_row_ids.sqlite.sql"),
                postgres: include_str!("sql/0007_row_ids.postgres.sql"),
            }),
            Box::new(Step {
                name: "m0008_credit_roles",
                sqlite: include_str!("sql/0008_credit_roles.sqlite.sql"),
                postgres: include_str!("sql/0008_credit_roles.postgres.sql"),
            }),
        ]
    }
}

/// One step, told in each database's own SQL: the schema builder has no words for strict tables,
/// collations, checks over several columns and the place of NULLs in an index.
struct Step {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DatabaseBackend::Postgres => self.postgres,
            _ => self.sqlite,
        };
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    /// A step killed in the middle leaves nothing behind, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
