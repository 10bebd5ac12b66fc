"""What danger looks like in text-message French, and the figures of speech that only look like it.

Written for text without accents, in lower case, with "jveux" already parted into "je veux". Each rule names
literal pieces of words (`hints`): its expression is only tried on a text that holds one. Every repetition is
bounded, so that the time spent grows no faster than the text.

Sources: the service's safeguarding protocol; the misspellings are those of the text-message lexicon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.safety.reading import Kind, Level, Who

_C, _H, _L = Level.CRITICAL, Level.HIGH, Level.CONCERN


@dataclass(frozen=True)
class Rule:
    """One way of saying a danger. `hints`: the text must hold one of them for the rule to be tried."""

    kind: Kind | None
    level: Level
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    who: Who = Who.SELF
    urgent_if_now: bool = False
    """"ce soir", "maintenant" near it make it critical."""
    milder_if_past: bool = False
    """An adult's past, over: a concern."""
    gone_if_laughing: bool = False


# Words that may stand between two parts of a rule, but never a negation.
_GAP = r"(?:(?!pas\b|jamais\b|ni\b)[\w'-]{1,20},? ){0,%d}"
_PIECES = {
    "G1": _GAP % 1,
    "G2": _GAP % 2,
    "G3": _GAP % 3,
    "G5": _GAP % 5,
    "ANY3": r"(?:[\w'-]{1,20},? ){0,3}",
    "WANT": r"(?:je (?:veux|voudrais|ve|souhaite|reve de|prefere\w*|pense a|songe a)|j'(?:aimerais|ai (?:trop |juste |grave |"
    r"tellement |souvent |parfois |que |qu'une )?(?:envi\w?|hate)(?: de| d')?)|envi\w? (?:de |d')|vouloir|besoin de|"
    r"j'y pense|qu'une envi\w?(?: de| d')?|autant|ferais mieux de|je serais mieux|feraient mieux)",
    "KILLME": r"(?:(?:me|m') ?(?:tue\w{0,2}|tu[ae]i\w*|suis?cid\w*|sui6de\w*|butt?er?|but[ez]|flingu\w*|pend(?:re|s)?|"
    r"fout\w* en l'? ?air|jeter? (?:sous|du|d'un|par|dans le vide|sur les rails|de la)|noyer|defenestr\w*|"
    r"(?:tir(?:er?|e) une balle)|(?:ouvr\w*|taill\w*|coup\w*|tranch\w*) les? ve?a?i?nes?|en finir|supprim\w*|"
    r"faire sauter la (?:tete|cervelle)|foutre une balle|unalive|shoote?r pour de bon|laisser mourir|crash\w*|"
    r"empoisonn\w*|immol\w*|exploser la tete)|unalive)",
    "DIE": r"(?:mour+ir?\w{0,2}|mourr?ire?|creve\w{0,2}|etre mort\w?|etre plus la|en finir|disparaitre|"
    r"ne plus (?:etre|exister|vivre|me reveiller)|plus (?:etre|exister|me reveiller)|partir pour (?:de bon|toujours))",
    "HIT": r"(?:frap+\w{0,4}|tap(?:e|es|er|ait|ent|e)|cogn\w{1,4}|bat(?:s|tu|tue|tre|tait|tent)?|tabass\w{1,4}|"
    r"defonc\w{1,3}|gifl\w{1,4}|etrangl\w{1,4}|viol+ent\w{0,3}|brutalis\w*|roue\w? de coups|bris\w{1,3}|poignard\w*|"
    r"eclat(?:e|er|es)|demont(?:e|er)|lynch\w*|massacr\w*|bous+cul\w*|mal+trait\w*|saut\w{1,2} dessus)",
    "HE": r"(?:il|elle|ils|elles|on|(?:mon|ma|mes|son|le|un|des) (?:beau[ -]|belle[ -]|ex[ -]|petite? |grande? |vieux )?"
    r"(?:pere|mere|papa|maman|parents?|frere|soeur|freres|oncle|tonton|tante|cousine?|mec|copain|copine|conjointe?|mari|"
    r"femme|ex|petit ami|compagnon|compagne|beau-pere|beau pere|beauf|voisin|patron|coloc|educateur|prof|chef|gars|type|"
    r"homme|mecs|vieux|daron\w*|collegue|pote|gosse|fils|fiance|maitre de stage|client|famille|meuf))",
    "CHILD": r"(?:(?:mon|ma|mes|son|sa|ses|leur|le|la|les|un|une|des) (?:(?:petite?s?|tout petit) (?:frere|soeur|freres|soeurs|"
    r"cousine?|niece|neveu|fille|garcon)s?|(?:fille|fils|bebes?|gosses?|enfants?|gamine?s?|petite?s?|nourrisson|niece|neveu|"
    r"garcon)|(?:frere|soeur) de \d{1,2} ans|mome\w?)|(?:frere|soeur|cousine?|fille|fils|neveu|niece) (?:de |qui a )"
    r"(?:\d|1[0-4]) (?:ans|mois))",
    "PILLS": r"(?:cachets?|medoc\w*|medic(?:am)?\w*|comprim\w*|cacheton\w*|doliprane\w*|xanax\w*|pilules?|somnif\w*|paracetamol\w*|"
    r"gelules?|boites?|plaquettes?|tramadol\w*|antidepr\w*|anxio\w*|lexomil\w*|javel|lyrica|valium)",
    "HOME": r"(?:chez moi|chez nous|a la maison|la maison|mon foyer|du foyer|chez mes parents|chez (?:mon|ma) \w{2,12}|appart\w*)",
    "OUT": r"(?:dehors|a la porte|de chez (?:moi|nous|lui|elle|eux|mes|ma|mon)|de la maison|de l'appart\w*|du foyer|a la rue)",
    "RIDE": r"(?:voiture|caisse|bagnole|camion(?:nette)?|gare|parking|hall|cave|squat|rue|parc|abri ?bus|cage d'escalier|"
    r"garage|tente|banc|foret|metro|cabane|local poubelle|laverie|quai|car|jardin public|escaliers?|entree d'immeuble)",
}


@dataclass(frozen=True)
class Together:
    """Words that make a danger when they stand near each other, in any order."""

    kind: Kind | None
    level: Level
    first: re.Pattern[str]
    others: tuple[re.Pattern[str], ...]
    who: Who
    unless: re.Pattern[str] | None
    urgent_if_now: bool
    milder_if_past: bool


def _compiled(pattern: str) -> re.Pattern[str]:
    for name, piece in _PIECES.items():
        pattern = pattern.replace("{" + name + "}", piece)
    return re.compile(r"\b(?:" + pattern + r")")


def _rule(kind: Kind | None, level: Level, hints: str, pattern: str, who: Who = Who.SELF, **flags: bool) -> Rule:
    return Rule(kind, level, _compiled(pattern), tuple(hints.split("|")), who, **flags)


def _now(kind: Kind, hints: str, pattern: str, who: Who = Who.SELF) -> Rule:
    return _rule(kind, _H, hints, pattern, who, urgent_if_now=True)


def _near(
    kind: Kind | None,
    level: Level,
    first: str,
    *others: str,
    who: Who = Who.SELF,
    unless: str | None = None,
    urgent_if_now: bool = False,
    milder_if_past: bool = False,
) -> Together:
    return Together(
        kind,
        level,
        _compiled(first),
        tuple(_compiled(other) for other in others),
        who,
        _compiled(unless) if unless else None,
        urgent_if_now,
        milder_if_past,
    )


_KILL = "tue|tua|uicid|uiscid|ui6d|but|fling|pend|l'air|l' air|en lair|jet|noy|fenestr|balle|vein|vain|finir|supprim|sauter|unalive|laisser mourir|crash|empoison|immol|exploser la"
_DIE = "mour|mort|creve|finir|dispara|plus la|plus etre|plus exister|plus vivre|reveill|partir pour"
_HIT = "frap|frape|tap|cogn|bat|tabass|defonc|gifl|etrangl|violen|brutal|coups|bris|poignard|eclat|demont|lynch|massacr|cul|maltrait|saut"
_PILL = "cachet|medoc|medic|compri|doliprane|xanax|pilule|somnif|paracet|gelule|boite|plaquette|tramadol|antidep|anxio|lexomil|javel|lyrica|valium"

RULES: tuple[Rule, ...] = (
    # ---- suicide: about to
    _rule(Kind.SUICIDE, _C, _KILL, r"je (?:m'en )?va(?:is?)? {G2}{KILLME}"),
    _rule(Kind.SUICIDE, _C, _KILL, r"je (?:me|m') ?(?:tue|suicide|bute|flingue|pends|supprime|jette sous|jette du|tire une balle|fous en l'air|"
          r"laisse mourir|ouvre les ve?a?ines?)\b"),
    _rule(Kind.SUICIDE, _C, "finis|finit|finir", r"(?:j'en finis?t?\b|je va(?:is?)? (?:vraiment |bientot )?en finir)"),
    _rule(Kind.SUICIDE, _C, "saut", r"je (?:vais? |va )?saute?r?(?: du| d'un| par| de la| dans le vide| sous|$)"),
    _rule(Kind.SUICIDE, _C, "pont|toit|rails|voie|bord|falaise|fenetre|balcon",
          r"je (?:suis|me tiens) (?:{G2})(?:sur|au bord|debout) {G2}(?:pont|toit|rails|voies?|vide|falaise|rebord|fenetre|balcon)"),
    _rule(Kind.SUICIDE, _C, "corde|fusil|flingue|lames?|couteau|prepare|pret", r"(?:la corde|le fusil|le flingue|la lame|tout) (?:est |qu'il faut )?"
          r"(?:prete?|la devant moi|dans (?:ma|la) main)|j'ai (?:tout prepare\w?|prepare (?:la corde|mes cachets|ma lettre)|deja tout prevu)"),
    _rule(Kind.SUICIDE, _C, "adieu", r"adieu(?:x)?(?: tout le monde| a tous| a toutes| les gens| la vie| ce monde| monde| maman| papa| mes?| ma| et (?:merci|pardon|desole)|"
          r",? (?:merci|pardon|desole|je vous|je t)|$)|lettres? d'adieu|(?:mes|dire|dit) adieux?"),
    _rule(Kind.SUICIDE, _C, "dernier", r"(?:mon|mes|ma) dernier(?:e|s|es)? (?:message|mots?|nuit|soir|jour|soiree|heures?|texto)\b(?! de (?:cours|travail|stage|formation|contrat|taf|boulot|vacances|conge))"),
    _rule(Kind.SUICIDE, _C, "plus la|plus de ce monde|plus vivant|plus en vie|mort",
          r"(?:demain|ce soir|bientot|apres ce soir|dans (?:une|1|2|deux) heures?) {G2}(?:je serais? (?:plus (?:la|de ce monde|vivante?|en vie)|morte?))|"
          r"je serais? (?:plus (?:la|de ce monde|en vie)|morte?) (?:demain|ce soir|bientot)"),
    _rule(Kind.SUICIDE, _C, "acte", r"(?:vais|va|pret\w? a|envie de|veux) pass(?:er|e)? a l'acte|je passe a l'acte"),
    _rule(Kind.SUICIDE, _C, "decide", r"j'ai decide (?:de (?:mourir|partir pour de bon|me tuer)|que c'etait fini|d'en finir)"),
    _rule(Kind.SUICIDE, _C, "tue|finir|uicid|mour|but|pend|saut|adieu|cachet|medoc|fusil",
          r"(?:(?:mon|ma|mes|un|une) (?:meilleure? )?(?:pote|ami\w?|copine|copain|frere|soeur|mere|pere|cousine?|mec|meuf|ex|coloc|fils|fille|femme|mari)|il|elle) "
          r"{G5}(?:(?:va|veut|compte|menace de|vient d'essayer de|allait|est en train de) {G1}(?:se (?:tuer|suicider|pendre|buter|jeter|flinguer|foutre en l'air)|en finir|sauter (?:du|par|d'un)))",
          Who.OTHER),
    # ---- suicide: thoughts
    _now(Kind.SUICIDE, _KILL, r"{WANT} {G2}{KILLME}"),
    _now(Kind.SUICIDE, _DIE, r"{WANT} ?{G3}{DIE}(?! (?:de (?:rire|faim|soif|chaud|honte|froid|la (?:liste|conv))))"),
    _now(Kind.SUICIDE, "mour|mort|crev", r"(?:je (?:prefere\w*|meriterais?|merite|devrais) {G2}(?:mourir|crever|etre morte?|la mort)|plutot mourir|j'ai qu'a (?:crever|mourir))"),
    _now(Kind.SUICIDE, "viv|vie", r"(?:plus|pas|aucune?|perdu l'|perdu) (?:trop |du tout |vraiment |l')?(?:envi\w?|gout|raisons?|force|courage|interet) (?:de|a|pour) (?:la )?viv?[re]e?"),
    _now(Kind.SUICIDE, "viv", r"je (?:n')?(?:ne )?(?:veux|peux|supporte|arrive|tiens) (?:plus|pas) (?:de |a )?vivre(?! (?:chez|avec|ici|la|dans|en|a|comme|seul|sans|au|sous|loin)\b)"),
    _now(Kind.SUICIDE, "vie", r"(?:marre|fatigue\w?|ras-le-bol|ras le bol|assez|lasse?|degoute\w?) (?:de|d'etre en) (?:la |ma |cette )?vie\b(?! (?:de (?:bureau|famille|quartier)|chere|scolaire|active|en (?:coloc|foyer|ville|campagne)))"),
    _now(Kind.SUICIDE, "vie", r"(?:la|ma) vie (?:ne |n')?(?:vaut|sert|a|m'interesse) (?:plus |pas |a )?(?:la peine|le coup|rien|aucun sens|plus aucun sens|de sens)|(?:mettre fin|un terme|fin) a (?:ma vie|mes jours|tout ca)"),
    _now(Kind.SUICIDE, "uicid|uiscid|sui6", r"(?:idees?|pensees?|envies?|pulsions?) (?:\w{1,5} )?suis?cid\w*|(?:pens[eea]\w{0,2}|songe\w{0,2}|penser|reflechi\w*|idee\w?|pensees?) (?:\w{1,8} )?(?:au|a me|de) suis?cid\w*|"
         r"suis?cidaires?$|je suis suis?cidaire|^suis?cid\w*$|(?:la|seule) solution (?:c'est )?(?:le )?suis?cid\w*"),
    _now(Kind.SUICIDE, "noir", r"(?:idees?|pensees?) (?:tres |trop |super |bien )?noires?|broie du noir"),
    _now(Kind.SUICIDE, "sans moi", r"sans moi,? {ANY3}(?:ca |ce |c'est|ils|elle|il|tout|le monde|serai\w*|ira\w*|mieux)"),
    _now(Kind.SUICIDE, "sans moi", r"(?:mieux|heureux|tranquilles?|soulages?) (?:sans moi|si j'etais (?:plus la|morte?))"),
    _now(Kind.SUICIDE, "de trop|2 trop", r"je suis (?:\w{2,10} )?(?:de|2) trop\b(?! bonne? (?:humeur)|(?: \w+)? dans (?:le|la) (?:groupe|liste|file))"),
    _now(Kind.SUICIDE, "rien|inutile|poids|fardeau|boulet", r"je (?:ne )?sert?s? {G1}a rien\b|je suis (?:qu')?(?:un|juste un|vraiment un|qu'un) (?:poids|fardeau|boulet)\b|je suis (?:completement |totalement )?inutile"),
    _now(Kind.SUICIDE, "nait|naitre|nee|ne|exist", r"(?:prefere\w*|aurais (?:du|aime)|voulu|mieux) (?:ne |de )?(?:jamais|pas) (?:etre nee?|naitre|exister)|j'aurais pas du naitre|pas demande a naitre"),
    _now(Kind.SUICIDE, "ts|tentative", r"(?:fait|faire|fais|refai\w+|apres|depuis|avant|pour|suite a|ma|mes|une|deux|2|3|d'une?|de ma|derniere|premiere) (?:ma |une |des |mes |encore une |deja une )?ts\b(?! les| mes| tes| ses| nos| vos| ces)|"
         r"tentatives? de suis?cid\w*|j'ai (?:deja )?(?:tente|essaye|voulu) (?:\w{2,6} )?(?:de |d')?(?:mourir|me (?:tuer|suicider|pendre|foutre en l'air)|en finir)"),
    _now(Kind.SUICIDE, "reveill", r"(?:plus|pas|jamais)(?: jamais)? (?:me |m'en )?reveill\w*(?! (?:tot|a l'heure|a \d|le matin|avant|pour))|m'endormir {G3}(?:jamais|toujours|reveill\w*)"),
    _now(Kind.SUICIDE, "dispara", r"si je (?:disparais\w*|disparaissais?|mourr?ais?|crevais?|meurs) {G3}(?:personne|rien|tout le monde|ca)|personne {G5}si je (?:mourr?ais?|mourais|disparais\w*|crev\w*|meurs)|disparaitre (?:pour (?:toujours|de bon)|de cette terre|de ce monde|a jamais)"),
    _now(Kind.SUICIDE, "mour|crev|meurs|suis mort", r"personne {G5}(?:si je (?:mourr?ais?|mourais?|crev\w*|meurs)|quand je serais? morte?)|quand je serais? morte?"),
    _now(Kind.SUICIDE, "quoi bon|quoi ca sert|a quoi sa sert", r"a quoi (?:bon|ca sert|sa sert)(?: de| d')? (?:vivre|continuer|exister|rester en vie|la vie|etre (?:la|en vie))"),
    _now(Kind.SUICIDE, "solution|issue|sortie", r"(?:plus|pas|aucune|seule|d') ?(?:d')?(?:autre )?(?:solution|issue|sortie) {G3}(?:la mort|mourir|le suis?cide|en finir|me tuer)"),
    _now(Kind.SUICIDE, "kms|kys|unalive|kill myself|want to die|suicidal|end it all", r"(?:kms\b|me unalive|unalive|kill myself|want to die|wanna die|suicidal|end it all)"),
    _now(Kind.SUICIDE, "mour|crev|tue|uicid|plus la", r"(?:me dis?|pense|imagine) {G2}que (?:je |ce |ca )?{G3}(?:mieux|crever|mourir|me tuer|morte?)|mieux (?:morte?|si j'etais (?:morte?|plus la))|je serais mieux (?:morte?|la-haut|six pieds)|vouloir mourir"),
    _now(Kind.SUICIDE, "plus la", r"(?:j'aimerais|je voudrais|je veux|envi\w? de|voudrais) (?:ne )?(?:plus etre|plus) (?:la|de ce monde)\b"),
    _rule(Kind.SUICIDE, _H, "mour|uicid|tuer|finir|viv|buter|pend|ts|foutre", r"(?:(?:mon|ma|mes|un|une|sa|son) (?:meilleure? |petite? |grande? )?(?:pote|potes|ami\w?|copine|copain|frere|soeur|mere|pere|cousine?|mec|meuf|ex|coloc|fils|fille|femme|mari)|il|elle)"
          r" {G5}(?:(?:veut|voulait|parle de|pense a|a envie de|menace de|dit vouloir|a essaye de|a tente de) {G1}(?:mourir|se (?:suicider|tuer|pendre|buter|foutre en l'air)|en finir|crever)|(?:veut|a) plus (?:envie de )?vivre|fait une ts|(?:des )?idees noires|(?:suis|s'est) suicid\w*|(?:pense|songe) au suicide)",
          Who.OTHER, urgent_if_now=True),
    _rule(Kind.SUICIDE, _L, "pas me|pas mour|pas en finir", r"je (?:ne )?(?:vais|veux|compte|va) pas (?:me (?:tuer|suicider|buter|pendre|foutre en l'air)|mourir)"),
    # ---- self-harm
    _rule(Kind.SELF_HARM, _C, "vein|vain|saign|profond|sang", r"(?:me suis|m'suis) (?:ouvert|taille|coupe\w?|tranche) (?:les? )?(?:ve?a?ines?|poignets?|trop profond)|coupe\w? trop profond|(?:ca|sa) (?:saigne|sarrete|s'arrete) {G2}(?:beaucoup|trop|pas de saigner|plus de saigner)|"
          r"(?:coupe\w?|scarifie\w?|taillade\w?) {G5}(?:saigne (?:beaucoup|trop|pas mal|grave)|arrete pas de saigner)"),
    _now(Kind.SELF_HARM, "scarif", r"scarif\w{1,6}|scarif$|me scarif"),
    _now(Kind.SELF_HARM, "mutil|taillad|lacer|automutil", r"(?:me|m'|auto-?|se) ?mutil\w{1,5}|automutil\w*|me (?:taillad|lacer)\w{1,4}"),
    _now(Kind.SELF_HARM, "coupe|coup\u00e9", r"(?:me|m') ?(?:coupe\w?|couper) {G1}(?:les? (?:bras|poignets?|cuisses?|jambes?|avant-bras|ventre|peau)|expres|volontairement|au cutter|avec (?:une lame|un cutter|un rasoir|des ciseaux)|pour (?:me calmer|oublier|sentir|me punir))|"
         r"(?:recommence|envi\w?|besoin|arrive pas a arreter|arreter|continue|replonge\w?)(?: a| de) me couper|me suis (?:re)?coupe\w? (?:expres|volontairement|les bras|encore|la cuisse|le bras|le poignet)|je me coupe$|je me coupe (?:tous|encore|quand|depuis|le soir)"),
    _now(Kind.SELF_HARM, "mal", r"me fai(?:s|re|t) (?:du |volontairement |expres )?(?:mal|souffrir) (?:expres|pour|volontairement|a moi|toute? seule?|moi[ -]meme|quand|tous|le soir)|envi\w? de me faire (?:du )?mal|me faire du mal"),
    _now(Kind.SELF_HARM, "brul|cogne|tape|frappe", r"me brul\w{1,2} {G5}(?:expres|volontairement)|(?:me (?:cogne|tape|frappe)|tape|cogne|frappe) (?:ma|la) tete (?:contre|dans|sur)|me (?:cogne|tape|frappe) (?:la tete|le crane) (?:contre|dans|sur)"),
    _rule(Kind.SELF_HARM, _H, "mutile|coupe|scarif|veine", r"(?:elle|il|(?:ma|mon|sa) (?:petite? |grande? |meilleure? )?(?:soeur|frere|pote|copine|copain|amie?|cousine?|fille|fils)) {G2}(?:se (?:mutile|coupe (?:les|expres|le bras)|scarifie|fait du mal|taillade))", Who.OTHER, urgent_if_now=True),
    # ---- overdose
    _rule(Kind.OVERDOSE, _C, _PILL, r"(?:pris\w?|aval\w{1,3}|gob\w{1,2}|bu|ingere\w?|mange|enfile|m'enfiler|prendre|avale?r?|gobe?r?) {G2}(?:toutes?|tous|tt|trop de?|plein de|une boite|des boites|deux boites|la boite|\d{2,3}|une plaquette|un tube|une vingtaine|une trentaine|deux plaquettes|[3-9] (?:boites|plaquettes)|de la) ?(?:l[ea]s? |mes |ses |sa |ma |mon |son |de |d'|une? )?{G2}{PILLS}"),
    _rule(Kind.OVERDOSE, _C, "overdose|surdose|od", r"(?:fai[ts]|en|fais|faire|suis en|risque) (?:\w{2,8} )?(?:overdose|surdose|od)\b(?! de (?:chocolat|series?|sucre|travail|pub|tiktok|bonbons))|bad trip {G5}(?:coeur|mourir|respire)|^overdose$"),
    _rule(Kind.OVERDOSE, _C, "melang", r"melang\w{1,3} {G5}(?:alcool|cachets?|medocs?|codeine|xanax|drogue|lean|coke|methadone|ghb|tramadol) {ANY3}{ANY3}(?:repond|reveill|respir|sens|partir|mal|bouge|tombe)"),
    _rule(Kind.OVERDOSE, _C, "convuls|reveille|bave|bleu|vomi|coma", r"(?:pris|fume|sniffe|bu|gobe|injecte|shoot\w*|consomme) {ANY3}{ANY3}{ANY3}(?:convuls\w*|reveille (?:pas|plus)|repond (?:pas|plus)|levres bleues|respire (?:mal|plus|pas)|bouge plus|coma)|"
          r"(?:convuls\w*|se reveille (?:pas|plus)|repond plus|respire mal) {ANY3}{ANY3}(?:pris|fume|sniffe|bu|gobe|drogue|injecte)|coma ethylique", Who.OTHER),
    _rule(Kind.OVERDOSE, _C, "boire|bu", r"(?:bu|avale|boire|pris) (?:de la |de l'|du )(?:javel|eau de javel|deboucheur|mort aux rats|destop|antigel|white spirit)"),
    # ---- violence
    _rule(Kind.VIOLENCE, _C, _HIT + "|agress", r"en train de (?:me |m'|la |le |nous |se (?:faire )?|taper |frapper )?{G1}(?:{HIT}|agress\w*|tuer)"),
    _rule(Kind.VIOLENCE, _C, _HIT + "|secours|aide", r"(?:au secours|aide[zr]?[ -]moi|a l'aide|vite|help|sos) {ANY3}{HE} {G2}(?:me |m'|nous |la |le )?{G1}{HIT}|{HE} (?:me|m'a|nous) {HIT} {G2}(?:la$|maintenant|en ce moment|la la|tout de suite|la maintenant|la,)"),
    _rule(Kind.VIOLENCE, _C, "tuer|buter|planter|fumer|egorger|crever|descendre|bruler", r"(?:{HE} )(?:me |m'|nous )?(?:va|vont|veut|veulent|essaie de|essaye de|a essaye de|ont essaye de|menace de|vient d'essayer de|dit qu'il va|est venu|arrive pour|jure qu'il va|cherche a|cherchent a) {G1}(?:me |m'|nous |la |le )(?:tuer|buter|planter|fumer|egorger|crever|descendre|bruler|poignarder|defoncer|tirer dessus)(?! (?:si je (?:rate|perds|suis en retard|oublie|valide|loupe|viens pas)|s'il voit|si il voit|si elle voit|quand|a fifa|au))"),
    _rule(Kind.VIOLENCE, _C, "etrangl|etouff|serre", r"{HE} (?:m'|me |est en train de m'|nous |l')(?:etrangle|etouffe|serre la gorge|serre le cou)\b"),
    _rule(Kind.VIOLENCE, _C, "couteau|arme|fusil|machette|flingue|batte|pistolet|hache|lame", r"{HE} {G2}(?:a |avec |sorti |pointe |tient |est arme |sort |me menace avec |prend |pris |est la avec |devant .{0,15}avec |arrive avec )(?:un|une|son|sa|le|la|des) (?:couteau\w?|arme|fusil|machette|flingue|batte|pistolet|hache|lame|cutter)(?! suisse)"),
    _rule(Kind.VIOLENCE, _C, "couteau|arme|fusil|machette|flingue|batte|pistolet", r"(?:me |m'a |nous )menace {G3}(?:couteau|arme|fusil|machette|flingue|batte|pistolet)|(?:devant|derriere|en bas) {ANY3}{ANY3}avec (?:un|une|des) (?:couteaux?|armes?|fusil|machette|flingue|batte)"),
    _rule(Kind.VIOLENCE, _C, "porte|cache|enferm", r"(?:defonce|casse|force|tambourine|tape|cogne|frappe|fracasse) (?:a |sur |dans )?(?:la|ma) porte {ANY3}(?:peur|il|elle|de|et|pour)|{HE} (?:defonce|fracasse|force) (?:la|ma) porte|"
          r"je (?:me )?suis (?:\w{2,6} )?(?:cachee?|enfermee?|planquee?|barricadee?)(?: \w{1,6}){0,5} {ANY3}(?:veut|va|peur|tape|frappe|crie|hurle|casse|gueule|dehors|derriere|me cherche)|je me cache (?:dans|sous|de)"),
    _rule(Kind.VIOLENCE, _C, "planter|en bas|attendent|tuer|poignard|plante", r"(?:ils|des mecs|des gars|ils sont) {G5}(?:veulent|vont|pour|cherchent a) (?:me |m')(?:planter|tuer|buter|tabasser|taper|frapper|defoncer|fumer|choper)|(?:je viens de me faire|on vient de me|viens de me faire) (?:planter|poignarder|tabasser|agresser|tirer dessus|frapper|taper)|(?:je me suis|on m'a) (?:fait )?(?:plante\w?|poignarde\w?|tire dessus)"),
    _rule(Kind.VIOLENCE, _H, _HIT, r"{HE} (?:n'arrete pas de |passe son temps a |a encore |continue (?:de|a) |recommence a |ose |finit par |)(?:m'a |m'ont |m'avait |me |m'|nous |nous a )(?:encore |souvent |beaucoup |toujours |re|deja |fait |mal |grave |tout le temps |parfois |)?{HIT}(?! (?:5|4|3|a (?:fifa|la porte|ce jeu)|dans le dos|sur l'epaule|la (?:discute|bise|honte)|\d|des barres|une barre|un (?:fou|prix|cv)|sur les nerfs|sur le systeme|le score))", milder_if_past=True),
    _rule(Kind.VIOLENCE, _H, _HIT, r"(?:me (?:faire|fais|fait|faisais) |me suis (?:deja |encore |re)?(?:fait |faite )|suis |ete |etre |m'ont |on m'a |on me |nous |m'a |me )(?:{HIT})(?: {ANY3}(?:par|a la maison|chez|dessus|tous|tout le|quand|hier|dans la rue|devant|depuis|cette|en bas|encore)|$)", milder_if_past=True),
    _rule(Kind.VIOLENCE, _H, "claque|gifle|coup|beigne|baffe|patate|ceinture|poing|bleus|cocard|droite", r"(?:{HE} |on )(?:me |m'a |m'ont |nous )(?:\w{2,7} )?(?:met|mis|donne|donnait|mettait|fout|foutu|colle|lance|file|mets|envoye|decroche|mettent|jette) {G2}(?:claques?|gifles?|coups?|beignes?|baffes?|patates?|coups? de \w+|droites?|raclees?|tartes?|trempes?)|(?:coups? de (?:ceinture|poing|pied|batons?|cable|tete|casque)|des bleus (?:partout|sur|a cause)|cocard)", milder_if_past=True),
    _rule(Kind.VIOLENCE, _H, "peur", r"peur (?:de rentrer|d'etre|de retourner|qu'il (?:me|revienne|rentre|recommence)|de (?:lui|mon (?:pere|mec|mari|copain|ex|beau-pere|frere|conjoint)|ma mere)|quand il (?:boit|rentre|crie))(?! (?:du (?:taf|boulot|travail|bus)|tard|de nuit|a pied|en retard))"),
    _rule(Kind.VIOLENCE, _H, "menac", r"{HE} {G2}(?:me |m'a |m'ont |nous )?menac\w{1,4} (?:de mort|de me|de nous|de m'|avec|tous les jours)|menac\w{0,4} de (?:mort|me (?:tuer|frapper|buter|planter|defoncer|bruler|casser))|menaces de mort"),
    _rule(Kind.VIOLENCE, _H, "sequestr|enferm|sortir|cle|controle|partir", r"(?:{HE} |on )(?:me |m'|m'a |m'ont )(?:sequestre\w?|enferm\w{1,3})|{HE} (?:m'empeche|me laisse (?:pas|plus)|m'interdit|veut pas que je) {G1}(?:de )?(?:sortir|partir|voir (?:personne|mes)|d'aller|aller dehors)"),
    _rule(Kind.VIOLENCE, _H, _HIT + "|coup|bat|viol", r"(?:(?:mon|le|son|ma) (?:beau[ -])?(?:pere|mere|mec|mari|conjoint|copain|voisin|frere|oncle|daron)|il) {G2}(?:bat|tape|frappe|cogne|tabasse|defonce|etrangle|violente|maltraite|insulte et frappe) (?:encore |souvent |toujours |aussi )?(?:ma|mon|sa|ses|la) (?:mere|soeur|femme|copine|frere|grand-mere|daronne|maman|grand mere|voisine|pote|meuf)|"
          r"(?:ma|mon) (?:mere|soeur|copine|pote|amie?|cousine|frere|voisine|meilleure pote|meilleure amie|grand-mere) (?:se fait|est|s'est fait|subit) {G2}(?:{HIT}|battre|des violences|des coups)|" 
          r"(?:son|leur) (?:mec|mari|copain|pere|beau-pere|ex|conjoint) la (?:frappe|tape|bat|cogne|tabasse|defonce)", Who.OTHER, urgent_if_now=True),
    _rule(Kind.VIOLENCE, _H, "violences conj|violences fam|violen", r"(?:je (?:subis|vis|suis victime de)|victime de|subi) {G2}violences?|(?:il|elle|mon mec|mon copain|mon pere|mon mari|mon ex|ma mere|mon conjoint|mon beau-pere) (?:est|devient|a ete|redevient) {G1}violente? (?:avec|envers|quand|et|depuis|avec moi|$)"),
    _rule(Kind.VIOLENCE, _H, "insult|rabaiss|humili", r"{HE} (?:m'insulte|me rabaisse|m'humilie|me crache) {G5}(?:tous les jours|tout le temps|quotidien|dessus|et me|devant)"),
    # ---- sexual violence
    _rule(Kind.SEXUAL_VIOLENCE, _C, "viol", r"(?:vien\w? (?:de|d') ?(?:me )?(?:faire |etre )?|en train de (?:me )?(?:faire )?)viol\w{1,3}|{HE} (?:est en train de me|veut me|va me|essaye de me|essaie de me|me) violer?\b(?! (?:a fifa|5|4|3))|(?:sort|sors) d'un viol"),
    _rule(Kind.SEXUAL_VIOLENCE, _C, "forc|oblig|coucher", r"{HE} (?:me force|m'oblige|veut me forcer|insiste) {G3}(?:coucher|sexe|rapport|le faire|la chose|me deshabiller|sucer) {G2}(?:la$|maintenant|ce soir|la maintenant|cette nuit|en ce moment|tout de suite)"),
    _rule(Kind.SEXUAL_VIOLENCE, _H, "viol", r"(?:j'ai|je (?:me )?suis|me suis|on m'a|il m'a|elle m'a|m'a|m'ont|ete|fait|fais|m'avait|me fait|me faisait|me faire|etre) (?:deja |encore |presque |failli |fait |faite |me faire |ete |{G1})viole\w{0,2}(?! (?:\d|a (?:fifa|cod|ce jeu)|par (?:l'om|le psg|metz)|au (?:foot|basket|poker)))|(?:mon|ma|son|le|un) (?:beau[ -])?(?:pere|frere|oncle|cousin|grand-pere|mec|ex|copain|patron|voisin|mari|pote|prof|educateur) (?:me |m'a |m'avait )viol\w{1,4}|tentative de viol|essaye de me violer|^viol$|(?:mon|le) viol\b|(?:a|j'ai) subi un viol", milder_if_past=True),
    _rule(Kind.SEXUAL_VIOLENCE, _H, "touche", r"(?:on|il|elle|ils|quelqu'un|{HE}) (?:me |m'a |m'ont |m'avait |nous )(?:deja |encore |souvent |fait |)touch(?:e|er|ait|ent|ee|e)\b(?! (?:un mot|deux mots|du bois|profondement|beaucoup|pas|par|avec (?:son|ses|ta) (?:histoire|mots?|paroles?|message)|le coeur|droit|en plein coeur|deux|son|2))|(?:me (?:faire|fais|suis (?:fait|faite))|(?:ete|etre)) touche\w{0,2} (?:par|dans|quand|a |en )|touche\w? (?:les fesses|les seins|la poitrine|entre les jambes|le sexe|les parties|la cuisse|le cul)", milder_if_past=True),
    _rule(Kind.SEXUAL_VIOLENCE, _H, "attouch|agress|pelot|abus|main|culotte|pedo|inceste", r"attouchement\w?|agress\w{1,4} sexuel\w*|sexuellement (?:agresse\w?|abuse\w?)|(?:abus\w{1,3}|profit\w{1,2}) (?:sexuellement )?de moi|m'a (?:agresse\w?) dans|(?:ses|sa|les|la) mains? (?:dans|sous|sur) (?:ma|mes|mon) (?:culotte|pantalon|fesses|seins|jupe|cuisses?|soutif|haut|calecon|boxer|tee-?shirt)|(?:me|m'a) pelot\w{1,3}|inceste|abus sexuel", milder_if_past=True),
    _rule(Kind.SEXUAL_VIOLENCE, _H, "forc|oblig|coucher|rapport|sucer|contrain|non", r"(?:m'a |me |m'ont |m'avait |nous )(?:forc\w{1,3}|oblig\w{1,3}|contrain\w{1,3}) {G3}(?:coucher|rapports?|sexe|le sucer|sucer|le faire|des trucs sexuels|me deshabiller|a le toucher|une fellation|faire l'amour|des choses sexuelles|l'embrasser|trucs)|(?:couch\w{1,3}|rapport\w?|amour|relation) {G5}(?:sans (?:mon|que je sois) (?:consentement|d'accord|accord)|alors que (?:je voulais pas|je dormais|j'ai dit non))|j'ai dit non {G5}(?:continue|quand meme|fait|force)|mis (?:un truc|du ghb|quelque chose) dans mon verre", milder_if_past=True),
    _rule(Kind.SEXUAL_VIOLENCE, _H, "viol|touche|agress", r"(?:ma|mon|une) (?:meilleure |petite )?(?:pote|copine|amie?|soeur|cousine|mere|coloc|frere|cousin|voisine) (?:s'est|se|a|est|vient de) {G3}(?:viol\w{1,3}\b|touche\w{0,2} par|agress\w{1,3} sexuel\w*)", Who.OTHER),
    # ---- a child
    _rule(Kind.CHILD_IN_DANGER, _C, _HIT + "|touche|viol|secou|mange|attach", r"(?:{HE}|sa mere|son pere|la nounou|la mere|le pere|leur pere|leur mere) {G3}(?:{HIT}|touche|viole|secoue|maltraite|enferme|attache|brule|terrorise|affame|abuse (?:de )?)\w{0,3} (?:encore |souvent |sur |toujours |aussi |de |et insulte )?{CHILD}"),
    _rule(Kind.CHILD_IN_DANGER, _C, _HIT + "|touche|viol|secou|maltrait", r"{CHILD} (?:de \d{1,2} (?:ans|mois) )?(?:se fait|s'est fait|est|sont|se font|subit|a ete|qui se fait) {G2}(?:{HIT}|battue?s?|touche\w{0,2}|viole\w{0,2}|secoue\w?|maltraite\w{0,2}|abuse\w?|en danger|enferme\w?|attouch\w*)(?! (?:par (?:le|la|ton|cette) (?:histoire|musique|film)|a (?:la|sa) (?:recre|place)))"),
    _rule(Kind.CHILD_IN_DANGER, _C, "bebe|fils|fille|gosse|enfant|mal a", r"(?:j'ai|je vais|je viens de|peur de|envi\w? de|je pourrais|failli) {G2}(?:secou\w{1,2}|jeter|frapp\w{1,2}|faire (?:du )?mal a|etrangl\w{1,2}|etouff\w{1,2}|tap\w{1,2}|lacher|tuer) (?:sur )?(?:mon|ma|mes|le|la|notre) (?:fils|fille|bebe|gosses?|enfants?|petite?|nourrisson)"),
    _rule(Kind.CHILD_IN_DANGER, _C, "bebe|fils|fille|enfant|gosse|seul", r"{CHILD} {G3}(?:respire (?:plus|mal|pas)|bouge plus|est (?:tout bleu|inconscient\w?)|(?:est|sont|reste\w{0,2}) tout\w? seule?s? (?:a la maison|depuis|dans|toute la nuit)|mange plus depuis|a avale)"),
    # ---- harassment
    _rule(Kind.HARASSMENT, _H, "harcel|harsel|arcel", r"(?:me|m'|nous|se|suis|ete|etre|on m'a|m'ont) {G2}h?ar[cs]e+l+\w{0,4}|victime d[e'] ?(?:\w+ )?h?arcelement|(?:du|de|d'un|subi\w? (?:du|un)|ce|cyber-?|le) ?h?arcelement (?:au|a l|en|sur|depuis|de|par|tous|qui)|^h?arcelement$|harcel\w{1,3} (?:au (?:lycee|taf|boulot|travail|college)|sur (?:insta|snap|les reseaux|tiktok))|cyber ?harcel\w*", milder_if_past=True),
    _rule(Kind.HARASSMENT, _H, "suit|lache|espionn|surveill|guette|stalk", r"(?:mon ex|un mec|un gars|un homme|un type|il|ils|elle|mon (?:mec|mari|voisin)) (?:me (?:suit|stalke|traque|guette|surveille|harcele|poursuit)|m'espionne|m'attend) (?:partout|tout le temps|tous les jours|dans la rue|jusqu|en bas|devant|depuis|a la sortie|avec une appli|et)"),
    _rule(Kind.HARASSMENT, _H, "insult|moqu|rumeur|foutre|menace|compte|crach", r"(?:tout le monde|ils|elles|la classe|des (?:gens|mecs|filles)|toute la classe|le lycee|on) {G3}(?:m'insulte\w{0,2}|se moque\w{0,2} de moi|me crache\w{0,2} dessus|lance\w? des rumeurs|me menace\w{0,2}|me humili\w*|m'humili\w*|se fou\w{1,2} de moi) {G5}(?:tous les jours|tout le temps|sur (?:insta|snap|tiktok|les reseaux)|depuis|au lycee|au college|chaque jour)|(?:recois|recoi|recu) {G3}menaces|(?:faux compte|un compte|une page|un groupe) {G5}(?:pour (?:se (?:foutre|moquer)|m'insulter|m'afficher)|contre moi|sur moi)|on m'affiche (?:sur|partout)"),
    # ---- blackmail, exploitation
    _rule(Kind.EXPLOITATION, _H, "chant", r"(?:me |m'a |se )?(?:fai(?:t|s|re|sait)|font|fait) chanter\b(?! (?:des|une|un|la|les|en|dans|l'hymne))|chantage (?:avec|a la|aux|sexuel|video|photo|affectif|sur)|(?:subis|victime de|fait du|me fait du|me font du) (?:un )?chantage|sextor\w*"),
    _rule(Kind.EXPLOITATION, _H, "nude|photo|video|dossier", r"(?:menac\w{1,4}|va|vont|veut|veulent|a|ont|sinon (?:il|elle|ils)|il|elle|ils|on|risque de) {G2}(?:d'|de |les |mes |le |la |tout |)(?:envoy\w{1,3}|balanc\w{1,3}|diffus\w{1,3}|publi\w{1,3}|post\w{1,3}|partag\w{1,3}|montr\w{1,3}|leak\w{0,3}|fait tourner|faire tourner|affich\w{1,3}) {G2}(?:mes |ma |une |des |la |les |le |ces |nos )(?:nude|photo|video|dossier|film|image|sextape)\w{0,2}(?: \w{1,8}){0,2}(?! (?:de vacances|d'identite|de classe|du chantier))"),
    _rule(Kind.EXPLOITATION, _H, "nude|photo|video|sinon|intime", r"(?:nudes?|photos? (?:de moi )?(?:nue?|intimes?|deshabillee?)|sextape|videos? (?:de moi )?(?:nue?|intimes?|sexuelles?)) {ANY3}{ANY3}(?:tourn\w*|circul\w*|menac\w*|sinon|balanc\w*|envoy\w*|partout|public\w*|diffus\w*|argent|parents|lycee)|(?:demande|reclame|veut) {G5}(?:sinon|ou (?:il|elle)) {G3}(?:balance|publie|envoie|diffuse|montre|poste|partage)|(?:me (?:demande|force|oblige)\w?|m'oblige a) {G3}(?:d'autres )?(?:nudes?|photos? (?:nue?|intimes?|sexy))"),
    _rule(Kind.EXPLOITATION, _H, "prostitu|passe|client|mac|escort|trottoir|tapin", r"(?:me|m') ?prostitu\w{1,3}|me (?:force|oblige|fait|met) {G3}(?:clients?|tapin\w?|trottoir|prostituer|passes)|(?:je )?fai[st]? (?:des passes|le tapin|la pute pour|l'escort|de l'escort)|(?:il|elle|mon mec|mon mac|ils) (?:prend|garde|recupere) {G3}(?:argent|thune) {G3}(?:clients?|passes)|(?:coucher|voir des (?:mecs|hommes|clients)) {G2}(?:contre|pour) (?:de l'argent|de la thune|un toit|de la drogue|un logement|dormir)|prostitution forcee|dans la prostitution"),
    _rule(Kind.EXPLOITATION, _H, "deal|vendre|guett|dette|chouf|passeport|papiers|livrer|nourrice", r"(?:m'|me |nous )(?:oblig\w{1,3}|forc\w{1,3}|forcent|obligent) {G3}(?:dealer|vendre (?:de la|du|leur)|guetter|livrer (?:de|leur)|garder (?:de la|leur)|faire le (?:chouf|guetteur)|transporter|voler|travailler (?:sans|gratuit)|mendier)|(?:pris|confisque\w?|garde|retient|vole|gardent) (?:mon|mes|ma) (?:passeport|papiers|carte d'identite) {ANY3}{ANY3}(?:partir|sortir|travail|patron|rendre|laisse|dette)|patron {G3}(?:pris|confisque\w?|garde) (?:mon|mes) (?:passeport|papiers)|(?:dette|dois) {G5}(?:dealer|reseau|ils (?:me|vont)) {G3}(?:vendre|obligent|tuer|frapper|menac\w*)|esclav\w*|(?:dors|loge) (?:dans|sur) le chantier {G3}(?:pas paye|sans paye|passeport)"),
    # ---- forced marriage
    _rule(Kind.FORCED_MARRIAGE, _H, "mari", r"(?:me|m'|nous) ?mari(?:er|e|ent|e)? (?:de force|contre|avec (?:un|mon|quelqu'un|le)|au (?:bled|pays)|sans)|mariage (?:force|arrange)\b(?! (?:dans|c'est|pour))|(?:veulent|veut|vont|va|force\w{0,2}|oblige\w{0,2}|comptent) {G2}(?:a |de )?(?:que je )?(?:me |m')?(?:marie?r?|epouser)\b {ANY3}(?:force|bled|cousin|connais|veux pas|homme|lui|mec|pays|vacances|ete|quelqu'un|refuse|vieux|jamais)|(?:bled|pays|maroc|algerie|turquie|mali|senegal|pakistan|tunisie) {G3}(?:pour|afin de) {G1}(?:me )?mari\w{1,3}|me marier de force"),
    _rule(Kind.FORCED_MARRIAGE, _H, "promis|fianc|epous", r"(?:m'ont|m'a) {G1}(?:promise?|fiance\w?|donnee?) (?:a|avec|de force)|(?:obligee?|forcee?|doi[st]) {G2}(?:d'|de |a )?epouser (?:un|mon|le|quelqu'un)|m'ont (?:trouve|choisi) un mari"),
    _rule(Kind.FORCED_MARRIAGE, _H, "excis", r"(?:m'|me |ma |la |se faire |nous )(?:faire )?excis\w{1,3}"),
    # ---- runaway
    _rule(Kind.RUNAWAY, _H, "fugu|fugue", r"(?:j'ai|je vais|je veux|je suis|je|en|ai|envi\w? de|elle a|il a|ma soeur a|mon frere a|pense a|suis) {G1}(?:fugu\w{1,3}\b|en fugue)|en fugue|faire une fugue|fait une fugue"),
    _rule(Kind.RUNAWAY, _H, "barr|enfui|casse|tire|parti|sauv|echapp|quitte", r"(?:me|m'|suis|m'etais) (?:suis )?(?:barre\w?|enfui\w?|casse\w?|tire\w?|sauve\w?|echappe\w?) (?:de|du) (?:chez (?:moi|mes|nous|ma|mon)|la maison|foyer|l'ase|famille d'accueil|ma famille|mon foyer|la famille d'accueil|centre)|je me suis (?:enfui\w?|sauve\w? (?:de|du))|suis parti\w? (?:de chez (?:moi|mes parents|eux)|de la maison|du foyer) {G5}(?:sans (?:prevenir|rien dire|leur dire)|en cachette|cette nuit|hier soir|personne sait)"),
    # ---- nowhere to sleep
    _now(Kind.HOMELESS_TONIGHT, "a la rue|sdf|sans abri|sans-abri|sans domicile", r"(?:je suis|on est|suis|me retrouve|me suis retrouve\w?|on se retrouve|etre|finir|vis|vit|dors|jete\w?|mis\w?|retrouve\w?|dormir|va etre|vais etre|vais me retrouver|nuits?) (?:\w{2,10} )?a la rue|^a la rue|je (?:suis|me retrouve) (?:un )?(?:sdf|sans[ -]abri|sans domicile|sans logement)|(?:suis|deviens|devenir) sdf"),
    _now(Kind.HOMELESS_TONIGHT, "ou dormir|ou aller|endroit|ou pieuter|ou crecher|ou coucher|ou passer|ou rester|ou me poser|toit|heberg|loger", r"(?:nul+e? part|sais (?:pas|plus)|rien|aucun endroit|pas d'endroit|plus d'endroit|pas|plus|endroit|personne) (?:\w{1,4} )?(?:ou|pour|chez qui) (?:dormir|pieuter|crecher|coucher|passer la nuit|aller (?:dormir|ce soir|cette nuit)|me poser ce soir|m'heberger|rester ce soir)|nulle? part ou (?:aller|rester|vivre)|(?:ou|chez qui) (?:je )?(?:vais |peux |va |on peut |on va )?(?:dormir|dors|crecher|pieuter) (?:ce soir|cette nuit|demain|maintenant)|(?:pas|plus) de toit|personne (?:peut|veut|pour) (?:me |m')(?:heberger|loger|accueillir)|(?:pas|plus|sans) (?:d'|de )?(?:endroit|lieu|place|hebergement|logement|chambre|lit) (?:pour |ou )?{G2}(?:ce soir|cette nuit|des ce soir)"),
    _now(Kind.HOMELESS_TONIGHT, "dor", r"(?:dors|dort|dormi|dormir|dor|dormais|dormons|dorment|nuits?|vis|vit) {G2}(?:dehors|dans (?:ma|la|une|un|le|notre|sa|des|les|mon) {G1}{RIDE}|a la gare|sous (?:un|le|les) (?:pont|porche|ponts)|en (?:voiture|squat|tente)|sur un (?:banc|parking)|au parking)"),
    _now(Kind.HOMELESS_TONIGHT, "dehors|a la porte|de chez|de la maison|du foyer|vire|tej|jete|expuls", r"(?:m'a|m'ont|on m'a|nous a|nous ont|me|m'|nous) {G2}(?:mis\w?|met|foutu\w?|fou(?:t|s)|jet\w{1,3}|vire\w?|tej\w{0,2}|lourde\w?|degage\w?|expulse\w?|mettre|mettent|claque la porte|foutre|chasse\w?) {G1}{OUT}|(?:me suis|suis|fait|faire) (?:fait |faite |faire )?(?:mettre |foutre |jeter|jete\w?|virer|vire\w?|tej\w{0,2}|expuls\w{1,3}|lourder|chasser?) {G1}{OUT}|mes parents (?:m'ont|me) (?:vire\w?|jete\w?|tej\w{0,2}|degage\w?)$|(?:ma|mon|mes) (?:mere|pere|parents|beau-pere|famille) (?:m'a|m'ont) (?:tej\w{0,2}|jete\w?|vire\w?)\b|expulse\w? (?:ce matin|aujourd'hui|ce soir|hier|de mon)|la porte (?:de chez moi )?(?:fermee|verrouillee) {G3}dehors"),
    _now(Kind.HOMELESS_TONIGHT, "115", r"(?:le )?115 (?:\w{1,6} )?(?:repond (?:pas|plus)|a (?:plus|pas) de place|est plein|complet|sature|decroche pas|n'a rien|dit (?:non|que c'est plein|qu'il))|(?:appele|appeler) le 115 {G5}(?:rien|pas|plein|place|personne)"),
    # ---- threats to others
    _rule(Kind.THREAT_TO_OTHERS, _C, "couteau|flingue|arme|fusil|lame|machette|batte|pistolet|essence", r"(?:j'ai (?:un|une|mon|ma|le|la|pris)|avec (?:un|une|mon|ma|le|la)|je prends?|je sors|j'y vais avec|armee? d'un) {G2}(?:couteau|flingue|arme|fusil|lame|machette|batte|pistolet|cutter|essence) {ANY3}{ANY3}(?:planter|tuer|buter|fumer|faire payer|crever|attends|regler|butes?|venger|saigner|bruler|tire|tirer|payer)|(?:planter|tuer|buter|fumer|crever|saigner|tirer dessus|brul\w*) {ANY3}{ANY3}(?:j'ai (?:le|un|mon|une) (?:couteau|flingue|arme|fusil|lame|machette|pistolet))"),
    _rule(Kind.THREAT_TO_OTHERS, _H, "tuer|buter|planter|fumer|egorger|crever|saigner|descendre|poignard|bruler|faire payer|etrangler|tue|plante", r"(?:je (?:vais|va|veux|jure que je vais|peux|pourrais)|envi\w? de|je compte|hate de|faut que je) {G2}(?:(?:le|la|les|l'|lui|leur|tous les|toutes les|me le|me la|me les) ?(?:tuer|buter|planter|fumer|egorger|crever|saigner|descendre|poignarder|bruler|massacrer|etrangler|eliminer|faire la peau|trancher la gorge)|(?:tuer|buter|planter|fumer|egorger|crever|saigner|descendre|poignarder|bruler|etrangler|eliminer) (?:quelqu'un|des gens|tout le monde|mon|ma|mes|ce|cet|cette|ces|un|le|la|les|l'|son|sa|du monde|n'importe))(?! (?:a (?:fifa|la course|cod|ce jeu)|temps|parking|cigarettes?|clopes?|shit|joint|regime|kilos?|calories))", urgent_if_now=True, gone_if_laughing=True),
    _rule(Kind.THREAT_TO_OTHERS, _H, "sauter|tirer|bombe|bruler|carnage|fusillade|tuerie|attentat|feu|massacre", r"(?:je (?:vais|va|veux)|envi\w? de|je compte) {G2}(?:(?:tout|tous les|le lycee|l'ecole|la ml|la mission locale|la caf|le batiment) {G1}(?:faire sauter|cramer|bruler|tuer|exploser)|faire (?:tout )?(?:sauter (?:le|la|l'|tout)|un carnage|une fusillade|une tuerie|un attentat|un massacre|une bombe)|tout faire sauter|tirer (?:dessus|sur (?:tout|des|les|mes|le|lui|eux|elle))|(?:leur|lui) tirer dessus|mettre le feu (?:a|au|chez)|poser une bombe|(?:tout )?(?:cramer|bruler) (?:le|la|l'|tout|votre|leur))", urgent_if_now=True, gone_if_laughing=True),
    _rule(Kind.THREAT_TO_OTHERS, _H, "lui faire|leur faire|du mal", r"(?:je vais|envi\w? de|peur de|je veux|je pourrais) {G1}(?:(?:lui|leur) faire (?:du mal|la peau|payer cher|vraiment mal)|faire du mal (?:a|aux) (?:quelqu'un|des gens|mon|ma|mes|autres|les))", urgent_if_now=True),
    # ---- confusion
    _rule(Kind.CONFUSION, _C, "voix", r"(?:voix|elles?|il) {G3}(?:me )?(?:dis\w{0,3}|ordonn\w{1,3}|demand\w{1,3}|disent|pouss\w{1,3}|commande\w{0,2}) (?:que je (?:dois|vais) |de |d')(?:me |le |la |les |mon |ma |tout )?(?:tuer|suicider|sauter|mourir|frapper|buter|faire (?:du )?mal|planter|couper|jeter)"),
    _rule(Kind.CONFUSION, _H, "voix", r"(?:j'entends?|entendre|entends?|y a|des|les|une) {G1}voix\b {ANY3}(?:me|m'|dans|qui|tete|parl\w*|disent|dit|insult\w*|partout|tout le temps|la nuit|$)|j'entend?s? (?:des|une|les) voix"),
    _rule(Kind.CONFUSION, _H, "camera|micro|puce|espionn|complot|pensees|surveill|suiv|empoisonn", r"(?:ils|on|les (?:voisins|gens|flics)|quelqu'un|le gouvernement|la police) {G2}(?:mis|installe|pose|cache|place) {G2}(?:cameras?|micros?|puces?)(?: \w{1,6}){0,3} (?:chez moi|dans (?:ma|mon)|pour m|partout|sous)|(?:lis\w{0,3}|entend\w{0,3}|vol\w{1,3}|control\w{1,3}) (?:dans )?mes pensees|(?:tele|radio) (?:me parle|parle de moi)|complot contre moi|on veut m'empoisonner|(?:ils|on) m'empoisonnent?|puce dans (?:ma tete|mon)|possede\w? par|(?:je suis|ils disent que je suis) (?:l'elu|jesus|dieu|le messie)\b"),
    _rule(Kind.CONFUSION, _H, "qui je suis|ou je suis|qui jsuis|ou jsuis|quel jour|reel|realite|vois des", r"sais (?:plus|pas) (?:qui je suis|ou je suis|ni qui|qui jsuis|ou jsuis)(?! (?:cense|cens|inscrit|dans (?:la|l'|ma))|(?: \w+)? (?:affecte|convoque))|(?:plus rien|rien) (?:n'est|est) reel|je vois des (?:choses|gens|trucs|ombres|demons|morts|bestioles) (?:qui|bizarres|partout|dans)|j'ai (?:plus dormi|pas dormi) depuis \d jours et|je suis pas dans la realite|hallucin\w{1,4} (?:depuis|des|la nuit|tout|encore)|fais des hallucinations"),
    # ---- emergency
    _rule(Kind.EMERGENCY, _C, "respir|inconscien|evanoui|reveille|bouge|arret cardiaque|avc|coeur", r"(?:il|elle|mon|ma|un|une|le|la|\w{3,10}|bebe|pote) {G2}(?:(?:ne )?respire (?:plus|pas)|est (?:tombee? )?inconsciente?|s'est evanouie?|est dans les pommes|(?:ne )?se reveille (?:pas|plus)(?! (?:avant|tot|le matin|a l'heure|pour|ou))|(?:ne )?bouge plus|fait (?:un|une) (?:arret cardiaque|avc|crise d'epilepsie|crise cardiaque|malaise)|repond plus (?:et|il|elle)|convulse|a perdu connaissance|est en train de mourir)", Who.OTHER),
    _rule(Kind.EMERGENCY, _C, "respir|poitrine|coeur|malaise|evanoui", r"(?:arrive (?:plus|pas) a respirer|peux (?:plus|pas) respirer|respire (?:plus|mal)) (?!dans (?:ce|cette)|au (?:taf|boulot))|(?:mal a la|douleur a la|douleurs? dans la) poitrine {ANY3}(?:respir\w*|bras|mal)|arrive (?:plus|pas) a respirer$|je fais (?:un malaise|une crise cardiaque|un avc)|je vais m'evanouir|suis en train de mourir|je me vide de (?:mon )?sang|je perds (?:beaucoup|trop) de sang"),
    _rule(Kind.EMERGENCY, _C, "feu|incendie|fumee|brule|gaz", r"(?:y a|ya|il y a|c'est) {G1}(?:le feu|un incendie|une fuite de gaz|plein de fumee) (?:chez|dans|a (?:la|l')|en bas|au|partout|appel\w*)|(?:la maison|l'immeuble|l'appart\w*|ma chambre|le batiment) (?:brule|est en feu|prend feu|crame)|a pris feu"),
    _rule(Kind.EMERGENCY, _C, "ambulance|samu|pompier|secours|police", r"(?:appel\w{1,3}|envoy\w{1,3}|besoin d'|besoin des|venez avec|vite|faut) {G2}(?:une ambulance|l'ambulance|le samu|les pompiers|les secours|la police|les flics|le 15|le 18|le 17) (?:vite|svp|stp|maintenant|tout de suite|s'il|pour moi|il|elle|urgent|a l'aide)|(?:appel\w{1,3}|envoy\w{1,3}) (?:\w{2,4} )?(?:une ambulance|le samu|les pompiers|les secours)$|besoin d'(?:une )?ambulance"),
    _rule(Kind.EMERGENCY, _C, "accident|renvers|percut", r"(?:on vient d'avoir|je viens d'avoir|vient d'avoir|vient de se faire|viens d'avoir|y a eu) (?:un )?(?:gros |grave )?(?:accident|renverse\w?|percute\w?)|accident {ANY3}{ANY3}(?:coince\w?|bless\w{1,3}|inconscient\w?|sang|saigne)|se fait? renverser (?:la|par)"),
    _rule(Kind.EMERGENCY, _C, "accouche|perdu les eaux|noie|noyer|avale|allergi|piqu|sang|saign", r"(?:je suis en train d'|elle est en train d'|je vais |elle va )accoucher (?:la|maintenant|tout|chez)|perdu les eaux|(?:il|elle|quelqu'un|mon pote) (?:est en train de )?se noie|(?:saigne|perd (?:du|plein de|beaucoup de) sang) {ANY3}(?:beaucoup|partout|de la tete|arrete pas|plus|trop|vite)|gorge (?:gonfle|enflee?)"),
    _rule(Kind.EMERGENCY, _H, "secours|aide|sos|danger|help", r"^(?:\W|svp |stp |vite )*(?:au secours|a l'aide|sos|help me|s o s)(?:\W|vite|svp|stp|s'il \w+ \w+|aide[zr]?[ -]moi)*$|(?:je suis|on est|ma vie est) (?:\w{2,8} )?en danger\b(?! (?:de (?:rater|perdre)))|sauvez[ -]moi|danger de mort", who=Who.UNCLEAR),
    # ---- distress without danger
    _rule(None, _L, "bout|rouleau|trou|fond|depr|craqu|envie de rien|envi de rien|marre de t|pleur|jpp|mal etre|mal-etre|vide", r"au bout du rouleau|(?:je suis|suis) (?:\w{2,12} )?a bout\b(?! (?:de (?:forfait|batterie|course|ma vie j'ai))|portant)|au (?:fond du trou|plus mal)|touche le fond|(?:je suis|fais?|en|ma|une|etat|plein\w?) (?:\w{2,8} )?(?:depress?i\w{1,4}|depression|deprime\w?|deprim)\b|je deprime|je craque\b(?! (?:pour|sur|le jeu))|envi\w? de rien\b|plus gout a rien|marre de tout\b|je (?:pleure|chiale) (?:tous|tout le|chaque|toute|sans|h24|souvent|la nuit|en boucle)|mal[ -]etre|je me sens (?:vide|tres mal|hyper mal|trop mal)|je vais (?:tres|vraiment|trop|super|hyper) mal|je supporte plus rien|je n'en peux plus de (?:tout|cette vie|la vie)|je me deteste|je me degoute|j'en peux plus(?:$| (?:de tout|aidez|la|du tout|svp|vraiment))"),
    _rule(None, _L, "jpp|pls", r"^(?:\W|la |mais |franchement )*jpp(?:\W|larmes|la|vraiment|de tout)*$|jpp {G2}(?:larmes|de tout|de ma vie|seule?)|tombe en pls (?:tous|chaque)"),
    _rule(None, _L, "aide", r"^(?:\W|svp |stp |vite )*(?:aide[zr]?[ -]moi|aider moi|besoin d'aide)(?:\W|svp|stp|vite|larmes|s'il \w+ \w+)*$"),
    _rule(Kind.VIOLENCE, _L, "peur", r"j'ai (?:trop |tres |vraiment )?peur (?:chez moi|a la maison|tout le temps|la nuit|de sortir|larmes)|^j'ai (?:tres |trop |vraiment )?peur\W*$", who=Who.UNCLEAR),
)


_ME = r"(?:je|j'|me|m'|moi|ma|mon|mes)"
_SEX = r"(?:coucher|couche|sexe|sexuel\w*|au lit|fellation|sucer|trucs|choses|rapports?|deshabiller|toucher|nue?)"
_SICK = (
    r"(?:bleue?s?|reveille (?:pas|plus)|bouge plus|repond(?:s|ent)? (?:pas|plus)|respire (?:pas|plus|mal)|convuls\w*|"
    r"vomi\w*|flou|tete qui tourne|sens partir|coeur (?:bat|qui bat|s'emballe)|tremble\w*|inconscient\w*|evanoui\w*|"
    r"tombee? par terre|dans les vapes|yeux (?:revulses|blancs)|bave|sueurs|delire)"
)
_DRUGS = (
    r"(?:methadone|coke|cocaine|heroine|ghb|codeine|lean|tramadol|ecsta\w*|md|mdma|taz|ketamine|keta|crack|drogue\w*|"
    r"speed|lsd|champi\w*|alcool|vodka|whisky|bouteille|sniff\w*|poppers|proto\w*|ballons?|fentanyl|morphine|" + _PIECES["PILLS"][3:]
)

NEAR: tuple[Together, ...] = (
    # ---- suicide
    _near(Kind.SUICIDE, _H, r"suis?[cs]id\w*|sui6d\w*", unless=r"prevention|numero|ligne|train|tgv|metro|taux|stats?|suicide squad|le theme|chanson|sujet|13 reasons|(?:vais|veux|va) pas me|pas me suicider|(?:c'est|du) du suicide|euros|regarde \\w+ sur", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:mourr?ir\w{0,2}|mourr?ai\w{0,3}|meurs|meure|creve\w?|crever)", r"(?:je|j'|me|que je)", r"(?:ve(?:ux|ut)|voudrai\w*|aimerai\w*|envi\w?|reve\w?|prie|souhait\w*|attends?|vivement|prefere\w*|si je|vais|serai\w*|plus qu'a|laisse\w?|besoin|fout|merite\w?|espere|hate|demande|pret\w?|peur de rien)", unless=r"(?:grand[ -]?mere|grand[ -]?pere|chien|chat|mamie|papi|hopital|cancer|lol|mdr|rire)|de (?:faim|soif|chaud|froid|honte|rire)|si je (?:cours|marche|mange)", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:la mort|ma mort|morte?|mourir)", r"(?:pens\w{1,4}|songe\w?|attire\w?|fascine\w?|obsede\w?|envi\w?|rever?\w?|imagine\w?|appelle|soulag\w*|cherche\w?|liberation|delivrance|hante\w?)", _ME, unless=r"(?:grand|pere|mere|frere|soeur|chien|chat|ami|mari|deuil|cousin|oncle|tante|copain|papi|mamie|enterrement de|peur de la mort)", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"si j'(?:etais|existais|etait|existait|etai|serais)(?: pas| plus| deja)* ?(?:morte?|nee?|la|de ce monde)?|si (?:j'exist\w{1,4}|je (?:n'exist\w+|disparai\w*|crev\w*|meurs|me tue|me bute|mourr?ais))", r"(?:chang\w*|mieux|personne|rien|monde|tranquill\w*|fou\w?|remarqu\w*|manqu\w*|soulag\w*|pleur\w*|heureu\w*|simple|moins)", r"(?:morte?|exist\w*|plus exist\w*|nee?|plus la|dispar\w*|crev\w*|meurs|tue|bute|mourr?ais|de ce monde|pas la)", unless=r"inscrit|liste|dispos|a l'heure|riche|president", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"vivre", r"(?:marre|fatigue\w?|lasse?|epuise\w?|force|soule\w?|sou+l\w?|gout|raisons?|courage|sert a rien|sert plus|arrive (?:plus|pas)|assez|envi\w? plus|degoute\w?|pas fait\w? pour|peine de|interet|impossible de continuer a)", unless=r"vivre (?:chez|avec|ici|la[ -]bas|dans|en|a|comme ca chez|comme|seule?|sans|au|sous|loin|ensemble|du|de|normalement)\b", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:la|ma|cette|a la) vie?\b(?! en rose)", r"(?:plus (?:de )?(?:gou?t?|sens|envi\w?|interet|aucun)|pas envi\w?|quitter|suppor\w* plus|(?:a|m'a) (?:trop )?sou?ou?l\w*|deteste|hai\w{0,2}|finir|fin a|arreter|abandonn\w*|rien a attendre|me (?:tenir|retenir)|a quoi|pourrie je|partir|gouts?)", unless=r"vie (?:a l'ecole|scolaire|active|chere|etudiante|de bureau|en colo\w*|en foyer|pro\w*|sociale|privee)|(?:changer|mode|rythme|cout|gagner|projet) (?:de|la|ma) vie|sauve la vie|bout de ma vie|quitter (?:le|la|mon|ma) (?!vie)", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:tout|ca|que ca|que tout) (?:\w{1,5} )?(?:s'arrete|sarrete|s'arreter|s arrete|finisse|se termine|s'eteigne|cesse)", r"(?:je veux|veux|voudrais|vivement|aimerais|envi\w?|priere|prie|souhaite|besoin|faut)", unless=r"(?:la pluie|bruit|travaux|messages|pubs?|rappels|notif\w*|relances|neige|greve|appels)", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"rejoindre|retrouver", r"(?:au ciel|la[ -]haut|paradis|dans la tombe|de l'autre cote|qui est morte?|decede\w?|au cimetiere)", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:la[ -]haut|au ciel|pour toujours|de ce monde|de cette terre|six pieds sous terre|autre monde|l'au-dela)", r"(?:partir|pars|parte|aller|quitter|disparaitre|m'en aller|etre)", r"(?:je|j'|me|m')", unless=r"(?:decede\w?|ma grand|mon grand|chez|montagne|monter|etage|appart\w*)", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"mon (?:propre )?(?:enterrement|cercueil|suicide)|ma (?:propre )?(?:mort|tombe)|mes obseques", unless=r"assurance", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:plus rien|rien|personne) (?:ne |n')?(?:ne )?(?:me|m') ?(?:retien\w*|rattach\w*|attend|tient|garde|donne envie)(?: plus)?(?: ici| en vie| sur terre| dans cette vie| debout)?", unless=r"au (?:lycee|travail|boulot)|a (?:metz|thionville|nancy|verdun|l'arret|la gare)|dans ce taf", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:pont|rails?|voies?|train|toit|falaise|riviere|moselle|fenetre|balcon|vide)", r"(?:saut\w{1,3}|jet\w{1,3}|pourquoi pas|me laisser|balanc\w*|plonger|en finir|basculer|me mettre sous|le faire)", r"(?:me|m'|je|j')", unless=r"(?:dans le|le) (?:train|bus)|parachute|elastique|nager|baign\w*|piscine|plongeoir|permis|rendez|vous|billet|poubelle|papiers?|saute dans|rate", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:deja|encore|presque|failli|ai|avait|avais|recommenc\w*) (?:\w{1,8} ){0,2}(?:essaye|tente|voulu|failli|passer?|passe|tentative)", r"(?:me (?:tuer|suicider|pendre|buter|jeter|foutre|noyer)|mourir|en finir|a l'acte|mes jours|fin a ma vie)", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"tentatives?", r"(?:fait|apres|depuis|hopital|hosto|hp|psy|plusieurs|deux|trois|ma|une autre|premiere|derniere)", unless=r"permis|code|connexion|inscri\w*|appel|entretien|essai|mot de passe|mdp|rendez|de vol|bac|concours|examen|joindre", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:inutile|fardeau|un poids|une charge|un boulet|une merde|une erreur)", r"(?:je (?:me sens|suis)|suis|me sens|etre)", r"(?:famille|tout le monde|pour (?:tous|eux|elle|lui|ma|mon|mes|les)|monde|parents|terre|sert|vivre|personne|serai\w*|tous)", urgent_if_now=True),
    _near(Kind.SUICIDE, _H, r"(?:m'appre\w*|vais|pret\w?|veux|compte|decide\w?|pense|envi\w?|mettre) {G2}(?:de |d'|a )?(?:mettre )?(?:fin a (?:mes jours|ma vie|tout)|un terme a (?:ma vie|tout))", urgent_if_now=True),
    _near(Kind.SUICIDE, _C, r"(?:m'appre\w*|vais|je mets|c'est ce soir que je mets|pret\w? a) {G2}(?:mettre |de )?fin a (?:mes jours|ma vie)"),
    _near(Kind.SUICIDE, _C, r"(?:je pars|je partirai|je m'en vais|je vais partir|je m'en irai|je disparais|je vais disparaitre|je vais mourir|je vais crever|je meurs)", r"(?:ce soir|cette nuit|demain|maintenant|tout de suite|bientot|dans \w+ (?:minutes?|min|heures?|h))", r"(?:pour de bon|pour toujours|definitivement|prenez soin|occupez|mieux pour|pardon|soulag\w*|plus jamais|adieu|mourir|crever|meurs|disparais|disparaitre)", unless=r"(?:a (?:lyon|paris|metz|nancy|reims|marseille|lille|strasbourg)|en vacances|de (?:faim|chaud|froid|honte|rire|fatigue)|luxembourg|bled|armee|colo)"),
    _near(Kind.SUICIDE, _C, r"(?:fini|termine|finie?) pour moi|(?:c'est|tout sera|tout est|ce sera) (?:fini|termine)", r"(?:ce soir|cette nuit|decision|decide\w?|aime|pardon|desole\w?|adieu|plus jamais|dites|demain je)", r"(?:pour moi|decision|dites|mere|adieu|maman|famille|enfants|pardon|jamais)", unless=r"(?:formation|stage|contrat|cej|mission|taf|travail|copain|copine|nous deux|entre nous|couple|inscription)"),
    _near(Kind.SUICIDE, _C, r"(?:dites|dis|direz|dire) (?:a )?(?:ma|mon|mes|aux?|tout le monde|lui|leur)", r"(?:que je (?:l'|les |leur |lui )?(?:aime|aimais|demande pardon|suis desole\w?)|adieu|pardon)"),
    _near(Kind.SUICIDE, _C, r"(?:prenez|prends|occupe\w*|veille\w*) (?:bien )?(?:soin|vous|toi|sur)? ?(?:de|sur) (?:ma|mon|mes)", r"(?:apres moi|quand je (?:serai|suis)|cette nuit|ce soir|plus la|adieu|pars|pardon|partie?)"),
    _near(Kind.SUICIDE, _C, r"(?:derniere fois|dernier message|derniers mots) (?:que (?:je|j')|ici|a vous)?", r"(?:ecris|ecrit|parle|verrez|lirez|lis|bye|adieu|pardon|merci pour tout|message)", r"(?:bye|adieu|pardon|ici|pour tout|verrez|je vous|plus jamais|desole\w?|aime)", unless=r"(?:rappel|repondu|connect\w*|recu|relance|caf|conseill\w*|ecris pour|dernier avertissement)"),
    _near(Kind.SUICIDE, _C, r"(?:plus jamais|jamais plus) (?:parler|entendre|de mes nouvelles|de nouvelles|me voir|me revoir)|(?:entendr\w*|verr\w*|reverr\w*) plus (?:jamais )?(?:parler )?(?:de moi|me)|me (?:reverr\w*|verr\w*) plus", unless=r"(?:mon ex|il|elle|chef|la caf|lycee)"),
    _near(Kind.SUICIDE, _C, r"(?:fusil|flingue|pistolet|corde|lame|cutter|rasoir|couteau|cachets|medocs|medicaments|boites?|comprimes)", r"(?:dans (?:les|mes|la|ma) mains?|sur la table|devant moi|a cote de moi|sur la tempe|autour du cou|sur mes (?:veines|poignets)|est prete?|sont pretes?|tout (?:est )?prevu|prepare\w?)", unless=r"cuisine|boulanger\w*|atelier|resto|tuto|boite (?:de|en)|gorge|sous la gorge"),
    _near(Kind.SUICIDE, _C, r"(?:corde|fusil|flingue|cachets|medocs|pont|rails|toit|couteau|lame|suicid\w*|en finir|passer a l'acte|va le faire|adieu)", r"(?:(?:m'a|me|vient de m'|m') ?(?:envoye|envoyer|ecrit|appele|dit|a dit)|(?:il|elle) (?:dit|a dit|menace|repond plus))", r"(?:va|vais|veut|allait) (?:le faire|se|en finir|sauter|passer|mourir|me)", who=Who.OTHER),
    # ---- self-harm
    _near(Kind.SELF_HARM, _C, r"(?:coup\w{1,2}|ouver\w{1,2}|taill\w{1,2}|entaill\w{1,2}|tranch\w{1,2})", r"(?:poignets?|ve?a?ines?|bras|cuisses?|trop (?:fort|profond\w*|loin)|fort)", r"(?:pisse le sang|sang (?:partout|coule|s'arrete)|saigne (?:beaucoup|trop|partout|pas)|plein de sang|arrete pas de saigner|saigne)", unless=r"(?:cuisin\w*|legumes|taf|travail|atelier|scie|verre|machine)"),
    _near(Kind.SELF_HARM, _H, r"(?:marques?|cicatrices?|traces?|traits?|coupures?)", r"(?:cutter|lame|rasoir|ciseaux|bras|poignets?|cuisses?)", r"(?:plein|pleins|partout|cache\w?|nouvelles?|fais|me suis|me fais|encore|manches)", unless=r"accident|operation|chien|brulure|tatou\w*"),
    _near(Kind.SELF_HARM, _H, r"(?:lame|cutter|rasoir|ciseaux|compas|briquet|cigarettes?)", r"(?:me|m') ?(?:coup\w*|fai[st]|brul\w*|entaill\w*|griff\w*|soulage\w?|calme\w?)", urgent_if_now=True, unless=r"cuisin\w*|cheveux|barbe|sourcils|raser|rase"),
    _near(Kind.SELF_HARM, _H, r"me (?:griffe\w?|mord\w?|arrache\w?|brule\w?|cogne\w?|tape\w?|frappe\w?|pince\w?|punir?|punis|entaille\w?|lacere\w?)", r"(?:jusqu'au sang|expres|pour (?:me|oublier|avoir mal|sentir)|quand je (?:stress\w*|suis mal|craque|pleure|vais mal)|les murs?|le mur|moi[ -]meme)"),
    # ---- overdose
    _near(Kind.OVERDOSE, _C, r"(?:pris\w?|aval\w{1,3}|gob\w{1,2}|bu|ingere\w?|enfile\w?|descendu|pris expres|vide)", r"(?:tout\w?|toutes|tous|trop|plein|\b(?:[5-9]|[1-9]\d)\b|boites?|plaquettes?|tubes?|paquet|beaucoup|dix|vingt|trente|quinze|expres|melang\w*|par dessus|d'un coup|flacon)", r"{PILLS}", unless=r"(?:par jour|ordonnance|allergie|grippe|rhume|comme (?:prescrit|d'hab\w*)|rendez|pharmacie|aspi|biere|secu|mutuelle|rembours\w*|boite (?:de nuit|mail|d'interim))"),
    _near(Kind.OVERDOSE, _C, r"trop de {PILLS}", r"(?:flou|mal|sens|partir|bizarre|tourne|dors|endor\w*|tremble\w*|vomi\w*|coeur|peur|regrette\w?|j'ai)"),
    _near(Kind.OVERDOSE, _C, _DRUGS, _SICK, r"(?:pris\w?|prend|bu|sniffe\w?|fume\w?|gobe\w?|avale\w?|trop|melang\w*|soiree|shoot\w*|injecte\w?|consomme\w?)", who=Who.UNCLEAR, unless=r"(?:hier mais ca va|stage|gastro|gueule de bois|jette)"),
    # ---- violence
    _near(Kind.VIOLENCE, _H, r"(?:m'a|me|m'ont|m'avait|nous) (?:\w{1,8} )?(?:pousse\w?|bous+cul\w{1,2}|plaqu\w{1,2}|tir\w{1,3} (?:par )?les cheveux|jet\w{1,3} (?:contre|par terre|dans|des|un)|lanc\w{1,3} (?:des|un|une)|traine\w?|coince\w?|mord\w?|mordu\w?|brul\w{1,3}|secoue\w?|attrap\w{1,3}|saisi\w?|serr\w{1,3}|leve la main|crach\w{1,3} dessus|attach\w{1,3}|hurl\w{1,3} dessus|casse\w? (?:le|la|une|un|mon|ma))", r"(?:mur|cheveux|bras|cou|gorge|visage|dessus|terre|nez|dent|dents|cotes?|doigt|jambe|escaliers?|poignets?|cigarette|assiette|ceinture|objets|violent\w*|frappe\w?|peur|mal|bleus?|poing|armoire|chaise)", unless=r"(?:foot|rugby|basket|judo|boxe|match|entrainement|metro|bus bonde|vague|velo|chien|chat|le moral|les couilles|la tete avec|les pieds|dans mes bras|les bras tombent|serre la main)", milder_if_past=True, urgent_if_now=True),
    _near(Kind.VIOLENCE, _H, r"(?:pris|prends|prend|recois|recu|mange|donne|donnait|reste|colle|mis|met|mettait|subi\w?)(?: \w{1,6}){0,2} (?:coups?|claques?|gifles?|beignes?|baffes?|droites?|patates?|poings?|raclees?|balayettes?|tartes?|coups de \w+)", r"(?:par (?:mon|ma|mes|le|la|lui|elle|un|eux)|mon (?:pere|mec|mari|daron|frere|ex|copain|conjoint|beau)|ma (?:mere|femme|copine)|tous les (?:jours|soirs)|a la maison|il|elle|ils|visage|gueule|ventre|tete|dos|me|m')", unless=r"(?:coups? (?:de (?:main|fil|barre|froid|chaud|stress|tel|telephone|pression|foudre|vieux|soleil|pompe|pouce|coeur|blues|mou|theatre)|dur|d'oeil|bas)|en (?:voyant|regardant|apprenant)|le prix|ce concert|boxe|mma|match|psychologique)", milder_if_past=True, urgent_if_now=True),
    _near(Kind.VIOLENCE, _H, r"(?:quelqu'un|homme|mec|pere|mari|copain|conjoint|femme|frere|ex|mere|il|elle) (?:\w{1,8} )?(?:de |d'|est |super |tres |hyper |trop |vraiment |devient |peut etre |devenait )?violente?s?\b", r"(?:je|j'|me|m'|moi|avec|vis|vit|mon|ma|nous|maison|boit|bois|peur)", unless=r"(?:film|jeu|video|serie|rap|paroles|manga|pas violent|jamais violent)", milder_if_past=True, urgent_if_now=True),
    _near(Kind.VIOLENCE, _H, r"(?:peur|terrorise\w?|crains|flippe) (?:de|d'|par|a cause)?", r"(?:mon (?:pere|mec|mari|copain|ex|beau[ -]pere|frere|conjoint|daron|oncle|compagnon)|ma (?:mere|copine|femme)|mes (?:parents|freres)|de lui|d'elle|rentrer chez)", unless=r"(?:perdre|decevoir|leur dire|annoncer|dire a|parler|qu'il (?:dise|sache|refuse|parte|soit (?:decu|malade|pas))|mourir|sante|notes|bulletin|reaction|hopital|maladie|du noir|chien|rater|tard le soir)", urgent_if_now=True, milder_if_past=True),
    _near(Kind.VIOLENCE, _C, r"(?:allait|va|voulait|veut|veulent|menace de|essay\w{1,2} de|essai\w{0,2} de|jure de|promis de|tente de|finira par|est capable de) (?:me |m'|nous )(?:tuer|buter|planter|egorger|crever|poignarder|bruler|etrangler|eventrer|massacrer|defigurer)", unless=r"(?:notes|retard|permis|mdr|rire|bulletin|facture|si je rate|a fifa|chambre|menage|vaisselle|brule le|quand (?:il|elle) va voir)", who=Who.SELF),
    _near(Kind.VIOLENCE, _C, r"(?:couteau|fusil|machette|flingue|pistolet|arme|hache|lame|ciseaux|batte)", r"(?:gorge|menac\w*|pointe\w?|sorti|sort|pris|tient|a un|avec un|avec une|dans la main|sous la)", r"(?:il|elle|ils|pere|mec|mari|copain|ex|mere|frere|voisin|quelqu'un|type|gars|daron|conjoint)", unless=r"(?:cuisin\w*|boucher\w*|chasse|suisse|film|serie|jeu|gta|stage|resto|je prends|j'ai (?:un|une|le|pris)|collection|controle|portique|police|metier|militaire|armee|permis de chasse)"),
    _near(Kind.VIOLENCE, _C, r"(?:cachee?|planquee?|enfermee?|barricadee?|cache|refugiee?)", r"(?:toilettes|wc|salle de bain|placard|sous (?:le|mon) lit|chambre|cave|garage|lit|armoire|derriere)", r"(?:il|elle|ils|pere|mec|mari|copain|ex|mere|frere|daron)", unless=r"(?:cache-cache|chat|chien|cadeau|argent|clope)"),
    _near(Kind.VIOLENCE, _C, r"(?:casser|casse|defonce|defoncer|fracasse|force|forcer|enfonce|enfoncer|tambourine|donne des coups|tape|frappe|cogne)", r"(?:la|ma|sur la|dans la|a la) porte", r"(?:peur|mon ex|il (?:hurle|crie|gueule|veut|est)|en train|aide\w*|entrer|menace|police|vite|secours)", unless=r"toutes les portes|portes des|entreprises|a votre porte|serrurier"),
    _near(Kind.VIOLENCE, _C, r"(?:si je|si j') ?(?:sors|pars|parle|parlais|rentre|le quitte|quitte|porte plainte|dis|reste|bouge|retourne|appelle)", r"(?:me tue|tuera|va me (?:tuer|buter|defoncer)|me bute|me defonce|me tape|me frappe)", unless=r"mdr|rire|sans (?:le|un) (?:permis|diplome)|retard|pain"),
    _near(Kind.VIOLENCE, _C, r"{HIT}|frappent|tapent|cognent", r"(?:venez vite|vite il|au secours|aide[zr]?[ -]moi|help|en ce moment|la maintenant|arrete pas de me|arretent pas de me|je fais quoi la|dans les toilettes|appelez|laisser partir|pris mes cles|je suis cache\w?|la je fais quoi|la je sais pas)", r"(?:il|elle|ils|mec|pere|mere|me|m')", unless=r"(?:cv|dossier|formulaire|nom|code|google|site|porte|paperasse|lettre|caf)"),
    _near(Kind.VIOLENCE, _C, r"(?:suivent|suit|poursuivent|poursuit|courent apres|attendent|m'attend)", r"(?:me tuer|me planter|me taper|me frapper|me tabasser|me defoncer|me buter|couteau|arme|en voiture)", r"(?:veulent|veut|vont|va|peur|maintenant|la)"),
    # ---- sexual violence
    _near(Kind.SEXUAL_VIOLENCE, _C, r"(?:viole\w?|violer|touche|agresse\w?|me toucher|m'agresse)", r"(?:en train|la maintenant|essay\w{1,2} de|essai\w{1,2} de|tente de|il y a (?:une|deux|2|1) heures?|y a (?:une|deux|2|1|quelques) (?:heures?|minutes?)|a l'instant|tout a l'heure|vient de|viens de|maintenant aide\w*|ce soir)", r"(?:me|m'|je|j'|on)", unless=r"(?:salaire|rsa|apl|caf|prime|paye|argent|fifa|foot|poker|5-0|mot|cej|jackpot|allocation)"),
    _near(Kind.SEXUAL_VIOLENCE, _H, r"mains? (?:\w{1,6} )?(?:sur|dans|sous|entre) (?:la |ma |mes |mon |les )(?:cuisses?|fesses?|seins?|culotte|poitrine|pantalon|jupe|sexe|jambes|calecon|cul|entrejambe|soutif|dos nu)", milder_if_past=True, urgent_if_now=True),
    _near(Kind.SEXUAL_VIOLENCE, _H, r"(?:vient|entre|rentre|venait|se glisse|se met|monte|s'allonge) (?:\w{1,8} )?(?:dans|sur) (?:mon lit|ma chambre|moi)", r"(?:nuit|touche\w*|caresse\w*|deshabille\w*|beau[ -]pere|oncle|pere|frere|colle\w*)", unless=r"(?:chat|chien|petite? (?:frere|soeur)|pour me reveiller|ranger|sans frapper)", milder_if_past=True),
    _near(Kind.SEXUAL_VIOLENCE, _H, r"(?:profit\w{1,3}|abus\w{1,3}) de (?:moi|ma|nous|elle)", unless=r"(?:gentillesse|argent|naivete|patron|au taf|confiance|financ\w*)", milder_if_past=True),
    _near(Kind.SEXUAL_VIOLENCE, _H, r"(?:pas dit oui|dit non|voulais pas|pas consenti\w*|sans mon (?:accord|consentement)|pas envie|je dormais|j'etais (?:bourree?|ivre|inconsciente?|droguee?))", r"(?:il|elle|mec|copain|ex|pote|mari|gars|homme)", r"(?:l'a fait|la fait|fait quand meme|continue\w?|coucher|couche|sexuel\w*|rapport\w?|profit\w*|insiste\w?|force\w?|viol\w*|deshabill\w*|touche\w?|penetr\w*)", unless=r"(?:formation|rendez|stage|inscri\w*|cv|boulot|taf)", milder_if_past=True),
    _near(Kind.SEXUAL_VIOLENCE, _H, r"(?:m'oblige\w{0,2}|me force\w{0,2}|m'a force\w?|m'a oblige\w?|forcee?|obligee?|oblige\w?|me met la pression)", _SEX, r"(?:il|elle|mec|copain|ex|pere|oncle|mari|patron|on|me|m'|gars|cousin)", unless=r"(?:travail\w*|inscri\w*|ecole|cours|menage|remplir|papiers|choses a faire|ranger|vendre)", milder_if_past=True, urgent_if_now=True),
    _near(Kind.SEXUAL_VIOLENCE, _H, r"(?:viole\w{0,2}|violer|violeur|agresse\w? sexuel\w*|agression sexuelle|attouch\w*|inceste|pedophile|pedo|incest\w*)", r"(?:me|m'|je|j'|moi|ma|mon|on)", unless=r"(?:fifa|foot|match|psg|om|metz|poker|5-0|secret|vie privee|droits?|loi|regle\w*|contre|stage|film|cours|vitesse|asso|code de la route|rapport de)", milder_if_past=True),
    _near(Kind.SEXUAL_VIOLENCE, _H, r"(?:me|m'a|m'ont|m'avait) (?:\w{1,8} )?touche\w{0,2}\b|attouche\w*", r"(?:nuit|corps|famille|pere|oncle|cousin|frere|prof|educ\w*|patron|chef|collegue|bus|train|soiree|dors|dormais|petite?|enfant|voulais|partout|quelqu'un|un gars|un mec|un homme|gens|chambre|copain)", unless=r"(?:message|mot|histoire|parole\w*|ce que|discours|film|chanson|coeur|beaucoup|salaire|ballon|geste|attention|video|gentil\w*)", milder_if_past=True, urgent_if_now=True),
    # ---- a child
    _near(Kind.CHILD_IN_DANGER, _C, r"{CHILD}|(?:fille|fils|petite?|gamine?|enfants?) de (?:ma|mon|la|mes) (?:voisine?|soeur|frere|pote|copine|tante|cousine)", r"(?:couvert\w? de bleus|des bleus|enfermee?s?|battue?s?|maltraite\w*|le frappe|la frappe|les frappe|le tape|la tape|les tape|secoue|violente|crie au secours|hurle\w? (?:tous|toute|la nuit)|mange pas|toute? seule?s? (?:depuis|toute|la nuit|a la maison|chez)|elle est enfermee?|coups|ceinture|attachee?|attouch\w*|le touche|la touche)", r"(?:mere|pere|mec|copain|beau|elle|il|voisin\w?|parents|nounou|seule?s?|oncle|mari|on|se|bleus|enferm\w*)", who=Who.OTHER, unless=r"(?:creche|garder|formation|assistante maternelle|nourrice|jeu|console|foot|cour de recre|dispute|soeur qui|vaccin|boutons)"),
    _near(Kind.CHILD_IN_DANGER, _C, r"(?:j'ai|je) (?:\w{1,6} )?(?:tape\w?|frappe\w?|secoue\w?|gifle\w?|fesse\w?|jete\w?|etrangle\w?)", r"(?:mon|ma|mes|le|sur mon|sur ma|sur le) (?:\w{1,6} )?(?:bebe|fils|fille|gosses?|enfants?|petite?)", unless=r"(?:jeu|console|bataille|chambre)"),
    # ---- harassment
    _near(Kind.HARASSMENT, _H, r"(?:cyber ?)?h?ar[cs]el\w*", r"(?:je|j'|me|m'|moi|on|ils|lycee|taf|boulot|college|classe|ex|insta|snap|cfa|subi\w?)", unless=r"(?:intervention|formation|atelier|expose|journee|prevention|cours|loi|3018|pubs?|mails?|appels? du cpf|cpf|demarchage|affiche|parle d[eu]|sensibil\w*|contre le|sujet|theme)", milder_if_past=True),
    _near(Kind.HARASSMENT, _H, r"(?:traite\w{0,2}|insult\w{1,4}|humili\w{1,4}|moque\w{0,2}|menac\w{1,4}|crache\w{0,2}|affiche\w?|lynch\w*|rabaiss\w{1,4})", r"(?:tous les jours|chaque jour|tout le temps|sans arret|toute la classe|tout le (?:lycee|monde)|par (?:toute|tout|des|les)|sur (?:snap|insta|tiktok|les reseaux|whatsapp)|quotidien\w*|depuis des (?:mois|semaines)|au (?:cfa|lycee|college|taf|boulot|stage))", r"(?:me|m'|moi|on|je)", unless=r"(?:score|horaires|pub|de pleuvoir|resultats|liste)", milder_if_past=True),
    _near(Kind.HARASSMENT, _H, r"(?:stalk\w*|me suit|m'espionne|m'attend (?:en bas|devant|a la sortie)|me traque|me lache pas|me laisse pas tranquille|arrete pas de m'appeler|cree des faux comptes)", r"(?:ex|un mec|un homme|un gars|quelqu'un|inconnu|voisin|type|collegue)", unless=r"(?:pour (?:le|un) (?:taf|rendez|entretien)|conseill\w*)", urgent_if_now=False),
    _near(Kind.HARASSMENT, _H, r"(?:messages?|msg|commentaires|dm) (?:de )?(?:haine|haineux|menac\w*|d'insultes|insultants|de mort)"),
    # ---- blackmail, exploitation
    _near(Kind.EXPLOITATION, _H, r"(?:photos?|nudes?|videos?|snaps?|images|sextape|conversations?)", r"(?:menac\w*|chantage|sinon|si je (?:paye|paie|fais|donne|accepte|reponds|viens|couche|quitte|envoie|le) ?\w*|tournent|tourne|circul\w*|diffus\w*|publi\w*|balanc\w*|poste|postees?|leak\w*|partage\w?|revenge|fait tourner)", r"(?:mes|moi|ma|me|m'|nue?s?|intimes?|nudes?|deshabille\w?)", unless=r"(?:identite|cv|linkedin|vacances|chantier|concours|profil pro|atelier|carte|justificatif|vinted|candidature)"),
    _near(Kind.EXPLOITATION, _H, r"chantage|sextorsion|racket\w*", r"(?:me|m'|moi|je|on|fait|font|subis|victime|mon|ma)", unless=r"(?:formation|expose|cours|atelier|affectif de ma mere)"),
    _near(Kind.EXPLOITATION, _H, r"(?:couch\w{1,3}|passes|clients|escort\w*|prostitu\w*|faire la pute|michto\w*|sugar|relations?)", r"(?:argent|thunes?|euros?|balles|billets?|payer|paye|manger|loyer|toit|logement|dormir|dose|drogue|potes|dettes?|rembours\w*|mac|proxo|force\w?|oblige\w?)", r"(?:je|j'|me|m'|avec|il|elle|ils)", unless=r"(?:vente|commerce|relation client|vendeu\w*|relations? publiques|caisse|resto|accueil|reportage|formation|cv|boutique|docu|fournisseur)"),
    _near(Kind.EXPLOITATION, _H, r"(?:pris|confisque\w?|garde\w?|gardent|vole\w?|cache\w?|retien\w*|rendent?|rend|veu\w* pas rendre) (?:\w{1,6} )?(?:mes papiers|mon passeport|ma carte|nos (?:papiers|passeports)|mon titre)", r"(?:paye\w?|bosse|travail\w*|patron|partir|heures|chantier|sortir|menace\w*|dette|menage|dormir)", unless=r"(?:guichet|prefecture|secretariat|photocopie|scan|accueil|dossier)"),
    _near(Kind.EXPLOITATION, _H, r"(?:oblige\w{0,2}|force\w{0,2}|forcent|menac\w{1,4}|dette|endette)", r"(?:deal\w*|guett\w*|point de deal|vendre (?:de la|du|pour)|voler|mendier|trafic|transport\w* (?:de la|du)|livrer (?:de la|du)|reseau|nourrice|chouf)", unless=r"vendre des assurances|reseau social|reseaux? (?:sociaux|de transport)|prospect\w*"),
    # ---- forced marriage
    _near(Kind.FORCED_MARRIAGE, _H, r"(?:mari(?:e|ee|er|ent|es|ees)|epous\w{1,3}|mariage|noces|fiance\w?|fiancer|fiancailles)", r"(?:mon pere|mes parents|ma famille|ma mere|mon oncle|ils|pere|parents|famille|on veut|on va|elle va)", r"(?:veu\w* (?:que|me|m')|vont me|va (?:me|etre)|force\w?|de force|oblige\w?|connais pas|au bled|pays|contre|peur|refuse\w?|sans mon|cousin|la[ -]bas|promise?|vieux|menac\w*|pas le choix)", unless=r"(?:invit\w*|cadeau|tenue|robe de|dj|traiteur|salle|se marient|mariage de (?:ma|mon)|expose|prof|en juin|photo\w*)"),
    # ---- runaway
    _near(Kind.RUNAWAY, _H, r"(?:fugu\w{1,4}|fugue)", r"(?:je|j'|ai|suis|veux|vais|en|envi\w?|ma|mon)", unless=r"(?:bach|musique|livre|film|expose)"),
    _near(Kind.RUNAWAY, _H, r"(?:quitte\w?|parti\w?|barree?|enfuie?|sauvee?|tiree?|cassee?|echappee?)", r"(?:foyer|de la maison|chez mes parents|de chez (?:moi|mes|ma|mon|eux)|famille d'accueil)", r"(?:sans (?:prevenir|rien dire|le dire|autorisation)|savent pas ou|sait pas ou|cette nuit|en cachette|en pleine nuit|chez un (?:mec|gars|inconnu)|recherche\w?|par la fenetre|personne sait)"),
    # ---- nowhere to sleep
    _near(Kind.HOMELESS_TONIGHT, _H, r"(?:dehors|a la rue|a la porte|sans toit|sans logement)", r"(?:dors|dort|dormir|dor|dormi|nuits?|affaires|valises?|sac|froid|ce soir|foutu\w?|jet\w{1,2}|mis\w?|vire\w?|degage\w?|parents|mere|pere|ans|aller|passe la nuit)", r"(?:nuits?|dors|dort|dormir|dor|dormi|ou aller|affaires|valises?|mere|pere|parents|copine|copain|mec|ce soir|foyer)", unless=r"(?:camping|festival|attends|barbecue|sport|fumer|clope|match|tente pour|manger|promen\w*|bus|courir|sors ce soir|sortir ce soir|soiree|retard|chien)"),
    _near(Kind.HOMELESS_TONIGHT, _H, r"(?:dors|dort|dormir|dor|dormi|dormais|nuits?|pieute|creche)", r"(?:parking|hall|gare|escaliers?|cage|cave|squat|abri ?bus|banc|voiture|caisse|bagnole|camion\w*|scenic|clio|twingo|206|kangoo|berlingo|parc|tente|pont|laverie|garage|rue|immeuble|cabane)", r"(?:dans|sur|sous|a la|au|devant)", unless=r"(?:camping|festival|vacances|train|scout|voyage|route vers|covoit\w*|chez|cour\b|sieste|road ?trip|en allant|retour de)"),
    _near(Kind.HOMELESS_TONIGHT, _H, r"(?:ou (?:je )?(?:vais )?(?:dormir|dors|aller|pieuter|crecher|passer la nuit)|dors? ou|vais dormir ou|heberger|loger|hebergement|endroit)", r"(?:ce soir|cette nuit|dehors|personne|perssone|persone|nulle? part|plus (?:rien|nulle)|affaires|valise|foutu\w?|vire\w?|jete\w?|rue)", r"(?:je|j'|me|m'|moi|on|nous|part|personne|persone)", unless=r"(?:chez (?:ma|mon|un|une|des)|hotel|resto|boite|sortir|manger|boire|cine|venir|stage|vacances|touris\w*)"),
    _near(Kind.HOMELESS_TONIGHT, _H, r"(?:expulse\w?|huissiers?|serrure changee|change la serrure|vire\w? de (?:chez|mon appart\w*|la maison))", r"(?:ce matin|aujourd'hui|plus de logement|plus rien|hier|ce soir|ou aller|dehors|a la rue|affaires)", unless=r"(?:taf|travail|lycee|cfa|formation|classe|cours|boulot|match|stage)"),
    # ---- threats to others
    _near(Kind.THREAT_TO_OTHERS, _C, r"(?:j'ai|je (?:prends|suis|sors|viens|ramene|arrive)|avec) (?:\w{1,10} ){0,4}(?:arme|flingue|couteau|machette|batte|fusil|pistolet|lame|marteau)", r"(?:arrive|vais|viens|planter|demonter|tuer|buter|saigner|payer|attends|devant chez|defoncer|crever|fumer|cogner|regler|venger|tirer|taper)", r"(?:je|j'|vais|arrive|viens)", unless=r"(?:me (?:tuer|buter|tirer|planter|couper|suicider)|m'ouvrir|suisse|cuisin\w*|boucher\w*|chasse|il (?:a|est|me)|mon ex|base ?ball|menuis\w*|m'a|me menace|laisser a l'entree)"),
    _near(Kind.THREAT_TO_OTHERS, _H, r"(?:je vais|je veux|envi\w? de|je jure|je compte|faut que je|je pourrais|je finirai par) (?:\w{1,10} ){0,3}(?:coup\w? de (?:couteau|lame|batte|marteau)|cramer|bruler|exploser|faire sauter|tirer sur|tirer dessus|tuer|egorger|poignarder|saigner)", r"(?:lui|le|la|les|leur|dedans|tout le monde|tous|eux|quelqu'un|mon|ma|ce)", unless=r"(?:calories|graisses|etapes|score|concours|game|jeu|temps|boss|me (?:tuer|bruler|faire|exploser)|regime|joint|kebab|son chat|oreilles|chargeur|inventee?|mdr|rire|record|forfait|budget|mouton|poulet|dechets)", urgent_if_now=True),
    # ---- confusion
    _near(Kind.CONFUSION, _H, r"(?:des gens|voix|quelqu'un|une presence|des personnes|ombres?|demons?|esprits?)", r"(?:me parlent?|me parle|m'insultent?|m'insulte|dans ma tete|me dit|me disent|me suivent|me suit)", r"(?:y a personne|personne|seule?|tete|entends?|voix|nuit|esprits?|demons?|ombres?|partout)", unless=r"(?:telephone|appel|vocal|rue|chanteur|the voice|gps|personne (?:repond|ne repond))"),
    _near(Kind.CONFUSION, _C, r"(?:voix|demon|esprit|ange|dieu)", r"(?:me dit|me disent|m'ordonne\w*|me demande\w*|me pousse\w*) (?:de |d')", r"(?:tuer|sauter|frapper|mourir|suicider|planter|mal|couper|bruler|jeter)"),
    # ---- emergency
    _near(Kind.EMERGENCY, _C, r"(?:malaise|arret cardiaque|crise cardiaque|avc|epilep\w*|convuls\w*|inconscient\w*|evanoui\w*|perd connaissance|perdu connaissance|tombee?)", r"(?:repond plus|repond pas|reveille pas|bouge plus|respire|vite|que faire|je fais quoi|aide\w*|par terre|en train|bleue?|fait un|saigne\w?)", r"(?:il|elle|mon|ma|mes|un|une|le|la|papi|mamie)", who=Who.OTHER, unless=r"(?:formation|psc1|stage|hier|semaine derniere|l'an|en panne|de velo|amoureu\w*|le rendez|permis|antecedents|traitement)"),
    _near(Kind.EMERGENCY, _C, r"(?:saigne\w?|sang|hemorragie)", r"(?:beaucoup|plein|partout|tete|enceinte|arrete (?:pas|plus)|ventre|perd|perds|accident|partout|litres?)", r"(?:il|elle|je|j'|mon|ma|copine|pote|femme)", unless=r"(?:regles|don du sang|prise de sang|nez|dent|analyse|bilan|test|sang froid|du sang neuf|bon sang|pur[ -]sang|frere de)"),
    _near(Kind.EMERGENCY, _C, r"(?:aval\w{1,2}|bu|mange|ingere\w?)", r"(?:produits?|javel|pile|lessive|eau de javel|mort aux rats|champignons|berlingot|destop|poison|liquide)", r"(?:mon|ma|fils|fille|bebe|petite?|il|elle|je|j'|enfant)", unless=r"(?:produits? (?:bio|frais|laitier|locaux)|bonnes)"),
    _near(Kind.EMERGENCY, _C, r"(?:arrive (?:pas|plus) a respirer|peux (?:pas|plus) respirer|j'etouffe|respire (?:plus|mal|pas))", r"(?:aide\w*|secours|vite|mal|poitrine|crise|la|peur|allergi\w*|asthme|ventoline|levres|gorge)", unless=r"(?:psc1|apprend|formation|masque|dans ce|tellement|au taf|chaleur|rire|si qu|secouris\w*|sport)"),
    # ---- distress
    _near(None, _L, r"je n'en peux plus|j'en peux plus|jen peux plus|je me deteste|je me degoute|je me hais|je suis nul\w? a (?:tout|vivre)|je suis perdu\w? dans ma vie", unless=r"(?:j'en peux plus|n'en peux plus) (?:de (?:ce|cette|ces|la caf|l'interim|l'hotel|pole|chercher|ton|ta|mon (?:chef|boss|patron)|attendre|bosser|la chaleur|manger)|du (?:bruit|chaud|boulot|taf|bus))|mdr|rire"),
)

# Figures of speech, and the harmless things the rules would take for danger: blotted out before any rule is tried.
_MASKS = (
    r"morte?s? de (?:rire|fatigue|honte|faim|soif|froid|chaud|trouille|peur|jalousie|ennui|sommeil|lol)",
    r"(?:mour+ir?|meurs|meurt|mourais|creve\w?|crever|crevais) de (?:rire|faim|soif|froid|chaud|honte|ennui|fatigue|trouille|envie|sommeil|jalousie|curiosite|chaleur)",
    r"meurs d'(?:envie|ennui|impatience)|mourir d'ennui",
    r"crev\w{1,2} la dalle|creve\w? de la dalle|(?:la )?dalle de mort",
    r"(?:ca|sa|c'|cela|cette \w+|ce \w+|ces \w+|\w{2,12} a \w{1,3}h? ca) va (?:encore )?me (?:tuer|achever)(?! {ANY3}(?:pere|mere|mec|mari|frere))",
    r"(?:ca|sa|c'|tu|il|elle|vous|le prof|on|cela|cette \w+|ce \w+|ta \w+|son \w+|la \w+|le \w+) (?:m'|me |m'a |m'as |m'avez |m'ont )tu(?:e|es|ent|ee|ez)\b(?! (?:mon|ma|mes)\b)(?: de rire| ce \w+| cette \w+| a chaque fois| en rdv| direct| avec \w+ \w+)?(?=$|\W)(?! (?:si je|si j'))",
    r"en fini\w? (?:avec|au plus vite avec|rapidement avec|vite fait avec|pour de bon avec) (?!(?:la |ma |cette |mes |toute? |le )*(?:vie|jours|souffrances?|douleur|existence|moi|monde|tout|ca)\b)(?:la |le |l'|les |ces? |cette |mes |mon |ma |ca|cet |tous |toute )?[\w'-]{2,20}(?: [\w'-]{2,15})?",
    r"(?:c'est|c est|ct|c|c'etait) (?:grave |trop |un peu |completement )?morts?\b(?: pour \w+)?",
    r"me (?:tue|suis tuee?|tuer) (?:au (?:taf|travail|boulot|sport|turbin|bureau)|a (?:la (?:tache|salle|muscu|maison)|le repeter|l'expliquer|te|vous|dire|bosser|travailler|faire|essayer|chercher|leur|reviser|courir|l'entrainement|remplir)|en (?:stage|cuisine|formation)|les (?:yeux|bras|jambes)|le dos|pour (?:rien|ce \w+|cette \w+|un smic|eux|lui|le|des)|dans (?:la|ce|le|mon) (?:taf|travail|boulot|chantier)|sur (?:ce|le|mon))",
    r"(?:suis|etre|est|sommes|etais) (?:\w{2,12} )?(?:a la rue|a la ramasse) (?:dans|en|sur|niveau|cote|avec|au niveau|question|pour) (?:mes |les |la |le |mon |ma |l'|ce |cette |mon |tous )?[\w'-]{2,20}",
    r"a la rue {ANY3}{ANY3}(?:j'arrive|retard|reviser|revisions?|maths|cours|examen|exam|devoirs|niveau|boulot en retard|organisation)|(?:retard|revisions?|cours|maths|exam\w*|programme|devoirs|deadline|match|prepa) {ANY3}{ANY3}a la rue|(?:equipe|defense|il|elle|prof|psg|om|joueur\w?|ils) (?:est|sont|etai\w*) (?:\w{2,12} )?a la rue",
    r"suis (?:\w{2,8} )?(?:crevee?|ko|hs|nazes?|cuite?|decedee?|dcd|dead|morte?)\b(?: crane| rire| mdr| de \w+)?",
    r"(?:rat\w{1,2}|rate|loup\w{1,2}|perdu|fini) {ANY3}au bout de ma vie|au bout de ma vie {ANY3}(?:rat\w{1,2}|bus|raclette|matin)",
    r"(?:ma|mon|mes|sa|son|le|la|ton|ta) (?:mere|pere|daron\w?|parents?|reum|prof|conseillere?|boss|patron|chef|copine|meuf|femme|coach|soeur) (?:va|vont|allait|allaient) (?:me |m')?(?:tuer|defoncer|buter|massacrer|demonter|trucider|eclater|etriper|etrangler) (?:si|s'il|quand|mdr|rire|pour (?:mes|mon|ca)|a cause de (?:mes notes|mon)|demain si)",
    r"(?:me|m') ?(?:pendre|flinguer|tirer une balle|suicider|tuer|buter|jeter par la fenetre) (?:si (?:je (?:dois|redois|rate|vois|recois|perds)|j'ai (?:encore|pas)|l'om|le psg|metz|on|il faut|tu|elle|il|mon (?:bus|train)|ca (?:continue|marche)|c'est encore)|mdr|rire)(?! {ANY3}(?:revient|part|quitte|recommence|touche))",
    r"(?:va(?:is?)? |vouloir |veux )?(?:tuer|buter|etrangler|defoncer|fumer|planter|crever|massacrer) (?:mon|ma|ce|cette|le|la|ton|mes|les) (?:\w{3,12} )?(?:s'il|si il|si elle|s'ils|s'il te|si tu|qui a (?:encore )?(?:mange|pris|vole|fini|bouffe)|il a (?:encore )?(?:mange|pris|fini|bouffe|casse)|elle a (?:encore )?(?:mange|pris|fini|bouffe|casse))",
    r"(?:fumer|tuer|defoncer|eclater|massacrer|demonter|battre|butter|buter|planter|exploser|violer?|violee?s?|detruire) {ANY3}(?:a|sur|au|dans) (?:la course|fifa|cod|call of|fortnite|mario ?kart|foot|basket|babyfoot|ping-?pong|le terrain|poker|ce jeu|gta|la switch|la ps\d|belote|uno|valorant|warzone|minecraft|street fighter|petanque|clash)",
    r"(?:faim|froid|beau|belle|drole|triste|soif|ennuyeux|chiant|rire|long|mignon) {ANY3}a (?:en )?mourir|a tomber|a se (?:flinguer|pendre|tirer une balle|jeter par la fenetre|taper la tete)",
    r"flingue le (?:dos|moral)|flinguer (?:le dos|la sante)",
    r"me taill\w{1,2} (?:a|avant|d'ici|de la|vite|maintenant|mdr|$)|me suis taillee? (?!les)",
    r"me suis coupee?(?! (?:expres|trop|les (?:bras|veines|poignets|cuisses|jambes)|volontairement|le bras|encore|la cuisse|le poignet|$))(?: en \w+| le doigt| les? \w+| au \w+)?|(?:me )?coup\w{1,2} (?:les cheveux|les ongles|le doigt|la barbe|la frange|l'appetit|l'herbe|la route|le souffle|les vivres|les ponts|du bois|du monde|la parole)",
    r"(?:on|la caf|pole emploi|france travail|ils|edf|free|orange) (?:m'|m'a |m'ont |nous a )?(?:coupe|coupee?|sucre|radie)\b",
    r"saut\w{1,2} (?:le repas|un repas|en parachute|une classe|de joie|une ligne|le pas|des repas|a la corde|l'etape|au plafond|a l'elastique|dans (?:un|le|mon) (?:bus|train|lit)|mon tour|une annee|le petit)",
    r"me bat(?:s|tre|trai\w?) (?:pour|contre|avec (?:les papiers|la caf|mon|la paperasse)|depuis|tous les jours pour)|se bat(?:tent)? pour",
    r"(?:tap\w{1,3}|frapp\w{1,3}) (?:a (?:la porte|toutes les portes|la machine)|mon nom|mon code|sur (?:google|internet|le site|l'epaule|les nerfs|le systeme|mon (?:nom|tel)|la table|l'appli)|\d|la discute|le code|le mdp|l'adresse|mon cv|une lettre|mon message|dans (?:google|la barre|le moteur))|(?:l'ai|ai) tapee? (?:sur|dans) (?:google|internet)",
    r"(?:me fai[st]|suis|etre|m'a|me|m') {ANY3}?h?arcel\w{1,4} (?:par )?(?:les pubs?|la pub|le cpf|de (?:mails?|pubs?|sms|messages|notifs?)|pour que je (?:vienne|signe))|(?:pole emploi|france travail|la caf|cpf|edf|free|la banque|les pubs|le cpf|tiktok|l'appli) (?:me |m')harcel\w{1,4}",
    r"menace de (?:pleuvoir|neiger|fermer|greve)|(?:overdose|overdosee?|surdose) de (?:[\w'-]{2,15})|overdos\w{1,3} (?:de|les) \w+",
    r"(?:frais|prix|note) (?:de )?(?:mortel\w?|a mourir)|mortel(?:le)?s?\b|une tuerie|ca tue\b|trop tue\b",
    r"dor\w{1,4} (?:dehors|sous (?:la|une) tente|en tente|dans (?:la|une|ma) tente|a la belle etoile) {ANY3}{ANY3}(?:camping|festival|bivouac|rando\w*|scouts?|vacances|plage)|(?:camping|festival|bivouac|rando\w*|scouts?|vacances) {ANY3}{ANY3}dor\w{1,4} (?:dehors|en tente|sous|dans)",
    r"dispara\w{1,8} (?:tellement|de honte|sous terre|mdr|rire|de la liste|du site|de mon|des reseaux|d'insta|de l'appli)|disparaitre {ANY3}(?:honte|gene)",
    r"(?:pc|ordi|tel|telephone|batterie|voiture|moteur|scooter|console|appli|site|clavier|connexion|wifi|plante|chargeur)s? {ANY3}{ANY3}(?:mort\w?|respire\w? plus|lache|creve\w?|mourir|repond plus|suicid\w{1,3})",
    r"(?:c'est |c'etait |carrement |un peu |du )?(?:suicidaire|du suicide|un suicide) (?:de|d'|financier|pour|professionnel|social|collectif)",
    r"(?:faire ca|accepter ca|bosser la|\w+) (?:c'est|ce serait) (?:du suicide|suicidaire)|noy\w{1,2} (?:dans|sous) (?:la paperasse|les papiers|le travail|le boulot|les dossiers|mes)",
    r"le coeur brise|tire\w? (?:de ce (?:taf|stage|boulot)|d'ici|une balle dans le pied)|balle dans le pied",
    r"failli mourir (?:tellement|de|quand j'ai vu)|pleur\w{1,2} de rire",
    r"couteau suisse|en feu aujourd'hui|y a le feu (?:je suis|je|mdr|rire|au lac|a la piste)|mettre le feu (?:a la piste|au dancefloor|sur scene)|pas le feu",
    r"(?:au secours|a l'aide|help|sos|aide[zr]?[ -]moi) (?:ces|ce|cette|les|le|la|cv|mon cv|pour|je comprends|a|mon dossier|j'ai (?:perdu|oublie|rate)|avec|mdr|rire|comment|la caf|j'arrive pas a (?:me connecter|trouver|m'inscrire|ouvrir))(?! {ANY3}(?:frappe|tape|tue))",
    r"plutot (?:mourir|crever) que (?:de )?(?:retourner|bosser|travailler|aller|manger|prendre|faire|vivre a)|prefere (?:mourir|crever) que (?:de )?(?:retourner|bosser|travailler|aller|manger|prendre|faire)",
    r"(?:buter|tuer|etrangler|fumer) (?:le|la|celui|les) (?:mec|gars|type|personne|genie|idiot|con|connard)?s? ?qui (?:a|ont) (?:invente|cree|fait|decide|pondu)",
    r"derniere? nuit (?:a l'hotel|ici|dans|chez|au|en|a)|derni\w{1,3} (?:jour|soir|nuit|semaine) (?:de|a|au|en|chez|avant)",
    r"tout (?:est )?(?:pret|prepare|prevu)\w? (?:pour|pr) (?:le|la|l'|mon|ma|mes|les|demain)(?! {ANY3}(?:mourir|finir|suicid|partir))|tout prepare (?:pour|pr|mes papiers|mon dossier)",
    r"envie de rien (?:manger|faire de (?:ma journee|special)|de special|acheter|boire|regarder)",
    r"jpp (?:rire|de (?:ce|cette|rire|lui|toi|tes|ta|ton|ses|elle|eux|vous)|mdr|rire|lol|crane|ptdr|xd)",
    r"(?:m'|me |m'a |m'as |nous a )(?:tape|touche|frappe)\w? (?:dans l'oeil|le coeur|droit au coeur|l'esprit)",
    r"regles?\b",
)  # fmt: skip
MASK = re.compile("|".join(f"(?:\\b(?:{mask}))" for mask in (_compiled(m).pattern.removeprefix(r"\b") for m in _MASKS)))

# A story, a game, a lesson: what it tells is not happening.
STORY = _compiled(
    r"(?:dans|sur|au|d'apres|de) (?:le|la|un|une|ce|cette|mon|l'|les|du|des)? ?(?:\w{2,10} )?(?:film|serie|episode|chanson|clip|manga|anime|roman|livre|"
    r"bouquin|jeu|jeux|sketch|dessin anime|theatre|piece|bd|conte|histoire que je lis|morceau|son de|refrain|couplet|netflix|cinema)\b"
    r"|(?:dans |sur )?(?:gta|fortnite|fifa|call of|cod|minecraft|warzone|valorant|among us|red dead|assassin|sims)\b"
    r"|(?:la chanson|les paroles|le film|la serie|le refrain|le heros|l'heroine|le personnage|le rappeur|booba|jul|le titre|le livre|l'episode|le son|le manga|la saison|le perso|le mechant) "
)
TOPIC = _compiled(
    r"(?:expose|reportage|documentaire|docu|article|podcast|debat|conference|campagne|memoire|redaction|dissert\w*|emission|enquete|etude|stats|statistiques|intervention|journee) {G1}(?:sur|contre|de prevention|des?|du)\b"
    r"|(?:cours|atelier|module|livre|film|video|loi|temoignage|dossier|affiche|pub|bouquin) {G1}(?:sur|contre|de prevention|parle\w*|c'est)\b|(?:c'est |est )?la punchline|mon expose|psc1|secouris\w*|pour (?:mon|un) expose|en cours on a (?:parle|vu)"
    r"|(?:formation|stage|asso\w*|prevention|sensibilisation|travailler|bosser|metier|diplome|concours|benevol\w*) {ANY3}{ANY3}(?:harcelement|violences?|suicide|viol|secours\w*|overdoses?|addictions?|enfants? (?:battus|en danger|maltraites)|femmes battues|prostitution|mariages? forces?|samu)"
    r"|(?:prof|educ\w*|intervenant\w?|infirmiere|policier|conseillere?) (?:nous )?(?:a|ont|avait) (?:parle|explique|dit|fait un cours)|(?:c'est quoi|quel est|donne(?:-moi)?|t'as) (?:le |un )?(?:numero|num)|ca veut dire(?: quoi)?|c'est quoi|definition|tas vu l'info|tu as vu l'info|vu aux? infos?|l'info du|fait divers|aux infos|au journal|dans le journal|republicain lorrain"
)
LAUGH = re.compile(r"\b(?:mdr+|ptdr+|lol+|rire|xd+|haha\w*|hihi\w*|jrigole|je rigole|blague|jdeconne|je deconne|golri)\b")
NOW = re.compile(
    r"\b(?:ce soir|cette nuit|maintenant|tout de suite|en ce moment meme|dans (?:cinq|dix|une|deux|\d{1,2}) ?(?:min\w*|h\w*)|"
    r"demain|aujourd'hui|tt de suite|tout a l'heure|ca y est|avant demain|la la|d'ici (?:ce soir|demain)|tonight)\b|(?<!etre )(?<!plus )\bla\W*$"
)
PAST = re.compile(
    r"\b(?:a l'epoque|quand j'etais (?:petite?|enfant|gamine?|jeune|ado|plus jeune|au (?:college|primaire))|quand j'avais|"
    r"(?:il )?y a (?:longtemps|des annees|\w{1,6} ans)|c'est fini|c'est du passe|plus maintenant|dans mon enfance|"
    r"mon enfance|au (?:college|primaire)|l'an(?:nee)? dernier\w?|avant(?! (?:de|que|demain))|plus en contact|on s'est separes|"
    r"(?:il|elle) est (?:mort|en prison|parti))\b"
)
RECENT = re.compile(
    r"\b(?:hier|avant-hier|ce matin|cette semaine|la semaine derniere|samedi|dimanche|lundi|mardi|mercredi|jeudi|vendredi|"
    r"ce week-end|il y a (?:\w{1,5} )?(?:jours?|heures?)|l'autre (?:jour|soir)|tout a l'heure|vien[st] de)\b"
)
MINOR = re.compile(
    r"\b(?:j'ai|j'ai que|je n'ai que|moi|ai|agee? de|j'aurai|j'ai seulement|j'ai tout juste) (?:1[0-7]|douze|treize|quatorze|quinze|seize|dix[ -]sept) ?ans?\b"
    r"|\b(?:je suis|suis|encore|reste) (?:encore )?(?:mineure?)\b|\b(?:pas encore|pas) (?:18|dix-huit)(?: ans)?\b|\b(?:1[0-7]) ?(?:ans?|piges?)\b|\bmineure?s?\b"
)
ADULT = re.compile(r"\b(?:j'ai|ai) (?:1[89]|[2-9]\d|vingt[ -]?\w*|dix[ -]huit|dix[ -]neuf|trente) ?ans?\b|\bje suis (?:majeure?|adulte)\b")
DISCRETION = re.compile(
    r"\b(?:(?:lit|lis|lise|lisent|fouill\w{1,3}|regard\w{1,3}|voit|controle\w?|verifie\w?|surveill\w{1,3}|tombe sur|prend) (?:tous |toutes |tout )?(?:dans )?(?:mon|mes|le|la) (?:tel\w*|portable|sms|messages?|snap\w*|conv\w*|insta\w*|notifs?|whatsapp|phone|texto\w?)"
    r"|(?:faut pas|veux pas|doit pas|doivent pas|peut|peuvent|va|risque de|s'il|si il|si elle) {0,1}(?:qu'il|qu'elle|qu'ils|que (?:ma|mon|mes) \w{3,10})? {0,1}(?:le |les |ca )?(?:lise\w{0,2}|voi(?:t|e|ent)|tombe|sache\w{0,2}|decouvre\w{0,2}|apprenne\w{0,2})(?: \w{1,8}){0,3} (?:messages?|tel\w*|conv\w*|portable|ca|que je (?:parle|t'ecris|vous))"
    r"|(?:efface\w?|supprime\w?|cache\w?) (?:la |cette |nos |les |mes )?(?:conv\w*|messages?|discussion) (?:vite|il|elle|avant|si)|(?:repond|reponds|ecris|ecrit|appelle|rappelle|m'appelle)\w? (?:moi )?(?:pas|plus),? (?:il|elle|ils|mon|ma)(?: \w{1,8}){0,4} (?:a cote|la|rentre|arrive|entend|voit|revient)"
    r"|(?:il|elle|ils|mon (?:mec|pere|mari|copain|frere)) (?:est|sont) (?:juste )?(?:a cote|la|dans la piece|derriere moi|dans la chambre)|discretement|je (?:dois|vais) effacer)\b"
)

# "il ma taper", "ils mont", "il mobligent": the apostrophe young people leave out, only where a verb follows.
_VERBS = (
    r"tap|frap|touch|etrang|forc|viol|menac|bat|cogn|insult|mis\b|met|fout|jet|vire|tej|agress|donn|pris\b|suiv|harcel|"
    r"laiss|promis|enferm|fait|pelot|secou|poignard|plant|abus|oblig|empech|dit|defonc|gifl|tabass|serr|coinc|degag|expuls|"
    r"lourd|chass|file|colle|crach|humili|rabaiss|sequestr|control|fianc|mari|tue|blesse|brule|tire|vole|drogue|attach|bloqu|"
    r"saut|arrach|pousse|mord|etouff|essay|voulu|envoy|demand|coup"
)
LOST_APOSTROPHE = re.compile(
    rf"\bm(a|ont|avait|avaient)(?= (?:deja |encore |trop |pas |jamais |re|souvent )?(?:{_VERBS}))"
    r"|\b([mdnst])(?=(?:oblig|etrangl|etouff|insult|empech|agress|enferm|espion|attend|humili|ouvr|interdi|envoy|embrass|endorm|"
    r"enfui|egorg|abandon|exploit|aide|etre\b|en\b|en fini)\w{0,6})"
)
