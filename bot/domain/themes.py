"""The finer want inside a need: a closed list of themes, and how one is found in a text.

The intent comes from the model; the theme is read by keyword, so that a structure can see and correct why
an answer was chosen. No theme found is a normal answer: the need's own response is then given.
"""

from __future__ import annotations

import re
from enum import StrEnum

from nlu.langue import fold, normalise

__all__ = ["ImiloTheme", "PdnFamily", "Theme", "find_theme"]


class ImiloTheme(StrEnum):
    """Themes of i-milo, the Missions Locales' record (SocialGouv/pass-emploi-api, `qualification.ts`)."""

    EMPLOI = "Emploi"
    PROJET = "Projet professionnel"
    CULTURE = "Culture-sport-loisirs"
    CITOYENNETE = "Citoyenneté"
    FORMATION = "Formation"
    LOGEMENT = "Logement"
    SANTE = "Santé"


class PdnFamily(StrEnum):
    """Families of requests in the Promeneurs du Net's published reports (Loire network, 2019)."""

    DAILY_LIFE = "vie quotidienne et prévention"
    STRUCTURE = "infos pratiques sur une structure"
    PROJECT = "accompagnement de projet"
    DIGITAL = "pratiques numériques"
    PERSONAL = "questions personnelles"


class Theme(StrEnum):
    """A theme of a need, written "intent/theme"."""

    HEALTH_DOCTOR = "need_health/doctor"
    HEALTH_COVER = "need_health/cover"
    HEALTH_PREGNANCY = "need_health/pregnancy"
    HEALTH_CONTRACEPTION = "need_health/contraception"
    HEALTH_BODY = "need_health/body"
    FAMILY_PARENTS = "need_family/parents"
    FAMILY_OWN_CHILD = "need_family/own_child"
    FAMILY_LEAVING_CARE = "need_family/leaving_care"
    FAMILY_COUPLE = "need_family/couple"
    PAPERS_IDENTITY = "need_papers/identity"
    PAPERS_RESIDENCE = "need_papers/residence"
    PAPERS_JUSTICE = "need_papers/justice"
    PAPERS_ADMINISTRATION = "need_papers/administration"
    MONEY_PAYMENT_MISSING = "need_money_rights/payment_missing"
    MONEY_SANCTION = "need_money_rights/sanction"
    MONEY_DEBT = "need_money_rights/debt"
    MONEY_FOOD = "need_money_rights/food"
    MONEY_SCHEME = "need_money_rights/scheme"
    JOB_SEARCH = "need_job/search"
    JOB_CV = "need_job/cv"
    JOB_APPRENTICESHIP = "need_job/apprenticeship"
    JOB_INTERNSHIP = "need_job/internship"
    ENGAGEMENT_CIVIC_SERVICE = "need_engagement/civic_service"
    ENGAGEMENT_VOLUNTEERING = "need_engagement/volunteering"
    ENGAGEMENT_SPORT_CULTURE = "need_engagement/sport_culture"
    MOBILITY_LICENCE = "need_mobility/licence"
    MOBILITY_TRANSPORT = "need_mobility/transport"
    MOBILITY_COME_TO_ME = "need_mobility/come_to_me"
    WELLBEING_ALONE = "need_wellbeing/alone"
    WELLBEING_LOW = "need_wellbeing/low"
    WELLBEING_IDENTITY = "need_wellbeing/identity"

    @property
    def intent(self) -> str:
        return self.value.split("/")[0]

    @property
    def response(self) -> str:
        """The name of its response in `data/responses/`."""
        return "utter_" + self.value.replace("/", "_")

    @property
    def label(self) -> str:
        return _ABOUT[self][0]

    @property
    def imilo(self) -> ImiloTheme:
        """Where an adviser records it. i-milo knows no theme for money, papers, family or mobility: money,
        papers and family go under Citoyenneté, mobility under Projet professionnel (our choice)."""
        return _ABOUT[self][1]

    @property
    def pdn(self) -> PdnFamily:
        return _ABOUT[self][2]


_ABOUT: dict[Theme, tuple[str, ImiloTheme, PdnFamily]] = {
    Theme.HEALTH_DOCTOR: ("Trouver un soignant", ImiloTheme.SANTE, PdnFamily.DAILY_LIFE),
    Theme.HEALTH_COVER: ("Sécu et mutuelle", ImiloTheme.SANTE, PdnFamily.DAILY_LIFE),
    Theme.HEALTH_PREGNANCY: ("Grossesse", ImiloTheme.SANTE, PdnFamily.PERSONAL),
    Theme.HEALTH_CONTRACEPTION: ("Contraception et dépistage", ImiloTheme.SANTE, PdnFamily.DAILY_LIFE),
    Theme.HEALTH_BODY: ("Corps et douleurs", ImiloTheme.SANTE, PdnFamily.DAILY_LIFE),
    Theme.FAMILY_PARENTS: ("Parents", ImiloTheme.CITOYENNETE, PdnFamily.PERSONAL),
    Theme.FAMILY_OWN_CHILD: ("Son enfant", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.FAMILY_LEAVING_CARE: ("Sortie de placement", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.FAMILY_COUPLE: ("Couple", ImiloTheme.CITOYENNETE, PdnFamily.PERSONAL),
    Theme.PAPERS_IDENTITY: ("Papiers d'identité", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.PAPERS_RESIDENCE: ("Titre de séjour", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.PAPERS_JUSTICE: ("Justice", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.PAPERS_ADMINISTRATION: ("Administration", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.MONEY_PAYMENT_MISSING: ("Paiement pas reçu", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.MONEY_SANCTION: ("Radiation ou sanction", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.MONEY_DEBT: ("Dettes", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.MONEY_FOOD: ("Aide alimentaire", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.MONEY_SCHEME: ("Aides et allocations", ImiloTheme.CITOYENNETE, PdnFamily.DAILY_LIFE),
    Theme.JOB_SEARCH: ("Recherche d'emploi", ImiloTheme.EMPLOI, PdnFamily.PROJECT),
    Theme.JOB_CV: ("CV et lettre", ImiloTheme.EMPLOI, PdnFamily.PROJECT),
    Theme.JOB_APPRENTICESHIP: ("Alternance", ImiloTheme.EMPLOI, PdnFamily.PROJECT),
    Theme.JOB_INTERNSHIP: ("Stage ou immersion", ImiloTheme.PROJET, PdnFamily.PROJECT),
    Theme.ENGAGEMENT_CIVIC_SERVICE: ("Service civique", ImiloTheme.CITOYENNETE, PdnFamily.PROJECT),
    Theme.ENGAGEMENT_VOLUNTEERING: ("Bénévolat", ImiloTheme.CITOYENNETE, PdnFamily.PROJECT),
    Theme.ENGAGEMENT_SPORT_CULTURE: ("Sport et culture", ImiloTheme.CULTURE, PdnFamily.DAILY_LIFE),
    Theme.MOBILITY_LICENCE: ("Permis", ImiloTheme.PROJET, PdnFamily.PROJECT),
    Theme.MOBILITY_TRANSPORT: ("Transports", ImiloTheme.PROJET, PdnFamily.DAILY_LIFE),
    Theme.MOBILITY_COME_TO_ME: ("Rencontre près de chez soi", ImiloTheme.PROJET, PdnFamily.STRUCTURE),
    Theme.WELLBEING_ALONE: ("Solitude", ImiloTheme.SANTE, PdnFamily.PERSONAL),
    Theme.WELLBEING_LOW: ("Moral et stress", ImiloTheme.SANTE, PdnFamily.PERSONAL),
    Theme.WELLBEING_IDENTITY: ("Identité", ImiloTheme.SANTE, PdnFamily.PERSONAL),
}

# Stems, tried in this order within an intent: what has a deadline or says most comes first, so a text about
# a pregnancy and a lost card gets the pregnancy's answer. "\b" closes a stem too short to stand alone.
_STEMS: tuple[tuple[Theme, str], ...] = (
    (
        Theme.HEALTH_CONTRACEPTION,
        r"(?:ne|pour) pas (?:tomber|etre) enceinte|eviter (?:d etre enceinte|une grossesse)",
    ),
    (
        Theme.HEALTH_PREGNANCY,
        r"enceinte|grossesse|avort|ivg\b|test positif|bebe|accouch|maternite|sage femme|(?:du|de) retard|"
        r"retard de regles|regles en retard|regles?(?: \w+){0,2} pas (?:arriv|ven)|"
        r"(?:pas|plus) (?:eu )?(?:mes|de|les|ses) regles",
    ),
    (
        Theme.HEALTH_CONTRACEPTION,
        r"contracep|pilule|preserv|capote|sterilet|implant\b|lendemain|patch|depist|ist\b|mst\b|sida\b|"
        r"vih\b|rapport|(?:sans|pas) (?:se |m |s )?proteg|sans protection|chop",
    ),
    (
        Theme.HEALTH_COVER,
        r"mutuel|secu\b|securite sociale|vitale|ameli\b|cpam\b|complementaire|css\b|cmu\b|ame\b(?<!dame)|"
        r"assurance maladie|rembours|droits|tiers payant|avance\b|(?:trop|cout\w*) cher",
    ),
    (
        Theme.HEALTH_DOCTOR,
        r"medecin|docteur|doctor|doc\b|toubib|general?iste|dent|ophtal|dermat|gyneco|kine\b|infirm|"
        r"specialiste|hopital|urgences?\b|lunettes|bilan|examen de sante|vaccin|soign|orl\b",
    ),
    (
        Theme.HEALTH_BODY,
        r"mal\b|douleur|douloureu|bouton|acne|regles|poids|kilo|maigri|gross(?:i|e|ir)?\b|fatigu|creve|"
        r"demange|gratte|brul|cheveux|pipi|peau\b|ventre|aliment|dos\b|corps|malade|entends mal",
    ),
    (
        Theme.FAMILY_LEAVING_CARE,
        r"ase\b|foyer|jeune majeur|placement|(?:suis|etais|ete|enfants?|jeunes?) placee?s?\b|"
        r"famille d ?accueil|apj\b|aide sociale|mna\b|educ(?:s|at\w*)?\b|jeunes majeurs",
    ),
    (
        Theme.FAMILY_OWN_CHILD,
        r"bebe|enfant|gosse|fils\b|(?:ma|mes|notre|petite) (?:fille|puce)|jumeaux|creche|nounou|"
        r"assistante mat|garde\b|garder|pension|conge parental|jeune (?:papa|maman|pere|mere)|"
        r"(?:suis|deviens) (?:un |une )?(?:jeune )?(?:papa|maman|mere|pere)|"
        r"(?:maman|mere) (?:solo|celib|a \d)|baby ?sit|"
        r"(?:mon|le|du|au) petit\b(?! (?:frere|copain|ami|cousin))",
    ),
    (
        Theme.FAMILY_PARENTS,
        r"parents (?:\w+ )?divorc|divorce de mes parents|"
        r"^(?:\w+ ){0,2}(?:parents|(?:beau |belle )?(?:mere|pere))\b",
    ),
    (
        Theme.FAMILY_COUPLE,
        r"copain|copine|mec\b|meuf|cheri|ex\b|conjoint|couple|rupture|separ|divorc|tromp|jalou|quitt|"
        r"amour|largu|mari(?:er|age|e)?\b|pacs|remis ensemble|femme\b|fiance",
    ),
    (Theme.FAMILY_PARENTS, r"parents|pere\b|mere\b|papa|maman|daron|vieux|frere|soeur|maison|mediation"),
    (
        Theme.PAPERS_RESIDENCE,
        r"sejour|recepisse|prefecture|pref\b|oqtf|asile|nationalite|(?:sans|avoir des) papiers|visa\b|"
        r"devenir francais|papiers francais|regroupement|apatride|residence permit|arrive mineur|naturalis",
    ),
    (
        Theme.PAPERS_JUSTICE,
        r"juge|jugement|tribunal|avocat|casier|tig\b|spip|pjj\b|prison|taule|bracelet|amende|sursis|"
        r"condamn|proces\b|plainte|garde a vue|juridictionnel|justice|peine\b|convoc",
    ),
    (
        Theme.PAPERS_IDENTITY,
        r"identite|cni\b|passeport|naissance|prenom|etat civil|papiers (?:\w+ ){0,4}vol|"
        r"vol\w* (?:\w+ ){0,6}papiers",
    ),
    (
        Theme.PAPERS_ADMINISTRATION,
        r"impot|cerfa|formulaire|dossier|jdc\b|defense|recens|courrier|adresse|domicil|vot(?:e|er)\b|"
        r"electoral|justificatif|remplir|france services|ccas|ants\b|administrati|internet",
    ),
    (
        Theme.MONEY_FOOD,
        r"manger?\b|mangeais|faim|bouffe|nourri|aliment|frigo|courses|restos? du|epicerie|colis|food\b|"
        r"dalle\b|secours (?:pop|cath)",
    ),
    (
        Theme.MONEY_DEBT,
        r"dette|credits?\b|decouvert|huissier|\w*endett|banque|bancaire|trop percu|rembours|impaye|"
        r"factures?\b|saisie|dois (?:\w+ )?(?:de l argent|\d+)|je dois|reclame|mise en demeure",
    ),
    (
        Theme.MONEY_SANCTION,
        r"radi(?:e|er|ation)|suspen|sanction|coupe|puni|avertissement|control|suppr|loupe|rate\b|absen",
    ),
    (
        Theme.MONEY_PAYMENT_MISSING,
        r"(?:pas|rien|jamais) (?:\w+ ){0,2}(?:recu|verse|touche|paye|tombe|arriv|vire)|virement|versement|"
        r"(?:recu|verse|touche) (?:rien|pas)|retard|arriv\w* quand|elle arrive|a saute|"
        r"pas ete (?:fait|vers)",
    ),
    (
        Theme.MONEY_SCHEME,
        r"cej\b|rsa\b|pacea|prime|apl\b|aides?\b|alloc|garantie|contrat d ?engagement|chomage|faj\b|"
        r"bourse|droit a\b|droits|coup de pouce|bon d achat|caf\b",
    ),
    (Theme.JOB_CV, r"cv\b|lettres?\b|curriculum|motiv\b"),
    (
        Theme.JOB_APPRENTICESHIP,
        r"apprenti|alternan|cfa\b|contrat pro|(?:cherche|trouver|trouve) (?:un |mon |autre )*patron",
    ),
    (
        Theme.JOB_INTERNSHIP,
        r"stage|stagiaire|pmsmp|immersion|convention|(?:test|essay|decouvr)\w* (?:un|le|des|ce) metier|"
        r"un essai",
    ),
    (
        Theme.JOB_SEARCH,
        r"travail|taf|boulot|jobs?\b|emploi|bosser|embauch|offres?\b|postul|entretien|interim|candidat|"
        r"cd[id]\b|postes?\b|recrut|mi temps|armee|police|contrat|patron|usine|restau|livreur|vend|caiss|"
        r"work|entrepr",
    ),
    (
        Theme.ENGAGEMENT_CIVIC_SERVICE,
        r"service civi|services civi|svc civi|civique|snu\b|service national|volontariat|corps europe",
    ),
    (
        Theme.ENGAGEMENT_VOLUNTEERING,
        r"benevol|volontaire|pompier|croix rouge|aider\b|utile|coup de main|restos du|spa\b|refuge|"
        r"donner (?:de )?mon temps|conseil des jeunes|don du sang|maraude",
    ),
    (
        Theme.ENGAGEMENT_SPORT_CULTURE,
        r"foot|sport|boxe|basket|judo|danse|muscu|gym|salle|piscine|club|equipe|tournoi|natation|musique|"
        r"guitare|rap\b|studio|theatre|dessin|peinture|manga|cine|concert|cultur|biblio|expo|atelier|"
        r"activite|loisir",
    ),
    (Theme.ENGAGEMENT_VOLUNTEERING, r"asso"),
    (
        Theme.MOBILITY_COME_TO_ME,
        r"ven(?:ir|ez) (?:\w+ ){0,2}(?:chez|vers|dans|me voir|jusqu|nous)|vous (?:pouvez )?ven|domicile|"
        r"pass(?:er|ez) chez moi|(?:pas|plus) (?:pouvoir )?me deplacer|deplace[zr]?(?: vous| jusqu)|"
        r"vous deplac|se (?:voir|retrouver|rejoindre)|me rejoindre|peut venir|peux venir",
    ),
    (Theme.MOBILITY_LICENCE, r"permis|code\b|auto ecole|conduite|conduire|bsr\b|points\b|suspen"),
    (
        Theme.MOBILITY_TRANSPORT,
        r"bus\b|trains?\b|ter\b|fluo|navette|tram|scoot|mobylette|moto|velo|trottinette|voiture|caisse|"
        r"garage|essence|covoit|conducteur|transport|taxi|locomotion|a pied|en panne|gare\b",
    ),
    (
        Theme.WELLBEING_IDENTITY,
        r"gay|homo|lesb|bi\b|bisex|trans\b|(?:mon|de|le) genre\b|non binaire|coming out|lgbt|queer|"
        r"aime les (?:filles|garcons|mecs|meufs)|attir|qui (?:je|j) suis|nulle part|culture|"
        r"pas (?:garcon|fille)",
    ),
    (
        Theme.WELLBEING_ALONE,
        r"seul|solitude|isol|(?<!une )personne|amis?\b|potes?\b|copains|copines|alone|lonely|pour discuter",
    ),
    (
        Theme.WELLBEING_LOW,
        r"stress|moral|depri|depress|angoiss|pleur|dor[st]?\b|dorm|psy|confiance|motiv|envie|triste|burn|"
        r"cafard|blues|pression|peur|fatigu|vide\b|nul(?:le)?\b|timide|moche|bien dans ma peau|enerv|"
        r"deced|largu",
    ),
)

# Elision is often glued ("dangoisse", "lase"), so a stem may follow it.
_PATTERNS = tuple((theme, re.compile(rf"\b(?:[dlmnst]|qu)?(?:{stems})")) for theme, stems in _STEMS)


def find_theme(intent: str, text: str) -> Theme | None:
    """The theme of `text` (raw, as typed) within `intent`; None when none is named or the intent has none."""
    readable = re.sub(r"[^a-z0-9]+", " ", fold(normalise(text).text)).strip()
    for theme, pattern in _PATTERNS:
        if theme.intent == intent and pattern.search(readable):
            return theme
    return None
