//! Each use case has exactly one function and the trigger that the table says; nothing is left over.

use std::collections::BTreeSet;

use lectern_domain::event::Envelope;
use lectern_runtime::caller::Access;
use lectern_runtime::use_case::Trigger;
use serde_json::Value;

use super::template::{Template, list, target, templates, text};
use super::{none, read};

/// What one side says, to be compared with what the other says.
type Said = BTreeSet<(String, String)>;

#[track_caller]
fn agree(template: &Template, what: &str, in_table: &Said, in_template: &Said) {
    let only = |these: &Said, those: &Said, side: &str| -> Vec<String> {
        let missing = these.difference(those);
        missing.map(|(name, said)| format!("{what} of {name} only in the {side}: {said}")).collect()
    };
    let mut complaints = only(in_table, in_template, "table");
    complaints.extend(only(in_template, in_table, &template.path));
    none(&complaints);
}

/// The table's side: the use cases of which `say` says something.
fn table(template: &Template, say: impl Fn(&Trigger) -> Option<String>) -> Said {
    let functions = template.use_cases();
    functions.iter().filter_map(|f| Some((f.meta.name.to_owned(), say(&f.meta.trigger)?))).collect()
}

/// The template's side: at most one for each use case.
fn said(found: impl Iterator<Item = (String, String)>) -> Said {
    let mut said = Said::new();
    for (name, what) in found {
        assert!(!said.iter().any(|(known, _)| *known == name), "{name} has two");
        said.insert((name, what));
    }
    said
}

#[test]
fn every_use_case_has_exactly_one_function_and_every_function_is_a_use_case() {
    for template in templates() {
        let functions = template.of_kind("AWS::Serverless::Function").map(|function| {
            let handler = text(&function.properties["Handler"]);
            let name = text(&function.properties["FunctionName"]);
            let code = text(&function.properties["CodeUri"]);
            (handler, format!("{name} from {code}"))
        });
        let wanted = template.use_cases();
        let wanted = wanted.iter().map(|f| {
            let name = f.meta.name;
            (name.to_owned(), format!("lectern-local-{name} from {}", template.code_uri(name)))
        });
        agree(&template, "the function", &wanted.collect(), &said(functions));
    }
}

#[test]
fn no_two_use_cases_have_the_same_name_or_the_same_route() {
    let functions = lectern_local::all();
    let names: BTreeSet<_> = functions.iter().map(|f| f.meta.name).collect();
    assert_eq!(names.len(), functions.len());
    let routes: Vec<_> = functions
        .iter()
        .filter_map(|f| match &f.meta.trigger {
            Trigger::Http(http) => Some((http.method.as_str(), http.path)),
            _ => None,
        })
        .collect();
    assert_eq!(routes.iter().collect::<BTreeSet<_>>().len(), routes.len());
}

#[test]
fn every_route_is_in_the_template_with_the_authorization_that_its_caller_type_means() {
    for template in templates() {
        let wanted = table(&template, |trigger| match trigger {
            Trigger::Http(http) => {
                let authorization = match http.access {
                    Access::Public => "NONE",
                    Access::Roles(_) => "JWT",
                    Access::Iam => "AWS_IAM",
                };
                Some(format!("{} {} {authorization}", http.method.as_str(), http.path))
            }
            _ => None,
        });
        let routes = template.of_kind("AWS::ApiGatewayV2::Route").map(|route| {
            let properties = route.properties;
            let authorization = properties["AuthorizationType"].as_str().unwrap_or("NONE");
            assert_eq!(authorization == "JWT", !properties["AuthorizerId"].is_null(), "{}", route.name);
            let integration = text(&properties["Target"]);
            let integration = integration.trim_start_matches("integrations/${").trim_end_matches('}');
            let integration = template.resource(integration).properties;
            assert_eq!(text(&integration["PayloadFormatVersion"]), "2.0", "{}", route.name);
            assert_eq!(text(&integration["IntegrationType"]), "AWS_PROXY", "{}", route.name);
            assert!(
                !integration["CredentialsArn"].is_null(),
                "{}: API Gateway may not invoke it",
                route.name
            );
            let handler = template.handler(&integration["IntegrationUri"]);
            (handler, format!("{} {authorization}", text(&properties["RouteKey"])))
        });
        agree(&template, "the route", &wanted, &said(routes));
        let integrations = template.of_kind("AWS::ApiGatewayV2::Integration").count();
        assert_eq!(integrations, wanted.len(), "{}: an integration is left over", template.path);
    }
}

#[test]
fn every_consumer_has_a_rule_with_its_events_a_queue_and_a_mapping() {
    for template in templates() {
        let wanted = table(&template, |trigger| match trigger {
            Trigger::Events(kinds) => Some(pattern_of(kinds)),
            _ => None,
        });
        let rules = template.of_kind("AWS::Events::Rule").map(|rule| {
            let [to] = list(&rule.properties["Targets"])[..] else {
                panic!("{}: one target each", rule.name)
            };
            let queue = target(&to["Arn"]);
            let mut mappings = template
                .of_kind("AWS::Lambda::EventSourceMapping")
                .filter(|mapping| target(&mapping.properties["EventSourceArn"]) == queue);
            let mapping = mappings.next().unwrap_or_else(|| panic!("{}: nobody reads {queue}", rule.name));
            assert!(mappings.next().is_none(), "{queue} has two readers");
            (template.handler(&mapping.properties["FunctionName"]), pattern(&rule.properties["EventPattern"]))
        });
        agree(&template, "the rule", &wanted, &said(rules));
        let news = template.use_cases().iter().filter(|f| is_of_files(&f.meta.trigger)).count();
        let mappings = template.of_kind("AWS::Lambda::EventSourceMapping").count();
        assert_eq!(mappings, wanted.len() + news, "{}: a mapping is left over", template.path);
    }
}

fn is_of_files(trigger: &Trigger) -> bool {
    matches!(trigger, Trigger::Objects(_))
}

#[test]
fn whoever_looks_at_files_has_a_bucket_that_tells_of_them_a_queue_that_lets_it_and_a_mapping() {
    let mut found = 0;
    for template in templates() {
        let wanted = table(&template, |trigger| match trigger {
            Trigger::Objects(prefix) => Some(format!("s3:ObjectCreated:* under {prefix}")),
            _ => None,
        });
        let mut told = Vec::new();
        for bucket in template.of_kind("AWS::S3::Bucket") {
            for news in list(&bucket.properties["NotificationConfiguration"]["QueueConfigurations"]) {
                let queue = target(&news["Queue"]);
                assert!(
                    lets_bucket(&template, &queue, &bucket.properties["BucketName"]),
                    "{queue} refuses it"
                );
                let mapping = template
                    .of_kind("AWS::Lambda::EventSourceMapping")
                    .find(|mapping| target(&mapping.properties["EventSourceArn"]) == queue)
                    .unwrap_or_else(|| panic!("{}: nobody reads {queue}", bucket.name));
                let [prefix] = list(&news["Filter"]["S3Key"]["Rules"])[..] else {
                    panic!("{}: one prefix each", bucket.name)
                };
                assert_eq!(prefix["Name"], "prefix");
                let what = format!("{} under {}", text(&news["Event"]), text(&prefix["Value"]));
                told.push((template.handler(&mapping.properties["FunctionName"]), what));
            }
        }
        agree(&template, "the bucket", &wanted, &said(told.into_iter()));
        found += wanted.len();
    }
    assert!(found > 0);
}

/// Whether S3 may send for this bucket, and for no other, also not one of that name in another account.
fn lets_bucket(template: &Template, queue: &str, bucket: &Value) -> bool {
    let arn = format!("arn:aws:s3:::{}", text(bucket));
    template.of_kind("AWS::SQS::QueuePolicy").any(|policy| {
        list(&policy.properties["PolicyDocument"]["Statement"]).into_iter().any(|statement| {
            let condition = &statement["Condition"];
            let source = &condition["ArnEquals"]["aws:SourceArn"];
            statement["Principal"]["Service"] == "s3.amazonaws.com"
                && target(&statement["Resource"]) == queue
                && !source.is_null()
                && text(source) == arn
                && condition["StringEquals"]["aws:SourceAccount"]["Ref"] == "AWS::AccountId"
        })
    })
}

#[test]
fn every_context_that_takes_tokens_hears_of_revocations_by_the_bus_and_by_the_topic() {
    let mut hearing = 0;
    for template in templates() {
        let use_cases = template.use_cases();
        let takes_tokens = use_cases.iter().any(
            |f| matches!(&f.meta.trigger, Trigger::Http(http) if matches!(http.access, Access::Roles(_))),
        );
        let name = format!("replicate-{}-revocations", template.context);
        let hears = use_cases.iter().any(|f| f.meta.name == name);
        // `identity` writes the list itself.
        assert_eq!(hears, takes_tokens && template.context != "identity", "{}", template.path);
        let subscriptions: Vec<_> = template.of_kind("AWS::SNS::Subscription").collect();
        let subscription = subscriptions.iter().find(|s| s.properties["Protocol"] == "sqs");
        assert_eq!(subscription.is_some(), hears, "{}", template.path);
        let Some(subscription) = subscription else { continue };
        hearing += 1;
        let (topic, queue) = (&subscription.properties["TopicArn"], &subscription.properties["Endpoint"]);
        assert_eq!(text(topic), "{{resolve:ssm:/lectern/local/access-topic/arn}}");
        assert_eq!(subscription.properties["RawMessageDelivery"], true, "else it is another shape");
        let mapping = template
            .of_kind("AWS::Lambda::EventSourceMapping")
            .find(|mapping| mapping.properties["EventSourceArn"] == *queue)
            .unwrap();
        assert_eq!(template.handler(&mapping.properties["FunctionName"]), name);
        let allowed = template.of_kind("AWS::SQS::QueuePolicy").any(|policy| {
            list(&policy.properties["PolicyDocument"]["Statement"]).into_iter().any(|statement| {
                statement["Principal"]["Service"] == "sns.amazonaws.com"
                    && statement["Resource"] == *queue
                    && statement["Condition"]["ArnEquals"]["aws:SourceArn"] == *topic
            })
        });
        assert!(allowed, "{}: the queue refuses the topic", template.path);
    }
    assert!(hearing >= 3);
}

/// A rule that takes whatever is Lectern's stands for all that there is.
fn pattern(pattern: &Value) -> String {
    if pattern["source"][0]["prefix"] == "lectern." && pattern["detail-type"].is_null() {
        let all = super::events::schemas();
        return pattern_of(&all.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let words = |name: &str| list(&pattern[name]).into_iter().map(text).collect::<BTreeSet<_>>();
    format!("{:?} from {:?}", words("detail-type"), words("source"))
}

fn pattern_of(kinds: &[&str]) -> String {
    let sources: BTreeSet<_> = kinds
        .iter()
        .map(|kind| format!("lectern.{}", Envelope::context_of(kind).unwrap_or("nobody")))
        .collect();
    format!("{:?} from {sources:?}", kinds.iter().copied().collect::<BTreeSet<_>>())
}

#[test]
fn every_schedule_is_in_the_template_with_the_same_expression_or_parameter() {
    for template in templates() {
        let wanted = table(&template, |trigger| match trigger {
            Trigger::Schedule(expression) => Some((*expression).to_owned()),
            _ => None,
        });
        let schedules = template.of_kind("AWS::Scheduler::Schedule").map(|schedule| {
            let expression = &schedule.properties["ScheduleExpression"];
            let expression = match expression["Ref"].as_str() {
                Some(parameter) => {
                    assert!(
                        template.document["Parameters"][parameter].is_object(),
                        "no parameter {parameter}"
                    );
                    parameter.to_owned()
                }
                None => text(expression),
            };
            (template.handler(&schedule.properties["Target"]["Arn"]), expression)
        });
        agree(&template, "the schedule", &wanted, &said(schedules));
    }
}

#[test]
fn every_trigger_of_the_user_pool_is_named_by_the_pool_and_may_be_called_by_it() {
    let all = templates();
    let pool = all[0].of_kind("AWS::Cognito::UserPool").next().unwrap();
    let called = |(name, value): (&String, &Value)| {
        // Where something is only with a mail identity of one's own, that is what counts.
        let value = if value["Fn::If"].is_null() { value } else { &value["Fn::If"][1] };
        let arn = text(if value["LambdaArn"].is_null() { value } else { &value["LambdaArn"] });
        let function = arn.rsplit(":lectern-local-").next().unwrap().to_owned();
        (function, name.trim_end_matches("Config").to_owned())
    };
    let by_pool: Said = pool.properties["LambdaConfig"].as_object().unwrap().iter().map(called).collect();
    let mut in_table = Said::new();
    for template in &all {
        let wanted = table(template, |trigger| match trigger {
            Trigger::Cognito(name) => Some((*name).to_owned()),
            _ => None,
        });
        let allowed = template.of_kind("AWS::Lambda::Permission").map(|permission| {
            let properties = permission.properties;
            assert_eq!(text(&properties["Principal"]), "cognito-idp.amazonaws.com", "{}", permission.name);
            assert!(!properties["SourceArn"].is_null(), "{}: any pool may call it", permission.name);
            (template.handler(&properties["FunctionName"]), "cognito".to_owned())
        });
        let callers = wanted.iter().map(|(name, _)| (name.clone(), "cognito".to_owned())).collect();
        agree(template, "the permission", &callers, &said(allowed));
        in_table.extend(wanted);
    }
    agree(&all[0], "the pool's trigger", &in_table, &by_pool);
}

#[test]
fn every_step_is_used_by_its_state_machine_and_the_machine_may_call_it() {
    let functions = lectern_local::all();
    let machine_of = |trigger: &Trigger| match trigger {
        Trigger::Step(machine) => Some(*machine),
        _ => None,
    };
    let in_table: BTreeSet<_> = functions.iter().filter_map(|f| machine_of(&f.meta.trigger)).collect();
    let mut in_templates = BTreeSet::new();
    for template in templates() {
        for machine in template.of_kind("AWS::Serverless::StateMachine") {
            let file = text(&machine.properties["DefinitionUri"]);
            let name = file.trim_end_matches(".asl.json").to_owned();
            assert_eq!(text(&machine.properties["Name"]), format!("lectern-local-{name}"));
            let steps: BTreeSet<String> = functions
                .iter()
                .filter(|f| machine_of(&f.meta.trigger) == Some(name.as_str()))
                .map(|f| f.meta.name.to_owned())
                .collect();
            let use_case = |arn: &Value| text(arn).rsplit(":lectern-local-").next().unwrap().to_owned();
            let substitutions = machine.properties["DefinitionSubstitutions"].as_object().unwrap();
            let substituted: BTreeSet<_> = substitutions.values().map(use_case).collect();
            assert_eq!(substituted, steps, "the substitutions of {name}");
            let statement = &machine.properties["Policies"][0]["Statement"][0];
            let allowed: BTreeSet<_> = list(&statement["Resource"]).into_iter().map(use_case).collect();
            assert_eq!(allowed, steps, "what {name} may call");
            let definition = read(&format!("functions/{}/{file}", template.context));
            let used: BTreeSet<_> =
                definition.split("\"${").skip(1).filter_map(|after| after.split('}').next()).collect();
            let named: BTreeSet<_> = substitutions.keys().map(String::as_str).collect();
            assert_eq!(used, named, "the functions in {file}");
            in_templates.insert(name);
        }
    }
    assert_eq!(in_templates.iter().map(String::as_str).collect::<BTreeSet<_>>(), in_table);
}
