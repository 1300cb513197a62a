//! Entries that have left the database (spec R5.08): those of archives, which lie in a folder, and those that share a bundle with them, which an
//! export has. Neither is believed: each entry has to have the hash that its tile shows, and all together lead to the signed root.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{AuditError, reading};
use crate::client::{Call, Client};

/// The archives of a folder, read in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Archives {
    /// Those that were not begun, by the number of their first entry.
    files: VecDeque<(u64, PathBuf)>,
    open: Option<BufReader<File>>,
    /// The entry that was read last, and its number.
    last: Option<(u64, Vec<u8>)>,
}

impl Archives {
    /// Those of a folder, by their names: `FIRST-NEXT-….ndjson`.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        for file in fs::read_dir(folder)? {
            let path = file?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let first = name.and_then(|name| {
                let name = name.strip_suffix(".ndjson")?;
                name.split_once('-')?.0.parse().ok()
            });
            files.extend(first.map(|first| (first, path)));
        }
        files.sort_unstable();
        Ok(Self {
            files: files.into(),
            ..Self::default()
        })
    }

    /// The entry of a number; none where they do not have it. Numbers are asked for in their order.
    pub(super) fn entry(&mut self, number: u64) -> io::Result<Option<Vec<u8>>> {
        loop {
            match &self.last {
                Some((read, _)) if *read > number => return Ok(None),
                Some((read, bytes)) if *read == number => return Ok(Some(bytes.clone())),
                _ => {}
            }
            let Some(open) = &mut self.open else {
                match self.files.pop_front() {
                    Some((_, path)) => self.open = Some(BufReader::new(File::open(path)?)),
                    None => return Ok(None),
                }
                continue;
            };
            let mut line = Vec::new();
            if open.read_until(b'\n', &mut line)? == 0 {
                self.open = None;
                continue;
            }
            let read = read(&line).map(|(number, bytes)| (number, bytes.to_vec()));
            let what = "a line of an archive is not what archives have";
            self.last = Some(read.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, what))?);
        }
    }
}

/// What an export has of the entries that are still in the database: of a bundle in which some were archived, no tile shows the rest.
pub(super) async fn export(client: &Client) -> Result<Vec<u8>, AuditError> {
    let call = Call::mutation("exportAuditLog")
        .with("format", "AuditExportFormat!", json!("NDJSON"))
        .selecting("url");
    let export = reading::ask(client, &call).await?;
    let url = export["url"].as_str().unwrap_or_default();
    // The link may name another address than the one that was dialled.
    let path = url
        .find("/audit/export/")
        .map_or(url, |begins| &url[begins..]);
    let page = client.download(path).await?;
    AuditError::unless_ok("/audit/export", page.status, page.bytes)
}

/// The entry of a number in an export.
pub(super) fn entry_of(export: &[u8], number: u64) -> Option<&[u8]> {
    let mut lines = export.split(|byte| *byte == b'\n').filter_map(read);
    lines.find_map(|(read, bytes)| (read == number).then_some(bytes))
}

/// The number and the canonical bytes of the entry of a line, `{"index":"7","entry":{…},"hashes":[…],"personal":{…}}`.
fn read(line: &[u8]) -> Option<(u64, &[u8])> {
    let text = str::from_utf8(line).ok()?;
    let (number, rest) = text
        .strip_prefix("{\"index\":\"")?
        .split_once("\",\"entry\":")?;
    // Behind an entry stand hashes in base64, and behind those what is personal: its texts have their quotes escaped.
    let (entry, _) = rest.rsplit_once(",\"hashes\":[")?;
    Some((number.parse().ok()?, entry.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn line(number: u64) -> String {
        format!(
            "{{\"index\":\"{number}\",\"entry\":{{\"n\":{number}}},\"hashes\":[\"aa==\"],\"personal\":{{}}}}\n"
        )
    }

    #[test]
    fn entries_are_read_over_the_files_and_what_is_not_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        for (name, numbers) in [("10-12-a.ndjson", 10..12), ("0-3-b.ndjson", 0..3)] {
            let text: String = numbers.map(line).collect();
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::write(folder.path().join("0-3-b.manifest"), "a note").unwrap();
        let mut archives = Archives::of(folder.path()).unwrap();
        let mut of = |number| archives.entry(number).unwrap();
        assert_eq!(of(0).unwrap(), b"{\"n\":0}");
        assert_eq!(of(2).unwrap(), b"{\"n\":2}");
        assert_eq!(of(5), None);
        assert_eq!(of(11).unwrap(), b"{\"n\":11}");
        assert_eq!(of(12), None);
    }

    #[test]
    fn what_is_no_archive_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("0-3-b.ndjson"), "nothing\n").unwrap();
        assert!(Archives::of(folder.path()).unwrap().entry(0).is_err());
        assert!(Archives::of(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn an_export_has_entries_by_their_numbers() {
        let export = [line(7), line(8)].concat();
        let found = entry_of(export.as_bytes(), 8);
        assert_eq!(found, Some(b"{\"n\":8}".as_slice()));
        assert_eq!(entry_of(export.as_bytes(), 9), None);
    }
}
