//! The page of an export that tells in words what is in it.

use lectern_domain::identity::Export;
use lectern_runtime::html::{escape, page};
use serde_json::Value;

use crate::archive::Contents;
use crate::contexts::Context;

/// The document of this context's own share.
pub const OWN: Context = Context { name: "identity", title: "Your account" };

/// What `account` (of [`crate::held::held`]) holds, in numbers and in words.
pub fn account_contents(held: &Value) -> Contents {
    let account = &held["account"];
    let text = |name: &str| account[name].as_str();
    let names = [text("firstName"), text("lastName")];
    let names: Vec<_> = names.into_iter().flatten().collect();
    let told = [
        ("Name", Some(names.join(" "))),
        ("Email", text("email").map(str::to_owned)),
        ("A parent's email", text("parentEmail").map(str::to_owned)),
        ("Date of birth", text("dateOfBirth").map(str::to_owned)),
        ("Role", text("role").map(|role| role.replace('_', " "))),
        ("Account", text("status").map(|status| status.replace('_', " "))),
        ("Time zone", text("timeZone").map(str::to_owned)),
        ("Language", text("locale").map(str::to_owned)),
        ("Registered", text("createdAt").map(|at| at.chars().take(10).collect())),
    ];
    let sentences =
        told.into_iter().filter_map(|(what, value)| Some(format!("{what}: {}.", value?))).collect();
    let members = held.as_object().into_iter().flatten();
    let counts = members.filter_map(|(name, value)| Some((name.clone(), value.as_array()?.len() as u64)));
    Contents { counts: counts.filter(|(_, count)| *count > 0).collect(), sentences }
}

/// The page.
pub fn summary(export: &Export, documents: &[(Context, Contents)]) -> String {
    let (user, asked) = (export.user_id, export.requested_at);
    let mut main = format!(
        "<h1>Your data at Lectern</h1>\n\
         <p>Everything that Lectern holds on the person with the id <code>{user}</code>, asked for on \
         {asked}. Each part is also here as a file for programs to read.</p>\n"
    );
    for (context, contents) in documents {
        main.push_str(&part(*context, contents));
    }
    main.push_str(
        "<h2>What is not here</h2>\n<p>Your password, which we can't read ourselves. Technical copies that \
         are deleted within days. Of other people there are ids alone: their data is theirs.</p>",
    );
    page("Your data", &main)
}

fn part(context: Context, contents: &Contents) -> String {
    let mut part = format!("<h2>{}</h2>\n", escape(context.title));
    if contents.counts.is_empty() && contents.sentences.is_empty() {
        part.push_str("<p>Nothing is held.</p>\n");
        return part;
    }
    let item = |text: String| format!("<li>{}</li>\n", escape(&text));
    part.push_str("<ul>\n");
    part.extend(contents.sentences.iter().cloned().map(item));
    part.push_str(&format!("</ul>\n<p>In the file <code>{}.json</code>:</p>\n<ul>\n", context.name));
    part.extend(contents.counts.iter().map(|(kind, count)| item(format!("{}: {count}", words_of(kind)))));
    part.push_str("</ul>\n");
    part
}

/// `payoutAccount` as `payout account`.
fn words_of(kind: &str) -> String {
    let mut words = String::with_capacity(kind.len() + 4);
    for character in kind.chars() {
        if character.is_uppercase() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}
