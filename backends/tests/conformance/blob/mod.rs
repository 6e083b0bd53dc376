//! Goal: a file is there whole or not at all, and comes back as it went in. Method: one suite of stories, each on a
//! folder and on a bucket of a server that speaks the S3 API.

mod stories;

macro_rules! on_every_back_end {
    ($($name:ident),* $(,)?) => {
        mod in_a_folder {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let container = mindflow_backends::stores::blob::open(None, "shelf", folder.path()).unwrap();
                super::stories::$name(&container).await;
                let left = super::files_in(folder.path());
                let listed = container.list("", None, 1_000).await.unwrap().len();
                assert_eq!(left, listed, "the folder has a file that no listing shows");
            })*
        }

        mod on_s3 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let server = mindflow_test_support::s3::start().await;
                let nowhere = std::path::Path::new("");
                let container = mindflow_backends::stores::blob::open(Some(&server.settings), "shelf", nowhere).unwrap();
                super::stories::$name(&container).await;
            })*
        }
    };
}

on_every_back_end! {
    a_file_comes_back_as_it_went_in_whatever_its_size,
    a_range_gives_its_bytes_and_no_others,
    a_file_is_not_there_before_it_is_finished,
    an_upload_that_is_too_large_is_refused_and_leaves_nothing,
    an_upload_that_is_let_go_leaves_the_older_file,
    files_are_listed_in_the_order_of_their_keys_page_by_page,
    what_is_removed_is_gone_and_removing_it_again_is_no_error,
    a_key_that_could_leave_the_container_is_refused,
}

/// Of any name, in all folders below.
fn files_in(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_in(&path) } else { 1 }).sum()
}
