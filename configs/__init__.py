"""The recipes of the zoo, one YAML file per recipe, with published tables and recorded results."""
