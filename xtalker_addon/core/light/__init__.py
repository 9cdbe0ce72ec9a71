"""The light of the codes: spherical harmonics, radiance, lamps."""
