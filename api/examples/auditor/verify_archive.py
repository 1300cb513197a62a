#!/usr/bin/env python3
"""Verifies an archive of a Ziggie server's audit log, offline: by its file, its manifest and the log's key. Lies beside verify_log.py and uses it.

    verify_archive.py FIRST-NEXT-….ndjson FIRST-NEXT-….manifest --key VKEY|FILE

The manifest is a signed note (C2SP signed-note) of one line of JSON: which entries, how many bytes, their SHA-256, and a signed checkpoint of
the log. Each line of the file is an entry and its way to the root of that checkpoint (RFC 6962). Exit status: 0 all holds, 1 something does
not, 2 it could not be looked at.
"""

import argparse
import json
import sys
from hashlib import sha256
from pathlib import Path

from verify_log import MAX_ENTRY, Fault, flaw_of, join, open_note, read_checkpoint, read_keys, unbase64

MAX_LINE = 4 * MAX_ENTRY  # bytes


def read_manifest(note, keys):
    """What a manifest says, and its checkpoint."""
    try:
        text, key = open_note(note, keys)
        manifest = json.loads(text)
        first, following = manifest["first"], manifest["next"]
        if text.count("\n") != 1 or manifest["kind"] != "archive" or manifest["origin"] != key.name or not 0 <= first < following:
            raise ValueError("it is no manifest of an archive of the key's log")
        checkpoint = read_checkpoint(manifest["checkpoint"].encode(), keys, "the checkpoint of the manifest")
        if checkpoint.origin != manifest["origin"] or checkpoint.size < following or manifest["rows"] != following - first:
            raise ValueError("it contradicts itself")
    except (ValueError, KeyError, TypeError, AttributeError) as why:
        raise Fault(f"the manifest does not open: {why}") from None
    return manifest, checkpoint


def leads_to_root(index, leaf, path, log):
    """Whether a way leads from a leaf to the signed root (RFC 9162 section 2.1.3.2)."""
    inner = (index ^ log.size - 1).bit_length()
    for height, sibling in enumerate(path):
        leaf = join(leaf, sibling) if height < inner and not index >> height & 1 else join(sibling, leaf)
    return len(path) == inner + bin(index >> inner).count("1") and leaf == log.root


def look(line, index, log, ids):
    """Looks at the line that has to be the entry of this number."""
    try:
        value = json.loads(line)
        found, path = int(value["index"]), [unbase64(text) for text in value["hashes"]]
        start, end = line.index(b',"entry":') + 9, line.rindex(b',"hashes":')
        entry, personal = line[start:end], value["personal"]
    except (ValueError, KeyError, TypeError):
        raise Fault(f"the line of entry {index} is no line of an archive") from None
    if found != index:
        raise Fault(f"entry {index} is missing or out of its place: there stands {found}")
    if personal:
        raise Fault(f"entry {index} has personal values in an archive")
    if not leads_to_root(index, sha256(b"\x00" + entry).digest(), path, log):
        raise Fault(f"entry {index} is not the entry that was signed in this place")
    flaw = flaw_of(entry, ids)
    if flaw:
        raise Fault(f"entry {index} {flaw}")


def verify(body, note, keys):
    """Verifies an archive. Gives its manifest."""
    manifest, log = read_manifest(note, keys)
    digest, size, index, ids = sha256(), 0, manifest["first"], set()
    with open(body, "rb") as file:
        while line := file.readline(MAX_LINE):
            if index == manifest["next"]:
                raise Fault("there is more behind its last entry")
            look(line, index, log, ids)
            digest.update(line)
            size, index = size + len(line), index + 1
    if index < manifest["next"]:
        raise Fault(f"it ends before its entry {index}")
    if size != manifest["bytes"] or digest.hexdigest() != manifest["sha256"]:
        raise Fault("its bytes are not those of its manifest")
    return manifest


def main(given=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("body", help="the archive")
    parser.add_argument("manifest", help="its manifest")
    parser.add_argument("--key", action="append", required=True, help="a key to trust, or a file of keys; may come more than once")
    args = parser.parse_args(given)
    try:
        manifest = verify(args.body, Path(args.manifest).read_bytes(), read_keys(args.key))
        print(f"{manifest['origin']}: entries {manifest['first']} to {manifest['next'] - 1}\nit holds")
        return 0
    except Fault as fault:
        print(f"fault: {fault.args[0]}\nit does not hold")
        return 1
    except (OSError, ValueError) as why:
        print(f"error: {why}\nit could not be looked at")
        return 2


if __name__ == "__main__":
    sys.exit(main())
