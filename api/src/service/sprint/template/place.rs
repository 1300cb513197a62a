//! On which line of a JSON text something stands that a JSON pointer names. Floor 3.

/// The line, counted from 1, of what `pointer` (RFC 6901) names in a text that is JSON; of the innermost thing around it where there is no such
/// thing, as for a field that is missing.
pub(super) fn line_of(text: &str, pointer: &str) -> usize {
    let mut path: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    path.reverse();
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
        path,
    };
    reader.blanks();
    let offset = reader.find();
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// What is still to be gone down, the next step last.
    path: Vec<String>,
}

impl Reader<'_> {
    fn byte(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// The offset of what the path leads to from the value that begins here.
    fn find(&mut self) -> usize {
        let here = self.at;
        let Some(wanted) = self.path.pop() else {
            return here;
        };
        let open = self.byte();
        if !matches!(open, b'{' | b'[') {
            return here;
        }
        self.at += 1;
        let mut index = 0usize;
        loop {
            self.blanks();
            if matches!(self.byte(), b'}' | b']' | 0) {
                return here;
            }
            let named = match open {
                b'{' => {
                    let key = self.text();
                    self.blanks();
                    // The colon.
                    self.at += 1;
                    self.blanks();
                    key == wanted
                }
                _ => index.to_string() == wanted,
            };
            if named {
                return self.find();
            }
            self.skip();
            self.blanks();
            if self.byte() == b',' {
                self.at += 1;
            }
            index += 1;
        }
    }

    /// Reads the string that begins here.
    fn text(&mut self) -> String {
        let from = self.at;
        self.skip_text();
        let raw = self.bytes.get(from..self.at).unwrap_or_default();
        serde_json::from_slice(raw).unwrap_or_default()
    }

    fn skip_text(&mut self) {
        self.at += 1;
        while !matches!(self.byte(), b'"' | 0) {
            self.at += if self.byte() == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
    }

    /// Passes over the value that begins here.
    fn skip(&mut self) {
        let mut depth = 0usize;
        loop {
            match self.byte() {
                b'"' => self.skip_text(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                0 => return,
                _ => self.at += 1,
            }
            if depth == 0 && matches!(self.byte(), b',' | b'}' | b']' | 0) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pointer_names_is_found_on_its_line() {
        let text = "{\n  \"a\": [1, {\"x\": \"}],\\\"\"},\n    [2,\n     3]],\n  \"b/c\": {\n    \"d\": null\n  }\n}";
        for (pointer, line) in [
            ("", 1),
            ("/a", 2),
            ("/a/0", 2),
            ("/a/1/x", 2),
            ("/a/2", 3),
            ("/a/2/1", 4),
            ("/b~1c", 5),
            ("/b~1c/d", 6),
            ("/b~1c/missing", 5),
            ("/missing", 1),
        ] {
            assert_eq!(line_of(text, pointer), line, "{pointer}");
        }
    }
}
