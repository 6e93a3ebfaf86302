"""Fits, intervals and resampling: arrays in, frozen values out, no IO and no hidden randomness."""

from saltus.stats.fit import Bounds as Bounds
from saltus.stats.fit import FitBatch as FitBatch
from saltus.stats.fit import Reason as Reason
from saltus.stats.fit import fit as fit
from saltus.stats.forms import FORMS as FORMS
from saltus.stats.forms import Form as Form
from saltus.stats.proportion import benjamini_hochberg as benjamini_hochberg
from saltus.stats.proportion import clopper_pearson as clopper_pearson
from saltus.stats.proportion import overdispersion as overdispersion
from saltus.stats.proportion import upper_tail as upper_tail
from saltus.stats.proportion import wilson as wilson
