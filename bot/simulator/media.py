"""Uploaded files: temporary and permanent material, and pictures for article bodies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint, Upload
from bot.simulator.errors import Fail
from bot.simulator.pictures import png
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

MB = 1 << 20
TEMPORARY = 3 * 86400
LIBRARY = {"image": 100_000, "voice": 1000, "video": 1000, "thumb": 100_000}
# kind: (formats, largest size) for temporary and for permanent material
TEMPORARY_LIMITS = {
    "image": (("png", "jpg", "gif"), 10 * MB),
    "voice": (("amr", "mp3"), 2 * MB),
    "video": (("mp4",), 10 * MB),
    "thumb": (("jpg",), 64 * 1024),
}
PERMANENT_LIMITS = TEMPORARY_LIMITS | {
    "image": (("bmp", "png", "jpg", "gif"), 10 * MB),
    "voice": (("mp3", "wma", "wav", "amr"), 2 * MB),
}
SIGNS = (
    (b"\x89PNG\r\n\x1a\n", 0, "png"),
    (b"\xff\xd8\xff", 0, "jpg"),
    (b"GIF8", 0, "gif"),
    (b"BM", 0, "bmp"),
    (b"#!AMR", 0, "amr"),
    (b"ID3", 0, "mp3"),
    (b"\xff\xfb", 0, "mp3"),
    (b"RIFF", 0, "wav"),
    (b"\x30\x26\xb2\x75", 0, "wma"),
    (b"ftypheic", 4, "heif"),
    (b"ftypmif1", 4, "heif"),
    (b"ftyp", 4, "mp4"),
)
MIME = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "bmp": "image/bmp", "mp4": "video/mp4"}


@dataclass(frozen=True, slots=True)
class Medium:
    media_id: str
    kind: str
    form: str
    filename: str
    data: bytes
    created: int
    permanent: bool
    url: str = ""
    description: str = ""

    @property
    def mime(self) -> str:
        return MIME.get(self.form, "application/octet-stream")


class MediaStore:
    """Everything uploaded, by media_id and by picture address."""

    def __init__(self) -> None:
        self.kept = {medium.media_id: medium for medium in samples()}
        self.pictures: dict[str, Medium] = {}

    def keep(self, medium: Medium) -> Medium:
        self.kept[medium.media_id] = medium
        if medium.url:
            self.pictures[medium.url] = medium
        return medium

    def get(self, media_id: object, now: int, code: int = 40007) -> Medium:
        medium = self.kept.get(media_id) if isinstance(media_id, str) else None
        if medium is None or (not medium.permanent and medium.created + TEMPORARY < now):
            raise Fail(code)
        return medium

    def permanent(self, media_id: object) -> Medium:
        medium = self.kept.get(media_id) if isinstance(media_id, str) else None
        if medium is None or not medium.permanent:
            raise Fail(40007)
        return medium

    def of_kind(self, kind: str) -> list[Medium]:
        return [medium for medium in self.kept.values() if medium.permanent and medium.kind == kind]


def samples() -> list[Medium]:
    """What the phone's sample messages refer to; it never expires."""
    photo = png([bytes([190 - row]) * 160 for row in range(120)], 160)
    files = {
        "SIM_USER_IMAGE": ("image", "png", photo),
        "SIM_USER_VOICE": ("voice", "amr", b"#!AMR\n" + bytes(32)),
        "SIM_USER_VOICE_16K": ("voice", "amr", b"#!AMR\n" + bytes(64)),
        "SIM_USER_VIDEO": ("video", "mp4", b"\0\0\0\x18ftypmp42" + bytes(32)),
        "SIM_USER_SHORT": ("video", "mp4", b"\0\0\0\x18ftypmp42" + bytes(32)),
        "SIM_USER_THUMB": ("thumb", "png", photo),
    }
    far = 1 << 40
    return [
        Medium(media_id, kind, form, f"{media_id}.{form}", data, far, permanent=False)
        for media_id, (kind, form, data) in files.items()
    ]


def form_of(data: bytes) -> str:
    return next((form for sign, at, form in SIGNS if data[at : at + len(sign)] == sign), "")


def _checked(upload: Upload, limits: tuple[tuple[str, ...], int]) -> str:
    form, (forms, largest) = form_of(upload.data), limits
    if form == "heif":
        raise Fail(40113)
    if form not in forms:
        raise Fail(40005)
    if len(upload.data) > largest:
        raise Fail(40006)
    return form


def _kind(call: Call) -> str:
    kind = call.query.get("type") or call.form.get("type", "")
    if kind not in TEMPORARY_LIMITS:
        raise Fail(40004)
    return kind


def upload(sim: Simulator, call: Call) -> Json:
    kind, file = _kind(call), call.upload()
    form = _checked(file, TEMPORARY_LIMITS[kind])
    medium = sim.media.keep(_medium(sim, kind, form, file, permanent=False))
    name = "thumb_media_id" if kind == "thumb" else "media_id"
    return {"type": kind, name: medium.media_id, "created_at": medium.created}


def add_material(sim: Simulator, call: Call) -> Json:
    kind, file = _kind(call), call.upload()
    form = _checked(file, PERMANENT_LIMITS[kind])
    if len(sim.media.of_kind(kind)) >= LIBRARY[kind]:
        raise Fail(45001)
    medium = sim.media.keep(_medium(sim, kind, form, file, permanent=True, description=_description(kind, call)))
    return {"media_id": medium.media_id} | ({"url": medium.url} if medium.url else {})


def _description(kind: str, call: Call) -> str:
    text = call.form.get("description", "")
    if kind == "video":
        try:
            json.loads(text)["title"]
        except (ValueError, KeyError, TypeError) as error:
            raise Fail(47001) from error
    return text


def _medium(sim: Simulator, kind: str, form: str, file: Upload, *, permanent: bool, description: str = "") -> Medium:
    number = next(sim.ids.media)
    media_id = f"{'PERM' if permanent else 'TEMP'}_{kind}_{number:08d}_{sim.clock.stamp():x}"
    url = f"http://mmbiz.qpic.cn/sz_mmbiz_{form}/{media_id}/0?wx_fmt={form}" if permanent and kind != "voice" else ""
    now = sim.clock.stamp()
    return Medium(media_id, kind, form, file.filename, file.data, now, permanent, url, description)


def upload_body_image(sim: Simulator, call: Call) -> Json:
    file = call.upload()
    form = form_of(file.data)
    if form == "heif":
        raise Fail(40113)
    if form not in ("png", "jpg"):
        raise Fail(40005)
    if len(file.data) >= MB:
        raise Fail(40009)
    media_id = f"BODY_{next(sim.ids.media):08d}"
    url = f"http://mmbiz.qpic.cn/mmbiz_{form}/{media_id}/0"
    medium = Medium(media_id, "body", form, file.filename, file.data, sim.clock.stamp(), False, url)
    sim.media.pictures[url] = medium
    return {"url": url}


def media_get(sim: Simulator, call: Call) -> Json:
    if not call.query.get("media_id"):
        raise Fail(41006)
    medium = sim.media.get(call.query["media_id"], sim.clock.stamp())
    if medium.kind == "video":
        return {"video_url": f"http://mp.weixin.qq.com/media/{medium.media_id}"}
    return {"_file": medium}


def get_material(sim: Simulator, call: Call) -> Json:
    return {"_file": sim.media.permanent(call.body.get("media_id"))}


def material_count(sim: Simulator, _call: Call) -> Json:
    counts = {f"{kind}_count": len(sim.media.of_kind(kind)) for kind in ("voice", "video", "image")}
    return counts | {"news_count": 0}


def material_list(sim: Simulator, call: Call) -> Json:
    kind, offset, count = call.field("type", str, 40004), call.field("offset", int), call.field("count", int)
    if not 1 <= count <= 20:
        raise Fail(40007)
    found = sim.media.of_kind(kind)
    shown = [
        {"media_id": medium.media_id, "name": medium.filename, "update_time": medium.created, "url": medium.url}
        for medium in found[offset : offset + count]
    ]
    return {"total_count": len(found), "item_count": len(shown), "item": shown}


def delete_material(sim: Simulator, call: Call) -> Json:
    medium = sim.media.permanent(call.body.get("media_id"))
    if sim.menus.uses(medium.media_id):
        raise Fail(48005)
    del sim.media.kept[medium.media_id]
    return {}


ENDPOINTS = (
    Endpoint("/cgi-bin/media/upload", "POST", upload, "media", 100_000),
    Endpoint("/cgi-bin/media/get", "GET", media_get, "media", 200_000),
    Endpoint("/cgi-bin/media/uploadimg", "POST", upload_body_image, "media", 100_000),
    Endpoint("/cgi-bin/material/add_material", "POST", add_material, "material", 1000),
    Endpoint("/cgi-bin/material/get_material", "POST", get_material, "material"),
    Endpoint("/cgi-bin/material/get_materialcount", "GET", material_count, "material", 5000),
    Endpoint("/cgi-bin/material/batchget_material", "POST", material_list, "material", 5000),
    Endpoint("/cgi-bin/material/del_material", "POST", delete_material, "material", 1000),
)
