"""De-identification of what leaves for research (PS3.15 Annex E).

`deidentify` makes the copy, `residual` looks in it for what identified the patient. Whatever goes to a peer of
role `research` that asks for it passes both.
"""

from dicom_node.deidentify.apply import deidentify
from dicom_node.deidentify.profile import Profile
from dicom_node.deidentify.residual import Finding, residual

__all__ = ["Finding", "Profile", "deidentify", "residual"]
