//! Where a page of hits ends, as clients carry it: the ranking, a fingerprint of the query that made it, the total, and the place of
//! the last hit.

use mindflow_guest::{call::Error, failure::invalid, id, rules::Format, search_index::Place};

/// A ranking that a place is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranking {
    Words,
    Meaning,
    /// Words and meaning, fused.
    Fused,
    /// What has the words and is behind all that was fused.
    Rest,
}

/// The place of a hit.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    pub ranking: Ranking,
    /// Of the whole search, as its first page counted it.
    pub total: u32,
    pub place: Place,
}

const RANKINGS: [(Ranking, char); 4] =
    [(Ranking::Words, 'w'), (Ranking::Meaning, 'm'), (Ranking::Fused, 'f'), (Ranking::Rest, 'r')];

impl Cursor {
    /// `query`: what was asked, which a cursor belongs to.
    pub fn write(&self, query: &str) -> String {
        let mark = RANKINGS.iter().find(|(ranking, _)| *ranking == self.ranking).map_or('w', |(_, mark)| *mark);
        let Place { score, id } = &self.place;
        format!("{mark}{:08x}{:08x}{:016x}{id}", fingerprint(query), self.total, score.to_bits())
    }

    /// # Errors
    /// The text is no cursor of this query in one of these rankings.
    pub fn read(text: &str, query: &str, rankings: &[Ranking]) -> Result<Self, Error> {
        Self::parse(text, query)
            .filter(|cursor| rankings.contains(&cursor.ranking))
            .ok_or_else(|| invalid("after", Format::Cursor, "This is not a cursor of this search."))
    }

    fn parse(text: &str, query: &str) -> Option<Self> {
        let (mark, rest) = text.split_at_checked(1)?;
        let (ranking, _) = RANKINGS.iter().find(|(_, known)| mark.starts_with(*known))?;
        let (of, rest) = rest.split_at_checked(8)?;
        let (total, rest) = rest.split_at_checked(8)?;
        let (score, id) = rest.split_at_checked(16)?;
        let score = f64::from_bits(u64::from_str_radix(score, 16).ok()?);
        let is_of_it = u32::from_str_radix(of, 16).ok()? == fingerprint(query);
        let place = Place { score, id: id::parse(id)?.to_string() };
        let total = u32::from_str_radix(total, 16).ok()?;
        (is_of_it && score.is_finite()).then_some(Self { ranking: *ranking, total, place })
    }
}

/// FNV-1a: enough to refuse the cursor of another query.
fn fingerprint(query: &str) -> u32 {
    query.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00000000-0000-0000-0000-000000000001";

    #[test]
    fn a_cursor_leads_back_to_its_place_and_fits_its_own_search_alone() {
        for ranking in [Ranking::Words, Ranking::Meaning, Ranking::Fused, Ranking::Rest] {
            let cursor = Cursor { ranking, total: 205, place: Place { score: 1.0 / 3.0, id: ID.into() } };
            let text = cursor.write("walk");
            assert_eq!(Cursor::read(&text, "walk", &[ranking]), Ok(cursor));
            assert!(Cursor::read(&text, "walks", &[ranking]).is_err());
            assert!(Cursor::read(&text, "walk", &[]).is_err());
        }
        for wrong in ["", "w", "ü", &format!("x{}", "0".repeat(68)), &format!("w{}{ID}", "g".repeat(32))] {
            assert!(Cursor::read(wrong, "walk", &[Ranking::Words]).is_err(), "{wrong}");
        }
    }
}
