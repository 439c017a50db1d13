"""The DICOM node: listener, courier, DICOM users, result documents and the built-in PACS simulator.

The only room that imports pynetdicom and highdicom. Meets the other rooms in the database and the object store alone.
"""
