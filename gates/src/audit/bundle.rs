//! Where tiles and bundles of entries lie, and how a bundle is cut into its entries (C2SP tlog-tiles).

use super::tree::TILE_WIDTH;

/// The path of a tile of a level, or of the bundle of `entries`: `tile/0/x001/x234/067`, `tile/entries/000.p/17`.
pub(super) fn path(kind: &str, index: u64, width: u64) -> String {
    let mut groups = Vec::new();
    let mut rest = index;
    loop {
        let mark = if groups.is_empty() { "" } else { "x" };
        groups.push(format!("{mark}{:03}", rest % 1000));
        rest /= 1000;
        if rest == 0 {
            break;
        }
    }
    groups.reverse();
    let partial = if width < TILE_WIDTH {
        format!(".p/{width}")
    } else {
        String::new()
    };
    format!("/audit/tlog/tile/{kind}/{}{partial}", groups.join("/"))
}

/// The last tile of hashes and the last bundle of entries that a checkpoint covers; none where it is no checkpoint, or one of an empty log.
pub(crate) fn last_pages(checkpoint: &str) -> Option<[String; 2]> {
    let size: u64 = checkpoint.lines().nth(1)?.parse().ok()?;
    let index = size.checked_sub(1)? / TILE_WIDTH;
    let width = size - index * TILE_WIDTH;
    Some(["0", "entries"].map(|kind| path(kind, index, width)))
}

/// The entries of a bundle: each a length of two bytes, the most significant first, and so many bytes. None where it
/// ends within an entry.
pub(super) fn entries(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        entries.push(entry);
        bundle = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pages_are_those_of_the_size() {
        for (size, pages) in [
            ("0", None),
            ("many", None),
            ("1", Some("000.p/1")),
            ("256", Some("000")),
            ("300", Some("001.p/44")),
        ] {
            let expected = pages
                .map(|page| ["0", "entries"].map(|kind| format!("/audit/tlog/tile/{kind}/{page}")));
            let checkpoint = format!("the.origin\n{size}\nroot=\n\n— sig\n");
            assert_eq!(last_pages(&checkpoint), expected, "{size}");
        }
    }

    #[test]
    fn paths_are_those_of_tlog_tiles() {
        let cases = [
            (0, 256, "entries/000"),
            (0, 17, "entries/000.p/17"),
            (67, 256, "entries/067"),
            (1_234_067, 256, "entries/x001/x234/067"),
            (1_000, 1, "entries/x001/000.p/1"),
        ];
        for (index, width, expected) in cases {
            let expected = format!("/audit/tlog/tile/{expected}");
            assert_eq!(path("entries", index, width), expected);
        }
    }

    #[test]
    fn a_bundle_is_cut_into_its_entries() {
        let cut = entries(b"\0\x01a\0\0\0\x02bc");
        assert_eq!(cut, Some(vec![&b"a"[..], b"", b"bc"]));
        assert_eq!(entries(b""), Some(vec![]));
        assert_eq!(entries(b"\0"), None);
        assert_eq!(entries(b"\0\x02a"), None);
    }
}
