"""Zarr arrays in object stores: a server that speaks S3's protocol, started here."""

import urllib.request

import numpy as np
import pytest

from distarray.globalapi import Distribution
from distarray.tests.oracle import assert_bits, assert_same, context_of, layouts_of, sample

zarr = pytest.importorskip("zarr")
obstore = pytest.importorskip("obstore")
pytest.importorskip("flask_cors", reason="the server of moto needs it")
server_module = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def endpoint():
    """Start a server with a bucket, in one process."""
    servers = []

    def start():
        server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        servers.append(server)
        _, port = server.get_host_and_port()
        address = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(urllib.request.Request(f"{address}/bucket", method="PUT")):
            pass
        return address

    yield context_of(1)._once(start)
    # Nobody needs it any more.
    context_of(1)._once(lambda: None)
    for server in servers:
        server.stop()


@pytest.fixture
def objects(endpoint, request):
    """Return a part of the bucket."""
    return zarr.storage.ObjectStore(
        obstore.store.S3Store(
            "bucket",
            prefix=request.node.name,
            endpoint=endpoint,
            region="us-east-1",
            access_key_id="a",
            secret_access_key="b",
            client_options={"allow_http": True},
            virtual_hosted_style_request=False,
        )
    )


def names_in(objects):
    return sorted(entry["path"] for entry in obstore.list(objects.store).collect())


@pytest.mark.parametrize("engines", [1, 2, 3])
def test_round_trips(objects, engines):
    context = context_of(engines)
    expected = sample((12, 7), "f4")
    for layout in [Distribution(context, (12, 7)), *layouts_of(context, (12, 7))]:
        array = context.fromarray(expected, layout)
        context.save_zarr(objects, array, "group/a", chunks=(4, 7))
        assert_bits(np.asarray(zarr.open_array(objects, path="group/a", mode="r")[...]), expected)
        assert_same(context.load_zarr(objects, layout, "group/a"), expected)
    assert_same(context.load_zarr(objects, key="group/a"), expected)


def test_a_store_of_obstore_itself(objects):
    context = context_of(2)
    context.save_zarr(objects.store, context.arange(9), "a", shards=True)
    assert_same(context.load_zarr(objects.store, key="a"), np.arange(9))


@pytest.mark.one_program
def test_what_zarr_wrote(objects):
    expected = sample((9,), "f8")
    zarr.create_array(objects, name="a", shape=(9,), chunks=(2,), dtype="f8")[...] = expected
    assert_same(context_of(2).load_zarr(objects, key="a"), expected)


@pytest.mark.one_program
def test_replacing_leaves_nothing_of_the_old_one(objects):
    context = context_of(2)
    context.save_zarr(objects, context.arange(40), "a", chunks=4)
    with pytest.raises(FileExistsError, match="exists"):
        context.save_zarr(objects, context.arange(40), "a", overwrite=False)
    context.save_zarr(objects, context.arange(6), "a", chunks=3)
    chunks = [name for name in names_in(objects) if "/c/" in name]
    assert [name.rpartition("/")[2] for name in chunks] == ["0", "1"]
    assert_same(context.load_zarr(objects, key="a"), np.arange(6))


@pytest.mark.in_process
def test_an_array_is_there_when_it_is_complete(objects, monkeypatch):
    from distarray.globalapi import _zarr

    context = context_of(2)
    context.save_zarr(objects, context.arange(40), "a", chunks=4)
    write = _zarr.write_piece

    def fails(local, *args):
        write(local, *args)
        if local.comm_rank == 1:
            raise OSError("the network is down")

    monkeypatch.setattr(_zarr, "write_piece", fails)
    with pytest.raises(OSError, match="network"):
        context.save_zarr(objects, context.zeros((40,)), "a", chunks=4)
    with pytest.raises(KeyError, match="is no array"):
        context.load_zarr(objects, key="a")
    monkeypatch.setattr(_zarr, "write_piece", write)
    context.save_zarr(objects, context.ones((4,)), "a")
    assert_same(context.load_zarr(objects, key="a"), np.ones(4))


@pytest.mark.one_program
def test_errors(objects):
    context = context_of(2)
    with pytest.raises(FileNotFoundError, match="no Zarr array"):
        context.load_zarr(objects)
    context.save_zarr(objects, context.arange(40.0), "a", chunks=4, compressors=None)
    with pytest.raises(KeyError, match="has a "):
        context.load_zarr(objects, key="b")
    obstore.put(objects.store, "a/c/3", b"short")
    with pytest.raises(ValueError, match="can't be read"):
        context.load_zarr(objects, key="a")
