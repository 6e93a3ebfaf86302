"""Decide whether there is a leap: evidence A to F, labels, onset, midpoint and width."""

from saltus._package import make_callable
from saltus.verdict.decide import verdict as verdict
from saltus.verdict.decide import verdicts as verdicts
from saltus.verdict.strategy import strategy as strategy
from saltus.verdict.table import Verdicts as Verdicts

make_callable(__name__, verdict)
