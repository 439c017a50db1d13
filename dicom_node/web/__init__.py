"""DICOMweb (PS3.18): STOW-RS served, STOW-RS, QIDO-RS, WADO-RS and UPS-RS used."""
