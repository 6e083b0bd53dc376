//! What new entries begin with.

use super::scalars::DateTime;
use crate::services::templates;
use async_graphql::{ID, InputObject, SimpleObject};

/// What a new entry can begin with. It is the client that fills an entry with it.
#[derive(SimpleObject)]
pub struct EntryTemplate {
    /// A UUID.
    id: ID,
    /// 1 to 50 characters, which no other template of the user has in any case.
    name: String,
    /// The title that the entry gets; it may be empty.
    title: String,
    /// The content that the entry gets; it may be empty.
    content: String,
    /// Names of the tags that the entry gets.
    tags: Vec<String>,
    /// The journal that the entry goes into; null for the default one. One that was deleted since is the default one.
    journal_id: Option<ID>,
    /// When it was last changed.
    updated_at: DateTime,
}

/// A template as it is to be. What is null counts as left out.
#[derive(InputObject)]
pub struct EntryTemplateInput {
    /// 1 to 50 characters. `CONFLICT` when another template has it, in any case.
    name: String,
    /// At most 200 characters.
    title: Option<String>,
    /// At most 10,000 characters.
    content: Option<String>,
    /// Names of tags, at most 20.
    tags: Option<Vec<String>>,
    /// The default one when left out.
    journal_id: Option<ID>,
}

/// A question to write about.
#[derive(SimpleObject)]
pub struct Prompt {
    /// It never gets another text.
    id: ID,
    /// The question.
    text: String,
    /// What it is about: `day`, `gratitude`, `feelings`, `people`, `growth`, `future` or `memories`.
    theme: String,
}

impl From<templates::Template> for EntryTemplate {
    fn from(template: templates::Template) -> Self {
        Self {
            id: template.id.into(),
            name: template.name,
            title: template.title,
            content: template.content,
            tags: template.tags,
            journal_id: template.book_id.map(Into::into),
            updated_at: DateTime(template.updated_at),
        }
    }
}

impl From<EntryTemplateInput> for templates::NewTemplate {
    fn from(input: EntryTemplateInput) -> Self {
        Self {
            name: input.name,
            title: input.title.unwrap_or_default(),
            content: input.content.unwrap_or_default(),
            tags: input.tags.unwrap_or_default(),
            book_id: input.journal_id.map(Into::into),
        }
    }
}

impl From<templates::Prompt> for Prompt {
    fn from(templates::Prompt { id, text, theme }: templates::Prompt) -> Self {
        Self { id: id.into(), text, theme }
    }
}
