//! A use case as a running function: the loop over Lambda's Runtime API.

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

use crate::config::Env;
use crate::fault::Fault;
use crate::log;
use crate::services::Services;
use crate::use_case::{Invocation, Meta, UseCase};

/// A use case without the type of its services: what one table over all contexts can hold.
pub struct Function {
    /// The context it belongs to.
    pub context: &'static str,
    /// What is known of it without running it.
    pub meta: Meta,
    start: Box<dyn FnOnce() -> Result<(), lambda_runtime::Error>>,
}

impl Function {
    /// Of a use case of `context`.
    pub fn new<S: Services>(context: &'static str, use_case: UseCase<S>) -> Self {
        let meta = use_case.meta.clone();
        Self { context, meta, start: Box::new(|| block_on(serve(use_case))) }
    }

    /// Serves invocations until the environment goes away.
    pub fn run(self) -> Result<(), lambda_runtime::Error> {
        (self.start)()
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.context, self.meta.name)
    }
}

/// The `main` of a thin binary: serves invocations of one use case until the environment goes away.
pub fn run<S: Services>(use_case: UseCase<S>) -> Result<(), lambda_runtime::Error> {
    block_on(serve(use_case))
}

fn block_on(
    serving: impl Future<Output = Result<(), lambda_runtime::Error>>,
) -> Result<(), lambda_runtime::Error> {
    // One thread: a function does one thing at a time, on less than one processor.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serving)
}

async fn serve<S: Services>(use_case: UseCase<S>) -> Result<(), lambda_runtime::Error> {
    log::start();
    let env = Arc::new(Env::from_process());
    let services = Arc::new(S::from_env(env));
    // Init runs unthrottled and before anybody waits: what the use case will need is connected here.
    services.warm(use_case.meta.needs).await;
    let use_case = Arc::new(use_case);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (use_case, services) = (Arc::clone(&use_case), Arc::clone(&services));
        async move {
            let request_id = event.context.request_id;
            let outcome: Result<Value, Fault> =
                use_case.call(services, Invocation { request_id, event: event.payload }).await;
            outcome.map_err(Diagnostic::from)
        }
    }))
    .await
}
