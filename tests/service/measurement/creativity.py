"""Guilford's seven junior scientists as joint estimation of the many-facet model finds them.

Guilford, J. P. (1954). Psychometric Methods, p. 282; sample data of the Facets program. Measures
and joint covariance are those of our own Newton steps, which a Poisson GLM in base R repeats.
"""

from service.measurement.measures import Measures

JUNIORS = Measures.of(
    ("Anne", "Betty", "Chris", "David", "Edward", "Fred", "George"),
    [-0.071469, 0.663832, -0.255433, -0.481519, 0.440697, -0.584131, 0.288022],
    [
        [0.026430, -0.005521, -0.003749, -0.003981, -0.004715, -0.004172, -0.004293],
        [-0.005521, 0.035911, -0.007693, -0.010336, 0.000455, -0.011513, -0.001304],
        [-0.003749, -0.007693, 0.028144, -0.002567, -0.006297, -0.002408, -0.005431],
        [-0.003981, -0.010336, -0.002567, 0.032550, -0.008335, -0.000343, -0.006989],
        [-0.004715, 0.000455, -0.006297, -0.008335, 0.030093, -0.009279, -0.001922],
        [-0.004172, -0.011513, -0.002408, -0.000343, -0.009279, 0.035456, -0.007741],
        [-0.004293, -0.001304, -0.005431, -0.006989, -0.001922, -0.007741, 0.027681],
    ],
)
