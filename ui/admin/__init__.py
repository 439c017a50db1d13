"""The administrator's page: one section for each thing that a PACS administrator looks after."""
