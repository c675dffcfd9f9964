"""Names, on the client, for what stays on engines."""

import gc
import pickle

import pytest

from distarray.error import ContextError
from distarray.globalapi import _names
from distarray.globalapi.context import Context
from distarray.localapi.proxyize import Proxy


@pytest.fixture
def context():
    with Context(nengines=3) as context:
        yield context


def keep(value):
    return proxyize(value)  # noqa: F821


def get(value):
    return value


def names(context):
    """Return the names of all objects that the first engine keeps."""
    return context.apply(lambda: kept_names(), targets=[0])[0]


def kept_names():
    from distarray.localapi import engine

    return set(engine.current().objects)


def test_a_proxy_stands_for_an_object_on_each_engine(context):
    proxies = context.apply(lambda comm: keep([comm.Get_rank()]), (context.comm,))
    assert all(isinstance(proxy, Proxy) for proxy in proxies)
    assert len({proxy.name for proxy in proxies}) == 1
    proxy = proxies[0]
    assert proxy.name.startswith(context.context_key)
    assert "list" in proxy.type_str
    assert proxy.module_name == "__main__"
    assert context.apply(get, (proxy,)) == [[0], [1], [2]]
    assert context.apply(get, kwargs={"value": proxy}, targets=[1]) == [[1]]


def test_objects_stay_the_same(context):
    proxy = context.apply(keep, ([],))[0]
    context.apply(lambda value, comm: value.append(comm.Get_rank()), (proxy, context.comm))
    assert context.apply(get, (proxy,)) == [[0], [1], [2]]


def test_names_of_one_call_are_different(context):
    first, second = context.apply(lambda: (keep("x"), keep("y")))[0]
    assert first.name != second.name
    assert context.apply(lambda x, y: x + y, (first, second)) == ["xy"] * 3
    again = context.apply(keep, ("z",))[0]
    assert again.name not in (first.name, second.name)


def test_proxies_can_be_used_through_closures(context):
    proxy = context.apply(keep, ("x",))[0]
    assert context.apply(lambda: proxy.dereference()) == ["x"] * 3
    array = context.arange(6)
    key = array.key
    assert context.apply(lambda: int(key.dereference().ndarray[0])) == [0, 2, 4]


def test_proxies_cannot_be_followed_here(context):
    array = context.arange(6)
    with pytest.raises(ContextError, match="on engines"):
        array.key.dereference()
    with pytest.raises(ContextError, match="on engines"):
        context.comm.dereference()
    with pytest.raises(AttributeError, match="not on this engine"):
        context.apply(keep, ("x",))[0].dereference()
    with pytest.raises(ContextError, match="on engines"):
        _names.proxyize(3)


def test_objects_are_forgotten_with_their_proxies(context):
    before = names(context)
    proxies = context.apply(keep, ("x",))
    assert len(names(context) - before) == 1
    last = proxies.pop()
    del proxies
    gc.collect()
    assert context.apply(get, (last,)) == ["x"] * 3
    del last
    gc.collect()
    assert names(context) == before


def test_objects_whose_proxies_nobody_wants_are_forgotten(context):
    before = names(context)
    context.apply(lambda: keep("x") and None)
    gc.collect()
    assert names(context) == before


def test_a_pickled_proxy_is_a_name(context):
    proxy = context.apply(keep, ("x",))[0]
    copy = pickle.loads(pickle.dumps(proxy))
    assert copy.name == proxy.name
    assert context.apply(get, (copy,)) == ["x"] * 3
    del proxy
    gc.collect()
    with pytest.raises(AttributeError, match="not on this engine"):
        context.apply(get, (copy,), targets=[0])


@pytest.mark.parametrize("by_name", [False, True])
def test_deleting_a_key(context, by_name):
    proxy = context.apply(keep, ("x",))[0]
    context.delete_key(proxy.name if by_name else proxy, targets=[1])
    assert context.apply(get, (proxy,), targets=[0, 2]) == ["x"] * 2
    with pytest.raises(AttributeError, match="engine 1"):
        context.apply(get, (proxy,))
    context.delete_key(proxy)
    context.delete_key(proxy)
    assert proxy.name not in names(context)


@pytest.mark.parametrize("key", [3, None])
def test_keys_are_proxies_or_names(context, key):
    with pytest.raises(TypeError, match="Proxy"):
        context.delete_key(key)


def test_a_proxy_can_be_given_up_on_an_engine(context):
    proxy = context.apply(keep, ("x",))[0]
    context.apply(lambda: proxy.cleanup(), targets=[2])
    assert context.apply(get, (proxy,), targets=[0, 1]) == ["x"] * 2
    with pytest.raises(AttributeError, match="engine 2"):
        context.apply(get, (proxy,))


def test_cleaning_up_leaves_other_contexts_alone(context):
    with Context(nengines=3) as other:
        mine, theirs = context.apply(keep, ("x",))[0], other.apply(keep, ("y",))[0]
        context.cleanup()
        assert other.apply(get, (theirs,)) == ["y"] * 3
        with pytest.raises(AttributeError, match="not on this engine"):
            context.apply(get, (mine,), targets=[1])
        assert context.apply(get, (theirs,)) == ["y"] * 3


def test_closing_cleans_up():
    with Context(nengines=3) as other:
        before = names(other)
        context = Context(nengines=3)
        proxy = context.apply(keep, ("x",))[0]
        context.push_function("pushed", len)
        assert {proxy.name, "pushed"} <= names(other)
        context.close()
        assert names(other) == before


def test_the_key_of_an_array_keeps_it(context):
    key = context.arange(6).key
    gc.collect()
    assert isinstance(key, Proxy)
    assert key.name.startswith("__distarray__")
    assert context.apply(lambda local: int(local.ndarray.sum()), (key,)) == [1, 5, 9]


def test_failures_make_proxies_useless_but_nothing_else(context):
    def function(comm):
        proxy = keep("x")
        if comm.Get_rank() == 1:
            raise ValueError
        return proxy

    before = names(context)
    with pytest.raises(ValueError, match="engine 1"):
        context.apply(function, (context.comm,))
    gc.collect()
    assert names(context) == before
