//! What holds for every container.

use mindflow_backends::stores::blob::{Container, Error};
use std::ops::Range;

const MIB: usize = 1 << 20;

/// Bytes that differ from place to place, so that a piece that is lost or swapped shows.
fn contents(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251 + at / 65_536) as u8).collect()
}

/// In pieces of an odd size, which fit no part.
async fn put(container: &Container, key: &str, contents: &[u8]) {
    let mut upload = container.put(key, contents.len() as u64).await.unwrap();
    for piece in contents.chunks(70_001) {
        upload.write(piece.to_vec().into()).await.unwrap();
    }
    assert_eq!(upload.finish().await, Ok(contents.len() as u64));
}

async fn get(container: &Container, key: &str, range: Option<Range<u64>>) -> Result<Vec<u8>, Error> {
    let (_, mut download) = container.get(key, range).await?;
    let mut read = Vec::new();
    while let Some(piece) = download.next().await? {
        assert!(piece.len() <= 64 << 10);
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

async fn keys(container: &Container) -> Vec<String> {
    container.list("", None, 1_000).await.unwrap().into_iter().map(|info| info.key).collect()
}

pub async fn a_file_comes_back_as_it_went_in_whatever_its_size(container: &Container) {
    for bytes in [0, 1, 256 << 10, 5 * MIB, 11 * MIB + 3] {
        let contents = contents(bytes);
        put(container, "a/file", &contents).await;
        assert_eq!(container.head("a/file").await.unwrap().bytes, bytes as u64);
        assert!(get(container, "a/file", None).await.unwrap() == contents, "{bytes} bytes came back as others");
    }
}

pub async fn a_range_gives_its_bytes_and_no_others(container: &Container) {
    let contents = contents(200_000);
    put(container, "a", &contents).await;
    for (range, end) in [(0..1, 1), (70_000..150_000, 150_000), (199_999..300_000, 200_000)] {
        let read = get(container, "a", Some(range.clone())).await.unwrap();
        assert!(read == contents[range.start as usize..end], "{range:?}");
    }
    for behind in [200_000..200_001, 500_000..600_000, 7..7] {
        let refused = get(container, "a", Some(behind.clone())).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid { field: "range", .. }), "{behind:?}: {refused}");
    }
    assert_eq!(get(container, "b", Some(0..1)).await, Err(Error::NotFound));
}

pub async fn a_file_is_not_there_before_it_is_finished(container: &Container) {
    let mut upload = container.put("late", 1_000_000).await.unwrap();
    upload.write(contents(600_000).into()).await.unwrap();
    assert_eq!(container.head("late").await, Err(Error::NotFound));
    assert!(keys(container).await.is_empty());
    upload.finish().await.unwrap();
    assert_eq!(keys(container).await, ["late"]);
    assert!(upload.finish().await.is_err(), "it is over");
}

pub async fn an_upload_that_is_too_large_is_refused_and_leaves_nothing(container: &Container) {
    let mut upload = container.put("large", 600_000).await.unwrap();
    upload.write(contents(600_000).into()).await.unwrap();
    assert_eq!(upload.write(vec![0].into()).await, Err(Error::TooLarge(600_000)));
    assert!(upload.finish().await.is_err(), "an error ends an upload");
    assert!(keys(container).await.is_empty());
}

pub async fn an_upload_that_is_let_go_leaves_the_older_file(container: &Container) {
    put(container, "kept", b"older").await;
    let mut upload = container.put("kept", 1_000_000).await.unwrap();
    upload.write(contents(600_000).into()).await.unwrap();
    upload.discard().await;
    assert_eq!(get(container, "kept", None).await.unwrap(), b"older");
    assert_eq!(keys(container).await, ["kept"]);
}

pub async fn files_are_listed_in_the_order_of_their_keys_page_by_page(container: &Container) {
    for key in ["b/2", "a", "b/1", "c", "b/3", "bb"] {
        put(container, key, key.as_bytes()).await;
    }
    let all = keys(container).await;
    assert_eq!(all, ["a", "b/1", "b/2", "b/3", "bb", "c"]);
    let mut paged = Vec::new();
    loop {
        let page = container.list("", paged.last().map(String::as_str), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        paged.extend(page.into_iter().map(|info| info.key));
    }
    assert_eq!(paged, all);
    let folder: Vec<_> = container.list("b", Some("b/1"), 10).await.unwrap();
    assert_eq!(folder.iter().map(|info| info.key.as_str()).collect::<Vec<_>>(), ["b/2", "b/3"]);
    assert_eq!(folder[0].bytes, 3);
    assert!(folder[0].modified_us > 1_700_000_000_000_000);
}

pub async fn what_is_removed_is_gone_and_removing_it_again_is_no_error(container: &Container) {
    put(container, "a", b"1").await;
    put(container, "b", b"2").await;
    let gone = ["a".to_owned(), "never-there".to_owned()];
    container.delete(&gone).await.unwrap();
    container.delete(&gone).await.unwrap();
    assert_eq!(get(container, "a", None).await, Err(Error::NotFound));
    assert_eq!(keys(container).await, ["b"]);
}

pub async fn a_key_that_could_leave_the_container_is_refused(container: &Container) {
    put(container, "kept", b"1").await;
    for key in ["../kept", "a/../../b", "/etc/passwd", "", "kept#1"] {
        assert!(matches!(container.put(key, 1).await, Err(Error::Invalid { field: "key", .. })), "{key:?}");
        assert!(container.get(key, None).await.is_err(), "{key:?}");
        assert!(container.delete(&["kept".to_owned(), key.to_owned()]).await.is_err(), "{key:?}");
    }
    assert_eq!(keys(container).await, ["kept"], "nothing is removed with a key that breaks a rule");
}
