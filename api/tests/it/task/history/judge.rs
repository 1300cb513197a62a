//! Comparing what was found with what should be.

use chrono::TimeDelta;
use entities::id::TaskId;
use entities::task::{Model, TaskStatus as S};

use super::crew::{Crew, DUE, KINDS, WORKERS};
use super::known::{Known, same};
use super::studio::{Expected, Studio};

impl Studio {
    /// Compares what was found with what should be, and takes over what only the rows can tell: ids, moments, lengths of backoffs.
    pub(super) fn agree(
        &mut self,
        expected: Expected,
        found: &Result<Option<Model>, &'static str>,
        rows: &[Model],
        crew: &Crew,
    ) -> Result<(), String> {
        match (&expected, found) {
            (Expected::OneOf(may), Ok(given)) => {
                let given = given.as_ref().map(|row| row.id);
                if !may.contains(&given) {
                    return Err(format!("{given:?} was given instead of one of {may:?}"));
                }
                if let (Some(task), Some(who)) = (given, self.claimer(rows, given)) {
                    self.known(task).begin(who, crew.now());
                }
            }
            (Expected::Done, Ok(_)) | (Expected::Refused, Err(_)) => {}
            _ => return Err(format!("{expected:?} was expected")),
        }
        for row in rows {
            match self.tasks.get(&row.id) {
                Some(known) => same(known, &Known::of(row))?,
                None => self.is_as_made(row)?,
            }
            self.tasks.insert(row.id, Known::of(row));
        }
        self.checks_are_there()
    }

    fn claimer(&self, rows: &[Model], given: Option<TaskId>) -> Option<usize> {
        let row = rows.iter().find(|row| Some(row.id) == given)?;
        Known::of(row).holder
    }

    /// A task that was not there before: made by hand, or a check of what was handed in.
    fn is_as_made(&self, row: &Model) -> Result<(), String> {
        let new = Known::of(row);
        let Some(parent) = new.parent else {
            let status = if new.holder.is_some() {
                S::Assigned
            } else {
                S::Pending
            };
            let due = new
                .deadline
                .is_none_or(|at| at - new.created == TimeDelta::seconds(DUE) || at > new.created);
            let made = KINDS.contains(&new.kind.as_str())
                && new.status == status
                && new.attempt == 0
                && due;
            return if made {
                Ok(())
            } else {
                Err(format!("{new:?} was made"))
            };
        };
        let checked = &self.tasks[&parent];
        let right = checked.is_held()
            && new.check_of == Some(checked.attempt)
            && new.kind == "CHECK"
            && new.holder == self.checker_of(checked);
        if right {
            Ok(())
        } else {
            Err(format!("{new:?} checks {checked:?}"))
        }
    }

    /// The owner's reports first, then the least loaded, then by name; never the one whose work it is.
    fn checker_of(&self, checked: &Known) -> Option<usize> {
        let is_report = |who: usize| {
            let owner = checked.holder.map(|holder| WORKERS[holder].0);
            owner == Some("L2-CHAR-001") && WORKERS[who].0.starts_with("L3")
        };
        let load = |who: usize| {
            let open = |known: &&Known| {
                known.holder == Some(who)
                    && matches!(
                        known.status,
                        S::Assigned | S::InProgress | S::ReviewRequested
                    )
            };
            self.tasks.values().filter(open).count()
        };
        (0..WORKERS.len())
            .filter(|who| {
                let (id, types) = WORKERS[*who];
                id.starts_with("L3")
                    && types.contains(&"CHECK")
                    && !self.asleep[*who]
                    && checked.holder != Some(*who)
            })
            .min_by_key(|who| (!is_report(*who), load(*who), WORKERS[*who].0))
    }

    /// What is held waits for a check that has not ended: no task is lost.
    fn checks_are_there(&self) -> Result<(), String> {
        for (id, known) in &self.tasks {
            let mut checks = self
                .tasks
                .values()
                .filter(|check| check.parent == Some(*id) && check.check_of == Some(known.attempt));
            if known.is_held() && !checks.any(|check| !check.ended()) {
                return Err(format!("{id} is held by nothing: {known:?}"));
            }
        }
        Ok(())
    }
}
