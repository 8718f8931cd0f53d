//! What nobody waits for can't fail unseen: a place where failures go, and an alarm on it.

use serde_json::{Value, json};

use super::none;
use super::template::{Resource, Template, target, templates, text};

/// 14 days, the most that SQS keeps a message: long enough for a holiday.
const FAILURES_KEPT_SECONDS: u64 = 14 * 24 * 3600;
/// AWS's own advice: else a message is given to a second reader while the first is at work on it.
const VISIBILITY_IN_TIMEOUTS: u64 = 6;

/// Whether a queue of failures keeps them and an alarm looks at it, with somebody to tell.
fn check_failures(template: &Template, queue: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let kept = template.resource(queue).properties["MessageRetentionPeriod"].as_u64();
    if kept != Some(FAILURES_KEPT_SECONDS) {
        complaints.push(format!("{}: {queue} keeps messages for {kept:?} seconds", template.path));
    }
    let of_queue = json!([{ "Name": "QueueName", "Value": { "Fn::GetAtt": format!("{queue}.QueueName") } }]);
    if !has_alarm(template, "AWS/SQS", "ApproximateNumberOfMessagesVisible", &of_queue) {
        complaints.push(format!("{}: no alarm on {queue}", template.path));
    }
    complaints
}

fn has_alarm(template: &Template, namespace: &str, metric: &str, dimensions: &Value) -> bool {
    template.of_kind("AWS::CloudWatch::Alarm").any(|alarm| {
        let alarm = alarm.properties;
        alarm["Namespace"] == namespace
            && alarm["MetricName"] == metric
            && alarm["Dimensions"] == *dimensions
            && alarm["AlarmActions"].as_array().is_some_and(|actions| !actions.is_empty())
    })
}

fn timeout(template: &Template, function: Resource<'_>) -> u64 {
    template.of_function(function, "Timeout").as_u64().expect("a timeout")
}

#[test]
fn every_consumer_has_a_queue_that_waits_long_enough_and_a_watched_queue_of_failures() {
    let mut complaints = Vec::new();
    for template in templates() {
        for mapping in template.of_kind("AWS::Lambda::EventSourceMapping") {
            let function = template.resource(&target(&mapping.properties["FunctionName"]));
            let queue = template.resource(&target(&mapping.properties["EventSourceArn"]));
            let visibility = queue.properties["VisibilityTimeout"].as_u64().unwrap_or(30);
            if visibility < VISIBILITY_IN_TIMEOUTS * timeout(&template, function) {
                complaints
                    .push(format!("{}: {} hides messages for {visibility} s", template.path, queue.name));
            }
            if mapping.properties["FunctionResponseTypes"] != json!(["ReportBatchItemFailures"]) {
                complaints.push(format!("{}: {} fails whole batches", template.path, mapping.name));
            }
            let failures = target(&queue.properties["RedrivePolicy"]["deadLetterTargetArn"]);
            complaints.extend(check_failures(&template, &failures));
        }
    }
    none(&complaints);
}

#[test]
fn an_event_that_a_rule_cannot_deliver_goes_to_a_watched_queue_that_takes_it() {
    let mut complaints = Vec::new();
    for template in templates() {
        for rule in template.of_kind("AWS::Events::Rule") {
            let to = &rule.properties["Targets"][0];
            let (queue, failures) = (target(&to["Arn"]), target(&to["DeadLetterConfig"]["Arn"]));
            complaints.extend(check_failures(&template, &failures));
            let takes = template.of_kind("AWS::SQS::QueuePolicy").any(|policy| {
                let statement = &policy.properties["PolicyDocument"]["Statement"][0];
                let from = &statement["Condition"]["ArnEquals"]["aws:SourceArn"];
                let of = |name: &str| json!({ "Fn::GetAtt": format!("{name}.Arn") });
                *from == of(rule.name) && statement["Resource"] == json!([of(&queue), of(&failures)])
            });
            if !takes {
                complaints.push(format!("{}: the queues of {} refuse it", template.path, rule.name));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_schedule_has_a_watched_queue_of_failures_for_the_call_and_for_the_function() {
    let mut complaints = Vec::new();
    for template in templates() {
        for schedule in template.of_kind("AWS::Scheduler::Schedule") {
            let to = &schedule.properties["Target"];
            complaints.extend(check_failures(&template, &target(&to["DeadLetterConfig"]["Arn"])));
            let function = template.resource(&target(&to["Arn"]));
            let on_failure = &function.properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"];
            if on_failure.is_null() {
                complaints.push(format!("{}: {} fails unseen", template.path, function.name));
                continue;
            }
            complaints.extend(check_failures(&template, &target(&on_failure["Destination"])));
        }
    }
    none(&complaints);
}

#[test]
fn every_state_machine_has_an_alarm() {
    for template in templates() {
        for machine in template.of_kind("AWS::Serverless::StateMachine") {
            let dimensions = json!([{ "Name": "StateMachineArn", "Value": { "Ref": machine.name } }]);
            let watched = has_alarm(&template, "AWS/States", "ExecutionsFailed", &dimensions);
            assert!(watched, "{} may fail unseen", text(&machine.properties["Name"]));
        }
    }
}
