"""`python -m aitia` is the command `aitia`."""

from aitia.cli import main

if __name__ == "__main__":
    main()
