"""What moves: rotations, cuts, smoothing, the crop camera, published statistics."""
