//! How fast the queries of the comparison can be: hand-written SQL, and nothing between it and HTTP.

mod answers;
mod postgres;
mod sqlite;

use std::env;
use std::error::Error;

use actix_web::web::{Bytes, Data, post};
use actix_web::{App, HttpResponse, HttpServer};
use serde::{Deserialize, Deserializer, Serialize};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WORKERS: usize = 2;

/// Where so many productions of a period are of a genre, its films with the most votes are found
/// sooner among all films by their votes than among those productions.
const MANY: i64 = 3000;

type Fault = Box<dyn Error>;

#[derive(Deserialize)]
struct Request {
    /// The name of the query.
    query: String,
    #[serde(default)]
    variables: Variables,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Variables {
    #[serde(deserialize_with = "key")]
    id: i64,
    genre: String,
    from: i32,
    to: i32,
    votes: Option<i32>,
}

/// Clients may write a large integer as a string.
fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Key {
        Number(i64),
        Text(String),
    }
    match Key::deserialize(deserializer)? {
        Key::Number(number) => Ok(number),
        Key::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

enum Database {
    Postgres(sqlx::PgPool),
    Sqlite(rusqlite::Connection),
}

impl Database {
    async fn open(url: String) -> Result<Self, Fault> {
        Ok(if url.starts_with("postgres") {
            Self::Postgres(postgres::open(&url).await?)
        } else {
            Self::Sqlite(sqlite::open(&url)?)
        })
    }

    /// The body of the answer, or none if there is no such query.
    async fn answer(&self, request: &Request) -> Result<Option<Vec<u8>>, Fault> {
        let given = &request.variables;
        macro_rules! ask {
            ($field:literal, $query:ident, $($argument:expr),+) => {
                match self {
                    Self::Postgres(pool) => body($field, &postgres::$query(pool, $($argument),+).await?)?,
                    Self::Sqlite(connection) => body($field, &sqlite::$query(connection, $($argument),+)?)?,
                }
            };
        }
        Ok(Some(match request.query.as_str() {
            "film" => ask!("film", film, given.id),
            "walk" => ask!("person", walk, given.id),
            "show" => ask!("show", show, given.id),
            "genre" => ask!("films", genre, &given.genre, given.from, given.to),
            "company" => ask!("company", company, given.id),
            "page" => ask!("productions", page, given.votes, given.id),
            "{__typename}" => body("__typename", "Query")?,
            _ => return Ok(None),
        }))
    }
}

fn body<T: Serialize + ?Sized>(field: &str, value: &T) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::with_capacity(4096);
    body.extend_from_slice(b"{\"data\":{\"");
    body.extend_from_slice(field.as_bytes());
    body.extend_from_slice(b"\":");
    serde_json::to_writer(&mut body, value)?;
    body.extend_from_slice(b"}}");
    Ok(body)
}

async fn graphql(database: Data<Database>, sent: Bytes) -> HttpResponse {
    let request = match serde_json::from_slice(&sent) {
        Ok(request) => request,
        Err(error) => return HttpResponse::BadRequest().body(error.to_string()),
    };
    match database.answer(&request).await {
        Ok(Some(body)) => HttpResponse::Ok().content_type("application/json").body(body),
        Ok(None) => HttpResponse::NotFound().body("no such query"),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

#[actix_web::main]
async fn main() -> Result<(), Fault> {
    let url = env::var("DATABASE_URL")?;
    let port = env::var("PORT")?.parse()?;
    // One answer to everything: as fast as HTTP can be.
    if let Ok(file) = env::var("ANSWER") {
        let answer = Bytes::from(std::fs::read(file)?);
        let bare = move |_: Bytes| {
            let answer = answer.clone();
            async { HttpResponse::Ok().content_type("application/json").body(answer) }
        };
        let app = move || App::new().route("/graphql", post().to(bare.clone()));
        HttpServer::new(app).workers(WORKERS).bind(("127.0.0.1", port))?.run().await?;
        return Ok(());
    }
    // Each worker has connections of its own: none of them waits for another thread.
    HttpServer::new(move || {
        let url = url.clone();
        App::new()
            .data_factory(move || Database::open(url.clone()))
            .route("/graphql", post().to(graphql))
    })
    .workers(WORKERS)
    .bind(("127.0.0.1", port))?
    .run()
    .await?;
    Ok(())
}
