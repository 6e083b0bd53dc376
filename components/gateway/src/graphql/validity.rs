//! Whether an operation fits the schema and costs no more than it may. The engine finds that out by walks over the
//! document that cost more than many an answer, and while it has an extension, each field of an answer costs it more.
//! So a schema with both is for checking alone, once for an operation and its variables, and the schema that runs
//! operations has neither.

use super::documents::Document;
use super::{MindFlowSchema, builder, errors, limits};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextValidation};
use async_graphql::registry::Registry;
use async_graphql::{Request, Response, SchemaEnv, ServerError, ValidationResult, async_trait};
use std::sync::{Arc, OnceLock};

static CHECKING: OnceLock<MindFlowSchema> = OnceLock::new();
/// The engine shows it to extensions only.
static ENVIRONMENT: OnceLock<SchemaEnv> = OnceLock::new();

/// # Errors
/// Those of validation, or that the operation costs too much. `request` makes the request to check.
pub async fn check(
    document: &Document,
    operation: (Option<&str>, &str),
    request: impl FnOnce() -> Request,
) -> Result<(), Vec<ServerError>> {
    if document.fits(operation) {
        return Ok(());
    }
    let schema = CHECKING.get_or_init(|| builder().extension(Gate).finish());
    let response = schema.execute(request()).await;
    if !response.errors.is_empty() {
        return Err(response.errors);
    }
    document.remember_fit(operation);
    Ok(())
}

/// The types of the schema; none before the first check.
pub fn registry() -> Option<&'static Registry> {
    ENVIRONMENT.get().map(|environment| &environment.registry)
}

/// Refuses operations that cost too much (the engine multiplies lists by their sizes), and runs none.
struct Gate;

impl ExtensionFactory for Gate {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Gate {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let result = next.run(ctx).await?;
        limits::check_cost(result.complexity).map_err(|failure| errors::of_request(&failure, ""))?;
        Ok(result)
    }

    async fn execute(&self, ctx: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        ENVIRONMENT.get_or_init(|| ctx.schema_env.clone());
        Response::default()
    }
}
