target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/examples/provernet/net/http1_head.c)
