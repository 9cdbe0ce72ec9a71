"""Pictures and sound in, finished videos and folders of pictures out, and what a video holds."""
