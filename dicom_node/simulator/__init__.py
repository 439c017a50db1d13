"""The built-in PACS simulator: a small archive that administrators rehearse with and the demonstration can use.

C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET and storage commitment over a folder of files. It is no archive for patients'
films: no access control, no capacity planning, no backup.
"""
