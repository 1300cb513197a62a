"""The tests of verify_archive.py: `python3 -m unittest test_verify_archive` beside it. They make archives of their own and tamper with them."""

import base64
import contextlib
import io
import json
import shutil
import tempfile
import unittest
from hashlib import sha256
from pathlib import Path

import verify_archive
from test_verify_log import KEY, KEY_ID, ORIGIN, OTHER_KEY, OTHER_KEY_ID, OTHER_SECRET, SECRET, checkpoint_of, entry_of, leaf, note_of, path_by_the_book
from verify_log import canonical


class WithAnArchive(unittest.TestCase):
    """The entries 5 to 11 of a log of 20, in a directory that goes with the test."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.entries = [entry_of(index) for index in range(20)]
        self.hashes = [leaf(entry) for entry in self.entries]
        self.lines = [self.line(index) for index in range(5, 12)]

    def line(self, index, personal="{}"):
        path = json.dumps([base64.b64encode(sibling).decode() for sibling in path_by_the_book(index, self.hashes)], separators=(",", ":"))
        return b'{"index":"%d","entry":%b,"hashes":%b,"personal":%b}\n' % (index, self.entries[index], path.encode(), personal.encode())

    def run_it(self, key=KEY, secret=SECRET, key_id=KEY_ID, said=None, **other):
        """What is said of these lines under a manifest with some other fields."""
        body = b"".join(self.lines)
        fields = {"bytes": len(body), "checkpoint": checkpoint_of(self.hashes), "first": 5, "kind": "archive", "next": 12, "origin": ORIGIN,
                  "rows": 7, "sha256": sha256(body).hexdigest(), **other}
        manifest = note_of(canonical(fields) + "\n", secret, key_id)
        (self.root / "body").write_bytes(body)
        (self.root / "manifest").write_text(said(manifest) if said else manifest, encoding="utf-8")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = verify_archive.main([str(self.root / "body"), str(self.root / "manifest"), "--key", key])
        return status, out.getvalue()

    def fails(self, words, **given):
        status, said = self.run_it(**given)
        self.assertEqual(status, 1, said)
        self.assertIn(words, said)

    def test_an_archive_holds_by_itself(self):
        self.assertEqual(self.run_it(), (0, f"{ORIGIN}: entries 5 to 11\nit holds\n"))

    def test_another_key_or_text_is_no_manifest(self):
        self.fails("the manifest does not open", key=OTHER_KEY)
        self.fails("the manifest does not open", secret=OTHER_SECRET, key_id=OTHER_KEY_ID)
        self.fails("the manifest does not open", said=lambda note: note.replace('"rows":7', '"rows":8'))
        self.fails("it is no manifest of an archive", kind="export")
        self.fails("it contradicts itself", rows=8)
        self.fails("it contradicts itself", checkpoint=checkpoint_of(self.hashes[:11]))

    def test_a_changed_entry_is_named(self):
        self.lines[2] = self.lines[2].replace(b"task_7", b"task_8")
        self.fails("entry 7 is not the entry that was signed in this place")

    def test_missing_more_and_swapped_lines_are_named(self):
        whole = list(self.lines)
        del self.lines[3]
        self.fails("entry 8 is missing or out of its place: there stands 9")
        self.lines = whole[:-1]
        self.fails("it ends before its entry 11")
        self.lines = whole + [self.line(12)]
        self.fails("there is more behind its last entry")
        self.lines = [whole[1], whole[0], *whole[2:]]
        self.fails("entry 5 is missing or out of its place: there stands 6")

    def test_other_bytes_than_the_manifests_are_found(self):
        self.fails("its bytes are not those of its manifest", sha256="0" * 64)
        self.fails("its bytes are not those of its manifest", bytes=1)

    def test_personal_values_have_no_place_in_it(self):
        self.lines[0] = self.line(5, '{"ip":{"salt":"00","value":"192.0.2.1"}}')
        self.fails("entry 5 has personal values in an archive")

    def test_what_cannot_be_read_says_nothing_of_the_archive(self):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(verify_archive.main([str(self.root / "none"), str(self.root / "none"), "--key", KEY]), 2)
        self.assertIn("it could not be looked at", said.getvalue())


if __name__ == "__main__":
    unittest.main()
