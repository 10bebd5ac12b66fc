"""Files as people send them, made here: none is anyone's."""

from __future__ import annotations

import zipfile
from io import BytesIO

from PIL import Image
from pillow_heif import from_pillow

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
VOICE = b"OggS\x00\x02" + b"\x00" * 60
MAKER = "Telephone of Lea Martin"


def photo(width: int = 64, height: int = 48, *, kind: str = "JPEG", turned: bool = False) -> bytes:
    """A picture that says who took it, and where: 49.357 N, 6.168 E."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    exif = Image.Exif()
    exif[0x010F] = MAKER
    if turned:
        exif[0x0112] = 6  # to be shown turned by a quarter
    exif.get_ifd(0x8825).update({1: "N", 2: (49.0, 21.0, 25.0), 3: "E", 4: (6.0, 10.0, 5.0)})
    held = BytesIO()
    if kind == "HEIF":
        from_pillow(picture).save(held, exif=exif.tobytes())
    else:
        picture.save(held, kind, exif=exif)
    return held.getvalue()


def docx(*more: str) -> bytes:
    return _zip({"[Content_Types].xml": "<Types/>", "word/document.xml": "<document/>"} | dict.fromkeys(more, "x"))


def odt(said: str = "application/vnd.oasis.opendocument.text") -> bytes:
    return _zip({"mimetype": said, "content.xml": "<office/>"})


def _zip(parts: dict[str, str]) -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    return held.getvalue()
