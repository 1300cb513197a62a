//! Documents as they were sent: read when they can be read safely, and their operations.

use async_graphql_parser::{
    parse_query,
    types::{ExecutableDocument, OperationDefinition},
};

/// How deep brackets may be nested in a document that is read: values are followed on the stack, by the parser and here.
const NESTING: usize = 256;

/// Reads a document; what is wrong with it, as the end of a sentence, when it cannot be read.
pub(super) fn parse(text: &str) -> Result<ExecutableDocument, String> {
    if nesting(text) > NESTING {
        return Err(format!("nests brackets deeper than {NESTING}"));
    }
    parse_query(text).map_err(|error| format!("is not GraphQL: {error}"))
}

/// The operations by name, so that the same answer always gets the same lines.
pub(super) fn operations(
    document: &ExecutableDocument,
) -> impl Iterator<Item = &OperationDefinition> {
    let mut operations: Vec<_> = document.operations.iter().collect();
    operations.sort_by_key(|(name, _)| name.map(|name| name.as_str()));
    operations.into_iter().map(|(_, operation)| &operation.node)
}

/// Brackets within strings and comments are counted too: it is only about what is far beyond sense.
fn nesting(text: &str) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' | b'(' => now += 1,
            b'}' | b']' | b')' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}
