//! `Profession`.

use entity::profession as row;

use crate::graphql::declare::{Object, Table, column};

static TABLE: Table = Table::plain("profession", 15);

/// `Profession`.
pub fn profession() -> Object {
    Object {
        name: "Profession",
        description: "What people do for a living.",
        table: Some(&TABLE),
        discriminant: None,
        interfaces: &[],
        fields: vec![
            column("key", row::Column::Key, "The short stable name, such as `costume-designer`."),
            column("name", row::Column::Name, "The name to show."),
        ],
    }
}
