//! `ServerInfo`, and the limits in it.

use crate::graphql::declare::{
    Fact, Field, LIST_SIZE_MAX, NODES_MAX, ORDER_KEYS_MAX, Object, PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX, fact, server,
};
use crate::graphql::filter::FILTER_VALUES_MAX;
use crate::graphql::guard::Limit;

fn object(name: &'static str, description: &'static str, fields: Vec<Field>) -> Object {
    Object { name, description, table: None, discriminant: None, interfaces: &[], fields }
}

/// `ServerInfo`.
pub fn server_info() -> Object {
    object(
        "ServerInfo",
        "What the server says of itself.",
        vec![
            fact("version", Fact::Version, "The version of the program."),
            server("limits", "ServerLimits", "What it allows a request."),
        ],
    )
}

/// `ServerLimits`.
pub fn server_limits() -> Object {
    let named =
        Limit::ALL.iter().map(|limit| fact(limit.name(), Fact::Limit(*limit), limit.description()));
    let of_arguments = [
        ("pageSize", PAGE_SIZE_MAX, "Items of a page."),
        ("pageSizeDefault", PAGE_SIZE_DEFAULT, "Items of a page whose size is not given."),
        (
            "listSize",
            LIST_SIZE_MAX,
            "Items of a list that is not paged; there are no more to be seen.",
        ),
        ("keys", NODES_MAX as i64, "Ids or keys that one field looks up."),
        ("filterValues", FILTER_VALUES_MAX as i64, "Items of one list in a filter."),
        ("orderKeys", ORDER_KEYS_MAX as i64, "Keys of one order."),
    ];
    let of_arguments = of_arguments.map(|(name, max, text)| fact(name, Fact::Number(max), text));
    let deadline = fact(
        "deadlineMs",
        Fact::Deadline,
        "The longest time that a request may take, in milliseconds.",
    );
    object(
        "ServerLimits",
        "What a server allows a request: the most of each. What exceeds one of them is refused with the code `QUERY_TOO_COMPLEX`, the name of the limit, the most that is allowed and what was found; an argument that exceeds one, with `BAD_USER_INPUT`.",
        named.chain(of_arguments).chain([deadline]).collect(),
    )
}
