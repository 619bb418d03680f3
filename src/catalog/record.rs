//! The records of the catalogue's own data format, JSON Lines: one record a line.
//!
//! Records name each other by `key`, which lives only within one file. A record may refer only to
//! records above it. Dates are partial: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One line of the format.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// Where facts come from.
    Source(Source),
    /// A genre.
    Genre(Word),
    /// A profession.
    Profession(Word),
    /// A company.
    Company(Company),
    /// A person.
    Person(Person),
    /// A film.
    Film(Film),
    /// A show.
    Show(Show),
    /// An episode.
    Episode(Episode),
    /// Who did what on a production.
    Credit(Credit),
    /// A company's part in a production.
    ProductionCompany(ProductionCompany),
    /// A shot that an episode discusses.
    Shot(Shot),
    /// A trailer or clip.
    Video(Video),
    /// A nomination or win.
    Award(Award),
    /// An id of another catalogue.
    ExternalId(ExternalId),
    /// Another title of a production.
    Title(Title),
    /// What a person is known for.
    KnownFor(KnownFor),
}

/// Where facts come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name within the file, and stable short name in the catalogue.
    pub key: String,
    /// Name to show.
    pub name: String,
    /// Licence of the data.
    pub licence: Option<String>,
    /// Line that must be shown with the data.
    pub attribution: Option<String>,
    /// Where to find it.
    pub url: Option<String>,
    /// When it was read.
    pub retrieved: Option<String>,
}

/// A genre or a profession: a word of an open vocabulary.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// Name within the file, and stable short name in the catalogue.
    pub key: String,
    /// Name to show.
    pub name: String,
}

/// A company.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Company {
    /// Name within the file.
    pub key: String,
    /// Name to show.
    pub name: String,
    /// studio, network, service, producer ...
    pub kind: String,
    /// Key of the source.
    pub source: String,
}

/// A person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Name within the file.
    pub key: String,
    /// Name to show.
    pub name: String,
    /// Birth.
    pub born: Option<String>,
    /// Death.
    pub died: Option<String>,
    /// Keys of professions, the most important first.
    #[serde(default)]
    pub professions: Vec<String>,
    /// Key of the source.
    pub source: String,
}

/// What films, shows and episodes share.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Production {
    /// Name within the file.
    pub key: String,
    /// Title; only an episode may lack one.
    pub title: Option<String>,
    /// Title in the original language.
    pub original_title: Option<String>,
    /// What it is about.
    pub synopsis: Option<String>,
    /// `feature`, `short`, `documentary_series` ...
    pub format: String,
    /// First release.
    pub released: Option<String>,
    /// Length in minutes.
    pub runtime_minutes: Option<i32>,
    /// For adults only.
    #[serde(default)]
    pub adult: bool,
    /// Average rating in tenths, 10 to 100.
    pub rating_tenths: Option<i16>,
    /// Votes behind the rating.
    pub rating_votes: Option<i32>,
    /// Keys of genres, the most fitting first.
    #[serde(default)]
    pub genres: Vec<String>,
    /// Keys of sources, each with the fields that it gave.
    #[serde(default)]
    pub sources: BTreeMap<String, Vec<String>>,
}

/// Fields that the format does not know. They are refused, not dropped: `deny_unknown_fields` does
/// not reach through the fields that productions share.
pub type Unknown = BTreeMap<String, serde_json::Value>;

/// A film.
#[derive(Clone, Debug, Deserialize)]
pub struct Film {
    /// What it shares with other productions.
    #[serde(flatten)]
    pub production: Production,
    /// Must be empty.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A show.
#[derive(Clone, Debug, Deserialize)]
pub struct Show {
    /// What it shares with other productions.
    #[serde(flatten)]
    pub production: Production,
    /// End of its run.
    pub ended: Option<String>,
    /// Key of the network or service it was made for.
    pub service: Option<String>,
    /// What it is based on.
    pub based_on: Option<String>,
    /// How every episode works.
    pub premise: Option<String>,
    /// Must be empty.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// An episode.
#[derive(Clone, Debug, Deserialize)]
pub struct Episode {
    /// What it shares with other productions.
    #[serde(flatten)]
    pub production: Production,
    /// Key of the show.
    pub show: String,
    /// Season.
    pub season: Option<i32>,
    /// Number within the season.
    pub episode: Option<i32>,
    /// Must be empty.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Who did what on a production.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credit {
    /// Key of the production.
    pub production: String,
    /// Key of the person.
    pub person: String,
    /// director, writer, actor ...; `other` where none fits.
    pub role: String,
    /// The job in the source's own words.
    pub job: Option<String>,
    /// Characters played, in order.
    #[serde(default)]
    pub characters: Vec<String>,
    /// Billing position within the production and role, from 1.
    pub position: i32,
    /// Key of the source.
    pub source: String,
}

/// A company's part in a production.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductionCompany {
    /// Key of the production.
    pub production: String,
    /// Key of the company.
    pub company: String,
    /// `produced_by`, `service` ...
    pub role: String,
    /// No other company has this part.
    #[serde(default)]
    pub exclusive: bool,
    /// Place within the production and role, from 1.
    pub position: i32,
    /// Key of the source.
    pub source: String,
}

/// A shot that an episode discusses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shot {
    /// Name within the file.
    pub key: String,
    /// Key of the film.
    pub film: String,
    /// Key of the episode.
    pub episode: Option<String>,
    /// Keys of the directors who walk through it.
    #[serde(default)]
    pub directors: Vec<String>,
    /// Short name.
    pub title: String,
    /// What is to be seen and told.
    pub description: Option<String>,
    /// Place among the shots of the film, from 1.
    pub position: i32,
    /// Start in the film, in milliseconds.
    pub starts_at_ms: Option<i32>,
    /// End in the film, in milliseconds.
    pub ends_at_ms: Option<i32>,
    /// Key of the source.
    pub source: String,
}

/// A trailer or clip.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Video {
    /// Key of the production.
    pub production: String,
    /// trailer, clip ...
    pub kind: String,
    /// Name to show.
    pub title: String,
    /// What it shows.
    pub description: Option<String>,
    /// Key of the company that released it.
    pub publisher: Option<String>,
    /// Key of the source.
    pub source: String,
}

/// A nomination or win.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Award {
    /// Who awards.
    pub body: String,
    /// Category in the words of the body.
    pub category: Option<String>,
    /// Year honoured.
    pub year: Option<i32>,
    /// Number of the ceremony.
    pub ceremony: Option<i32>,
    /// winner or nominee.
    pub status: String,
    /// Key of the production.
    pub production: Option<String>,
    /// Keys of the people it names, in order.
    #[serde(default)]
    pub people: Vec<String>,
    /// Part, song or the like.
    pub detail: Option<String>,
    /// Key of the source.
    pub source: String,
}

/// An id of another catalogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalId {
    /// What it is the id of.
    pub of: Subject,
    /// imdb, tmdb ...
    pub catalog: String,
    /// Which id space of the catalogue.
    pub scope: String,
    /// The id.
    pub value: String,
    /// False where the catalogue has merged it into another id of the same thing.
    #[serde(default = "yes")]
    pub canonical: bool,
    /// Key of the source.
    pub source: String,
}

fn yes() -> bool {
    true
}

/// What an external id names.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Key of a production.
    Production(String),
    /// Key of a person.
    Person(String),
    /// Key of a company.
    Company(String),
}

/// Another title of a production.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Key of the production.
    pub production: String,
    /// The title.
    pub text: String,
    /// Region code.
    pub region: Option<String>,
    /// Language code.
    pub language: Option<String>,
    /// What it is for.
    pub kind: Option<String>,
    /// The original title.
    #[serde(default)]
    pub original: bool,
    /// Place in the list, from 1.
    pub position: i32,
    /// Key of the source.
    pub source: String,
}

/// What a person is known for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFor {
    /// Key of the person.
    pub person: String,
    /// Keys of productions, the best known first.
    pub productions: Vec<String>,
}
