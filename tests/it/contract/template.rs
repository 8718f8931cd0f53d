//! A template as data: CloudFormation's tags become the objects that they are short for.

use lectern_runtime::Function;
use serde_json::{Value, json};
use serde_norway::Value as Yaml;

use super::read;

/// Stands for every account, partition and region.
const PSEUDO: [(&str, &str); 5] = [
    ("${AWS::Partition}", "aws"),
    ("${AWS::Region}", "us-east-1"),
    ("${AWS::AccountId}", "000000000000"),
    ("${AWS::URLSuffix}", "amazonaws.com"),
    ("${Stage}", "local"),
];

/// The template of one stack.
pub struct Template {
    pub context: String,
    pub path: String,
    pub text: String,
    pub document: Value,
}

/// A resource of it.
#[derive(Clone, Copy)]
pub struct Resource<'a> {
    pub name: &'a str,
    pub kind: &'a str,
    pub properties: &'a Value,
}

/// The templates of all stacks.
pub fn templates() -> Vec<Template> {
    let mut contexts: Vec<&str> = lectern_local::all().iter().map(|f| f.context).collect();
    contexts.dedup();
    contexts.into_iter().map(Template::of).collect()
}

impl Template {
    fn of(context: &str) -> Self {
        let path = match context {
            "platform" => "template.yaml".to_owned(),
            _ => format!("functions/{context}/template.yaml"),
        };
        let text = read(&path);
        let yaml: Yaml = serde_norway::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { context: context.to_owned(), path, text, document: json_of(&yaml) }
    }

    /// What a resource's function's code is called from here.
    pub fn code_uri(&self, use_case: &str) -> String {
        let up = "../".repeat(self.path.matches('/').count());
        format!("{up}target/lambda/{use_case}/")
    }

    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.document["Resources"].as_object().unwrap().iter().map(|(name, resource)| Resource {
            name,
            kind: resource["Type"].as_str().unwrap(),
            properties: &resource["Properties"],
        })
    }

    pub fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = Resource<'_>> {
        self.resources().filter(move |resource| resource.kind == kind)
    }

    pub fn resource(&self, name: &str) -> Resource<'_> {
        self.resources()
            .find(|resource| resource.name == name)
            .unwrap_or_else(|| panic!("{} has no resource {name}", self.path))
    }

    /// The `Handler` of the function that a property points to (`!Ref`, `!GetAtt ….Arn`).
    pub fn handler(&self, pointer: &Value) -> String {
        let function = self.resource(&target(pointer));
        assert_eq!(function.kind, "AWS::Serverless::Function", "{} is no function", function.name);
        text(&function.properties["Handler"])
    }

    /// A function's property, its own or that of all.
    pub fn of_function<'a>(&'a self, function: Resource<'a>, property: &str) -> &'a Value {
        match &function.properties[property] {
            Value::Null => &self.document["Globals"]["Function"][property],
            own => own,
        }
    }

    /// The use cases of its context.
    pub fn use_cases(&self) -> Vec<Function> {
        lectern_local::all().into_iter().filter(|f| f.context == self.context).collect()
    }
}

/// The resource that `!Ref` or `!GetAtt` names.
pub fn target(pointer: &Value) -> String {
    let name = pointer["Ref"].as_str().or_else(|| pointer["Fn::GetAtt"].as_str());
    let name = name.unwrap_or_else(|| panic!("{pointer} points to no resource"));
    name.split('.').next().unwrap().to_owned()
}

/// A string, with what CloudFormation puts into it.
pub fn text(value: &Value) -> String {
    let text = value.as_str().or_else(|| value["Fn::Sub"].as_str());
    let text = text.unwrap_or_else(|| panic!("{value} is no text"));
    PSEUDO.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// One or many, as many.
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Number(value) => serde_json::to_value(value).unwrap(),
        Yaml::String(value) => json!(value),
        Yaml::Sequence(items) => items.iter().map(json_of).collect(),
        Yaml::Mapping(members) => {
            members.iter().map(|(name, value)| (name.as_str().unwrap().to_owned(), json_of(value))).collect()
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                "Ref" => "Ref".to_owned(),
                "Condition" => "Condition".to_owned(),
                function => format!("Fn::{function}"),
            };
            json!({ name: json_of(&tagged.value) })
        }
    }
}
