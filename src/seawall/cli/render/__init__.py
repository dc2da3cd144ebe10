"""From what operations answer to lines for people and JSON for programs; nothing here prints."""
