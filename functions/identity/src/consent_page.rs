//! The pages of a parent, in words and HTML: plain, without script, readable at 320 px and by a screen reader
//! (WCAG 2.2 AA). Every text that comes from outside is escaped.

use jiff::tz::TimeZone;
use lectern_domain::identity::{ConsentScope, ConsentStatus, LinkPurpose, NOTICE, NOTICE_VERSION, User};
use lectern_domain::link::LinkToken;
use lectern_domain::time::Instant;
use lectern_runtime::html::{escape, page};

use crate::store::consents::Linked;

/// What was wrong with an answer: the field, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The id of the field's element.
    pub id: &'static str,
    /// For people.
    pub message: &'static str,
}

/// Nothing is consented to without the first scope.
pub const COLLECTION_MISSING: Wrong = Wrong {
    id: "scope-collection",
    message: "To agree, please tick the first box: without it there can be no account.",
};

/// A consent is taken back knowingly.
pub const NOT_UNDERSTOOD: Wrong = Wrong {
    id: "understood",
    message: "To take your consent back, please tick the box that you understand what it does.",
};

/// Somebody else was faster, or the notice is another by now.
pub const CHANGED_MEANWHILE: Wrong = Wrong {
    id: COLLECTION_MISSING.id,
    message: "This has changed since you opened the page. Please read it again before you answer.",
};

/// The page of a link: the question, what can be managed, or what was answered; with what was wrong with an
/// answer just given.
pub fn of(linked: &Linked, link: &LinkToken, wrong: Option<&Wrong>) -> String {
    let consent = &linked.consent;
    match (&linked.child, consent.status, linked.purpose) {
        (Some(child), ConsentStatus::Requested, _) => question(&child.user, consent.expires_at, wrong),
        (Some(child), ConsentStatus::Granted, LinkPurpose::Manage) => {
            manage(&child.user, &consent.scopes, link, wrong)
        }
        (Some(child), ConsentStatus::Granted, LinkPurpose::Decide) => agreed(&child.user, &consent.scopes),
        (child, status, _) => gone(status, child.is_none()),
    }
}

fn question(child: &User, until: Instant, wrong: Option<&Wrong>) -> String {
    let (name, until) = (escape(child.first_name.as_str()), day(until));
    let main = format!(
        "{error}<h1>Your consent for {name}</h1>
<p>{name} has asked for an account at Lectern, where students meet tutors, and named you as a parent. \
{name} says that {name} is under 13. So we need your consent before the account can be used.</p>
<p>Until now we hold a first name, a date of birth, the child’s email and yours, and nothing else.</p>
<p>Please answer by <b>{until}</b>. If you do not agree, or do not answer by then, we erase everything.</p>
<h2>What we would collect, and why</h2>
{notice}
<p>You may later see all that we hold, change your answer, or take it back. We never ask for more than is \
needed to take part, and we sell nothing to anybody.</p>
<h2>Your answer</h2>
<form method=\"post\">
{grant}
<button type=\"submit\">I agree</button>
</form>
<form method=\"post\">
<input type=\"hidden\" name=\"action\" value=\"deny\">
<p>If you do not know this child, or do not want an account:</p>
<button type=\"submit\" class=\"quiet\">I do not agree: erase everything</button>
</form>
<p><small>Version of this notice: {NOTICE_VERSION}</small></p>",
        error = error(wrong),
        notice = notice(),
        grant = scopes_fields(&[], wrong, false),
    );
    page(&title("Your consent", wrong), &main)
}

fn manage(child: &User, scopes: &[ConsentScope], link: &LinkToken, wrong: Option<&Wrong>) -> String {
    let name = escape(child.first_name.as_str());
    let invalid = invalid(wrong, NOT_UNDERSTOOD.id);
    let main = format!(
        "{error}<h1>Your consent for {name}</h1>
<p>You have consented to an account at Lectern for {name}. Here you see what we hold, and change or take \
back your consent.</p>
<h2>What we hold</h2>
{held}
<p><a href=\"../v1/consents/{link}/data\">All that we hold, as data (JSON)</a></p>
<h2>What you can agree to, and why</h2>
{notice}
<form method=\"post\">
{grant}
<button type=\"submit\">Save what I agree to</button>
</form>
<h2>Take your consent back</h2>
<form method=\"post\">
<input type=\"hidden\" name=\"action\" value=\"revoke\">
<p id=\"warning\"><b>Warning:</b> this ends the account of {name} and erases what we hold, at once and for \
ever. It can’t be undone.</p>
<p class=\"choice\"><input type=\"checkbox\" id=\"understood\" name=\"understood\" value=\"yes\" required \
aria-describedby=\"warning{described}\"{invalid}>
<label for=\"understood\">I understand that the account of {name} is erased</label></p>
<button type=\"submit\" class=\"quiet\">Take my consent back and erase the account</button>
</form>
<p><small>Version of this notice: {NOTICE_VERSION}</small></p>",
        error = error(wrong),
        held = held(child),
        notice = notice(),
        grant = scopes_fields(scopes, wrong, true),
        described = if invalid.is_empty() { "" } else { " error" },
    );
    page(&title("Your consent", wrong), &main)
}

/// After a yes; with the first letter's link, which has no more to say.
pub fn agreed(child: &User, scopes: &[ConsentScope]) -> String {
    let name = escape(child.first_name.as_str());
    let main = format!(
        "<h1>Thank you: you have consented</h1>
<p>{name} can sign in now. You have agreed to:</p>
<ul>\n{}</ul>
<h2>What comes next</h2>
<p>A second mail is on its way to you. Please keep it: with the link in it you see what we hold, change \
what you have agreed to, or take your consent back at any time. This page can do no more.</p>",
        scopes_list(scopes)
    );
    page("You have consented", &main)
}

/// After a change of the scopes.
pub fn changed(child: &User, scopes: &[ConsentScope]) -> String {
    let main = format!(
        "<h1>Your consent is changed</h1>
<p>From now on you agree to the following for {}. What is not in the list is off.</p>
<ul>\n{}</ul>
<p>Open your link again to see what we hold, to change your consent, or to take it back.</p>",
        escape(child.first_name.as_str()),
        scopes_list(scopes)
    );
    page("Your consent is changed", &main)
}

/// After a no, and after the end of an account.
fn gone(status: ConsentStatus, erased: bool) -> String {
    let heading = match status {
        ConsentStatus::Denied => "You did not agree",
        ConsentStatus::Revoked => "You took your consent back",
        ConsentStatus::Expired => "The time for an answer is over",
        ConsentStatus::Requested | ConsentStatus::Granted => "The account is closed",
    };
    let what = if erased {
        "The account is closed, and what we held on the child is erased, your address too."
    } else {
        "The account is being closed: within minutes what we hold on the child is erased, your address too."
    };
    let main = format!(
        "<h1>{heading}</h1>
<p>{what} We will not write to you about it again.</p>
<p>What stays is a note that and when this was decided, which names nobody. You have nothing more to do. \
Goodbye.</p>"
    );
    page(heading, &main)
}

fn title(text: &str, wrong: Option<&Wrong>) -> String {
    if wrong.is_some() { format!("Error: {text}") } else { text.to_owned() }
}

/// What was wrong, before anything else, as a link to the field.
fn error(wrong: Option<&Wrong>) -> String {
    let Some(wrong) = wrong else { return String::new() };
    let (id, message) = (wrong.id, escape(wrong.message));
    format!(
        "<div class=\"error\" role=\"alert\">\n<p id=\"error\"><b>Error:</b> <a \
href=\"#{id}\">{message}</a></p>\n</div>\n"
    )
}

fn invalid(wrong: Option<&Wrong>, id: &str) -> &'static str {
    if wrong.is_some_and(|wrong| wrong.id == id) { " aria-invalid=\"true\"" } else { "" }
}

fn notice() -> String {
    let scope = |scope: &ConsentScope| {
        let items = NOTICE.iter().filter(|item| item.scope == *scope);
        let items =
            items.map(|item| format!("<li>{}. <br>Why: {}.</li>\n", escape(item.what), escape(item.why)));
        format!("<h3>{}</h3>\n<ul>\n{}</ul>\n", name_of(*scope), items.collect::<String>())
    };
    ConsentScope::ALL.iter().map(scope).collect()
}

const fn name_of(scope: ConsentScope) -> &'static str {
    match scope {
        ConsentScope::Collection => "Collection and use within Lectern",
        ConsentScope::ThirdParties => "Giving data to others",
        ConsentScope::Recording => "Recording of lessons",
    }
}

fn scopes_list(scopes: &[ConsentScope]) -> String {
    scopes.iter().map(|scope| format!("<li>{}</li>\n", name_of(*scope))).collect()
}

/// The boxes of a yes. Nothing is ticked beforehand that wasn't agreed to: a consent is something that one
/// does.
fn scopes_fields(granted: &[ConsentScope], wrong: Option<&Wrong>, managed: bool) -> String {
    let field = |scope: &ConsentScope| {
        let needed = *scope == ConsentScope::Collection;
        let checked = if granted.contains(scope) { " checked" } else { "" };
        let invalid = if needed { invalid(wrong, COLLECTION_MISSING.id) } else { "" };
        let required = if needed { " required" } else { "" };
        let described = if invalid.is_empty() { "" } else { " error" };
        let hint = match (scope, managed) {
            (ConsentScope::Collection, false) => "Needed: without it there can be no account.",
            (ConsentScope::Collection, true) => "Needed: to end it, take your consent back below.",
            (ConsentScope::ThirdParties, _) => {
                "If you like: without it there is no video and no learning assistant."
            }
            (ConsentScope::Recording, _) => "If you like: without it no lesson is recorded.",
        };
        format!(
            "<p class=\"choice\"><input type=\"checkbox\" id=\"scope-{scope}\" name=\"scopes\" \
value=\"{scope}\"\
{required}{checked}{invalid} aria-describedby=\"hint-{scope}{described}\">\n\
<label for=\"scope-{scope}\">{}</label></p>\n<p class=\"hint\" id=\"hint-{scope}\">{hint}</p>\n",
            name_of(*scope)
        )
    };
    let fields: String = ConsentScope::ALL.iter().map(field).collect();
    format!(
        "<input type=\"hidden\" name=\"action\" value=\"grant\">\n\
<input type=\"hidden\" name=\"noticeVersion\" value=\"{NOTICE_VERSION}\">\n\
<fieldset>\n<legend>I am a parent of the child, and agree to</legend>\n{fields}</fieldset>"
    )
}

fn held(child: &User) -> String {
    let rows = [
        ("First name", Some(child.first_name.to_string())),
        ("Last name", child.last_name.as_ref().map(ToString::to_string)),
        ("Date of birth", child.date_of_birth.map(|date| date.to_string())),
        ("The child’s email", Some(child.email.to_string())),
        ("Your email", child.parent_email.as_ref().map(ToString::to_string)),
        ("Time zone", Some(child.time_zone.to_string())),
        ("Language", Some(child.locale.to_string())),
        ("About the child, in its own words", child.bio.as_ref().map(ToString::to_string)),
        ("Account since", Some(day(child.created_at))),
    ];
    let row = |(name, value): (&str, Option<String>)| {
        value.map(|value| format!("<dt>{name}</dt>\n<dd>{}</dd>\n", escape(&value)))
    };
    format!("<dl>\n{}</dl>", rows.into_iter().filter_map(row).collect::<String>())
}

fn day(at: Instant) -> String {
    at.get().to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC").to_string()
}
