//! Pages for people who have no client of ours: a parent with a link.
//!
//! A page carries no script and loads nothing, and its headers say so. Its address may hold a secret, so no
//! other site is told of it and no search engine keeps it.

use jiff::Timestamp;
use schemars::{Schema, SchemaGenerator};

use crate::http::{Content, IntoResponse, Response};
use crate::problem::Problem;

const MEDIA_TYPE: &str = "text/html; charset=utf-8";
const HEADERS: [(&str, &str); 3] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
];

/// The look of every page: readable at 320 px and in the dark, contrasts of text of 7:1 and more (WCAG AAA), of borders
/// and focus of 3:1 and more.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.125rem/1.6 system-ui,sans-serif;max-width:42rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff;\
overflow-wrap:break-word}\
h1{font-size:1.5rem;line-height:1.3}h2{font-size:1.25rem;line-height:1.3;margin-top:2rem}h3{font-size:1.125rem}\
a{color:#00458a}\
small{color:#454545}\
fieldset{border:1px solid #666;padding:.5rem 1rem;margin:1rem 0;min-width:0}legend{font-weight:bold}\
.choice{display:flex;gap:.75rem;align-items:flex-start;margin:1rem 0 0}\
.choice input{flex:none;width:1.5rem;height:1.5rem;margin:.15rem 0 0}\
.hint{margin:0 0 0 2.25rem}\
button{font:inherit;padding:.5rem 1rem;border:2px solid #00458a;border-radius:.25rem;background:#00458a;color:#fff;\
max-width:100%}\
button.quiet{background:transparent;color:#00458a}\
:focus-visible{outline:3px solid #00458a;outline-offset:3px}\
.error{border:3px solid #8f0000;padding:0 1rem;margin:1rem 0}\
dt{font-weight:bold}dd{margin:0 0 .5rem}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}a{color:#9ecbff}small{color:#c8c8c8}\
fieldset{border-color:#999}button{background:#9ecbff;border-color:#9ecbff;color:#111}button.quiet{color:#9ecbff}\
:focus-visible{outline-color:#9ecbff}.error{border-color:#ff9c9c}}";

/// The answer of a use case that is a page; the handler chooses the status. What the page says is escaped by
/// whoever makes it ([`escape`]). Problems of the route are pages too.
#[derive(Debug)]
pub struct Html {
    status: u16,
    body: String,
}

impl Html {
    /// A whole document, answered with this status.
    pub fn new(status: u16, body: String) -> Self {
        Self { status, body }
    }
}

impl IntoResponse for Html {
    /// What the contract names; a page may say another.
    const STATUS: u16 = 200;
    const MEDIA_TYPE: &'static str = MEDIA_TYPE;

    fn into_response(self, _now: Timestamp) -> Result<Response, Problem> {
        let (status, content) = (self.status, Content::Text(self.body));
        Ok(Response { status, media_type: MEDIA_TYPE, headers: headers(), content, problem: None })
    }

    fn problem(problem: &Problem, instance: &str, request_id: &str, now: Timestamp) -> Response {
        let mut response = Response::of_problem(problem, instance, request_id, now);
        response.media_type = MEDIA_TYPE;
        response.headers.extend(headers());
        response.content = Content::Text(problem_page(problem, request_id));
        response
    }

    fn schema(_generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

fn headers() -> Vec<(&'static str, String)> {
    HEADERS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// A text as the content of an element or of a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A whole document in English: `title` is a text, `main` is HTML and goes into `<main>` as it is.
pub fn page(title: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{} · Lectern</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{main}\n</main>\n</body>\n</html>\n",
        escape(title)
    )
}

fn problem_page(problem: &Problem, request_id: &str) -> String {
    let title = problem.kind().title;
    let mut main = format!("<h1>{}</h1>", escape(title));
    if let Some(detail) = problem.detail_text() {
        main.push_str(&format!("\n<p>{}</p>", escape(detail)));
    } else if problem.retry_after_seconds().is_some() {
        main.push_str("\n<p>Please try again in a moment.</p>");
    }
    if !problem.errors().is_empty() {
        let item = |e: &lectern_domain::field::FieldError| {
            format!("\n<li>{}: {}</li>", escape(&e.field), escape(&e.message))
        };
        main.push_str(&format!("\n<ul>{}\n</ul>", problem.errors().iter().map(item).collect::<String>()));
    }
    main.push_str(&format!("\n<p><small>Should you ask us about it: {}</small></p>", escape(request_id)));
    page(title, &main)
}
