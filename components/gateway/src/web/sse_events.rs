//! Server-sent events as text (HTML standard, §9.2), by the names that GraphQL over SSE has for them.

/// The last event.
pub const COMPLETE: &str = "event: complete\ndata:\n\n";

/// The event of one result, which is JSON in one line. With its cursor, from which a client goes on by `Last-Event-ID`.
pub fn next(result: &str, cursor: Option<&str>) -> String {
    format!("{}event: next\ndata: {result}\n\n", cursor.map(id).unwrap_or_default())
}

/// Where the client goes on that has had no result: an id and no event.
pub fn at(cursor: &str) -> String {
    format!("{}\n", id(cursor))
}

/// One that the client has made up may be any text: what is no single line of a cursor is left out.
fn id(cursor: &str) -> String {
    if cursor.contains(char::is_control) { String::new() } else { format!("id: {cursor}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_the_id_of_its_cursor_and_nothing_else_that_a_client_wrote() {
        assert_eq!(next("{}", Some("7-0")), "id: 7-0\nevent: next\ndata: {}\n\n");
        assert_eq!(at("7-0"), "id: 7-0\n\n");
        for forged in ["7-0\n\nevent: next\ndata: {}", "7\r0", "\0"] {
            assert_eq!(at(forged), "\n", "{forged:?}");
        }
    }
}
