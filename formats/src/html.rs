//! The journal as one HTML file that shows and prints by itself: no script, no address outside, pictures inside. What entries say is
//! Markdown of their writer; HTML in it is shown as text, and addresses that could run something are left out.

use crate::record::Record;
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, html as writer};
use std::collections::HashMap;
use std::fmt::Write as _;

const STYLE: &str = "body{font:12pt/1.5 Georgia,serif;max-width:42em;margin:2em auto;padding:0 1em;color:#222}\
h1{font-size:1.6em}article{border-top:1px solid #ccc;padding:1em 0}article h2{margin:0;font-size:1.3em;break-after:avoid}\
.about{color:#666;font-size:.85em;margin:.2em 0 1em}img{max-width:100%;max-height:60vh;break-inside:avoid}\
pre{white-space:pre-wrap}@media print{body{margin:0;max-width:none}}";
/// What is shown without running anything.
const SAFE: [&str; 4] = ["http:", "https:", "mailto:", "tel:"];

pub fn before(title: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"><title>{title}</title><style>{STYLE}</style></head>\
         <body>\n<h1>{title}</h1>\n"
    )
}

pub const BEHIND: &str = "</body></html>\n";

/// `pictures`: addresses (`data:`) of the entry's pictures by their ids; those that the text does not show follow it.
pub fn entry(record: &Record, pictures: &HashMap<String, String>) -> String {
    let mut out = String::new();
    let mut about = vec![record.entry_date.to_string()];
    about.extend(record.entry_time.clone());
    about.extend(record.journal.clone());
    about.extend(record.mood.map(|mood| mood.name().to_lowercase()));
    about.extend(record.place.as_ref().map(place));
    about.extend(
        (!record.tags.is_empty())
            .then(|| record.tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ")),
    );
    about.extend(record.draft.then(|| "draft".to_owned()));
    let _ = writeln!(
        out,
        "<article><h2>{}</h2><p class=\"about\">{}</p>",
        escaped(&record.title),
        escaped(&about.join(" · "))
    );
    out.push_str(&body(&record.content, pictures));
    for medium in record.media.iter().filter(|medium| !record.content.contains(&medium.reference())) {
        match pictures.get(&medium.id) {
            Some(address) => {
                let _ = writeln!(out, "<p><img alt=\"{}\" src=\"{address}\"></p>", escaped(&medium.name));
            }
            None => {
                let _ = writeln!(out, "<p>{}</p>", escaped(&medium.name));
            }
        }
    }
    out.push_str("</article>\n");
    out
}

fn place(place: &mindflow_events::Place) -> String {
    let coordinates = place
        .latitude
        .zip(place.longitude)
        .map(|(latitude, longitude)| format!("{}, {}", latitude.value(), longitude.value()));
    match (&place.name, coordinates) {
        (Some(name), Some(coordinates)) => format!("{name} ({coordinates})"),
        (Some(name), None) => name.clone(),
        (None, coordinates) => coordinates.unwrap_or_default(),
    }
}

fn body(content: &str, pictures: &HashMap<String, String>) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events = Parser::new_ext(content, options).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if is_safe(&dest_url, link_type) { dest_url } else { CowStr::from("") };
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let inside = dest_url.strip_prefix("media:").and_then(|id| pictures.get(id));
            let dest_url = inside.map_or(CowStr::from(""), |address| CowStr::from(address.clone()));
            Event::Start(Tag::Image { link_type, dest_url, title, id })
        }
        event => event,
    });
    let mut out = String::with_capacity(content.len() * 3 / 2);
    writer::push_html(&mut out, events);
    out
}

fn is_safe(address: &str, link_type: LinkType) -> bool {
    let address = address.trim().to_ascii_lowercase();
    link_type == LinkType::Email || SAFE.iter().any(|scheme| address.starts_with(scheme))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_entry_runs_or_leads_where_it_should_not() {
        let content = "<script>alert(1)</script>\n\n[a](javascript:alert(1)) [b](https://example.org) ![c](https://example.org/x.png)\n\n\
            ![d](media:1) <img src=x onerror=alert(1)>\n\n<https://example.org/y>";
        let shown = body(content, &HashMap::from([("1".to_owned(), "data:image/png;base64,AA==".to_owned())]));
        assert!(
            !shown.contains("<script") && !shown.contains("<img src=x") && !shown.contains("javascript:"),
            "{shown}"
        );
        assert!(!shown.contains("x.png"), "{shown}");
        assert!(
            shown.contains("href=\"https://example.org\"") && shown.contains("src=\"data:image/png;base64,AA==\""),
            "{shown}"
        );
        assert!(shown.contains("href=\"https://example.org/y\""), "{shown}");
    }
}
