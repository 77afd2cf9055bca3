"""Save then load gives the same numbers; what cannot be saved or read is refused."""

import numpy as np
import pytest

from aitia.do import do
from aitia.errors import FormatError, OptionError
from aitia.graph.graph import Graph
from aitia.scm import SCM, Laplace, Linear, random_dag, random_discrete_scm, random_linear_scm, random_nonlinear_scm


@pytest.mark.parametrize("make", [random_linear_scm, random_discrete_scm, random_nonlinear_scm])
def test_save_then_load_gives_the_same_rows_and_the_same_bytes(make, tmp_path):
    scm = make(random_dag(5, 3, seed=1), seed=1)
    scm.save(tmp_path / "a.scm")
    again = SCM.load(tmp_path / "a.scm")
    assert again.sample(50, seed=2) == scm.sample(50, seed=2)
    again.save(tmp_path / "b.scm")
    assert (tmp_path / "a.scm").read_bytes() == (tmp_path / "b.scm").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.scm", "b.scm"]


def test_a_fitted_mixed_system_keeps_labels_names_and_what_was_done(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    data = {
        "body mass": x,
        "site": np.where(rng.random(400) < 0.4, "a", "b"),
        "y": np.sin(3 * x) + 0.2 * rng.normal(size=400),
    }
    data["ill"] = np.where(x + rng.logistic(size=400) > 0, True, False)
    scm = SCM.fit(Graph('"body mass" -> y; site -> y; "body mass" -> ill'), data)
    done = do(scm, 'do("body mass"=Normal(0, 1), site=a)')
    done.save(str(tmp_path / "s"))
    again = SCM.load(tmp_path / "s")
    assert again.sample(30) == done.sample(30)
    assert again.observational.sample(30) == scm.sample(30)
    assert again.intervention == done.intervention
    assert again.graph.nodes == scm.graph.nodes
    assert again.categories("ill") == (False, True)
    assert isinstance(again.mechanisms["y"], type(scm.mechanisms["y"]))


def test_other_noises_are_kept(tmp_path):
    scm = SCM(Graph("x"), {"x": Linear(noise=Laplace(2.0))})
    scm.save(tmp_path / "s")
    assert SCM.load(tmp_path / "s").mechanisms["x"].noise == Laplace(2.0)


def test_what_would_need_pickle_is_refused_and_nothing_is_written(mixed, tmp_path):
    with pytest.raises(OptionError, match=r"the mechanism of 'cost' \(Function\) cannot be saved without pickle"):
        mixed.save(tmp_path / "s")
    linear_model = pytest.importorskip("sklearn.linear_model")
    scm = SCM.fit(
        Graph("x -> y"), {"x": np.arange(30.0), "y": np.arange(30.0) ** 2}, mechanisms={"y": linear_model.Ridge()}
    )
    with pytest.raises(OptionError, match=r"'y' \(Ridge\) cannot be saved"):
        scm.save(tmp_path / "s")
    assert not list(tmp_path.iterdir())


def test_a_missing_damaged_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(FormatError, match="there is no file"):
        SCM.load(tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(FormatError, match=r"no \.npz file of plain arrays: File is not a zip file"):
        SCM.load(tmp_path / "text")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(FormatError, match="not a saved SCM, or it is damaged: it lacks 'scm'"):
        SCM.load(tmp_path / "other.npz")
    np.savez(tmp_path / "pickled.npz", scm=np.array([object()], dtype=object))
    with pytest.raises(FormatError, match="an array holds Python objects, which are not read"):
        SCM.load(tmp_path / "pickled.npz")
    random_linear_scm(Graph("x -> y")).save(tmp_path / "good")
    (tmp_path / "cut").write_bytes((tmp_path / "good").read_bytes()[:-200])
    with pytest.raises(FormatError, match="damaged"):
        SCM.load(tmp_path / "cut")
    with pytest.raises(FormatError, match="no folder"):
        random_linear_scm(Graph("x")).save(tmp_path / "no" / "s")
