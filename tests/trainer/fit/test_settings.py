"""The table of settings: ranges, objectives, what a sweep may vary, and options made from it."""

import argparse
from dataclasses import fields, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.interpreters import partial_eval

from trainer.errors import OptionError
from trainer.film_maker.settings import V1, V2, V3
from trainer.fit.data import LENGTH
from trainer.fit.settings import (
    PRESETS,
    Settings,
    add_table,
    all_rows,
    flag,
    hyper_of,
    objectives,
    settings_of,
    shape_of,
    stacked_hyper,
    table,
    traced,
)
from trainer.fit.train import abstract_state, objective_of, rates


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patch": 18}, "--patch 18"),
        ({"optimiser": "adamw"}, "--optimiser adamw: choose one of adam, lamb, sgd"),
        ({"schedule": "step"}, "--schedule step: choose one of cosine, linear, constant"),
        ({"momentum": 1.0}, "--momentum 1: choose"),
        ({"clip_norm": -1.0}, "--clip-norm -1: choose 0"),
        ({"clip_norm": float("nan")}, "--clip-norm nan"),
        ({"temperature": 0.0}, "--temperature 0"),
        ({"limit": -3.0}, "--limit -3"),
        ({"batch": 1}, "--batch 1: choose 2"),
        ({"clips": 0}, "--clips 0"),
        ({"late_weight": -1.0}, "--late-weight -1"),
        ({"blocks": 0}, "1 to 64 blocks"),
        ({"critic_rate": 1.0}, "--critic-rate 1"),
        ({"clip": 0.0}, "--clip 0"),
        ({"critic_steps": 0}, "--critic-steps 0"),
        ({"critic_weight": -1.0}, "--critic-weight -1"),
    ],
)
def test_choices_that_are_none_are_refused(change, words):
    with pytest.raises(OptionError) as error:
        Settings(**change)
    assert words in str(error.value)


@pytest.mark.parametrize("settings", objectives().values(), ids=objectives())
def test_every_setting_is_a_line_of_the_table_with_an_option_that_says_its_default(settings):
    parser = argparse.ArgumentParser()
    add_table(parser)
    said = {action.dest: action.help for action in parser._actions}
    for each in fields(settings):
        row = table(settings)[each.name]
        assert row.help
        if not row.option:
            continue
        assert flag(each.name) in parser.format_help()
        if isinstance(each.default, int | float | str) and not isinstance(each.default, bool):
            default = f"{each.default:g}" if isinstance(each.default, float) else str(each.default)
            assert default in said[each.name].split("; default ")[1]


def test_what_is_given_goes_before_the_preset_and_that_before_the_defaults():
    parser = argparse.ArgumentParser()
    add_table(parser)
    found = settings_of(parser.parse_args(["--preset", "gpu", "--clips", "7", "--objective", "v1"]))
    assert found == V1(batch=128, clips=7, chunk=200)
    assert found.as_dict()["objective"] == "v1"
    assert set(PRESETS) == {"cpu", "gpu", "tpu"}


def test_each_version_of_the_film_makers_adds_to_the_one_before():
    assert not V1().has_critic
    assert V2().critic_weight == V3().critic_weight == 0.005
    assert (V1().reconstruction, V2().reconstruction) == ("bce", "l1")
    assert (V2().size.previous, V3().size.previous) == (False, True)
    assert (V2().critic_sees_frame, V2(adversary="pix2pix").critic_sees_frame) == (False, True)


# A value other than the default, for every setting that a sweep may list.
OTHER = {
    "rate": 0.02, "schedule": "linear", "momentum": 0.5, "clip_norm": 2.0, "temperature": 1.5, "limit": 4.0,
    "reconstruction_weight": 0.5, "previous_weight": 0.5, "change_weight": 0.5, "critic_weight": 0.02,
    "critic_rate": 0.01, "penalty_weight": 5.0, "r1_weight": 0.5, "clip": 0.02, "seed": 7,
    "late_weight": 0.1,
}  # fmt: skip


def with_critic(settings):
    return {"critic_weight": 0.01} if "critic_weight" in table(settings) else {}


def test_a_sweep_takes_lists_for_what_it_may_vary_and_for_nothing_else():
    parser = argparse.ArgumentParser()
    add_table(parser, lists=True)
    assert {name for name, row in all_rows().items() if row.sweep} == set(OTHER)
    for action in parser._actions:
        assert ("..," in f"{action.metavar},") is (action.dest in OTHER), action.dest


@pytest.mark.parametrize("settings", objectives().values(), ids=objectives())
def test_members_that_differ_in_what_a_sweep_may_vary_keep_their_own_values(settings):
    """One program serves both, and each has its own number; any other setting makes another program."""
    one = settings(**with_critic(settings))
    progress = np.array([0.3])
    for name, row in table(settings).items():
        if not row.sweep:
            continue
        other = replace(one, **{name: OTHER[name]})
        assert shape_of(one) == shape_of(other)
        differing = {key for key, value in stacked_hyper([one, other]).items() if value[0] != value[1]}
        if name in traced(settings):
            assert differing == {name}
        else:
            assert not np.array_equal(rates(one, 200, progress), rates(other, 200, progress))
    assert shape_of(one) != shape_of(replace(one, batch=6))


@pytest.mark.parametrize(
    ("settings", "unused"),
    [
        (Settings(), {"clip", "penalty_weight"}),
        (V2(adversary="wasserstein-clip"), {"penalty_weight", "r1_weight"}),
        (V1(), {"rate"}),
        (V3(), {"clip", "r1_weight"}),
    ],
    ids=["gan", "clipped", "v1", "v3"],
)
def test_every_number_that_a_sweep_may_vary_reaches_the_compiled_update(settings, unused):
    """None of them is fixed in the program, where all members would get the first one's.

    (The rate comes with the learning rates; only the critic needs it beside them.)
    """
    settings = replace(settings, channels=4, patch=16, batch=2)
    state = abstract_state(settings, (2, LENGTH, 32, 32))
    clips, hyper = jax.ShapeDtypeStruct((2, LENGTH, 32, 32), jnp.uint8), hyper_of(settings)
    # The numbers come first, by name.
    program = jax.make_jaxpr(objective_of(settings).update(settings, None))(hyper, state, clips, 1e-3)
    _, used = partial_eval.dce_jaxpr(program.jaxpr, [True] * len(program.jaxpr.outvars))
    names = dict(zip(sorted(hyper), used, strict=False))
    assert {name for name, is_used in names.items() if not is_used} == unused
