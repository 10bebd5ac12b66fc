"""Files that may be kept: known by what they hold, never by their name, and pictures without what they say unseen."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

from PIL import Image, ImageOps
from pillow_heif import register_heif_opener

from bot.errors import FileNotTaken, FileTooBig

MEGABYTE = 1024 * 1024
# A telephone's largest photos have 50 million points; what says it has more is made to fill the memory.
MAX_PIXELS = 60_000_000
# Enough to read a page on a screen; Telegram shows no more.
LONGEST_SIDE = 2560
QUALITY = 85
MAX_CAPTION = 900

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}
MP4_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4A ", b"M4V "}
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.text"

register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # counted here, before anything is unpacked


class FileKind(StrEnum):
    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    HEIC = "heic"
    DOCX = "docx"
    ODT = "odt"
    OGG = "ogg"
    MP3 = "mp3"
    MP4 = "mp4"

    @property
    def is_picture(self) -> bool:
        return self in (FileKind.JPEG, FileKind.PNG, FileKind.HEIC)

    @property
    def is_sound(self) -> bool:
        """Comes by voice message; nobody sends one from a page."""
        return self in (FileKind.OGG, FileKind.MP3, FileKind.MP4)

    @property
    def extension(self) -> str:
        return "jpg" if self is FileKind.JPEG else self.value

    @property
    def media_type(self) -> str:
        return {
            "pdf": "application/pdf",
            "jpeg": "image/jpeg",
            "png": "image/png",
            "heic": "image/heic",
            "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "odt": OPEN_DOCUMENT.decode(),
            "ogg": "audio/ogg",
            "mp3": "audio/mpeg",
            "mp4": "video/mp4",
        }[self.value]

    @property
    def label(self) -> str:
        if self.is_picture:
            return "Photo"
        return {
            "pdf": "Document PDF",
            "docx": "Document Word",
            "odt": "Document texte",
            "ogg": "Message vocal",
            "mp3": "Message vocal",
            "mp4": "Message vidéo",
        }[self.value]

    def named(self, number: int) -> str:
        """The name a file is given: what its owner called it may say who they are."""
        word = "photo" if self.is_picture else "message" if self.is_sound else "document"
        return f"{word}-{number}.{self.extension}"


class FileState(StrEnum):
    """What became of a file that came in."""

    WAITING = "waiting"
    KEPT = "kept"
    TOO_BIG = "too_big"
    NOT_TAKEN = "not_taken"
    LOST = "lost"

    @property
    def label(self) -> str:
        return {
            "waiting": "Le fichier arrive.",
            "kept": "Reçu",
            "too_big": "Fichier trop lourd : il n'est pas gardé ici.",
            "not_taken": "Type de fichier refusé : il n'est pas gardé ici.",
            "lost": "Le fichier n'a pas pu être reçu.",
        }[self.value]


@dataclass(frozen=True)
class CleanFile:
    """A file as it is kept."""

    kind: FileKind
    content: bytes


def clean(content: bytes, largest: int) -> CleanFile:
    """The file as it may be kept. A picture is drawn again: where and with what it was taken is not in it any more.

    `largest` in bytes. Takes up to a second for a large picture.

    Raises:
        FileTooBig: it has more bytes, or more points, than is taken.
        FileNotTaken: it is of no known kind, or broken.
    """
    if len(content) > largest:
        raise FileTooBig(most=str(largest // MEGABYTE))
    kind = recognise(content)
    if kind is None:
        raise FileNotTaken
    return _drawn_again(kind, content, largest) if kind.is_picture else CleanFile(kind, content)


def recognise(content: bytes) -> FileKind | None:
    """What a file is, from its own first bytes; None if it is none of what is taken."""
    if content.startswith(b"%PDF-"):
        return FileKind.PDF
    if content.startswith(b"\xff\xd8\xff"):
        return FileKind.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileKind.PNG
    if content.startswith(b"OggS"):
        return FileKind.OGG
    if content.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")):
        return FileKind.MP3
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        return FileKind.HEIC if brand in HEIF_BRANDS else FileKind.MP4 if brand in MP4_BRANDS else None
    return _document(content) if content.startswith(b"PK\x03\x04") else None


def _document(content: bytes) -> FileKind | None:
    """A text document is a zip of known parts; one with macros is not taken."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as parts:
            names = set(parts.namelist())
            if any(name.rpartition("/")[2].lower() == "vbaproject.bin" for name in names):
                return None
            if {"[Content_Types].xml", "word/document.xml"} <= names:
                return FileKind.DOCX
            if "mimetype" in names and not any(name.startswith("Basic/") for name in names):
                with parts.open("mimetype") as said:
                    return FileKind.ODT if said.read(len(OPEN_DOCUMENT) + 1) == OPEN_DOCUMENT else None
    except Exception:  # a broken zip makes the library raise whatever it makes it raise
        return None
    return None


def _drawn_again(kind: FileKind, content: bytes, largest: int) -> CleanFile:
    try:
        with Image.open(BytesIO(content), formats=["JPEG", "PNG", "HEIF"]) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise FileTooBig(most=str(largest // MEGABYTE))
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            as_png = kind is FileKind.PNG
            mode = "RGBA" if as_png and upright.has_transparency_data else "RGB"
            bare = Image.new(mode, upright.size)
            bare.paste(upright.convert(mode))
    except FileTooBig:
        raise
    except Exception as error:  # as above, of a broken picture
        raise FileNotTaken from error
    drawn = BytesIO()
    if as_png:
        bare.save(drawn, "PNG")
    else:
        bare.save(drawn, "JPEG", quality=QUALITY)
    return CleanFile(FileKind.PNG if as_png else FileKind.JPEG, drawn.getvalue())
