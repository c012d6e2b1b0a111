module provernet/rapidsnark

go 1.21

require (
	github.com/iden3/go-rapidsnark/prover v0.0.12
	github.com/iden3/go-rapidsnark/types v0.0.3
	github.com/iden3/go-rapidsnark/verifier v0.0.5
)

require (
	github.com/iden3/go-iden3-crypto v0.0.15 // indirect
	golang.org/x/sys v0.6.0 // indirect
)
