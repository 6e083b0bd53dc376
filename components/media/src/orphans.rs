//! Orphans: files that no entry has, and the remains of uploads that were interrupted.

use crate::{files, quota, store};
use mindflow_guest::{call::Error, config};
use std::collections::HashSet;
use uuid::Uuid;

/// The schedule that looks through the container; the other one looks through the rows.
pub const SWEEP: &str = "sweep-media-container";
/// Time to write the entry, and to restore an attachment that was removed from it.
const KEPT_HOURS: i64 = 24;
const HOUR_US: i64 = 3_600 * 1_000_000;
/// Longer than any upload takes from its first byte to its row.
const UPLOAD_US_MAX: i64 = HOUR_US;

/// The setting, for the health check as well.
pub async fn kept_hours() -> Result<i64, Error> {
    config::number("media_orphan_hours", KEPT_HOURS).await.map_err(Error::Internal)
}

/// Removes the files that have been without an entry for long enough. A deleted entry keeps its files, since it can
/// be restored. The row goes first: what stays of a file if this is cut short, the sweep finds.
pub async fn collect(now_us: i64) -> Result<(), Error> {
    let before_us = now_us.saturating_sub(kept_hours().await?.saturating_mul(HOUR_US));
    quota::forget_old(now_us).await?;
    store::note_attachments(now_us).await?;
    loop {
        let taken = store::take_orphans(before_us).await?;
        for id in &taken {
            files::forget(*id).await?;
        }
        if taken.len() < store::TAKEN_PER_TRANSACTION {
            return Ok(());
        }
    }
}

/// Removes what lies in the container and belongs to no row: uploads that died before they had one, and files whose
/// row went without them.
pub async fn sweep(now_us: i64) -> Result<(), Error> {
    let before_us = now_us.saturating_sub(UPLOAD_US_MAX);
    let mut after = None;
    loop {
        let page = files::list(after.take()).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.key.clone());
        let old: Vec<_> = page.into_iter().filter(|info| info.modified_us < before_us).map(|info| info.key).collect();
        let ids: HashSet<Uuid> = old.iter().filter_map(|key| place(key)).map(|(id, _)| id).collect();
        let known = store::known(ids.into_iter().collect()).await?.into_iter().collect();
        let strays: Vec<_> = old.into_iter().filter(|key| is_stray(key, &known)).collect();
        if !strays.is_empty() {
            files::remove(strays).await?;
        }
    }
}

/// Whose file it is, and whether it is a rendition.
fn place(key: &str) -> Option<(Uuid, bool)> {
    let (folder, name) = key.split_once('/')?;
    if folder == files::UPLOADS {
        Some((mindflow_guest::id::parse(name)?, false))
    } else {
        Some((mindflow_guest::id::parse(folder)?, true))
    }
}

/// An upload is of no use when the codec has read it. What is not of our making is left alone.
fn is_stray(key: &str, known: &HashSet<Uuid>) -> bool {
    place(key).is_some_and(|(id, rendition)| !rendition || !known.contains(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "0190f3b2-7c1d-7a45-9d1e-0123456789ab";
    const UNKNOWN: &str = "0190f3b2-7c1d-7a45-9d1e-0123456789ff";

    #[test]
    fn only_what_has_no_row_or_was_for_the_codec_is_a_stray() {
        let known = HashSet::from([KNOWN.parse().unwrap()]);
        for (key, stray) in [
            (format!("{KNOWN}/original"), false),
            (format!("{KNOWN}/thumb"), false),
            (format!("uploads/{KNOWN}"), true),
            (format!("{UNKNOWN}/original"), true),
            (format!("uploads/{UNKNOWN}"), true),
            ("uploads/notes".to_owned(), false),
            ("notes/original".to_owned(), false),
            ("readme".to_owned(), false),
        ] {
            assert_eq!(is_stray(&key, &known), stray, "{key}");
        }
    }
}
