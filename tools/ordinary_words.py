"""Write bot/domain/data/ordinary_words.txt: the French words that could be taken for a commune.

    python tools/ordinary_words.py

Run by hand after tools/communes.py, or when the way names are compared changes; it needs npm, the network
and a minute. The words come from the npm package an-array-of-french-words (MIT), from our own text-message
lexicon, and from the list below; only those within reach of a commune's name are kept.
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bot.domain import communes  # noqa: E402

PACKAGE = "an-array-of-french-words@2.0.0"
LEXICON = ROOT / "nlu" / "langue" / "lexicon.tsv"
TARGET = communes.DATA / "ordinary_words.txt"

# Heard in messages and in no dictionary: English, slang, first names, towns far away.
HEARD = set(
    re.findall(
        r"\w+",
        """
void very amel gery han eton hunting berg hagen morley waly thil thio tville pam bld ham lux trier bure ars
holding vero
balek belek bail bails bouff bouffe boulange boule bouli chepa chelou daron daronne darons dune duns dun
bilal hamid hamed malik karim kevin jordan marvin marine mario marion milly mila maely maelys maeva maeve
billy charly harley hanane louane manon manu mehdi rayan rayane ryan sorel senad soren sonny valou velo
colmar belfort besancon dijon lille paris lyon marseille rennes nantes nice toulouse brest
netflix insta snap tiktok discord fortnite twitch spotify youtube vinted mouais
""",
    )
)


def main() -> None:
    words = {word for word in dictionary() | lexicon() | HEARD if word.isalpha()}
    TARGET.unlink(missing_ok=True)
    TARGET.touch()  # the words are compared with names that nothing guards yet
    kept = sorted(HEARD | words_within_reach(words))
    TARGET.write_text("\n".join(kept) + "\n", encoding="utf-8")
    print(f"{len(kept)} words written to {TARGET}")


def dictionary() -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, capture_output=True, text=True
        )
        with tarfile.open(Path(folder) / packed.stdout.strip()) as archive:
            file = archive.extractfile("package/index.json")
            assert file is not None
            return {communes.spaced(word) for word in json.load(file)}


def lexicon() -> set[str]:
    lines = LEXICON.read_text(encoding="utf-8").splitlines()[1:]
    return {word for line in lines for form in line.split("\t")[:2] for word in communes.spaced(form).split()}


def words_within_reach(words: set[str]) -> set[str]:
    """The words equal to a name, sounding like it, or near enough to be taken for it."""
    names = communes.known_names()
    by_length: dict[int, list[str]] = {}
    by_sound: dict[str, list[str]] = {}
    for word in words:
        by_length.setdefault(len(word), []).append(word)
        by_sound.setdefault(communes.sound(word), []).append(word)
    reached = words & names
    for name in names:
        reached.update(by_sound.get(communes.sound(name), ()))
        for length in range(max(5, len(name) - 3), len(name) + 4):
            limit = communes.edits_allowed(length, cued=True)
            near = process.extract_iter(name, by_length.get(length, ()), scorer=OSA.distance, score_cutoff=limit)
            reached.update(word for word, _, _ in near)
    return reached


if __name__ == "__main__":
    main()
