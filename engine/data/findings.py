"""Names of labels that every part must read alike; nothing is imported, so that any part may import it."""

# The findings that worded reports speak of and that questions ask for by yes and no.
JUDGED = ("Pneumonia", "Infiltration", "Atelectasis", "Edema", "Effusion")
# What MIMIC-CXR's tables call a judged finding.
OTHER_NAMES = {"Pleural Effusion": "Effusion"}
# Labels of films without a finding: NIH's and CheXpert's, and Kermany's.
NORMAL_LABELS = frozenset({"No Finding", "Normal"})
# CheXpert's label of devices stands beside No Finding too: it says neither normal nor abnormal.
NOT_FINDINGS = frozenset({"Support Devices"})
