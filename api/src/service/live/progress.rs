//! How far a stream has come, for whoever carries it to its reader (spec R6.02). Floor 3.
//!
//! Events leave a stream one after the other: the next is not looked at before the last was taken. So a place that was passed without an
//! event lies after every event that has left, and whoever has delivered those may name it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::page::Cursor;
use super::{Place, STREAM};

/// Where a stream stands; clones share it. It is written by the stream and read by the edge.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<Step>>);

/// What a stream did last.
#[derive(Debug, Clone, Default)]
enum Step {
    /// It has not begun, or begins where its reader says.
    #[default]
    Nothing,
    /// It gave an event.
    Gave(Cursor),
    /// It passed this entry and gave nothing of it.
    Passed(i64),
}

impl Progress {
    /// The cursor of the event that was given last, as long as nothing was passed since.
    pub fn of_event(&self) -> Option<Cursor> {
        match &*self.step() {
            Step::Gave(cursor) => Some(cursor.clone()),
            Step::Nothing | Step::Passed(_) => None,
        }
    }

    /// The cursor of a place after the last event, where the stream has passed one: nothing between the two was for its reader.
    pub fn of_silence(&self) -> Option<Cursor> {
        match *self.step() {
            Step::Passed(sequence) => Some(Cursor::of(STREAM, &Place::After(sequence))),
            Step::Nothing | Step::Gave(_) => None,
        }
    }

    pub(crate) fn gave(&self, cursor: &Cursor) {
        *self.step() = Step::Gave(cursor.clone());
    }

    pub(crate) fn passed(&self, sequence: i64) {
        *self.step() = Step::Passed(sequence);
    }

    fn step(&self) -> MutexGuard<'_, Step> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
