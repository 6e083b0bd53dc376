//! Where in its parts a piece of an export lies.

/// A part's number, and from which byte to which of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub part: u32,
    pub start: u64,
    pub end: u64,
}

/// The pieces of the bytes from `start` to the one before `end`. `parts`: their numbers and bytes, in order.
pub fn pieces(parts: &[(u32, u64)], start: u64, end: u64) -> Vec<Piece> {
    let mut before = 0;
    let mut pieces = Vec::new();
    for (part, bytes) in parts {
        let (from, to) = (start.max(before), end.min(before + bytes));
        if from < to {
            pieces.push(Piece { part: *part, start: from - before, end: to - before });
        }
        before += bytes;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_found_in_the_parts_that_it_crosses() {
        let parts = [(0, 10), (1, 0), (2, 5)];
        let piece = |part, start, end| Piece { part, start, end };
        assert_eq!(pieces(&parts, 0, 15), [piece(0, 0, 10), piece(2, 0, 5)]);
        assert_eq!(pieces(&parts, 9, 11), [piece(0, 9, 10), piece(2, 0, 1)]);
        assert_eq!(pieces(&parts, 10, 12), [piece(2, 0, 2)]);
        assert_eq!(pieces(&parts, 15, 20), []);
    }
}
