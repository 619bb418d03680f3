//! SQLite: a statement is a call of a function here, so each list is read by one of its own.
//! The outermost statement is open until all are read: they see the same state of the database.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use rusqlite::{CachedStatement, Connection, OpenFlags, OptionalExtension, Params, Result, Row};

use crate::MANY;
use crate::answers::*;

const DIRECTORS: &str = "SELECT name FROM credit JOIN person ON person.id = person_id
    WHERE production_id = ?1 AND role = 'director' ORDER BY position, credit.id LIMIT 20";

pub fn open(path: &str) -> Result<Connection> {
    let path = Path::new(path.trim_start_matches("sqlite://"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.pragma_update(None, "mmap_size", 8_i64 << 30)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

pub fn film(connection: &Connection, id: i64) -> Result<Option<Film>> {
    let film = "SELECT title, released_on / 10000, runtime_minutes FROM production WHERE id = ?1 AND kind = 1";
    let genres = "SELECT name FROM production_genre JOIN genre ON genre.id = genre_id
        WHERE production_id = ?1 ORDER BY position, production_genre.id";
    let read = |row: &Row| {
        Ok(Film {
            title: row.get(0)?,
            released: released(row, 1)?,
            runtime_minutes: row.get(2)?,
            genres: list(&mut connection.prepare_cached(genres)?, [id], named)?.nodes,
            directors: list(&mut connection.prepare_cached(DIRECTORS)?, [id], named)?,
        })
    };
    connection.prepare_cached(film)?.query_row([id], read).optional()
}

pub fn walk(connection: &Connection, id: i64) -> Result<Option<Director>> {
    let directed = "SELECT production_id, title, production.released_on / 10000, kind = 1
        FROM credit JOIN production ON production.id = production_id
        WHERE person_id = ?1 AND role = 'director' ORDER BY credit.released_on DESC, credit.id DESC LIMIT 10";
    let shots =
        "SELECT shot.title, episode.production_id, about.title, season_number, episode_number,
            series.id, series.title
        FROM shot
        LEFT JOIN episode ON episode.production_id = episode_id
        LEFT JOIN production about ON about.id = episode_id
        LEFT JOIN production series ON series.id = show_id
        WHERE film_id = ?1 ORDER BY shot.position, shot.id LIMIT 5";
    let mut shots = connection.prepare_cached(shots)?;
    let mut directed = connection.prepare_cached(directed)?;
    let read = |row: &Row| {
        let film: i64 = row.get(0)?;
        let shots = if row.get(3)? { Some(list(&mut shots, [film], shot)?) } else { None };
        Ok(Directed { title: row.get(1)?, released: released(row, 2)?, shots })
    };
    connection
        .prepare_cached("SELECT name FROM person WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Director { name: row.get(0)?, directed: list(&mut directed, [id], read)? })
        })
        .optional()
}

fn shot(row: &Row) -> Result<Shot> {
    let show = match row.get::<_, Option<i64>>(5)? {
        Some(_) => Some(Titled { title: row.get(6)? }),
        None => None,
    };
    let episode = match row.get::<_, Option<i64>>(1)? {
        Some(_) => {
            let title = row.get(2)?;
            Some(Episode { title, season_number: row.get(3)?, number: row.get(4)?, show })
        }
        None => None,
    };
    Ok(Shot { title: row.get(0)?, episode })
}

pub fn show(connection: &Connection, id: i64) -> Result<Option<Show>> {
    let show =
        "SELECT title FROM show JOIN production ON id = production_id WHERE production_id = ?1";
    let episodes = "SELECT production_id, title, season_number, episode_number
        FROM episode JOIN production ON production.id = production_id
        WHERE show_id = ?1 ORDER BY place_in_show, production_id LIMIT 20";
    let credits = "SELECT role, position, name FROM credit JOIN person ON person.id = person_id
        WHERE production_id = ?1 ORDER BY position, credit.id LIMIT 5";
    let mut credits = connection.prepare_cached(credits)?;
    let mut episodes = connection.prepare_cached(episodes)?;
    let credit = |row: &Row| {
        let person = Named { name: row.get(2)? };
        Ok(Credit { role: row.get(0)?, position: row.get(1)?, person })
    };
    let episode = |row: &Row| {
        Ok(EpisodeOfShow {
            title: row.get(1)?,
            season_number: row.get(2)?,
            number: row.get(3)?,
            credits: list(&mut credits, [row.get::<_, i64>(0)?], credit)?,
        })
    };
    connection
        .prepare_cached(show)?
        .query_row([id], |row| {
            Ok(Show { title: row.get(0)?, episodes: list(&mut episodes, [id], episode)? })
        })
        .optional()
}

pub fn genre(connection: &Connection, key: &str, from: i32, to: i32) -> Result<Nodes<FilmOfGenre>> {
    let count = "SELECT count(*) FROM (SELECT 1 FROM production_genre
        WHERE genre_id = (SELECT id FROM genre WHERE key = ?1) AND released_on BETWEEN ?2 AND ?3 LIMIT ?4)";
    let of_few = "SELECT production.id, title, production.released_on / 10000, production.rating_votes
        FROM production_genre of CROSS JOIN production ON production.id = production_id
        WHERE genre_id = (SELECT id FROM genre WHERE key = ?1) AND of.released_on BETWEEN ?2 AND ?3 AND production.kind = 1
        ORDER BY production.rating_votes DESC, production.id DESC LIMIT 50";
    let of_many = "SELECT id, title, released_on / 10000, rating_votes
        FROM production INDEXED BY ix_production_kind_rating_votes
        WHERE kind = 1 AND released_on BETWEEN ?2 AND ?3 AND EXISTS (
            SELECT 1 FROM production_genre
            WHERE production_id = production.id AND genre_id = (SELECT id FROM genre WHERE key = ?1)
        ) ORDER BY rating_votes DESC, id DESC LIMIT 50";
    let (from, to) = (from * 10000, to * 10000 + 9999);
    let count: i64 =
        connection.prepare_cached(count)?.query_row((key, from, to, MANY), |row| row.get(0))?;
    let films = if count < MANY { of_few } else { of_many };
    let mut directors = connection.prepare_cached(DIRECTORS)?;
    list(&mut connection.prepare_cached(films)?, (key, from, to), |row| {
        Ok(FilmOfGenre {
            title: row.get(1)?,
            released: released(row, 2)?,
            rating: rating(row, 3)?,
            directors: list(&mut directors, [row.get::<_, i64>(0)?], named)?,
        })
    })
}

pub fn company(connection: &Connection, id: i64) -> Result<Option<Company>> {
    let parts = "SELECT production_id, role, title
        FROM production_company JOIN production ON production.id = production_id
        WHERE company_id = ?1 ORDER BY production_company.released_on DESC, production_company.id DESC LIMIT 20";
    let credits = "SELECT role, person_id, name FROM credit JOIN person ON person.id = person_id
        WHERE production_id = ?1 ORDER BY position, credit.id LIMIT 10";
    let works = "SELECT role, title FROM credit JOIN production ON production.id = production_id
        WHERE person_id = ?1 ORDER BY credit.released_on DESC, credit.id DESC LIMIT 5";
    let mut works = connection.prepare_cached(works)?;
    let mut credits = connection.prepare_cached(credits)?;
    let mut parts = connection.prepare_cached(parts)?;
    let work =
        |row: &Row| Ok(Work { role: row.get(0)?, production: Titled { title: row.get(1)? } });
    let mut known = HashMap::new();
    let mut credit = |row: &Row| {
        let person: i64 = row.get(1)?;
        let of = match known.get(&person) {
            Some(of) => Rc::clone(of),
            None => {
                let of = Rc::new(list(&mut works, [person], work)?);
                known.insert(person, Rc::clone(&of));
                of
            }
        };
        let person = PersonWithWorks { name: row.get(2)?, credits: of };
        Ok(CreditWithWorks { role: row.get(0)?, person })
    };
    let part = |row: &Row| {
        let credits = list(&mut credits, [row.get::<_, i64>(0)?], &mut credit)?;
        let production = ProductionOfCompany { title: row.get(2)?, credits };
        Ok(Part { role: row.get(1)?, production })
    };
    connection
        .prepare_cached("SELECT name FROM company WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Company { name: row.get(0)?, productions: list(&mut parts, [id], part)? })
        })
        .optional()
}

pub fn page(
    connection: &Connection,
    votes: Option<i32>,
    id: i64,
) -> Result<Nodes<ProductionOfPage>> {
    let voted = "SELECT * FROM (SELECT title, rating_votes FROM production WHERE (rating_votes, id) < (?1, ?2)
            ORDER BY rating_votes DESC, id DESC LIMIT 10)
        UNION ALL
        SELECT * FROM (SELECT title, rating_votes FROM production WHERE rating_votes IS NULL
            ORDER BY id DESC LIMIT 10)
        LIMIT 10";
    let not_voted =
        "SELECT title, rating_votes FROM production WHERE rating_votes IS NULL AND id < ?1
        ORDER BY id DESC LIMIT 10";
    let read = |row: &Row| Ok(ProductionOfPage { title: row.get(0)?, rating: rating(row, 1)? });
    match votes {
        Some(votes) => list(&mut connection.prepare_cached(voted)?, (votes, id), read),
        None => list(&mut connection.prepare_cached(not_voted)?, [id], read),
    }
}

fn list<T>(
    statement: &mut CachedStatement,
    parameters: impl Params,
    read: impl FnMut(&Row) -> Result<T>,
) -> Result<Nodes<T>> {
    Ok(Nodes { nodes: statement.query_map(parameters, read)?.collect::<Result<_>>()? })
}

fn named(row: &Row) -> Result<Named> {
    Ok(Named { name: row.get(0)? })
}

fn released(row: &Row, column: usize) -> Result<Option<Released>> {
    Ok(row.get::<_, Option<i32>>(column)?.map(|year| Released { year }))
}

fn rating(row: &Row, column: usize) -> Result<Option<Rating>> {
    Ok(row.get::<_, Option<i32>>(column)?.map(|votes| Rating { votes }))
}
