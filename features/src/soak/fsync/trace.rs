//! Reads what strace wrote (`-f -ttt -T -y`): which call, on what, from when until when.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};

/// What a record shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Answers, each after a sync of its own time.
    pub(super) answers: usize,
    /// Syncs of the write-ahead log.
    pub(super) syncs: usize,
}

/// One system call.
struct Done<'a> {
    name: &'a str,
    /// What is within the parentheses.
    arguments: String,
    begun: f64,
    ended: f64,
}

impl Done<'_> {
    /// The file behind the first argument: `socket:[123]`, `/data/ziggie.db-wal`.
    fn file(&self) -> &str {
        let inside = self
            .arguments
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'));
        inside.map_or("", |(file, _)| file)
    }
}

/// Follows each answer back to its request and looks for the sync between them.
///
/// # Errors
/// When one went out before its sync had ended, or the record cannot be read.
pub(super) fn check(record: &str) -> Result<Found> {
    let mut calls = calls(record)?;
    calls.sort_by(|one, other| one.ended.total_cmp(&other.ended));
    let mut asked: HashMap<String, f64> = HashMap::new();
    // By their end; of all that have ended, the one that began last is the one to look at.
    let mut last_sync_began = f64::NEG_INFINITY;
    let mut found = Found {
        answers: 0,
        syncs: 0,
    };
    // An answer is judged by when its call began: what ended later proves nothing for it.
    let mut answers: Vec<(f64, String, f64)> = Vec::new();
    let mut syncs: Vec<(f64, f64)> = Vec::new();
    for call in &calls {
        let file = call.file().to_owned();
        match call.name {
            "fdatasync" | "fsync" if file.ends_with("-wal") => syncs.push((call.ended, call.begun)),
            "recvfrom" | "read" if call.arguments.contains("\"POST /graphql") => {
                asked.insert(file, call.ended);
            }
            "sendto" | "sendmsg" | "write" | "writev"
                if call.arguments.contains("\"HTTP/1.1 200") =>
            {
                let asked = asked
                    .remove(&file)
                    .with_context(|| format!("an answer into {file} without a request"))?;
                answers.push((call.begun, file, asked));
            }
            _ => {}
        }
    }
    answers.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut past = syncs.iter().peekable();
    for (answered, socket, asked) in answers {
        while let Some((_, began)) = past.next_if(|(ended, _)| *ended <= answered) {
            last_sync_began = last_sync_began.max(*began);
        }
        ensure!(
            last_sync_began >= asked,
            "the answer into {socket} at {answered:.6} to what was asked at {asked:.6} was not on disk"
        );
        found.answers += 1;
    }
    found.syncs = syncs.len();
    Ok(found)
}

fn calls(record: &str) -> Result<Vec<Done<'_>>> {
    let mut calls = Vec::new();
    // By thread: the call that it is in.
    let mut open: HashMap<&str, (&str, &str, f64)> = HashMap::new();
    for line in record.lines() {
        let (thread, rest) = line
            .split_once(' ')
            .with_context(|| format!("no call: {line}"))?;
        let (time, call) = rest
            .trim_start()
            .split_once(' ')
            .with_context(|| format!("no time: {line}"))?;
        let time: f64 = time.parse().with_context(|| format!("no time: {line}"))?;
        if call.starts_with("+++") || call.starts_with("---") {
            continue;
        }
        if let Some(resumed) = call.strip_prefix("<... ") {
            let (name, begun_with, begun) = open
                .remove(thread)
                .with_context(|| format!("never begun: {line}"))?;
            let (_, rest) = resumed
                .split_once(" resumed>")
                .with_context(|| format!("not understood: {line}"))?;
            let arguments = format!("{begun_with}{rest}");
            calls.push(Done {
                name,
                arguments,
                begun,
                ended: time,
            });
            continue;
        }
        let (name, arguments) = call
            .split_once('(')
            .with_context(|| format!("not understood: {line}"))?;
        // Detached: strace let go while it was under way.
        let unfinished = [" <unfinished ...>", " <detached ...>"];
        if let Some(arguments) = unfinished
            .iter()
            .find_map(|end| arguments.strip_suffix(end))
        {
            open.insert(thread, (name, arguments, time));
            continue;
        }
        let took = arguments
            .rsplit_once('<')
            .and_then(|(_, took)| took.strip_suffix('>')?.parse::<f64>().ok());
        let Some(took) = took else {
            bail!("no duration: {line}");
        };
        calls.push(Done {
            name,
            arguments: arguments.to_owned(),
            begun: time,
            ended: time + took,
        });
    }
    // What is open in the end began, and of its own end nothing is known.
    calls.extend(open.into_values().map(|(name, arguments, begun)| Done {
        name,
        arguments: arguments.to_owned(),
        begun,
        ended: f64::INFINITY,
    }));
    Ok(calls)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ASKED: &str = "7 10.000000 recvfrom(9<socket:[55]>, \"POST /graphql HT\"..., 8192, 0, NULL, NULL) = 300 <0.000010>\n";
    const ANSWERED: &str = "7 10.009000 sendto(9<socket:[55]>, \"HTTP/1.1 200 OK\\r\"..., 400, 0, NULL, 0) = 400 <0.000020>\n";

    #[test]
    fn an_answer_after_its_sync_is_proved() {
        let sync = "8 10.001000 fdatasync(12</data/ziggie.db-wal>) = 0 <0.004000>\n";
        let found = check(&format!("{ASKED}{sync}{ANSWERED}")).unwrap();
        assert_eq!(
            found,
            Found {
                answers: 1,
                syncs: 1
            }
        );
    }

    #[test]
    fn a_sync_in_two_lines_counts_from_its_beginning_to_its_end() {
        let begun = "8 10.001000 fdatasync(12</data/ziggie.db-wal> <unfinished ...>\n";
        let ended = |time| format!("8 {time} <... fdatasync resumed>) = 0 <0.004000>\n");
        assert!(check(&format!("{ASKED}{begun}{}{ANSWERED}", ended("10.005000"))).is_ok());
        assert!(check(&format!("{ASKED}{begun}{ANSWERED}{}", ended("10.009500"))).is_err());
    }

    #[test]
    fn what_was_under_way_in_the_end_has_begun_and_never_ended() {
        let cut = |line: &str| line.replace(") = 400 <0.000020>", " <detached ...>");
        let sync = "8 10.001000 fdatasync(12</data/ziggie.db-wal>) = 0 <0.004000>\n";
        assert!(check(&format!("{ASKED}{sync}{}", cut(ANSWERED))).is_ok());
        let cut_sync = "8 10.001000 fdatasync(12</data/ziggie.db-wal> <detached ...>\n";
        assert!(check(&format!("{ASKED}{cut_sync}{ANSWERED}")).is_err());
    }

    #[test]
    fn an_answer_without_a_sync_of_its_own_time_is_a_fault() {
        for sync in [
            "",
            // It began before the request came: what it wrote cannot be what was asked.
            "8 9.999000 fdatasync(12</data/ziggie.db-wal>) = 0 <0.004000>\n",
            // Another file.
            "8 10.001000 fdatasync(13</data/operator.secret>) = 0 <0.004000>\n",
        ] {
            assert!(
                check(&format!("{ASKED}{sync}{ANSWERED}")).is_err(),
                "{sync}"
            );
        }
    }
}
