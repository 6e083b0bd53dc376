//! What is found by its words.

use super::{ADA, document, ids, keep, search};
use mindflow_backends::stores::search_index::{Document, Filter, Query, SearchIndex};

fn in_language(id: &str, language: &str, body: &str) -> Document {
    Document { language: Some(language.into()), ..document(id, "", body) }
}

pub async fn words_are_found_in_every_form_of_the_documents_language(index: &dyn SearchIndex) {
    keep(
        index,
        &[
            in_language("en", "en", "We walked past the harbours."),
            in_language("de", "de", "Die Häuser am Meer waren schön; wir haben gefrühstückt."),
            in_language("fr", "fr", "Nous mangions dans les jardins."),
            in_language("ja", "ja", "東京 タワー"),
        ],
    )
    .await;
    for (query, id) in [
        ("walking harbour ", "en"),
        ("WALKS", "en"),
        ("Haus ", "de"),
        ("SCHÖNE ", "de"),
        ("jardin ", "fr"),
        ("タワー ", "ja"),
    ] {
        assert_eq!(ids(index, query).await, [id], "{query}");
    }
}

pub async fn a_beginning_is_found_only_as_the_last_word(index: &dyn SearchIndex) {
    keep(index, &[document("1", "Lighthouse", "A stressful night by the sea.")]).await;
    for query in ["ligh", "night stressf", "sea lightho"] {
        assert_eq!(ids(index, query).await, ["1"], "{query}");
    }
    // A complete word is no beginning, and one letter is not enough.
    assert!(ids(index, "lig night ").await.is_empty());
    assert!(ids(index, "l").await.is_empty());
}

pub async fn phrases_and_exclusions_hold(index: &dyn SearchIndex) {
    keep(
        index,
        &[document("river", "", "We slept well by the river."), document("sea", "", "Well, we slept by the sea.")],
    )
    .await;
    assert_eq!(ids(index, "\"slept well\"").await, ["river"]);
    assert_eq!(ids(index, "\"the sea\" slept ").await, ["sea"]);
    assert_eq!(ids(index, "slept -river").await, ["sea"]);
    assert_eq!(ids(index, "slept -rivers").await, ["sea"]);
    assert_eq!(ids(index, "slept -\"by the sea\"").await, ["river"]);
}

pub async fn a_misspelt_word_finds_what_was_meant(index: &dyn SearchIndex) {
    keep(
        index,
        &[
            document("1", "Exercise", "A beautiful morning, and breakfast afterwards."),
            document("2", "", "Nothing of the kind."),
        ],
    )
    .await;
    for query in ["excercise ", "beuatiful ", "brekfast mornign "] {
        let found = search(index, query).await;
        assert_eq!(found.hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["1"], "{query}");
        assert!(found.hits[0].highlights.iter().any(|part| part.contains("<mark>")), "{found:?}");
    }
    assert!(ids(index, "zebra ").await.is_empty());
}

pub async fn a_title_counts_more_than_a_text(index: &dyn SearchIndex) {
    keep(
        index,
        &[
            document("text", "Monday", "In the morning we went to the harbour and stayed there."),
            document("title", "Harbour", "In the morning we went out and stayed there for long."),
        ],
    )
    .await;
    let found = search(index, "harbour").await;
    assert_eq!(found.hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["title", "text"]);
    assert!(found.hits[0].score > found.hits[1].score && found.hits[1].score > 0.0, "{found:?}");
}

pub async fn what_was_found_is_marked_and_the_rest_is_escaped(index: &dyn SearchIndex) {
    let body = "<script>alert(1)</script> \u{E000}near\u{E001} the lighthouse & \"home\" <mark>by</mark> night";
    keep(index, &[document("1", "Lighthouses <b>", body)]).await;
    let found = search(index, "lighthouse").await;
    let highlights = &found.hits[0].highlights;
    assert_eq!(highlights[0], "<mark>Lighthouses</mark> &lt;b&gt;");
    assert!(highlights[1].contains("the <mark>lighthouse</mark> &amp; &quot;home&quot;"), "{highlights:?}");
    let all = highlights.join("");
    assert!(!all.contains("<script") && !all.contains("<mark>near") && !all.contains("<mark>by"), "{all}");
}

pub async fn keywords_and_times_narrow_a_search_down(index: &dyn SearchIndex) {
    let of = |id: &str, keyword: &str, at| Document { keywords: vec![keyword.into()], at, ..document(id, "walk", "") };
    keep(index, &[of("1", "Deep Work", 10), of("2", "home", 20), of("3", "Home", 30)]).await;
    let found = async |filter: Filter| {
        let query = Query::parse("walk").unwrap();
        let hits = index.search(ADA, &query, &filter, 10).await.unwrap();
        let mut ids: Vec<_> = hits.hits.into_iter().map(|hit| hit.id).collect();
        ids.sort();
        ids
    };
    let keywords =
        |words: &[&str]| Filter { keywords: words.iter().map(ToString::to_string).collect(), ..Filter::default() };
    assert_eq!(found(keywords(&["deep work"])).await, ["1"]);
    assert_eq!(found(keywords(&["HOME"])).await, ["2", "3"]);
    assert!(found(keywords(&["home", "deep work"])).await.is_empty());
    assert_eq!(found(Filter { after: Some(20), ..Filter::default() }).await, ["2", "3"]);
    assert_eq!(found(Filter { before: Some(20), ..Filter::default() }).await, ["1"]);
    assert_eq!(found(Filter { after: Some(10), before: Some(30), ..keywords(&["home"]) }).await, ["2"]);
    // Keywords are no words; labels are.
    assert!(ids(index, "deep ").await.is_empty());
    keep(index, &[Document { labels: vec!["Deep Work".into()], ..document("4", "walk", "") }]).await;
    assert_eq!(ids(index, "deep ").await, ["4"]);
}

pub async fn the_total_counts_what_the_page_does_not_show(index: &dyn SearchIndex) {
    for number in 0..12 {
        keep(index, &[document(&number.to_string(), "walk", "")]).await;
    }
    let page = index.search(ADA, &Query::parse("walk").unwrap(), &Filter::default(), 5).await.unwrap();
    assert_eq!((page.hits.len(), page.total), (5, 12));
}

pub async fn the_longest_text_of_any_script_is_taken(index: &dyn SearchIndex) {
    // 100,000 characters of four bytes, all words of two of them different: the most that a text can ask of an index.
    let letters: Vec<char> = ('\u{10400}'..='\u{1044F}').collect();
    let mut body = String::new();
    'all: for first in &letters {
        for second in &letters {
            for third in &letters[..8] {
                body.extend([*first, *second, *third, ' ']);
                if body.chars().count() >= 100_000 {
                    break 'all;
                }
            }
        }
    }
    let ascii = (0..16_000).map(|number| format!("w{number} ")).collect::<String>();
    keep(index, &[document("deseret", "Long", &body), document("ascii", "Longer", &ascii)]).await;
    assert_eq!(ids(index, "long ").await.len(), 1);
    assert_eq!(ids(index, "w15999 ").await, ["ascii"]);
    let first: String = body.chars().take(3).collect();
    assert_eq!(ids(index, &format!("{first} ")).await, ["deseret"]);
}

pub async fn addresses_and_signs_are_found_by_their_words(index: &dyn SearchIndex) {
    keep(
        index,
        &[document("1", "", "Wrote an e-mail to bob@example.org about https://example.org/a/b?c=d, it's 3.5% off.")],
    )
    .await;
    for query in ["e-mail ", "bob@example.org", "example ", "\"3.5\"", "it's "] {
        assert_eq!(ids(index, query).await, ["1"], "{query}");
    }
}
