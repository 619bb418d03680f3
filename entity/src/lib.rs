//! The tables of the catalogue, one file each, as SeaORM entities.
//!
//! Nothing but tables: no GraphQL, no input or output. Partial dates are one integer,
//! `year * 10000 + month * 100 + day`, month and day 0 where unknown: one column that sorts.

pub mod award;
pub mod award_company;
pub mod award_person;
pub mod award_production;
pub mod change;
pub mod company;
pub mod credit;
pub mod episode;
pub mod external_id;
pub mod field_lock;
pub mod genre;
pub mod import_record;
pub mod import_run;
pub mod known_for;
pub mod person;
pub mod person_profession;
pub mod person_source;
pub mod production;
pub mod production_company;
pub mod production_genre;
pub mod production_source;
pub mod profession;
pub mod quarantine;
pub mod retired;
pub mod season;
pub mod shot;
pub mod shot_director;
pub mod show;
pub mod source;
pub mod title_name;
pub mod video;
