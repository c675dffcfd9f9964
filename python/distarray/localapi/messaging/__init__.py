"""Messages between engine threads, with mpi4py's names.

``distarray.localapi.communicator`` gathers the public names.
"""
