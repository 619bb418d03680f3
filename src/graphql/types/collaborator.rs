//! `Collaborator`.

use crate::graphql::declare::{Field, Object, Ranking, Source, Type};

/// Whom a person worked with most. A person may have ten thousand credits, each on a production
/// with hundreds of others: so the productions are limited before anybody is counted.
pub static COLLABORATORS: Ranking = Ranking {
    sql: "SELECT count(DISTINCT c.production_id) AS shared, c.person_id AS other \
          FROM (SELECT DISTINCT d.production_id FROM ( \
            SELECT x.production_id FROM credit x \
            WHERE x.person_id = {key} AND x.released_on IS NOT NULL \
            ORDER BY x.released_on DESC, x.id DESC LIMIT 200) d) w \
          CROSS JOIN credit c \
          WHERE c.production_id = w.production_id AND c.person_id <> {key} \
          GROUP BY c.person_id ORDER BY shared DESC, other LIMIT {limit}",
    columns: ["shared", "other"],
};

/// `Collaborator`.
pub fn collaborator() -> Object {
    Object {
        name: "Collaborator",
        description: "Somebody with whom a person worked.",
        table: None,
        discriminant: None,
        interfaces: &[],
        fields: vec![
            Field {
                name: "person",
                ty: Type::named("Person").non_null(),
                description: "Who it is.",
                source: Source::RankedRow("other"),
            },
            Field {
                name: "productionCount",
                ty: Type::named("Int").non_null(),
                description: "On how many productions both are credited, among those of the latest 200 credits of the person whose collaborator it is.",
                source: Source::Ranked("shared"),
            },
        ],
    }
}
