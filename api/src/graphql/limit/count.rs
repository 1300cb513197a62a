//! What a document may have of each thing, however it is spread. Floor 4.

use async_graphql::Positioned;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};

use super::within;
use crate::error::Result;

/// How many operations a document may have.
pub const MAX_OPERATIONS: u64 = 50;
/// How many variables an operation may have.
pub const MAX_VARIABLES: u64 = 100;
/// How many fields may go by another name.
pub const MAX_ALIASES: u64 = 200;
/// How many arguments a field or a directive may be given.
pub const MAX_ARGUMENTS: u64 = 32;
/// How many directives may stand in one place.
pub const MAX_DIRECTIVES_TOGETHER: u64 = 8;
/// How many directives a document may have.
pub const MAX_DIRECTIVES: u64 = 100;

/// What was counted so far.
#[derive(Default)]
struct Counts {
    aliases: u64,
    directives: u64,
}

/// Refuses a document that has too many of anything.
pub(super) fn check(document: &ExecutableDocument) -> Result<()> {
    let operations = document.operations.iter().count() as u64;
    within("operations of a document", MAX_OPERATIONS, operations)?;
    let mut counts = Counts::default();
    for (_, operation) in document.operations.iter() {
        counts.operation(&operation.node)?;
    }
    for fragment in document.fragments.values() {
        counts.directives(&fragment.node.directives)?;
        counts.set(&fragment.node.selection_set.node)?;
    }
    within("aliases of a document", MAX_ALIASES, counts.aliases)?;
    within(
        "directives of a document",
        MAX_DIRECTIVES,
        counts.directives,
    )
}

impl Counts {
    fn operation(&mut self, operation: &OperationDefinition) -> Result<()> {
        let variables = operation.variable_definitions.len() as u64;
        within("variables of an operation", MAX_VARIABLES, variables)?;
        for variable in &operation.variable_definitions {
            self.directives(&variable.node.directives)?;
        }
        self.directives(&operation.directives)?;
        self.set(&operation.selection_set.node)
    }

    /// As deep as the text nests, which is bounded.
    fn set(&mut self, set: &SelectionSet) -> Result<()> {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    self.aliases += u64::from(field.node.alias.is_some());
                    let arguments = field.node.arguments.len() as u64;
                    within("arguments of a field", MAX_ARGUMENTS, arguments)?;
                    self.directives(&field.node.directives)?;
                    self.set(&field.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => self.directives(&spread.node.directives)?,
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.node.directives)?;
                    self.set(&fragment.node.selection_set.node)?;
                }
            }
        }
        Ok(())
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) -> Result<()> {
        let together = directives.len() as u64;
        within("directives in one place", MAX_DIRECTIVES_TOGETHER, together)?;
        self.directives += together;
        for directive in directives {
            let arguments = directive.node.arguments.len() as u64;
            within("arguments of a directive", MAX_ARGUMENTS, arguments)?;
        }
        Ok(())
    }
}
