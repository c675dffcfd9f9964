"""The pieces of `distarray.localapi.localarray`, which gathers their public names."""
