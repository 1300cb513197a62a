"""The tests of verify_log.py: `python3 -m unittest test_verify_log` beside it. They make logs of their own and tamper with them."""

import base64
import contextlib
import http.server
import io
import json
import random
import shutil
import tempfile
import threading
import unittest
from hashlib import sha256, sha512
from pathlib import Path

import verify_log as v

ORIGIN = "example.org/log"
SECRET, OTHER_SECRET = bytes(range(32)), bytes(range(32, 64))

RFC_8032 = [  # secret, public key, message, signature: tests 1 to 3 of section 7.1
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
]
NOTE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = ("This is an example message.\n\n\u2014 example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n").encode()


def encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def sign(secret, message):
    """The public key and the signature (RFC 8032 section 5.1.6)."""
    digest = sha512(secret).digest()
    scalar = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
    public = encode(v.times(scalar, v.BASE))
    nonce = int.from_bytes(sha512(digest[32:] + message).digest(), "little") % v.ORDER
    r = encode(v.times(nonce, v.BASE))
    k = int.from_bytes(sha512(r + public + message).digest(), "little")
    return public, r + ((nonce + k * scalar) % v.ORDER).to_bytes(32, "little")


def key_of(secret, name=ORIGIN):
    """The verifier key and the four bytes of its id."""
    data = b"\x01" + sign(secret, b"")[0]
    key_id = sha256(name.encode() + b"\n" + data).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(data).decode()}", key_id


KEY, KEY_ID = key_of(SECRET)
OTHER_KEY, OTHER_KEY_ID = key_of(OTHER_SECRET)


def note_of(text, secret=SECRET, key_id=KEY_ID):
    signature = base64.b64encode(key_id + sign(secret, text.encode())[1]).decode()
    return f"{text}\n\u2014 {ORIGIN} {signature}\n"


def checkpoint_of(hashes, **by):
    return note_of(f"{ORIGIN}\n{len(hashes)}\n{base64.b64encode(by_the_book(hashes)).decode()}\n", **by)


def by_the_book(hashes):
    """The root as RFC 6962 section 2.1 says it, word by word."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"").digest()
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01" + by_the_book(hashes[:half]) + by_the_book(hashes[half:])).digest()


def path_by_the_book(index, hashes):
    """An audit path as RFC 6962 section 2.1.1 says it."""
    if len(hashes) < 2:
        return []
    half = 1 << (len(hashes) - 1).bit_length() - 1
    if index < half:
        return path_by_the_book(index, hashes[:half]) + [by_the_book(hashes[half:])]
    return path_by_the_book(index - half, hashes[half:]) + [by_the_book(hashes[:half])]


def leaf(entry):
    return sha256(b"\x00" + entry).digest()


def entry_of(index, **more):
    value = {"action": "TASK_CREATED", "createdAt": "2026-01-01T00:00:00.000000Z", "entityId": f"task_{index}", "id": id_of(index),
             "metadata": {"done": None, "name": "\u00fcber \"\u2028\" \U0001f600\n", "share": 0.5, "path": ["PENDING", True], "\u00e4": {}}, "v": 1}
    return v.canonical({**value, **more}).encode()


def id_of(index):
    return f"audit_{index:05}"


def bundle_of(entries):
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def tiles_of(hashes):
    """Every tile of a log as (path, bytes)."""
    level = 0
    while hashes:
        for first in range(0, len(hashes), 256):
            tile = hashes[first:first + 256]
            yield v.tile_path(level, first // 256, len(tile)), b"".join(tile)
        hashes = [by_the_book(hashes[first:first + 256]) for first in range(0, len(hashes) // 256 * 256, 256)]
        level += 1


class WithALog(unittest.TestCase):
    """A mirror of a log of 600 entries, in a directory that goes with the test."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.log = self.root / "log"
        self.entries = [entry_of(index) for index in range(600)]
        self.write(self.entries)

    def write(self, entries, tiles=True, checkpoint=True):
        """Writes a log as it should be; without the other parts only its bundles."""
        hashes = [leaf(entry) for entry in entries]
        for first in range(0, len(entries), 256):
            part = entries[first:first + 256]
            self.put(v.tile_path("entries", first // 256, len(part)), bundle_of(part))
        for path, data in tiles_of(hashes) if tiles else ():
            self.put(path, data)
        if checkpoint:
            self.put("checkpoint", checkpoint_of(hashes))

    def put(self, path, data):
        file = self.log / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)

    def flip(self, path, at, bit=1):
        data = bytearray((self.log / path).read_bytes())
        data[at] ^= bit
        self.put(path, bytes(data))

    def keep(self, name, count, entries=None):
        """Keeps a checkpoint of the log as it was with so many entries; the file's name."""
        file = self.root / name
        file.write_text(checkpoint_of([leaf(entry) for entry in (entries or self.entries)[:count]]), encoding="utf-8")
        return str(file)

    def run_it(self, *given):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = v.main([*given, "--json"])
        return status, json.loads(said.getvalue())

    def holds(self, *more, log=None, key=KEY):
        status, found = self.run_it(str(log or self.log), "--key", key, *more)
        self.assertEqual((status, found["holds"]), (0, True), found)
        return found

    def fails(self, words, *more, key=KEY, log=None, **where):
        """It does not hold, for these reasons, at this place."""
        status, found = self.run_it(str(log or self.log), "--key", key, *more)
        self.assertEqual((status, found["holds"]), (1, False), found)
        for part in words if isinstance(words, list) else [words]:
            self.assertIn(part, found["fault"])
        for name, value in where.items():
            self.assertEqual(found.get(name), value, found)
        return found


class GoldenVectors(unittest.TestCase):
    def test_signatures_of_rfc_8032(self):
        for secret, public, message, signature in RFC_8032:
            secret, public, message, signature = map(bytes.fromhex, (secret, public, message, signature))
            self.assertEqual(sign(secret, message), (public, signature))
            self.assertTrue(v.is_signature(signature, message, public))
            self.assertFalse(v.is_signature(signature, message + b"x", public))

    def test_signatures_have_one_spelling(self):
        public, signature = sign(SECRET, b"text")
        more = int.from_bytes(signature[32:], "little") + v.ORDER
        self.assertTrue(v.is_signature(signature, b"text", public))
        for other in (signature[:32] + more.to_bytes(32, "little"), signature[:63], signature + b"\x00", b"", bytes(64)):
            self.assertFalse(v.is_signature(other, b"text", public))
        nothing = encode((0, 1))  # to this key, S = 0 would be the signature of everything
        self.assertFalse(v.is_signature(nothing + bytes(32), b"text", nothing))
        for y in range(19):  # those below 19 could be spelled y + P too
            self.assertIsNone(v.point((y + v.P).to_bytes(32, "little")))
        self.assertIsNone(v.point((1 | 1 << 255).to_bytes(32, "little")), "zero has no sign")

    def test_the_published_note(self):
        keys = v.read_keys([NOTE_KEY])
        self.assertEqual(v.open_note(NOTE, keys), ("This is an example message.\n", keys[0]))
        for broken in (NOTE[:-1], NOTE.replace(b"example message", b"example massage"), NOTE.replace(b"This", b"Th\tis"), NOTE + b"\n", b"",
                       NOTE.replace(b"com/foo", b"com/bar"), b"long " * 10_000 + NOTE, b"\xff" + NOTE, NOTE.replace(b"aQM=", b"aQN=")):
            self.assertRaises(ValueError, v.open_note, broken, keys)

    def test_keys_are_read_strictly(self):
        for broken in (NOTE_KEY.replace("530d", "530e"), NOTE_KEY.replace("+A", "+B"), NOTE_KEY + "=", NOTE_KEY.replace("2k", "2l"), "++", "a+b+c"):
            self.assertRaises(ValueError, v.read_keys, [broken])

    def test_the_root_of_three_hundred_leaves(self):
        tree, leaves = v.Tree(), [leaf(index.to_bytes(4, "big")) for index in range(300)]
        self.assertEqual(tree.grow(leaves[:256]), [])
        tree.grow(leaves[256:])
        self.assertEqual(tree.root().hex(), "7cb38a3a7211231d902f423fcd3f43cf9ac6da0aa1f31de0876c9927451ee3c5")

    def test_trees_of_any_size_are_by_the_book(self):
        leaves = [leaf(index.to_bytes(4, "big")) for index in range(600)]
        for size in range(601):
            tree = v.Tree()
            for first in range(0, size // 256 * 256, 256):
                tree.grow(leaves[first:first + 256])
            self.assertEqual(tree.root(leaves[size // 256 * 256:size]), by_the_book(leaves[:size]), size)

    def test_seventy_thousand_leaves_fill_the_tiles_that_tlog_tiles_says(self):
        leaves, tree, full = [leaf(index.to_bytes(4, "big")) for index in range(70_000)], v.Tree(), []
        for first in range(0, 70_000, 256):
            full += tree.grow(leaves[first:first + 256])
        self.assertEqual([(level, index) for level, index, _ in full], [(1, 0)])
        self.assertEqual([len(row) for row in tree.rows], [112, 17, 1, 0, 0, 0, 0, 0])
        self.assertEqual(tree.root(), by_the_book(leaves))

    def test_paths_are_spelled_as_tlog_tiles_says(self):
        known = [(0, 0, 256, "tile/0/000"), (1, 999, 17, "tile/1/999.p/17"), ("entries", 1000, 256, "tile/entries/x001/000"),
                 (63, 1_234_067, 256, "tile/63/x001/x234/067")]
        for kind, index, width, path in known:
            self.assertEqual(v.tile_path(kind, index, width), path)

    def test_numbers_are_written_as_rfc_8785_says(self):
        known = {0.0: "0", -0.0: "0", 5e-324: "5e-324", -1.7976931348623157e308: "-1.7976931348623157e+308", 2**53: "9007199254740992",
                 295147905179352830000.0: "295147905179352830000", 9.999999999999997e22: "9.999999999999997e+22", 1e21: "1e+21", 1e-7: "1e-7",
                 0.000001: "0.000001", 333333333.3333332: "333333333.3333332", -0.0000033333333333333333: "-0.0000033333333333333333",
                 1424953923781206.2: "1424953923781206.2", 1e16: "10000000000000000", 1.5e-10: "1.5e-10", -7: "-7", 100: "100"}
        for value, text in known.items():
            self.assertEqual(v.canonical(value), text)

    def test_entries_have_one_spelling(self):
        good = entry_of(1)
        self.assertIsNone(v.flaw_of(good, set()))
        self.assertIsNone(v.flaw_of('{"id":"a","v":1,"\U0001f600":1,"\ue000":2}'.encode(), set()), "the order is that of UTF-16")
        for bad in (good + b" ", good.replace(b'"v"', b' "v"'), good.replace(b"0.5", b"0.50"), good.replace(b"0.5", b"5e-1"), b"[]", b"", b"{",
                    b"\xff", good.replace(b"null", b"NaN"), good.replace(b"0.5", b"1" + b"0" * 400), good.replace(b"{}", b"[" * 9000 + b"]" * 9000),
                    good.replace(b'"v":1', b'"v":1,"v":1'), good.replace(b"TASK", b"\\u0054ASK"), b"\xef\xbb\xbf" + good,
                    good.replace(b"null", b'"\\ud800"')):
            self.assertEqual(v.flaw_of(bad, set()), "is not canonical JSON", bad[:80])
        for bad in (entry_of(1, v=2), entry_of(1, v=True), entry_of(1, v="1"), entry_of(1, id=""), entry_of(1, id=7), b"{}"):
            self.assertIn("has not", v.flaw_of(bad, set()))


class WholeLogs(WithALog):
    def test_logs_of_these_sizes_hold(self):
        for size, tiles in ((1, 1), (2, 1), (255, 1), (256, 2), (257, 3), (600, 4)):
            with self.subTest(size):
                shutil.rmtree(self.log)
                self.write(self.entries[:size])
                found = self.holds()
                self.assertEqual((found["size"], found["entries_read"], found["tiles"]), (size, size, tiles))
                self.assertEqual(base64.b64decode(found["root"]), by_the_book([leaf(entry) for entry in self.entries[:size]]))
        shutil.rmtree(self.log)
        self.write([])
        self.holds()

    def test_every_kept_checkpoint_of_a_log_holds(self):
        kept = [self.keep(f"kept-{size}", size) for size in (0, 1, 2, 255, 256, 257, 511, 512, 513, 599, 600)]
        self.assertEqual(self.holds("--kept", *kept)["kept"], kept)

    def test_without_entries_the_hashes_alone_are_held(self):
        shutil.rmtree(self.log / "tile" / "entries")
        self.fails("tile/entries/000 is missing", tile="tile/entries/000")
        found = self.holds("--hashes-only")
        self.assertEqual((found["computed_from"], found["entries_read"]), ("leaf hashes", 0))
        self.flip("tile/0/000", 7)
        self.fails("hash 0 of tile/1/000.p/2 and the leaf hashes 0 to 255 do not agree", "--hashes-only", first=0, last=255)

    def test_keys_come_from_files_and_any_of_them_will_do(self):
        file = self.root / "keys"
        file.write_text(f"{OTHER_KEY}\n{KEY}\n", encoding="ascii")
        self.holds(key=str(file))
        self.holds("--key", OTHER_KEY)

    def test_what_cannot_be_looked_at_is_not_said_to_be_wrong(self):
        (self.root / "empty").write_text("", encoding="ascii")
        log = str(self.log)
        for given in ((f"{log}/nowhere", "--key", KEY), (log, "--key", "nowhere"), (log, "--key", f"{self.root}/empty"),
                      (log, "--key", KEY, "--kept", "nowhere"), ("http://127.0.0.1:1/", "--key", KEY), ("http://[/", "--key", KEY)):
            status, found = self.run_it(*given)
            self.assertEqual((status, found["holds"]), (2, None), given)
        for given in ((log,), ("proof", "x", "--key", KEY), (log, "x", "--key", KEY)):
            with self.assertRaises(SystemExit) as end, contextlib.redirect_stderr(io.StringIO()):
                v.main(list(given))
            self.assertEqual(end.exception.code, 2)

    def test_people_are_told_in_plain_lines(self):
        said = io.StringIO()
        self.flip("tile/0/001", 32 * 4)
        with contextlib.redirect_stdout(said):
            self.assertEqual(v.main([str(self.log), "--key", KEY]), 1)
        lines = said.getvalue().splitlines()
        self.assertIn("entry: 260", lines)
        self.assertEqual(lines[-1], "it does not hold")


class Tampering(WithALog):
    """One thing after the other is bent, and each time the first bad thing is named."""

    def test_a_flipped_bit_in_an_entry(self):
        self.entries[300] = entry_of(300, entityId="task_3000")
        self.write(self.entries, tiles=False, checkpoint=False)
        self.fails([f"entry 300 ({id_of(300)}) and hash 44 of tile/0/001 do not agree", "the entry was changed"], entry=300, id=id_of(300))
        at = (self.log / "tile/entries/001").read_bytes().index(b"task_400")
        self.entries[300] = entry_of(300)
        self.write(self.entries)
        self.flip("tile/entries/001", at)
        self.fails([f"entry 400 ({id_of(400)})", "the entry was changed"], entry=400, id=id_of(400))

    def test_a_flipped_bit_in_a_leaf_tile(self):
        self.flip("tile/0/000", 32 * 17 + 3, 128)
        self.fails([f"entry 17 ({id_of(17)}) and hash 17 of tile/0/000 do not agree", "there: the tile was changed"], tile="tile/0/000")
        self.write(self.entries)
        self.flip("tile/0/002.p/88", 32 * 87 + 31)
        self.fails(["hash 87 of tile/0/002.p/88", "the tile was changed"], tile="tile/0/002.p/88", entry=599)

    def test_a_flipped_bit_in_an_inner_tile(self):
        self.flip("tile/1/000.p/2", 40)
        words = ["hash 1 of tile/1/000.p/2 and the entries 256 to 511 do not agree", "the tile was changed"]
        self.fails(words, tile="tile/1/000.p/2", first=256, last=511)

    def test_an_entry_and_its_leaf_tile_together(self):
        self.entries[300] = entry_of(300, entityId="task_3000")
        hashes = [leaf(entry) for entry in self.entries]
        self.write(self.entries, tiles=False, checkpoint=False)
        self.put("tile/0/001", b"".join(hashes[256:512]))
        self.fails(["hash 1 of tile/1/000.p/2 and the entries 256 to 511 do not agree", "neither leads there"], first=256, last=511)
        self.write(self.entries, checkpoint=False)  # and every tile above: then only roots are left
        self.fails("the checkpoint, of 600 entries, has another root: from 0 to 599", first=0, last=599, checkpoint="the checkpoint")
        original = [entry_of(index) for index in range(600)]
        kept = [self.keep("k290", 290, original), self.keep("k310", 310, original)]
        self.fails("from 290 to 309", "--kept", *kept, first=290, last=309, checkpoint=kept[1])

    def test_the_text_of_the_checkpoint(self):
        note = (self.log / "checkpoint").read_text(encoding="utf-8")
        for old, new in (("\n600\n", "\n599\n"), (f"{ORIGIN}\n600", "example.org/lag\n600"), ("\n\n", "\nmore\n\n")):
            bent = note.replace(old, new)
            self.put("checkpoint", bent)
            self.fails(f"the checkpoint does not open: the signature of {ORIGIN}+{KEY_ID.hex()} is not good", checkpoint="the checkpoint")
        root = note.split("\n")[2]
        for text in (f"{ORIGIN}\n0600\n{root}\n", f"{ORIGIN}\n600\nAAAA\n", f"example.org/lag\n600\n{root}\n", f"{ORIGIN}\n600\n{root}\nmore\n"):
            self.put("checkpoint", note_of(text))
            self.fails("no checkpoint, or of another log", checkpoint="the checkpoint")

    def test_the_signature_of_the_checkpoint(self):
        text, _, line = (self.log / "checkpoint").read_text(encoding="utf-8").rpartition(" ")
        for at in (4, 35, 36, 67):
            signature = bytearray(base64.b64decode(line))
            signature[at] ^= 1
            self.put("checkpoint", f"{text} {base64.b64encode(signature).decode()}\n")
            self.fails("the signature of", checkpoint="the checkpoint")

    def test_the_key_id_of_the_checkpoint(self):
        text, _, line = (self.log / "checkpoint").read_text(encoding="utf-8").rpartition(" ")
        signature = b"\x00" + base64.b64decode(line)[1:]
        self.put("checkpoint", f"{text} {base64.b64encode(signature).decode()}\n")
        self.fails("no key that you trust has signed it", checkpoint="the checkpoint")

    def test_the_last_entries_cut(self):
        cut = self.entries[:590]
        (self.log / "tile/entries/002.p/88").unlink()
        self.write(cut, checkpoint=False)
        self.fails("tile/entries/002.p/88 is missing", tile="tile/entries/002.p/88")
        self.put("tile/entries/002.p/88", bundle_of(cut[512:]))
        self.fails("tile/entries/002.p/88 ends before the end of entry 590", entry=590, tile="tile/entries/002.p/88")
        (self.log / "tile/0/002.p/88").unlink()
        self.fails("tile/0/002.p/88 is missing", tile="tile/0/002.p/88")

    def test_one_entry_removed_and_the_rest_renumbered(self):
        rest = self.entries[:100] + self.entries[101:]
        self.write(rest, tiles=False, checkpoint=False)
        self.fails(f"entry 100 ({id_of(101)}) and hash 100 of tile/0/000 do not agree", entry=100, id=id_of(101))
        self.write(rest + [entry_of(600)], checkpoint=False)
        self.fails("the checkpoint, of 600 entries, has another root", first=0, last=599)

    def test_two_entries_swapped(self):
        self.entries[10], self.entries[20] = self.entries[20], self.entries[10]
        self.write(self.entries, tiles=False, checkpoint=False)
        self.fails([f"entry 10 ({id_of(20)})", "the entry was changed"], entry=10, id=id_of(20))

    def test_one_entry_doubled(self):
        self.entries[11] = self.entries[10]
        self.write(self.entries, tiles=False, checkpoint=False)
        self.fails([f"entry 11 ({id_of(10)})", "has the id of an entry before it"], entry=11, id=id_of(10))
        self.write(self.entries)  # even where it was signed so
        self.fails(f"entry 11 ({id_of(10)}) has the id of an entry before it", entry=11, id=id_of(10))

    def test_signed_anew_with_another_key(self):
        hashes = [leaf(entry) for entry in self.entries]
        self.put("checkpoint", checkpoint_of(hashes, secret=OTHER_SECRET, key_id=OTHER_KEY_ID))
        self.fails("no key that you trust has signed it", checkpoint="the checkpoint")
        self.holds(key=OTHER_KEY)
        self.put("checkpoint", checkpoint_of(hashes, secret=OTHER_SECRET))
        self.fails("the signature of", checkpoint="the checkpoint")

    def test_rolled_back_to_an_older_checkpoint(self):
        kept = self.keep("kept", 600)
        shutil.rmtree(self.log)
        self.write(self.entries[:500])
        self.holds()
        self.fails(f"{kept} is of 600 entries in {ORIGIN}, and there are 500", "--kept", kept, checkpoint=kept)

    def test_a_truncated_bundle(self):
        data = (self.log / "tile/entries/001").read_bytes()
        last = len(bundle_of(self.entries[511:512]))
        for less in (1, last - 3, last - 1, last):
            self.put("tile/entries/001", data[:-less])
            self.fails("tile/entries/001 ends before the end of entry 511", tile="tile/entries/001", entry=511)
        self.put("tile/entries/001", data)
        self.put("tile/0/001", (self.log / "tile/0/001").read_bytes()[:-1])
        self.fails("tile/0/001 is shorter than 256 hashes", tile="tile/0/001")

    def test_bytes_behind_the_end(self):
        path = "tile/entries/002.p/88"
        for more in (b"\x00", b"\x00\x00", bundle_of([entry_of(600)])):
            self.put(path, bundle_of(self.entries[512:]) + more)
            self.fails(f"{path} goes on behind its last entry, 599", tile=path, entry=599)
        self.write(self.entries)
        self.put("tile/0/000", (self.log / "tile/0/000").read_bytes() + b"\x00")
        self.fails("tile/0/000 is longer than 256 hashes", tile="tile/0/000")

    def test_an_oversized_entry(self):
        just = v.MAX_ENTRY - len(entry_of(5, entityId=""))
        self.entries[5] = entry_of(5, entityId="x" * just)
        self.write(self.entries)
        self.holds()
        self.entries[5] = entry_of(5, entityId="x" * (just + 1))
        self.write(self.entries)  # even where it was signed so
        self.fails(f"entry 5 ({id_of(5)}) has 32769 bytes and may have 32768", entry=5, id=id_of(5))

    def test_two_checkpoints_of_one_size(self):
        one, other = self.keep("one", 300), self.keep("other", 300, self.entries[1:])
        self.fails(f"{other} and {one} are both of 300 entries and have different roots", "--kept", one, other, checkpoint=other)
        same = self.keep("same", 600, self.entries[:599] + [entry_of(600)])
        self.fails(f"{same} and the checkpoint are both of 600 entries", "--kept", same, checkpoint=same)

    def test_a_log_written_anew_and_signed_with_its_own_key(self):
        kept = [self.keep("k100", 100), self.keep("k400", 400)]
        self.entries[300] = entry_of(300, entityId="task_3000")
        self.write(self.entries)
        self.holds()
        self.fails(f"{kept[1]}, of 400 entries, has another root: from 100 to 399", "--kept", *kept, checkpoint=kept[1], first=100, last=399)

    def test_no_bit_of_a_mirror_can_be_flipped(self):
        chance, files = random.Random(6962), sorted(file for file in self.log.rglob("*") if file.is_file())
        for _ in range(40):
            path = str(chance.choice(files).relative_to(self.log))
            before = (self.log / path).read_bytes()
            self.flip(path, chance.randrange(len(before)), 1 << chance.randrange(8))
            self.fails("")
            self.put(path, before)


class Proofs(WithALog):
    def setUp(self):
        super().setUp()
        self.hashes = [leaf(entry) for entry in self.entries]

    def prove(self, index, size=600, entry=None, bend=lambda text: text):
        path = "".join(base64.b64encode(sibling).decode() + "\n" for sibling in path_by_the_book(index, self.hashes[:size]))
        text = f"c2sp.org/tlog-proof@v1\nindex {index}\n{path}\n{checkpoint_of(self.hashes[:size])}"
        (self.root / "p").write_text(bend(text), encoding="utf-8")
        (self.root / "e").write_bytes(entry or self.entries[index])
        return self.run_it("proof", str(self.root / "p"), "--entry", str(self.root / "e"), "--key", KEY)

    def test_every_entry_has_a_proof(self):
        for index, size in ((0, 1), (0, 2), (1, 2), (2, 3), (0, 600), (255, 256), (256, 257), (300, 600), (511, 600), (512, 600), (599, 600)):
            status, found = self.prove(index, size)
            self.assertEqual((status, found.get("entry"), found.get("id")), (0, index, id_of(index)), found)
        self.assertEqual(self.prove(7, entry=self.entries[7] + b"\n")[0], 0, "a newline at the end of the file is not the entry's")
        self.assertEqual(self.prove(7, bend=lambda text: text.replace("index", "extra AAAA\nindex"))[0], 0)

    def test_no_other_entry_has_it(self):
        line = base64.b64encode(self.hashes[6]).decode() + "\n"
        bent = [{"entry": self.entries[8]}, {"entry": self.entries[7].replace(b"task_7", b"task_8")}, {"entry": self.entries[7] + b"\n\n"},
                {"bend": lambda text: text.replace("index 7\n", "index 6\n")}, {"bend": lambda text: text.replace("index 7\n", "index 1031\n")},
                {"bend": lambda text: text.replace("index 7\n", "index 07\n")}, {"bend": lambda text: text.replace(line, "")},
                {"bend": lambda text: text.replace(line, line + line)}, {"bend": lambda text: text.replace(line, line.lower())},
                {"bend": lambda text: text.replace("\n600\n", "\n601\n")}, {"bend": lambda text: text.replace("@v1", "@v2")}]
        for how in bent:
            status, found = self.prove(7, **how)
            self.assertEqual((status, found["holds"]), (1, False), found)


class OverHttp(WithALog):
    """The same log from a server that wants a token for entries."""

    def setUp(self):
        super().setUp()
        test, self.asked, self.short = self, [], False

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                test.asked.append((self.path, self.headers["Authorization"]))
                path = test.log / self.path[len("/audit/tlog/"):]
                if "/entries/" in self.path and self.headers["Authorization"] != "Bearer secret":
                    return self.send_error(401)
                if not path.is_file():
                    return self.send_error(404)
                self.send_response(200)
                self.send_header("Content-Length", str(path.stat().st_size + test.short))
                self.end_headers()
                self.wfile.write(path.read_bytes())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/audit/tlog"
        self.token = str(self.root / "token")
        Path(self.token).write_text("secret\n", encoding="ascii")

    def test_a_mirror_is_the_log_again(self):
        mirror = self.root / "mirror"
        self.holds("--token-file", self.token, "--mirror", str(mirror), log=self.url)
        files = {str(file.relative_to(self.log)) for file in self.log.rglob("*") if file.is_file()}
        self.assertEqual({str(file.relative_to(mirror)) for file in mirror.rglob("*") if file.is_file()}, files)
        self.assertEqual(self.holds(log=mirror)["entries_read"], 600)
        self.assertEqual([path for path, token in self.asked if token and "/entries/" not in path], [], "only entries want the token")
        self.entries += [entry_of(index) for index in range(600, 700)]
        self.write(self.entries)
        found = self.holds("--token-file", self.token, "--mirror", str(mirror), log=self.url)
        self.assertEqual((found["size"], found["kept"]), (700, [f"{mirror}/checkpoint"]), "the mirror's own checkpoint is a kept one")
        self.entries[3] = entry_of(3, entityId="task_3000")
        self.write(self.entries + [entry_of(700)])
        before, given = (mirror / "checkpoint").read_bytes(), ("--token-file", self.token, "--mirror", str(mirror))
        self.fails("tile/0/000 is not what the mirror has from before", *given, log=self.url, tile="tile/0/000")
        self.assertEqual((mirror / "checkpoint").read_bytes(), before)

    def test_bundles_with_archived_entries_are_not_asked_for(self):
        for bundle in ("000", "001"):
            (self.log / "tile/entries" / bundle).unlink()
        given = ("--token-file", self.token, "--archived")
        found = self.holds(*given, "300", log=self.url)
        self.assertEqual((found["entries_read"], found["archived"]), (88, 300))
        self.fails("tile/entries/001 is missing", *given, "256", log=self.url)
        self.flip("tile/entries/002.p/88", 5)
        self.fails("do not agree", *given, "300", log=self.url)

    def test_without_a_token_no_entry_is_asked_for(self):
        self.assertEqual(self.holds(log=self.url)["entries_read"], 0)
        self.assertFalse(any("/entries/" in path for path, _ in self.asked))

    def test_what_is_not_there_is_a_fault_and_what_is_refused_is_not(self):
        Path(self.token).write_text("wrong", encoding="ascii")
        self.assertEqual(self.run_it(self.url, "--key", KEY, "--token-file", self.token)[0], 2)
        self.assertEqual(self.run_it(self.url + "/elsewhere", "--key", KEY)[0], 2)
        (self.log / "tile/1/000.p/2").unlink()
        self.fails("tile/1/000.p/2 is missing", log=self.url, tile="tile/1/000.p/2")

    def test_an_answer_that_was_cut_short_is_no_fault_of_the_log(self):
        self.short = True
        status, found = self.run_it(self.url, "--key", KEY)
        self.assertEqual(status, 2)
        self.assertIn("cut short", found["error"])


if __name__ == "__main__":
    unittest.main()
