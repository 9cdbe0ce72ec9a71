"""Makes the demo sequence: speech, the face that speaks it, light, camera and a picture of its first frame."""
