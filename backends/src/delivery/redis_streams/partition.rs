//! Which partition a key is in: for good, wherever it is computed.

/// Fowler, Noll and Vo's hash FNV-1a (64 bits): its definition will never change under us, and it spreads
/// short keys that differ in a few characters well.
pub(in crate::delivery) fn of(key: &str, partitions: u32) -> u32 {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // The low bits of FNV are its best; folding lets the high ones take part.
    u32::try_from((hash ^ (hash >> 32)) % u64::from(partitions.max(1))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_in_its_partition_from_release_to_release() {
        assert_eq!(of("entry:1", 64), 5);
    }

    #[test]
    fn keys_spread_evenly() {
        let mut counts = [0_u32; 64];
        for n in 0..6_400_u128 {
            counts[of(&format!("entry:{}", uuid::Uuid::from_u128(n << 40 | n)), 64) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (50..160).contains(count)), "{counts:?}");
    }
}
