"""The numbers of the world as frozen types: params.yaml says what a person may change, world.yaml what the world is."""
