//! Sentences about tasks.

mod finding;
mod gathering;
mod kind;
mod making;
mod moving;
mod race;
mod showing;
mod terms;
