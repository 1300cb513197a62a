"""A colour validator: looks at the pictures of VALIDATE_COLORS tasks and says whether they keep to their palette.

The palette is the one that was asked for (`input.palette` of the task that is checked). A picture breaks it when more than one in a
hundred of its opaque pixels are far from every colour of it. `worker.py` does the rest: this page knows of pictures alone.
"""

import asyncio
import hashlib
import io

import aiohttp
from PIL import Image, ImageChops, ImageColor

import worker

LARGEST = 64 * 1024 * 1024  # bytes of a picture
TOLERANCE = 24  # how far from a colour a pixel may be, in each of red, green and blue, of 255
STRAYS = 0.01  # the share of the opaque pixels that may be further


class Unfit(Exception):
    """What is wrong with a picture: a finding, not a failure of ours."""


async def check(ziggie, task):
    """The work: the output of a task."""
    given = task["input"]
    palette = [ImageColor.getrgb(colour) for colour in given["input"].get("palette") or []]
    if not palette:
        return {"valid": True, "findings": []}
    found, findings = [], []
    assets = given.get("assets") or []
    for index, asset in enumerate(assets):
        task["progress"] = 100 * index // len(assets)
        try:
            found += await asyncio.to_thread(hold_against, palette, await fetch(ziggie, asset))
        except Unfit as why:
            findings.append(finding(str(why), f"/assets/{index}") | {"assetId": asset["id"]})
    if not assets:
        findings.append(finding("there is no picture to look at", "/assets"))
    return {"valid": not findings, "findings": findings[:200], "palette": list(dict.fromkeys(found))[:256]}


def finding(message, pointer):
    return {"message": message, "rule": "palette", "severity": "ERROR", "pointer": pointer}


async def fetch(ziggie, asset):
    """The bytes of an asset. The server's own come by a path and want our token; those elsewhere must not have it."""
    uri = asset.get("uri") or f"/assets/{asset['id']}/content"
    own = uri.startswith("/")
    headers = {"Authorization": f"Bearer {ziggie.token}"} if own else {}
    data = bytearray()
    async with aiohttp.ClientSession(headers=headers) as http, http.get(worker.URL + uri if own else uri) as response:
        if response.status in (403, 404, 410):
            raise Unfit(f"its bytes cannot be had: {response.status} {response.reason}")
        response.raise_for_status()
        async for chunk in response.content.iter_any():
            data += chunk
            if len(data) > LARGEST:
                raise Unfit(f"it is larger than {LARGEST} bytes")
    if asset.get("sha256") not in (None, hashlib.sha256(data).hexdigest()):
        raise Unfit("its bytes do not have the SHA-256 that it was registered with")
    return bytes(data)


def hold_against(palette, data):
    """The colours of a picture, the commonest first; Unfit where it does not keep to the palette."""
    try:
        picture = Image.open(io.BytesIO(data), formats=["PNG"]).convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as why:
        raise Unfit("it is no PNG that opens") from why
    opaque = picture.getchannel("A").point(lambda alpha: 255 if alpha > 127 else 0)
    nearest = Image.new("L", picture.size, 255)
    for colour in palette:
        apart = ImageChops.difference(picture.convert("RGB"), Image.new("RGB", picture.size, colour)).split()
        nearest = ImageChops.darker(nearest, ImageChops.lighter(ImageChops.lighter(apart[0], apart[1]), apart[2]))
    far = ImageChops.darker(opaque, nearest.point(lambda distance: 255 if distance > TOLERANCE else 0))
    share = far.histogram()[255] / max(1, opaque.histogram()[255])
    if share > STRAYS:
        strays = ", ".join(colours(picture, far)[:3])
        raise Unfit(f"{share:.1%} of its opaque pixels are far from every colour of the palette, mostly {strays}")
    return colours(picture, opaque)[:16]


def colours(picture, mask):
    """The colours of the pixels under a mask as #RRGGBB, the commonest first; where there are many, like ones as one."""
    under = Image.new("RGBA", picture.size)
    under.paste(picture, mask=mask)
    counted = under.getcolors(256) or under.quantize(64, Image.Quantize.FASTOCTREE).convert("RGBA").getcolors(256)
    return ["#%02X%02X%02X" % colour[:3] for _, colour in sorted(counted, reverse=True) if colour[3] > 127]


if __name__ == "__main__":
    worker.run(["VALIDATE_COLORS"], check)
