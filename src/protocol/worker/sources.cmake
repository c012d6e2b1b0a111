# worker/: the wire of our own workers. Sets PVN_WORKER_SOURCES for the protocol part.
provernet_proto(_worker_generated ${CMAKE_CURRENT_LIST_DIR}/proto worker)
set(PVN_WORKER_SOURCES
  worker/complete.c worker/hello.c worker/lease.c worker/secure.c
  worker/serve.c worker/sessions.c worker/wire.c ${_worker_generated})
