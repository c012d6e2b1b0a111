// gnark as a peer to time: proofs of a squaring chain, G1 sums of gnark-crypto, verification. One JSON
// line each.
//
//	provernet-gnark prove CONSTRAINTS REPEAT   Groth16 over BN254; the key is a dummy one, as the work is the same
//	provernet-gnark msm LOG REPEAT             a sum of 2^LOG points with random scalars
//	provernet-gnark verify REPEAT              one proof, prepared key, three public signals
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/constraint"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/logger"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

type chain struct {
	X, Y, Z frontend.Variable `gnark:",public"`
	W       frontend.Variable
	n       int
}

func (c *chain) Define(api frontend.API) error {
	v := c.W
	for i := 0; i < c.n; i++ {
		v = api.Mul(v, v)
	}
	// Keeps the publics in use.
	api.AssertIsEqual(c.X, 1)
	api.AssertIsEqual(c.Y, 2)
	api.AssertIsEqual(c.Z, 3)
	return nil
}

func compile(n int) constraint.ConstraintSystem {
	ccs, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &chain{n: n - 3})
	check(err)
	return ccs
}

func print(name string, size int, times []float64, load float64) {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	sort.Float64s(times)
	fmt.Printf("{\"prover\":\"%s\",\"size\":%d,\"min_s\":%.6f,\"median_s\":%.6f,\"load_s\":%.6f,\"peak_rss_bytes\":%d}\n",
		name, size, times[0], times[len(times)/2], load, usage.Maxrss*1024)
}

func measure(repeat int, f func()) []float64 {
	times := make([]float64, repeat)
	for i := range times {
		t := time.Now()
		f()
		times[i] = time.Since(t).Seconds()
	}
	return times
}

func number(i int) int {
	if len(os.Args) <= i {
		fmt.Fprintln(os.Stderr, "usage: provernet-gnark prove CONSTRAINTS REPEAT | msm LOG REPEAT | verify REPEAT")
		os.Exit(2)
	}
	n, err := strconv.Atoi(os.Args[i])
	check(err)
	return n
}

func prove() {
	n, repeat := number(2), number(3)
	start := time.Now()
	ccs := compile(n)
	pk, err := groth16.DummySetup(ccs)
	check(err)
	w, err := frontend.NewWitness(&chain{X: 1, Y: 2, Z: 3, W: 7}, ecc.BN254.ScalarField())
	check(err)
	load := time.Since(start).Seconds()
	print("gnark", ccs.GetNbConstraints(), measure(repeat, func() {
		_, err := groth16.Prove(ccs, pk, w)
		check(err)
	}), load)
}

func msm() {
	log, repeat := number(2), number(3)
	n := 1 << log
	_, _, g, _ := bn254.Generators()
	start := time.Now()
	scalars := make([]fr.Element, n)
	for i := range scalars {
		_, err := scalars[i].SetRandom()
		check(err)
	}
	points := bn254.BatchScalarMultiplicationG1(&g, scalars)
	for i := range scalars {
		_, err := scalars[i].SetRandom()
		check(err)
	}
	load := time.Since(start).Seconds()
	print("gnark-crypto msm", n, measure(repeat, func() {
		var sum bn254.G1Jac
		_, err := sum.MultiExp(points, scalars, ecc.MultiExpConfig{})
		check(err)
	}), load)
}

func verify() {
	repeat := number(2)
	start := time.Now()
	ccs := compile(1000)
	pk, vk, err := groth16.Setup(ccs)
	check(err)
	w, err := frontend.NewWitness(&chain{X: 1, Y: 2, Z: 3, W: 7}, ecc.BN254.ScalarField())
	check(err)
	proof, err := groth16.Prove(ccs, pk, w)
	check(err)
	public, err := w.Public()
	check(err)
	load := time.Since(start).Seconds()
	print("gnark verify", 1, measure(repeat, func() {
		check(groth16.Verify(proof, vk, public))
	}), load)
}

func main() {
	logger.Disable()
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "prove":
		prove()
	case "msm":
		msm()
	case "verify":
		verify()
	default:
		number(len(os.Args))
	}
}
