//! The letter to somebody with whose email an account was asked for, though it has one.
//!
//! The API answers such a registration like any other (product.md, Identity), so only this letter, which the
//! owner of the mailbox alone can read, says how things are. It holds nothing that somebody else has written.

use lectern_runtime::html;

use crate::mail::Letter;

/// The words of one language.
struct Words {
    subject: &'static str,
    lines: [&'static str; 3],
}

const ENGLISH: Words = Words {
    subject: "You have a Lectern account already",
    lines: [
        "Somebody, probably you, asked for a Lectern account with this email address. There is one already.",
        "Sign in with your password. If you don't remember it, ask for a new one with “Forgot password”.",
        "If it wasn't you, there is nothing to do: your account is unchanged.",
    ],
};

const GERMAN: Words = Words {
    subject: "Sie haben schon ein Konto bei Lectern",
    lines: [
        "Jemand, wahrscheinlich Sie selbst, wollte mit dieser E-Mail-Adresse ein Konto bei Lectern anlegen. \
         Es gibt schon eines.",
        "Melden Sie sich mit Ihrem Passwort an. Wenn Sie es nicht mehr wissen, \
         setzen Sie mit „Passwort vergessen“ ein neues.",
        "Wenn Sie es nicht waren, ist nichts zu tun: Ihr Konto ist unverändert.",
    ],
};

/// The letter in a language (BCP 47): German for German ones, English otherwise.
pub fn letter(locale: &str) -> Letter {
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    let (words, language) =
        if language.eq_ignore_ascii_case("de") { (&GERMAN, "de") } else { (&ENGLISH, "en") };
    let paragraphs: String =
        words.lines.iter().map(|line| format!("<p>{}</p>", html::escape(line))).collect();
    let main = format!("<div lang=\"{language}\"><h1>{}</h1>{paragraphs}</div>", html::escape(words.subject));
    Letter {
        subject: words.subject.to_owned(),
        text: words.lines.join("\n\n"),
        html: html::page(words.subject, &main),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_is_german_for_whoever_reads_german_and_english_for_everybody_else() {
        assert_eq!(letter("de-AT").subject, GERMAN.subject);
        for locale in ["en", "en-GB", "den", "", "fr"] {
            assert_eq!(letter(locale).subject, ENGLISH.subject, "{locale}");
        }
    }

    #[test]
    fn both_forms_of_the_letter_say_the_same() {
        for locale in ["en", "de"] {
            let letter = letter(locale);
            for line in letter.text.split("\n\n") {
                assert!(letter.html.contains(&html::escape(line)), "{line}");
            }
        }
    }
}
