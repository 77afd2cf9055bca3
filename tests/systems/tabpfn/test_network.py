"""Laws of the network: rows have no order, queries see no other query, what is kept is what would be computed."""

import numpy as np
import pytest
import torch

from aitia.errors import OptionError
from aitia.systems.tabpfn import NetworkConfig, TableTransformer
from aitia.systems.tabpfn.scaling import FAR, ColumnScale

T, Q = 12, 7


@pytest.fixture(scope="module")
def network():
    """Random everywhere: the maps that start at zero too, for a network of identities would obey every law."""
    torch.manual_seed(0)
    made = TableTransformer(NetworkConfig(features=5, classes=4, width=16, layers=3, heads=2)).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return made.requires_grad_(False)


@pytest.fixture(scope="module")
def table():
    torch.manual_seed(1)
    return torch.randn(2, T + Q, 5), torch.cat([torch.arange(3), torch.randint(3, (2 * T - 3,))]).reshape(2, T) % 3


def test_the_order_of_training_rows_does_not_matter(network, table):
    rows, labels = table
    order = torch.randperm(T)
    moved = torch.cat([rows[:, order], rows[:, T:]], dim=1)
    assert torch.allclose(network(moved, labels[:, order]), network(rows, labels), atol=1e-5)


def test_permuted_queries_have_permuted_answers(network, table):
    rows, labels = table
    order = torch.randperm(Q)
    moved = torch.cat([rows[:, :T], rows[:, T:][:, order]], dim=1)
    assert torch.allclose(network(moved, labels), network(rows, labels)[:, order], atol=1e-5)


def test_one_query_at_a_time_is_the_batch(network, table):
    rows, labels = table
    whole = network(rows, labels)
    for q in range(Q):
        alone = network(torch.cat([rows[:, :T], rows[:, T + q : T + q + 1]], dim=1), labels)
        assert torch.allclose(alone[:, 0], whole[:, q], atol=1e-5)


def test_no_training_row_sees_a_query(network, table):
    rows, labels = table
    context = network.context(rows[:, :T], labels)
    other = torch.cat([rows[:, :T], 100 * torch.randn(2, Q, 5)], dim=1)
    again = network.context(other[:, :T], labels)
    assert all(torch.equal(a, b) for a, b in zip(context.keys, again.keys, strict=True))


def reference(network, rows, labels):
    """All rows at once, with a mask in each attention and nothing kept."""
    t, n = labels.shape[1], rows.shape[1]
    tokens = network.columns(rows)
    tokens = torch.cat([tokens[:, :t] + network.classes(labels), tokens[:, t:]], dim=1)
    seen = torch.zeros(n, n, dtype=torch.bool)
    seen[:, :t] = True
    seen |= torch.eye(n, dtype=torch.bool)
    for block in network.blocks:
        w = tokens.shape[-1]
        q, k, v = block.query_key_value(block.before_attention(tokens)).split(w, dim=-1)
        heads = [part.reshape(*part.shape[:2], block.heads, -1).transpose(1, 2) for part in (q, k, v)]
        score = heads[0] @ heads[1].transpose(-1, -2) / (w // block.heads) ** 0.5
        mixed = score.masked_fill(~seen, -torch.inf).softmax(-1) @ heads[2]
        tokens = tokens + block.attention_out(mixed.transpose(1, 2).flatten(2))
        tokens = tokens + block.down(torch.nn.functional.gelu(block.up(block.before_mlp(tokens))))
    return network.head(tokens)[:, t:]


def test_kept_keys_and_values_give_what_one_pass_with_a_mask_gives(network, table):
    rows, labels = table
    ours, whole = network(rows, labels), reference(network, rows, labels)
    assert torch.allclose(ours[..., :3], whole[..., :3], atol=1e-5)


def test_a_class_without_training_row_gets_no_probability(network, table):
    rows, labels = table
    logits = network(rows, labels)
    assert torch.isneginf(logits[..., 3]).all()
    assert torch.isfinite(logits[..., :3]).all()


def test_the_network_starts_as_the_identity_on_tokens():
    made = TableTransformer(NetworkConfig(features=3, classes=2, width=8, layers=2, heads=2))
    rows, labels = torch.randn(1, 6, 3), torch.tensor([[0, 1, 0, 1]])
    assert torch.allclose(made(rows, labels), made.head(made.columns(rows[:, 4:])), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"width": 10, "heads": 4}, "width is a multiple of heads"), ({"classes": 1}, "classes is at least 2")],
)
def test_sizes_out_of_range_are_refused(options, said):
    with pytest.raises(OptionError, match=said):
        NetworkConfig(**options)


# -- scaling ---------------------------------------------------------------------------------------------------------


def scaled(train, rows, features=4):
    used = torch.tensor([train.shape[1]])
    return ColumnScale.of(torch.as_tensor(train)[None], used).apply(torch.as_tensor(rows)[None], features)[0].numpy()


def test_training_rows_have_mean_0_and_spread_1_times_the_padding_scale():
    rows = np.random.default_rng(0).normal(5, 3, (50, 2))
    found = scaled(rows, rows)
    assert np.allclose(found[:, :2].mean(0), 0, atol=1e-9)
    assert np.allclose(found[:, :2].std(0), 4 / 2)
    assert (found[:, 2:] == 0).all()


def test_units_of_a_column_do_not_matter():
    rows = np.random.default_rng(0).normal(5, 3, (50, 2))
    assert np.allclose(scaled(rows, rows), scaled(1000 * rows - 7, 1000 * rows - 7))


def test_a_value_far_out_grows_as_a_logarithm_and_keeps_its_side():
    train = np.array([[-1.0], [1.0]])  # mean 0, spread 1
    found = scaled(train, np.array([[FAR], [FAR + 1], [-FAR - 1], [1e9]]), features=1)[:, 0]
    assert np.allclose(found[:3], [FAR, FAR + np.log(2), -FAR - np.log(2)])
    assert found[3] < 30


def test_a_missing_value_is_the_mean_and_a_constant_column_is_0():
    train = np.array([[1.0, 7.0], [3.0, 7.0], [np.nan, 7.0]])
    found = scaled(train, np.array([[np.nan, 9.0], [2.0, 7.0], [3.0, np.nan]]), features=2)
    assert np.allclose(found, [[0, 0], [0, 0], [1, 0]])
