//! Whether an operation fits the schema. The engine finds that out by walks over the document that cost more than many an
//! answer, and while it has an extension, each field of an answer costs it more. So a schema with both is for checking
//! alone, once for an operation and its variables, and the schema that runs operations has neither.

use super::{MindFlowSchema, builder};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::registry::Registry;
use async_graphql::{Request, Response, SchemaEnv, ServerError, async_trait};
use std::sync::{Arc, OnceLock};

static CHECKING: OnceLock<MindFlowSchema> = OnceLock::new();
/// The engine shows it to extensions only.
static ENVIRONMENT: OnceLock<SchemaEnv> = OnceLock::new();

/// # Errors
/// Those of validation.
pub async fn check(request: Request) -> Result<(), Vec<ServerError>> {
    let response = checking().execute(request).await;
    if response.errors.is_empty() { Ok(()) } else { Err(response.errors) }
}

fn checking() -> &'static MindFlowSchema {
    CHECKING.get_or_init(|| builder().extension(Gate).finish())
}

/// The types of the schema. None never happens: the engine shows them to every query that fits.
pub async fn types() -> Option<&'static Registry> {
    if ENVIRONMENT.get().is_none() {
        checking().execute("{ __typename }").await;
    }
    registry()
}

/// The types of the schema; none before the first check.
pub fn registry() -> Option<&'static Registry> {
    ENVIRONMENT.get().map(|environment| &environment.registry)
}

/// Runs nothing.
struct Gate;

impl ExtensionFactory for Gate {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Gate {
    async fn execute(&self, ctx: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        ENVIRONMENT.get_or_init(|| ctx.schema_env.clone());
        Response::default()
    }
}
