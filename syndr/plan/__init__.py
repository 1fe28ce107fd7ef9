"""Scale on paper: what a set of rows would cost, stage by stage, from rates that were measured."""

from syndr.plan.machines import Machines
from syndr.plan.rates import Rate, Rates, read_rates
from syndr.plan.stages import Plan, Stage, plan

__all__ = ["Machines", "Plan", "Rate", "Rates", "Stage", "plan", "read_rates"]
