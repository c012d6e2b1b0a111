# Benchmarks of src/snark.
include(bn254.cmake)
