//! Writing very many rows into tables that nobody reads yet.

pub mod postgres;
pub mod sqlite;

use crate::error::Error;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 64 bits.
    Big,
    /// 32 bits.
    Int,
    /// 16 bits.
    Small,
    /// A truth value.
    Bool,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// The value of a column.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// None.
    Null,
    /// An integer of any width.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Cell<'_> {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<i16> for Cell<'_> {
    fn from(value: i16) -> Self {
        Self::Int(value.into())
    }
}

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Cell<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, T> From<Option<T>> for Cell<'a>
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// A table that is filled.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns that are written; the others have their defaults.
    pub columns: &'static [(&'static str, Kind)],
    /// Whether a first load gives each row the next id, in the first column.
    pub is_numbered: bool,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $id:ident $name:literal $($numbered:ident)? {
        $($column:ident $kind:ident),+ $(,)?
    })+) => {
        /// Which table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Id { $($(#[$doc])* $id),+ }

        /// All of them, in order: a table stands behind those that it refers to.
        pub const ALL: &[Id] = &[$(Id::$id),+];

        /// The tables, in the order of [`Id`].
        pub const TABLES: &[Table] = &[$(Table {
            name: $name,
            columns: &[$((stringify!($column), Kind::$kind)),+],
            is_numbered: !concat!($(stringify!($numbered))?).is_empty(),
        }),+];
    };
}

tables! {
    /// Sources.
    Source "source" { id Big, key Text, name Text, licence Text, attribution Text, url Text }
    /// Genres.
    Genre "genre" { id Big, key Text, name Text, name_key Text }
    /// Professions.
    Profession "profession" { id Big, key Text, name Text }
    /// People.
    Person "person" { id Big, name Text, name_key Text, born_on Int, died_on Int, source_id Big }
    /// Their professions.
    PersonProfession "person_profession" numbered { id Big, person_id Big, profession_id Big, position Int }
    /// What they are known for.
    KnownFor "known_for" numbered { id Big, person_id Big, production_id Big, position Int }
    /// Films, shows and episodes.
    Production "production" {
        id Big, kind Small, format Text, title Text, title_key Text, original_title Text,
        released_on Int, runtime_minutes Int, is_adult Bool, rating_tenths Small, rating_votes Int,
    }
    /// Which fields of theirs a source gave.
    ProductionSource "production_source" numbered { id Big, production_id Big, source_id Big, fields Text }
    /// Their genres.
    ProductionGenre "production_genre" numbered {
        id Big, production_id Big, genre_id Big, position Int, released_on Int, kind Small,
        rating_votes Int,
    }
    /// What only shows have.
    Show "show" { production_id Big, ended_on Int }
    /// Seasons.
    Season "season" numbered { id Big, show_id Big, number Int }
    /// What only episodes have.
    Episode "episode" {
        production_id Big, show_id Big, season_number Int, episode_number Int, released_on Int,
        season_id Big,
    }
    /// Other titles.
    TitleName "title_name" numbered {
        id Big, production_id Big, text Text, region Text, language Text, is_original Bool,
        position Int, source_id Big, kinds Text, attributes Text,
    }
    /// Credits.
    Credit "credit" numbered {
        id Big, production_id Big, person_id Big, role Text, category Text, job Text,
        characters Text, position Int, is_billed Bool, crew_position Int, released_on Int,
        source_id Big,
    }
    /// Ids of the source.
    ExternalId "external_id" numbered {
        id Big, catalog Text, scope Text, value Text, production_id Big, person_id Big,
        source_id Big,
    }
    /// Fields of people whom another source brought.
    PersonSource "person_source" { id Big, person_id Big, source_id Big, fields Text }
    /// Ids of what has left.
    Retired "retired" {
        id Big, catalog Text, scope Text, value Text, entity Text, entity_id Big, is_by_hand Bool,
        at_ms Big,
    }
    /// What was written.
    Change "change" {
        id Big, at_ms Big, actor Text, entity Text, entity_id Big, action Text, fields Text,
    }
    /// Hashes of what the source said.
    ImportRecord "import_record" { source_id Big, scope Text, key Text, hashes Bytes }
    /// What it said that the catalogue could not take.
    Quarantine "quarantine" numbered {
        id Big, source_id Big, scope Text, key Text, file Text, line Big, reason Text,
        is_loaded Bool, raw Text,
    }
}

impl Id {
    /// The table.
    pub fn table(self) -> &'static Table {
        &TABLES[self as usize]
    }
}

/// Takes rows, table by table or mixed.
pub trait Sink {
    /// Take a row: a cell for each column of the table.
    ///
    /// # Errors
    /// The fault of the database; it may be about an earlier row.
    fn row(&mut self, table: Id, cells: &[Cell<'_>]) -> Result<(), Error>;

    /// Write what is still held back.
    ///
    /// # Errors
    /// The fault of the database.
    fn flush(&mut self) -> Result<(), Error>;
}

/// Takes rows nowhere.
pub struct NoSink;

impl Sink for NoSink {
    fn row(&mut self, _: Id, _: &[Cell<'_>]) -> Result<(), Error> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
