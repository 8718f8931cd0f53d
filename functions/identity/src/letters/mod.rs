//! The letters: what they say, in which language, as text and as HTML.
//!
//! What is said is data ([`en`], [`de`]); here it is filled in, escaped and put together. A letter carries no
//! picture and nothing that tells us whether it was read.

mod de;
mod en;

use jiff::tz::TimeZone;
use lectern_domain::identity::{ConsentScope, NOTICE, User};
use lectern_domain::time::Instant;
use lectern_runtime::html::escape;

use crate::mail::Letter;

/// A language that letters are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Everybody's who asks for none of the others.
    English,
    /// German.
    German,
}

impl Language {
    /// The language for a locale (BCP 47): its first part decides.
    pub fn of(locale: &str) -> Self {
        match locale.split(['-', '_']).next() {
            Some(language) if language.eq_ignore_ascii_case("de") => Self::German,
            _ => Self::English,
        }
    }

    const fn words(self) -> &'static Words {
        match self {
            Self::English => &en::WORDS,
            Self::German => &de::WORDS,
        }
    }
}

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// To confirm the email of a new account.
    SignUp,
    /// To set a new password.
    NewPassword,
}

/// Everything that letters say in one language. Paragraphs may hold `{child}`, `{until}` and `{link}`.
struct Words {
    /// The language, for HTML.
    lang: &'static str,
    sign_up: CodeWords,
    new_password: CodeWords,
    request: ParentWords,
    granted: ParentWords,
    /// What a child is called whose name is better not shown.
    child: &'static str,
    /// Of the moment by which a parent has to answer.
    date_format: &'static str,
    scope: fn(ConsentScope) -> &'static str,
}

/// A letter with a code.
struct CodeWords {
    subject: &'static str,
    before: &'static str,
    after: &'static str,
}

/// A letter to a parent; the list comes between the two groups of paragraphs.
struct ParentWords {
    subject: &'static str,
    before: &'static [&'static str],
    after: &'static [&'static str],
}

enum Part {
    Paragraph(String),
    List(Vec<String>),
    Code(&'static str),
    Link(String),
    /// Another language begins.
    Lang(&'static str),
}

/// Subject and HTML of the letter with a code, which the user pool posts: `placeholder` stands where it puts
/// the code.
pub fn code(language: Language, occasion: Occasion, placeholder: &str) -> (String, String) {
    let words = language.words();
    let said = match occasion {
        Occasion::SignUp => &words.sign_up,
        Occasion::NewPassword => &words.new_password,
    };
    let parts =
        [Part::Paragraph(said.before.into()), Part::Code(CODE_MARK), Part::Paragraph(said.after.into())];
    let html = html(words.lang, &parts).replace(CODE_MARK, &escape(placeholder));
    (said.subject.to_owned(), html)
}

/// Stands for the pool's placeholder, which is none of ours to write into a text that is escaped.
const CODE_MARK: &str = "(code)";

/// To the parent of `child`: asks for consent, by `link`, until `until` (COPPA, 16 CFR 312.4(c)(1)).
///
/// In both languages: the child's isn't kept before the consent, and the parent's nobody told us.
pub fn consent_request(child: &User, link: &str, until: Instant) -> Letter {
    let notice = |words: &'static Words| -> Vec<String> {
        // What is collected is written once, in English; its summary by scope in each language.
        match words.lang {
            "en" => NOTICE.iter().map(|item| format!("{}. Why: {}.", item.what, item.why)).collect(),
            _ => ConsentScope::ALL.iter().map(|scope| (words.scope)(*scope).to_owned()).collect(),
        }
    };
    to_parent(|words| &words.request, notice, child, link, until)
}

/// To the parent of `child`: confirms the consent to `scopes`, and brings `link`, with which it is managed.
/// That this second letter reaches the parent is what makes the first's answer verifiable (COPPA's "email
/// plus", 16 CFR 312.5(b)(2)).
pub fn consent_granted(child: &User, scopes: &[ConsentScope], link: &str, at: Instant) -> Letter {
    let granted =
        |words: &'static Words| scopes.iter().map(|scope| (words.scope)(*scope).to_owned()).collect();
    to_parent(|words| &words.granted, granted, child, link, at)
}

fn to_parent(
    said: fn(&'static Words) -> &'static ParentWords,
    list: impl Fn(&'static Words) -> Vec<String>,
    child: &User,
    link: &str,
    date: Instant,
) -> Letter {
    let mut parts = Vec::new();
    let languages = [Language::English.words(), Language::German.words()];
    for words in languages {
        let name = shown_name(child.first_name.as_str()).unwrap_or(words.child);
        let date = date.get().to_zoned(TimeZone::UTC).strftime(words.date_format).to_string();
        let fill = |paragraph: &&str| match *paragraph {
            "{link}" => Part::Link(link.to_owned()),
            text => Part::Paragraph(text.replace("{child}", name).replace("{until}", &date)),
        };
        parts.push(Part::Lang(words.lang));
        parts.extend(said(words).before.iter().map(fill));
        parts.push(Part::List(list(words)));
        parts.extend(said(words).after.iter().map(fill));
    }
    let subject = languages.map(|words| said(words).subject).join(" / ");
    Letter { subject, text: text(&parts), html: html("en", &parts) }
}

/// A first name as it may stand in a letter to an address that anybody could have named: what could be a link
/// or an advertisement is left out.
fn shown_name(name: &str) -> Option<&str> {
    let in_a_name = |c: char| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’');
    (name.chars().count() <= 40 && name.chars().all(in_a_name)).then_some(name)
}

fn text(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Paragraph(words) => text.push_str(&format!("{words}\n\n")),
            Part::List(items) => {
                for item in items {
                    text.push_str(&format!("- {item}\n"));
                }
                text.push('\n');
            }
            Part::Code(code) => text.push_str(&format!("{code}\n\n")),
            Part::Link(link) => text.push_str(&format!("{link}\n\n")),
            Part::Lang(_) if text.is_empty() => {}
            Part::Lang(_) => text.push_str("----------\n\n"),
        }
    }
    text
}

fn html(lang: &str, parts: &[Part]) -> String {
    let mut body = String::new();
    let mut open = false;
    for part in parts {
        match part {
            Part::Paragraph(words) => body.push_str(&format!("<p>{}</p>\n", escape(words))),
            Part::List(items) => {
                let items: String = items.iter().map(|item| format!("<li>{}</li>\n", escape(item))).collect();
                body.push_str(&format!("<ul>\n{items}</ul>\n"));
            }
            Part::Code(code) => body.push_str(&format!("<p style=\"font-size:1.5em\"><b>{code}</b></p>\n")),
            Part::Link(link) => {
                let link = escape(link);
                body.push_str(&format!("<p><a href=\"{link}\">{link}</a></p>\n"));
            }
            Part::Lang(lang) => {
                body.push_str(if open { "</div>\n<hr>\n" } else { "" });
                body.push_str(&format!("<div lang=\"{lang}\">\n"));
                open = true;
            }
        }
    }
    body.push_str(if open { "</div>\n" } else { "" });
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n\
         <head><meta charset=\"utf-8\"><title>Lectern</title></head>\n\
         <body style=\"font-family:sans-serif;line-height:1.5\">\n{body}</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_chooses_the_language_and_english_is_everybody_elses() {
        for (locale, language) in [
            ("de", Language::German),
            ("de-AT", Language::German),
            ("DE_ch", Language::German),
            ("en-GB", Language::English),
            ("den", Language::English),
            ("fr", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of(locale), language, "{locale}");
        }
    }

    #[test]
    fn a_code_stands_in_its_letter_once_in_each_language() {
        for language in [Language::English, Language::German] {
            for occasion in [Occasion::SignUp, Occasion::NewPassword] {
                let (subject, html) = code(language, occasion, "{####}");
                assert_eq!(html.matches("{####}").count(), 1);
                assert!(
                    !html.contains(CODE_MARK)
                        && html.contains(&format!("lang=\"{}\"", language.words().lang))
                );
                // Cognito's limits.
                assert!(subject.chars().count() <= 140 && html.len() <= 20_000);
            }
        }
    }

    #[test]
    fn a_name_that_could_be_a_link_or_markup_is_not_shown() {
        for name in ["Ada", "Anne-Marie", "D'Arcy", "Zoë", "李"] {
            assert_eq!(shown_name(name), Some(name));
        }
        for name in
            ["win.example.org", "see https://x", "<b>Ada</b>", "a@b", "{link}", &"a".repeat(41), "call 555"]
        {
            assert_eq!(shown_name(name), None, "{name}");
        }
    }
}
