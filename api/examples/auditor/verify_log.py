#!/usr/bin/env python3
"""Verifies the audit log of a Ziggie server for those who trust no binary of ours: one file, Python 3.9 or newer, nothing to install.

    verify_log.py http://HOST/audit/tlog --key VKEY|FILE [--token-file FILE] [--kept CHECKPOINT ...] [--mirror DIRECTORY]
    verify_log.py DIRECTORY --key VKEY|FILE [--kept CHECKPOINT ...] [--hashes-only]
    verify_log.py proof FILE.tlog-proof --entry ENTRY.json --key VKEY|FILE

The log is a list of entries, numbered from 0. They are the leaves of a Merkle tree (RFC 6962); a checkpoint says, signed, how many there are
and what the tree's root is. We believe the key that you bring and nothing else: every leaf, every hash above it and the root are computed from
the entries. Exit status: 0 all holds, 1 something does not, 2 it could not be looked at. The forms: https://c2sp.org/signed-note,
/tlog-checkpoint, /tlog-tiles and /tlog-proof.
"""

import argparse
import base64
import http.client
import json
import re
import sys
import urllib.request
from collections import namedtuple
from decimal import Decimal
from hashlib import sha256, sha512
from pathlib import Path

TILE = 256  # hashes in a full tile, entries in a full bundle
MAX_ENTRY, MAX_NOTE = 32 * 1024, 16 * 1024  # bytes

Key = namedtuple("Key", "name id bytes")
Checkpoint = namedtuple("Checkpoint", "origin size root key")


class Fault(Exception):
    """Something does not hold: what, and for machines where: {entry, id, tile, checkpoint}, whatever is known. OSError: it could not be looked at."""


# Ed25519 (RFC 8032), which the standard library does not have: points are (x, y) as in its section 3. There is no secret to be careful with.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE = (15112221349535400772501151409588531511454012693041857206046113283949847762202, 4 * pow(5, -1, P) % P)


def add(a, b):
    (x, y), (u, v) = a, b
    both = D * x * y * u * v % P
    return (x * v + u * y) * pow(1 + both, -1, P) % P, (y * v + x * u) * pow(1 - both, -1, P) % P


def times(number, a):
    total = (0, 1)
    while number:
        total = add(total, a) if number & 1 else total
        a, number = add(a, a), number >> 1
    return total


def point(encoded):
    """The point of 32 bytes; None where they are none, or spell it in another way than the one that is allowed."""
    odd, y = divmod(int.from_bytes(encoded, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if len(encoded) != 32 or y >= P or (x * x - square) % P or (odd and x == 0):
        return None
    return (x if x % 2 == odd else P - x), y


def is_signature(signature, message, public_key):
    """Whether a key made this signature. Strict: numbers and points have one spelling, and points of small order sign nothing."""
    a, r, s = point(public_key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= ORDER or not a or not r or (0, 1) in (times(8, a), times(8, r)):
        return False
    k = int.from_bytes(sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    return times(s, BASE) == add(r, times(k, a))


# Keys, signed notes and checkpoints. What is not in their form, spelled just so, is a ValueError.
def unbase64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 in another spelling than the canonical one")
    return data


def read_keys(given):
    """The keys to trust, NAME+ID+BASE64, each as it is or in a file with one a line."""
    keys = []
    for text in [line for text in given for line in ([text] if text.count("+") > 1 else Path(text).read_text().split() or [""])]:
        name, key_id, encoded = (text.split("+", 2) + ["", ""])[:3]
        data = unbase64(encoded)
        own_id = sha256(name.encode() + b"\n" + data).digest()[:4]
        if own_id.hex() != key_id or len(data) != 33 or data[0] != 1 or not point(data[1:]):
            raise ValueError(f"{text} is no Ed25519 verifier key")
        keys.append(Key(name, own_id, data[1:]))
    return keys


def open_note(note, keys):
    """The text of a note and the key that signed it. Signatures of keys that are not trusted are passed over; those of trusted ones must be good."""
    text, gap, signatures = note.decode().rpartition("\n\n")
    if len(note) > MAX_NOTE or re.search(rb"[\x00-\x09\x0b-\x1f]", note) or not re.fullmatch("(\u2014 \\S+ \\S+\n)+", gap and signatures):
        raise ValueError("it is not in the form of a signed note")
    text, signers = text + "\n", []
    for _, name, encoded in [line.split(" ") for line in signatures[:-1].split("\n")]:
        signature = unbase64(encoded)
        for key in [key for key in keys if (key.name, key.id) == (name, signature[:4])]:
            if not is_signature(signature[4:], text.encode(), key.bytes):
                raise ValueError(f"the signature of {key.name}+{key.id.hex()} is not good")
            signers.append(key)
    if not signers:
        raise ValueError("no key that you trust has signed it")
    return text, signers[0]


def read_checkpoint(note, keys, name):
    try:
        text, key = open_note(note, keys)
        match = re.fullmatch("([^\n]+)\n(0|[1-9][0-9]{0,17})\n([^\n]+)\n", text)
        if not match or match[1] != key.name or len(unbase64(match[3])) != 32:
            raise ValueError("it is no checkpoint, or of another log than its key")
        return Checkpoint(match[1], int(match[2]), unbase64(match[3]), key)
    except ValueError as why:
        raise Fault(f"{name} does not open: {why}", {"checkpoint": name}) from None


def join(left, right):
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes):
    """The root over hashes (RFC 6962 section 2.1): joined two by two, level by level; one that is left over goes up as it is."""
    while len(hashes) > 1:
        pairs = [join(hashes[at], hashes[at + 1]) for at in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[2 * len(pairs):]
    return hashes[0] if hashes else sha256(b"").digest()


class Tree:
    """A tree that grows tile by tile and keeps its right edge alone: of every level the hashes since its last full tile."""

    def __init__(self):
        self.size, self.rows = 0, [[] for _ in range(8)]

    def grow(self, leaves):
        """Adds the leaves of a tile. Gives the tiles above that this fills: [(level, index, hashes)]."""
        self.size, self.rows[0], full, level = self.size + len(leaves), leaves, [], 0
        while len(self.rows[level]) == TILE:
            full.append((level, self.size // TILE**(level + 1) - 1, self.rows[level]))
            self.rows[level + 1] = self.rows[level + 1] + [root_of(self.rows[level])]
            self.rows[level], level = [], level + 1
        return full[1:]

    def root(self, more=None):
        """The root, with more leaves of the tile that comes next. What a level has left over is the last node of the level above."""
        over = []
        for row in [more or self.rows[0]] + self.rows[1:]:
            over = [root_of(row + over)] if row or over else []
        return root_of(over)


def tile_path(kind, index, width):
    """Where a tile or a bundle is: tile/0/x001/x234/067 or, where it is not full, tile/0/000.p/17."""
    digits = f"{index:0{(len(str(index)) + 2) // 3 * 3}}"
    return f"tile/{kind}/" + re.sub(r"(\d{3})(?=\d)", r"x\1/", digits) + (f".p/{width}" if width < TILE else "")


# Entries: canonical JSON (RFC 8785). Python escapes strings just so, and knows the digits of numbers but sets the point elsewhere.
quote = json.JSONEncoder(ensure_ascii=False).encode


def canonical(value):
    if value is None or isinstance(value, (str, bool)):
        return quote(value)
    if isinstance(value, dict):
        return "{" + ",".join([quote(key) + ":" + canonical(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([canonical(item) for item in value]) + "]"
    value = float(value)
    if 1e-6 <= abs(value) < 1e21:
        return f"{Decimal(repr(value)).normalize():f}"
    return re.sub("e([+-])0", r"e\1", repr(value)) if value else "0"


def flaw_of(entry, ids):
    """What is wrong with an entry by itself, None where nothing is. Its id joins those that were met."""
    if len(entry) > MAX_ENTRY:
        return f"has {len(entry)} bytes and may have {MAX_ENTRY}"
    try:
        value = json.loads(entry.decode())
        if not isinstance(value, dict) or canonical(value).encode() != entry:
            raise ValueError
    except (ValueError, ArithmeticError, RecursionError):
        return "is not canonical JSON"
    entry_id = value.get("id")
    if type(value.get("v")) is not int or value["v"] != 1 or not isinstance(entry_id, str) or not entry_id:
        return 'has not "v":1 and an id'
    flaw = "has the id of an entry before it" if entry_id in ids else None
    ids.add(entry_id)
    return flaw


def name_of(index, entry):
    """How an entry is named, also where it is not good: for people and for machines."""
    match = re.search(rb'"id":"([\w-]{1,64})"', entry)
    entry_id = match and match[1].decode()
    return f"entry {index} ({entry_id or 'its id cannot be read'})", {"entry": index, "id": entry_id}


class Source:
    """A server's /audit/tlog, or a mirror of it: a directory with the same files under the same names."""

    def __init__(self, place, token=None, mirror=None):
        self.place, self.token, self.mirror, self.remote = place.rstrip("/"), token, mirror, place.startswith(("http://", "https://"))

    def get(self, path, most):
        """The bytes under a path, cut behind one too many. Entries want the token, so for them alone it is sent."""
        name = f"{self.place}/{path}"
        request = urllib.request.Request(name) if self.remote else None
        if request and self.token and path.startswith("tile/entries/"):
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) if request else open(name, "rb") as file:
                data = file.read(most + 1)
        except OSError as why:
            if path != "checkpoint" and (isinstance(why, (FileNotFoundError, NotADirectoryError)) or getattr(why, "code", None) == 404):
                raise Fault(f"{path} is missing", {"tile": path}) from None
            raise OSError(f"{name}: {why}") from None
        if self.remote and file.length and len(data) <= most:
            raise OSError(f"{name}: the answer was cut short")
        if self.mirror and path != "checkpoint":  # that one when all holds
            self.mirror.put(path, data)
        return data

    def put(self, path, data):
        """Keeps a file, whole or not at all. Tiles never change: one that a mirror has from before has to be the same."""
        file = Path(self.place, path)
        if path != "checkpoint" and file.exists() and file.read_bytes() != data:
            raise Fault(f"{path} is not what the mirror has from before", {"tile": path})
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(file.name + ".new")
        new.write_bytes(data)
        new.replace(file)


class Walk:
    """Reads the log once, from the first entry to the last. Memory: a bundle, the tree's right edge, and the ids.

    Where a tile and what is below it do not agree, it is not known yet which of them is wrong: that is a doubt, and the next signed root
    settles it. What is sure to be wrong ends the walk; but a doubt from before is the first bad thing.
    """

    def __init__(self, source, roots, below, archived):
        self.source, self.roots, self.below, self.archived = source, roots, below, archived
        self.ids, self.tiles, self.good, self.doubt = set(), 0, 0, None
        self.own, self.told = Tree(), Tree()  # over the leaves as the entries make them, and as the tiles have them

    def run(self, size):
        try:
            for first in range(0, size, TILE):
                told = self.tile(0, first // TILE, min(TILE, size - first))
                own = self.bundle(first, told) if self.below == "entries" and first >= self.archived else told
                for kept in sorted(kept for kept in self.roots if first < kept <= first + TILE and kept < size):
                    self.settle(kept, self.own.root(own[:kept - first]), self.told.root(told[:kept - first]))
                for upper in self.own.grow(own):
                    self.hold(*upper)
                self.told.grow(told)
            for level in [level for level in range(1, 8) if self.own.rows[level]]:
                self.hold(level, size // TILE**(level + 1), self.own.rows[level])
            self.settle(size, self.own.root(), self.told.root())
        except (Fault, OSError) as why:
            raise (Fault(*self.doubt[1:]) if self.doubt else why) from None

    def tile(self, level, index, width):
        path = tile_path(level, index, width)
        data = self.source.get(path, 32 * width)
        if len(data) != 32 * width:
            raise Fault(f"{path} is {'longer' if len(data) > 32 * width else 'shorter'} than {width} hashes", {"tile": path})
        self.tiles += 1
        return [data[at:at + 32] for at in range(0, len(data), 32)]

    def bundle(self, first, told):
        """The leaf hashes of the entries of a bundle, each looked at."""
        path, tile = (tile_path(kind, first // TILE, len(told)) for kind in ("entries", 0))
        data, hashes, at = self.source.get(path, len(told) * (2 + 65535)), [], 0
        for index, expected in enumerate(told, first):
            end = at + 2 + int.from_bytes(data[at:at + 2], "big")
            entry = data[at + 2:end]
            name, where = name_of(index, entry)
            if max(at + 2, end) > len(data):
                raise Fault(f"{path} ends before the end of {name}", {"tile": path, **where})
            hashes, at, flaw = hashes + [sha256(b"\x00" + entry).digest()], end, flaw_of(entry, self.ids)
            if hashes[-1] != expected:
                what = f"{name} and hash {index - first} of {tile} do not agree" + (f", and the entry {flaw}" if flaw else "")
                self.doubt = self.doubt or (index + 1, what, {"tile": tile, **where})
            elif flaw:
                raise Fault(f"{name} {flaw}", where)
        if at < len(data):
            raise Fault(f"{path} goes on behind its last entry, {index}", {"tile": path, "entry": index})
        return hashes

    def hold(self, level, index, own):
        """Holds a tile above the leaves against what is below it."""
        path, span = tile_path(level, index, len(own)), TILE**level
        for place, (mine, told) in enumerate(zip(own, self.tile(level, index, len(own)))):
            if mine != told:
                first, last = (index * TILE + place) * span, (index * TILE + place + 1) * span - 1
                what = f"hash {place} of {path} and the {self.below} {first} to {last} do not agree"
                self.doubt = self.doubt or (last + 1, what, {"tile": path, "first": first, "last": last})

    def settle(self, size, own, told):
        """Holds the trees over so many entries against a signed root."""
        root, name = self.roots[size]
        if self.doubt and self.doubt[0] <= size:
            whys = {told: "the leaf tiles lead there: the entry was changed", own: f"the {self.below} lead there: the tile was changed"}
            self.doubt = (size, f"{self.doubt[1]}; held against the root of {name}, {whys.get(root, 'neither leads there')}", self.doubt[2])
            raise Fault(*self.doubt[1:])
        if own != root:
            what = f"{name}, of {size} entries, has another root: from {self.good} to {size - 1} something was changed, removed, added or moved"
            raise Fault(what, {"checkpoint": name, "first": self.good, "last": size - 1})
        self.good = size


def verify(args, keys):
    """Verifies a log. Gives what was checked."""
    token, mirror = args.token_file and Path(args.token_file).read_text().strip(), args.mirror and Source(args.mirror)
    source = Source(args.log, token, mirror)
    note = source.get("checkpoint", MAX_NOTE)
    log = read_checkpoint(note, keys, "the checkpoint")
    roots, ours = {log.size: (log.root, "the checkpoint")}, Path(args.mirror or "", "checkpoint")
    kept = args.kept + [str(ours)] * bool(mirror and ours.exists())
    for name in kept:
        old = read_checkpoint(Path(name).read_bytes(), keys, name)
        if old.size > log.size or old.origin != log.origin:
            what = f"{name} is of {old.size} entries in {old.origin}, and there are {log.size} in {log.origin}: cut, rolled back or another log"
            raise Fault(what, {"checkpoint": name})
        root, other = roots.setdefault(old.size, (old.root, name))
        if old.root != root:
            raise Fault(f"{name} and {other} are both of {old.size} entries and have different roots", {"checkpoint": name})
    walk = Walk(source, roots, "leaf hashes" if args.hashes_only or source.remote and not token else "entries", args.archived)
    walk.run(log.size)
    if mirror:
        mirror.put("checkpoint", note)
    archived = {"archived": args.archived} if args.archived else {}
    return log, {"computed_from": walk.below, "entries_read": len(walk.ids), "tiles": walk.tiles, "kept": kept, **archived}


def prove(args, keys):
    """Verifies that one entry is in the log. Gives what was checked."""
    proof, entry = Path(args.file).read_bytes(), re.sub(rb"\n\Z", b"", Path(args.entry).read_bytes())
    match = re.fullmatch(rb"c2sp\.org/tlog-proof@v1\n(?:extra [^\n]*\n)?index (0|[1-9][0-9]{0,17})\n((?:[^\n]+\n)*)\n(.*)", proof, re.DOTALL)
    if not match:
        raise Fault(f"{args.file} is not in the form of a proof", {"proof": args.file})
    log, index = read_checkpoint(match[3], keys, f"the checkpoint in {args.file}"), int(match[1])
    (name, where), flaw = name_of(index, entry), flaw_of(entry, set())
    try:
        path, found = [unbase64(line) for line in match[2].decode().split("\n")[:-1]], sha256(b"\x00" + entry).digest()
        inner = (index ^ log.size - 1).bit_length()  # where its way meets that of the last entry: from there on siblings are left
        for height, sibling in enumerate(path):
            found = join(found, sibling) if height < inner and not index >> height & 1 else join(sibling, found)
        if index >= log.size or len(path) != inner + bin(index >> inner).count("1") or found != log.root:
            raise ValueError("its path does not lead from there to the signed root")
        if flaw:
            raise ValueError(f"that {flaw}")
    except ValueError as why:
        raise Fault(f"{args.file} does not prove {name}: {why}", {"proof": args.file, **where}) from None
    return log, where


def main(given=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", help="URL, directory, or the word proof")
    parser.add_argument("file", nargs="?", help="the proof")
    parser.add_argument("--key", action="append", required=True, help="a key to trust, or a file of keys; may come more than once")
    parser.add_argument("--token-file", help="whose first line is the token of an agent with ACCESS_AUDIT_LOGS")
    parser.add_argument("--kept", nargs="+", action="extend", default=[], help="checkpoints that you have kept: the log has to begin with them")
    parser.add_argument("--mirror", help="a directory to copy the log to; its checkpoint from before counts as kept")
    parser.add_argument("--hashes-only", action="store_true", help="reads no entries: proves only that the tiles are those of the root")
    parser.add_argument("--archived", metavar="N", type=int, default=0, help="the entries before this number lie in archives, which verify_archive.py verifies: of bundles with one of them only the hashes are read")
    parser.add_argument("--entry", help="the entry to prove, in its canonical bytes")
    parser.add_argument("--json", action="store_true", help="answers in JSON")
    args = parser.parse_intermixed_args(given)
    if not (args.log == "proof") == bool(args.file) == bool(args.entry):
        parser.error("proof wants a file and --entry, and nothing else does")
    try:
        log, more = (prove if args.file else verify)(args, read_keys(args.key))
        found, status = {"holds": True, "log": log.origin, "size": log.size, "root": base64.b64encode(log.root).decode()}, 0
        found.update(signed_by=log.key.id.hex(), **more)
    except Fault as fault:
        found, status = {"holds": False, "fault": fault.args[0], **fault.args[1]}, 1
    except (OSError, ValueError, http.client.HTTPException) as why:
        found, status = {"holds": None, "error": str(why)}, 2
    verdict = ["it holds", "it does not hold", "it could not be looked at"][status] + ", but NO ENTRY WAS READ" * (found.get("entries_read") == 0)
    plain = [f"{name}: {value}" for name, value in found.items() if name != "holds" and value is not None] + [verdict]
    print(json.dumps(found) if args.json else "\n".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", line) for line in plain))
    return status


if __name__ == "__main__":
    sys.exit(main())
