//! Least privilege, as far as it can be read off a template.

use serde_json::Value;

use super::none;
use super::template::{Resource, Template, list, templates};

/// Every statement that allows something, wherever it stands.
fn statements<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            // What denies can't be wide enough.
            if members.get("Effect").is_some_and(|effect| effect == "Allow") && members.contains_key("Action")
            {
                found.push(value);
            }
            members.values().for_each(|member| statements(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| statements(item, found)),
        _ => {}
    }
}

fn statements_of(template: &Template) -> Vec<&Value> {
    let mut found = Vec::new();
    statements(&template.document["Resources"], &mut found);
    assert!(!found.is_empty(), "{} has no policy at all", template.path);
    found
}

#[test]
fn no_policy_allows_an_action_with_a_star() {
    let mut complaints = Vec::new();
    for template in templates() {
        for statement in statements_of(&template) {
            // What denies may deny everything.
            if statement["Effect"] == "Deny" {
                continue;
            }
            let actions = list(&statement["Action"]).into_iter().filter_map(Value::as_str);
            let wide = actions.filter(|action| action.contains('*'));
            complaints.extend(wide.map(|action| format!("{}: {action}", template.path)));
            if !statement["NotAction"].is_null() || !statement["NotResource"].is_null() {
                complaints.push(format!("{}: all but something is too much: {statement}", template.path));
            }
        }
    }
    none(&complaints);
}

#[test]
fn a_policy_on_every_resource_says_why_in_a_comment_above_it() {
    let mut complaints = Vec::new();
    for template in templates() {
        let is_all = |value: &Value| list(value).into_iter().any(|resource| resource == "*");
        let in_document = statements_of(&template).iter().filter(|s| is_all(&s["Resource"])).count();
        let lines: Vec<_> = template.text.lines().collect();
        let stars: Vec<_> = (0..lines.len()).filter(|at| says_all(lines[*at])).collect();
        assert_eq!(stars.len(), in_document, "{}: not every `Resource: \"*\"` was found", template.path);
        for at in stars {
            if !is_explained(&lines[..=at]) {
                complaints.push(format!("{}:{}: say why in a comment", template.path, at + 1));
            }
        }
    }
    none(&complaints);
}

fn says_all(line: &str) -> bool {
    let code = line.split(" #").next().unwrap_or_default().replace(['"', '\'', ' ', '[', ']', '}', ','], "");
    code.ends_with("Resource:*")
}

/// Whether a comment stands above the last line, with nothing but the head of the same policy in between.
fn is_explained(lines: &[&str]) -> bool {
    const HEAD: [&str; 6] = ["Version:", "Statement:", "Effect:", "Action:", "Sid:", "Statement: ["];
    for line in lines.iter().rev().skip(1) {
        let line = line.trim().trim_start_matches("- ");
        if line.starts_with('#') {
            return true;
        }
        if !HEAD.iter().any(|head| line.starts_with(head)) {
            return false;
        }
    }
    false
}

#[test]
fn no_role_takes_a_policy_that_aws_manages() {
    let mut complaints = Vec::new();
    for template in templates() {
        let mut check = |resource: Resource<'_>| {
            // In SAM a policy by its name alone is one of AWS's; an ARN of theirs is one everywhere.
            let policies = list(&resource.properties["Policies"]).into_iter();
            let managed = policies.chain(list(&resource.properties["ManagedPolicyArns"]));
            for policy in managed {
                let own = policy.is_object() && !policy.to_string().contains(":iam::aws:policy");
                if !own {
                    complaints.push(format!("{}: {} takes {policy}", template.path, resource.name));
                }
            }
        };
        template.resources().for_each(&mut check);
    }
    none(&complaints);
}
