"""Files are known by what they hold, and a picture says nothing but what it shows."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from bot.domain.files import MEGABYTE, FileKind, clean, recognise
from bot.errors import FileNotTaken, FileTooBig
from tests.fakes.files import MAKER, PDF, VOICE, docx, odt, photo


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, FileKind.PDF),
        (photo(), FileKind.JPEG),
        (photo(kind="PNG"), FileKind.PNG),
        (photo(kind="HEIF"), FileKind.HEIC),
        (docx(), FileKind.DOCX),
        (odt(), FileKind.ODT),
        (VOICE, FileKind.OGG),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", FileKind.MP4),
    ],
)
def test_what_is_taken_is_known_by_what_it_holds(content: bytes, kind: FileKind) -> None:
    assert recognise(content) is kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"MZ\x90\x00 a program",
        b"\x7fELF a program",
        b"GIF89a",
        b"hello %PDF-1.7",
        b"PK\x03\x04 a broken zip",
        docx("word/vbaProject.bin"),
        odt("application/vnd.oasis.opendocument.spreadsheet"),
        odt("application/vnd.oasis.opendocument.text-and-more"),
        b"\x00\x00\x00\x20ftypqt  a film",
    ],
)
def test_the_rest_is_not(content: bytes) -> None:
    with pytest.raises(FileNotTaken):
        clean(content, MEGABYTE)


@pytest.mark.parametrize(("kind", "kept"), [("JPEG", "JPEG"), ("PNG", "PNG"), ("HEIF", "JPEG")])
def test_a_picture_loses_who_took_it_and_where(kind: str, kept: str) -> None:
    taken = photo(kind=kind)
    assert MAKER.encode() in taken
    cleaned = clean(taken, MEGABYTE)
    assert MAKER.encode() not in cleaned.content
    assert b"Exif" not in cleaned.content
    with Image.open(BytesIO(cleaned.content)) as picture:
        assert picture.format == kept
        assert picture.size == (64, 48)
        assert not picture.getexif()
        red, green, _ = picture.convert("RGB").getpixel((10, 10))  # type: ignore[misc]
        assert red > 180
        assert green < 60


def test_a_picture_taken_upright_stays_upright() -> None:
    with Image.open(BytesIO(clean(photo(turned=True), MEGABYTE).content)) as picture:
        assert picture.size == (48, 64)


def test_a_large_picture_is_brought_to_a_screen() -> None:
    with Image.open(BytesIO(clean(photo(5000, 3000), MEGABYTE).content)) as picture:
        assert picture.size == (2560, 1536)


def test_what_is_too_big_is_refused() -> None:
    with pytest.raises(FileTooBig) as refused:
        clean(PDF + b" " * 3 * MEGABYTE, 3 * MEGABYTE)
    assert refused.value.values == {"most": "3"}


def test_a_picture_made_to_fill_the_memory_is_refused_before_it_is_unpacked() -> None:
    size = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    header = b"\x00\x00\x00\x0dIHDR" + size + struct.pack(">I", zlib.crc32(b"IHDR" + size))
    with pytest.raises(FileTooBig):
        clean(b"\x89PNG\r\n\x1a\n" + header + b"\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e", MEGABYTE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "HEIF"])
def test_a_broken_picture_is_refused(kind: str) -> None:
    whole = photo(300, 300, kind=kind)
    with pytest.raises(FileNotTaken):
        clean(whole[: len(whole) // 2], MEGABYTE)


def test_names_say_nothing() -> None:
    assert FileKind.JPEG.named(7) == "photo-7.jpg"
    assert FileKind.DOCX.named(8) == "document-8.docx"
    assert FileKind.OGG.named(9) == "message-9.ogg"
