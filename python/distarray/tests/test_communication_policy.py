"""What a context says of data that moves between engines."""

import numpy as np
import pytest

from distarray.error import CommunicationForbiddenError, CommunicationWarning
from distarray.globalapi import Context, Distribution


def operands(communication):
    context = Context(nengines=2, communication=communication)
    blocks = context.fromarray(np.arange(10.0))
    cyclic = blocks.distribute_as(Distribution(context, (10,), "c"))
    return blocks, cyclic


def test_forbidden():
    blocks, cyclic = operands("error")
    with pytest.raises(CommunicationForbiddenError, match="add would move 32 bytes"):
        blocks + cyclic
    with pytest.raises(CommunicationForbiddenError, match="assignment would move"):
        blocks[...] = cyclic


def test_what_is_no_movement_of_operands_is_always_allowed():
    blocks, cyclic = operands("error")
    assert float(blocks.var()) == 8.25
    assert (cyclic - cyclic.mean()).toarray().tolist() == (np.arange(10.0) - 4.5).tolist()
    assert (cyclic + blocks.distribute_as(cyclic.distribution)).sum() == 90


def test_warned():
    blocks, cyclic = operands("warn")
    with pytest.warns(CommunicationWarning, match="add moves 32 bytes"):
        total = blocks + cyclic
    assert total.sum() == 90


def test_allowed():
    blocks, cyclic = operands("allow")
    assert (blocks + cyclic).sum() == 90
