"""seawall: puts Python web apps on the internet, and keeps them there."""
