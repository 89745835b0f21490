"""Management review and KPI reporting for quality management systems.

The package reads in the order data flows: ``sources`` land what a system delivers, ``conform`` brings it into
canonical shape, ``validate`` audits it, ``kpi`` measures, ``analysis`` tells signal from noise and ``pack`` writes the
management-review pack. ``stages`` alone knows that order.
"""

__version__ = "0.1.0"
