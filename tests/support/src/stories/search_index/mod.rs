//! An index finds what its documents say and mean, for their owner alone.

pub mod order;
pub mod vectors;
pub mod words;

use mindflow_backends::stores::search_index::{Document, Filter, Query, SearchIndex, TextHits};
use uuid::Uuid;

/// The owner of the documents of most stories, and another user.
pub const ADA: Uuid = Uuid::from_u128(1);
pub const EVE: Uuid = Uuid::from_u128(2);

/// Names the stories to the macro, by their modules.
#[macro_export]
macro_rules! search_index_stories {
    ($macro:ident) => {
        $macro! {
            words:
                words_are_found_in_every_form_of_the_documents_language,
                a_beginning_is_found_only_as_the_last_word,
                phrases_and_exclusions_hold,
                a_misspelt_word_finds_what_was_meant,
                a_title_counts_more_than_a_text,
                what_was_found_is_marked_and_the_rest_is_escaped,
                keywords_and_times_narrow_a_search_down,
                the_total_counts_what_the_page_does_not_show,
                the_longest_text_of_any_script_is_taken,
                words_and_phrases_far_into_a_long_text_are_found,
                a_text_is_found_in_every_encoding_and_without_spaces_and_by_its_emoji,
                words_are_marked_as_they_were_cut_and_everything_else_is_escaped_once,
                a_filter_alone_lists_the_latest_first_page_by_page,
                of_some_documents_those_are_counted_that_have_the_words,
                addresses_and_signs_are_found_by_their_words;
            order:
                an_older_version_changes_nothing,
                a_deleted_document_stays_deleted_for_older_versions,
                any_order_of_all_versions_leaves_the_same,
                an_owner_finds_only_what_is_its_own,
                what_is_forgotten_is_gone_and_others_documents_stay;
            vectors:
                the_nearest_are_found_without_the_one_asked_for,
                what_must_not_be_there_binds_the_nearest_and_they_lead_on_page_by_page,
                those_that_are_near_enough_are_counted,
                vectors_of_another_model_are_passed_over,
                a_version_keeps_its_vector_until_it_gets_another,
                limits_and_vectors_that_make_no_sense_are_refused;
        }
    };
}

/// A document of [`ADA`]'s, in English.
pub fn document(id: &str, title: &str, body: &str) -> Document {
    Document {
        id: id.into(),
        owner: ADA,
        version: 1,
        title: title.into(),
        body: body.into(),
        keywords: Vec::new(),
        labels: Vec::new(),
        language: Some("en".into()),
        at: 0,
        vector: None,
    }
}

/// Writes them one after another.
pub async fn keep(index: &dyn SearchIndex, documents: &[Document]) {
    for document in documents {
        index.upsert(document).await.unwrap();
    }
}

/// The ten best that a query of [`ADA`]'s finds.
pub async fn search(index: &dyn SearchIndex, query: &str) -> TextHits {
    index.search(ADA, &Query::parse(query).unwrap(), &Filter::default(), 10).await.unwrap()
}

/// The ids of what is found, best first.
pub async fn ids(index: &dyn SearchIndex, query: &str) -> Vec<String> {
    search(index, query).await.hits.into_iter().map(|hit| hit.id).collect()
}
