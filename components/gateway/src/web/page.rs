//! The few pages for people: what a link in a mail opens. They have no script and no style, and their forms post to their own address.

use super::Response;
use http::StatusCode;

/// A page with this content, which no cache and no search engine keeps.
pub fn respond(status: StatusCode, content: &str) -> Response {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"robots\" content=\"noindex\"><title>MindFlow</title></head>\n\
         <body>\n{content}\n</body>\n</html>\n"
    );
    Response::text(status, "text/html; charset=utf-8", page).header("cache-control", "no-store")
}

/// A paragraph of text.
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_a_page_is_no_markup() {
        assert_eq!(paragraph("<b>a</b> & b"), "<p>&lt;b&gt;a&lt;/b&gt; &amp; b</p>");
        let page = respond(StatusCode::OK, &paragraph("Done."));
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(page.headers["cache-control"], "no-store");
    }
}
