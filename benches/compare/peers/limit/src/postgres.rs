//! PostgreSQL: as few statements as each query can do with, in rows without nesting.
//!
//! Newest first with what has no date last is two walks through the index, since the index has
//! what has none at that end.

use std::collections::HashMap;
use std::rc::Rc;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{PgPool, Row};

use crate::answers::*;
use crate::{Fault, MANY, WORKERS};

const CONNECTIONS: usize = 8;

/// The names of a production's directors.
macro_rules! directors {
    () => {
        "ARRAY(
            SELECT (SELECT name FROM person WHERE id = person_id) FROM credit
            WHERE production_id = production.id AND role = 'director' ORDER BY position, id LIMIT 20
        )"
    };
}

pub async fn open(url: &str) -> Result<PgPool, Fault> {
    // A plan that serves all keys is made once. Each join is of few rows by key: to loop over them
    // is right, and keeps their order; so does to walk through an index rather than to sort.
    let settings = [
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
        ("max_parallel_workers_per_gather", "0"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("enable_bitmapscan", "off"),
        ("random_page_cost", "1.1"),
    ];
    let connections = (CONNECTIONS / WORKERS) as u32;
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .min_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(url.parse::<PgConnectOptions>()?.options(settings))
        .await?)
}

pub async fn film(pool: &PgPool, id: i64) -> Result<Option<Film>, Fault> {
    const FILM: &str = concat!(
        "SELECT title, released_on / 10000, runtime_minutes,
            ARRAY(
                SELECT (SELECT name FROM genre WHERE id = genre_id) FROM production_genre
                WHERE production_id = production.id ORDER BY position, id
            ), ",
        directors!(),
        " FROM production WHERE id = $1 AND kind = 1"
    );
    let Some(row) = sqlx::query(FILM).bind(id).fetch_optional(pool).await? else {
        return Ok(None);
    };
    Ok(Some(Film {
        title: row.try_get(0)?,
        released: released(&row, 1)?,
        runtime_minutes: row.try_get(2)?,
        genres: names(&row, 3)?,
        directors: Nodes { nodes: names(&row, 4)? },
    }))
}

pub async fn walk(pool: &PgPool, id: i64) -> Result<Option<Director>, Fault> {
    const WALK: &str = "SELECT person.name,
            directed.id, film.title, film.released_on / 10000, film.kind = 1,
            shot.title, episode.production_id, about.title, season_number, episode_number,
            series.id, series.title
        FROM person
        LEFT JOIN LATERAL (
            (SELECT id, production_id FROM credit
             WHERE person_id = person.id AND role = 'director' AND released_on IS NOT NULL
             ORDER BY released_on DESC, id DESC LIMIT 10)
            UNION ALL
            (SELECT id, production_id FROM credit
             WHERE person_id = person.id AND role = 'director' AND released_on IS NULL
             ORDER BY released_on DESC, id DESC LIMIT 10)
            LIMIT 10
        ) directed ON TRUE
        LEFT JOIN production film ON film.id = directed.production_id
        LEFT JOIN LATERAL (
            SELECT title, episode_id FROM shot
            WHERE film_id = film.id AND film.kind = 1 ORDER BY position, id LIMIT 5
        ) shot ON TRUE
        LEFT JOIN episode ON episode.production_id = shot.episode_id
        LEFT JOIN production about ON about.id = shot.episode_id
        LEFT JOIN production series ON series.id = episode.show_id
        WHERE person.id = $1";
    let rows = sqlx::query(WALK).bind(id).fetch_all(pool).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut directed = Groups::new(1);
    for row in &rows {
        let Some(film) = directed.of(row, || {
            let is_film: bool = row.try_get(4)?;
            Ok(Directed {
                title: row.try_get(2)?,
                released: released(row, 3)?,
                shots: is_film.then(Nodes::default),
            })
        })?
        else {
            break;
        };
        if let (Some(shots), Some(title)) = (&mut film.shots, row.try_get(5)?) {
            shots.nodes.push(Shot { title, episode: episode(row)? });
        }
    }
    Ok(Some(Director { name: first.try_get(0)?, directed: directed.nodes }))
}

fn episode(row: &PgRow) -> Result<Option<Episode>, Fault> {
    if row.try_get::<Option<i64>, _>(6)?.is_none() {
        return Ok(None);
    }
    let show = match row.try_get::<Option<i64>, _>(10)? {
        Some(_) => Some(Titled { title: row.try_get(11)? }),
        None => None,
    };
    Ok(Some(Episode {
        title: row.try_get(7)?,
        season_number: row.try_get(8)?,
        number: row.try_get(9)?,
        show,
    }))
}

pub async fn show(pool: &PgPool, id: i64) -> Result<Option<Show>, Fault> {
    const SHOW: &str = "SELECT series.title,
            episode.production_id, production.title, season_number, episode_number,
            credit.role, credit.position, person.name
        FROM show
        LEFT JOIN production series ON series.id = show.production_id
        LEFT JOIN LATERAL (
            SELECT production_id, season_number, episode_number FROM episode
            WHERE show_id = show.production_id ORDER BY place_in_show, production_id LIMIT 20
        ) episode ON TRUE
        LEFT JOIN production ON production.id = episode.production_id
        LEFT JOIN LATERAL (
            SELECT role, position, person_id FROM credit
            WHERE production_id = episode.production_id ORDER BY position, id LIMIT 5
        ) credit ON TRUE
        LEFT JOIN person ON person.id = credit.person_id
        WHERE show.production_id = $1";
    let rows = sqlx::query(SHOW).bind(id).fetch_all(pool).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut episodes = Groups::new(1);
    for row in &rows {
        let Some(episode) = episodes.of(row, || {
            Ok(EpisodeOfShow {
                title: row.try_get(2)?,
                season_number: row.try_get(3)?,
                number: row.try_get(4)?,
                credits: Nodes::default(),
            })
        })?
        else {
            break;
        };
        if let Some(role) = row.try_get(5)? {
            let person = Named { name: row.try_get(7)? };
            episode.credits.nodes.push(Credit { role, position: row.try_get(6)?, person });
        }
    }
    Ok(Some(Show { title: first.try_get(0)?, episodes: episodes.nodes }))
}

pub async fn genre(
    pool: &PgPool,
    key: &str,
    from: i32,
    to: i32,
) -> Result<Nodes<FilmOfGenre>, Fault> {
    const COUNT: &str = "SELECT count(*) FROM (
            SELECT FROM production_genre
            WHERE genre_id = (SELECT id FROM genre WHERE key = $1) AND released_on BETWEEN $2 AND $3 LIMIT $4
        ) counted";
    const OF_FEW: &str = concat!(
        "SELECT title, released_on / 10000, rating_votes, ",
        directors!(),
        " FROM (
            SELECT production.id, title, production.released_on, production.rating_votes
            FROM production_genre of JOIN production ON production.id = production_id AND production.kind = 1
            WHERE genre_id = (SELECT id FROM genre WHERE key = $1) AND of.released_on BETWEEN $2 AND $3
            ORDER BY production.rating_votes DESC NULLS LAST, production.id DESC LIMIT 50
        ) production"
    );
    // The sum and the offset keep the planner from other ways than the index of the votes.
    const OF_MANY: &str = concat!(
        "SELECT title, released_on / 10000, rating_votes, ",
        directors!(),
        " FROM (
            (SELECT id, title, released_on, rating_votes FROM production
             WHERE kind = 1 AND rating_votes IS NOT NULL AND released_on + 0 BETWEEN $2 AND $3 AND EXISTS (
                 SELECT FROM production_genre WHERE production_id = production.id
                     AND genre_id = (SELECT id FROM genre WHERE key = $1) OFFSET 0
             ) ORDER BY rating_votes DESC, id DESC LIMIT 50)
            UNION ALL
            (SELECT id, title, released_on, rating_votes FROM production
             WHERE kind = 1 AND rating_votes IS NULL AND released_on + 0 BETWEEN $2 AND $3 AND EXISTS (
                 SELECT FROM production_genre WHERE production_id = production.id
                     AND genre_id = (SELECT id FROM genre WHERE key = $1) OFFSET 0
             ) ORDER BY rating_votes DESC, id DESC LIMIT 50)
            LIMIT 50
        ) production"
    );
    let (from, to) = (from * 10000, to * 10000 + 9999);
    let mut connection = pool.acquire().await?;
    let count = sqlx::query_scalar(COUNT).bind(key).bind(from).bind(to).bind(MANY);
    let count: i64 = count.fetch_one(&mut *connection).await?;
    let films =
        sqlx::query(if count < MANY { OF_FEW } else { OF_MANY }).bind(key).bind(from).bind(to);
    let rows = films.fetch_all(&mut *connection).await?;
    let film = |row: &PgRow| {
        Ok(FilmOfGenre {
            title: row.try_get(0)?,
            released: released(row, 1)?,
            rating: rating(row, 2)?,
            directors: Nodes { nodes: names(row, 3)? },
        })
    };
    Ok(Nodes { nodes: rows.iter().map(film).collect::<Result<_, Fault>>()? })
}

pub async fn company(pool: &PgPool, id: i64) -> Result<Option<Company>, Fault> {
    const COMPANY: &str = "SELECT company.name, part.id, part.role, production.title,
            credit.role, credit.person_id, person.name
        FROM company
        LEFT JOIN LATERAL (
            (SELECT id, role, production_id FROM production_company
             WHERE company_id = company.id AND released_on IS NOT NULL
             ORDER BY released_on DESC, id DESC LIMIT 20)
            UNION ALL
            (SELECT id, role, production_id FROM production_company
             WHERE company_id = company.id AND released_on IS NULL
             ORDER BY released_on DESC, id DESC LIMIT 20)
            LIMIT 20
        ) part ON TRUE
        LEFT JOIN production ON production.id = part.production_id
        LEFT JOIN LATERAL (
            SELECT role, person_id FROM credit
            WHERE production_id = part.production_id ORDER BY position, id LIMIT 10
        ) credit ON TRUE
        LEFT JOIN person ON person.id = credit.person_id
        WHERE company.id = $1";
    const WORKS: &str = "SELECT person, credit.role, production.title
        FROM unnest($1) person
        CROSS JOIN LATERAL (
            (SELECT role, production_id FROM credit WHERE person_id = person AND released_on IS NOT NULL
             ORDER BY released_on DESC, id DESC LIMIT 5)
            UNION ALL
            (SELECT role, production_id FROM credit WHERE person_id = person AND released_on IS NULL
             ORDER BY released_on DESC, id DESC LIMIT 5)
            LIMIT 5
        ) credit
        LEFT JOIN production ON production.id = credit.production_id";
    let mut connection = pool.acquire().await?;
    let rows = sqlx::query(COMPANY).bind(id).fetch_all(&mut *connection).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut people = Vec::with_capacity(rows.len());
    for row in &rows {
        people.extend(row.try_get::<Option<i64>, _>(5)?);
    }
    people.sort_unstable();
    people.dedup();
    let mut works: HashMap<i64, Nodes<Work>> = HashMap::with_capacity(people.len());
    for row in sqlx::query(WORKS).bind(people).fetch_all(&mut *connection).await? {
        let production = Titled { title: row.try_get(2)? };
        works
            .entry(row.try_get(0)?)
            .or_default()
            .nodes
            .push(Work { role: row.try_get(1)?, production });
    }
    let works: HashMap<_, _> =
        works.into_iter().map(|(person, of)| (person, Rc::new(of))).collect();
    let mut parts = Groups::new(1);
    for row in &rows {
        let Some(part) = parts.of(row, || {
            let production =
                ProductionOfCompany { title: row.try_get(3)?, credits: Nodes::default() };
            Ok(Part { role: row.try_get(2)?, production })
        })?
        else {
            break;
        };
        if let (Some(role), Some(person)) = (row.try_get(4)?, row.try_get::<Option<i64>, _>(5)?) {
            let credits = works.get(&person).cloned().unwrap_or_default();
            let person = PersonWithWorks { name: row.try_get(6)?, credits };
            part.production.credits.nodes.push(CreditWithWorks { role, person });
        }
    }
    Ok(Some(Company { name: first.try_get(0)?, productions: parts.nodes }))
}

pub async fn page(
    pool: &PgPool,
    votes: Option<i32>,
    id: i64,
) -> Result<Nodes<ProductionOfPage>, Fault> {
    const VOTED: &str =
        "(SELECT title, rating_votes FROM production WHERE (rating_votes, id) < ($1, $2)
         ORDER BY rating_votes DESC, id DESC LIMIT 10)
        UNION ALL
        (SELECT title, rating_votes FROM production WHERE rating_votes IS NULL
         ORDER BY rating_votes DESC, id DESC LIMIT 10)
        LIMIT 10";
    const NOT_VOTED: &str =
        "SELECT title, rating_votes FROM production WHERE rating_votes IS NULL AND id < $1
        ORDER BY rating_votes DESC, id DESC LIMIT 10";
    let query = match votes {
        Some(votes) => sqlx::query(VOTED).bind(votes).bind(id),
        None => sqlx::query(NOT_VOTED).bind(id),
    };
    let rows = query.fetch_all(pool).await?;
    let production =
        |row: &PgRow| Ok(ProductionOfPage { title: row.try_get(0)?, rating: rating(row, 1)? });
    Ok(Nodes { nodes: rows.iter().map(production).collect::<Result<_, Fault>>()? })
}

/// Puts together the rows that follow each other with the same key.
struct Groups<T> {
    column: usize,
    key: Option<i64>,
    nodes: Nodes<T>,
}

impl<T> Groups<T> {
    fn new(column: usize) -> Self {
        Self { column, key: None, nodes: Nodes::default() }
    }

    /// The group of a row, made of it if it is the first; none for a row of a parent without any.
    fn of(
        &mut self,
        row: &PgRow,
        make: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<Option<&mut T>, Fault> {
        let key = row.try_get(self.column)?;
        if key != self.key {
            self.key = key;
            self.nodes.nodes.push(make()?);
        }
        Ok(self.nodes.nodes.last_mut())
    }
}

fn released(row: &PgRow, column: usize) -> Result<Option<Released>, Fault> {
    Ok(row.try_get::<Option<i32>, _>(column)?.map(|year| Released { year }))
}

fn rating(row: &PgRow, column: usize) -> Result<Option<Rating>, Fault> {
    Ok(row.try_get::<Option<i32>, _>(column)?.map(|votes| Rating { votes }))
}

fn names(row: &PgRow, column: usize) -> Result<Vec<Named>, Fault> {
    let names: Vec<Option<String>> = row.try_get(column)?;
    Ok(names.into_iter().map(|name| Named { name }).collect())
}
