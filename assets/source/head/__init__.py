"""A human head in FLAME's layout, made wholly by code: sculpture, mesh, motion and skin. Lengths are millimetres
until packed.
"""
