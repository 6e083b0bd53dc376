//! Exact nearest neighbours. One owner's documents are few, so comparing with each of them takes milliseconds,
//! and nothing is missed as an approximate index would.

use super::{Place, VectorHit};

/// More than the largest models of today give.
pub const VECTOR_DIMENSIONS_MAX: usize = 4_096;

/// The vector at length 1; none when it has no direction.
pub fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    if vector.len() > VECTOR_DIMENSIONS_MAX {
        return None;
    }
    let length = vector.iter().map(|part| f64::from(*part).powi(2)).sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the parts of a unit vector are within -1 and 1")]
    Some(vector.iter().map(|part| (f64::from(*part) / length) as f32).collect())
}

/// Of unit vectors; none when they are of different models.
fn cosine(one: &[f32], other: &[f32]) -> Option<f64> {
    (one.len() == other.len()).then(|| f64::from(one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>()))
}

/// The best `limit` beyond a place, best first; equal ones in the order of their ids.
pub fn best(
    wanted: &[f32],
    documents: impl Iterator<Item = (String, Vec<f32>)>,
    beyond: Option<&Place>,
    limit: u32,
) -> Vec<VectorHit> {
    let is_beyond = |hit: &VectorHit| beyond.is_none_or(|place| (place.score, &hit.id) > (hit.score, &place.id));
    let hits = documents.filter_map(|(id, vector)| Some(VectorHit { score: cosine(wanted, &vector)?, id }));
    let mut hits: Vec<VectorHit> = hits.filter(is_beyond).collect();
    hits.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.id.cmp(&other.id)));
    hits.truncate(limit as usize);
    hits
}

/// How many are at least that near.
pub fn count(wanted: &[f32], documents: impl Iterator<Item = Vec<f32>>, score_min: f64) -> u32 {
    let near = documents.filter(|vector| cosine(wanted, vector).is_some_and(|score| score >= score_min));
    u32::try_from(near.count()).unwrap_or(u32::MAX)
}

/// As a store keeps it: 32-bit floats, little-endian.
#[must_use]
pub fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|part| part.to_le_bytes()).collect()
}

/// What [`to_bytes`] made.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|part| f32::from_le_bytes(*part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_vectors_of_another_model_are_passed_over() {
        let documents = [
            ("across", vec![0.0, 1.0]),
            ("same", vec![1.0, 0.0]),
            ("near", vec![0.8, 0.6]),
            ("other model", vec![1.0, 0.0, 0.0]),
            ("away", vec![-1.0, 0.0]),
        ];
        let documents = documents.map(|(id, vector)| (id.to_owned(), vector));
        let hits = best(&[1.0, 0.0], documents.clone().into_iter(), None, 3);
        assert_eq!(hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["same", "near", "across"]);
        assert!((hits[1].score - 0.8).abs() < 1e-6);
        let place = Place { score: hits[1].score, id: hits[1].id.clone() };
        let counted =
            |score_min| count(&[1.0, 0.0], documents.clone().into_iter().map(|(_, vector)| vector), score_min);
        assert_eq!((counted(0.75), counted(-1.0)), (2, 4));
        let next = best(&[1.0, 0.0], documents.into_iter(), Some(&place), 3);
        assert_eq!(next.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["across", "away"]);
    }

    #[test]
    fn bytes_are_the_vector() {
        let vector = vec![0.25, -1.0, f32::MIN_POSITIVE];
        assert_eq!(from_bytes(&to_bytes(&vector)), vector);
    }
}
