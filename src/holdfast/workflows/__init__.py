"""Load -> call -> save: one file a command. The only layer where the store meets the verbs."""
