use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::text::Line;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::{Told, told};
use crate::html::{escape, page};
use crate::rate_limit::{Per, RateLimit};
use crate::testing::{Answered, As, TestRequest};
use crate::{
    Answer, Anyone, Cx, Form, Function, Guardian, Html, LinkPath, Method, Nothing, OneOrMany, Problem,
    Request, UseCase, openapi,
};

lectern_domain::words! {
    enum Fruit { Apple = "apple", Pear = "pear" }
}

#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct Basket {
    name: Line<20>,
    #[deserr(default)]
    #[schemars(default)]
    fruits: OneOrMany<Fruit>,
}

async fn show(
    _cx: Cx<Told>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, Form<Basket>>,
) -> Result<Html, Problem> {
    let name = request.body.0.name;
    match name.as_str() {
        "gone" => Ok(Html::new(410, page("Gone", "<h1>Gone</h1>"))),
        "broken" => Err(Problem::internal("a cause with secrets")),
        "busy" => Err(Problem::unavailable("a cause with secrets")),
        other => Ok(Html::new(200, page(other, &format!("<h1>{}</h1>", escape(other))))),
    }
}

async fn pick(
    _cx: Cx<Told>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, Form<Basket>>,
) -> Result<Answer<Value>, Problem> {
    Ok(Answer::new(json!(request.body.0.fruits.0)))
}

async fn consent(_cx: Cx<Told>, _caller: Guardian, _request: Request<LinkPath>) -> Result<Html, Problem> {
    Ok(Html::new(200, String::new()))
}

fn show_case() -> UseCase<Told> {
    let limits = &[RateLimit { per: Per::Address, burst: 6, period_seconds: 60 }];
    UseCase::http("show", Method::Post, "/basket", show).rate_limits(limits)
}

async fn send(fields: &[(&str, &str)]) -> Answered {
    TestRequest::new(As::Nobody).form(fields).send(&show_case(), &told()).await
}

fn assert_safe_page(answer: &Answered) {
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(
        answer.headers["content-security-policy"],
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'"
    );
    let headers = ["referrer-policy", "x-robots-tag", "cache-control", "x-content-type-options"];
    assert_eq!(
        headers.map(|name| answer.headers[name].as_str()),
        ["no-referrer", "noindex", "no-store", "nosniff"]
    );
    assert!(answer.text.starts_with("<!doctype html>\n<html lang=\"en\">"), "{}", answer.text);
    assert_eq!(answer.body, Value::Null);
}

#[tokio::test]
async fn a_page_has_the_status_that_its_handler_chose_and_text_stays_text() {
    let answer = send(&[("name", "<b>\"A\" & 'B'")]).await;
    assert_eq!(answer.status, 200);
    assert_safe_page(&answer);
    assert!(answer.text.contains("<h1>&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;</h1>"), "{}", answer.text);
    assert!(!answer.text.contains("<b>"), "{}", answer.text);
    let gone = send(&[("name", "gone")]).await;
    assert_eq!(gone.status, 410);
    assert_safe_page(&gone);
}

#[tokio::test]
async fn what_goes_wrong_on_a_page_is_a_page_that_tells_nothing_of_the_inside() {
    for (fields, status, says) in [
        (&[("name", "broken")][..], 500, "Something went wrong on our side"),
        (&[("name", "busy")], 503, "Please try again in a moment."),
        (&[("fruits", "plum")], 422, "<li>name: is required</li>"),
        (&[("name", "a"), ("<x>", "1")], 422, "&lt;x&gt;"),
    ] {
        let answer = send(fields).await;
        assert_eq!(answer.status, status);
        assert_safe_page(&answer);
        assert!(answer.text.contains(says), "{}", answer.text);
        assert!(answer.text.contains("test-request") && !answer.text.contains("secrets"), "{}", answer.text);
    }
    assert_eq!(send(&[("name", "busy")]).await.headers["retry-after"], "2");
}

#[tokio::test]
async fn a_page_that_is_asked_for_too_often_says_so_as_a_page() {
    let services = told();
    let mut last = None;
    for _ in 0..7 {
        last = Some(TestRequest::new(As::Nobody).form(&[("name", "a")]).send(&show_case(), &services).await);
    }
    let refused = last.unwrap();
    assert_eq!((refused.status, refused.headers["retry-after"].as_str()), (429, "7"));
    assert_eq!(refused.headers["ratelimit"], "\"default\";r=0;t=7");
    assert_safe_page(&refused);
    assert!(refused.text.contains("Try again in 7 seconds."), "{}", refused.text);
}

#[tokio::test]
async fn checked_boxes_are_none_one_or_many() {
    let case = UseCase::http("pick", Method::Post, "/v1/pick", pick);
    let services = told();
    for (checked, picked) in [
        (&[][..], json!([])),
        (&[("fruits", "pear")], json!(["pear"])),
        (&[("fruits", "pear"), ("fruits", "apple"), ("fruits", "pear")], json!(["pear", "apple", "pear"])),
    ] {
        let fields: Vec<_> = [("name", "a b")].iter().chain(checked).copied().collect();
        let answer = TestRequest::new(As::Nobody).form(&fields).send(&case, &services).await;
        assert_eq!(answer.data(), &picked);
    }
    let fields = [("name", ""), ("fruits", "pear"), ("fruits", "plum"), ("more", "1")];
    let wrong = TestRequest::new(As::Nobody).form(&fields).send(&case, &services).await;
    assert_eq!(wrong.problem(), "invalid-fields");
    assert_eq!(wrong.bad_fields(), ["name", "fruits[1]", "more"]);
}

#[tokio::test]
async fn a_form_is_taken_as_a_form_alone() {
    let case = UseCase::http("pick", Method::Post, "/v1/pick", pick);
    let services = told();
    let json = TestRequest::new(As::Nobody).json(&json!({ "name": "a" })).send(&case, &services).await;
    assert_eq!((json.status, json.problem()), (415, "unsupported-media-type"));
    assert_eq!(json.body["detail"], "The body must be application/x-www-form-urlencoded.");
    let untyped = TestRequest::new(As::Nobody).raw("name=a").send(&case, &services).await;
    assert_eq!(untyped.status, 415);
    let typed = TestRequest::new(As::Nobody).raw("name=a+b%21");
    let typed = typed.header("content-type", "Application/X-WWW-Form-URLencoded; charset=UTF-8");
    assert_eq!(typed.send(&case, &services).await.status, 200);
}

#[test]
fn the_contract_tells_pages_and_forms_from_json() {
    let functions = vec![
        Function::new("test", show_case()),
        Function::new("test", UseCase::http("pick", Method::Post, "/v1/pick", pick)),
        Function::new("test", UseCase::http("consent", Method::Patch, "/consent/{token}", consent)),
    ];
    let contract = openapi::document(&functions, "1");
    let show = &contract["paths"]["/basket"]["post"];
    let content =
        |response: &Value| response["content"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(content(&show["requestBody"]), ["application/x-www-form-urlencoded"]);
    for status in ["200", "422", "429", "500", "503"] {
        assert_eq!(content(&show["responses"][status]), ["text/html"], "{status}");
    }
    assert_eq!(show["responses"]["200"]["content"]["text/html"]["schema"], json!({ "type": "string" }));
    let pick = &contract["paths"]["/v1/pick"]["post"];
    assert_eq!(content(&pick["responses"]["200"]), ["application/json"]);
    assert_eq!(pick["responses"]["422"]["$ref"], "#/components/responses/Problem422");
    let fruits = &contract["components"]["schemas"]["Basket"]["properties"]["fruits"];
    assert_eq!(
        (&fruits["type"], &fruits["items"]["$ref"]),
        (&json!("array"), &json!("#/components/schemas/Fruit"))
    );
    let parameters = &contract["paths"]["/consent/{token}"]["patch"]["parameters"];
    assert_eq!((&parameters[0]["name"], &parameters[0]["in"]), (&json!("token"), &json!("path")));
    assert_eq!(parameters[0]["schema"]["pattern"], "^[A-Za-z0-9_-]{22}$");
}
