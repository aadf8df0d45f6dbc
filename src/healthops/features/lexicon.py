"""The words of Spanish clinic notes, and how to find them whatever the spelling.

Notes are folded first: capital letters, accents and the letters that Spanish writers confuse by ear (b/v, s/c/z, a
silent h, ll/y) do not matter, and a word about one typing error away from a word of the lexicon counts as that word,
which covers plurals too. What follows *no*, *sin* or *niega* in a clause does not count.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: What a note says, and the phrases that say it. Warning and severe signs: WHO, Dengue guidelines (2009), p. 11.
LEXICON: dict[str, tuple[str, ...]] = {
    "fever": ("fiebre", "febril", "alza termica", "calentura", "temperatura 38", "temperatura 39", "temperatura 40"),
    "chills": ("escalofrio", "sudoracion"),
    "malaise": ("malestar general", "astenia", "decaimiento", "cansancio", "hiporexia", "falta apetito"),
    "headache": ("cefalea", "dolor cabeza"),
    "eye_pain": ("retroocular", "retro ocular", "retroorbitario", "dolor ojos", "dolor ocular", "detras ojos"),
    "muscle_pain": ("mialgia", "dolor muscular", "dolores musculares", "dolor cuerpo", "dolor pantorrillas"),
    "joint_pain": ("artralgia", "dolor articular", "dolor articulaciones", "dolores articulares", "dolor huesos"),
    "rash": ("exantema", "rash", "erupcion", "sarpullido", "ronchas", "manchas piel"),
    "nausea": ("nausea", "nauseas", "ganas vomitar"),
    "vomiting": ("vomito", "vomitos", "vomita"),
    "diarrhoea": ("diarrea", "deposiciones liquidas"),
    "cough": ("tos", "congestion nasal", "secrecion nasal", "rinorrea", "dolor garganta", "odinofagia"),
    "urinary": ("disuria", "ardor orinar", "dolor lumbar", "percusion lumbar"),
    "jaundice": ("ictericia", "ojos amarillos"),
    "dizziness": ("mareo", "mareos", "desmayo", "lipotimia"),
    "abdominal_pain": ("dolor abdominal", "dolor barriga", "dolor abdomen", "colicos", "abdomen doloroso"),
    "severe_abdominal_pain": ("dolor abdominal intenso", "dolor abdominal continuo", "abdomen doloroso"),
    "persistent_vomiting": ("vomito persistente", "vomitos persistentes", "vomitos frecuentes", "vomita todo"),
    "bleeding": ("sangrado", "hemorragia", "epistaxis", "gingivorragia", "petequias", "melena", "hematemesis"),
    "lethargy": ("letargia", "letargo", "somnolencia", "somnoliento", "irritabilidad", "inquietud"),
    "fluid": ("ascitis", "derrame pleural", "edema", "acumulacion liquidos", "hinchazon"),
    "liver": ("hepatomegalia", "higado grande"),
    "haematocrit": (
        "hematocrito alto", "hematocrito elevado", "hemoconcentracion", "plaquetas bajas", "plaquetas menos",
        "plaquetopenia",
    ),
    "shock": ("shock", "choque", "hipotension", "extremidades frias", "piel fria", "pulso debil", "llenado capilar"),
    "breathing": ("disnea", "dificultad respiratoria", "dificultad respirar", "falta aire"),
    "comorbidity": (
        "diabetes", "diabetico", "hipertension", "hipertenso", "asma", "asmatico", "gestante", "embarazo",
        "renal cronica", "insuficiencia renal",
    ),
    "earlier_dengue": ("dengue anterior", "dengue previo", "segundo episodio"),
}  # fmt: skip

#: Signs that a case of dengue may turn severe, and signs that it has.
WARNING_SIGNS = (
    "severe_abdominal_pain", "persistent_vomiting", "bleeding", "lethargy", "fluid", "liver", "haematocrit",
)  # fmt: skip
SEVERE_SIGNS = ("shock", "breathing")

#: Flags of a note's symptoms: its keywords, then whether any warning or severe sign is among them.
KEYWORDS = (*LEXICON, "warning_sign", "severe_sign")

#: What a diagnosis names.
DIAGNOSES: dict[str, tuple[str, ...]] = {
    "dengue": ("dengue", "dgue", "dcsa", "dssa"),
    "dengue_with_signs": (
        "signos alarma", "signo alarma", "señales alarma", "señ alarma", "dcsa", "dengue grave", "dengue severo",
        "dengue hemorragico",
    ),
    "other_arbovirus": ("zika", "chikungunya", "mayaro", "oropouche"),
    "malaria": ("malaria", "paludismo"),
    "leptospirosis": ("leptospirosis",),
    "respiratory": (
        "ira", "influenza", "gripe", "rinofaringitis", "faringitis", "faringoamigdalitis", "resfrio", "neumonia",
        "infeccion respiratoria",
    ),
    "digestive": ("gastroenteritis", "geca", "eda", "enfermedad diarreica", "tifoidea", "infeccion intestinal"),
    "urinary": ("itu", "infeccion urinaria", "infeccion tracto urinario", "pielonefritis"),
}  # fmt: skip

#: What clinicians shorten, folded.
_SHORT = {
    "abd": "abdominal", "dlr": "dolor", "dm": "diabetes", "erk": "renal kronika", "ta": "ipertension", "int": "intenso",
    "pers": "persistentes", "sef": "sefalea",
}  # fmt: skip

#: Words shorter than this are never mended.
LONG = 5

_EMPTY = frozenset("a al con de del e el en la las lo los mas muy o por que se su un una y".split())
_DENIALS = frozenset(("no", "sin", "niega", "niegan", "negado"))
_BREAKS = frozenset((".", ",", ";", "+", "pero", "presenta", "refiere", "con"))
_TOKENS = re.compile(r"[a-z]+|\d+|[.,;+]")
_BY_EAR = (("ch", "x"), ("h", ""), ("v", "b"), ("ll", "y"), ("z", "s"), ("qu", "k"))


def fold(word: str) -> str:
    """Write a word as it sounds: no accents, capitals, doubled letters or silent h; b for v, s for z and soft c.

    >>> fold("Vómitos") == fold("bomitoz"), fold("hinchazón")
    (True, 'inxason')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
    for written, heard in _BY_EAR:
        plain = plain.replace(written, heard)
    plain = re.sub(r"c(?=[ei])", "s", plain).replace("c", "k")
    return re.sub(r"(.)\1+", r"\1", plain)


def _words(phrases: dict[str, tuple[str, ...]]) -> dict[str, tuple[tuple[str, ...], ...]]:
    return {name: tuple(tuple(fold(w) for w in p.split()) for p in some) for name, some in phrases.items()}


SYMPTOM_WORDS, DIAGNOSIS_WORDS = _words(LEXICON), _words(DIAGNOSES)
_KNOWN = sorted({w for some in (SYMPTOM_WORDS, DIAGNOSIS_WORDS) for ps in some.values() for p in ps for w in p})

_KNOWN_SET = frozenset(_KNOWN)


def _shortened(word: str) -> set[str]:
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


# Two words one typing error apart (a letter more, less, other, or two swapped) share a shortened form.
_SHORTENED: dict[str, str] = {}
for _word in _KNOWN:
    if len(_word) >= LONG:
        for _form in sorted(_shortened(_word)):
            _SHORTENED.setdefault(_form, _word)


@lru_cache(maxsize=100_000)
def mend(word: str) -> str:
    """Return the folded word of the lexicon that `word` stands for, allowing one typing error in long words.

    >>> mend("fievre"), mend("bomtio") == fold("vómito"), mend("perro")
    ('fiebre', True, 'pero')
    """
    folded = _SHORT.get(fold(word), fold(word))
    if folded in _KNOWN_SET or len(folded) < LONG:
        return folded
    return next((_SHORTENED[f] for f in sorted(_shortened(folded), key=len, reverse=True) if f in _SHORTENED), folded)


@lru_cache(maxsize=50_000)
def said(note: str) -> str:
    """Return the mended words of a note that are not denied, each between spaces, without the small words.

    >>> said("Fiebre alta y mialgias, niega sangrado; tos")
    ' fiebre alta mialgia | | tos '
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", note.lower()) if not unicodedata.combining(c))
    out, denied = [], False
    for token in _TOKENS.findall(plain):
        if token in _DENIALS:
            denied = True
        elif token in _BREAKS:
            denied = False
            if not token.isalpha():
                out.append("|")
        elif not denied and token not in _EMPTY:
            out.append(mend(token))
    return f" {' '.join(out)} "
