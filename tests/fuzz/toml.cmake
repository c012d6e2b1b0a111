target_link_libraries(${name} PRIVATE program_cfg pvn::jansson)
