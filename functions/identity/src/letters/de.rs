//! What letters say in German.

use lectern_domain::identity::ConsentScope;

use super::{CodeWords, ParentWords, Words};

pub(super) const WORDS: Words = Words {
    lang: "de",
    sign_up: CodeWords {
        subject: "Ihr Code für Lectern",
        before: "Jemand, vermutlich Sie, hat mit dieser Adresse ein Konto bei Lectern eröffnet. \
                 Um zu bestätigen, dass sie Ihnen gehört, geben Sie diesen Code ein:",
        after: "Der Code gilt 24 Stunden. Wenn Sie das nicht waren, beachten Sie diese Mail nicht: ohne den \
                Code geschieht nichts.",
    },
    new_password: CodeWords {
        subject: "Ihr Code für ein neues Passwort bei Lectern",
        before: "Um ein neues Passwort für Ihr Konto bei Lectern zu setzen, geben Sie diesen Code ein:",
        after: "Der Code gilt eine Stunde. Wenn Sie ihn nicht verlangt haben, beachten Sie diese Mail \
                nicht: Ihr Passwort bleibt, wie es ist. Wir fragen Sie niemals nach diesem Code.",
    },
    request: ParentWords {
        subject: "Ihr Kind braucht Ihre Einwilligung",
        before: &[
            "Guten Tag,",
            "bei Lectern, wo Schüler Lehrer finden, hat {child} ein Konto beantragt und Sie als Elternteil \
             genannt. Ihre Adresse haben wir vom Kind und benutzen sie nur, um Sie zu fragen.",
            "Das Kind ist nach eigener Angabe unter 13. Ohne Ihre Einwilligung kann das Konto nicht benutzt \
             werden, und wir erheben nicht mehr als das, was uns gesagt wurde: Vorname, Geburtsdatum, die \
             E-Mail-Adresse des Kindes und Ihre.",
            "Sie können in jedes für sich einwilligen; was genau erhoben wird und wozu, steht oben und auf \
             der Seite, auf Englisch:",
        ],
        after: &[
            "Bitte lesen Sie die Seite und antworten Sie dort:",
            "{link}",
            "Der Link ist nur für Sie: wer ihn hat, kann für Sie antworten. Er nimmt eine Antwort an, bis \
             zum {until}.",
            "Wenn Sie ablehnen oder bis dahin nicht antworten, löschen wir alles, auch Ihre Adresse.",
            "Wenn Sie dieses Kind nicht kennen, lehnen Sie ab (\"I do not agree\"), oder beachten Sie diese \
             Mail nicht.",
        ],
    },
    granted: ParentWords {
        subject: "Sie haben eingewilligt: bitte behalten Sie diese Mail",
        before: &[
            "Guten Tag,",
            "am {until} haben Sie in ein Konto bei Lectern für {child} eingewilligt. Ihre Einwilligung \
             umfasst:",
        ],
        after: &[
            "Mit dem folgenden Link sehen Sie, was wir gespeichert haben, ändern Ihre Einwilligung oder \
             nehmen sie jederzeit zurück; dann werden das Konto und seine Daten gelöscht:",
            "{link}",
            "Der Link ist nur für Sie und bleibt gültig. Bitte behalten Sie diese Mail.",
            "Wenn nicht Sie eingewilligt haben, öffnen Sie den Link und nehmen Sie die Einwilligung \
             zurück.",
        ],
    },
    child: "Ihr Kind",
    date_format: "%d.%m.%Y, %H:%M UTC",
    scope: |scope| match scope {
        ConsentScope::Collection => "Daten innerhalb von Lectern zu erheben und zu nutzen",
        ConsentScope::ThirdParties => {
            "Daten an andere zu geben: die Anbieter der Videoräume und des Lernassistenten"
        }
        ConsentScope::Recording => "Stunden aufzuzeichnen",
    },
};
