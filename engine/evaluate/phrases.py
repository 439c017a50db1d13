"""Words that the rule labeler knows: mentions of chest findings, and cues of negation and doubt.

Own lists; what each observation covers follows the published CheXpert scheme. Every entry is a regular
expression over lower-case text. Nothing here decides anything; `engine.evaluate.labeler` does.
"""

OBSERVATIONS = (
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Lesion", "Lung Opacity", "Edema",
    "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other",
    "Fracture", "Support Devices",
)  # fmt: skip

NIH = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
    "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
)  # fmt: skip

# Concept -> wordings. Concepts are finer than either vocabulary, so that both are read from one pass;
# "other" holds findings outside both, any of which rules No Finding out.
MENTIONS: dict[str, tuple[str, ...]] = {
    "atelectasis": (
        r"atelecta\w*", "(?:lobar|lung|segmental|lobe) collapse", "collapsed (?:lung|lobe)",
        "collapse of (?:the )?(?:left |right )?(?:upper |lower |middle )?(?:lung|lobe)",
    ),
    "cardiomegaly": (
        "cardiomegaly", "(?:cardiac|heart|ventricular) (?:silhouette |shadow )?enlargement",
        "enlargement of (?:the )?(?:heart|cardiac silhouette|cardiac shadow)", "(?:enlarged|large) heart",
    ),
    "mediastinal widening": (
        r"(?:widen\w*|prominen\w*|enlarge\w*) (?:of )?(?:the )?(?:superior |upper )?(?:cardio)?mediastin\w+",
        "mediastinal (?:widening|enlargement|shift|mass|lymphadenopathy)",
    ),
    "consolidation": (
        r"consolidat\w*",
    ),
    "edema": ("o?edema(?:tous)?",),
    "congestion": (
        "(?:heart|cardiac|ventricular) failure", "chf", "(?:vascular|venous|pulmonary) congestion",
        "vascular (?:engorgement|redistribution|indistinctness)", "(?:fluid|volume) overload",
        "kerley", "indistinct (?:pulmonary )?vessels",
    ),
    "pneumonia": (
        r"(?:broncho)?pneumonia\w*", "pneumonitis",
        r"(?<!granulomatous )(?<!tuberculous )(?<!tuberculosis )infect\w+(?: process)?",
    ),
    "pneumothorax": (
        r"(?:hydro)?pneumothora\w+",
    ),
    "effusion": (
        "(?<!pericardial )(?<!joint )effusions?", "pleural fluid", "fluid in the pleural space",
        "hydrothorax",
    ),
    "infiltration": (
        r"infiltrat\w*",
    ),
    "opacity": (
        r"opaci\w+", r"(?:air[- ]?space|alveolar) (?:disease|process|densit\w+)", r"hazy densit\w+",
        "haziness",
        "interstitial (?:marking|pattern|thickening|prominence|lung disease|disease|change|process)s?",
        r"reticul\w+",
        r"(?:increased|patchy|focal|basilar|retrocardiac|ill-defined|lung|pulmonary) densit\w+",
        "peribronchial (?:thickening|cuffing)", "bronchial wall thickening",
    ),
    "lung scar": (
        r"(?<!pleural )(?<!parenchymal )scar(?:s|ring)?\b", r"parenchymal scar\w*",
    ),
    "nodule": (
        r"(?:micro|fibro)?nodules?\b", "nodular lesions?",
    ),
    "nodular opacity": (
        r"nodular (?:opaci\w+|densit\w+|infiltrat\w+|foc\w+|consolidat\w+)", "nodularity",
    ),
    "mass": (
        r"(?<!body )mass(?:es)?\b(?! index)",
    ),
    "lesion": (
        "cavitary lesions?", "cavit(?:y|ies|ation)", "carcinoma", r"neoplas\w+", "tumou?rs?", r"malignan\w+",
        r"metasta\w+", "(?:lung|pulmonary) lesions?", "lung cancer",
    ),
    "pleural thickening": (
        r"(?:apical )?pleural (?:and parenchymal )?thick\w*", r"thicken\w+ (?:of )?(?:the )?pleura\w*",
    ),
    "fissural thickening": (
        r"fissur\w+ thicken\w*", r"thicken\w+ (?:of|in) (?:the )?(?:\w+ )?fissures?",
    ),
    "pleural scar": (
        r"pleural (?:parenchymal )?(?:scar\w*|plaques?|calcificat\w+|disease|abnormalit\w+)", "fibrothorax",
        r"pleuro-?\s?(?:parenchymal|pericardial) scar\w*",
    ),
    "fibrosis": (
        r"(?<!cystic )fibro(?:sis|tic)\w*",
    ),
    "fracture": (
        r"(?:micro)?fractures?d?\b", r"compression deformit\w+",
    ),
    "device": (
        "pace ?makers?", r"pacer\w*", r"picc\w*",
        "(?:central|venous|midline|jugular|subclavian|arterial) (?:venous )?lines?", "catheters?",
        r"tubes?\b", "endotracheal", "nasogastric", "tracheostomy", "swan[- ]ganz",
        r"(?:mediastinal |chest )?drains?\b", r"icd\b", r"aicd\b", r"defibrillator\w*", r"prosthe\w+",
        "valve replacement", r"valves?\b", "hardware", r"stents?\b", r"port-?a-?cath\w*", r"mediport\w*",
        "(?:sternotomy|sternal) wires?", r"(?:surgical |vascular )?clips?\b", r"staples?\b", r"sutures?\b",
        r"leads?\b", r"arthroplast\w*", r"screws?\b", "(?:support|monitoring) devices?", "life support",
    ),
    "emphysema": (
        r"(?<!subcutaneous )emphysema\w*", r"bullae?\b", "bullous",
    ),
    "hyperinflation": (
        r"hyper-?\s?(?:inflat|expan|aerat|lucen)\w+", "copd", r"over-?(?:inflat|expan)\w+",
        "(?:chronic )?obstructive (?:pulmonary|lung|airways?) disease", "volume loss",
        r"flatten\w+ (?:of )?(?:the )?(?:hemi)?diaphragms?",
    ),
    "hernia": (
        r"herni\w+",
    ),
    "other": (
        r"blunt\w*", "eventration", r"elevat\w+ (?:of )?(?:the )?(?:right |left )?(?:hemi)?diaphragm",
        r"granuloma\w*", r"calcifi\w+", r"scolio\w+", r"kypho\w+", r"degenerat\w+", r"spondylo\w+",
        r"osteophyt\w*", "arthr(?:itis|itic|osis)", r"osteop(?:enia|orosis)\w*", r"atheroscler\w*",
        r"aneurysm\w*", r"tortuo\w+", "ectasia", "ectatic", "asthma", "bronchi(?:tis|olitis|ectasis)",
        "bronchiectatic", "aspiration", "pneumo(?:mediastinum|peritoneum)", "subcutaneous emphysema",
        "free air", "h(?:a?emorrhage|a?ematoma)", "contusion", r"plaques?\b", "lymphadenopathy",
        "adenopathy", "cephalization", r"sarcoid\w*", r"tubercul\w+", "hypertension", "pericardial effusion",
        "deformity", "(?:hilar|aortic|vascular|interstitial|bronchovascular|pulmonary artery) prominence",
        r"thicken\w+", "cardiac decompensation",
    ),
}  # fmt: skip

# Anatomy that is a mention only with a word on its size or look beside it.
ANATOMY: dict[str, tuple[str, ...]] = {
    "cardiomegaly": (
        r"(?:heart|cardiac|cardiopericardial)(?: (?:size|silhouette|shadow|contours?|border))?(?: "
        r"(?:size|and vascularity|contours?))?",
    ),
    "mediastinal widening": (
        "(?:cardio)?mediastin(?:um|al (?:silhouette|contours?|configuration|structures|shadow|width))",
        "(?:cardiomediastinal|mediastinal)(?= (?:and|or|is|are))", "cardiomediastinal silhouettes?",
    ),
}  # fmt: skip
ENLARGED = (
    r"enlarg\w*", r"prominen\w*", r"widen\w*", r"increas\w+", "large", "megaly", "dilated", r"abnormal\w*",
)  # fmt: skip
USUAL = (
    r"normal\w*", "unremarkable", "within (?:the )?(?:limits|normal)",
    r"not (?:\w+ly )?(?:enlarged|widened)", "top normal", "upper (?:limits? )?(?:of )?normal",
    "clear", "not dilated", "intact", "negative", "non-?enlarged", "grossly normal",
)  # fmt: skip
BORDERLINE = ("borderline", "may be", "might be", "could be", "possibl[ey]", "probabl[ey]")
# CheXpert calls a silhouette that is only said to be stable uncertain; the NIH names leave it out.
UNCHANGED = ("stable", "unchanged", "similar", r"no (?:\w+ )?change", r"not (?:\w+ly )?changed")

# "No" that denies a change, not the finding.
PSEUDO_NEGATION = (
    r"\b(?:no|not|without) (?:\w+ly )?(?:significant |interval |definite |appreciable |further |"
    r"substantial |other )*(?:change\w*|increase\w*|decrease\w*|improvement|worsening|progression|"
    r"difference|resolution)\b(?: (?:in|of|from))?",
    r"\b(?:no|not) (?:only|prior|previous|comparison|longer than)\b",
    r"\bnot (?:well|completely|fully) (?:evaluated|seen|visuali[sz]ed)\b",
)  # fmt: skip

# Doubt that holds a word of denial inside, so it is looked for first; before a mention and behind it.
DOUBT_FIRST = (
    r"\b(?:can ?not|can't|could not|not|difficult to|unable to|hard to) (?:be )?(?:entirely |"
    r"completely |definitely |reliably )?(?:exclude|rule out)\b",
    r"\bno new\b", r"\bwithout new\b",
)  # fmt: skip
DOUBT_FIRST_AFTER = (
    r"\b(?:can ?not|can't|could not|not|is not|are not) (?:be )?(?:entirely |completely |"
    r"definitely |reliably )?(?:excluded|ruled out)\b",
    r"\b(?:is|are) not excluded\b", r"\bnot (?:well|completely|fully) (?:evaluated|visuali[sz]ed)\b",
    r"\bdifficult to (?:\w+ly )?(?:exclude|rule out)\b",
)  # fmt: skip
DENIAL = (
    r"\bno\b", r"\bnot\b", r"\bwithout\b", r"\bnor\b", r"\bneither\b", r"\babsen(?:t|ce of)\b",
    r"\bfree (?:of|from)\b", r"\bnegative for\b", r"\bclear of\b",
    r"\b(?:resolution|removal|disappearance|drainage|clearing) of\b", r"\brather than\b", r"\bdenies\b",
    r"\b(?:history|hx|h/o) of\b", r"\b(?:rules?|ruling|ruled) out\b", r"\bexcludes?\b",
    r"\blacks?\b", r"\bevaluat\w+ for\b", r"\bsensitive (?:in|for)\b", r"\br/o\b", r"\brule-out\b", r"\bresolved\b",
)  # fmt: skip
DENIAL_AFTER = (
    r"\b(?:is|are|was|were|has been|have been|been)? ?(?:not|no longer) (?:\w+ly )?(?:seen|"
    r"identified|visuali[sz]ed|present|evident|demonstrated|appreciated|noted|detected|apparent|"
    r"found|suspected)\b",
    r"\b(?:is|are)? ?absent\b",
    r"\b(?:has|have|had|is|are)? ?(?:completely |since )?(?:resolved|cleared|been removed|removed)\b",
    r"\b(?:is|are)? ?(?:ruled out|excluded)\b", r"\b(?:is|are|appears?)? ?(?:unremarkable|negative)\b",
    r": ?(?:none|no|absent|negative)\b", r"\bunlikely\b", r"\bwith interval resolution\b",
    r"\b(?:(?:is|are|appears?|remains?) )?(?:\w+ )?within (?:the )?(?:normal )?limits\b",
)  # fmt: skip
DOUBT = (
    r"\bpossibl[ey]\b", r"\bprobabl[ey]\b", r"\bpresumabl[ey]\b", r"\bpresumed\b",
    r"\bquestion(?:able)?\b(?: of)?", r"\bsuspected\b", r"\bsuspect\b", r"\bsuspici(?:ous|on) (?:for|of)\b",
    r"\bworrisome for\b", r"\bconcern(?:ing)? (?:for|of)\b", r"\bmaybe\b", r"\bperhaps\b", r"\bequivocal\b",
    r"\b(?:may|might|could)\b", r"\b(?:can|would) (?:also )?(?:be|represent|reflect|have)\b",
    r"\bsuggestion of\b", r"\bless likely\b", r"\bversus\b", r"\bvs\b", r"\bconsider\b", r"\bdifferential\b",
    r"\bcorrelate\b[^.]{0,30}?\bfor\b", r"\bdue to (?=.{0,30}\bor\b)", r"\band/or\b",
    r"\bfavou?r(?:s|ed)?\b", r"\b(?:if|whether)\b", r"\bdoubt\w*\b",
)  # fmt: skip
DOUBT_AFTER = (
    r"\b(?:is|are|was|were)? ?(?:also )?(?:possible|suspected|questioned|questionable|considered|"
    r"not excluded|equivocal)\b",
    r"\b(?:may|might|could|can) (?:also )?(?:be|have|appear|exist)\b", r"\bversus\b", r"\bvs\b",
    r"\band/or\b", r"\bin question\b", r"\?",
)  # fmt: skip

# Where a clause ends, so that a cue on one side says nothing of the other.
CLAUSE_END = (
    ";", r"\bbut\b", r"\bhowever\b", r"\balthough\b", r"\bthough\b", r"\bwhile\b", r"\bwhereas\b",
    r"\bexcept(?:ing)?(?: for)?\b", r"\bother than\b", r"\b(?:apart|aside) from\b", r"\byet\b",
    r",? (?:and )?there (?:is|are|has|have)\b", r", (?:and )?the\b", r"\band the (?=\w+ (?:is|are))",
    r"(?<=\bseen),", r"(?<=\bnoted),", r"(?<=\bidentified),", r"(?<=\bpresent),",
    r"\bwhich\b", r", with\b", r"\bwith (?=(?:stable|unchanged|persistent|small|mild|moderate|large|new)\b)",
    r", (?=(?:stable|unchanged|persistent|persisting|mild|moderate|minimal|large)\b(?![^;.]*\bor\b))",
)  # fmt: skip
