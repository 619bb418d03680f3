//! The records of the catalogue's own data format, JSON Lines: one record a line.
//!
//! Records name each other by `key`, which lives only within one file. A record may refer only to
//! records above it. Dates are partial: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One line of the format.
#[derive(Clone, Debug, Deserialize, Serialize)]
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
    /// A season without episodes.
    Season(Season),
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
    /// What was set or taken out by hand.
    Lock(Lock),
    /// An id whose thing was taken out by hand.
    Removed(Removed),
}

/// Where facts come from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name within the file, and stable short name in the catalogue.
    pub key: String,
    /// Name to show.
    pub name: String,
    /// Licence of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Line that must be shown with the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// Where to find it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrieved: Option<String>,
}

/// A genre or a profession: a word of an open vocabulary.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// Name within the file, and stable short name in the catalogue.
    pub key: String,
    /// Name to show.
    pub name: String,
}

/// A company.
#[derive(Clone, Debug, Deserialize, Serialize)]
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
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Name within the file.
    pub key: String,
    /// Name to show; sources know people without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub born: Option<String>,
    /// Death.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub died: Option<String>,
    /// Keys of professions, the most important first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub professions: Vec<String>,
    /// Key of the source.
    pub source: String,
    /// Keys of other sources, each with the fields that it gave.
    #[serde(default, skip_serializing_if = "Sources::is_empty")]
    pub sources: Sources,
}

/// What films, shows and episodes share.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Production {
    /// Name within the file.
    pub key: String,
    /// Title; only an episode may lack one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Title in the original language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_title: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synopsis: Option<String>,
    /// `feature`, `short`, `documentary_series` ...
    pub format: String,
    /// First release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
    /// Length in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_minutes: Option<i32>,
    /// For adults only.
    #[serde(default, skip_serializing_if = "is_no")]
    pub adult: bool,
    /// Average rating in tenths, 10 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating_tenths: Option<i16>,
    /// Votes behind the rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating_votes: Option<i32>,
    /// Keys of genres, the most fitting first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub genres: Vec<String>,
    /// Keys of sources, each with the fields that it gave.
    #[serde(default, skip_serializing_if = "Sources::is_empty")]
    pub sources: Sources,
}

/// Keys of sources, each with the fields that it gave, in the order in which they gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(pub Vec<(String, Vec<String>)>);

impl Sources {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Vec<String>)> for Sources {
    fn from_iter<I: IntoIterator<Item = (String, Vec<String>)>>(sources: I) -> Self {
        Self(sources.into_iter().collect())
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, fields)| (key, fields)))
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Sources;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of sources, each with a list of fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sources, A::Error> {
                let mut sources: Vec<(String, Vec<String>)> = Vec::new();
                while let Some((key, fields)) = map.next_entry::<String, _>()? {
                    if sources.iter().any(|(other, _)| *other == key) {
                        let twice = format!("the source \"{key}\" stands there twice");
                        return Err(serde::de::Error::custom(twice));
                    }
                    sources.push((key, fields));
                }
                Ok(Sources(sources))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// Fields that the format does not know. They are refused, not dropped: `deny_unknown_fields` does
/// not reach through the fields that productions share.
pub type Unknown = BTreeMap<String, serde_json::Value>;

/// A film.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Film {
    /// What it shares with other productions.
    #[serde(flatten)]
    pub production: Production,
    /// Must be empty.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A show.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Show {
    /// What it shares with other productions.
    #[serde(flatten)]
    pub production: Production,
    /// End of its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Key of the network or service it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What it is based on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub based_on: Option<String>,
    /// How every episode works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub premise: Option<String>,
    /// Must be empty.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// An episode.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Episode {
    /// What it shares with other productions.
    #[serde(flatten)]
    pub production: Production,
    /// Key of the show; none where the source names one that it does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show: Option<String>,
    /// Season.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<i32>,
    /// Number within the season.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episode: Option<i32>,
    /// Must be empty.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A season of a show. Episodes bring theirs along; only one without any needs a record.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// Key of the show.
    pub show: String,
    /// Its number, from 1; 0 for specials.
    pub number: i32,
}

/// Who did what on a production.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Credit {
    /// Key of the production.
    pub production: String,
    /// Key of the person.
    pub person: String,
    /// director, writer, actor ...; `other` where none fits.
    pub role: String,
    /// The source's word for the role, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The job in the source's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Characters played, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub characters: Vec<String>,
    /// Billing position within the production, from 1; of some sources, within the role.
    pub position: i32,
    /// False where the source only lists the person among all who had the role.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub billed: bool,
    /// Place in the source's list of all who had the role, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crew_position: Option<i32>,
    /// Key of the source.
    pub source: String,
}

/// A company's part in a production.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProductionCompany {
    /// Key of the production.
    pub production: String,
    /// Key of the company.
    pub company: String,
    /// `produced_by`, `service` ...
    pub role: String,
    /// No other company has this part.
    #[serde(default, skip_serializing_if = "is_no")]
    pub exclusive: bool,
    /// Place within the production and role, from 1.
    pub position: i32,
    /// Key of the source.
    pub source: String,
}

/// A shot that an episode discusses.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Shot {
    /// Name within the file.
    pub key: String,
    /// Key of the film.
    pub film: String,
    /// Key of the episode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episode: Option<String>,
    /// Keys of the directors who walk through it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directors: Vec<String>,
    /// Short name.
    pub title: String,
    /// What is to be seen and told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Place among the shots of the film, from 1.
    pub position: i32,
    /// Start in the film, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at_ms: Option<i32>,
    /// End in the film, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at_ms: Option<i32>,
    /// Key of the source.
    pub source: String,
}

/// A trailer or clip.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Video {
    /// Key of the production.
    pub production: String,
    /// trailer, clip ...
    pub kind: String,
    /// Name to show.
    pub title: String,
    /// What it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Key of the company that released it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// Key of the source.
    pub source: String,
}

/// A nomination or win.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Award {
    /// Who awards.
    pub body: String,
    /// Category in the words of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Year honoured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// Number of the ceremony.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceremony: Option<i32>,
    /// winner or nominee.
    pub status: String,
    /// Key of the production, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub production: Option<String>,
    /// Keys of the productions, in order, where they are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub productions: Vec<String>,
    /// Keys of the people it names, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Nominee>,
    /// Keys of the companies it names, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companies: Vec<Nominee>,
    /// Part, song or the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The group that the category belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The category in words that stay the same over the years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical_category: Option<String>,
    /// Who is named, in the words of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Remarks of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it was awarded, in the words of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// Key of the source.
    pub source: String,
}

/// Whom an award names: a key, with the name that the body writes where that is another one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Nominee {
    /// The key.
    Key(String),
    /// The key and the name.
    Named {
        /// The key.
        key: String,
        /// The name that the body writes.
        name: String,
    },
}

impl Nominee {
    /// A nominee, with a name if the body writes one.
    pub fn new(key: String, name: Option<String>) -> Self {
        match name {
            None => Self::Key(key),
            Some(name) => Self::Named { key, name },
        }
    }

    /// The key.
    pub fn key(&self) -> &String {
        match self {
            Self::Key(key) | Self::Named { key, .. } => key,
        }
    }

    /// The name that the body writes, where that is another one.
    pub fn name(&self) -> Option<&String> {
        match self {
            Self::Key(_) => None,
            Self::Named { name, .. } => Some(name),
        }
    }
}

/// An id of another catalogue.
#[derive(Clone, Debug, Deserialize, Serialize)]
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
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub canonical: bool,
    /// Key of the source.
    pub source: String,
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

fn is_no(value: &bool) -> bool {
    !*value
}

/// What an external id names.
#[derive(Clone, Debug, Deserialize, Serialize)]
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
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Key of the production.
    pub production: String,
    /// The title.
    pub text: String,
    /// Region code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Language code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Remarks of the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// The original title.
    #[serde(default, skip_serializing_if = "is_no")]
    pub original: bool,
    /// Place in the list, from 1.
    pub position: i32,
    /// Key of the source.
    pub source: String,
}

/// What a person is known for.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFor {
    /// Key of the person.
    pub person: String,
    /// Keys of productions, the best known first.
    pub productions: Vec<String>,
}

/// What was done by hand, so that no import undoes it: a field that was set, of a production, of a
/// person, or of a credit, which its production, person, role, position and source name; or a credit
/// that was taken out, which has no field.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Key of the production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub production: Option<String>,
    /// Key of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Role of the credit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Position of the credit; the first one of the person and role where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<i32>,
    /// Key of the credit's source, where several may be meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The field, as the record of the thing calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Who did it.
    pub actor: String,
}

/// An id of another catalogue whose thing was taken out by hand: no import brings it back.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// What it was: `production` or `person`.
    pub entity: String,
    /// imdb, tmdb ...
    pub catalog: String,
    /// Which id space of the catalogue.
    pub scope: String,
    /// The id.
    pub value: String,
}
