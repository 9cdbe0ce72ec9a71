"""What a talking head is: sequences, the face model, light and camera, in numpy alone. Nothing here imports bpy."""
