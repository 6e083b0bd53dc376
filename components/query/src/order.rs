//! In which order entries are listed.

use crate::bindings::exports::mindflow::query::reads::EntryOrder;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// By the days that entries are about, the newest first; those of one day by when they were begun.
    #[default]
    EntryDateDescending,
    EntryDateAscending,
    CreatedDescending,
    CreatedAscending,
    /// By when they were changed, the latest first.
    ChangedDescending,
}

impl Order {
    pub fn is_by_day(self) -> bool {
        matches!(self, Self::EntryDateDescending | Self::EntryDateAscending)
    }

    /// The columns of the row, most significant first; an index has them in this order.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::EntryDateDescending | Self::EntryDateAscending => &["entry_date", "created_at", "entry_id"],
            Self::CreatedDescending | Self::CreatedAscending => &["created_at", "entry_id"],
            Self::ChangedDescending => &["updated_at", "entry_id"],
        }
    }

    fn is_descending(self) -> bool {
        matches!(self, Self::EntryDateDescending | Self::CreatedDescending | Self::ChangedDescending)
    }

    /// `ORDER BY row.entry_date DESC, …`
    pub fn clause(self, row: &str) -> String {
        let direction = if self.is_descending() { "DESC" } else { "ASC" };
        let columns: Vec<_> = self.columns().iter().map(|column| format!("{row}.{column} {direction}")).collect();
        format!("ORDER BY {}", columns.join(", "))
    }

    /// `(row.entry_date, …) < (…)`: whether the row comes after those values.
    pub fn after(self, row: &str, values: &[String]) -> String {
        let columns: Vec<_> = self.columns().iter().map(|column| format!("{row}.{column}")).collect();
        let sign = if self.is_descending() { '<' } else { '>' };
        format!("({}) {sign} ({})", columns.join(", "), values.join(", "))
    }
}

impl From<EntryOrder> for Order {
    fn from(order: EntryOrder) -> Self {
        match order {
            EntryOrder::EntryDateDescending => Self::EntryDateDescending,
            EntryOrder::EntryDateAscending => Self::EntryDateAscending,
            EntryOrder::CreatedDescending => Self::CreatedDescending,
            EntryOrder::CreatedAscending => Self::CreatedAscending,
            EntryOrder::ChangedDescending => Self::ChangedDescending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_is_what_the_order_says() {
        let values = ["$1".to_owned(), "$2".to_owned(), "$3".to_owned()];
        assert_eq!(Order::default().clause("j"), "ORDER BY j.entry_date DESC, j.created_at DESC, j.entry_id DESC");
        assert_eq!(Order::default().after("j", &values), "(j.entry_date, j.created_at, j.entry_id) < ($1, $2, $3)");
        assert_eq!(Order::CreatedAscending.clause("p"), "ORDER BY p.created_at ASC, p.entry_id ASC");
        assert_eq!(Order::CreatedAscending.after("p", &values[..2]), "(p.created_at, p.entry_id) > ($1, $2)");
    }
}
