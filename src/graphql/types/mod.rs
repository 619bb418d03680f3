//! The types of the schema: a file for each, every field declared once.
//!
//! To add a type: write its file here, add it to [`objects`] (and [`ENUMS`]), and give the types
//! that lead to it a field.

mod award;
mod collaborator;
mod company;
mod credit;
mod external_id;
mod facet;
pub mod filter;
mod genre;
mod order;
mod person;
mod production;
mod profession;
mod query;
mod season;
mod server;
mod shot;
mod source;
mod title;
mod value;
mod video;

use super::declare::{Enum, Interface, Object};

/// Every object type, the root first.
pub fn objects() -> Vec<Object> {
    vec![
        query::query(),
        production::film(),
        production::show(),
        production::episode(),
        season::season(),
        person::person(),
        profession::profession(),
        collaborator::collaborator(),
        company::company(),
        company::company_credit(),
        company::role_credits(),
        credit::credit(),
        credit::department_credits(),
        credit::role_credits(),
        shot::shot(),
        genre::genre(),
        award::award(),
        video::video(),
        title::alternative_title(),
        external_id::external_id(),
        source::source(),
        source::fact_source(),
        value::partial_date(),
        value::rating(),
        server::server_info(),
        server::server_limits(),
    ]
}

/// Every interface.
pub fn interfaces() -> Vec<Interface> {
    vec![query::node(), production::interface()]
}

/// Every enum.
pub const ENUMS: &[&Enum] = &[
    &production::KIND,
    &production::FORMAT,
    &credit::ROLE,
    credit::DEPARTMENTS.declared,
    &company::KIND,
    &company::ROLE,
    &award::STATUS,
    &video::KIND,
];
