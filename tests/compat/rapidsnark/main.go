// rapidsnark's prover through its Go module: proves N times with the key in memory and prints one
// JSON line, or writes the proof.
//
//	provernet-rapidsnark KEY.zkey WITNESS.wtns PROOF.json PUBLIC.json [REPEAT]
//	provernet-rapidsnark verify VK.json PUBLIC.json PROOF.json REPEAT
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/iden3/go-rapidsnark/prover"
	"github.com/iden3/go-rapidsnark/types"
	"github.com/iden3/go-rapidsnark/verifier"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// verify times the verifier of the same project; it prepares nothing between calls.
func verify(args []string) {
	vk, err := os.ReadFile(args[0])
	check(err)
	public, err := os.ReadFile(args[1])
	check(err)
	text, err := os.ReadFile(args[2])
	check(err)
	repeat, err := strconv.Atoi(args[3])
	check(err)
	var proof types.ZKProof
	proof.Proof = &types.ProofData{}
	check(json.Unmarshal(text, proof.Proof))
	check(json.Unmarshal(public, &proof.PubSignals))
	var times []float64
	for i := 0; i < repeat; i++ {
		t := time.Now()
		check(verifier.VerifyGroth16(proof, vk))
		times = append(times, time.Since(t).Seconds())
	}
	sort.Float64s(times)
	fmt.Printf("{\"prover\":\"rapidsnark verify\",\"min_s\":%.6f,\"median_s\":%.6f}\n",
		times[0], times[len(times)/2])
}

func main() {
	if len(os.Args) == 6 && os.Args[1] == "verify" {
		verify(os.Args[2:])
		return
	}
	start := time.Now()
	key, err := os.ReadFile(os.Args[1])
	check(err)
	wtns, err := os.ReadFile(os.Args[2])
	check(err)
	load := time.Since(start).Seconds()
	repeat := 1
	if len(os.Args) > 5 {
		repeat, err = strconv.Atoi(os.Args[5])
		check(err)
	}
	var times []float64
	var proof, public string
	for i := 0; i < repeat; i++ {
		t := time.Now()
		proof, public, err = prover.Groth16ProverRaw(key, wtns)
		check(err)
		times = append(times, time.Since(t).Seconds())
	}
	check(os.WriteFile(os.Args[3], []byte(proof), 0o644))
	check(os.WriteFile(os.Args[4], []byte(public), 0o644))
	sort.Float64s(times)
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	fmt.Printf("{\"prover\":\"rapidsnark\",\"min_s\":%.6f,\"median_s\":%.6f,\"load_s\":%.6f,\"peak_rss_bytes\":%d}\n",
		times[0], times[len(times)/2], load, usage.Maxrss*1024)
}
