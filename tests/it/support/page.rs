//! A page as a browser without scripts sees it: its forms, and what each button sends.

use std::collections::HashMap;

/// A tag with its attributes; a closing one has a slash before its name.
struct Tag {
    name: String,
    attributes: HashMap<String, String>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn is(&self, name: &str, kind: &str) -> bool {
        self.name == name && self.get("type").unwrap_or_default().eq_ignore_ascii_case(kind)
    }
}

/// A form as it is filled in.
pub struct Form {
    /// Where it is sent.
    pub action: Option<String>,
    pub method: String,
    /// What is sent with any of its buttons.
    fields: Vec<(String, String)>,
    /// The boxes, and whether each is checked.
    boxes: Vec<(String, String, bool)>,
    /// Those that do what it was looked for.
    buttons: Vec<(String, String)>,
}

impl Form {
    /// The form of a page that does this: a hidden field or a button of it has this value.
    #[track_caller]
    pub fn to(action: &str, html: &str) -> Self {
        let forms = forms(html);
        let found = forms.into_iter().find(|form| {
            let mut values = form.fields.iter().chain(&form.buttons).map(|(_, value)| value);
            values.any(|value| value == action)
        });
        let mut found = found.unwrap_or_else(|| panic!("no form to {action:?} in:\n{html}"));
        assert!(!found.buttons.is_empty(), "nobody can send the form to {action:?}");
        found.buttons.retain(|(_, value)| value == action);
        found
    }

    /// Checks or clears the box with this value.
    #[track_caller]
    pub fn set(mut self, value: &str, checked: bool) -> Self {
        let found = self.boxes.iter_mut().find(|(_, it, _)| it == value);
        found.unwrap_or_else(|| panic!("no box {value:?}")).2 = checked;
        self
    }

    /// The values of the boxes that are checked.
    pub fn checked(&self) -> Vec<&str> {
        self.boxes.iter().filter(|(_, _, checked)| *checked).map(|(_, value, _)| value.as_str()).collect()
    }

    /// Checks every box that isn't, such as one that says that somebody has understood.
    pub fn check_all(mut self) -> Self {
        self.boxes.iter_mut().for_each(|each| each.2 = true);
        self
    }

    /// What is sent when it is.
    pub fn filled_in(&self) -> Vec<(String, String)> {
        let checked = self.boxes.iter().filter(|(_, _, checked)| *checked);
        let mut sent = self.fields.clone();
        sent.extend(checked.map(|(name, value, _)| (name.clone(), value.clone())));
        sent.extend(self.buttons.iter().filter(|(name, _)| !name.is_empty()).cloned());
        sent
    }
}

fn forms(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    for tag in tags(html) {
        if tag.name == "form" {
            inside = true;
            forms.push(Form {
                action: tag.get("action").map(str::to_owned),
                method: tag.get("method").unwrap_or("get").to_lowercase(),
                fields: Vec::new(),
                boxes: Vec::new(),
                buttons: Vec::new(),
            });
        }
        inside &= tag.name != "/form";
        if let Some(form) = forms.last_mut().filter(|_| inside) {
            put(form, &tag);
        }
    }
    forms
}

fn put(form: &mut Form, tag: &Tag) {
    let of = |name: &str| tag.get(name).unwrap_or_default().to_owned();
    let (name, value) = (of("name"), of("value"));
    // A disabled one isn't sent.
    if tag.get("disabled").is_some() {
        return;
    }
    if tag.is("input", "checkbox") || tag.is("input", "radio") {
        form.boxes.push((name, value, tag.get("checked").is_some()));
    } else if tag.name == "button" || tag.is("input", "submit") {
        form.buttons.push((name, value));
    } else if tag.name == "input" {
        form.fields.push((name, value));
    }
}

fn tags(html: &str) -> Vec<Tag> {
    // Our own pages: no `>` inside of an attribute (it is escaped), no script, no comment.
    html.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(text, _)| tag(text)).collect()
}

fn tag(text: &str) -> Tag {
    let text = text.trim_end_matches('/');
    let (name, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut attributes = HashMap::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"").and_then(|after| after.split_once('"')) {
            Some((value, after)) => (plain(value), after),
            None => (String::new(), after.trim_start_matches('=')),
        };
        attributes.insert(key.to_lowercase(), value);
        rest = after;
    }
    Tag { name: name.to_lowercase(), attributes }
}

fn plain(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[test]
fn a_form_sends_what_a_browser_would() {
    let html = r#"<form method="post" action="/x?a=1&amp;b=2"><input type="hidden" name="n" value="v">
        <input type="checkbox" name="scopes" value="one" checked><input type="checkbox" name="scopes" value="two">
        <button name="decision" value="grant">Yes</button><button name="decision" value="deny">No</button></form>"#;
    let form = Form::to("deny", html);
    assert_eq!((form.action.as_deref(), form.method.as_str()), (Some("/x?a=1&b=2"), "post"));
    assert_eq!(form.checked(), ["one"]);
    let sent = form.set("two", true).set("one", false).filled_in();
    let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(sent, [("n", "v"), ("scopes", "two"), ("decision", "deny")]);
}
