"""The coordinator's pages: handoffs found, read, marked and taken away; figures; and who may not."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import timedelta

from sqlalchemy import select

from bot.domain.handoffs import HandoffReason
from bot.domain.surveys import Face
from bot.services import handoffs
from bot.storage.tables import Handoff, Notice, ReviewComment, ReviewMark, ReviewTag, SourceTouch, SurveyAnswer
from tests.console.desk import Desk
from tests.console.test_conversations import words
from tests.factories import NOW, adviser, handoff, young_person

ANSWER = "Passe au local demain"


async def _exchange(desk: Desk, *, slug: str = "sandra", minutes: int = 12, face: Face | None = None) -> int:
    """A handoff asked for an hour ago, answered after some minutes, and given back."""
    asked = NOW - timedelta(hours=1)
    async with desk.database.unit_of_work() as session:
        who = await adviser(session, slug)
        young = await young_person(session, structure=who.structure_id, now=asked)
        taken = await handoff(session, young, taken_by=slug, now=asked)
        await handoffs.answer(session, taken, who, ANSWER, asked + timedelta(minutes=minutes))
        await handoffs.give_back(session, taken, who, asked + timedelta(minutes=minutes + 3))
        if face is not None:
            session.add(SurveyAnswer(handoff_id=taken.id, face=face, at=NOW))
        return taken.id


def _numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="see-(\d+)"', page)]


async def test_only_a_coordinator_of_the_structure_reads_them(desk: Desk) -> None:
    ours, theirs = await _exchange(desk), await _exchange(desk, slug="karim")
    claire, sandra, anne = [await desk.logged_in(slug) for slug in ("claire", "sandra", "anne")]
    assert _numbers((await claire.get("/console/relais")).text) == [ours]
    assert (await claire.get(f"/console/relais/{ours}")).status_code == 200
    for path in ("", f"/{ours}", "/export.csv", "/export.xlsx"):
        assert (await sandra.get(f"/console/relais{path}")).status_code == 403
        assert (await anne.get(f"/console/relais{path}")).status_code == 403
    for path in ("/console/chiffres",):
        assert (await sandra.get(path)).status_code == 403
    # Another structure's is like one that does not exist, to read or to write.
    for number in (theirs, 999_999):
        assert (await claire.get(f"/console/relais/{number}")).status_code == 404
        for action, fields in (("suivi", {"mark": "done"}), ("etiquettes", {"label": "x"}), ("mot", {"to": "1"})):
            answer = await claire.submit("/console/compte", f"/console/relais/{number}/{action}", **fields)
            assert answer.status_code == 404
    answer = await sandra.submit("/console/compte", f"/console/relais/{ours}/suivi", mark="done")
    assert answer.status_code == 403
    async with desk.database.read_only() as session:
        assert (await session.scalars(select(ReviewMark))).all() == []
        assert (await session.scalars(select(ReviewTag))).all() == []


async def test_filters_and_order(desk: Desk) -> None:
    quick, slow = await _exchange(desk, minutes=5), await _exchange(desk, minutes=40, face=Face.GOOD)
    async with desk.database.unit_of_work() as session:
        young = await young_person(session, structure="ml-demo", now=NOW - timedelta(minutes=30))
        waiting = await handoff(session, young, reason=HandoffReason.CALLBACK, now=NOW - timedelta(minutes=30))
        waiting.theme = "need_housing"
        touch = {"first_code": "=x", "first_at": NOW, "first_known": False}
        last = {"last_code": "=x", "last_at": NOW, "last_known": False}
        session.add(SourceTouch(person_id=young.identity.person_id, **touch, **last))
        number = waiting.id
    claire = await desk.logged_in("claire")

    async def found(query: str) -> list[int]:
        answer = await claire.get(f"/console/relais?{query}")
        assert answer.status_code == 200
        return _numbers(answer.text)

    assert await found("") == [number, slow, quick]
    assert await found("tri=longest") == [slow, number, quick]
    assert await found("tri=shortest") == [quick, number, slow]
    assert await found("motif=callback") == await found("theme=need_housing") == [number]
    assert await found("source=%3Dx") == [number]
    assert await found("source=-") == [slow, quick]
    assert await found("attente=quarter") == [quick]
    assert await found("attente=hour") == [slow]
    assert await found("attente=never") == await found("issue=waiting") == [number]
    assert await found("issue=given_back") == [slow, quick]
    assert await found("niveau=none") == [number, slow, quick]
    assert await found("niveau=critical") == []
    assert await found("du=2027-03-09&au=2027-03-09") == []
    # What nobody's form can say is any, and breaks nothing.
    assert await found("motif=x&niveau=%00&du=hier&au=0001-01-01&tri=x&suivi=%27&etiquette=%25&page=999") == []
    assert await found("motif=x&niveau=x&du=hier&tri=x&page=999") == [number, slow, quick]


async def test_one_is_told_step_by_step_without_a_text(desk: Desk) -> None:
    number = await _exchange(desk, face=Face.SO_SO)
    claire = await desk.logged_in("claire")
    page = (await claire.get(f"/console/relais/{number}")).text
    said = words(page)
    assert "Veut parler à quelqu'un" in said
    assert "12 min" in said
    assert "3 min" in said
    assert "Sandra" in said
    assert "Rendu" in said
    assert "Bof" in said
    assert ANSWER not in page


async def test_what_went_badly_is_first_until_it_is_marked(desk: Desk) -> None:
    good, bad = await _exchange(desk, face=Face.GOOD), await _exchange(desk, face=Face.BAD)
    claire = await desk.logged_in("claire")
    page = (await claire.get("/console/relais")).text
    assert f'id="unhappy-{bad}"' in page
    assert f'id="unhappy-{good}"' not in page
    for mark, shown in (("to_discuss", True), ("done", False), ("", True)):
        await claire.submit(f"/console/relais/{bad}", f"/console/relais/{bad}/suivi", mark=mark)
        assert (f'id="unhappy-{bad}"' in (await claire.get("/console/relais")).text) is shown


async def test_a_mark_keeps_who_and_when_and_tags_are_found_again(desk: Desk) -> None:
    number = await _exchange(desk)
    claire = await desk.logged_in("claire")
    page = f"/console/relais/{number}"
    await claire.submit(page, f"{page}/suivi", mark="to_discuss")
    for label in ("  À   revoir ", "à revoir", "logement"):
        assert (await claire.submit(page, f"{page}/etiquettes", label=label)).status_code == 303
    refused = await claire.submit(page, f"{page}/etiquettes", label="x" * 25)
    assert refused.status_code == 409
    assert "24 caractères au plus" in refused.text
    await claire.submit(page, f"{page}/etiquettes", off="logement")
    async with desk.database.read_only() as session:
        [mark] = (await session.scalars(select(ReviewMark))).all()
        coordinator = await adviser(session, "claire")
        assert mark.marked_by == coordinator.id
        assert NOW <= mark.at < NOW + timedelta(minutes=2)
        assert list(await session.scalars(select(ReviewTag.label))) == ["à revoir"]
    assert _numbers((await claire.get("/console/relais?etiquette=%C3%A0+revoir&suivi=to_discuss")).text) == [number]
    assert _numbers((await claire.get("/console/relais?etiquette=logement")).text) == []


async def test_a_word_to_who_answered_is_read_by_them_alone(desk: Desk) -> None:
    number = await _exchange(desk)
    claire, sandra, nadia = [await desk.logged_in(slug) for slug in ("claire", "sandra", "nadia")]
    async with desk.database.read_only() as session:
        to = {slug: str((await adviser(session, slug)).id) for slug in ("sandra", "nadia", "karim")}
    page = f"/console/relais/{number}"
    for other in ("nadia", "karim"):
        refused = await claire.submit(page, f"{page}/mot", to=to[other], text="Bravo")
        assert "n'a pas eu la conversation" in words(refused.text)
        assert "Bravo" in refused.text
    assert (await claire.submit(page, f"{page}/mot", to=to["sandra"], text=" ")).status_code == 409
    assert (await claire.submit(page, f"{page}/mot", to=to["sandra"], text="Bien joué")).status_code == 303
    assert "Bien joué" in (await sandra.get("/console/compte")).text
    assert "Bien joué" not in (await nadia.get("/console/compte")).text
    async with desk.database.read_only() as session:
        [notice] = (await session.scalars(select(Notice).where(Notice.kind == "reviewed"))).all()
        assert str(notice.adviser_id) == to["sandra"]
        [written] = (await session.scalars(select(ReviewComment))).all()
    refused = await nadia.submit("/console/compte", f"/console/relais/mots/{written.id}")
    assert refused.status_code == 404
    await sandra.submit("/console/compte", f"/console/relais/mots/{written.id}")
    assert "Bien joué" not in (await sandra.get("/console/compte")).text
    assert "Pas encore lu" not in (await claire.get(page)).text


async def test_what_is_taken_away_has_no_text_and_no_formula(desk: Desk) -> None:
    number = await _exchange(desk)
    claire = await desk.logged_in("claire")
    page = f"/console/relais/{number}"
    await claire.submit(page, f"{page}/etiquettes", label="=1+1;x")
    answer = await claire.get("/console/relais/export.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="relais-2027-02-08-2027-03-10.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert ANSWER not in answer.text
    header, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    told = dict(zip(header, row, strict=True))
    assert (told["N°"], told["Demandé le"], told["Attente (min)"]) == (str(number), "10/03/2027 09:00", "12")
    assert (told["Par"], told["Issue"], told["Étiquettes"]) == ("Sandra", "Rendu au robot", "'=1+1;x")
    book = zipfile.ZipFile(io.BytesIO((await claire.get("/console/relais/export.xlsx")).content))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "=1+1;x" in book.read("xl/sharedStrings.xml").decode()
    assert ANSWER.encode() not in b"".join(book.read(name) for name in book.namelist())


async def test_pages_of_fifty(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        young = await young_person(session, structure="ml-demo", now=NOW)
        rows = [
            Handoff(
                conversation_id=young.id,
                structure_id="ml-demo",
                reason=HandoffReason.ASKED,
                state="closed",
                priority=2,
                asked_at=NOW - timedelta(minutes=minute),
                ended_at=NOW,
            )
            for minute in range(120)
        ]
        session.add_all(rows)
    claire = await desk.logged_in("claire")
    seen = [_numbers((await claire.get(f"/console/relais?page={page}")).text) for page in (1, 2, 3, 4)]
    assert [len(page) for page in seen] == [50, 50, 20, 20]
    assert len({number for page in seen for number in page}) == 120
    assert (await claire.get("/console/relais?page=0")).status_code == 404


async def test_the_figures_as_pictures_and_as_tables(desk: Desk) -> None:
    for minutes in (2, 4, 6, 8, 50):
        await _exchange(desk, minutes=minutes)
    claire = await desk.logged_in("claire")
    page = (await claire.get("/console/chiffres?jours=7")).text
    said = words(page)
    assert "la moitié en 6 min" in said.replace("Première réponse : ", "")
    assert "9 sur 10 en 50 min" in said
    svg = re.findall(r"<svg class=\"chart\".*?</svg>", page, re.S)
    assert len(svg) == 2
    for one in svg:
        assert re.search(r"<title id=.*?</title><desc id=", one)
    assert re.search(r'<th scope="row">10/03</th><td>5</td><td>5</td><td>0</td></tr>', page)
    assert "style=" not in page
    empty = words((await claire.get("/console/chiffres?du=2026-01-01&au=2026-01-31")).text)
    assert "Aucun sur cette période." in empty
    for query in ("jours=-1", "du=2030-01-01&au=2020-01-01", "du=x&au=%00", "du=2001-01-01"):
        assert (await claire.get(f"/console/chiffres?{query}")).status_code == 200
