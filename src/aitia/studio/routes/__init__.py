"""The pages of the studio, one file a subject. None of them names a system."""
