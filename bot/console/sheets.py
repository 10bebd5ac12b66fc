"""Tables to take away: CSV for any spreadsheet, XLSX for Excel. What anyone wrote never becomes a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

import xlsxwriter

from bot.domain.calendar import in_paris

Cell = str | int | datetime
# A spreadsheet takes what begins so for a formula. https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
WIDE = 18


def as_csv(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """UTF-8 with its mark, semicolons: what a French Excel opens by itself. Moments are on the clock of Paris."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([[_plain(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(name: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """One sheet, its first line kept in sight."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header) - 1, WIDE)
        sheet.write_row(0, 0, header, bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(number, column, in_paris(cell).replace(tzinfo=None), moment)
                elif isinstance(cell, int):
                    sheet.write_number(number, column, cell)
                else:
                    sheet.write_string(number, column, cell)
    return file.getvalue()


def _plain(cell: Cell) -> str | int:
    if isinstance(cell, datetime):
        return f"{in_paris(cell):%d/%m/%Y %H:%M}"
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
