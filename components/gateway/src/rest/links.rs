//! The pages that mails about accounts link to. A `GET` shows a form and changes nothing, since programs that check the links of mails
//! follow them; the form posts to its own address. What is refused is a page for a browser, and a problem for programs.
//!
//! A browser that follows a link is sent on to the web client's page for it. Until the client is built, that one sends it back, with
//! [`PLAIN`].

use crate::failure::{Failure, Kind};
use crate::rate;
use crate::services::accounts;
use crate::viewer::Viewer;
use crate::web::{Request, Response, header, list, media, page};
use http::{Method, StatusCode};
use mindflow_guest::account_link::Link;
use mindflow_guest::call::Error;
use mindflow_guest::failure::field;
use mindflow_guest::rules::Rule;

/// The query of an address whose page is to be this one, also for browsers.
const PLAIN: &str = "plain";

/// Of the form with which a password is reset.
const NEW_PASSWORD: &str = "newPassword";

/// The page before it is followed.
fn form(link: Link) -> &'static str {
    match link {
        Link::ConfirmEmail => {
            "<form method=\"post\">\n<p><button>Yes, this e-mail address is mine</button></p>\n</form>"
        }
        Link::ConfirmEmailChange => {
            "<form method=\"post\">\n<p><button>Use this e-mail address for my account</button></p>\n</form>"
        }
        Link::ResetPassword => {
            "<form method=\"post\">\n\
             <p><label>New password <input type=\"password\" name=\"newPassword\" autocomplete=\"new-password\" required></label></p>\n\
             <p><button>Set the password</button></p>\n</form>"
        }
    }
}

/// What it says when it was followed.
fn done(link: Link) -> &'static str {
    match link {
        Link::ConfirmEmail => "The e-mail address is confirmed.",
        Link::ConfirmEmailChange => "Your account has this e-mail address from now on: log in with it.",
        Link::ResetPassword => "The password is set, and all sessions have ended. Log in with it.",
    }
}

async fn follow(link: Link, request: &Request, viewer: &Viewer, token: String) -> Result<(), Failure> {
    let context = viewer.context();
    let outcome = match link {
        Link::ConfirmEmail => accounts::confirm_email(context, token).await,
        Link::ConfirmEmailChange => accounts::confirm_email_change(context, token).await,
        Link::ResetPassword => {
            let new = of_form(request, NEW_PASSWORD).ok_or_else(missing)?;
            rate::of_guess(viewer).await?;
            accounts::reset_password(context, token, new).await
        }
    };
    Ok(rate::of_link(viewer, outcome).await?)
}

/// A field of the form that the page posts, if it was filled in.
fn of_form(request: &Request, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(request.body());
    fields.find(|(given, _)| given == name).map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
}

fn missing() -> Error {
    Error::Invalid(vec![field(NEW_PASSWORD, Rule::Required, "Enter a new password.")])
}

/// # Errors
/// 404 for a token that is not good any more, 422 for a password that cannot be; neither for a browser.
pub async fn respond(link: Link, request: &Request, viewer: &Viewer, token: String) -> Result<Response, Failure> {
    if request.method() != Method::POST {
        return Ok(match of_client(link, request, &token) {
            Some(address) => Response::new(StatusCode::SEE_OTHER)
                .header("location", address)
                .header("vary", "sec-fetch-dest")
                .header("cache-control", "no-store"),
            None => page::respond(StatusCode::OK, form(link)),
        });
    }
    match follow(link, request, viewer, token).await {
        Ok(()) => Ok(page::respond(StatusCode::OK, &page::paragraph(done(link)))),
        Err(failure) if media::wants_html(list(request.headers(), "accept").as_deref()) => {
            Ok(refused(link, &failure, viewer))
        }
        Err(failure) => Err(failure),
    }
}

/// The client's page for the link, where a browser goes to it (Fetch Metadata). Programs, and browsers without scripts or TLS, get the
/// page here.
fn of_client(link: Link, request: &Request, token: &str) -> Option<String> {
    let is_browser = header(request.headers(), "sec-fetch-dest") == Some("document");
    let is_plain = request.uri().query() == Some(PLAIN);
    (is_browser && !is_plain).then(|| format!("/{}/{token}", link.segment()))
}

/// The failure as a page, with the form again where another input helps.
fn refused(link: Link, failure: &Failure, viewer: &Viewer) -> Response {
    failure.log(viewer.correlation_id());
    let sentences: Vec<&str> = match failure.fields.as_slice() {
        [] => vec![failure.public_text()],
        broken => broken.iter().map(|broken| broken.message.as_str()).collect(),
    };
    let mut content: String = sentences.into_iter().map(page::paragraph).collect();
    if failure.kind == Kind::Invalid {
        content.push('\n');
        content.push_str(form(link));
    }
    let shown = page::respond(failure.kind.facts().status, &content);
    failure.headers().fold(shown, |response, (name, value)| response.header(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use mindflow_guest::web::Body;

    fn viewer() -> Viewer {
        Viewer::new(crate::web::Presented::Nothing, "c".into(), None)
    }

    fn text(response: &Response) -> String {
        match &response.body {
            Body::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            _ => String::new(),
        }
    }

    #[test]
    fn looking_at_a_link_shows_its_form_and_calls_nothing() {
        let request = http::Request::get("/auth/reset-password/T").body(Vec::new()).unwrap();
        for link in Link::ALL {
            let shown = block_on(respond(link, &request, &viewer(), "T".into())).unwrap();
            assert!(text(&shown).contains("<form method=\"post\">"), "{link:?}");
        }
    }

    #[test]
    fn a_browser_is_sent_on_to_the_client_unless_that_has_sent_it_here() {
        let shown = |address: &str, to: &str| {
            let request = http::Request::get(address).header("sec-fetch-dest", to).body(Vec::new()).unwrap();
            block_on(respond(Link::ResetPassword, &request, &viewer(), "T-_7".into())).unwrap()
        };
        let sent_on = shown("/auth/reset-password/T-_7", "document");
        assert_eq!(
            (sent_on.status, sent_on.headers["location"].to_str().unwrap()),
            (StatusCode::SEE_OTHER, "/reset-password/T-_7")
        );
        for (address, to) in [("/auth/reset-password/T-_7?plain", "document"), ("/auth/reset-password/T-_7", "empty")] {
            assert!(text(&shown(address, to)).contains("<form"), "{address} {to}");
        }
    }

    #[test]
    fn a_form_without_a_password_is_shown_again_to_a_browser_and_a_problem_to_programs() {
        let post = |accept: &[&str]| {
            let request = http::Request::post("/auth/reset-password/T");
            let request = accept.iter().fold(request, |request, line| request.header("accept", *line));
            request.body(b"newPassword=&other=1".to_vec()).unwrap()
        };
        // A list may stand on several lines.
        for accept in [&["text/html,*/*;q=0.8"][..], &["image/png", "text/html"]] {
            let shown = block_on(respond(Link::ResetPassword, &post(accept), &viewer(), "T".into())).unwrap();
            assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(text(&shown).contains("<p>Enter a new password.</p>") && text(&shown).contains("<form"));
        }
        let problem = block_on(respond(Link::ResetPassword, &post(&["*/*"]), &viewer(), "T".into()));
        assert_eq!(problem.map(|_| ()).unwrap_err().fields[0].field, "newPassword");
    }

    #[test]
    fn a_password_comes_as_the_form_has_it() {
        let request = http::Request::post("/").body("newPassword=a+%26+b%C3%A9".as_bytes().to_vec()).unwrap();
        assert_eq!(of_form(&request, NEW_PASSWORD).as_deref(), Some("a & bé"));
    }
}
