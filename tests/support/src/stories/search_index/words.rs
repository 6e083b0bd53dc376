//! What is found by its words.

use super::{ADA, document, ids, keep, search};
use mindflow_backends::stores::search_index::{Document, Filter, Place, Query, SearchIndex};

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

pub async fn words_and_phrases_far_into_a_long_text_are_found(index: &dyn SearchIndex) {
    // Places in a tsvector end at 16,383.
    let long = format!("{}By the old lighthouse we slept well.", "morning ".repeat(12_000));
    let far = format!("{}Wir schliefen gut.", "каждое утро ".repeat(8_000));
    keep(index, &[document("long", "", &long), document("far", "", &far), document("short", "", "Well, we slept.")])
        .await;
    for (query, found) in [
        ("\"slept well\"", "long"),
        ("\"old lighthouse\" ", "long"),
        ("lighthouse ", "long"),
        ("slept -\"slept well\"", "short"),
        ("schliefen ", "far"),
        ("\"schliefen gut\"", "far"),
    ] {
        let hits = search(index, query).await.hits;
        assert_eq!(hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), [found], "{query}");
        assert!(hits[0].highlights.iter().any(|part| part.contains("<mark>")), "{query}");
    }
}

pub async fn a_text_is_found_in_every_encoding_and_without_spaces_and_by_its_emoji(index: &dyn SearchIndex) {
    keep(
        index,
        &[
            in_language("zürich", "de", "Cre\u{300}me bru\u{302}le\u{301}e in Zürich."),
            in_language("istanbul", "tr", "Sabah İstanbul'da."),
            in_language("greek", "el", "ΟΔΟΣ ΕΡΜΟΥ"),
            in_language("tokyo", "ja", "昨日は東京タワーに行きました。"),
            in_language("thai", "th", "เราไปทะเลกัน"),
            in_language("hindi", "hi", "आज मैं हिन्दी पढ़ता हूँ"),
            in_language("recipe", "en", "Take ½ cup and 3㎏ of flour, part A-12/3"),
            in_language("party", "en", "A party 🎉 with ❤\u{fe0f} and 👍🏽"),
        ],
    )
    .await;
    for (query, found) in [
        ("Zu\u{308}rich ", "zürich"),
        ("crème ", "zürich"),
        ("\"Crème bru\u{302}lée\"", "zürich"),
        ("İstanbul ", "istanbul"),
        ("istanbul ", "istanbul"),
        ("ΟΔΟΣ ", "greek"),
        ("οδος ", "greek"),
        ("東京 ", "tokyo"),
        ("タワー ", "tokyo"),
        ("京タ ", "tokyo"),
        ("ทะเล ", "thai"),
        ("हिन्दी ", "hindi"),
        ("½ ", "recipe"),
        ("1/2 ", "recipe"),
        ("3㎏ ", "recipe"),
        ("3kg ", "recipe"),
        ("A-12/3 ", "recipe"),
        ("🎉 ", "party"),
        ("❤ party ", "party"),
        ("👍 ", "party"),
    ] {
        assert_eq!(ids(index, query).await, [found], "{query}");
    }
    assert!(ids(index, "京東 ").await.is_empty());
    assert_eq!(
        search(index, "1/2 ").await.hits[0].highlights,
        ["Take <mark>½</mark> cup and 3㎏ of flour, part A-12/3"]
    );
    assert!(ids(index, "party -🎉").await.is_empty());
}

pub async fn words_are_marked_as_they_were_cut_and_everything_else_is_escaped_once(index: &dyn SearchIndex) {
    let body = "Write to me@example.org, 3.5 or 24/7, at AT&T; see https://example.net/paths?a=1: if a<b then <b>bold</b>. हिन्दी";
    keep(index, &[document("1", "", body)]).await;
    for (query, marked) in [
        ("me@example.org ", "<mark>me@example.org</mark>"),
        ("3.5 ", "<mark>3.5</mark>"),
        ("24/7 ", "<mark>24/7</mark>"),
        ("AT&T ", "<mark>AT&amp;T</mark>"),
        ("paths ", "/<mark>paths</mark>?"),
        ("bold ", "if a&lt;b then &lt;b&gt;<mark>bold</mark>&lt;/b&gt;"),
        ("हिन्दी ", "<mark>हिन्दी</mark>"),
    ] {
        let hits = search(index, query).await.hits;
        assert!(hits.len() == 1 && hits[0].highlights.iter().any(|part| part.contains(marked)), "{query} {hits:?}");
    }
}

pub async fn a_filter_alone_lists_the_latest_first_page_by_page(index: &dyn SearchIndex) {
    let mut documents = Vec::new();
    for number in 0..7_i64 {
        let body = if number == 3 { "office" } else { "walk" };
        // Two at a time are of the same day.
        let at = number / 2 * 86_400_000_000;
        documents.push(Document { keywords: vec!["x".into()], at, ..document(&number.to_string(), "", body) });
    }
    keep(index, &documents).await;
    keep(index, &[document("other", "", "walk")]).await;
    let page = async |query: &str, beyond: Option<Place>, limit| {
        let filter = Filter { keywords: vec!["x".into()], beyond, ..Filter::default() };
        let query = Query::within(query, &filter).unwrap();
        let found = index.search(ADA, &query, &filter, limit).await.unwrap();
        let last = found.hits.last().map(|hit| Place { score: hit.score, id: hit.id.clone() });
        (found.hits.into_iter().map(|hit| hit.id).collect::<Vec<_>>().join(" "), found.total, last)
    };
    let (first, total, last) = page("", None, 3).await;
    assert_eq!((first.as_str(), total), ("6 5 4", 7));
    let (second, total, last) = page("", last, 3).await;
    assert_eq!((second.as_str(), total), ("3 2 1", 7));
    let (third, _, last) = page("", last, 3).await;
    assert_eq!(third, "0");
    assert_eq!(page("", last, 3).await.0, "");
    assert_eq!(page("-office", None, 10).await.0, "6 5 4 2 1 0");
}

pub async fn of_some_documents_those_are_counted_that_have_the_words(index: &dyn SearchIndex) {
    let documents: Vec<Document> =
        (0..4).map(|number| document(&number.to_string(), "", if number == 3 { "walks" } else { "harbour" })).collect();
    keep(index, &documents).await;
    let total = async |query: &str, among: &[&str]| {
        let among = among.iter().map(|id| (*id).into()).collect();
        let filter = Filter { among, ..Filter::default() };
        index.search(ADA, &Query::parse(query).unwrap(), &filter, 1).await.unwrap().total
    };
    assert_eq!(total("harbour ", &["1", "2", "3", "none"]).await, 2);
    // Words that something has are spelt as they should be, also where none of these has them.
    assert_eq!(total("harbour ", &["3"]).await, 0);
    assert_eq!(total("harbor ", &["0", "3"]).await, 1);
}
