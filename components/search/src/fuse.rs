//! Two rankings into one, by reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): what counts is the
//! place in each, because the scores of words and of meaning cannot be compared.

use std::collections::BTreeMap;

/// The paper's constant: how little the first places count more than the next.
const K: f64 = 60.0;

/// The ids of both rankings with their fused scores, best first; equal ones in the order of their ids.
pub fn fuse<'a>(rankings: &[Vec<&'a str>]) -> Vec<(&'a str, f64)> {
    let mut scores: BTreeMap<&str, f64> = BTreeMap::new();
    for ranking in rankings {
        let mut place = 0.0;
        for id in ranking {
            place += 1.0;
            *scores.entry(id).or_default() += 1.0 / (K + place);
        }
    }
    let mut fused: Vec<_> = scores.into_iter().collect();
    fused.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids<'a>(rankings: &[Vec<&'a str>]) -> Vec<&'a str> {
        fuse(rankings).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn what_both_rankings_have_comes_before_what_leads_one() {
        assert_eq!(ids(&[vec!["a", "b", "c"], vec!["d", "b"]]), ["b", "a", "d", "c"]);
    }

    #[test]
    fn one_ranking_alone_keeps_its_order() {
        assert_eq!(ids(&[vec!["b", "a", "c"], vec![]]), ["b", "a", "c"]);
        assert!(ids(&[vec![], vec![]]).is_empty());
    }

    #[test]
    fn a_score_is_the_sum_of_the_reciprocals_of_the_places() {
        let fused = fuse(&[vec!["a"], vec!["b", "a"]]);
        assert!((fused[0].1 - (1.0 / 61.0 + 1.0 / 62.0)).abs() < 1e-12);
    }
}
