"""`python -m payment_engine.devserver`: the same as `manage.py dev`, without waiting for Django, which only the children need."""

import sys
from argparse import ArgumentParser

from payment_engine.devserver.stack import Refused, add_arguments, dev_run_of, run_dev


def main() -> int:
    parser = ArgumentParser(prog="python -m payment_engine.devserver")
    add_arguments(parser)
    try:
        return run_dev(dev_run_of(vars(parser.parse_args())))
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
