//! The answers, with the names that the fields have in Shotlist's schema.

use std::rc::Rc;

use serde::Serialize;

#[derive(Serialize)]
pub struct Nodes<T> {
    pub nodes: Vec<T>,
}

impl<T> Default for Nodes<T> {
    fn default() -> Self {
        Self { nodes: Vec::new() }
    }
}

#[derive(Serialize)]
pub struct Named {
    pub name: Option<String>,
}

#[derive(Serialize)]
pub struct Titled {
    pub title: Option<String>,
}

#[derive(Serialize)]
pub struct Released {
    pub year: i32,
}

#[derive(Serialize)]
pub struct Rating {
    pub votes: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Film {
    pub title: Option<String>,
    pub released: Option<Released>,
    pub runtime_minutes: Option<i32>,
    pub genres: Vec<Named>,
    pub directors: Nodes<Named>,
}

#[derive(Serialize)]
pub struct Director {
    pub name: Option<String>,
    pub directed: Nodes<Directed>,
}

#[derive(Serialize)]
pub struct Directed {
    pub title: Option<String>,
    pub released: Option<Released>,
    /// Only a film has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shots: Option<Nodes<Shot>>,
}

#[derive(Serialize)]
pub struct Shot {
    pub title: String,
    pub episode: Option<Episode>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Episode {
    pub title: Option<String>,
    pub season_number: Option<i32>,
    pub number: Option<i32>,
    pub show: Option<Titled>,
}

#[derive(Serialize)]
pub struct Show {
    pub title: Option<String>,
    pub episodes: Nodes<EpisodeOfShow>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EpisodeOfShow {
    pub title: Option<String>,
    pub season_number: Option<i32>,
    pub number: Option<i32>,
    pub credits: Nodes<Credit>,
}

#[derive(Serialize)]
pub struct Credit {
    pub role: String,
    pub position: i32,
    pub person: Named,
}

#[derive(Serialize)]
pub struct FilmOfGenre {
    pub title: Option<String>,
    pub released: Option<Released>,
    pub rating: Option<Rating>,
    pub directors: Nodes<Named>,
}

#[derive(Serialize)]
pub struct Company {
    pub name: String,
    pub productions: Nodes<Part>,
}

#[derive(Serialize)]
pub struct Part {
    pub role: String,
    pub production: ProductionOfCompany,
}

#[derive(Serialize)]
pub struct ProductionOfCompany {
    pub title: Option<String>,
    pub credits: Nodes<CreditWithWorks>,
}

#[derive(Serialize)]
pub struct CreditWithWorks {
    pub role: String,
    pub person: PersonWithWorks,
}

#[derive(Serialize)]
pub struct PersonWithWorks {
    pub name: Option<String>,
    /// Shared by all credits of the person.
    pub credits: Rc<Nodes<Work>>,
}

#[derive(Serialize)]
pub struct Work {
    pub role: String,
    pub production: Titled,
}

#[derive(Serialize)]
pub struct ProductionOfPage {
    pub title: Option<String>,
    pub rating: Option<Rating>,
}
