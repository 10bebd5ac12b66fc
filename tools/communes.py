"""Write bot/domain/data/communes.csv from the official division of France into communes.

    python tools/communes.py

Run by hand once a year, when INSEE publishes its list; it needs npm and the network. The source is the npm
package @etalab/decoupage-administratif (code under MIT, data under Licence Ouverte 2.0). Which Mission Locale
receives whom is ours: the six intercommunalités of the Nord Mosellan come from its own leaflet; the two
Missions Locales of the Meuse are deduced from the arrondissements and wait for their confirmation.
"""

import csv
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "@etalab/decoupage-administratif@6.0.0"
TARGET = Path(__file__).parent.parent / "bot" / "domain" / "data" / "communes.csv"
COLUMNS = (
    "insee",
    "name",
    "former_names",
    "postcodes",
    "epci",
    "epci_name",
    "department",
    "mission_locale",
    "population",
)

# Intercommunalité (SIREN) → Mission Locale.
MISSIONS_LOCALES = {
    "ml-nord-mosellan": (
        "245701362",  # CA Portes de France-Thionville
        "245701222",  # CA du Val de Fensch
        "245701354",  # CC de l'Arc Mosellan
        "200067486",  # CC du Bouzonvillois-Trois Frontières
        "245701404",  # CC du Pays Haut Val d'Alzette, with Villerupt and Thil in Meurthe-et-Moselle
        "245700695",  # CC de Cattenom et Environs
    ),
    "ml-nord-meusien": (
        "200049187",  # CA du Grand Verdun
        "200066116",  # CC Argonne-Meuse
        "200066132",  # CC du Pays de Stenay et du Val Dunois
        "200066165",  # CC Val de Meuse - Voie Sacrée
        "200066173",  # CC de Damvillers Spincourt
        "245501176",  # CC du Territoire de Fresnes-en-Woëvre
        "245501242",  # CC du Pays d'Étain
        "245501259",  # CC du Pays de Montmédy
    ),
    "ml-sud-meusien": (
        "200033025",  # CA de Bar-le-Duc - Sud Meuse
        "200034874",  # CC Côtes de Meuse Woëvre
        "200066108",  # CC des Portes de Meuse
        "200066140",  # CC de l'Aire à l'Argonne
        "200066157",  # CC de Commercy - Void - Vaucouleurs
        "245500327",  # CC du Sammiellois
        "245501184",  # CC du Pays de Revigny-sur-Ornain
    ),
}
# Bouligny alone of CC Cœur du Pays Haut: the rest of it is in Meurthe-et-Moselle, out of both territories.
ALONE = {"55063": "ml-nord-meusien"}
EXPECTED = {"ml-nord-mosellan": 119, "ml-nord-meusien": 254, "ml-sud-meusien": 245}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        communes, epcis = download(Path(folder))
    rows = territory_rows(communes, epcis)
    counts = {ml: sum(row["mission_locale"] == ml for row in rows) for ml in EXPECTED}
    if counts != EXPECTED:
        sys.exit(f"The division has changed: {counts} communes instead of {EXPECTED}. Check it, then EXPECTED.")
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} communes written to {TARGET}")


def download(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The communes and the intercommunalités of France, as the package has them."""
    packed = subprocess.run(
        ["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, capture_output=True, text=True
    )
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        return _json(archive, "communes"), _json(archive, "epci")


def _json(archive: tarfile.TarFile, name: str) -> list[dict[str, Any]]:
    file = archive.extractfile(f"package/data/{name}.json")
    assert file is not None
    rows: list[dict[str, Any]] = json.load(file)
    return rows


def territory_rows(communes: list[dict[str, Any]], epcis: list[dict[str, Any]]) -> list[dict[str, str]]:
    """One row for each commune of the territories, by INSEE code."""
    mission_by_epci = {siren: ml for ml, sirens in MISSIONS_LOCALES.items() for siren in sirens}
    epci_by_commune = {member["code"]: epci for epci in epcis for member in epci["membres"]}
    former: dict[str, list[str]] = {}
    for commune in communes:
        if "chefLieu" in commune and commune["code"] != commune["chefLieu"]:
            former.setdefault(commune["chefLieu"], []).append(commune["nom"])
    rows = []
    for commune in communes:
        if commune["type"] != "commune-actuelle" or commune["code"] not in epci_by_commune:
            continue
        code, epci = commune["code"], epci_by_commune[commune["code"]]
        mission = ALONE.get(code) or mission_by_epci.get(epci["code"])
        if mission is None:
            continue
        rows.append(
            {
                "insee": code,
                "name": commune["nom"],
                "former_names": "|".join(sorted(former.get(code, []))),
                "postcodes": "|".join(commune.get("codesPostaux", [])),
                "epci": epci["code"],
                "epci_name": epci["nom"],
                "department": commune["departement"],
                "mission_locale": mission,
                "population": str(commune.get("population", 0)),
            }
        )
    return sorted(rows, key=lambda row: row["insee"])


if __name__ == "__main__":
    main()
