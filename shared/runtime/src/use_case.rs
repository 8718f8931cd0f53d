//! A use case as a value: its name, what triggers it, who may call it, and its function.
//!
//! Each context lists its use cases in its `lib.rs`. From that table come the thin binaries, the local
//! multi-call binary, the OpenAPI document, the authorization tests and the check of the templates.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use deserr::Deserr;
use lectern_domain::event::Envelope;
use lectern_domain::field::FieldErrors;
use lectern_domain::role::Actor;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::caller::{Access, Caller};
use crate::consumer::{self, ObjectCreated};
use crate::fault::Fault;
use crate::http::{Body, IntoResponse, Request};
use crate::problem::{Problem, ProblemType};
use crate::rate_limit::RateLimit;
use crate::services::{Cx, Need, Services};

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes or does.
    Post,
    /// Replaces.
    Put,
    /// Changes parts.
    Patch,
    /// Takes away.
    Delete,
}

impl Method {
    /// `GET`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What makes a use case run.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// A request.
    Http(HttpTrigger),
    /// Domain events, through a queue.
    Events(&'static [&'static str]),
    /// Files that come into a bucket under a prefix, through a queue.
    Objects(&'static str),
    /// A schedule: a schedule expression, or the name of the template parameter that holds it.
    Schedule(&'static str),
    /// A step of a state machine, named like its definition file.
    Step(&'static str),
    /// A trigger of the user pool, by its name in `LambdaConfig`.
    Cognito(&'static str),
    /// An operator, a deployment, or another function that is allowed to.
    Invoke,
}

/// A route.
#[derive(Clone, Debug)]
pub struct HttpTrigger {
    /// Method.
    pub method: Method,
    /// Path with `{parameters}`.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// Whether an `Idempotency-Key` is required.
    pub idempotent: bool,
    /// Limits on calls.
    pub rate_limits: &'static [RateLimit],
    /// Status of success.
    pub status: u16,
    /// Problems of its own, besides those that every route may have.
    pub problems: &'static [&'static ProblemType],
    /// Its types, for the contract.
    pub describe: fn(&mut SchemaGenerator) -> Schemas,
}

/// The schemas of a route.
#[derive(Debug)]
pub struct Schemas {
    /// Path parameters, an object.
    pub path: Schema,
    /// Query parameters, an object.
    pub query: Schema,
    /// The body.
    pub body: Schema,
    /// What the body is sent as.
    pub body_media_type: &'static str,
    /// `data` of the answer; all of it when the answer isn't JSON.
    pub data: Schema,
    /// Content types of the answer.
    pub answer_media_types: &'static [&'static str],
}

/// What is known of a use case without running it.
#[derive(Clone, Debug)]
pub struct Meta {
    /// Its name: its binary, its `Handler`, its `operationId`.
    pub name: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
    /// What makes it run.
    pub trigger: Trigger,
    /// What it wants connected before its first call.
    pub needs: &'static [Need],
}

impl Meta {
    /// As data for scripts and tests.
    pub fn to_json(&self, context: &str) -> Value {
        let trigger = match &self.trigger {
            Trigger::Http(http) => {
                let access = match http.access {
                    Access::Public => json!("public"),
                    Access::Iam => json!("iam"),
                    Access::Roles(roles) => json!(roles.iter().map(|r| r.as_str()).collect::<Vec<_>>()),
                };
                json!({ "http": { "method": http.method.as_str(), "path": http.path, "access": access,
                    "idempotent": http.idempotent, "status": http.status } })
            }
            Trigger::Events(kinds) => json!({ "events": kinds }),
            Trigger::Objects(prefix) => json!({ "objects": prefix }),
            Trigger::Schedule(expression) => json!({ "schedule": expression }),
            Trigger::Step(machine) => json!({ "step": machine }),
            Trigger::Cognito(trigger) => json!({ "cognito": trigger }),
            Trigger::Invoke => json!("invoke"),
        };
        json!({ "context": context, "name": self.name, "summary": self.summary, "trigger": trigger })
    }
}

/// A future that can be kept in a table.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Run<S> = Arc<dyn Fn(Arc<S>, Meta, Invocation) -> BoxFuture<Result<Value, Fault>> + Send + Sync>;

/// One call of a function, whatever triggered it.
#[derive(Debug)]
pub struct Invocation {
    /// Lambda's id of the call.
    pub request_id: String,
    /// The event as it came.
    pub event: Value,
}

/// See the module.
pub struct UseCase<S> {
    /// What is known of it without running it.
    pub meta: Meta,
    run: Run<S>,
}

impl<S> std::fmt::Debug for UseCase<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.meta.fmt(f)
    }
}

impl<S: Services> UseCase<S> {
    /// A route. The handler takes the frame of the call, the caller (whose type says who may call) and the
    /// parsed request.
    pub fn http<C, P, Q, B, A, F, Fut>(
        name: &'static str,
        method: Method,
        path: &'static str,
        handler: F,
    ) -> Self
    where
        C: Caller,
        P: Deserr<FieldErrors> + JsonSchema + Send + 'static,
        Q: Deserr<FieldErrors> + JsonSchema + Send + 'static,
        B: Body,
        A: IntoResponse + Send + 'static,
        F: Fn(Cx<S>, C, Request<P, Q, B>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Problem>> + Send + 'static,
    {
        let trigger = Trigger::Http(HttpTrigger {
            method,
            path,
            access: C::ACCESS,
            idempotent: false,
            rate_limits: &[],
            status: A::STATUS,
            problems: &[],
            describe: |generator| Schemas {
                path: generator.subschema_for::<P>(),
                query: generator.subschema_for::<Q>(),
                body: B::schema(generator),
                body_media_type: B::MEDIA_TYPE,
                data: A::schema(generator),
                answer_media_types: A::MEDIA_TYPES,
            },
        });
        let handler = Arc::new(handler);
        let run: Run<S> = Arc::new(move |services, meta, invocation| {
            Box::pin(crate::route::answer(services, meta, invocation, Arc::clone(&handler)))
        });
        Self { meta: Meta { name, summary: "", trigger, needs: &[Need::Database] }, run }
    }

    /// A consumer of domain events. The handler must have its effect once however often the same event comes
    /// (the inbox). A fault puts the event back into the queue, and in the end into the dead-letter queue.
    pub fn consumer<F, Fut>(name: &'static str, kinds: &'static [&'static str], handler: F) -> Self
    where
        F: Fn(Cx<S>, Envelope) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let run: Run<S> = Arc::new(move |services, meta, invocation| {
            Box::pin(consumer::consume(services, meta.name, invocation, Arc::clone(&handler)))
        });
        Self {
            meta: Meta { name, summary: "", trigger: Trigger::Events(kinds), needs: &[Need::Database] },
            run,
        }
    }

    /// Looks at files that come into a bucket under `prefix`. S3 tells of a file at least once and in no
    /// order, and the file may be gone or be another by then. A fault puts the message back into the queue,
    /// and in the end into the dead-letter queue.
    pub fn objects<F, Fut>(name: &'static str, prefix: &'static str, handler: F) -> Self
    where
        F: Fn(Cx<S>, ObjectCreated) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let run: Run<S> = Arc::new(move |services, meta, invocation| {
            Box::pin(consumer::look_at(services, meta.name, invocation, Arc::clone(&handler)))
        });
        Self {
            meta: Meta { name, summary: "", trigger: Trigger::Objects(prefix), needs: &[Need::Database] },
            run,
        }
    }

    /// Something done again and again. `expression` is a schedule expression (`rate(1 minute)`), or the name
    /// of the template parameter that holds it.
    pub fn schedule<F, Fut>(name: &'static str, expression: &'static str, handler: F) -> Self
    where
        F: Fn(Cx<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        Self::typed(name, Trigger::Schedule(expression), move |cx, _event: Value| {
            let work = handler(cx);
            async move { work.await.map(|()| Value::Null) }
        })
    }

    /// A step of the state machine `machine`. Must be able to run twice with one effect.
    pub fn step<I, O, F, Fut>(name: &'static str, machine: &'static str, handler: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        F: Fn(Cx<S>, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, Fault>> + Send + 'static,
    {
        Self::typed(name, Trigger::Step(machine), handler)
    }

    /// A trigger of the user pool: takes the pool's event, gives it back completed. A fault refuses what the
    /// user wants to do.
    pub fn cognito<F, Fut>(name: &'static str, trigger: &'static str, handler: F) -> Self
    where
        F: Fn(Cx<S>, Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, Fault>> + Send + 'static,
    {
        Self::typed(name, Trigger::Cognito(trigger), handler)
    }

    /// Run by an operator, a deployment, or a function that is allowed to.
    pub fn invoke<I, O, F, Fut>(name: &'static str, handler: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        F: Fn(Cx<S>, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, Fault>> + Send + 'static,
    {
        Self::typed(name, Trigger::Invoke, handler)
    }

    fn typed<I, O, F, Fut>(name: &'static str, trigger: Trigger, handler: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        F: Fn(Cx<S>, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, Fault>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let run: Run<S> = Arc::new(move |services, meta, invocation| {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let input: I = serde_json::from_value(invocation.event).map_err(Fault::bad_input)?;
                let id = invocation.request_id;
                let cx = Cx::new(services, Actor::System(meta.name.to_owned()).to_string(), id.clone(), id);
                let output = handler(cx, input).await.inspect_err(|fault| {
                    tracing::warn!(use_case = meta.name, kind = fault.kind, cause = fault.message, "failed");
                })?;
                serde_json::to_value(output).map_err(Fault::transient)
            })
        });
        Self { meta: Meta { name, summary: "", trigger, needs: &[Need::Database] }, run }
    }

    /// One sentence that says what it does.
    #[must_use]
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.meta.summary = summary;
        self
    }

    /// What it wants connected before its first call; the database, when this isn't said.
    #[must_use]
    pub fn needs(mut self, needs: &'static [Need]) -> Self {
        self.meta.needs = needs;
        self
    }

    /// Requires an `Idempotency-Key`.
    #[must_use]
    pub fn idempotent(self) -> Self {
        self.with_http(|http| http.idempotent = true)
    }

    /// Limits how often it may be called.
    #[must_use]
    pub fn rate_limits(self, limits: &'static [RateLimit]) -> Self {
        self.with_http(|http| http.rate_limits = limits)
    }

    /// Names the problems that it may answer with, besides those that every route may.
    #[must_use]
    pub fn problems(self, problems: &'static [&'static ProblemType]) -> Self {
        self.with_http(|http| http.problems = problems)
    }

    fn with_http(mut self, change: impl FnOnce(&mut HttpTrigger)) -> Self {
        if let Trigger::Http(http) = &mut self.meta.trigger {
            change(http);
        }
        self
    }

    /// Runs it once.
    pub async fn call(&self, services: Arc<S>, invocation: Invocation) -> Result<Value, Fault> {
        (self.run)(services, self.meta.clone(), invocation).await
    }
}
