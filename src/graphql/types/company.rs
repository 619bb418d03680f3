//! `Company`, and its part in a production.

use entity::{company as row, external_id, production_company};

use super::external_id::external_ids;
use super::order;
use crate::graphql::declare::{
    Encoding, Enum, Object, Relation, Table, Type, column, connection, desc, encoded, id, one,
};

static TABLE: Table = Table { name: "company", tag: 3, discriminator: None, sides: &[] };
static CREDIT_TABLE: Table =
    Table { name: "production_company", tag: 12, discriminator: None, sides: &[] };

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
                Relation::by(production_company::Column::CompanyId)
                    .filter(
                        production_company::Column::Role,
                        "role",
                        Type::named(ROLE.name),
                        "Only productions in which it has this role.",
                    )
                    .order([desc(production_company::Column::ReleasedOn)])
                    .order_by(&order::COMPANY_CREDIT),
                "Its parts in productions, the latest production first.",
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
