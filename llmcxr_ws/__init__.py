"""The hall: what the rooms share (configuration, states, store, jobs, objects, imaging, users, audit).

Knows no room: imports neither ``dicom_node`` nor ``engine`` nor ``ui``, and neither Qt, torch nor pynetdicom.
"""

__version__ = "0.1.0"
