"""The courier's steps: each module one concern, each step a function that does one pass and says whether it did
anything."""
