"""Every differentiable operation, with Chainer's names.

Each is a kernel on raw arrays with one derivative rule per argument (:func:`pdist.autograd.differentiable`).
They are grouped by family: arithmetic, exponential, activation, trigonometric, special, reductions, shape,
indexing, linear_algebra, convolution, loss, noise. A function with a special signature (a list of arrays, a
condition) is a Python function around an op of that name with an underscore. ``methods`` gives Variable its
operators and defines NumPy's functions on it.

All take Variables, arrays or numbers, and return Variables. Floating dtypes promote as in NumPy. Integers,
bools and Python numbers take the floating dtype of the other arguments, or ``pdist.config.dtype`` if there is
none; only functions that move or select elements, and sums and products along axes, keep integers.
Errors name the function and the argument: a TypeError if it is not a number or array of numbers, a
ValueError if shapes do not fit.

Each family lists its public functions in ``__all__``; they are re-exported here.

>>> import numpy as np, pdist, pdist.functions as F
>>> x = pdist.Variable(np.array([0.0, 1.0]))
>>> F.sum(F.sigmoid(x) * 2).backward()
>>> x.grad
array([0.5       , 0.39322387])
"""

from ..autograd.namespaces import publish
from . import (
    activation,
    arithmetic,
    axes,
    convolution,
    cumulative,
    exponential,
    indexing,
    joining,
    linear_algebra,
    loss,
    matrices,
    methods,
    noise,
    normal,
    reductions,
    rounding,
    shape,
    special,
    trigonometric,
)
from .activation import *
from .arithmetic import *
from .axes import *
from .convolution import *
from .cumulative import *
from .exponential import *
from .indexing import *
from .joining import *
from .linear_algebra import *
from .loss import *
from .matrices import *
from .noise import *
from .normal import *
from .reductions import *
from .rounding import *
from .shape import *
from .special import *
from .trigonometric import *

__all__ = sorted(
    activation.__all__
    + arithmetic.__all__
    + axes.__all__
    + convolution.__all__
    + cumulative.__all__
    + exponential.__all__
    + indexing.__all__
    + joining.__all__
    + linear_algebra.__all__
    + loss.__all__
    + matrices.__all__
    + noise.__all__
    + normal.__all__
    + reductions.__all__
    + rounding.__all__
    + shape.__all__
    + special.__all__
    + trigonometric.__all__
)

publish({name: globals()[name] for name in __all__})
