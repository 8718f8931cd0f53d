//! The parent's page.

use lectern_identity::{answer_consent_page, show_consent_page};
use lectern_runtime::testing::{Answered, As, TestRequest};
use serde_json::json;

use super::world::{World, world};

async fn show(w: &World, link: &str) -> Answered {
    w.by_link(&show_consent_page::use_case(), link).await
}

async fn answer(w: &World, link: &str, form: &[(&str, &str)]) -> Answered {
    let request = TestRequest::new(As::Nobody).path("token", link).form(form);
    request.send(&answer_consent_page::use_case(), &w.services).await
}

/// The tags of a page, in order, each with its attributes as they stand.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag).collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// What a screen reader and a keyboard need (WCAG 2.2, A and AA), as far as it can be read off the document.
fn assert_accessible(page: &str) {
    let tags = tags(page);
    let ids: Vec<_> = tags.iter().filter_map(|tag| attribute(tag, "id")).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id comes twice");
    assert!(tags.contains(&"html lang=\"en\"") && tags.iter().any(|tag| tag.starts_with("title")));
    assert_eq!(tags.iter().filter(|tag| **tag == "h1").count(), 1);
    let mut level = 1;
    for tag in &tags {
        if let Some(heading) = tag.strip_prefix('h').and_then(|n| n.parse::<u32>().ok()) {
            assert!(heading <= level + 1, "a heading of level {heading} after {level}");
            level = heading;
        }
        if tag.starts_with("input") && attribute(tag, "type") != Some("hidden") {
            let id = attribute(tag, "id").expect("an input with an id");
            let label = format!("label for=\"{id}\"");
            assert_eq!(tags.iter().filter(|tag| **tag == label).count(), 1, "{id} has no label");
        }
        for reference in attribute(tag, "aria-describedby").unwrap_or_default().split_whitespace() {
            assert!(ids.contains(&reference), "{reference} describes, and isn't there");
        }
        if let Some(anchor) = attribute(tag, "href").and_then(|href| href.strip_prefix('#')) {
            assert!(ids.contains(&anchor), "a link to nothing");
        }
        assert!(!tag.starts_with("script") && !tag.contains(" on"), "a script: {tag}");
    }
    assert_balanced(&tags);
    let fieldsets = tags.iter().filter(|tag| **tag == "fieldset").count();
    assert_eq!(fieldsets, tags.iter().filter(|tag| **tag == "legend").count());
}

fn assert_balanced(tags: &[&str]) {
    const VOID: [&str; 5] = ["!doctype", "meta", "input", "br", "hr"];
    let mut open = Vec::new();
    for tag in tags {
        let name = tag.split_whitespace().next().unwrap();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed)),
            None if VOID.contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
}

#[tokio::test]
async fn a_parent_consents_on_the_page_and_manages_it_with_the_second_letter() {
    let w = world().await;
    let (child, link) = w.asked().await;
    let question = show(&w, &link).await;
    assert_eq!(question.status, 200);
    assert!(question.headers["content-type"].starts_with("text/html"));
    assert_accessible(&question.text);
    for words in ["Your consent for Ada", "5 December 2026", "Recordings of lessons", "I do not agree"] {
        assert!(question.text.contains(words), "{words}");
    }
    assert!(!question.text.contains(" checked"), "nothing is agreed to beforehand");
    assert_eq!(w.status_of(child).await, "pending_consent", "looking changes nothing");
    let version = lectern_domain::identity::NOTICE_VERSION;
    let agreed = answer(
        &w,
        &link,
        &[("action", "grant"), ("noticeVersion", version), ("scopes", "collection"), ("scopes", "recording")],
    )
    .await;
    assert_eq!(agreed.status, 200);
    assert_accessible(&agreed.text);
    assert!(agreed.text.contains("Thank you") && agreed.text.contains("Recording of lessons"));
    assert_eq!(w.status_of(child).await, "active");
    assert!(show(&w, &link).await.text.contains("Thank you"), "the first link says what was answered");
    w.write_letter("consent.granted").await;
    let manage_link = w.last_link();
    let manage = show(&w, &manage_link).await;
    assert_accessible(&manage.text);
    assert!(manage.text.contains("kid@example.org") && manage.text.contains("2016-03-04"));
    assert!(manage.text.contains(&format!("href=\"../v1/consents/{manage_link}/data\"")));
    assert!(manage.text.contains("value=\"recording\" checked"));
    let narrower = answer(&w, &manage_link, &[("action", "grant"), ("scopes", "collection")]).await;
    assert!(narrower.status == 200 && narrower.text.contains("Your consent is changed"));
    assert_accessible(&narrower.text);
    assert_eq!(w.texts("SELECT scopes::text FROM consents").await, ["{collection}"]);
}

#[tokio::test]
async fn what_is_missing_is_said_in_words_and_linked_to_its_field() {
    let w = world().await;
    let (child, link) = w.asked().await;
    let wrong = answer(&w, &link, &[("action", "grant"), ("scopes", "recording")]).await;
    assert_eq!(wrong.status, 422);
    assert_accessible(&wrong.text);
    for words in ["<title>Error: ", "<b>Error:</b> <a href=\"#scope-collection\">", "aria-invalid=\"true\""] {
        assert!(wrong.text.contains(words), "{words}");
    }
    assert_eq!(w.status_of(child).await, "pending_consent");
    let strange = answer(&w, &link, &[("action", "hack")]).await;
    assert_eq!(strange.status, 422);
    assert!(strange.headers["content-type"].starts_with("text/html"));
}

#[tokio::test]
async fn a_parent_takes_the_consent_back_on_the_page_knowingly() {
    let w = world().await;
    let (child, link) = w.consented().await;
    let unsure = answer(&w, &link, &[("action", "revoke")]).await;
    assert_eq!(unsure.status, 422);
    assert_accessible(&unsure.text);
    assert!(unsure.text.contains("<a href=\"#understood\">"));
    assert_eq!(w.status_of(child).await, "active");
    let gone = answer(&w, &link, &[("action", "revoke"), ("understood", "yes")]).await;
    assert_eq!(gone.status, 200);
    assert_accessible(&gone.text);
    assert!(gone.text.contains("You took your consent back") && gone.text.contains("is erased"));
    assert_eq!(w.status_of(child).await, "erased");
    assert!(show(&w, &link).await.text.contains("You took your consent back"));
}

#[tokio::test]
async fn a_parent_says_no_on_the_page_and_a_second_answer_shows_where_things_stand() {
    let w = world().await;
    let (child, link) = w.asked().await;
    let gone = answer(&w, &link, &[("action", "deny")]).await;
    assert_eq!(gone.status, 200);
    assert!(gone.text.contains("You did not agree") && gone.text.contains("Goodbye"));
    assert!(!gone.text.contains("Ada"));
    assert_eq!(w.status_of(child).await, "erased");
    let late = answer(&w, &link, &[("action", "grant"), ("scopes", "collection")]).await;
    assert_eq!(late.status, 409);
    assert_accessible(&late.text);
    assert!(late.text.contains("You did not agree"));
}

#[tokio::test]
async fn a_notice_that_changed_since_the_page_was_opened_is_read_again() {
    let w = world().await;
    let (child, link) = w.asked().await;
    let form = [("action", "grant"), ("scopes", "collection"), ("noticeVersion", "2020-01-01")];
    let old = answer(&w, &link, &form).await;
    assert!(old.status == 409 && old.text.contains("This has changed since you opened the page"));
    assert_eq!(w.status_of(child).await, "pending_consent");
}

#[tokio::test]
async fn what_a_child_calls_itself_is_never_markup() {
    let w = world().await;
    w.child_told(json!({ "given_name": "<script>alert('x')</script>\"&" })).await;
    w.write_letter("consent.requested").await;
    let page = show(&w, &w.last_link()).await;
    assert_accessible(&page.text);
    assert!(page.text.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_a_page_too() {
    let w = world().await;
    for token in ["AAAAAAAAAAAAAAAAAAAAAA", "short"] {
        let page = show(&w, token).await;
        assert_eq!(page.status, 404);
        assert!(page.headers["content-type"].starts_with("text/html"));
        assert_accessible(&page.text);
        assert_eq!(answer(&w, token, &[("action", "deny")]).await.status, 404);
    }
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_stopped_on_the_page_too() {
    let w = world().await;
    let (_, link) = w.asked().await;
    for _ in 0..60 {
        assert_eq!(show(&w, &link).await.status, 200);
    }
    let stopped = show(&w, &link).await;
    assert_eq!(stopped.status, 429);
    assert!(stopped.headers.contains_key("retry-after"));
}
