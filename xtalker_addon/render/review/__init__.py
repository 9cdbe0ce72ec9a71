"""What a review picture shows: the film of a clip, its panels, what is written on them."""
