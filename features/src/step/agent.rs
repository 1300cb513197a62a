//! Sentences about agents.

mod changing;
mod finding;
mod registering;
mod standing;

pub(super) use finding::read_in_pages;
