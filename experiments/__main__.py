"""`python -m experiments` lists them; with a NAME it runs one and stores its result."""

import argparse

from experiments import harness


def main(words=None):
    """List, run, or try in small."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument("name", nargs="?", choices=harness.NAMES, metavar="NAME")
    help_ = "run NAME, or all of them, in a tiny size and store nothing"
    parser.add_argument("--smoke", action="store_true", help=help_)
    given = parser.parse_args(words)
    for name in harness.NAMES if given.name is None else [given.name]:
        experiment = harness.find(name)
        if given.smoke:
            harness.smoke(experiment)
            print(f"{name}: runs; nothing is stored")
        elif given.name:
            print(f"stored: {harness.run(experiment)}")
        else:
            about, question = harness.about(experiment), harness.question(experiment)
            print(f"{name:20} {about:44} {question}")


if __name__ == "__main__":
    main()
