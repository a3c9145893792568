"""`python -m codemix_lab.cli`, which is what `accelerate launch -m codemix_lab.cli` starts on every device."""

from codemix_lab.cli import main

if __name__ == "__main__":
    main()
