"""The words that say how the dates around them are meant: wanted, refused, over, before, after."""

import re

from bot.domain.dates.grammar import Found, Rule, right, rule
from bot.domain.dates.items import Mark
from bot.domain.dates.words import WEEKDAYS

_ABLE = (
    "(?:peu[xt]?|px|jpe|jpeu[xt]?|jpx|j?pourr?ai[st]?|pourra|j?serai[st]?|sera|suis|chuis?|jsuis|jss"
    "|j?viens|j?viendrai|j?vais|arrange|va|marche|convient|j?veux|est|c|cest)"
)
_ACTIVITY = r"(?:cours|ecole|taf|boulot|travail|stage|formation|entrainement)"
_WORK = r"(?:j?bosse|j?travaille|j?taffe|j?taf|bosserai|travaillerai)"
_BUSY = (
    rf"(?:je {_WORK}|j(?:bosse|travaille|taffe|taf)|occupee?|indispo|absente?"
    rf"|(?:suis |jsuis |chuis? )?en (?:{_ACTIVITY}|vacances|deplacement)"
    rf"|(?:j ai|jai|g|j) (?:deja )?(?:{_ACTIVITY}|(?:un )?(?:truc|entretien|examen)|autre chose))"
)
_FINE = r"(?:souci\w*|pb|probleme\w*|grave|mal|encore|oublie|besoin|inquiet\w*|si|d accord)"
_OVER = (
    "(?:rate|loupe|manque|zappe|lache|quitte|arrete|perdu|fini|termine|obtenu|eu|demenage|abandonne"
    "|oublie|passe|repris)"
)

_ASKED = right(r"\?")
_A_TIME = right(rf"(?:(?:le|a|pour|ce) )?(?:\d{{1,2}}|{'|'.join(WEEKDAYS)}|demain|matin|soir)")
_QUESTION = re.compile(r"[^.]{0,120}\?")


def _mark(mark: Mark, starts: str, pattern: str) -> Rule:
    return rule(starts, pattern, lambda found: mark)


def _cannot(found: Found) -> Mark:
    """ "je peux pas"; "on peut pas mardi ?" is a wish."""
    asks = found["asks"] and _QUESTION.match(found.scene.text, found.end)
    return Mark.CAN if asks else Mark.CANNOT


def _no(found: Found) -> Mark | None:
    """ "mardi non, jeudi" refuses mardi; "mardi, non ?" asks."""
    return None if found.after(_ASKED) else Mark.NO


def _too(found: Found) -> Mark:
    """ "c trop tôt 9h", "9h c trop tôt"; further on, it speaks of something else."""
    return Mark.CANNOT if found.after(_A_TIME) else Mark.NO


RULES = (
    rule(
        "bon bonne bonnes bons bone",
        "bon(?:ne|s|nes|e)? (?:fin de )?(?:journee|soir|apresmidi|weekend|semaine|matin|nuit)",
        None,
    ),
    rule("du", "du jour au lendemain", None),
    rule("vacances", r"vacances (?:de |d |du )?(?:la |l )?\w+", None),
    rule(
        "il y ya depuis ca sa pendant durant pdt pour",
        "(?:il y a|y a|ya|depuis|[cs]a fait|pendant|durant|pdt|pour)"
        " (?:environ |plus de |moins de |deja |genre |bientot )?"
        r"(?:\d{1,3}|une?|des|quelques|(?:la|les) \d{1,3})"
        r" (?:jour|j|semaine|mois|ans?|annees?|h|min)(?: \d\d)?",
        None,
    ),
    _mark(
        Mark.SINCE,
        "depuis nee ne naissance anniv anniversaire",
        r"depuis|nee?(?= (?:le \d|en \w|un ))|naissance(?: est)?(?: le)?"
        "|anniv(?:ersaire)?(?: est| c| c est)?",
    ),
    rule("pourquoi pk pq prk pkoi", r"(?:pourquoi|pk|pq|prk|pkoi) pas", None),
    rule(
        "y ya t ta tas vous ai aurais",
        "(?:y a|ya|t as|t a|ta|tas|vous avez|t aurais|auriez vous|avez vous)(?: vraiment)? pas(?! (?:moyen|possible))",
        None,
    ),
    rule(
        "je sais jsais sait derange derangez embete gene oublie oublier inquiete tkt tinquiete",
        r"(?:je )?(?:sais|jsais|sait|derange|embete|gene|oublie|inquiete|tkt|tinquiete) pas",
        None,
    ),
    rule("pas", rf"pas (?:de |d )?{_FINE}", None),
    _mark(
        Mark.MISSED,
        "jai j ai g on as a avais est suis chui chuis jsuis etais jetais il elle",
        f"(?:jai|ai|g|as|a|avais|est) (?:pas pu venir|(?:pas )?(?:encore |deja )?{_OVER})"
        "|(?:suis|chuis?|jsuis) (?:pas )?(?:venue?|passee?|allee?)|j etais|jetais|etais",
    ),
    _mark(
        Mark.UNTIL,
        "jusqu jusqua jusque jusquau d dici pas plus au avant",
        r"jusqu(?:a|au|e)?|d ici|dici|(?:pas )?plus tard que|au plus tard|avant(?= la fin)",
    ),
    _mark(
        Mark.CAN,
        "je j jai ai g ya bosse jbosse travaille jtravaille taffe jtaffe jtaf",
        f"(?:je |j )?(?:{_WORK} pas|(?:jai|ai|g|ya) pas (?:de |d |en )?{_ACTIVITY})",
    ),
    rule("tu t on vous", r"(?P<asks>tu|t|on|vous) (?:peux|peut|pouvez|px|pourrait|pourrais) pas", _cannot),
    _mark(
        Mark.CANNOT,
        "*",
        rf"{_ABLE} (?:vraiment |meme |du tout )?(?:pas|plus)"
        rf"(?! (?:de |d )?{_FINE}(?!\S)| avant| apres| plus)"
        "(?: trop| du tout)?(?: dispo| possible| libre| la| ok| bon| venir)?",
    ),
    _mark(Mark.CANNOT, "*", _BUSY),
    _mark(
        Mark.CANNOT,
        "pas c cest mort impossible ya y ai jai g",
        "(?:c |cest |c est )?(?:mort|impossible)|(?:ai|jai|g) pas (?:le temps|le droit|envie)"
        "|(?:y a |ya )?pas (?:trop |du tout )?(?:dispo|possible|libre|moyen|ok|faisable)",
    ),
    rule("non nan nn", "non|nan|nn", _no),
    rule("c cest trop", "(?:c |cest |c est )?trop (?:tot|tard|loin|juste)", _too),
    _mark(
        Mark.NOT,
        "pas sauf ni jamais excepte hormis hors plutot",
        r"plutot que|pas(?: trop)?(?: pour)?|sauf(?: pas)?|ni|jamais|excepte|hormis|hors",
    ),
    _mark(
        Mark.CAN,
        "ok oui ouais ca sa va dispo libre c cest nickel parfait possible good",
        "ok|oui|ouais|[cs]a (?:me |m )?(?:va|marche|convient|arrange)(?! pas)"
        "|(?:c |cest |c est )?(?:bon|ok|possible|good)|dispo|libre|nickel|parfait",
    ),
    _mark(
        Mark.PREFER,
        "plutot idealement surtout je j prefere jprefere prefererais",
        r"plutot|idealement|surtout|(?:je |j )?j?prefere(?:rais)?",
    ),
    _mark(Mark.THAN, "que", "que"),
    _mark(
        Mark.BETTER,
        "de c cest mieux serait si",
        r"de (?:preference|pref)|(?:c |cest |c est |serait |ce serait )?(?:le )?mieux",
    ),
    _mark(
        Mark.AHEAD,
        "peux peut px jpeux remettre decaler reporter reprendre deplacer repasser"
        " revenir autre nouveau voudrais veux jveux",
        "peux|peut|px|jpeux|remettre|decaler|reporter|reprendre|deplacer|repasser"
        "|revenir|autre|nouveau|voudrais|veux|jveux",
    ),
    _mark(Mark.STOP, ".", r"\."),
    _mark(Mark.ASK, "?", r"\?"),
    _mark(
        Mark.BUT,
        "mais ms sinon par en donc psk pcq parce pasque car vu",
        "mais|ms|sinon|par contre|en revanche|donc|psk|pcq|parce que|pasque|car|vu que",
    ),
    _mark(Mark.COMMA, ", puis", r",|puis"),
    _mark(Mark.OR, "ou et / voire", r"ou|et|/|voire"),
    _mark(Mark.FROM, "a apartir des partir", r"a partir|apartir|des|partir"),
    _mark(Mark.AFTER, "apres", "apres"),
    _mark(Mark.BEFORE, "avant", "avant"),
)
