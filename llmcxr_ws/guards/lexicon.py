"""The guards' words: findings, what denies or doubts them, sides, zones, comparison. Own English lists.

Every entry is a regular expression, matched whatever its case. Nothing here decides anything:
:mod:`llmcxr_ws.guards.statements` reads sentences with it. Knows no syntax and no misspelling; what it doesn't know
it is silent about.
"""

from __future__ import annotations

import re

# Finding -> wordings. A finding's name is also how an objection calls it.
FINDINGS: dict[str, tuple[str, ...]] = {
    "pleural effusion": (
        r"(?<!pericardial )(?<!joint )effusions?", r"pleural fluid", r"(?:hydro|ha?emo)thorax",
        r"blunt(?:ed|ing)(?: of)?(?: the)?(?: (?:left|right|both|lateral|posterior))* costophrenic (?:angle|sulc)\w*",
        r"costophrenic (?:angle|sulc)\w* (?:is|are) blunted",
    ),
    "pneumothorax": (r"(?:hydro)?pneumothora(?:x|ces|xes)",),
    "pneumonia": (r"(?:broncho)?pneumonias?", r"pneumonitis"),
    "consolidation": (r"consolidat(?:ion|ions|ive)", r"air[- ]?space (?:disease|process)"),
    "infiltrate": (r"infiltrat(?:e|es|ion|ions)",),
    "opacity": (r"opaci(?:ty|ties|fication|fications)",),
    "atelectasis": (
        r"atelecta(?:sis|ses|tic)", r"(?:lobar|lung|segmental|lobe) collapse", r"collapsed (?:lung|lobe)",
    ),
    "edema": (r"o?edema(?:tous)?", r"kerley (?:b )?lines?"),
    "congestion": (r"(?:vascular |venous |pulmonary )*congestion", r"(?:heart|cardiac) failure"),
    "cardiomegaly": (
        r"cardiomegaly", r"cardiac enlargement", r"(?:enlarged|large) (?:heart|cardiac silhouette)",
        r"enlargement of (?:the )?(?:heart|cardiac silhouette)",
    ),
    "mediastinal widening": (
        r"(?:widened|enlarged) (?:superior |upper )?(?:cardio)?mediastin(?:um|al silhouette)",
        r"(?:cardio)?mediastinal (?:widening|enlargement|shift)",
    ),
    "nodule": (r"nodul(?:e|es|ar opacity|ar opacities|ar density)",),
    "granuloma": (r"granuloma(?:s|ta)?",),
    "mass": (r"(?<!mediastinal )(?<!hilar )mass(?:es)?(?! index)", r"tumou?rs?", r"neoplasms?"),
    "mediastinal mass": (r"(?:mediastinal|hilar) mass(?:es)?",),
    "lung lesion": (r"(?:lung |pulmonary |cavitary )lesions?", r"cavit(?:y|ies|ation)"),
    "emphysema": (r"(?<!subcutaneous )emphysema(?:tous)?", r"bull(?:a|ae|ous)", r"hyperinflat(?:ion|ed)"),
    "fibrosis": (r"fibro(?:sis|tic)", r"interstitial lung disease"),
    "pleural thickening": (r"pleural (?:and parenchymal )?(?:thickening|plaques?|scar(?:s|ring)?)", r"fibrothorax"),
    "hernia": (r"herni(?:a|as|ation)",),
    "fracture": (r"fractur(?:e|es|ed)", r"compression deformit(?:y|ies)"),
    "tuberculosis": (r"tubercul(?:osis|ous)", r"\btb\b"),
    "free air": (r"pneumoperitoneum", r"free (?:intraperitoneal |subdiaphragmatic )?air"),
    "support device": (
        r"pace ?makers?", r"(?:picc|central(?: venous)?|jugular|subclavian|venous|arterial) lines?", r"catheters?",
        r"(?:endotracheal|nasogastric|enteric|feeding|chest|tracheostomy) tubes?", r"(?:chest )?drains?\b",
        r"support devices?", r"port-?a-?caths?", r"defibrillators?", r"sternotomy wires?",
    ),
}  # fmt: skip

# What one finding may be called in another section: the same place under several names.
AIRSPACE = frozenset({"pneumonia", "consolidation", "infiltrate", "opacity"})
# What "the lungs are clear" denies, what "no acute disease" and what "a normal chest" deny.
CLEAR_LUNGS = AIRSPACE | {"edema", "mass", "nodule", "lung lesion"}
NO_ACUTE = frozenset({"pneumothorax", "pneumonia", "consolidation", "edema"})
NORMAL_CHEST = CLEAR_LUNGS | NO_ACUTE | {
    "pleural effusion", "atelectasis", "cardiomegaly", "mediastinal widening", "emphysema", "fibrosis", "fracture",
}  # fmt: skip
NO_SIDE = frozenset({"cardiomegaly", "mediastinal widening", "free air"})

# Wordings that deny several findings at once: (pattern, findings).
SUMMARIES: tuple[tuple[str, frozenset[str]], ...] = (
    (
        r"\b(?:lungs?|lung fields?)\b(?: (?:is|are|appears?|remains?))?:?(?: (?!otherwise)\w+ly)? clear\b"
        r"(?! (?:of|from|except|apart|aside))",
        CLEAR_LUNGS,
    ),
    (r"(?<!not )\bclear (?:lungs?|lung fields?)\b", CLEAR_LUNGS),
    (r"\bcostophrenic (?:angles?|sulc\w+)(?: (?:is|are|appears?|remains?))?(?: \w+ly)? (?:sharp|clear)\b",
     frozenset({"pleural effusion"})),
    (r"\bno (?:evidence of )?(?:an )?acute (?:cardio-?(?:pulmonary|thoracic|respiratory) |(?:intra)?thoracic |chest "
     r"|pulmonary )?(?:abnormalit(?:y|ies)|disease|process|findings?)\b", NO_ACUTE),
    (r"\b(?:normal|unremarkable) (?:chest(?: (?:film|radiograph|x-?ray|examination|study))?|study|film)\b"
     r"|\b(?:chest|film|study|radiograph|examination) (?:is|appears) (?:normal|unremarkable)\b", NORMAL_CHEST),
)  # fmt: skip

# The heart and the mediastinum, which every report names, count by what is said of their size.
ANATOMY: dict[str, str] = {
    "cardiomegaly": r"\b(?:heart|cardiac)(?: (?:size|silhouette|shadow|contours?))?\b",
    "mediastinal widening": r"\b(?:cardio)?mediastin(?:um|al (?:silhouette|contours?|width))\b",
}
ENLARGED = r"\b(?:enlarged|large|widened|dilated|increased in size)\b"
USUAL = (
    r"\b(?:normal|unremarkable|within (?:the )?(?:normal )?limits|"
    r"not (?:\w+ly )?(?:enlarged|widened|large|dilated))\b"
)
BORDERLINE = r"\b(?:borderline|upper limits?|top normal|may be|might be|possibl[ey]|mildly prominent)\b"

# "No" that denies something else than the finding behind it.
PSEUDO_DENIAL = (
    r"\b(?:no|not|without) (?:significant |interval |definite |appreciable |further |relevant |substantial )*"
    r"(?:change\w*|changed|increase\w*|decrease\w*|improve\w*|worsening|progression|resolution)\b"
    r"(?: (?:in|of|from))?"
    r"|\bno (?:prior|previous|comparison)\b|\bnot only\b|\bno doubt\b"
)
DENIAL = (
    r"\b(?:no|not|without|nor|neither|absen(?:t|ce of)|free (?:of|from)|negative for|clear of|lacks?|"
    r"(?<!near-complete )(?<!near complete )(?<!incomplete )(?<!partial )resolution of|"
    r"rather than|no longer)\b"
)
DENIAL_AFTER = (
    r"^[\w\s-]{0,30}?\b(?:(?:is|are|was|were|has been|have been) (?:not|no longer) (?:\w+ly )?(?:seen|identified|"
    r"visuali[sz]ed|present|evident|demonstrated|appreciated|noted|detected|found)|(?:is|are) absent|absent|"
    r"(?:has|have) (?:completely |fully )?(?:resolved|cleared)|(?:is|are) (?:gone|excluded|ruled out))\b"
    r"|^\s*:\s*(?:none|no|absent|negative)\b"
)
DOUBT = (
    r"\b(?:possibl[ey]|probabl[ey]|questionable|question of|suspected|suspicious for|suspicion of|"
    r"concern(?:ing)? for|may|might|could|perhaps|equivocal|suggest\w*|consider|versus|vs|differential|if|whether|"
    r"(?:can ?not|can't|could not) (?:be )?(?:\w+ly )?(?:exclude|rule out)|difficult to exclude)\b"
)
DOUBT_AFTER = (
    r"^[\w\s-]{0,25}?\b(?:(?:can ?not|can't|could not) be (?:\w+ly )?(?:excluded|ruled out)|(?:is|are) not excluded|"
    r"(?:is|are) (?:possible|suspected|questionable|unlikely)|may be|might be|could be|versus|vs)\b|^[^.;]{0,20}\?"
)
# Words after which a finding is a question, a past or a wish, and no statement about this film.
NOT_STATED = (
    r"\b(?:history of|h/o|hx of|known|status post|s/p|evaluate for|evaluation (?:for|of)|assess for|look for|"
    r"check for|"
    r"rule[sd]? out|r/o|to exclude|to confirm|indication|clinical (?:question|information|history)|"
    r"recommend\w*|screening for|(?:previous|prior|treated|healed|old) history)\b"
)
# What else there is is denied then, and not what was said before.
REMAINDER = r"\b(?:otherwise|remainder|remaining|rest of|elsewhere|other)\b"
EXCEPTION = (
    r"\b(?:except(?:ing)?(?: for)?|other than|apart from|aside from|besides|with the exception of|but for)\b"
)
# Words that narrow a finding down: to deny the narrowed one denies no other.
LIMITS = (
    "acute", "new", "large", "sizable", "sizeable", "significant", "definite", "gross", "obvious", "tension",
    "massive", "displaced", "suspicious", "discrete", "dominant", "frank", "overt", "lobar", "additional",
    "other",    "further",
    "recurrent", "residual", "calcified", "non-?calcified", "confluent", "focal alveolar", "ribs?", "pelvic", "hip",
    "femoral", "clavic(?:le|ular)", "vertebral", "spinal", "laryngeal", "lytic", "healing", "old", "chronic",
    "remote", "healed",
)  # fmt: skip

SIDES: tuple[tuple[str, frozenset[str]], ...] = (
    (
        r"(?<!has )(?<!have )(?<!been )(?<!was )(?<!were )\b(?:left(?:-sided)?|lt)\b"
        r"(?! (?:in place|over|ventric\w+|atri\w+|heart))",
        frozenset({"left"}),
    ),
    (
        r"\b(?:right(?:-sided)?|rt)\b(?! (?:place|position|angles?|heart|ventric\w+|atri\w+|of ))",
        frozenset({"right"}),
    ),
    (
        r"\b(?:bilateral(?:ly)?|both|either side|bi-?basilar|bi-?basal|bi-?apical)\b",
        frozenset({"left", "right"}),
    ),
)
ZONES: tuple[tuple[str, str], ...] = (
    (r"\b(?:upper|apical|apex|apices|bi-?apical)\b", "upper"),
    (r"\b(?:middle|mid|lingular?|(?:peri)?hilar)\b", "middle"),
    (r"\b(?:lower|bas(?:e|es|al|ilar)|bi-?bas(?:al|ilar)|retrocardiac|costophrenic)\b", "lower"),
)
# Organs on the other side: what is there, or what a mirrored film feigns.
OTHER_SITUS = (
    r"\bdextrocardia\b|\bsitus inversus\b|\bright(?:-sided)? (?:aortic )?(?:arch|knob)\b"
    r"|\bright-sided (?:heart|cardiac apex|apex|gastric bubble|stomach)\b"
    r"|\b(?:heart|cardiac apex|(?:aortic )?(?:arch|knob)|gastric bubble|stomach(?: bubble)?)\b"
    r"(?: (?:is|lies|points|seen|located|found))* (?:on|to|towards?) the right\b"
)
PREDICATE = (
    r"\b(?:is|are|was|were|present|seen|noted|has|have|remains?|persists?|shows?|demonstrates?|identified|evident|"
    r"appears?)\b"
)
SIZE = (
    r"(?:small|tiny|trace|minimal|mild|moderate|large|severe|marked|massive|stable|unchanged|persistent|new|subtle|"
    r"focal|patchy|linear)"
)

# Words that compare with an earlier film.
COMPARISON: tuple[str, ...] = (
    r"\bunchanged\b",
    r"(?<!hemodynamically )(?<!haemodynamically )(?<!clinically )(?<!patient is )(?<!mechanically )\bstable\b"
    r"(?! (?:patient|condition|vital))",
    r"\b(?:compared|comparison|comparing) (?:with|to|is made)\b",
    r"\bin comparison\b",
    r"\b(?:prior|previous|earlier|preceding) (?:chest )?(?:films?|exam\w*|stud(?:y|ies)|radiographs?|images?|imaging|"
    r"x-?rays?|reports?|ct)\b",
    r"\b(?:from|than|to|with) (?:the )?(?:prior|previous|before)\b"
    r"(?! (?:granulom|surg|stern|infect|fract|trauma|cabg|thorac|operat|radiation))|\bas before\b|"
    r"\b(?:previously|formerly) "
    r"(?:seen|noted|described|reported|identified|visuali[sz]ed|demonstrated)\b",
    r"\bnew since\b|\bsince (?:the )?(?:prior|previous|last|yesterday|\d)",
    r"\binterval (?:change|increase|decrease|development|improvement|worsening|resolution|removal|placement|"
    r"progression|enlargement|clearing|appearance|extubation|intubation)\b",
    r"\b(?:no|without) (?:significant |appreciable |definite |relevant |substantial |obvious |major |further |"
    r"other )*(?:change|changes)\b(?! of\b)|\bnot (?:significantly |appreciably )?changed\b",
    r"\bagain (?:seen|noted|demonstrated|identified|evident|visuali[sz]ed|present|shown)\b|\b(?:is|are) again\b"
    r"|\bredemonstrat\w+|\bre-demonstrat\w+",
    r"\b(?:improv(?:ed|ing|ement)|worsen(?:ed|ing)|progress(?:ed|ing|ion)|regress(?:ed|ion)|deteriorat\w+)\b",
    r"\b(?:has|have) (?:slightly |mildly |markedly |significantly )?(?:increased|decreased|enlarged|grown|"
    r"diminished)\b"
    r"|\b(?:increased|decreased) (?:since|from|in (?:size|extent|density|volume))\b|\b(?:increasing|decreasing|"
    r"enlarging)\b",
    r"\b(?:larger|smaller|greater|less|more (?:extensive|prominent)) than (?:before|previously|on|in)\b",
    r"\bpersist(?:s|ent|ently|ing)?\b",
    r"\bremains?\b(?! (?:unclear|uncertain|possible|to be|a |in the differential|the question))",
    r"\b(?:no longer|(?:has|have) (?:completely |partially |largely )?(?:resolved|cleared|disappeared|gone)|"
    r"(?:is|are) gone|resolved)\b",
    r"\b(?:similar|identical) (?:in appearance )?(?:to|as) (?:the )?(?:prior|previous|before|last)\b",
)
# "New" compares only where it speaks of a finding or a device.
NEW = r"\bnew(?:ly)?\b"
NEW_REACH = 40
# No comparison: what says that there is none, and what asks for or speaks of the future.
NO_COMPARISON = (
    r"\b(?:no|without|none|not)\b[^.;\n]{0,40}\b(?:comparison|prior|previous|earlier)\b"
    r"|\b(?:comparison|prior films?)\s*:\s*(?:none|no)\b"
    r"|\b(?:unavailable|not available) for comparison\b"
)
FUTURE = (
    r"\b(?:recommend\w*|advis\w+|suggest\w* (?:a )?(?:follow|repeat|ct)|should|would|repeat(?:ed)?|needed|required|"
    r"necessary|follow-?up|if)\b"
)


def any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Compile alternatives, each a whole word at its beginning."""
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


def one(pattern: str) -> re.Pattern[str]:
    """Compile one entry."""
    return re.compile(pattern, re.IGNORECASE)


# What the bundles, the NIH and the CheXpert tables call a finding, where it differs from the names above.
_OTHER_NAMES: dict[str, frozenset[str]] = {
    "effusion": frozenset({"pleural effusion"}),
    "infiltration": frozenset({"infiltrate"}),
    "enlarged cardiomediastinum": frozenset({"mediastinal widening", "cardiomegaly"}),
    "lung lesion": frozenset({"lung lesion", "nodule", "mass"}),
    "lung opacity": AIRSPACE,
    "mass": frozenset({"mass", "mediastinal mass"}),
    "pleural other": frozenset({"pleural thickening"}),
    "support devices": frozenset({"support device"}),
}


def findings_called(name: str) -> frozenset[str]:
    """Return the findings that a label's name stands for; empty for one that the lexicon doesn't know."""
    plain = name.replace("_", " ").rpartition("/")[2].partition(",")[0].strip().lower()
    return _OTHER_NAMES.get(plain) or (frozenset({plain}) if plain in FINDINGS else frozenset())
