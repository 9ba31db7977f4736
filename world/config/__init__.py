"""The numbers of the world as frozen types.

params.yaml holds what a user may change, world.yaml what the world is like.
"""
