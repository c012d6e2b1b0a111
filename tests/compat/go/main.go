// A requester on grpc-go, written from the wire's description: it registers a circuit, asks for a
// proof in both flavours of the schema, waits, and writes the proof artifact to a file.
//
//	provernet-grpc-go HOST:PORT VECTORS OUT
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// Messages go through as the bytes they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = append([]byte{}, data...); return nil }
func (raw) Name() string                       { return "proto" }

type client struct {
	conn    *grpc.ClientConn
	key     *secp256k1.PrivateKey
	address []byte
}

func keccak(parts ...[]byte) []byte {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func newClient(target string, secret byte) *client {
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: 10 * time.Second, Timeout: 10 * time.Second, PermitWithoutStream: true}))
	check(err)
	b := make([]byte, 32)
	b[31] = secret
	key := secp256k1.PrivKeyFromBytes(b)
	return &client{conn, key, keccak(key.PubKey().SerializeUncompressed()[1:])[12:]}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func must(ok bool, what string, args ...any) {
	if !ok {
		fmt.Fprintf(os.Stderr, "error: "+what+"\n", args...)
		os.Exit(1)
	}
}

func num(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func blob(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

// fields decodes the top level: last value of each number.
func fields(msg []byte) (map[protowire.Number]uint64, map[protowire.Number][]byte) {
	nums, blobs := map[protowire.Number]uint64{}, map[protowire.Number][]byte{}
	for len(msg) > 0 {
		n, t, l := protowire.ConsumeTag(msg)
		must(l > 0, "undecodable answer")
		msg = msg[l:]
		switch t {
		case protowire.VarintType:
			v, l := protowire.ConsumeVarint(msg)
			nums[n] = v
			msg = msg[l:]
		case protowire.BytesType:
			v, l := protowire.ConsumeBytes(msg)
			blobs[n] = v
			msg = msg[l:]
		default:
			must(false, "unexpected wire type %d", t)
		}
	}
	return nums, blobs
}

func (c *client) call(method string, msg []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var out []byte
	err := c.conn.Invoke(ctx, method, &msg, &out)
	return out, err
}

func (c *client) sign(msg []byte) []byte {
	digest := keccak([]byte(fmt.Sprintf("\x19Ethereum Signed Message:\n%d", len(msg))), msg)
	compact := ecdsa.SignCompact(c.key, digest, false) // v first
	return append(compact[1:], compact[0])
}

func (c *client) signed(method string, body []byte) ([]byte, error) {
	env := num(nil, 1, 1)
	env = blob(env, 2, c.sign(body))
	env = blob(env, 3, body)
	return c.call("/network.ProverNetwork/"+method, env)
}

func (c *client) nonce() uint64 {
	out, err := c.call("/network.ProverNetwork/GetNonce", blob(nil, 1, c.address))
	check(err)
	n, _ := fields(out)
	return n[1]
}

func (c *client) upload(kind uint64, data []byte) string {
	msg := blob(nil, 1, c.sign([]byte("create_artifact")))
	out, err := c.call("/artifact.ArtifactStore/CreateArtifact", num(msg, 2, kind))
	check(err)
	_, b := fields(out)
	req, err := http.NewRequest("PUT", string(b[2]), bytes.NewReader(data))
	check(err)
	resp, err := http.DefaultClient.Do(req)
	check(err)
	resp.Body.Close()
	must(resp.StatusCode/100 == 2, "PUT answered %d", resp.StatusCode)
	return string(b[1])
}

// canonical writes the verification key as docs/circuits.md defines it.
func canonical(path string) []byte {
	var vk struct {
		NPublic uint32   `json:"nPublic"`
		Alpha   []string `json:"vk_alpha_1"`

		BetaJ  [][]string `json:"vk_beta_2"`
		GammaJ [][]string `json:"vk_gamma_2"`
		DeltaJ [][]string `json:"vk_delta_2"`
		IC     [][]string `json:"IC"`
	}
	text, err := os.ReadFile(path)
	check(err)
	check(json.Unmarshal(text, &vk))
	out := append([]byte("groth16/bn254@1"), binary.BigEndian.AppendUint32(nil, vk.NPublic)...)
	put := func(s string) {
		v, ok := new(big.Int).SetString(s, 10)
		must(ok, "not a number: %s", s)
		out = append(out, v.FillBytes(make([]byte, 32))...)
	}
	g1 := func(p []string) { put(p[0]); put(p[1]) }
	g2 := func(p [][]string) { put(p[0][1]); put(p[0][0]); put(p[1][1]); put(p[1][0]) }
	g1(vk.Alpha)
	g2(vk.BetaJ)
	g2(vk.GammaJ)
	g2(vk.DeltaJ)
	for _, p := range vk.IC {
		g1(p)
	}
	return out
}

func (c *client) request(hash []byte, stdin string, auction bool) []byte {
	strategy := uint64(2)
	if auction {
		strategy = 3
	}
	b := num(nil, 1, c.nonce())
	b = blob(b, 2, hash)
	b = blob(b, 3, []byte("sp1-v6.1.0"))
	b = num(b, 4, 4)
	b = num(b, 5, strategy)
	b = blob(b, 6, []byte(stdin))
	b = num(b, 7, uint64(time.Now().Unix())+3600)
	b = num(b, 8, 1000000)
	b = num(b, 9, 1000000)
	if auction {
		out, err := c.call("/network.ProverNetwork/GetProofRequestParams", num(nil, 1, 4))
		check(err)
		_, p := fields(out)
		for i := protowire.Number(1); i <= 4; i++ {
			b = blob(b, 11+i, p[i])
		}
		b = blob(b, 17, []byte("0"))
		b = blob(b, 18, p[5])
	}
	out, err := c.signed("RequestProof", b)
	check(err)
	_, outer := fields(out)
	must(len(outer[1]) == 32, "tx_hash has %d bytes", len(outer[1]))
	_, inner := fields(outer[2])
	must(len(inner[1]) == 32, "request_id has %d bytes", len(inner[1]))
	must(bytes.Equal(inner[1], keccak(c.address, b)), "request_id is not the hash of signer and body")
	return inner[1]
}

func (c *client) await(id []byte) []byte {
	for i := 0; i < 600; i++ {
		out, err := c.call("/network.ProverNetwork/GetProofRequestStatus", blob(nil, 1, id))
		check(err)
		n, b := fields(out)
		must(n[4] > uint64(time.Now().Unix()), "deadline %d is wrong", n[4])
		must(n[1] != 4, "the request failed")
		if n[1] == 3 {
			resp, err := http.Get(string(b[6]))
			check(err)
			defer resp.Body.Close()
			must(resp.StatusCode == 200, "GET proof answered %d", resp.StatusCode)
			proof, err := io.ReadAll(resp.Body)
			check(err)
			return proof
		}
		time.Sleep(100 * time.Millisecond)
	}
	must(false, "no proof after 60 s")
	return nil
}

// watch gives the requests of this requester as they change, until the context ends.
func (c *client) watch(ctx context.Context) <-chan []byte {
	s, err := c.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true},
		"/network.ProverNetwork/SubscribeProofRequests")
	check(err)
	filter := blob(nil, 6, c.address)
	check(s.SendMsg(&filter))
	check(s.CloseSend())
	_, err = s.Header() // before there is anything to tell
	check(err)
	told := make(chan []byte, 1000)
	go func() {
		defer close(told)
		for {
			var msg []byte
			if err := s.RecvMsg(&msg); err != nil {
				must(status.Code(err) == codes.Canceled, "the stream ended with %v", err)
				return
			}
			told <- msg
		}
	}()
	return told
}

func heardOf(told <-chan []byte, id []byte, state uint64) {
	for {
		select {
		case msg := <-told:
			n, b := fields(msg)
			if bytes.Equal(b[1], id) && n[11] == state {
				return
			}
		case <-time.After(10 * time.Second):
			must(false, "the stream never told state %d", state)
		}
	}
}

func (c *client) verify(proof, vk []byte) bool {
	b := blob(nil, 1, proof)
	b = blob(b, 2, vk)
	b = num(b, 3, 4)
	b = blob(b, 4, []byte("groth16/bn254@1"))
	out, err := c.call("/verifier.Verifier/VerifyProof", b)
	check(err)
	n, _ := fields(out)
	return n[1] == 1
}

func main() {
	must(len(os.Args) == 4, "usage: provernet-grpc-go HOST:PORT VECTORS OUT")
	encoding.RegisterCodec(raw{})
	dir := filepath.Join(os.Args[2], "groth16", "poseidon")
	vk := canonical(filepath.Join(dir, "verification_key.json"))
	hash := sha256.Sum256(vk)
	c := newClient(os.Args[1], 77)

	_, err := c.call("/network.ProverNetwork/GetProgram", blob(nil, 1, make([]byte, 32)))
	must(status.Code(err) == codes.NotFound, "an unknown program gives %v", err)

	zkey, err := os.ReadFile(filepath.Join(dir, "circuit.zkey"))
	check(err)
	wtns, err := os.ReadFile(filepath.Join(dir, "witness.wtns"))
	check(err)
	uri := c.upload(1, zkey)
	b := num(nil, 1, c.nonce())
	b = blob(b, 2, hash[:])
	b = blob(b, 3, vk)
	b = blob(b, 4, []byte(uri))
	_, err = c.signed("CreateProgram", b)
	check(err)
	_, err = c.signed("CreateProgram", b)
	must(status.Code(err) == codes.Aborted, "a replay gives %v", err)

	ctx, cancel := context.WithCancel(context.Background())
	told := c.watch(ctx)
	var proof []byte
	for _, auction := range []bool{false, true} {
		id := c.request(hash[:], c.upload(2, wtns), auction)
		proof = c.await(id)
		heardOf(told, id, 3)
		must(c.verify(proof, vk), "VerifyProof refuses the proof")
		must(!c.verify(proof, vk[:len(vk)-1]), "VerifyProof takes another key")
		fmt.Printf("auction=%v id=%s proof of %d bytes\n", auction, hex.EncodeToString(id), len(proof))
	}
	cancel()
	for range told { // until the end that was asked for
	}
	check(os.WriteFile(os.Args[3], proof, 0o644))
}
