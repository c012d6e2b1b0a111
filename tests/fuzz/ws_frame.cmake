target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/examples/provernet/net/ws_frame.c)
