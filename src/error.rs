//! What can go wrong below GraphQL and HTTP, sorted by what one can do about it.

use std::fmt;

/// An error of the catalogue, its database or its settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that whoever runs or feeds the catalogue can mend; the sentence says how.
    #[error("{0}")]
    Refused(String),
    /// The database failed.
    #[error("{0}")]
    Database(#[from] Fault),
}

impl Error {
    /// A sentence about something that the caller can mend.
    pub fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What kind of failure of the database it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// No connection, or it broke: a new one may work.
    Unavailable,
    /// No connection became free, or the server has no room for one.
    Overloaded,
    /// The statement was stopped for taking too long.
    Timeout,
    /// The database takes no writes.
    ReadOnly,
    /// Another transaction was in the way: trying again may work.
    Conflict,
    /// A rule of the schema forbids the write.
    Constraint,
    /// The disk is full.
    Full,
    /// The database is damaged.
    Corrupt,
    /// A defect of this program.
    Bug,
}

impl FaultClass {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Unavailable,
        Self::Overloaded,
        Self::Timeout,
        Self::ReadOnly,
        Self::Conflict,
        Self::Constraint,
        Self::Full,
        Self::Corrupt,
        Self::Bug,
    ];

    /// Its name among the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::ReadOnly => "read_only",
            Self::Conflict => "conflict",
            Self::Constraint => "constraint",
            Self::Full => "full",
            Self::Corrupt => "corrupt",
            Self::Bug => "bug",
        }
    }

    /// The stable code that clients see.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "DATABASE_UNAVAILABLE",
            Self::Overloaded => "OVERLOADED",
            Self::Timeout => "TIMEOUT",
            Self::ReadOnly => "READ_ONLY",
            Self::Conflict => "CONFLICT",
            Self::Full => "STORAGE_FULL",
            Self::Constraint | Self::Corrupt | Self::Bug => "INTERNAL_SERVER_ERROR",
        }
    }

    /// What clients are told. It is constant: details are for the log.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unavailable => "The database cannot be reached.",
            Self::Overloaded => "The server is busy; try again in a moment.",
            Self::Timeout => "The database took too long.",
            Self::ReadOnly => "The catalogue takes no changes at present.",
            Self::Conflict => "Another change came first; try again.",
            Self::Full => "The catalogue has no room for changes.",
            Self::Constraint | Self::Corrupt | Self::Bug => "An internal error occurred.",
        }
    }

    /// PostgreSQL's five-letter code, or SQLite's number, to a class.
    ///
    /// Sources: PostgreSQL documentation, appendix A; SQLite documentation, "Result and Error Codes".
    fn of_code(code: &str) -> Self {
        if let Ok(number) = code.parse::<i64>()
            && code.len() < 5
        {
            // The low byte is the primary code.
            return match number & 0xff {
                5 | 6 => Self::Conflict,
                8 => Self::ReadOnly,
                9 => Self::Timeout,
                10 | 14 => Self::Unavailable,
                11 | 26 => Self::Corrupt,
                13 => Self::Full,
                19 => Self::Constraint,
                _ => Self::Bug,
            };
        }
        match code {
            "25006" => Self::ReadOnly,
            "40001" | "40P01" | "55P03" => Self::Conflict,
            "53100" => Self::Full,
            "57014" => Self::Timeout,
            "57P01" | "57P02" | "57P03" => Self::Unavailable,
            "XX001" | "XX002" => Self::Corrupt,
            _ => match code.get(..2) {
                Some("08" | "28" | "3D") => Self::Unavailable,
                Some("23") => Self::Constraint,
                Some("53") => Self::Overloaded,
                _ => Self::Bug,
            },
        }
    }
}

/// A failure of the database. Its `Display` is the detail for the log, never for clients.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The class.
    pub class: FaultClass,
    detail: String,
}

impl Fault {
    /// A failure of a class; the detail is for the log.
    pub fn new(class: FaultClass, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into() }
    }

    /// A defect of this program that showed in the database layer.
    pub fn bug(detail: impl Into<String>) -> Self {
        Self::new(FaultClass::Bug, detail)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Fault {}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&sqlx::Error> for Fault {
    fn from(error: &sqlx::Error) -> Self {
        use sqlx::Error as E;
        let class = match error {
            E::Database(database) => {
                database.code().map_or(FaultClass::Bug, |code| FaultClass::of_code(&code))
            }
            E::PoolTimedOut => FaultClass::Overloaded,
            E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolClosed | E::WorkerCrashed => {
                FaultClass::Unavailable
            }
            _ => FaultClass::Bug,
        };
        let detail = match error {
            E::Database(database) => detail(database.code().as_deref(), database.message()),
            // The driver quotes the connection string here, password and all.
            E::Configuration(_) => "the database options are not valid".to_owned(),
            other => other.to_string(),
        };
        Self { class, detail }
    }
}

/// What the database says, unless it is about a value, which it quotes.
fn detail(code: Option<&str>, message: &str) -> String {
    match code {
        Some(code) if code.len() == 5 && code.starts_with("22") => {
            format!("a value was refused (SQLSTATE {code})")
        }
        _ => message.to_owned(),
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let class = error
            .sqlite_error()
            .map_or(FaultClass::Bug, |inner| FaultClass::of_code(&inner.extended_code.to_string()));
        Self::new(class, error.to_string())
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        use std::error::Error;
        if let Some(database) = error.as_db_error() {
            // More than the message may quote values.
            let code = database.code().code();
            return Self::new(FaultClass::of_code(code), detail(Some(code), database.message()));
        }
        let cause = error.source();
        // What a value or an answer that cannot be read has for its cause is not the network's.
        let is_network = error.is_closed() || cause.is_none_or(<dyn Error>::is::<std::io::Error>);
        let class = if is_network { FaultClass::Unavailable } else { FaultClass::Bug };
        let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::new(class, format!("{error}{cause}"))
    }
}

impl From<sea_orm::DbErr> for Fault {
    fn from(error: sea_orm::DbErr) -> Self {
        use sea_orm::{DbErr, RuntimeErr};
        match &error {
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner)) => Self::from(inner.as_ref()),
            DbErr::ConnectionAcquire(_) => Self {
                class: FaultClass::Overloaded,
                detail: "no connection became free".to_owned(),
            },
            // The message of a failed connect quotes the connection string.
            DbErr::Conn(_) => {
                Self { class: FaultClass::Unavailable, detail: "connecting failed".to_owned() }
            }
            other => Self::bug(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_class() {
        for (code, class) in [
            ("08006", FaultClass::Unavailable),
            ("57P01", FaultClass::Unavailable),
            ("53300", FaultClass::Overloaded),
            ("25006", FaultClass::ReadOnly),
            ("40001", FaultClass::Conflict),
            ("40P01", FaultClass::Conflict),
            ("55P03", FaultClass::Conflict),
            ("23505", FaultClass::Constraint),
            ("53100", FaultClass::Full),
            ("57014", FaultClass::Timeout),
            ("XX001", FaultClass::Corrupt),
            ("42P01", FaultClass::Bug),
            ("5", FaultClass::Conflict),
            ("517", FaultClass::Conflict),
            ("13", FaultClass::Full),
            ("11", FaultClass::Corrupt),
            ("2067", FaultClass::Constraint),
            ("8", FaultClass::ReadOnly),
            ("1", FaultClass::Bug),
        ] {
            assert_eq!(FaultClass::of_code(code), class, "{code}");
        }
    }

    #[test]
    fn a_value_that_the_database_quotes_does_not_get_into_a_detail() {
        let quoted = "invalid input syntax for type bigint: \"S3CRET\"";
        assert_eq!(detail(Some("22P02"), quoted), "a value was refused (SQLSTATE 22P02)");
        assert_eq!(detail(Some("42P01"), "no such table"), "no such table");
        // SQLite's numbers are no SQLSTATE.
        assert_eq!(detail(Some("22"), "a message"), "a message");
    }

    #[test]
    fn a_connection_string_never_gets_into_a_detail() {
        let error = sqlx::Error::Configuration("postgres://app:S3CRET@host is wrong".into());
        assert!(!Fault::from(&error).to_string().contains("S3CRET"));
        let error = sea_orm::DbErr::Conn(sea_orm::RuntimeErr::Internal("S3CRET".into()));
        assert!(!Fault::from(error).to_string().contains("S3CRET"));
    }
}
