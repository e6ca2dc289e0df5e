"""The optimisers and the learning rate schedules of recipes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import keras

from kzoo.errors import UsageError
from kzoo.names import suggestion
from kzoo.recipe import Precision, TrainingSection
from kzoo.training.engines import engine


def create_optimizer(
    training: TrainingSection, precision: Precision = "float32", steps: int = 1
) -> keras.Optimizer:
    """Create the optimiser of a recipe.

    `steps` is the number of steps of the whole training, after which a schedule ends. Small gradients
    underflow in float16, so `mixed_float16` scales the loss dynamically.

    Raises:
        UsageError: the recipe names an unknown optimiser or schedule.
    """
    rate = _find("schedule", SCHEDULES, training.schedule)(training, steps)
    if training.warmup:
        rate = Warmup(rate, math.ceil(training.warmup * steps))
    options: dict[str, Any] = {"learning_rate": rate}
    if training.weight_decay:
        options["weight_decay"] = training.weight_decay
    if training.clip_value is not None:
        options["clipvalue"] = training.clip_value
    if training.clip_norm is not None:
        options["global_clipnorm"] = training.clip_norm
    if training.accumulation > 1:
        options["gradient_accumulation_steps"] = training.accumulation
    if training.averaging is not None:
        options |= {"use_ema": True, "ema_momentum": training.averaging}
    optimizer = _find("optimiser", OPTIMIZERS, training.optimizer)(training, options)
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def leave_biases_undecayed(optimizer: keras.Optimizer, variables: Sequence[keras.Variable]) -> None:
    """Exclude the biases and the scales and shifts of normalisations from weight decay.

    They are the weights that are vectors. The optimiser must not be built yet.
    """
    decaying = getattr(optimizer, "inner_optimizer", optimizer)  # within that which scales the loss
    decaying.exclude_from_weight_decay([variable for variable in variables if len(variable.shape) == 1])


def scale_updates(optimizer: keras.Optimizer, variables: Sequence[keras.Variable], factor: float) -> None:
    """Multiply the updates of these variables, with their weight decay, by a factor.

    It multiplies their learning rate. The updates of all `OPTIMIZERS` are proportional to it, as the momentum
    of SGD and RMSprop adds up updates and that of Adam gradients.
    """
    inner: Any = getattr(optimizer, "inner_optimizer", optimizer)  # within that which scales the loss
    update, decay = inner._backend_update_step, inner._apply_weight_decay
    scaled = {id(variable) for variable in variables}

    def parts(known: Sequence[keras.Variable]) -> Iterator[tuple[float, list[int]]]:
        """Yield each factor with the places of its variables."""
        for share, chosen in ((factor, True), (1.0, False)):
            if places := [place for place, each in enumerate(known) if (id(each) in scaled) is chosen]:
                yield share, places

    def update_in_parts(grads: Sequence[Any], known: Sequence[keras.Variable], rate: Any) -> None:
        for share, places in parts(known):
            update([grads[place] for place in places], [known[place] for place in places], rate * share)

    def decay_in_parts(known: Sequence[keras.Variable]) -> None:
        if (whole := inner.weight_decay) is None:
            return
        known = [each for each in known if inner._use_weight_decay(each)]
        for share, places in parts(known):
            inner.weight_decay = whole * share
            decay([known[place] for place in places])
        inner.weight_decay = whole

    inner._backend_update_step, inner._apply_weight_decay = update_in_parts, decay_in_parts


OPTIMIZERS: dict[str, Callable[[TrainingSection, dict[str, Any]], keras.Optimizer]] = {
    "sgd": lambda training, options: engine().SGD(
        momentum=training.momentum, nesterov=training.nesterov, **options
    ),
    "adam": lambda training, options: engine().Adam(epsilon=1e-8, **options),
    "rmsprop": lambda training, options: keras.optimizers.RMSprop(momentum=training.momentum, **options),
}
"""SGD; Adam with betas (.9, .999) and PyTorch's epsilon (Keras's is 1e-7); RMSprop with Keras's defaults.

Weight decay is decoupled, so Adam with weight decay is AdamW (Loshchilov and Hutter, arXiv 1711.05101).
"""


def _cosine(training: TrainingSection, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return cosine decay, rate (1 + cos(pi t / steps)) / 2 at step t.

    Source: Loshchilov and Hutter, arXiv 1608.03983.
    """
    return keras.optimizers.schedules.CosineDecay(training.learning_rate, steps)


SCHEDULES: dict[str, Callable[[TrainingSection, int], Any]] = {
    "constant": lambda training, steps: training.learning_rate,
    "cosine": _cosine,
    "linear": lambda training, steps: EpochwiseLinear(
        training.learning_rate, training.epochs, steps // training.epochs
    ),
    "one_cycle": lambda training, steps: OneCycle(training.learning_rate, steps),
}
"""The functions that create a learning rate schedule from a recipe and its number of steps."""

Kind = TypeVar("Kind")


def _find(noun: str, table: Mapping[str, Kind], name: str) -> Kind:
    if name not in table:
        raise UsageError(f"no {noun} is called {name!r}; {suggestion(name, table)}")
    return table[name]


@keras.saving.register_keras_serializable("kzoo")
class EpochwiseLinear(keras.optimizers.schedules.LearningRateSchedule):
    """R004's learning rate schedule: constant within an epoch, rising for two epochs, then falling.

        rate_e = rate (.01 + .99 min(e / 2, (E - 1 - e) / (E - 3), 1)),    e = 0, ..., E - 1

    Args:
        learning_rate: the highest rate.
        epochs: E, the number of epochs.
        steps_per_epoch: the number of steps in an epoch.
    """

    def __init__(self, learning_rate: float, epochs: int, steps_per_epoch: int) -> None:
        self.learning_rate, self.epochs, self.steps_per_epoch = learning_rate, epochs, steps_per_epoch

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at a step, counted from 0."""
        # Integer division: a compiled float division may round down and put a first step one epoch too early.
        epoch = keras.ops.floor_divide(keras.ops.cast(step, "int32"), self.steps_per_epoch)
        epoch = keras.ops.cast(epoch, "float32")
        down = (self.epochs - 1 - epoch) / max(1, self.epochs - 3)
        share = keras.ops.minimum(keras.ops.minimum(epoch / 2, down), 1.0)
        return self.learning_rate * (0.01 + 0.99 * keras.ops.maximum(share, 0.0))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            "learning_rate": self.learning_rate,
            "epochs": self.epochs,
            "steps_per_epoch": self.steps_per_epoch,
        }


@keras.saving.register_keras_serializable("kzoo")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """The 1cycle policy of Smith, arXiv 1803.09820, in PyTorch's form: two halves of a cosine.

    The rate rises from rate / 25 at step 0 to `learning_rate` at step .3 T - 1, then falls to rate / 250,000
    at step T - 1. The momentum stays as it is.

    Args:
        learning_rate: the highest rate.
        steps: T, the number of steps of the whole training.
    """

    START, END, RISING = 1 / 25, 1 / 250_000, 0.3

    def __init__(self, learning_rate: float, steps: int) -> None:
        self.learning_rate, self.steps = learning_rate, steps

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at a step, counted from 0."""
        step, peak, last = keras.ops.cast(step, "float32"), self.RISING * self.steps - 1, self.steps - 1
        rising = _cosine_between(self.START, 1.0, step / peak)
        falling = _cosine_between(1.0, self.END, (keras.ops.minimum(step, last) - peak) / (last - peak))
        return self.learning_rate * keras.ops.where(step <= peak, rising, falling)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {"learning_rate": self.learning_rate, "steps": self.steps}


def _cosine_between(start: float, end: float, share: Any) -> Any:
    """Go from `start` at share 0 to `end` at share 1 along half a cosine."""
    return end + (start - end) / 2 * (1 + keras.ops.cos(math.pi * share))


@keras.saving.register_keras_serializable("kzoo")
class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule whose first W steps t = 0, 1, ... are multiplied by (t + 1) / (W + 1).

    Source: Goyal et al., 2017, arXiv 1706.02677, 2.2.

    Args:
        rate: the learning rate, or its schedule.
        steps: W, the number of steps of the warm-up.
    """

    def __init__(self, rate: float | Callable[[Any], Any], steps: int) -> None:
        self.rate, self.steps = rate, steps

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at a step, counted from 0."""
        share = keras.ops.minimum((keras.ops.cast(step, "float32") + 1) / (self.steps + 1), 1.0)
        return share * (self.rate(step) if callable(self.rate) else self.rate)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {"rate": keras.saving.serialize_keras_object(self.rate), "steps": self.steps}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Warmup:
        """Create the schedule that `get_config` describes."""
        return cls(keras.saving.deserialize_keras_object(config["rate"]), config["steps"])
