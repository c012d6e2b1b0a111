pragma circom 2.1.0;

// A chain of N Poseidon hashes over two public seeds:
// h[0] = H(seed[0], seed[1]), h[i] = H(h[i-1], seed[1]); the last is public.
include "circuits/poseidon.circom";

template PoseidonChain(N) {
    signal input seed[2];
    signal output out;
    component h[N];
    for (var i = 0; i < N; i++) {
        h[i] = Poseidon(2);
        if (i == 0) h[i].inputs[0] <== seed[0]; else h[i].inputs[0] <== h[i-1].out;
        h[i].inputs[1] <== seed[1];
    }
    out <== h[N-1].out;
}

component main {public [seed]} = PoseidonChain(4);
