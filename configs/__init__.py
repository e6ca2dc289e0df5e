"""The recipes of the zoo: one YAML file a model."""
