//! `Company`, and its part in a production.

use entity::{award, award_company, company as row, external_id, production_company};

use super::external_id::external_ids;
use super::{filter, order};
use crate::graphql::declare::{
    Encoding, Enum, Grouping, Object, Relation, Table, column, connection, desc, encoded,
    group_key, groups, id, one,
};

static TABLE: Table = Table::plain("company", 3);
static CREDIT_TABLE: Table = Table::plain("production_company", 12);

/// `CompanyKind`.
pub static KIND: Enum = Enum {
    name: "CompanyKind",
    description: "What a company mainly is.",
    values: &[
        ("STUDIO", "A studio."),
        ("NETWORK", "A television network."),
        ("SERVICE", "A streaming service."),
        ("PRODUCER", "A company that produces."),
        ("OTHER", "Anything else."),
    ],
};

/// `CompanyRole`.
pub static ROLE: Enum = Enum {
    name: "CompanyRole",
    description: "A company's part in a production.",
    values: &[
        ("PRODUCED_BY", "It produced it."),
        ("IN_ASSOCIATION_WITH", "It took part in producing it."),
        ("DISTRIBUTOR", "It distributes it."),
        ("NETWORK", "It broadcasts it."),
        ("SERVICE", "It streams it."),
        ("PUBLISHER", "It published it."),
        ("OTHER", "Any other part."),
    ],
};

fn credits() -> Relation {
    Relation::by(production_company::Column::CompanyId)
        .filter(&filter::COMPANY_CREDIT)
        .order([desc(production_company::Column::ReleasedOn)])
        .order_by(&order::COMPANY_CREDIT)
}

fn credits_by_role() -> Relation {
    credits().grouped(Grouping::Words(|| production_company::Column::Role.into(), &ROLE))
}

/// `CompanyRoleCredits`.
pub fn role_credits() -> Object {
    Object {
        name: "CompanyRoleCredits",
        description: "The productions in which a company has one role.",
        table: None,
        discriminant: None,
        interfaces: &[],
        fields: vec![
            group_key("role", &ROLE, "The role."),
            connection(
                "productions",
                "CompanyCredit",
                credits_by_role(),
                "Its parts in this role, the latest production first.",
            ),
        ],
    }
}

/// `Company`.
pub fn company() -> Object {
    Object {
        name: "Company",
        description: "A studio, a network, a streaming service or another company behind productions.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            column("name", row::Column::Name, "The name to show."),
            encoded("kind", row::Column::Kind, Encoding::Enum(&KIND), "What it mainly is."),
            connection(
                "productions",
                "CompanyCredit",
                credits(),
                "Its parts in productions, the latest production first.",
            ),
            groups(
                "productionsByRole",
                "CompanyRoleCredits",
                credits_by_role(),
                "The same by role; only roles that it has.",
            ),
            connection(
                "awards",
                "Award",
                Relation::by(award_company::Column::CompanyId)
                    .through(award_company::Column::AwardId)
                    .copy(award::Column::Year, award_company::Column::Year)
                    .filter(&filter::AWARD)
                    .order([desc(award_company::Column::Year)])
                    .order_by(&order::AWARD_COMPANY),
                "Nominations and wins that name the company, the latest first; those without a year come last.",
            ),
            external_ids(external_id::Column::CompanyId),
            one("source", "Source", row::Column::SourceId, "Where its data come from."),
        ],
    }
}

/// `CompanyCredit`.
pub fn company_credit() -> Object {
    Object {
        name: "CompanyCredit",
        description: "The part that one company has in one production.",
        table: Some(&CREDIT_TABLE),
        discriminant: None,
        interfaces: &["Node"],
        fields: vec![
            id("The global id."),
            encoded(
                "role",
                production_company::Column::Role,
                Encoding::Enum(&ROLE),
                "The company's part.",
            ),
            column(
                "isExclusive",
                production_company::Column::IsExclusive,
                "Whether no other company has this part: a show that only one service streams, for instance.",
            ),
            one("company", "Company", production_company::Column::CompanyId, "The company."),
            one(
                "production",
                "Production",
                production_company::Column::ProductionId,
                "The production.",
            ),
            one("source", "Source", production_company::Column::SourceId, "Where this comes from."),
        ],
    }
}
