"""The report: editor, marks of what differs from the AI text, autosave."""
