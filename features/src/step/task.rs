//! Sentences about tasks.

mod claiming;
mod finding;
mod gathering;
mod kind;
mod leasing;
mod making;
mod moving;
mod race;
mod rules;
mod showing;
mod terms;
mod validating;
