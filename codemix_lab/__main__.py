"""`python -m codemix_lab` does what `codemix-lab` does."""

from codemix_lab.cli import main

if __name__ == "__main__":
    main()
