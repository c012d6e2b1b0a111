target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/examples/provernet/net/sp_frame.c)
