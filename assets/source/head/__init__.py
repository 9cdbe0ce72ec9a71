"""A human head in FLAME's layout: MakeHuman's anatomy, completed to a model that speaks.

Lengths are millimetres and axes FLAME's.
"""
