//! One name in JSON and in SQL: the member `entryDate` is the column `entry_date`.

/// The member of a column.
pub fn member(column: &str) -> String {
    let mut words = column.split('_');
    let mut member = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        member.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        member.push_str(letters.as_str());
    }
    member
}

/// The column of a member.
pub fn column(member: &str) -> String {
    let mut column = String::with_capacity(member.len() + 4);
    for letter in member.chars() {
        if letter.is_ascii_uppercase() {
            column.push('_');
        }
        column.push(letter.to_ascii_lowercase());
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_and_its_column_lead_to_each_other() {
        for (name, of_column) in [("title", "title"), ("entryDate", "entry_date"), ("attachmentIds", "attachment_ids")]
        {
            assert_eq!((column(name).as_str(), member(of_column).as_str()), (of_column, name));
        }
    }
}
