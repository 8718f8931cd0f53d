//! The port to the state machine, and Step Functions behind it.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::ExecutionStatus;
use lectern_domain::id::LessonId;
use lectern_runtime::Fault;
use lectern_runtime::config::{Env, describe};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// The state machine of a lesson.
#[async_trait]
pub trait Sagas: Send + Sync {
    /// Starts the lesson's execution; starting the same attempt again changes nothing. Gives its ARN.
    async fn start(&self, lesson: LessonId, attempt: i32) -> Result<String, Fault>;
    /// Whether an execution is still at work. One that is not known any more isn't.
    async fn is_running(&self, execution_arn: &str) -> Result<bool, Fault>;
    /// Answers a token. A token that nobody waits with any more (answered before, or timed out) is no fault.
    async fn answer(&self, token: &str, output: &Value) -> Result<(), Fault>;
    /// Connects.
    async fn warm(&self) {}
}

/// Step Functions, with the machine named by `STATE_MACHINE_ARN`.
pub struct StepFunctions {
    env: Arc<Env>,
    client: OnceCell<Client>,
}

impl StepFunctions {
    /// Not connected yet.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env, client: OnceCell::new() }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.env.aws().await) }).await
    }
}

#[async_trait]
impl Sagas for StepFunctions {
    async fn start(&self, lesson: LessonId, attempt: i32) -> Result<String, Fault> {
        let machine = self.env.text("STATE_MACHINE_ARN").map_err(Fault::transient)?;
        let input = json!({ "lessonId": lesson }).to_string();
        // The execution is named after the lesson: the second start of a standard workflow with the same name
        // and input gives the first execution back while it runs, and is refused after.
        let name = if attempt == 1 { lesson.to_string() } else { format!("{lesson}-{attempt}") };
        let started =
            self.client().await.start_execution().state_machine_arn(machine).name(&name).input(input);
        match started.send().await {
            Ok(answer) => Ok(answer.execution_arn),
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => {
                Ok(format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1)))
            }
            Err(error) => Err(Fault::transient(describe(&error))),
        }
    }

    async fn is_running(&self, execution_arn: &str) -> Result<bool, Fault> {
        let described = self.client().await.describe_execution().execution_arn(execution_arn).send().await;
        match described {
            Ok(execution) => Ok(execution.status == ExecutionStatus::Running),
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => Ok(false),
            Err(error) => Err(Fault::transient(describe(&error))),
        }
    }

    async fn answer(&self, token: &str, output: &Value) -> Result<(), Fault> {
        let call = self.client().await.send_task_success().task_token(token).output(output.to_string());
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(error.code(), Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken")) =>
            {
                tracing::info!(code = error.code(), "nobody waits with this token any more");
                Ok(())
            }
            Err(error) => Err(Fault::transient(describe(&error))),
        }
    }

    async fn warm(&self) {
        self.client().await;
    }
}
