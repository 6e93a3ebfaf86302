"""Every form: its Jacobian is the derivative of its value."""

import numpy as np
import pytest

from saltus.stats.forms import FORMS, sigmoid

PARAMS = {
    "constant": [0.3],
    "line": [0.1, -0.4],
    "logistic": [0.1, 0.9, 2.2, 0.7],
    "hinge": [0.2, 1.35, 0.8],
}


@pytest.mark.parametrize("name", FORMS)
def test_jacobian_is_the_derivative(name):
    form = FORMS[name]
    x = np.linspace(0, 4, 9)
    params = np.array([PARAMS[name], [p * 1.1 + 0.01 for p in PARAMS[name]]])
    got = form.jacobian(x, params)
    assert got.shape == (2, 9, len(form.names))
    for j in range(len(form.names)):
        step = np.zeros(len(form.names))
        step[j] = 1e-6
        slope = (form.value(x, params + step) - form.value(x, params - step)) / 2e-6
        np.testing.assert_allclose(got[..., j], slope, atol=1e-7)


def test_logistic_width_is_ten_to_ninety_percent():
    form = FORMS["logistic"]
    params = np.array([0.2, 0.7, 3.0, 0.8])
    low, high = form.value(np.array([2.6, 3.4]), params)
    assert low == pytest.approx(0.2 + 0.1 * 0.5)
    assert high == pytest.approx(0.2 + 0.9 * 0.5)


def test_sigmoid_does_not_overflow():
    assert sigmoid(np.array([-1e6, 1e6])).tolist() == [0.0, 1.0]
